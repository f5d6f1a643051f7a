//! Contracts, as pages and as data: for their parties and for admins.

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::history;
use super::notes::{self, Note};
use super::{Contract, store, view};
use crate::error::{Refusal, Refused};
use crate::identity::Role;
use crate::moment::Moment;
use crate::page::Source;
use crate::page::form::Reason;
use crate::page::history::Step;
use crate::page::paging::Table;
use crate::web::reply::Provenance;
use crate::web::{Request, Response};

/// A contract as programs see it.
#[derive(Serialize)]
pub struct Shape {
    id: u32,
    order_id: u32,
    customer_id: u32,
    executor_id: u32,
    status: &'static str,
    description: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    price: String,
    fee: String,
    payout: String,
    currency: &'static str,
    created: Moment,
    last_action: Moment,
}

impl Shape {
    pub fn new(contract: &Contract) -> Shape {
        Shape {
            id: contract.id,
            order_id: contract.order_id,
            customer_id: contract.customer_id,
            executor_id: contract.executor_id,
            status: contract.status.name(),
            description: contract.description.clone(),
            cut: contract.cut,
            price: contract.price.to_decimal(contract.currency),
            fee: contract.fee.to_decimal(contract.currency),
            payout: contract.payout.to_decimal(contract.currency),
            currency: contract.currency.code(),
            created: contract.created,
            last_action: contract.last_action,
        }
    }
}

/// `GET /contracts/{id}`
pub async fn show(request: Request) -> Result<Response, Refused> {
    let found = find(&request).await?;
    Ok(page_of(&request, StatusCode::OK, &found, &Drafts::default()))
}

pub(super) fn page_of(
    request: &Request,
    status: StatusCode,
    found: &Found,
    drafts: &Drafts,
) -> Response {
    let id = found.contract.id.to_string();
    let title = request.lang.format("contract-title", [("id", id.into())]);
    let data = Provenance { source: request.source(), revision: found.revision };
    let days = request.app.config.complete_after_days;
    let days = (days != u32::MAX).then_some(days);
    request.render(status, &title, Some(data), |context| view::one(context, found, drafts, days))
}

/// `GET /api/contracts/{id}`
pub async fn api_show(request: Request) -> Result<Response, Refused> {
    let contract = find_alone(&request).await?;
    Ok(request.json(request.source(), &Shape::new(&contract)))
}

/// `GET /api/contracts/{id}/history`
pub async fn api_history(request: Request) -> Result<Response, Refused> {
    let Found { history, revision, .. } = find(&request).await?;
    Ok(request.json(request.source(), &json!({"revision": revision, "steps": history})))
}

/// What stands in the forms of its page.
#[derive(Default)]
pub struct Drafts {
    /// Why it is disputed, or how it is ruled.
    pub reason: Reason,
    pub note: Reason,
}

/// A contract that its reader may see.
pub struct Found {
    pub contract: Contract,
    pub history: Vec<Step>,
    /// The newest ones, oldest first.
    pub notes: Vec<Note>,
    /// A revision that all of it is at least as new as.
    pub revision: u64,
}

pub(super) async fn find(request: &Request) -> Result<Found, Refused> {
    let revision = request.app.board.position().revision;
    let contract = find_alone(request).await?;
    let reads = request.interactions();
    let history = history::of(reads, &contract).await?;
    let notes = match contract.notes {
        0 => Vec::new(),
        _ => store::list_notes(reads, contract.id, u32::MAX, notes::SHOWN).await?,
    };
    let notes = notes.into_iter().rev().collect();
    Ok(Found { contract, history, notes, revision })
}

pub(super) async fn find_alone(request: &Request) -> Result<Contract, Refused> {
    let user = request.require(&[Role::Customer, Role::Executor, Role::Admin])?;
    let contract = store::find(request.interactions(), request.id).await?;
    Ok(contract.filter(|contract| contract.is_visible_to(user)).ok_or(Refusal::NotFound)?)
}

/// `GET /my/contracts`
pub async fn mine(request: Request) -> Result<Response, Refused> {
    let (contracts, source) = list_mine(&request).await?;
    let title = request.lang.text("my-contracts-title");
    let data = Provenance { source, revision: contracts.revision };
    Ok(request.live_page(&title, data, |context| view::mine(context, &contracts)))
}

/// `GET /api/my/contracts`
pub async fn api_mine(request: Request) -> Result<Response, Refused> {
    let (contracts, source) = list_mine(&request).await?;
    Ok(request.json(source, &contracts.map(Shape::new)))
}

async fn list_mine(request: &Request) -> Result<(Table<Contract>, Source), Refused> {
    let user = request.require(&[Role::Customer, Role::Executor])?;
    let window = request.window();
    request
        .personal(user, "contracts", window, || {
            store::list_of(request.interactions(), user, window)
        })
        .await
}

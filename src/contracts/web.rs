//! Contracts, as pages and as data: for their parties and for admins.

use serde::Serialize;

use super::{Contract, store, view};
use crate::error::{Refusal, Refused};
use crate::identity::Role;
use crate::moment::Moment;
use crate::page::Source;
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
    let revision = request.app.board.position().revision;
    let contract = find(&request).await?;
    let title = request.lang.format("contract-title", [("id", contract.id.to_string().into())]);
    let data = Provenance { source: request.source(), revision };
    Ok(request.live_page(&title, data, |context| view::one(context, &contract)))
}

/// `GET /api/contracts/{id}`
pub async fn api_show(request: Request) -> Result<Response, Refused> {
    let contract = find(&request).await?;
    Ok(request.json(request.source(), &Shape::new(&contract)))
}

async fn find(request: &Request) -> Result<Contract, Refused> {
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

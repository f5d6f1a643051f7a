//! Orders: looking at them, accepting, withdrawing, renewing and removing them, for pages and
//! programs alike. (Placing them is next door.)

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::{Order, Status, description, editing, history, is_first, store, view};
use crate::contracts;
use crate::error::{FieldRule, Refusal, Refused};
use crate::exchange::command::{AcceptOrder, Command, RemoveOrder, RenewOrder, WithdrawOrder};
use crate::exchange::{Done, Receipt};
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::page::Flash;
use crate::page::form::Reason;
use crate::page::history::Step;
use crate::web::reply::Provenance;
use crate::web::{Request, Response};

/// An order as programs see it.
#[derive(Serialize)]
pub struct Shape {
    id: u32,
    customer_id: u32,
    status: &'static str,
    description: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    price: String,
    fee: String,
    payout: String,
    currency: &'static str,
    /// Of an order that was edited: goes up from 1.
    #[serde(skip_serializing_if = "is_first")]
    version: u32,
    /// Shown to its customer and to admins only.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<u32>,
    /// Why it was removed, where it is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    created: Moment,
    last_action: Moment,
}

impl Shape {
    /// The order as `reader` may see it; `None` stands for everybody who watches the board.
    pub fn new(order: &Order, reader: Option<User>) -> Shape {
        let split = order.split();
        let knows_parent = reader.is_some_and(|reader| reader.role != Role::Executor);
        Shape {
            id: order.id,
            customer_id: order.customer_id,
            status: order.status.name(),
            description: order.description.clone(),
            cut: order.cut,
            price: split.price.to_decimal(order.currency),
            fee: split.fee.to_decimal(order.currency),
            payout: split.payout.to_decimal(order.currency),
            currency: order.currency.code(),
            version: order.version,
            parent_id: order.parent_id.filter(|_| knows_parent),
            reason: None,
            created: order.created,
            last_action: order.last_action,
        }
    }
}

/// `GET /orders/{id}`
pub async fn show(request: Request) -> Result<Response, Refused> {
    let found = find(&request).await?;
    Ok(page_of(&request, StatusCode::OK, &found, &Reason::default(), &editing::Draft::default()))
}

pub(super) fn page_of(
    request: &Request,
    status: StatusCode,
    found: &Found,
    reason: &Reason,
    draft: &editing::Draft,
) -> Response {
    let id = found.order.id.to_string();
    let title = request.lang.format("order-title", [("id", id.into())]);
    let data = Provenance { source: request.source(), revision: found.revision };
    request.render(status, &title, Some(data), |context| view::one(context, found, reason, draft))
}

/// `GET /api/orders/{id}`
pub async fn api_show(request: Request) -> Result<Response, Refused> {
    let found = find(&request).await?;
    let reason = found.reason().map(str::to_owned);
    let shape = Shape { reason, ..Shape::new(&found.order, request.user) };
    Ok(request.json(request.source(), &shape))
}

/// `GET /api/orders/{id}/history`
pub async fn api_history(request: Request) -> Result<Response, Refused> {
    request.require(&[Role::Customer, Role::Admin])?;
    let Found { history, revision, .. } = find(&request).await?;
    Ok(request.json(request.source(), &json!({"revision": revision, "steps": history})))
}

/// An order that its reader may see.
pub struct Found {
    pub order: Order,
    /// Its contract's id, if they may see that.
    pub contract: Option<u32>,
    /// For its customer and admins only.
    pub history: Option<Vec<Step>>,
    /// A revision that all of it is at least as new as.
    pub revision: u64,
}

impl Found {
    /// Why it was removed.
    pub fn reason(&self) -> Option<&str> {
        self.history.iter().flatten().find_map(|step| step.reason.as_deref())
    }
}

pub(super) async fn find(request: &Request) -> Result<Found, Refused> {
    let user = request.require(&[Role::Customer, Role::Executor, Role::Admin])?;
    let revision = request.app.board.position().revision;
    let reads = request.interactions();
    let order = store::find(reads, request.id).await?.ok_or(Refusal::NotFound)?;
    let contract = match order.status {
        Status::Taken => contracts::store::find_by_order(reads, order.id).await?,
        _ => None,
    };
    let held = contract.is_some_and(|(_, executor)| user == User::executor(executor));
    if !held && !order.is_visible_to(user) {
        return Err(Refusal::NotFound.into());
    }
    let (contract, executor) = contract.unzip();
    // What became of an order before it came back is not for executors to know.
    let history = match user.role {
        Role::Executor => None,
        _ => Some(history::of(reads, &order, executor).await?),
    };
    Ok(Found { order, contract, history, revision })
}

/// The answer to a command that made or changed an order.
pub(super) fn done(
    request: &Request,
    status: StatusCode,
    receipt: &Receipt,
    order: &Order,
) -> Response {
    let order = Shape::new(order, request.user);
    request.done(status, receipt, &json!({"order": order, "revision": receipt.revision}))
}

/// `POST /orders/{id}/accept`
pub async fn accept(request: Request) -> Result<Response, Refused> {
    let order = request.id;
    match accept_order(&request).await {
        Ok((receipt, contract)) => {
            let flash = Flash::Accepted { order, contract: contract.id };
            Ok(request.redirect("/my/contracts", Some(flash), Some(&receipt)))
        }
        Err(Refused::Refusal(Refusal::OrderNotOpen { status, .. })) => {
            let flash = match status {
                Status::Taken => Flash::SomebodyFaster { order },
                _ => Flash::NotOpen { order },
            };
            Ok(request.redirect("/orders", Some(flash), None))
        }
        Err(Refused::Refusal(Refusal::OwnOrder)) => {
            Ok(request.redirect("/orders", Some(Flash::OwnOrder { order }), None))
        }
        // Its page shows what it is now, with the way to accept that.
        Err(Refused::Refusal(Refusal::OrderChanged(_))) => {
            let to = format!("/orders/{order}");
            Ok(request.redirect(&to, Some(Flash::OrderChanged { order }), None))
        }
        Err(Refused::Refusal(Refusal::TooManyContracts { most })) => {
            Ok(request.redirect("/orders", Some(Flash::TooMany { most }), None))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/orders/{id}/accept`
pub async fn api_accept(request: Request) -> Result<Response, Refused> {
    let (receipt, contract) = accept_order(&request).await?;
    let contract = contracts::web::Shape::new(&contract);
    let body = json!({"contract": contract, "revision": receipt.revision});
    Ok(request.done(StatusCode::CREATED, &receipt, &body))
}

async fn accept_order(request: &Request) -> Result<(Receipt, contracts::Contract), Refused> {
    let user = request.require(&[Role::Executor])?;
    let command = Command::AcceptOrder(AcceptOrder {
        order_id: request.id,
        seen: editing::seen(request).await?,
        most: request.app.config.most_contracts(),
    });
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Accepted(contract) => Ok((receipt, contract)),
        done => unreachable!("accepting was answered with {done:?}"),
    }
}

/// `POST /orders/{id}/withdraw`
pub async fn withdraw(request: Request) -> Result<Response, Refused> {
    let order = request.id;
    match withdraw_order(&request).await {
        Ok((receipt, _)) => {
            let flash = Some(Flash::Withdrawn { order });
            Ok(request.redirect("/my/orders", flash, Some(&receipt)))
        }
        Err(Refused::Refusal(Refusal::OrderNotOpen { .. })) => {
            Ok(request.redirect("/my/orders", Some(Flash::NotOpen { order }), None))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/orders/{id}/withdraw`
pub async fn api_withdraw(request: Request) -> Result<Response, Refused> {
    let (receipt, order) = withdraw_order(&request).await?;
    Ok(done(&request, StatusCode::OK, &receipt, &order))
}

async fn withdraw_order(request: &Request) -> Result<(Receipt, Order), Refused> {
    let user = request.require(&[Role::Customer])?;
    let command = Command::WithdrawOrder(WithdrawOrder { order_id: request.id });
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Withdrawn(order) => Ok((receipt, order)),
        done => unreachable!("withdrawing was answered with {done:?}"),
    }
}

/// `POST /orders/{id}/renew`
pub async fn renew(request: Request) -> Result<Response, Refused> {
    match renew_order(&request).await {
        Ok((receipt, order)) => {
            let flash = Some(Flash::Renewed { order: order.id });
            Ok(request.redirect("/my/orders", flash, Some(&receipt)))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/orders/{id}/renew`
pub async fn api_renew(request: Request) -> Result<Response, Refused> {
    let (receipt, order) = renew_order(&request).await?;
    Ok(done(&request, StatusCode::CREATED, &receipt, &order))
}

async fn renew_order(request: &Request) -> Result<(Receipt, Order), Refused> {
    let user = request.require(&[Role::Customer])?;
    let percent = request.app.config.commission;
    let command = Command::RenewOrder(RenewOrder { order_id: request.id, percent });
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Placed(order) => Ok((receipt, order)),
        done => unreachable!("renewing was answered with {done:?}"),
    }
}

/// `POST /orders/{id}/remove`
pub async fn remove(request: Request) -> Result<Response, Refused> {
    let order = request.id;
    let to = format!("/orders/{order}");
    match remove_order(&request).await {
        Ok((receipt, _)) => {
            Ok(request.redirect(&to, Some(Flash::Removed { order }), Some(&receipt)))
        }
        Err(Refused::Refusal(Refusal::OrderNotOpen { .. })) => {
            Ok(request.redirect(&to, Some(Flash::NotOpen { order }), None))
        }
        Err(Refused::Refusal(refusal @ Refusal::InvalidField { .. })) => {
            let fields = request.fields()?;
            let text = fields.get("reason").unwrap_or_default().to_owned();
            let problem = Some(refusal.detail(request.lang).into_owned());
            let found = find(&request).await?;
            let (reason, draft) = (Reason { text, problem }, editing::Draft::default());
            Ok(page_of(&request, refusal.kind().0, &found, &reason, &draft))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/orders/{id}/remove`
pub async fn api_remove(request: Request) -> Result<Response, Refused> {
    let (receipt, order) = remove_order(&request).await?;
    Ok(done(&request, StatusCode::OK, &receipt, &order))
}

async fn remove_order(request: &Request) -> Result<(Receipt, Order), Refused> {
    let user = request.require(&[Role::Admin])?;
    let fields = request.fields()?;
    let reason = fields.get("reason")?;
    let reason = description::clean_up_to(reason, description::MAX_REASON_CHARACTERS);
    let reason = reason.map_err(|refused| Refusal::InvalidField {
        field: "reason",
        rule: FieldRule::Reason(refused),
    })?;
    let command = Command::RemoveOrder(RemoveOrder { order_id: request.id, reason });
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Removed(order) => Ok((receipt, order)),
        done => unreachable!("removing was answered with {done:?}"),
    }
}

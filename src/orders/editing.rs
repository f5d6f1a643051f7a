//! A customer changes their open order; and what others say that they saw of it.

use http::StatusCode;
use serde_json::Value;

use super::web::{Shape, done, find, page_of};
use super::{Order, Status, description, store};
use crate::error::{FieldRule, Refusal, Refused};
use crate::exchange::command::{Command, EditOrder, Seen};
use crate::exchange::{Done, Receipt};
use crate::identity::{Role, User};
use crate::money::{self, Amount};
use crate::page::Flash;
use crate::page::form::Reason;
use crate::web::{Fields, Request, Response};

/// What stands in the form that changes an order.
#[derive(Default)]
pub struct Draft {
    /// What was typed, if something was: description and price.
    pub typed: Option<(String, String)>,
    /// The name of a field and a sentence about it.
    pub problem: Option<(&'static str, String)>,
}

/// `POST /orders/{id}/edit`
pub async fn edit(request: Request) -> Result<Response, Refused> {
    let order = request.id;
    let to = format!("/orders/{order}");
    match edit_order(&request).await {
        Ok((receipt, _)) => {
            Ok(request.redirect(&to, Some(Flash::Edited { order }), Some(&receipt)))
        }
        Err(Refused::Refusal(Refusal::OrderNotOpen { .. })) => {
            Ok(request.redirect(&to, Some(Flash::NotOpen { order }), None))
        }
        // Nothing that somebody typed is lost.
        Err(Refused::Refusal(
            refusal @ (Refusal::InvalidField { .. }
            | Refusal::OrderChanged(_)
            | Refusal::Overloaded
            | Refusal::Flood(_)),
        )) => {
            let fields = request.fields()?;
            let text = |field| fields.get(field).unwrap_or_default().to_owned();
            let field = match &refusal {
                Refusal::InvalidField { field, .. } => field,
                _ => "",
            };
            let draft = Draft {
                typed: Some((text("description"), text("price"))),
                problem: Some((field, refusal.detail(request.lang).into_owned())),
            };
            let found = find(&request).await?;
            let status = refusal.kind().0;
            let mut page = page_of(&request, status, &found, &Reason::default(), &draft);
            request.say_when_to_retry(&mut page, &refusal);
            Ok(page)
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/orders/{id}/edit`
pub async fn api_edit(request: Request) -> Result<Response, Refused> {
    let (receipt, order) = edit_order(&request).await?;
    Ok(done(&request, StatusCode::OK, &receipt, &order))
}

async fn edit_order(request: &Request) -> Result<(Receipt, Order), Refused> {
    let user = request.require(&[Role::Customer])?;
    let known = known(request).await?;
    let known = known.filter(|order| order.customer_id == user.id).ok_or(Refusal::NotFound)?;
    let fields = request.fields()?;
    let (description, price) = (fields.optional("description")?, fields.optional("price")?);
    let seen = match fields.version()? {
        Some(version) => Some(Seen::Version(version)),
        // What is left out stays what it was when it was left out.
        None => (description.is_none() || price.is_none()).then_some(Seen::Version(known.version)),
    };
    if description.is_none() && price.is_none() {
        return Err(Refusal::InvalidField { field: "price", rule: FieldRule::Missing }.into());
    }
    let description = match description {
        Some(text) => description::clean(text).map_err(|refused| Refusal::InvalidField {
            field: "description",
            rule: FieldRule::Description(refused),
        })?,
        None => known.description.clone(),
    };
    let price = match price {
        Some(text) => read_price(request, &fields, text, &known)?,
        None => known.price,
    };
    let command = EditOrder { order_id: known.id, description, price, seen };
    let receipt = request.submit(user, Command::EditOrder(command)).await?;
    match receipt.done.clone() {
        Done::Edited(order) => Ok((receipt, order)),
        done => unreachable!("editing was answered with {done:?}"),
    }
}

/// Which state of the order somebody accepts, if they say: its `version` or its `price`. They need
/// not, and need not send a body at all.
pub(super) async fn seen(request: &Request) -> Result<Option<Seen>, Refused> {
    if request.body.is_empty() {
        return Ok(None);
    }
    // What cannot be read may have said which one was seen.
    let fields = request.fields()?;
    if let Some(version) = fields.version()? {
        return Ok(Some(Seen::Version(version)));
    }
    let Some(price) = fields.optional("price")? else { return Ok(None) };
    // What is wrong with a price tells the order's currency. Once it has left the board that is not
    // for everybody to know, and what was seen makes no difference.
    let known = known(request).await?.filter(|order| order.status == Status::Open);
    let Some(order) = known else { return Ok(None) };
    Ok(Some(Seen::Price(read_price(request, &fields, price, &order)?)))
}

async fn known(request: &Request) -> Result<Option<Order>, Refused> {
    Ok(store::find(request.interactions(), request.id).await?)
}

/// A price in the order's currency, which never changes.
fn read_price(
    request: &Request,
    fields: &Fields,
    text: &str,
    order: &Order,
) -> Result<Amount, Refusal> {
    // Where the limit was lowered, an order may keep the price that it has.
    let max = request.app.config.max_order_cost.in_currency(order.currency).max(order.price);
    money::parse_price(text, order.currency, fields.notation(), max).map_err(|refused| {
        Refusal::InvalidField { field: "price", rule: FieldRule::Price(refused, order.currency) }
    })
}

/// An order as it is now, for who had seen another one.
pub fn now(order: &Order, reader: Option<User>) -> Value {
    serde_json::to_value(Shape::new(order, reader)).expect("shapes are plain data")
}

//! A customer's desk: their own orders, and the form that places one. What was typed is kept until it
//! is placed.

use http::StatusCode;
use uuid::Uuid;

use super::web::{Shape, done};
use super::{Order, description, store, view};
use crate::config::Config;
use crate::error::{Fault, FieldRule, Refusal, Refused};
use crate::exchange::command::{Command, PlaceOrder};
use crate::exchange::{Done, Receipt};
use crate::identity::Role;
use crate::money;
use crate::page::form::Place;
use crate::page::paging::Table;
use crate::page::{Flash, Source};
use crate::web::reply::Provenance;
use crate::web::{Fields, Request, Response};

/// `GET /my/orders`
pub async fn mine(request: Request) -> Result<Response, Refused> {
    let (orders, source) = list_mine(&request).await?;
    Ok(mine_page(&request, StatusCode::OK, orders, source, &Draft::new(&request)))
}

/// `GET /api/my/orders`
pub async fn api_mine(request: Request) -> Result<Response, Refused> {
    let (orders, source) = list_mine(&request).await?;
    Ok(request.json(source, &orders.map(|order| Shape::new(order, request.user))))
}

async fn list_mine(request: &Request) -> Result<(Table<Order>, Source), Refused> {
    let user = request.require(&[Role::Customer])?;
    let window = request.window();
    request
        .personal(user, "orders", window, || {
            store::list_of_customer(request.interactions(), user.id, window)
        })
        .await
}

/// What stands in the place form.
struct Draft {
    description: String,
    price: String,
    currency: String,
    request_id: String,
    problem: Option<(&'static str, String)>,
}

impl Draft {
    fn new(request: &Request) -> Draft {
        let first = request.app.config.currencies.first().map_or("", |currency| currency.code());
        Draft {
            description: String::new(),
            price: String::new(),
            currency: first.to_owned(),
            request_id: Uuid::new_v4().to_string(),
            problem: None,
        }
    }

    /// What was sent, to be sent again as the very same request: should it have been done, it will
    /// not be done twice.
    fn again(request: &Request, problem: String) -> Draft {
        let key = request.fields().ok();
        let key = key.as_ref().and_then(|fields| fields.get("request_id").ok()).unwrap_or_default();
        let problem = Some(("", problem));
        Draft { request_id: key.to_owned(), problem, ..Draft::sent(request) }
    }

    /// What was sent, with what is wrong about it.
    fn refused(request: &Request, refusal: &Refusal) -> Draft {
        let field = match refusal {
            Refusal::InvalidField { field, .. } => field,
            _ => "",
        };
        let problem = Some((field, refusal.detail(request.lang).into_owned()));
        Draft { problem, ..Draft::sent(request) }
    }

    /// What was sent, under a new key: another body is another request.
    fn sent(request: &Request) -> Draft {
        let fields = request.fields().ok();
        let text = |field| {
            let text = fields.as_ref().and_then(|fields| fields.get(field).ok());
            text.unwrap_or_default().to_owned()
        };
        Draft {
            description: text("description"),
            price: text("price"),
            currency: text("currency"),
            request_id: Uuid::new_v4().to_string(),
            problem: None,
        }
    }
}

fn mine_page(
    request: &Request,
    status: StatusCode,
    orders: Table<Order>,
    source: Source,
    draft: &Draft,
) -> Response {
    let config = &request.app.config;
    let place = Place {
        description: &draft.description,
        price: &draft.price,
        currency: &draft.currency,
        request_id: &draft.request_id,
        currencies: &config.currencies,
        percent: config.commission.get(),
        problem: draft.problem.clone(),
    };
    let title = request.lang.text("my-orders-title");
    let data = Provenance { source, revision: orders.revision };
    request.render(status, &title, Some(data), |context| view::mine(context, &orders, &place))
}

/// `POST /orders`
pub async fn place(request: Request) -> Result<Response, Refused> {
    match place_order(&request).await {
        Ok((receipt, order)) => {
            let flash = Some(Flash::Placed { order: order.id });
            Ok(request.redirect("/my/orders", flash, Some(&receipt)))
        }
        // Nothing that somebody typed is lost.
        Err(Refused::Refusal(
            refusal @ (Refusal::InvalidField { .. } | Refusal::DuplicateRequest),
        )) => {
            let (orders, source) = list_mine(&request).await?;
            let draft = Draft::refused(&request, &refusal);
            Ok(mine_page(&request, refusal.kind().0, orders, source, &draft))
        }
        Err(Refused::Refusal(refusal @ (Refusal::Overloaded | Refusal::Flood(_)))) => {
            let Ok((orders, source)) = list_mine(&request).await else {
                return Err(refusal.into());
            };
            let draft = Draft::again(&request, refusal.detail(request.lang).into_owned());
            let mut page = mine_page(&request, refusal.kind().0, orders, source, &draft);
            request.say_when_to_retry(&mut page, &refusal);
            Ok(page)
        }
        Err(Refused::Fault(fault @ (Fault::OutcomeUnknown(_) | Fault::Unavailable(_)))) => {
            let Ok((orders, source)) = list_mine(&request).await else { return Err(fault.into()) };
            let detail = match fault {
                Fault::OutcomeUnknown(_) => "error-outcome-unknown-keyed",
                _ => fault.kind().3,
            };
            request.log_fault(&fault);
            let trace = request.trace.as_str();
            let (detail, give) = (request.lang.text(detail), request.lang.text("error-trace"));
            let problem = format!("{detail} {give} {trace}");
            let draft = Draft::again(&request, problem);
            Ok(mine_page(&request, fault.kind().0, orders, source, &draft))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/orders`
pub async fn api_place(request: Request) -> Result<Response, Refused> {
    let (receipt, order) = place_order(&request).await?;
    Ok(done(&request, StatusCode::CREATED, &receipt, &order))
}

async fn place_order(request: &Request) -> Result<(Receipt, Order), Refused> {
    let user = request.require(&[Role::Customer])?;
    let command = Command::PlaceOrder(read_order(&request.fields()?, &request.app.config)?);
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Placed(order) => Ok((receipt, order)),
        done => unreachable!("placing was answered with {done:?}"),
    }
}

/// The order that somebody wants to place.
pub fn read_order(fields: &Fields, config: &Config) -> Result<PlaceOrder, Refusal> {
    let description = description::clean(fields.get("description")?).map_err(|refused| {
        Refusal::InvalidField { field: "description", rule: FieldRule::Description(refused) }
    })?;
    let (price, currency) = (fields.get("price")?, fields.get("currency")?);
    let currency = config
        .currency(currency)
        .map_err(|rule| Refusal::InvalidField { field: "currency", rule })?;
    let max = config.max_order_cost.in_currency(currency);
    let price = money::parse_price(price, currency, fields.notation(), max).map_err(|refused| {
        Refusal::InvalidField { field: "price", rule: FieldRule::Price(refused, currency) }
    })?;
    Ok(PlaceOrder { description, price, percent: config.commission, currency })
}

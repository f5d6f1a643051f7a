//! What admins see: counters and the four tables.

use serde_json::{Value, json};

use super::{Summary, view};
use crate::app::App;
use crate::database::{Meter, Reads};
use crate::error::Refused;
use crate::identity::Role;
use crate::page::paging::Table;
use crate::people::{self, Profile};
use crate::web::reply::Provenance;
use crate::web::{Request, Response};
use crate::{contracts, orders};

const ADMIN: [Role; 1] = [Role::Admin];

/// The summary as programs and sockets see it.
pub fn shape(summary: &Summary) -> Value {
    let mut shape = json!({
        "revision": summary.revision,
        "open_orders": summary.open_orders,
        "orders": summary.orders,
        "contracts": summary.contracts,
        "watchers": summary.watchers,
    });
    if let Some(gain) = &summary.gain {
        let by_currency = gain.iter().map(|(currency, gain)| {
            (currency.code().to_owned(), Value::from(gain.to_decimal(*currency)))
        });
        shape["gain"] = Value::Object(by_currency.collect());
    }
    shape
}

/// The counters now. While the statistics are away, their part is missing.
pub async fn summarise(app: &App, meter: &Meter) -> Summary {
    let reads = Reads { pool: &app.users, meter };
    let gain = people::store::gains(reads).await.ok();
    let counts = app.board.counts();
    Summary {
        revision: counts.revision,
        open_orders: counts.open_orders,
        orders: counts.orders,
        contracts: counts.contracts,
        watchers: app.hub.watchers(),
        gain,
    }
}

/// `GET /admin`
pub async fn overview(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let summary = summarise(&request.app, &request.meter).await;
    let title = request.lang.text("overview-title");
    let data = Provenance { source: request.source(), revision: summary.revision };
    Ok(request.live_page(&title, data, |context| view::overview(context, &summary)))
}

/// `GET /api/admin/summary`
pub async fn api_summary(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let summary = summarise(&request.app, &request.meter).await;
    Ok(request.json(request.source(), &shape(&summary)))
}

/// `GET /admin/orders`
pub async fn orders(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let table = orders::store::list_all(request.interactions(), request.window()).await?;
    let title = request.lang.text("nav-orders");
    let data = Provenance { source: request.source(), revision: table.revision };
    Ok(request.live_page(&title, data, |context| view::orders(context, &table)))
}

/// `GET /api/admin/orders`
pub async fn api_orders(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let table = orders::store::list_all(request.interactions(), request.window()).await?;
    let table = table.map(|order| orders::web::Shape::new(order, request.user));
    Ok(request.json(request.source(), &table))
}

/// `GET /admin/contracts`
pub async fn contracts(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let table = contracts::store::list_all(request.interactions(), request.window()).await?;
    let title = request.lang.text("nav-contracts");
    let data = Provenance { source: request.source(), revision: table.revision };
    Ok(request.live_page(&title, data, |context| view::contracts(context, &table)))
}

/// `GET /api/admin/contracts`
pub async fn api_contracts(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let table = contracts::store::list_all(request.interactions(), request.window()).await?;
    Ok(request.json(request.source(), &table.map(contracts::web::Shape::new)))
}

/// `GET /admin/customers`
pub async fn customers(request: Request) -> Result<Response, Refused> {
    let people = list_people(&request, Role::Customer).await?;
    let title = request.lang.text("nav-customers");
    let data = Provenance { source: request.source(), revision: people.revision };
    Ok(request.live_page(&title, data, |context| view::customers(context, &people)))
}

/// `GET /api/admin/customers`
pub async fn api_customers(request: Request) -> Result<Response, Refused> {
    let people = list_people(&request, Role::Customer).await?;
    Ok(request.json(request.source(), &people.map(people::web::shape)))
}

/// `GET /admin/executors`
pub async fn executors(request: Request) -> Result<Response, Refused> {
    let people = list_people(&request, Role::Executor).await?;
    let title = request.lang.text("nav-executors");
    let data = Provenance { source: request.source(), revision: people.revision };
    Ok(request.live_page(&title, data, |context| view::executors(context, &people)))
}

/// `GET /api/admin/executors`
pub async fn api_executors(request: Request) -> Result<Response, Refused> {
    let people = list_people(&request, Role::Executor).await?;
    Ok(request.json(request.source(), &people.map(people::web::shape)))
}

async fn list_people(request: &Request, role: Role) -> Result<Table<Profile>, Refused> {
    request.require(&ADMIN)?;
    Ok(people::store::list(request.users(), role, request.window()).await?)
}

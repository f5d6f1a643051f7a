//! What admins see: counters and the four tables.

use serde_json::{Value, json};

use super::{Overview, Summary, view};
use crate::error::{Refusal, Refused};
use crate::identity::{Role, User};
use crate::page::paging::Table;
use crate::people::{self, Profile};
use crate::web::health::word;
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

/// What else the overview shows, as programs and sockets see it.
pub fn pulse_shape(overview: &Overview) -> Value {
    let mut shape = serde_json::to_value(overview.now).expect("figures are plain data");
    shape["statistics_behind"] = overview.behind.into();
    let parts = overview.parts.named().map(|(name, up)| (name.to_owned(), word(up).into()));
    shape["parts"] = Value::Object(parts.into_iter().collect());
    shape["books"] = overview.books.map_or(Value::Null, |books| {
        json!({
            "balanced": books.balanced,
            "revision": books.revision,
            "finished": books.finished,
        })
    });
    shape
}

/// `GET /admin`
pub async fn overview(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let earned = super::earned(&request.app, &request.meter).await;
    let overview = Overview::new(&request.app, &earned).await;
    let title = request.lang.text("overview-title");
    let data = Provenance { source: request.source(), revision: overview.summary.revision };
    Ok(request.live_page(&title, data, |context| view::overview(context, &overview)))
}

/// `GET /api/admin/summary`
pub async fn api_summary(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let earned = super::earned(&request.app, &request.meter).await;
    let summary = Summary::new(&request.app, &earned);
    Ok(request.json(request.source(), &shape(&summary)))
}

/// `GET /api/admin/pulse`: the last minutes, and now.
pub async fn api_pulse(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let earned = super::earned(&request.app, &request.meter).await;
    let mut shape = request.app.pulse.shape();
    shape["now"] = pulse_shape(&Overview::new(&request.app, &earned).await);
    Ok(request.json(request.source(), &shape))
}

/// The number that somebody looks for in a table, if they do; nonsense is a number that nothing has.
fn sought(request: &Request) -> Option<u32> {
    let text = request.param("id")?;
    let text = text.trim().trim_start_matches(['#', '№']).trim();
    (!text.is_empty()).then(|| text.parse().unwrap_or(0))
}

/// `GET /admin/orders`
pub async fn orders(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let missing = sought(&request);
    if let Some(id) = missing
        && orders::store::find(request.interactions(), id).await?.is_some()
    {
        return Ok(request.redirect(&format!("/orders/{id}"), None, None));
    }
    let table = orders::store::list_all(request.interactions(), request.window()).await?;
    let title = request.lang.text("nav-orders");
    let data = Provenance { source: request.source(), revision: table.revision };
    Ok(request.live_page(&title, data, |context| view::orders(context, &table, missing)))
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
    let missing = sought(&request);
    if let Some(id) = missing
        && contracts::store::find(request.interactions(), id).await?.is_some()
    {
        return Ok(request.redirect(&format!("/contracts/{id}"), None, None));
    }
    let table = contracts::store::list_all(request.interactions(), request.window()).await?;
    let title = request.lang.text("nav-contracts");
    let data = Provenance { source: request.source(), revision: table.revision };
    Ok(request.live_page(&title, data, |context| view::contracts(context, &table, missing)))
}

/// `GET /api/admin/contracts`
pub async fn api_contracts(request: Request) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let table = contracts::store::list_all(request.interactions(), request.window()).await?;
    Ok(request.json(request.source(), &table.map(contracts::web::Shape::new)))
}

/// `GET /admin/customers`
pub async fn customers(request: Request) -> Result<Response, Refused> {
    show_people(request, Role::Customer, "/admin/customers", "nav-customers").await
}

/// `GET /admin/customers/{id}`
pub async fn customer(request: Request) -> Result<Response, Refused> {
    show_person(request, Role::Customer).await
}

/// `GET /api/admin/customers`
pub async fn api_customers(request: Request) -> Result<Response, Refused> {
    let people = list_people(&request, Role::Customer).await?;
    Ok(request.json(request.source(), &people.map(people::web::shape)))
}

/// `GET /admin/executors`
pub async fn executors(request: Request) -> Result<Response, Refused> {
    show_people(request, Role::Executor, "/admin/executors", "nav-executors").await
}

/// `GET /admin/executors/{id}`
pub async fn executor(request: Request) -> Result<Response, Refused> {
    show_person(request, Role::Executor).await
}

/// `GET /api/admin/executors`
pub async fn api_executors(request: Request) -> Result<Response, Refused> {
    let people = list_people(&request, Role::Executor).await?;
    Ok(request.json(request.source(), &people.map(people::web::shape)))
}

async fn show_people(
    request: Request,
    role: Role,
    path: &str,
    title: &'static str,
) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let missing = sought(&request);
    if let Some(id) = missing
        && find_person(&request, role, id).await?.is_some()
    {
        return Ok(request.redirect(&format!("{path}/{id}"), None, None));
    }
    let people = list_people(&request, role).await?;
    let data = Provenance { source: request.source(), revision: people.revision };
    Ok(request.live_page(&request.lang.text(title), data, |context| {
        view::people(context, role, (path, title), &people, missing)
    }))
}

async fn show_person(request: Request, role: Role) -> Result<Response, Refused> {
    request.require(&ADMIN)?;
    let profile = find_person(&request, role, request.id).await?.ok_or(Refusal::NotFound)?;
    let title = request.lang.text("profile-title");
    let data = Provenance { source: request.source(), revision: profile.as_of_revision };
    Ok(request.live_page(&title, data, |context| people::view::one(context, &profile)))
}

/// Somebody of whom anything was counted.
async fn find_person(request: &Request, role: Role, id: u32) -> Result<Option<Profile>, Refused> {
    let profile = people::web::load(request, User { role, id }).await?;
    Ok(Some(profile).filter(|profile| !profile.totals.is_empty()))
}

async fn list_people(request: &Request, role: Role) -> Result<Table<Profile>, Refused> {
    request.require(&ADMIN)?;
    Ok(people::store::list(request.users(), role, request.window()).await?)
}

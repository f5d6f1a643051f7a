//! Every route, on one screen.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use warp::Filter;
use warp::filters::BoxedFilter;

use crate::app::App;
use crate::contracts::transitions::{self, Act};
use crate::error::{Refusal, Refused};
use crate::identity::demo;
use crate::web::edge::{self, Edge};
use crate::web::{self, Parts, Request, Response, assets, health, session};
use crate::{accounts, admin, board, contracts, feed, openapi, orders, people};

type Answer = Pin<Box<dyn Future<Output = Result<Response, Refused>> + Send>>;

/// A method, a pattern (`{id}` stands for a number) and who answers.
pub struct Route {
    pub method: Method,
    pub pattern: &'static str,
    handler: Arc<dyn Fn(Request) -> Answer + Send + Sync>,
}

/// The whole table, hot routes first.
pub fn table() -> Vec<Route> {
    vec![
        get("live", feed::web::live),
        get("api/board", board::web::api_show),
        get("orders", board::web::show),
        post("api/orders/{id}/accept", orders::web::api_accept),
        post("api/orders", orders::placing::api_place),
        post("api/orders/{id}/edit", orders::editing::api_edit),
        post("api/orders/{id}/withdraw", orders::web::api_withdraw),
        post("api/orders/{id}/remove", orders::web::api_remove),
        post("api/orders/{id}/renew", orders::web::api_renew),
        get("api/orders/{id}", orders::web::api_show),
        get("api/orders/{id}/history", orders::web::api_history),
        get("api/my/orders", orders::placing::api_mine),
        get("api/my/contracts", contracts::web::api_mine),
        get("api/contracts/{id}", contracts::web::api_show),
        get("api/contracts/{id}/notes", contracts::notes::api_list),
        post("api/contracts/{id}/notes", contracts::notes::api_write),
        get("api/contracts/{id}/history", contracts::web::api_history),
        post("api/contracts/{id}/deliver", |asked| transitions::api(asked, Act::Deliver)),
        post("api/contracts/{id}/complete", |asked| transitions::api(asked, Act::Complete)),
        post("api/contracts/{id}/give-up", |asked| transitions::api(asked, Act::GiveUp)),
        post("api/contracts/{id}/dispute", |asked| transitions::api(asked, Act::Dispute)),
        post("api/contracts/{id}/rule", |asked| transitions::api(asked, Act::Rule)),
        get("api/profile", people::web::api_profile),
        get("api/admin/summary", admin::web::api_summary),
        get("api/admin/pulse", admin::web::api_pulse),
        get("api/admin/orders", admin::web::api_orders),
        get("api/admin/contracts", admin::web::api_contracts),
        get("api/admin/customers", admin::web::api_customers),
        get("api/admin/executors", admin::web::api_executors),
        get("api/openapi.json", openapi::web::document),
        get("api/docs", openapi::web::page),
        get("", demo::home),
        post("session", demo::switch),
        get("log-in", accounts::web::log_in_page),
        post("log-in", accounts::web::log_in),
        get("sign-up", accounts::web::sign_up_page),
        post("sign-up", accounts::web::sign_up),
        post("log-out", accounts::web::log_out),
        post("log-out/everywhere", accounts::web::log_out_everywhere),
        post("role", accounts::web::act_as),
        get("account", accounts::desk::show),
        post("account/password", accounts::desk::change_password),
        post("account/tokens", accounts::desk::make_token),
        post("account/passes/{id}/end", accounts::desk::end_pass),
        post("language", web::looks::choose_language),
        post("theme", web::looks::choose_theme),
        post("orders", orders::placing::place),
        get("orders/{id}", orders::web::show),
        post("orders/{id}/accept", orders::web::accept),
        post("orders/{id}/edit", orders::editing::edit),
        post("orders/{id}/withdraw", orders::web::withdraw),
        post("orders/{id}/remove", orders::web::remove),
        post("orders/{id}/renew", orders::web::renew),
        get("my/orders", orders::placing::mine),
        get("my/contracts", contracts::web::mine),
        get("contracts/{id}", contracts::web::show),
        post("contracts/{id}/notes", contracts::notes::write),
        post("contracts/{id}/deliver", |asked| transitions::page(asked, Act::Deliver)),
        post("contracts/{id}/complete", |asked| transitions::page(asked, Act::Complete)),
        post("contracts/{id}/give-up", |asked| transitions::page(asked, Act::GiveUp)),
        post("contracts/{id}/dispute", |asked| transitions::page(asked, Act::Dispute)),
        post("contracts/{id}/rule", |asked| transitions::page(asked, Act::Rule)),
        get("profile", people::web::profile),
        get("admin", admin::web::overview),
        get("admin/orders", admin::web::orders),
        get("admin/orders.csv", admin::export::orders),
        get("admin/contracts.csv", admin::export::contracts),
        get("admin/customers.csv", admin::export::customers),
        get("admin/executors.csv", admin::export::executors),
        get("admin/contracts", admin::web::contracts),
        get("admin/customers", admin::web::customers),
        get("admin/customers/{id}", admin::web::customer),
        get("admin/executors", admin::web::executors),
        get("admin/executors/{id}", admin::web::executor),
        get("healthz", health::alive),
        get("readyz", health::ready),
        get("metrics", health::metrics),
    ]
}

/// All routes as one warp filter, which answers every request.
pub fn all(app: Arc<App>) -> BoxedFilter<(Response,)> {
    let parts = web::parts();
    let elsewhere = {
        let app = Arc::clone(&app);
        parts.clone().then(move |parts| answer_elsewhere(Arc::clone(&app), parts)).boxed()
    };
    let routes = table().into_iter().map(|route| {
        let app = Arc::clone(&app);
        let (method, handler) = (route.method, route.handler);
        let matches = warp::method()
            .and_then(move |asked: Method| {
                let matches = asked == method || (asked == Method::HEAD && method == Method::GET);
                async move { if matches { Ok(()) } else { Err(warp::reject()) } }
            })
            .untuple_one();
        matches
            .and(path(route.pattern))
            .and(parts.clone())
            .then(move |id, parts| answer(Arc::clone(&app), Arc::clone(&handler), id, parts))
            .boxed()
    });
    // Nested to the right: a request goes down to its route and no further, hot routes first.
    routes.rfold(elsewhere, |rest, route| route.or(rest).unify().boxed())
}

fn get<F>(pattern: &'static str, handler: fn(Request) -> F) -> Route
where
    F: Future<Output = Result<Response, Refused>> + Send + 'static,
{
    Route { method: Method::GET, pattern, handler: Arc::new(move |r| Box::pin(handler(r))) }
}

fn post<F>(pattern: &'static str, handler: fn(Request) -> F) -> Route
where
    F: Future<Output = Result<Response, Refused>> + Send + 'static,
{
    Route { method: Method::POST, pattern, handler: Arc::new(move |r| Box::pin(handler(r))) }
}

/// A filter for a pattern; it gives the pattern's number, or 0 when it has none.
fn path(pattern: &'static str) -> BoxedFilter<(u32,)> {
    let mut filter: BoxedFilter<(u32,)> = warp::any().map(|| 0).boxed();
    for segment in pattern.split('/').filter(|segment| !segment.is_empty()) {
        filter = match segment {
            "{id}" => filter.and(warp::path::param::<u32>()).map(|_, id| id).boxed(),
            word => filter.and(warp::path(word)).boxed(),
        };
    }
    filter.and(warp::path::end()).boxed()
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut asked = path.trim_start_matches('/').split('/');
    if pattern.is_empty() {
        return path == "/";
    }
    let fits = pattern.split('/').filter(|segment| !segment.is_empty()).all(|segment| {
        asked.next().is_some_and(|word| match segment {
            "{id}" => word.parse::<u32>().is_ok(),
            _ => word == segment,
        })
    });
    fits && asked.next().is_none()
}

async fn answer(
    app: Arc<App>,
    handler: Arc<dyn Fn(Request) -> Answer + Send + Sync>,
    id: u32,
    mut parts: Parts,
) -> Response {
    let mut edge = Edge::new(&app, &parts);
    let mut response = match edge.admit(&mut parts, id).await {
        Ok(request) => {
            if let Some(revision) = session::seen_revision(&request.headers, &app) {
                // Longer than the follower's own look at the head, which alone may bring it here.
                app.board.reached(revision, Duration::from_secs(3)).await;
            }
            match handler(request).await {
                Ok(response) => response,
                Err(refused) => edge.request().refused(&refused),
            }
        }
        Err(refused) => edge.request().refused(&refused),
    };
    edge.finish(&mut response);
    response
}

/// What no route answers: assets, and everything that is not there.
async fn answer_elsewhere(app: Arc<App>, mut parts: Parts) -> Response {
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    let asset = reads.then(|| assets::find(&parts.path, &parts.query)).flatten();
    if let Some(mut response) = asset {
        edge::finish(&app, &mut response);
        return response;
    }
    let mut edge = Edge::new(&app, &parts);
    let mut response = {
        let path = parts.path.clone();
        let allowed = table().into_iter().filter(|route| matches(route.pattern, &path));
        let allowed: Vec<String> = allowed.map(|route| route.method.to_string()).collect();
        let refused = match edge.admit(&mut parts, 0).await {
            Ok(_) if !allowed.is_empty() => Refusal::MethodNotAllowed.into(),
            Ok(_) => Refusal::NotFound.into(),
            Err(refused) => refused,
        };
        let mut response = edge.request().refused(&refused);
        if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", "))
            && response.status() == StatusCode::METHOD_NOT_ALLOWED
        {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    };
    edge.finish(&mut response);
    response
}

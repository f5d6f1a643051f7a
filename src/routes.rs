//! Every route, on one screen; and what is done for all of them alike.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use warp::Filter;
use warp::filters::BoxedFilter;

use crate::app::App;
use crate::contracts::transitions::{self, Act};
use crate::database::Meter;
use crate::error::{Refusal, Refused};
use crate::flood::Party;
use crate::identity::{Identity, demo};
use crate::web::{self, Parts, Request, Response, address, assets, health, reply, session};
use crate::{admin, board, contracts, feed, openapi, orders, people};

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
    let edge = Edge::new(&app, &parts);
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
        Err(refusal) => edge.request().refused(&refusal.into()),
    };
    reply::finish(&mut response);
    response
}

/// What no route answers: assets, and everything that is not there.
async fn answer_elsewhere(app: Arc<App>, mut parts: Parts) -> Response {
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    let asset = reads.then(|| assets::find(&parts.path, &parts.query)).flatten();
    let mut response = if let Some(asset) = asset {
        asset
    } else {
        let edge = Edge::new(&app, &parts);
        let path = parts.path.clone();
        let allowed = table().into_iter().filter(|route| matches(route.pattern, &path));
        let allowed: Vec<String> = allowed.map(|route| route.method.to_string()).collect();
        let refusal = match edge.admit(&mut parts, 0).await {
            Ok(_) if !allowed.is_empty() => Refusal::MethodNotAllowed,
            Ok(_) => Refusal::NotFound,
            Err(refusal) => refusal,
        };
        let mut response = edge.request().refused(&refusal.into());
        if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", "))
            && response.status() == StatusCode::METHOD_NOT_ALLOWED
        {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    };
    reply::finish(&mut response);
    response
}

/// What is needed of a request to answer it even when it is refused.
struct Edge {
    app: Arc<App>,
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    address: IpAddr,
    identity: Result<Option<Identity>, Refusal>,
}

impl Edge {
    fn new(app: &Arc<App>, parts: &Parts) -> Edge {
        Edge {
            app: Arc::clone(app),
            method: parts.method.clone(),
            path: parts.path.clone(),
            query: parts.query.clone(),
            headers: parts.headers.clone(),
            address: address::client(parts.peer, &parts.headers, &app.config.trusted_proxies),
            identity: demo::identify(&parts.headers, &app.cookie_key),
        }
    }

    /// The checks that every request passes before its handler sees it. Of who asks too much, not
    /// even the body is read.
    async fn admit(&self, parts: &mut Parts, id: u32) -> Result<Request, Refusal> {
        if !health::is_asked_for(&self.path) {
            self.app.flood.admit_request(self.address).map_err(Refusal::Flood)?;
        }
        let body = parts.read_body().await;
        if !self.is_host_allowed() {
            return Err(Refusal::BadRequest("host-not-allowed"));
        }
        let changes = parts.method != Method::GET && parts.method != Method::HEAD;
        // A socket is asked for by GET, but reads on as whoever the cookie names.
        let upgrades = parts.headers.contains_key(header::UPGRADE);
        if (changes || upgrades) && !self.is_own_site() {
            return Err(Refusal::ForeignSite);
        }
        self.identity.as_ref().map_err(Refusal::clone)?;
        let body = body?;
        Ok(Request { id, body, upgrade: parts.upgrade.take(), ..self.request() })
    }

    /// The request without its body.
    fn request(&self) -> Request {
        let identity = self.identity.as_ref().ok().copied().flatten();
        // Admins without a number are not one person.
        let known = identity.map(|identity| identity.user).filter(|user| user.id > 0);
        let party = known.map_or(Party::Address(self.address), Party::User);
        Request {
            app: Arc::clone(&self.app),
            method: self.method.clone(),
            id: 0,
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            upgrade: None,
            body: Bytes::new(),
            lang: session::lang(&self.headers),
            user: identity.map(|identity| identity.user),
            session: identity.and_then(|identity| identity.session),
            meter: Meter::of(Arc::clone(&self.app.flood), party),
            started: Instant::now(),
        }
    }

    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or("?"))
    }

    /// In demo mode a name that somebody else's DNS points here must not reach us: anybody's page
    /// could then be anybody.
    fn is_host_allowed(&self) -> bool {
        let Some(authority) = self.header(header::HOST) else { return false };
        let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
        });
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host.eq_ignore_ascii_case("localhost")
            || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let mut origins = self.app.config.allowed_origins.iter();
        loopback || origins.any(|origin| is_of(origin, authority) || is_of(origin, host))
    }

    /// Whether a browser sent this from one of our own pages. Programs that are no browsers say
    /// nothing about that, and are believed.
    fn is_own_site(&self) -> bool {
        if let Some(origin) = self.header(header::ORIGIN) {
            let origin = origin.to_ascii_lowercase();
            let host = self.header(header::HOST).unwrap_or_default();
            return is_of(&origin, host) || self.app.config.allowed_origins.contains(&origin);
        }
        matches!(self.header("sec-fetch-site"), None | Some("same-origin" | "none"))
    }
}

/// Whether an origin (`https://host:port`) is of this host.
fn is_of(origin: &str, authority: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, host)| host.eq_ignore_ascii_case(authority))
}

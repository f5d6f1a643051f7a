//! Every route, on one screen; and what is done for all of them alike.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use warp::Filter;
use warp::filters::BoxedFilter;

use crate::accounts::pass::{self, Shown};
use crate::app::App;
use crate::contracts::transitions::{self, Act};
use crate::database::Meter;
use crate::error::{Refusal, Refused};
use crate::flood::Party;
use crate::identity::{Identity, demo};
use crate::web::{self, Parts, Request, Response, address, assets, health, reply, session};
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
        finish(&app, &mut response);
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

/// What every reply of this board says besides.
fn finish(app: &App, response: &mut Response) {
    reply::finish(response);
    let Some(accounts) = &app.accounts else { return };
    if accounts.secure {
        session::secure(response.headers_mut());
    }
    if accounts.insists_on_https {
        reply::insist_on_https(response);
    }
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
    /// Where there are accounts: what somebody was let in by.
    shown: Option<Shown>,
    /// Something of the request has not been read.
    has_unread: bool,
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
            identity: match app.accounts {
                None => demo::identify(&parts.headers, &app.cookie_key),
                // Looked up once it is known that the address does not ask too much.
                Some(_) => Ok(None),
            },
            shown: None,
            has_unread: parts.method == Method::POST,
        }
    }

    /// The checks that every request passes before its handler sees it. Of who asks too much, not
    /// even the body is read.
    async fn admit(&mut self, parts: &mut Parts, id: u32) -> Result<Request, Refused> {
        if !health::is_asked_for(&self.path) {
            self.app.flood.admit_request(self.address).map_err(Refusal::Flood)?;
        }
        let body = parts.read_body().await;
        self.has_unread = body.is_err();
        if !self.is_host_allowed() {
            return Err(Refusal::BadRequest("host-not-allowed").into());
        }
        let changes = parts.method != Method::GET && parts.method != Method::HEAD;
        // A socket is asked for by GET, but reads on as whoever the cookie names.
        let upgrades = parts.headers.contains_key(header::UPGRADE);
        if (changes || upgrades) && !self.is_own_site() {
            return Err(Refusal::ForeignSite.into());
        }
        self.identify().await?;
        let body = body?;
        let request = Request { id, body, upgrade: parts.upgrade.take(), ..self.request() };
        if changes && !web::LETS_IN.contains(&&*self.path) && !self.is_own_form(&request) {
            return Err(Refusal::StaleForm.into());
        }
        Ok(request)
    }

    /// Learns who asks.
    async fn identify(&mut self) -> Result<(), Refused> {
        self.identity.as_ref().map_err(Refusal::clone)?;
        if let Some(accounts) = &self.app.accounts {
            let (path, party) = (&self.path, Party::Address(self.address));
            self.shown = pass::identify(&self.app, accounts, path, &self.headers, party).await?;
            self.identity = Ok(self.shown.as_ref().map(|Shown { pass, .. }| Identity {
                user: pass.user(),
                session: Some(pass.session),
            }));
        }
        Ok(())
    }

    /// Whether a browser that was let in sends what a page of its own session told it to. (`Origin`
    /// says so, too, but not in every browser; whoever sends a token has no browser's rights.)
    fn is_own_form(&self, request: &Request) -> bool {
        let (Some(accounts), Some(shown)) = (&self.app.accounts, &self.shown) else { return true };
        if shown.pass.is_token {
            return true;
        }
        let is_ours = |text: &str| accounts.keys.is_form_token(&shown.pass.hash, text);
        if let Some(header) = self.header("x-csrf-token") {
            return is_ours(header);
        }
        let fields = if request.is_api() { None } else { request.fields().ok() };
        fields.is_some_and(|fields| fields.get("csrf").is_ok_and(is_ours))
    }

    /// What every reply says besides; and a cookie that came under the old key goes back under the
    /// new one.
    fn finish(&self, response: &mut Response) {
        let again = self.shown.as_ref().and_then(|shown| shown.again.clone());
        // A cookie that the handler set is newer.
        if let (Some(accounts), Some(again)) = (&self.app.accounts, again)
            && !session::sets_pass(response.headers(), accounts.secure)
        {
            let cookie = session::remember_pass(again, accounts.secure);
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if self.has_unread {
            // Whatever still comes is not waited for.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        finish(&self.app, response);
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
            shown: self.shown.clone(),
            address: self.address,
            meter: Meter::of(Arc::clone(&self.app.flood), party),
            started: Instant::now(),
        }
    }

    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or("?"))
    }

    /// Only names that we know are answered. In demo mode a name that somebody else's DNS points here must not reach us: anybody's page
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

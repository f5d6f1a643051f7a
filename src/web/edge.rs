//! What is done for all requests alike: who may come in and as whom before a handler sees them, and
//! what every reply says besides.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};

use super::trace::Trace;
use super::{Parts, Request, Response, address, health, reply, session};
use crate::accounts::pass::{self, Shown};
use crate::app::App;
use crate::database::Meter;
use crate::error::{Refusal, Refused};
use crate::flood::Party;
use crate::identity::{Identity, demo};

/// What every reply of this board says besides.
pub fn finish(app: &App, response: &mut Response) {
    reply::finish(response);
    let Some(accounts) = &app.accounts else { return };
    if accounts.secure {
        session::secure(response.headers_mut());
    }
    if accounts.insists_on_https {
        reply::insist_on_https(response);
    }
}

/// How long a reply was kept from being made by the client, whose body was slow to come.
#[derive(Clone, Copy)]
pub struct Waited(pub Duration);

/// What is needed of a request to answer it even when it is refused.
pub struct Edge {
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
    /// When all of the request was there, and how long its body was waited for.
    started: Instant,
    waited: Duration,
    trace: Trace,
}

impl Edge {
    pub fn new(app: &Arc<App>, parts: &Parts) -> Edge {
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
            started: Instant::now(),
            waited: Duration::ZERO,
            trace: parts.trace,
        }
    }

    /// The checks that every request passes before its handler sees it. Of who asks too much, not
    /// even the body is read.
    pub async fn admit(&mut self, parts: &mut Parts, id: u32) -> Result<Request, Refused> {
        if !health::is_asked_for(&self.path) {
            self.app.flood.admit_request(self.address).map_err(Refusal::Flood)?;
        }
        let body = parts.read_body().await;
        self.has_unread = body.is_err();
        self.waited = self.started.elapsed();
        self.started = Instant::now();
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
        if changes && !super::LETS_IN.contains(&&*self.path) && !self.is_own_form(&request) {
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
    pub fn finish(&self, response: &mut Response) {
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
        if self.method == Method::POST {
            response.extensions_mut().insert(Waited(self.waited));
        }
        finish(&self.app, response);
    }

    /// The request without its body.
    pub fn request(&self) -> Request {
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
            started: self.started,
            trace: self.trace,
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

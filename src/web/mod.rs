//! The edge: what a request is to our handlers, and how their answers become replies. Handlers are
//! `async fn show(request: Request) -> Result<Response, Refused>`.

pub mod address;
pub mod assets;
pub mod edge;
pub mod guarded;
pub mod health;
pub mod looks;
pub mod measures;
pub mod reply;
pub mod server;
pub mod session;
pub mod trace;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method};
use hyper::upgrade::OnUpgrade;
use serde_json::Value;
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::path::FullPath;

use self::address::Peer;
use self::trace::Trace;
use crate::accounts::Accounts;
use crate::accounts::pass::{Pass, Shown};
use crate::app::App;
use crate::database::{Meter, Reads};
use crate::error::{FieldRule, Refusal};
use crate::exchange::RequestKey;
use crate::i18n::Lang;
use crate::identity::{Role, User};
use crate::money::Notation;
use crate::page::Source;
use crate::page::paging::Window;
pub use reply::Response;

/// Forms that let somebody in, and so do nothing by the rights of a session.
pub const LETS_IN: [&str; 2] = ["/log-in", "/sign-up"];
/// Longest body of a request.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// How long a body may take to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(6);

/// What warp hands us of a request, before anything is looked at.
pub struct Parts {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub upgrade: Option<OnUpgrade>,
    pub peer: Option<Peer>,
    pub trace: Trace,
    /// Not read yet: who asks too much is refused before.
    body: Option<Unread>,
}

type Unread = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// One request, with who asks and what they want.
pub struct Request {
    pub app: Arc<App>,
    pub method: Method,
    /// The number in the path, where the route has one.
    pub id: u32,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub upgrade: Option<OnUpgrade>,
    pub body: Bytes,
    pub lang: Lang,
    pub user: Option<User>,
    /// The browser's session, where that is what says who asks.
    pub session: Option<Uuid>,
    /// What somebody was let in by, where there are accounts.
    pub shown: Option<Shown>,
    /// Where the request comes from.
    pub address: IpAddr,
    pub meter: Meter,
    pub started: Instant,
    /// By which the log names it.
    pub trace: Trace,
}

/// The brick every route is built on: one type, boxed once.
pub fn parts() -> BoxedFilter<(Parts,)> {
    let query = warp::filters::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<Trace>())
        .and(warp::body::stream())
        .map(|method: Method, path: FullPath, query, headers, upgrade, peer, trace, body| {
            let body = (method == Method::POST).then(|| unread(body));
            let path = path.as_str().to_owned();
            // Our own accept loop gives each one.
            let trace = Option::unwrap_or_default(trace);
            Parts { method, path, query, headers, upgrade, peer, trace, body }
        })
        .boxed()
}

fn unread<B: Buf>(body: impl Stream<Item = Result<B, warp::Error>> + Send + 'static) -> Unread {
    Box::pin(body.map(|part| part.map(|mut part| part.copy_to_bytes(part.remaining()))))
}

impl Parts {
    /// Only a POST has one.
    pub async fn read_body(&mut self) -> Result<Bytes, Refusal> {
        match self.body.take() {
            Some(body) => read_body(body).await,
            None => Ok(Bytes::new()),
        }
    }
}

async fn read_body(mut body: Unread) -> Result<Bytes, Refusal> {
    let read = async {
        let (mut bytes, mut total) = (BytesMut::new(), 0);
        while let Some(part) = body.next().await {
            let part = part.map_err(|_| Refusal::BadRequest("body-incomplete"))?;
            total += part.len();
            if total <= MAX_BODY_BYTES {
                bytes.put(part);
            } else if total > 16 * MAX_BODY_BYTES {
                // Answered while still sending, a client hears a reset: so some more is read.
                break;
            }
        }
        if total > MAX_BODY_BYTES { Err(Refusal::TooLarge) } else { Ok(bytes.freeze()) }
    };
    let late = Err(Refusal::BadRequest("body-incomplete"));
    tokio::time::timeout(BODY_LIMIT, read).await.unwrap_or(late)
}

impl Request {
    /// Who asks, if they act as one of these roles.
    pub fn require(&self, roles: &[Role]) -> Result<User, Refusal> {
        let user = self.user.ok_or(Refusal::Unauthenticated)?;
        if roles.contains(&user.role) { Ok(user) } else { Err(Refusal::Forbidden) }
    }

    /// The accounts; in a demo there are none, nor any of their pages.
    pub fn accounts(&self) -> Result<&Accounts, Refusal> {
        self.app.accounts.as_ref().ok_or(Refusal::NotFound)
    }

    /// What somebody was let in by.
    pub fn pass(&self) -> Option<&Pass> {
        self.shown.as_ref().map(|shown| &*shown.pass)
    }

    /// Whether a program asks: errors and answers are JSON.
    pub fn is_api(&self) -> bool {
        is_api(&self.path)
    }

    /// A parameter of the query.
    pub fn param(&self, name: &str) -> Option<String> {
        let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(&self.query).ok()?;
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether a parameter of the query stands there more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(&self.query);
        pairs.is_ok_and(|pairs| pairs.iter().filter(|(key, _)| key == name).nth(1).is_some())
    }

    /// Which page of a table is asked for.
    pub fn window(&self) -> Window {
        Window::parse(self.param("page").as_deref(), self.param("per_page").as_deref())
    }

    /// Path and query of the page that is shown, to fetch it again.
    pub fn here(&self) -> String {
        if self.method == Method::POST {
            // What a form was refused for is shown on the page that the form stands on.
            let page = match self.path.rsplit_once('/') {
                Some((order, "remove" | "edit")) => order,
                Some((contract, "dispute" | "rule" | "notes")) => contract,
                _ if LETS_IN.contains(&&*self.path) => &self.path,
                _ if self.path.starts_with("/account/") => "/account",
                _ if self.path == "/orders" => "/my/orders",
                _ => "/",
            };
            return page.to_owned();
        }
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }

    /// Reads of the orders and contracts, counted for this request.
    pub fn interactions(&self) -> Reads<'_> {
        Reads { pool: &self.app.interactions, meter: &self.meter }
    }

    /// Reads of the statistics, counted for this request.
    pub fn users(&self) -> Reads<'_> {
        Reads { pool: &self.app.users, meter: &self.meter }
    }

    /// Where data came from that was not in a cache.
    pub fn source(&self) -> Source {
        if self.meter.queries() > 0 { Source::Mysql } else { Source::None }
    }

    /// The body's fields: a JSON object for the API, a form for pages.
    pub fn fields(&self) -> Result<Fields, Refusal> {
        if self.is_api() { Fields::from_json(&self.body) } else { Fields::from_form(&self.body) }
    }

    /// The request's key, from the header or from a form's hidden field.
    pub fn key(&self) -> Result<Option<RequestKey>, Refusal> {
        let malformed = || Refusal::BadRequest("key-malformed");
        let key = match self.headers.get("idempotency-key") {
            Some(header) => header.to_str().map_err(|_| malformed())?.to_owned(),
            None if self.is_api() => return Ok(None),
            None => match self.fields()?.get("request_id") {
                Ok(key) => key.to_owned(),
                Err(_) => return Ok(None),
            },
        };
        RequestKey::new(&key, &self.path, &self.body).map(Some).ok_or_else(malformed)
    }
}

/// Whether this is a path on this server, in visible ASCII, and not another host in disguise.
pub fn is_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

pub fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// The fields of a body. They are all text: amounts never travel as numbers.
pub enum Fields {
    Json(serde_json::Map<String, Value>),
    Form(Vec<(String, String)>),
}

impl Fields {
    pub fn from_json(body: &[u8]) -> Result<Fields, Refusal> {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => Ok(Fields::Json(fields)),
            _ => Err(Refusal::BadRequest("body-malformed-json")),
        }
    }

    pub fn from_form(body: &[u8]) -> Result<Fields, Refusal> {
        let form = serde_urlencoded::from_bytes(body).map(Fields::Form);
        form.map_err(|_| Refusal::BadRequest("body-malformed-form"))
    }

    pub fn get(&self, field: &'static str) -> Result<&str, Refusal> {
        let rule = match self {
            Fields::Json(fields) => match fields.get(field) {
                Some(Value::String(text)) => return Ok(text),
                None | Some(Value::Null) => FieldRule::Missing,
                Some(_) => FieldRule::NotText,
            },
            Fields::Form(fields) => match fields.iter().find(|(name, _)| name == field) {
                Some((_, text)) => return Ok(text),
                None => FieldRule::Missing,
            },
        };
        Err(Refusal::InvalidField { field, rule })
    }

    /// The same, if it is there.
    pub fn optional(&self, field: &'static str) -> Result<Option<&str>, Refusal> {
        match self.get(field) {
            Err(Refusal::InvalidField { rule: FieldRule::Missing, .. }) => Ok(None),
            text => text.map(Some),
        }
    }

    /// Which version of an order somebody means, if they say so: a number, or its digits.
    pub fn version(&self) -> Result<Option<u32>, Refusal> {
        let version = match self {
            Fields::Json(fields) if fields.get("version").is_some_and(Value::is_number) => {
                fields["version"].as_u64().and_then(|number| u32::try_from(number).ok())
            }
            _ => match self.optional("version")? {
                Some(text) => text.parse().ok(),
                None => return Ok(None),
            },
        };
        let refused = Refusal::InvalidField { field: "version", rule: FieldRule::Version };
        version.filter(|version| *version > 0).map(Some).ok_or(refused)
    }

    /// How people write amounts here: strictly in the API, as they are used to in forms.
    pub fn notation(&self) -> Notation {
        match self {
            Fields::Json(_) => Notation::Strict,
            Fields::Form(_) => Notation::Form,
        }
    }
}

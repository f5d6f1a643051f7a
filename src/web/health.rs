//! Whether the server lives, and what of all it needs is up.

use serde_json::json;

use super::reply::reply;
use super::{Request, Response};
use crate::app::App;
use crate::database::{Meter, Reads};
use crate::error::Refused;
use crate::exchange::journal;
use crate::{metrics, people};
use http::StatusCode;

/// Whether a path is one of these, which are answered however much else is asked.
pub fn is_asked_for(path: &str) -> bool {
    ["/healthz", "/readyz", "/metrics"].contains(&path)
}

/// `GET /healthz`
pub async fn alive(_request: Request) -> Result<Response, Refused> {
    Ok(reply(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"))
}

/// Whether what the server stands on is up; `None`: it is not configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Components {
    pub interactions: bool,
    pub users: bool,
    pub redis: Option<bool>,
    pub memcached: Option<bool>,
}

impl Components {
    /// By name, as programs see it.
    pub fn named(self) -> [(&'static str, Option<bool>); 4] {
        [
            ("interactions", Some(self.interactions)),
            ("users", Some(self.users)),
            ("redis", self.redis),
            ("memcached", self.memcached),
        ]
    }
}

/// What is up, as far as is known without asking the databases.
pub async fn parts(app: &App, users: bool) -> Components {
    let (redis, memcached) = tokio::join!(app.personal.is_up(), app.pages.shared.is_up());
    Components { interactions: app.database_is_up(), users, redis, memcached }
}

/// The state of a part, in a word.
pub const fn word(up: Option<bool>) -> &'static str {
    match up {
        Some(true) => "up",
        Some(false) => "down",
        None => "not configured",
    }
}

/// `GET /readyz`: 200 while the board can be read and written. Caches that are away, or the
/// statistics, make it slower or older, not unready.
pub async fn ready(request: Request) -> Result<Response, Refused> {
    let app = &request.app;
    // Whoever watches over a server has no limit.
    let meter = Meter::default();
    let interactions = Reads { pool: &app.interactions, meter: &meter };
    let head = interactions.read(journal::head(&app.interactions)).await;
    let users = people::store::position(Reads { pool: &app.users, meter: &meter }).await.is_ok();
    let parts = Components { interactions: head.is_ok(), ..parts(app, users).await };
    let status = if head.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = json!({"ready": head.is_ok(), "revision": app.board.position().revision});
    for (name, up) in parts.named() {
        body[name] = word(up).into();
    }
    Ok(reply(status, "application/json", body.to_string()))
}

/// `GET /metrics`: numbers for the operator.
pub async fn metrics(request: Request) -> Result<Response, Refused> {
    let app = &request.app;
    app.exchange.measures.queued.set(i64::try_from(app.exchange.queued()).unwrap_or(i64::MAX));
    let text = app.metrics.to_text(app.board.counts(), app.database_is_up());
    Ok(reply(StatusCode::OK, metrics::CONTENT_TYPE, text))
}

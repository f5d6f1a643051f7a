//! Whether the server lives, and what of all it needs is up.

use serde_json::json;

use super::reply::reply;
use super::{Request, Response};
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

/// `GET /readyz`: 200 while the board can be read and written. Caches that are away, or the
/// statistics, make it slower or older, not unready.
pub async fn ready(request: Request) -> Result<Response, Refused> {
    let app = &request.app;
    // Whoever watches over a server has no limit.
    let meter = Meter::default();
    let interactions = Reads { pool: &app.interactions, meter: &meter };
    let head = interactions.read(journal::head(&app.interactions)).await;
    let users = people::store::position(Reads { pool: &app.users, meter: &meter }).await.is_ok();
    let word = |up: Option<bool>| match up {
        Some(true) => "up",
        Some(false) => "down",
        None => "not configured",
    };
    let status = if head.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": head.is_ok(),
        "revision": app.board.position().revision,
        "interactions": word(Some(head.is_ok())),
        "users": word(Some(users)),
        "redis": word(app.personal.is_up().await),
        "memcached": word(app.pages.shared.is_up().await),
    });
    Ok(reply(status, "application/json", body.to_string()))
}

/// `GET /metrics`: numbers for the operator.
pub async fn metrics(request: Request) -> Result<Response, Refused> {
    let app = &request.app;
    let text = app.metrics.to_text(app.board.counts(), app.database_is_up());
    Ok(reply(StatusCode::OK, metrics::CONTENT_TYPE, text))
}

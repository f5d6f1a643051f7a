//! Whether the server lives, and what of all it needs is up.

use serde_json::json;

use super::reply::reply;
use super::{Request, Response};
use crate::app::App;
use crate::database::{Meter, Reads};
use crate::error::Refused;
use crate::exchange::journal;
use crate::statistics::Health;
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
/// statistics, make it slower or older, not unready. All that is wrong is said in words.
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
    body["feed"] = word(Some(app.database_is_up())).into();
    body["statistics"] = match app.statistics.health() {
        Health::Stopped => "stopped",
        health => word(Some(health == Health::Counting)),
    }
    .into();
    body["books"] = match app.books.get() {
        None => "not audited yet",
        Some(books) if books.balanced => "balanced",
        Some(_) => "not balanced",
    }
    .into();
    body["problems"] = problems(app, parts).into();
    Ok(reply(status, "application/json", body.to_string()))
}

/// What is wrong and what comes of it, a sentence each.
fn problems(app: &App, parts: Components) -> Vec<String> {
    let (revision, counted) = (app.board.position().revision, app.statistics.counted());
    let behind = revision.saturating_sub(counted);
    let statistics = match app.statistics.health() {
        Health::Counting => None,
        Health::Failing { .. } => Some(format!(
            "The statistics cannot be counted for now, and are {behind} revisions behind."
        )),
        Health::Stopped => Some(format!(
            "The statistics have stopped at revision {counted}, and need `orderboard rebuild`."
        )),
    };
    let books = app.books.get().filter(|books| !books.balanced).map(|books| {
        format!("The books do not balance as of revision {}: see the log.", books.revision)
    });
    let told = |is_wrong: bool, sentence: &str| is_wrong.then(|| sentence.to_owned());
    let all = [
        told(
            !parts.interactions,
            "The database of orders and contracts does not answer: nothing can be placed or \
             accepted, and only pages that are known are shown.",
        ),
        told(
            !app.database_is_up(),
            "The board does not follow the journal, and stays as it was at its revision.",
        ),
        told(
            !parts.users,
            "The database of people does not answer: totals are older or not shown, and nobody \
             can log in.",
        ),
        told(
            parts.redis == Some(false),
            "redis does not answer: personal pages come from the database, changes from other \
             servers a second late, and each server keeps the limits for itself.",
        ),
        told(
            parts.memcached == Some(false),
            "memcached does not answer: pages of the board come from the database.",
        ),
        statistics,
        books,
    ];
    all.into_iter().flatten().collect()
}

/// `GET /metrics`: numbers for the operator.
pub async fn metrics(request: Request) -> Result<Response, Refused> {
    let text = request.app.metrics.to_text(&request.app);
    Ok(reply(StatusCode::OK, metrics::CONTENT_TYPE, text))
}

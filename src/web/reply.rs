//! Replies: pages, JSON, redirects, and errors in the shape and language of whoever asked.

use std::borrow::Borrow;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::Markup;
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;
use warp::Reply;

use super::{Request, session};
use crate::error::{Fault, Refusal, Refused};
use crate::exchange::Receipt;
use crate::exchange::event::Mark;
use crate::orders::editing;
use crate::page::{self, Context, Flash, Live, Main, Origin, Source};

/// A whole reply.
pub type Response = http::Response<Body>;

/// What a reply carries.
#[derive(Debug)]
pub enum Body {
    Whole(Bytes),
    /// Sent part by part while it is made. An error in it breaks the connection off, so that nobody
    /// takes a beginning for all.
    Parts(mpsc::Receiver<Result<Bytes, Fault>>),
}

impl<B: Into<Bytes>> From<B> for Body {
    fn from(bytes: B) -> Body {
        Body::Whole(bytes.into())
    }
}

/// The reply as warp sends it.
pub fn into_warp(response: Response) -> warp::reply::Response {
    let (head, body) = response.into_parts();
    let body = match body {
        Body::Whole(bytes) => return http::Response::from_parts(head, bytes).into_response(),
        Body::Parts(mut parts) => {
            let parts = stream::poll_fn(move |context| parts.poll_recv(context));
            warp::reply::stream(parts).into_response().into_body()
        }
    };
    http::Response::from_parts(head, body)
}

/// What a page or an answer says of its data.
#[derive(Clone, Copy, Debug)]
pub struct Provenance {
    pub source: Source,
    pub revision: u64,
}

impl Request {
    /// A page that stays as it is until it is loaded again.
    pub fn page(&self, title: &str, main: impl FnOnce(&Context) -> Markup) -> Response {
        self.render(StatusCode::OK, title, None, main)
    }

    /// A page of data at a revision, kept live by its socket.
    pub fn live_page(
        &self,
        title: &str,
        data: Provenance,
        main: impl FnOnce(&Context) -> Markup,
    ) -> Response {
        self.render(StatusCode::OK, title, Some(data), main)
    }

    /// The same around what is already made, for many readers.
    pub fn shared_page(&self, title: &str, data: Provenance, main: &Main) -> Response {
        self.document(StatusCode::OK, title, Some(data), |_| main)
    }

    /// A page with any status.
    pub fn render(
        &self,
        status: StatusCode,
        title: &str,
        data: Option<Provenance>,
        main: impl FnOnce(&Context) -> Markup,
    ) -> Response {
        self.document(status, title, data, |context| Main::new(main(context)))
    }

    fn document<M: Borrow<Main>>(
        &self,
        status: StatusCode,
        title: &str,
        data: Option<Provenance>,
        main: impl FnOnce(&Context) -> M,
    ) -> Response {
        let here = self.here();
        let behind = !self.app.database_is_up();
        let flash = session::flash(&self.headers);
        let theme = session::theme(&self.headers);
        let mut context = Context {
            lang: self.lang,
            theme,
            user: self.user,
            here: &here,
            demo: self.app.accounts.is_none(),
            shown: self.shown.as_ref(),
            flash,
            live: data.map(|data| Live {
                history: self.app.board.position().history,
                revision: data.revision,
                mark: self.app.board.batch_of(data.revision).map(Mark::of),
            }),
            origin: None,
        };
        let main = main(&context);
        let main = main.borrow();
        // The history is part of it: after a restore the same revision is another page.
        let live = context.live.as_ref().map(|live| (&live.history, live.revision));
        // Forms carry the session's token, wherever they stand.
        let token = self.pass().and_then(|pass| pass.form_token.as_deref());
        let who = (self.user, token);
        let tag = tag(&(title, main.digest(), &here, who, (self.lang, theme), live, behind));
        let source = data.map_or(Source::None, |data| data.source);
        if status == StatusCode::OK && flash.is_none() && self.has(&tag) {
            return self.not_modified(&tag, source);
        }
        context.origin = data.map(|data| Origin {
            source: data.source,
            revision: data.revision,
            micros: micros(self.started.elapsed()),
            queries: self.meter.queries(),
            behind,
        });
        let document = page::layout::document(&context, title, main).into_string();
        let mut response = reply(status, "text/html; charset=utf-8", document);
        let headers = response.headers_mut();
        if flash.is_some() {
            headers.append(header::SET_COOKIE, session::forget_flash());
        } else if status == StatusCode::OK {
            headers.insert(header::ETAG, value(&tag));
        }
        self.note_source(&mut response, source);
        response
    }

    /// An answer of data at a revision.
    pub fn json(&self, source: Source, body: &impl Serialize) -> Response {
        let text = to_json(body);
        let tag = tag(&(text.as_str(), self.user));
        if self.has(&tag) {
            return self.not_modified(&tag, source);
        }
        let mut response = reply(StatusCode::OK, "application/json", text);
        response.headers_mut().insert(header::ETAG, value(&tag));
        self.note_source(&mut response, source);
        response
    }

    /// The answer to an accepted command. The cookie makes later requests of this client show at
    /// least its revision, on any server.
    pub fn done(&self, status: StatusCode, receipt: &Receipt, body: &impl Serialize) -> Response {
        let mut response = reply(status, "application/json", to_json(body));
        let headers = response.headers_mut();
        headers.insert("x-revision", value(&receipt.revision.to_string()));
        headers.append(header::SET_COOKIE, session::seen(&self.app, receipt.revision));
        self.note_source(&mut response, Source::None);
        response
    }

    /// Sends the browser on, with a word about what happened.
    pub fn redirect(&self, to: &str, flash: Option<Flash>, receipt: Option<&Receipt>) -> Response {
        let mut response = reply(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new());
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, value(to));
        if let Some(flash) = flash {
            headers.append(header::SET_COOKIE, session::remember_flash(flash));
        }
        if let Some(receipt) = receipt {
            headers.append(header::SET_COOKIE, session::seen(&self.app, receipt.revision));
        }
        response
    }

    /// The reply to something refused or failed.
    pub fn refused(&self, refused: &Refused) -> Response {
        let (status, code, title, detail, field, trace) = match refused {
            Refused::Refusal(refusal) => {
                let (status, code, title) = refusal.kind();
                let field = match refusal {
                    Refusal::InvalidField { field, .. } => Some(*field),
                    _ => None,
                };
                (status, code, title, refusal.detail(self.lang), field, None)
            }
            Refused::Fault(fault) => {
                self.log_fault(fault);
                let trace = self.trace.as_str();
                let (status, code, title, detail) = fault.kind();
                let keyed = self.headers.contains_key("idempotency-key");
                let detail = match code {
                    // With a key it is safe to send again; without one it might be done twice.
                    "outcome_unknown" if keyed => self.lang.text("error-outcome-unknown-keyed"),
                    "internal" => self.lang.format(detail, [("trace", trace.into())]),
                    _ => self.lang.text(detail),
                };
                (status, code, title, detail.into_owned().into(), None, Some(trace))
            }
        };
        let title = self.lang.text(title);
        let mut response = if self.is_api() || self.path == "/live" {
            let mut problem = json!({
                "type": "about:blank",
                "title": title,
                "status": status.as_u16(),
                "detail": detail,
                "code": code,
            });
            if let Some(field) = field {
                problem["field"] = field.into();
            }
            if let Some(trace) = trace {
                problem["trace"] = trace.into();
            }
            if let Refused::Refusal(Refusal::OrderChanged(order)) = refused {
                problem["order"] = editing::now(order, self.user);
            }
            if let Refused::Refusal(Refusal::ContractState { status, .. }) = refused {
                problem["contract_status"] = status.name().into();
            }
            reply(status, "application/problem+json", problem.to_string())
        } else {
            self.render(status, &title, None, |context| {
                page::error::main(context, status.as_u16(), &title, &detail, trace)
            })
        };
        if status == StatusCode::UNAUTHORIZED && self.app.accounts.is_some() {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        if let Refused::Refusal(refusal) = refused {
            self.say_when_to_retry(&mut response, refusal);
        }
        self.note_source(&mut response, Source::None);
        response
    }

    /// Says when the limit that was reached is none any more, and counts the refusal.
    pub fn say_when_to_retry(&self, response: &mut Response, refusal: &Refusal) {
        if let Refusal::Flood(reached) = refusal {
            self.app.flood.refusals.note(reached.kind);
            // Whole seconds, and never too few.
            let seconds = reached.retry_after.as_millis().div_ceil(1000).max(1);
            response.headers_mut().insert(header::RETRY_AFTER, value(&seconds.to_string()));
        }
    }

    /// Logs a fault, once, by the id that the user sees.
    pub fn log_fault(&self, fault: &Fault) {
        tracing::error!(
            trace = self.trace.as_str(),
            method = self.method.as_str(),
            path = self.path,
            took_ms = self.started.elapsed().as_millis() as u64,
            error = %fault,
            "a request failed"
        );
    }

    fn not_modified(&self, tag: &str, source: Source) -> Response {
        let mut response = http::Response::new(Body::from(Bytes::new()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(header::ETAG, value(tag));
        self.note_source(&mut response, source);
        response
    }

    fn has(&self, tag: &str) -> bool {
        // A proxy that compresses makes our tags weak: they are compared without the mark.
        let known = self.headers.get_all(header::IF_NONE_MATCH).into_iter();
        let mut known =
            known.filter_map(|header| header.to_str().ok()).flat_map(|text| text.split(','));
        known.any(|text| text.trim().trim_start_matches("W/") == tag)
    }

    fn note_source(&self, response: &mut Response, source: Source) {
        self.app.metrics.note_reply(source);
        let headers = response.headers_mut();
        headers.insert("x-cache", HeaderValue::from_static(source.name()));
        let total = micros(self.started.elapsed());
        let database = self.meter.micros();
        let timing = format!(
            "cache;desc=\"{}\", db;dur={};desc=\"{} queries\", render;dur={}",
            source.name(),
            millis(database),
            self.meter.queries(),
            millis(total.saturating_sub(database)),
        );
        headers.insert("server-timing", value(&timing));
    }
}

/// A reply with a body and nothing else.
pub fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = http::Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// What every reply says besides.
pub fn finish(response: &mut Response) {
    static ALWAYS: [(HeaderName, HeaderValue); 8] = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                 form-action 'self'; frame-ancestors 'none'",
            ),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            header::VARY,
            HeaderValue::from_static(
                "Cookie, Authorization, X-User-Type, X-User-Id, Accept-Language",
            ),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    let headers = response.headers_mut();
    headers.reserve(ALWAYS.len());
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}

/// Browsers that once came by https come by nothing else for a year.
pub fn insist_on_https(response: &mut Response) {
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
}

/// A tag of what a reply shows. Who asks is part of it: two people's pages never share one.
fn tag(shown: &(impl Hash + ?Sized)) -> String {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    assets_version().hash(&mut hasher);
    shown.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

fn assets_version() -> &'static str {
    super::assets::version()
}

fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("answers are plain data")
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("headers are made of our own words and numbers")
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

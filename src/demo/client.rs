//! A small JSON client for one server: plain HTTP, connections kept alive, and a limit on time and
//! size. It tries once; whether to try again is decided in `market`.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use tokio::time::timeout;

const CONNECT: Duration = Duration::from_secs(3);
/// Longer than a server lets its callers wait, so that the server's own answer comes first.
const REPLY: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(20);
const IDLE_CONNECTIONS: usize = 2048;
const REPLY_BYTES: usize = 4 << 20;
/// When a server says "later" without a number that can be read.
const LATER: Duration = Duration::from_secs(1);

/// Who is asking: the role's name and the person's number.
pub type Who<'a> = (&'a str, u32);

/// No usable answer; the same request may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("not a lawful request: {0}")]
    Malformed(#[from] http::Error),
    /// There is no connection, so nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke; whether the request was carried out is not known.
    #[error("{0}")]
    Lost(String),
    #[error("no answer within {} s", REPLY.as_secs())]
    TimedOut,
    #[error("the answer is not JSON")]
    NotJson,
    /// Status 429, or 503 with Retry-After: come back after `wait`.
    #[error("told to wait {} s ({code})", wait.as_secs())]
    Later { code: String, wait: Duration },
}

impl Failure {
    /// A word for the counters.
    pub fn kind(&self) -> &str {
        match self {
            Failure::Malformed(_) => "malformed",
            Failure::Unreachable(_) => "unreachable",
            Failure::Lost(_) => "connection_lost",
            Failure::TimedOut => "timed_out",
            Failure::NotJson => "not_json",
            Failure::Later { code, .. } => code,
        }
    }
}

/// One server. Cheap to share, safe to use from many tasks.
#[derive(Debug)]
pub struct Client {
    base: String,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// `base` is like `http://127.0.0.1:8080`, also with a path before all others. Errors are
    /// sentences for the person who wrote it.
    pub fn new(base: &str) -> Result<Client, String> {
        let base = base.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|error| format!("{base} is not a URL: {error}"))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none_or(str::is_empty) {
            return Err(format!("{base} does not begin with http:// and a host"));
        }
        if uri.query().is_some() {
            return Err(format!("{base} has a query; give the server's address only"));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Ok(Client { base: base.to_owned(), http })
    }

    /// The server's address, as given.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Status and JSON body (`Null` when an error has another kind of body).
    pub async fn get(&self, who: Who<'_>, path: &str) -> Result<(u16, Value), Failure> {
        let request = self.request(Method::GET, who, path).body(Full::default())?;
        self.send(request).await
    }

    /// Like [`Client::get`]; `key` makes it safe to send the same again.
    pub async fn post(
        &self,
        who: Who<'_>,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<(u16, Value), Failure> {
        let mut request =
            self.request(Method::POST, who, path).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request.body(Full::from(body.to_string()))?).await
    }

    fn request(&self, method: Method, (role, id): Who<'_>, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("X-User-Type", role)
            .header("X-User-Id", id)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(u16, Value), Failure> {
        let (head, body) =
            timeout(REPLY, self.exchange(request)).await.map_err(|_| Failure::TimedOut)??;
        let status = head.status.as_u16();
        let body = match serde_json::from_slice(&body) {
            Ok(body) => body,
            // A proxy's error page is HTML; its status says enough.
            Err(_) if body.is_empty() || !head.status.is_success() => Value::Null,
            Err(_) => return Err(Failure::NotJson),
        };
        match retry_after(&head.headers) {
            wait if status == 429 || (status == 503 && wait.is_some()) => {
                Err(Failure::Later { code: code(status, &body), wait: wait.unwrap_or(LATER) })
            }
            _ => Ok((status, body)),
        }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(http::response::Parts, Bytes), Failure> {
        let response = self.http.request(request).await.map_err(|error| {
            let cause = root_cause(&error);
            if error.is_connect() { Failure::Unreachable(cause) } else { Failure::Lost(cause) }
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, REPLY_BYTES)
            .collect()
            .await
            .map_err(|error| Failure::Lost(root_cause(&*error)))?;
        Ok((head, body.to_bytes()))
    }
}

/// The problem's code if it has one that is fit to print, else its status.
pub fn code(status: u16, body: &Value) -> String {
    match body["code"].as_str() {
        Some(code)
            if (1..=40).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
        {
            code.to_owned()
        }
        _ => format!("status_{status}"),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    Some(seconds.map_or(LATER, Duration::from_secs))
}

/// The innermost error is the one that says something, such as "connection refused".
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_plain_http_addresses_are_taken() {
        for base in ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:80/board"] {
            assert!(Client::new(base).is_ok(), "{base}");
        }
        for base in ["", "localhost:8080", "https://example.org", "http://", "/x", "http://a?b=c"] {
            assert!(Client::new(base).is_err(), "{base}");
        }
    }

    #[test]
    fn codes_are_short_words() {
        for (body, expected) in [
            (json!({"code": "order_not_open"}), "order_not_open"),
            (json!({"code": "\u{1b}[2J"}), "status_409"),
            (json!({"code": "x".repeat(41)}), "status_409"),
            (json!([]), "status_409"),
            (Value::Null, "status_409"),
        ] {
            assert_eq!(code(409, &body), expected);
        }
    }
}

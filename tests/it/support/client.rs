//! A program that uses the API: who it says it is, and what it is answered.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::{Value, json};

use super::Server;

/// Longer than any answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Connections to one server, kept between requests.
#[derive(Clone)]
pub struct Http(Pool<HttpConnector, Full<Bytes>>);

impl Default for Http {
    fn default() -> Http {
        let mut pool = Pool::builder(TokioExecutor::new());
        // Well before the server closes an idle connection: a request must not meet that.
        pool.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(2));
        Http(pool.build_http())
    }
}

#[derive(Clone)]
pub struct Client {
    http: Http,
    pub address: SocketAddr,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(super) fn new(http: Http, address: SocketAddr) -> Client {
        Client { http, address, headers: Vec::new() }
    }

    /// Somebody who asks at an address where no server of ours is.
    pub fn at_address(address: SocketAddr) -> Client {
        Client::new(Http::default(), address)
    }

    /// The same client with one more header, or another value for it.
    pub fn with(&self, name: &str, value: &str) -> Client {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same somebody at another server.
    pub fn at(&self, server: &Server) -> Client {
        self.through(&server.nobody())
    }

    /// The same somebody at another client's server.
    pub fn through(&self, other: &Client) -> Client {
        Client { headers: self.headers.clone(), ..other.clone() }
    }

    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, "", Bytes::new()).await
    }

    pub async fn try_get(&self, path: &str) -> Result<Reply, String> {
        self.try_send(Method::GET, path, "", Bytes::new()).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, "application/json", body.to_string()).await
    }

    pub async fn try_post(&self, path: &str, body: Value) -> Result<Reply, String> {
        self.try_send(Method::POST, path, "application/json", body.to_string()).await
    }

    /// Posts a form, as browsers do.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let form = serde_urlencoded::to_string(fields).expect("a form");
        self.send(Method::POST, path, "application/x-www-form-urlencoded", form).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Reply {
        let reply = self.try_send(method.clone(), path, content_type, body).await;
        reply.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<Reply, String> {
        let mut request =
            Request::builder().method(&method).uri(format!("http://{}{path}", self.address));
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body.into())).expect("a lawful request");
        let exchange = async {
            let response =
                self.http.0.request(request).await.map_err(|error| format!("{error:?}"))?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
            let what = format!("{method} {path}");
            Ok(Reply { what, status: parts.status.as_u16(), headers: parts.headers, body })
        };
        tokio::time::timeout(LIMIT, exchange).await.unwrap_or(Err("no answer in time".to_owned()))
    }

    /// Asks for something that is read bit by bit.
    pub async fn open(&self, path: &str) -> Incoming {
        let mut request = Request::get(format!("http://{}{path}", self.address));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::new())).expect("a lawful request");
        let response = self.http.0.request(request).await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.into_body()
    }

    /// Places an order that must be accepted; gives it back.
    pub async fn place(&self, description: &str, price: &str, currency: &str) -> Value {
        let body = order(description, price, currency);
        self.post("/api/orders", body).await.expect(201).json()["order"].clone()
    }

    pub async fn accept(&self, order: u64) -> Reply {
        self.post(&format!("/api/orders/{order}/accept"), json!({})).await
    }

    pub async fn edit(&self, order: u64, changes: Value) -> Reply {
        self.post(&format!("/api/orders/{order}/edit"), changes).await
    }

    pub async fn remove(&self, order: u64, reason: &str) -> Reply {
        self.post(&format!("/api/orders/{order}/remove"), json!({"reason": reason})).await
    }

    pub async fn renew(&self, order: u64) -> Reply {
        self.post(&format!("/api/orders/{order}/renew"), json!({})).await
    }

    pub async fn deliver(&self, contract: u64) -> Reply {
        self.act(contract, "deliver", json!({})).await
    }

    pub async fn complete(&self, contract: u64) -> Reply {
        self.act(contract, "complete", json!({})).await
    }

    pub async fn give_up(&self, contract: u64) -> Reply {
        self.act(contract, "give-up", json!({})).await
    }

    pub async fn dispute(&self, contract: u64, reason: &str) -> Reply {
        self.act(contract, "dispute", json!({"reason": reason})).await
    }

    pub async fn rule(&self, contract: u64, outcome: &str, reason: &str) -> Reply {
        self.act(contract, "rule", json!({"outcome": outcome, "reason": reason})).await
    }

    pub async fn note(&self, contract: u64, text: &str) -> Reply {
        self.act(contract, "notes", json!({"text": text})).await
    }

    async fn act(&self, contract: u64, act: &str, body: Value) -> Reply {
        self.post(&format!("/api/contracts/{contract}/{act}"), body).await
    }

    pub async fn withdraw(&self, order: u64) -> Reply {
        self.post(&format!("/api/orders/{order}/withdraw"), json!({})).await
    }
}

/// The body that places an order.
pub fn order(description: &str, price: &str, currency: &str) -> Value {
    json!({"description": description, "price": price, "currency": currency})
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// Demands a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        self
    }

    /// Demands a refusal with this code, in the shape of RFC 9457.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Reply {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.what);
        let problem = reply.json();
        assert_eq!(problem["code"], code, "{}: {problem}", reply.what);
        assert_eq!(problem["status"], status, "{}: {problem}", reply.what);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        reply
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// Where the data came from, as the reply says.
    pub fn source(&self) -> &str {
        self.header("x-cache")
    }

    /// How many queries it took, as the reply says.
    #[track_caller]
    pub fn queries(&self) -> u32 {
        let timing = self.header("server-timing");
        let (before, _) = timing.split_once(" queries").unwrap_or_else(|| panic!("{timing:?}"));
        let (_, count) = before.rsplit_once('"').expect("a description in quotes");
        count.parse().expect("a number")
    }
}

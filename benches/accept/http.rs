//! The whole way: a real server, asked by HTTP over kept connections, one a client.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use uuid::Uuid;

use super::contest::{Contestant, Times, Work, closed_loop};
use super::stage::Stage;

pub struct Http {
    stage: Stage,
    server: Child,
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Http {
    pub async fn new() -> Http {
        let stage = Stage::new("http").await;
        let mut server = Command::new(env!("CARGO_BIN_EXE_orderboard"))
            .arg("serve")
            .env("LISTEN", "127.0.0.1:0")
            .env("MAX_REQUESTS_PER_SECOND", "0")
            .env("MAX_QUERIES_TO_MYSQL", "0")
            .env("MAX_ORDERS_PER_DAY", "0")
            .env("MAX_ACCEPTS_PER_MINUTE", "0")
            .env("MAX_CHANGES_PER_MINUTE", "0")
            .env("MAX_ACTIVE_CONTRACTS", "0")
            .env("DATABASE_URL", &stage.interactions_url)
            .env("USERS_DATABASE_URL", &stage.users_url)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdout = server.stdout.take().expect("its output");
        let line = BufReader::new(stdout).lines().map_while(Result::ok);
        let line = line.into_iter().find(|line| line.contains("listening on"));
        let url =
            line.and_then(|line| Some(line.rsplit_once(' ')?.1.to_owned())).expect("an address");
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(2))
            .build(connector);
        Http { stage, server, url, client }
    }

    async fn accept(&self, executor: u32) {
        let order = self.stage.next_order();
        let request = http::Request::post(format!("{}/api/orders/{order}/accept", self.url))
            .header("x-user-type", "executor")
            .header("x-user-id", executor)
            .header("idempotency-key", Uuid::new_v4().to_string())
            .body(Full::default())
            .expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        assert_eq!(response.status(), 201);
        response.into_body().collect().await.expect("a body");
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Contestant for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn run<'a>(&'a self, clients: usize, stop: Arc<AtomicBool>, times: &'a Times) -> Work<'a> {
        closed_loop(clients, stop, times, async |person| self.accept(person).await)
    }
}

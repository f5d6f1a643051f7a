//! Our server, with everything: orders are placed through the API, and watchers get the rows.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use orderboard::database;
use serde_json::{Value, json};
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Executor, Row};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::contestant::Contestant;
use super::watchers::MARK;

/// Two databases, dropped in the end.
pub struct Databases {
    maker: String,
    name: String,
}

impl Databases {
    pub async fn new() -> Databases {
        let maker = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
        let name = format!("t_feed_{:08x}", fastrand::u32(..));
        let databases = Databases { maker, name };
        databases.on_both("CREATE DATABASE").await;
        databases
    }

    async fn on_both(&self, verb: &str) {
        let options = database::options(&self.maker).expect("DATABASE_URL");
        let mut connection = options.connect().await.expect("the database answers");
        for part in ["interactions", "users"] {
            let sql = format!("{verb} {}_{part}", self.name);
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.expect(verb);
        }
    }

    /// The program with one of its commands.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderboard"));
        command.arg(name).env("DATABASE_URL", self.url("interactions"));
        command.env("USERS_DATABASE_URL", self.url("users"));
        command
    }

    /// The revision that the statistics have counted.
    pub async fn counted(&self) -> u64 {
        let rows = self.ask("users", "SELECT revision FROM positions").await;
        rows.first().map_or(0, |row| row.get(0))
    }

    /// Rows of orders, contracts and the journal.
    pub async fn rows(&self) -> u64 {
        let rows =
            self.ask("interactions", "SELECT orders + contracts + revision FROM board").await;
        rows[0].get(0)
    }

    /// Tables of both, with rows and bytes, indexes included; as the database estimates them.
    pub async fn sizes(&self) -> Vec<(String, u64, u64)> {
        let mut sizes = Vec::new();
        for (part, tables) in [
            ("interactions", "orders, contracts, journal, requests"),
            ("users", "customers, executors"),
        ] {
            self.ask(part, &format!("ANALYZE TABLE {tables}")).await;
            let sizes_of = "SELECT table_name, table_rows, data_length + index_length \
                            FROM information_schema.tables WHERE table_schema = DATABASE() \
                            AND table_rows > 100";
            let rows = self.ask(part, sizes_of).await;
            sizes.extend(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))));
        }
        sizes
    }

    async fn ask(&self, part: &str, sql: &str) -> Vec<MySqlRow> {
        let options = database::options(&self.url(part)).expect("a URL");
        let mut connection = options.connect().await.expect("the database answers");
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
        rows.expect("rows")
    }

    fn url(&self, part: &str) -> String {
        let (server, _) = self.maker.rsplit_once('/').expect("a database in the URL");
        format!("{server}/{}_{part}", self.name)
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            let dropping = scope.spawn(|| {
                let runtime = tokio::runtime::Runtime::new().expect("a runtime");
                runtime.block_on(self.on_both("DROP DATABASE"));
            });
            let _ = dropping.join();
        });
    }
}

/// A server of ours; it dies with this.
pub struct Ours {
    process: Option<Child>,
    pub address: String,
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.end();
    }
}

impl Ours {
    pub fn start(databases: &Databases, listen: &str) -> Ours {
        Ours::start_with(databases, listen, &[])
    }

    /// The same with other settings than those of this process.
    pub fn start_with(databases: &Databases, listen: &str, settings: &[(&str, &str)]) -> Ours {
        let mut server = databases
            .command("serve")
            .env("LISTEN", listen)
            .env("MAX_REQUESTS_PER_SECOND", "0")
            .env("MAX_QUERIES_TO_MYSQL", "0")
            .env("MAX_ORDERS_PER_DAY", "0")
            .env("MAX_ACCEPTS_PER_MINUTE", "0")
            .env("MAX_CHANGES_PER_MINUTE", "0")
            .env("MAX_ACTIVE_CONTRACTS", "0")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let (_, address) = line.trim().rsplit_once("http://").expect("an address");
        Ours { process: Some(server), address: address.to_owned() }
    }

    pub fn process(&self) -> &Child {
        self.process.as_ref().expect("it runs")
    }

    pub fn api(&self) -> Api {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Api { http, address: self.address.clone() }
    }

    /// Without a word to anybody.
    pub fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A program that uses a server's API.
#[derive(Clone)]
pub struct Api {
    http: Client<HttpConnector, Full<Bytes>>,
    address: String,
}

impl Api {
    /// What is answered, of whatever status.
    pub async fn act(&self, role: &str, id: u32, path: &str, body: Value) -> Value {
        let request = http::Request::post(format!("http://{}{path}", self.address));
        let body = Full::from(body.to_string());
        self.ask(request.header("content-type", "application/json"), role, id, body).await
    }

    /// Places an order that must be accepted; gives its id.
    pub async fn place(&self, description: &str) -> u64 {
        let reply = self.act("customer", 1, "/api/orders", order(description)).await;
        reply["order"]["id"].as_u64().expect("an id")
    }

    /// The revision of the board, and the ids of all open orders, of which there may be few.
    pub async fn board(&self) -> (u64, Vec<u64>) {
        let (mut before, mut ids) = (u64::from(u32::MAX), Vec::new());
        loop {
            let page = self.page(before).await;
            let orders = page["orders"].as_array().expect("orders").iter();
            ids.extend(orders.map(|order| order["id"].as_u64().expect("an id")));
            match ids.last() {
                Some(last) if *last < before => before = *last,
                _ => return (page["revision"].as_u64().expect("a revision"), ids),
            }
        }
    }

    pub async fn revision(&self) -> u64 {
        self.page(u64::from(u32::MAX)).await["revision"].as_u64().expect("a revision")
    }

    pub async fn history(&self) -> String {
        self.page(u64::from(u32::MAX)).await["history"].as_str().expect("a history").to_owned()
    }

    async fn page(&self, before: u64) -> Value {
        let url = format!("http://{}/api/board?before={before}&per_page=100", self.address);
        self.ask(http::Request::get(url), "executor", 9, Full::default()).await
    }

    async fn ask(
        &self,
        request: http::request::Builder,
        role: &str,
        id: u32,
        body: Full<Bytes>,
    ) -> Value {
        let request = request.header("x-user-type", role).header("x-user-id", id.to_string());
        let request = request.body(body).expect("a request");
        let response = self.http.request(request).await.expect("an answer");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }
}

/// The body that places an order.
pub fn order(description: &str) -> Value {
    json!({"description": description, "price": "100.00", "currency": "RUB"})
}

impl Contestant {
    pub async fn ours() -> Contestant {
        let databases = Databases::new().await;
        let mut ours = Ours::start(&databases, "127.0.0.1:0");
        let (api, address) = (ours.api(), ours.address.clone());

        let mut request = format!("ws://{address}/live").into_client_request().expect("a URL");
        request.headers_mut().insert("x-user-type", "executor".parse().expect("a header"));
        request.headers_mut().insert("x-user-id", "9".parse().expect("a header"));
        let stream = tokio::net::TcpStream::connect(&address).await.expect("it listens");
        let (mut socket, _) =
            tokio_tungstenite::client_async(request, stream).await.expect("a socket");
        publish(&api, 0).await;
        let message = loop {
            let message = socket.next().await.expect("a message").expect("a message");
            if message.to_text().is_ok_and(|text| text.contains(MARK)) {
                break message.to_text().expect("text").to_owned();
            }
        };
        let publish = Box::new(move |number| {
            let api = api.clone();
            Box::pin(async move { publish(&api, number).await }) as _
        });
        let server = ours.process.take().expect("it runs");
        let path = "/live".to_owned();
        let _keep = Some(databases);
        Contestant { name: "orderboard", server, address, path, message, publish, _keep }
    }
}

async fn publish(api: &Api, number: u32) {
    api.place(&format!("{MARK}{number} Paint the fence of house 12")).await;
}

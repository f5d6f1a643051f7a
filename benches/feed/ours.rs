//! Our server, with everything: orders are placed through the API, and watchers get the rows.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use orderboard::database;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::contestant::Contestant;
use super::watchers::MARK;

/// Two databases, dropped in the end.
pub struct Databases {
    maker: String,
    name: String,
}

impl Databases {
    async fn new() -> Databases {
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

impl Contestant {
    pub async fn ours() -> Contestant {
        let databases = Databases::new().await;
        let mut server = Command::new(env!("CARGO_BIN_EXE_orderboard"))
            .arg("serve")
            .env("LISTEN", "127.0.0.1:0")
            .env("MAX_REQUESTS_PER_SECOND", "0")
            .env("MAX_QUERIES_TO_MYSQL", "0")
            .env("MAX_ORDERS_PER_DAY", "0")
            .env("MAX_ACCEPTS_PER_MINUTE", "0")
            .env("DATABASE_URL", databases.url("interactions"))
            .env("USERS_DATABASE_URL", databases.url("users"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let (_, address) = line.trim().rsplit_once("http://").expect("an address");
        let address = address.to_owned();
        let http: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();

        let mut request = format!("ws://{address}/live").into_client_request().expect("a URL");
        request.headers_mut().insert("x-user-type", "executor".parse().expect("a header"));
        request.headers_mut().insert("x-user-id", "9".parse().expect("a header"));
        let stream = tokio::net::TcpStream::connect(&address).await.expect("it listens");
        let (mut socket, _) =
            tokio_tungstenite::client_async(request, stream).await.expect("a socket");
        place(&http, &address, 0).await;
        let message = loop {
            let message = socket.next().await.expect("a message").expect("a message");
            if message.to_text().is_ok_and(|text| text.contains(MARK)) {
                break message.to_text().expect("text").to_owned();
            }
        };
        let publish = {
            let address = address.clone();
            Box::new(move |number| {
                let (http, address) = (http.clone(), address.clone());
                Box::pin(async move { place(&http, &address, number).await }) as _
            })
        };
        let path = "/live".to_owned();
        let _keep = Some(databases);
        Contestant { name: "orderboard", server, address, path, message, publish, _keep }
    }
}

async fn place(http: &Client<HttpConnector, Full<Bytes>>, address: &str, number: u32) {
    let body = format!(
        r#"{{"description":"{MARK}{number} Paint the fence of house 12","price":"100.00","currency":"RUB"}}"#
    );
    let request = http::Request::post(format!("http://{address}/api/orders"))
        .header("content-type", "application/json")
        .header("x-user-type", "customer")
        .header("x-user-id", "1")
        .body(Full::from(body))
        .expect("a request");
    let response = http.request(request).await.expect("an answer");
    assert_eq!(response.status(), 201);
    response.into_body().collect().await.expect("a body");
}

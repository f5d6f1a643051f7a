//! By which id a request is known: the same in its reply, on its page and in the log; and what the
//! log says, line by line.

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, Proxy, Reply, Server, World, eventually};

const HEADER: &str = "x-request-id";
const JSON: [(&str, &str); 2] = [("LOG_FORMAT", "json"), ("LOG_LEVEL", "info")];

/// The one id that a reply has.
#[track_caller]
fn id(reply: &Reply) -> String {
    let all: Vec<_> = reply.headers.get_all(HEADER).iter().collect();
    assert_eq!(all.len(), 1, "{reply:?}");
    reply.header(HEADER).to_owned()
}

fn is_new(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The lines of a log in JSON, each of which must be an object.
fn lines(server: &Server) -> Vec<Value> {
    let log = server.log();
    // What scripts wait for is on standard output.
    let lines = log.lines().filter(|line| !line.starts_with("orderboard is listening on "));
    let lines = lines.map(|line| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let time = value["timestamp"].as_str().unwrap_or_default();
        assert!(time.len() >= 20 && time.ends_with('Z'), "no time, by UTC: {line}");
        let level = value["level"].as_str().unwrap_or_default();
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&level), "{line}");
        assert!(value["message"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
        value
    });
    lines.collect()
}

/// The lines with this id.
async fn lines_of(server: &Server, id: &str) -> Vec<Value> {
    eventually("the log knows the id", || async {
        let lines = lines(server).into_iter().filter(|line| line["trace"] == id);
        Some(lines.collect::<Vec<_>>()).filter(|lines| !lines.is_empty())
    })
    .await
}

#[tokio::test]
async fn every_reply_names_its_request_as_the_proxy_did_and_nobody_else() {
    let world = World::new().await;
    let trusting = world.serve().await;
    let wary = world.serve_with(&[("TRUSTED_PROXIES", "none")]).await;
    for server in [&trusting, &wary] {
        let executor = server.executor(9);
        let page = executor.get("/orders").await.expect(200);
        let tagged = executor.with("if-none-match", page.header("etag"));
        let page = page.text();
        let asset = page.split('"').find(|part| part.starts_with("/assets/")).expect("an asset");
        let asked: [(&Client, Method, &str, u16); 14] = [
            (&executor, Method::GET, "/orders", 200),
            (&tagged, Method::GET, "/orders", 304),
            (&executor, Method::HEAD, "/orders", 200),
            (&executor, Method::GET, "/api/board", 200),
            (&executor, Method::POST, "/api/orders", 403),
            (&executor, Method::GET, "/api/orders/7", 404),
            (&executor, Method::POST, "/log-out", 404),
            (&executor, Method::DELETE, "/orders", 405),
            (&executor, Method::GET, "/live", 400),
            (&executor, Method::GET, "/nowhere", 404),
            (&executor, Method::GET, asset, 200),
            (&executor, Method::GET, "/healthz", 200),
            (&executor, Method::GET, "/readyz", 200),
            (&executor, Method::GET, "/metrics", 200),
        ];
        for (client, method, path, status) in asked {
            let send = |client: Client| {
                let method = method.clone();
                async move { client.send(method, path, "", "").await.expect(status) }
            };
            let (one, other) = (send(client.clone()).await, send(client.clone()).await);
            assert!(is_new(&id(&one)) && is_new(&id(&other)), "{path}: {one:?}");
            assert_ne!(id(&one), id(&other), "{path}");
            let said = "0Af7-some.Request_9";
            let named = id(&send(client.with(HEADER, said)).await);
            let is_trusted = server.address == trusting.address;
            assert!(if is_trusted { named == said } else { is_new(&named) }, "{path}: {named}");
            for unlawful in ["no good", "a\"b", &"x".repeat(65)] {
                let named = id(&send(client.with(HEADER, unlawful)).await);
                assert!(is_new(&named), "{path}: {named}");
            }
        }
    }
    world.audit().await;
}

#[tokio::test]
async fn what_no_client_of_ours_would_ask_has_an_id_too() {
    let world = World::new().await;
    let server = world.serve().await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-User-Type: executor\r\n\
                   X-User-Id: 9\r\n";
    for (line, headers, status) in [
        ("GET /live HTTP/1.1", upgrade, "101"),
        ("CONNECT board.example:443 HTTP/1.1", "", "4"),
        ("OPTIONS * HTTP/1.1", "", "4"),
        ("BREW /orders HTTP/1.1", "", "4"),
        ("GET /orders HTTP/1.0", "", "4"),
        ("GET /%ff%00/..%2f HTTP/1.1", "", "4"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        let host = server.address;
        let request = format!("{line}\r\nHost: {host}\r\n{headers}X-Request-Id: odd-1\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            assert!(stream.read_buf(&mut bytes).await.expect("an answer") > 0, "{line}");
        }
        let head = String::from_utf8_lossy(&bytes).to_lowercase();
        let (_, said) = head.split_once(' ').expect("a status");
        assert!(said.starts_with(status), "{line}: {head}");
        assert_eq!(head.matches("\r\nx-request-id: odd-1\r\n").count(), 1, "{line}: {head}");
    }
    world.audit().await;
}

#[tokio::test]
async fn a_fault_is_shown_and_logged_by_the_id_of_its_request() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let more = [("DATABASE_URL", database_url.as_str()), ("AUDIT_EVERY_SECONDS", "1")];
    let settings = [&JSON[..], &more].concat();
    let server = world.serve_with(&settings).await;
    let secret = "A text that is nobody's business";
    server.customer(1).place(secret, "10.00", "RUB").await;
    proxy.shut();
    let executor = server.executor(9);
    let asked = executor.with(HEADER, "fault-api.1").get("/api/orders/1?q=private").await;
    let problem = asked.refused(503, "database_unavailable");
    assert_eq!(id(&problem), "fault-api.1");
    assert_eq!(problem.json()["trace"], "fault-api.1");
    let page = executor.with(HEADER, "fault-page.1").get("/orders/1?q=private").await.expect(503);
    assert_eq!(id(&page), "fault-page.1");
    assert!(page.text().contains("<code>fault-page.1</code>"), "{}", page.text());
    // One that nobody named is named alike everywhere.
    let order = json!({"description": secret, "price": "1.00", "currency": "RUB"});
    let write = server.customer(1).post("/api/orders", order).await;
    let write = write.refused(503, "database_unavailable");
    assert_eq!(write.json()["trace"], id(&write));
    for (id, method, path) in [
        ("fault-api.1", "GET", "/api/orders/1"),
        ("fault-page.1", "GET", "/orders/1"),
        (&id(&write), "POST", "/api/orders"),
    ] {
        let [line] = &lines_of(&server, id).await[..] else { panic!("one line of {id}") };
        assert_eq!((&line["level"], &line["path"]), (&json!("ERROR"), &json!(path)), "{line}");
        assert_eq!(line["method"], method, "{line}");
        assert!(line["took_ms"].is_u64() && line["error"].is_string(), "{line}");
    }
    // The parts that stand in the background say so once, however often they try.
    let told = |what: &str| {
        lines(&server).iter().filter(|line| line["message"].as_str() == Some(what)).count()
    };
    let parts = [
        ("the board cannot follow the journal", "the board follows the journal again"),
        ("statistics cannot be counted for now", "statistics are counted again"),
        ("writing batches fails for now", "writing batches works again"),
        (
            "looking at what the last audit said fails for now",
            "looking at what the last audit said works again",
        ),
    ];
    for (begun, _) in parts {
        eventually(begun, || async { (told(begun) > 0).then_some(()) }).await;
    }
    proxy.open();
    eventually("orders are placed again", || async {
        let order = json!({"description": secret, "price": "1.00", "currency": "RUB"});
        (server.customer(1).post("/api/orders", order).await.status == 201).then_some(())
    })
    .await;
    for (begun, over) in parts {
        eventually(over, || async { (told(over) > 0).then_some(()) }).await;
        assert_eq!((told(begun), told(over)), (1, 1), "{}", server.log());
    }
    assert!(!server.log().contains("private") && !server.log().contains(secret));
    world.audit().await;
}

#[tokio::test]
async fn a_slow_request_is_told_and_at_debug_each_one() {
    let world = World::new().await;
    let quiet = world.serve_with(&JSON).await;
    let chatty = world.serve_with(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "debug")]).await;
    let silent = world.serve_with(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "error")]).await;
    for server in [&quiet, &chatty, &silent] {
        // Nobody gets there, and so it waits as long as one may.
        let late = server.executor(9).with("x-revision", "99").with(HEADER, "slow");
        let quick = server.executor(9).with(HEADER, "quick");
        let quick = async { quick.get("/api/board?page=private").await.expect(200) };
        let (_, reply) = tokio::join!(late.get("/api/board?page=private"), quick);
        assert_eq!(id(&reply), "quick");
    }
    let [line] = &lines_of(&quiet, "slow").await[..] else { panic!("one line") };
    assert_eq!((&line["level"], &line["status"]), (&json!("WARN"), &json!(200)), "{line}");
    assert!(line["took_ms"].as_u64().is_some_and(|took_ms| took_ms > 1000), "{line}");
    assert_eq!(line["path"], "/api/board", "{line}");
    let [line] = &lines_of(&chatty, "quick").await[..] else { panic!("one line") };
    let found = [&line["level"], &line["method"], &line["path"], &line["status"]];
    assert_eq!(found, [&json!("DEBUG"), &json!("GET"), &json!("/api/board"), &json!(200)]);
    assert!(lines(&quiet).iter().all(|line| line["trace"] != "quick"));
    assert_eq!(lines(&silent).len(), 0, "{}", silent.log());
    for server in [&quiet, &chatty, &silent] {
        assert!(!server.log().contains("private"), "{}", server.log());
    }
    world.audit().await;
}

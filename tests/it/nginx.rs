//! `nginx.conf`, as it stands, in front of servers and of stubs: what it keeps out, what it lets
//! through and as what, and that nobody notices when servers are restarted one after the other.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Method;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{
    Client, Door, Format, PATIENCE, Reply, Server, Stub, Watcher, World, eventually, free_port,
    read_board, short_or_long,
};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn who_asks_and_from_where_is_said_by_nginx_alone() {
    let stubs = [Stub::start().await, Stub::start().await];
    let Some(door) = Door::before([stubs[0].address, stubs[1].address]).await else { return };
    let liar = door
        .nobody()
        .with("x-user-type", "admin")
        .with("x-user-id", "7")
        .with("x_user_type", "admin")
        .with("x-forwarded-for", "203.0.113.9")
        .with("x-forwarded-proto", "http")
        .with("x-forwarded-host", "evil.example")
        .with("x-real-ip", "203.0.113.9")
        .with("forwarded", "for=203.0.113.9")
        .with("cookie", "kept=yes");
    for path in ["/api/board", "/live"] {
        liar.get(path).await.expect(200);
    }
    liar.with("idempotency-key", "one").post("/api/orders", json!({})).await.expect(200);
    let asked: Vec<String> = stubs.iter().flat_map(Stub::asked).collect();
    assert_eq!(asked.len(), 3);
    for head in asked {
        for word in ["user-type", "user-id", "user_type", "203.0.113.9", "evil", "proto: http\r"] {
            assert!(!head.contains(word), "{word} in {head}");
        }
        for line in ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: https", "cookie: kept=yes"] {
            assert!(head.lines().any(|found| found == line), "no {line} in {head}");
        }
    }
    // What is the operator's.
    door.nobody().get("/metrics").await.expect(404);
    assert!(stubs.iter().all(|stub| stub.asked().is_empty()));
}

#[tokio::test]
async fn nginx_names_each_request_and_the_log_the_answer_and_the_server_know_it_by_that() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let Some(door) = Door::before([one.address, other.address]).await else { return };
    // What a client says is worth nothing here.
    let client = door.nobody().with("x-request-id", "mine");
    let mut ids = Vec::new();
    for (path, status) in [("/", 200), ("/api/board?secret=7", 401), ("/readyz", 404)] {
        let reply = client.get(path).await.expect(status);
        let line = door.access(named(&reply)).await;
        let path = path.split('?').next().expect("a path");
        assert!(line.contains(&format!("\"GET {path} HTTP/1.1\" {status} ")), "{line}");
        assert!(!line.contains("secret") && !line.contains("mine"), "{line}");
        // What nginx answers by itself took no server any time.
        let by_app = path != "/readyz";
        assert_eq!(line.contains(&format!("app_status={status} app_took=0.")), by_app, "{line}");
        ids.push(named(&reply).to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let plain = Client::at_address(([127, 0, 0, 1], door.plain).into());
    named(&plain.get("/orders").await.expect(307));
    world.audit().await;

    let stubs = [Stub::start().await, Stub::start().await];
    let Some(door) = Door::before([stubs[0].address, stubs[1].address]).await else { return };
    for client in [door.nobody(), door.nobody().with("idempotency-key", "k")] {
        let client = client.with("x-request-id", "mine").with("x_request_id", "mine");
        let reply = client.post("/api/orders", json!({})).await.expect(200);
        let asked: Vec<String> = stubs.iter().flat_map(Stub::asked).collect();
        let said = format!("x-request-id: {}", named(&reply));
        assert!(asked.iter().all(|head| head.lines().any(|line| line == said)), "{asked:?}");
        assert!(!asked.iter().any(|head| head.contains("mine")), "{asked:?}");
    }
}

/// The one id that a reply through nginx has.
#[track_caller]
fn named(reply: &Reply) -> &str {
    let all: Vec<_> = reply.headers.get_all("x-request-id").iter().collect();
    let [id] = &all[..] else { panic!("{reply:?}") };
    let id = id.to_str().expect("ASCII");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    id
}

#[tokio::test]
async fn only_a_websocket_at_live_is_upgraded() {
    let stubs = [Stub::start().await, Stub::start().await];
    let Some(door) = Door::before([stubs[0].address, stubs[1].address]).await else { return };
    for (path, protocol, passed) in [
        ("/live?since=1", "websocket", true),
        ("/live", "WebSocket", true),
        ("/live", "h2c", false),
        ("/live/", "websocket", false),
        ("/", "websocket", false),
        ("/api/board", "h2c", false),
        ("/orders", "websocket, h2c", false),
    ] {
        // No client of ours would say such things.
        let mut stream = TcpStream::connect(door.nobody().address).await.expect("a connection");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n\
             Upgrade: {protocol}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
        let asked: Vec<String> = stubs.iter().flat_map(Stub::asked).collect();
        let [head] = &asked[..] else { panic!("{asked:?}") };
        let is_passed = head.lines().any(|line| line == "upgrade: websocket");
        assert_eq!(is_passed, passed, "{path} {protocol}: {head}");
        assert_eq!(head.contains("upgrade"), passed, "{path} {protocol}: {head}");
    }
}

#[tokio::test]
async fn connections_to_servers_are_kept_and_only_what_is_safe_is_sent_twice() {
    let stubs = [Stub::start().await, Stub::start().await];
    let Some(door) = Door::before([stubs[0].address, stubs[1].address]).await else { return };
    for _ in 0..40 {
        door.nobody().get("/api/board").await.expect(200);
    }
    let connections: u32 = stubs.iter().map(Stub::connections).sum();
    // Each of nginx's processes has its own.
    assert!(connections <= 2 * 2 * 4, "{connections} connections for 40 requests");
    stubs.iter().for_each(|stub| drop(stub.asked()));

    stubs[0].hang_up();
    for (name, client, method, is_safe) in [
        ("a GET", door.nobody(), Method::GET, true),
        ("a keyed POST", door.nobody().with("idempotency-key", "k"), Method::POST, true),
        ("a POST", door.nobody(), Method::POST, false),
    ] {
        // Sooner or later it is the first one's turn; who hung up is left out for 2 s.
        eventually("the one that hangs up is asked", || async {
            let reply = client.send(method.clone(), "/api/orders", "text/plain", "body").await;
            let (first, second) = (stubs[0].asked(), stubs[1].asked());
            if first.is_empty() {
                return None;
            }
            assert_eq!(first.len(), 1, "{name}");
            assert_eq!(second.len(), usize::from(is_safe), "{name} is sent again");
            if is_safe {
                reply.expect(200);
            } else {
                let refused = reply.refused(503, "outcome_unknown");
                assert_eq!(refused.header("retry-after"), "2");
            }
            Some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_table_goes_through_as_it_is_made() {
    let stubs = [Stub::start().await, Stub::start().await];
    let Some(door) = Door::before([stubs[0].address, stubs[1].address]).await else { return };
    for encoding in ["identity", "gzip"] {
        let mut body = door.nobody().with("accept-encoding", encoding).open("/table").await;
        let first = timeout(PATIENCE, body.frame()).await.expect("the first part in time");
        let first = first.and_then(Result::ok).and_then(|part| part.into_data().ok());
        let first = first.expect("a part");
        // Nothing more is made before somebody has read that.
        let asked = stubs.iter().find(|stub| !stub.asked().is_empty());
        asked.expect("one of them was asked").go_on();
        let rest = body.collect().await.expect("the rest").to_bytes();
        assert!(!first.is_empty() && !rest.is_empty());
        if encoding == "identity" {
            assert_eq!((&first[..], &rest[..]), (&b"first\n"[..], &b"second\n"[..]));
        }
    }
}

#[tokio::test]
async fn what_nginx_refuses_is_said_as_the_api_says_it() {
    let nowhere = || ([127, 0, 0, 1], free_port()).into();
    let Some(door) = Door::before([nowhere(), nowhere()]).await else { return };
    let client = door.nobody();
    let api = client.get("/api/board").await.refused(503, "overloaded");
    assert_eq!(api.json()["trace"], named(&api));
    door.access(named(&api)).await;
    let page = client.get("/orders").await.expect(503);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    assert!(page.text().contains(&format!("<code>{}</code>", named(&page))), "{}", page.text());
    assert_eq!(page.header("retry-after"), "2");
    let keyed = client.with("idempotency-key", "k");
    let api = keyed.post("/api/orders", json!({})).await.refused(503, "outcome_unknown");
    assert_eq!((api.header("retry-after"), &api.json()["trace"]), ("2", &json!(named(&api))));
    let long = Bytes::from(vec![b'x'; 300 * 1024]);
    let api = client.send(Method::POST, "/api/orders", "application/json", long.clone()).await;
    api.refused(413, "too_large");
    let api = keyed.send(Method::POST, "/api/orders", "application/json", long.clone()).await;
    api.refused(413, "too_large");
    let page = client.send(Method::POST, "/orders", FORM, long).await.expect(413);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
}

#[tokio::test]
async fn far_too_many_requests_of_one_address_go_no_further_than_nginx() {
    let stubs = [Stub::start().await, Stub::start().await];
    let Some(door) = Door::before([stubs[0].address, stubs[1].address]).await else { return };
    let client = door.nobody();
    let mut replies: Vec<Reply> = Vec::new();
    // As many at once as there may be; a slow machine takes some more.
    for _ in 0..50 {
        replies.extend(join_all((0..100).map(|_| client.get("/api/board"))).await);
        if replies.iter().any(|reply| reply.status == 429) {
            break;
        }
    }
    let refused = replies.into_iter().find(|reply| reply.status == 429).expect("one is refused");
    refused.refused(429, "flood");
}

#[tokio::test]
async fn pages_and_the_api_go_compressed_over_http_2_and_new_tls_only() {
    let world = World::new().await;
    let settings = [("ALLOWED_ORIGINS", "https://board.example")];
    let one = world.serve_with(&settings).await;
    let other = world.serve_with(&settings).await;
    let Some(door) = Door::before([one.address, other.address]).await else { return };
    for n in 0..20 {
        one.customer(1).place(&format!("Order {n}"), "10.00", "RUB").await;
    }
    let cookie = door.user("executor", 9).await;
    let (_, cookie) = cookie.headers().iter().find(|(name, _)| name == "cookie").expect("one");
    let cookie = format!("cookie: {cookie}");
    for path in ["/orders", "/api/board"] {
        let said = door.curl(&["--http2", "--compressed", "-H", &cookie], path).await;
        let (head, body) = said.split_once("\r\n\r\n").expect("a head and a body");
        for line in [
            "HTTP/2 200",
            "content-encoding: gzip",
            "strict-transport-security: max-age=63072000",
            "x-content-type-options: nosniff",
        ] {
            assert!(head.lines().any(|found| found.trim() == line), "no {line:?} in {head}");
        }
        assert!(!head.contains("nginx/"), "its version is nobody's business: {head}");
        assert!(body.contains("Order 19"), "{body}");
        // The tag is a weak one now, and still known.
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").trim();
        assert!(tag.starts_with("W/"), "{tag}");
        let tag = format!("if-none-match: {tag}");
        let again = door.curl(&["--http2", "--compressed", "-H", &cookie, "-H", &tag], path).await;
        assert!(again.starts_with("HTTP/2 304"), "{again}");
    }
    // Assets may be kept for ever, and are compressed, too.
    let page = door.nobody().get("/").await.expect(200).text();
    let (_, rest) = page.split_once("/assets/app.css?v=").expect("a style sheet");
    let asset = format!("/assets/app.css?v={}", &rest[..16]);
    let said = door.curl(&["--http2", "--compressed"], &asset).await;
    for line in ["cache-control: public, max-age=31536000, immutable", "content-encoding: gzip"] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }

    for (options, goes) in [
        (&["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"][..], false),
        (&["--tlsv1.2", "--tls-max", "1.2"], true),
        (&["--tlsv1.3"], true),
    ] {
        let said = door.curl(options, "/healthz").await;
        assert_eq!(said.starts_with("HTTP/2 200"), goes, "{options:?}: {said}");
    }
    // Without TLS one is only sent on. Of this machine's other programs no browser is to think that
    // they speak TLS.
    let plain = Client::at_address(([127, 0, 0, 1], door.plain).into());
    for (host, place) in [
        ("board.example", "board.example"),
        ("localhost:8080", "localhost:8443"),
        ("[::1]:8080", "[::1]:8443"),
    ] {
        let sent_on = plain.with("host", host).get("/orders?page=2").await.expect(307);
        assert_eq!(sent_on.header("location"), format!("https://{place}/orders?page=2"));
    }
    assert_eq!(door.nobody().get("/").await.header("strict-transport-security"), "");
    world.audit().await;
}

#[tokio::test]
async fn where_people_log_in_headers_say_nothing_and_browsers_are_told_once_to_stay() {
    let world = World::new().await;
    let settings = [("AUTH", "accounts"), ("ALLOWED_ORIGINS", "https://board.example")];
    let one = world.serve_with(&settings).await;
    let other = world.serve_with(&settings).await;
    let Some(door) = Door::before([one.address, other.address]).await else { return };
    let liar = ["--http2", "-H", "x-user-type: executor", "-H", "x-user-id: 9"];
    let said = door.curl(&liar, "/api/board").await;
    assert!(said.starts_with("HTTP/2 401"), "{said}");
    let told = said.lines().filter(|line| line.starts_with("strict-transport-security:"));
    assert_eq!(told.count(), 1, "{said}");
    world.audit().await;
}

#[tokio::test]
async fn one_address_has_one_limit_whatever_it_says_of_itself() {
    let world = World::new().await;
    let settings = [("MAX_REQUESTS_PER_SECOND", "10")];
    let one = world.serve_with(&settings).await;
    let other = world.serve_with(&settings).await;
    let Some(door) = Door::before([one.address, other.address]).await else { return };
    let asking = (0..100).map(|n| {
        let client = door.nobody().with("x-forwarded-for", &format!("203.0.113.{n}"));
        async move { client.get("/").await.status }
    });
    let statuses = join_all(asking).await;
    assert!(statuses.contains(&429), "{statuses:?}");
    // Nor is anybody who they say they are.
    let liar = door.nobody().with("x-user-type", "executor").with("x-user-id", "9");
    eventually("the limit is over", || async {
        let reply = liar.get("/api/board").await;
        (reply.status != 429).then(|| reply.refused(401, "unauthenticated"))
    })
    .await;
    world.audit().await;
}

#[tokio::test]
async fn an_order_placed_at_one_server_is_seen_on_sockets_of_both_by_tls() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let Some(door) = Door::before([one.address, other.address]).await else { return };
    let (customer, executor) = (door.user("customer", 1).await, door.user("executor", 9).await);
    customer.place("Order 1", "10.00", "RUB").await;
    // Three requests each, and so each server has its turn to get a socket.
    let mut watchers = Vec::new();
    for format in [Format::Json, Format::Html, Format::Json, Format::Html] {
        watchers.push(Watcher::of_board(&executor, format).await);
    }
    for server in [&one, &other] {
        eventually("a watcher", || async {
            (server.measure("feed_watchers").await > 0.0).then_some(())
        })
        .await;
    }
    for n in 2..=6 {
        customer.place(&format!("Order {n}"), "10.00", "RUB").await;
    }
    executor.accept(3).await.expect(201);
    let revision = world.revision().await;
    for watcher in &mut watchers {
        watcher.reach(revision).await;
        assert!(watcher.model.board.keys().eq(&[1, 2, 4, 5, 6]), "{}", watcher.model.brief());
        assert_eq!((watcher.connects, watcher.model.gaps, watcher.model.resyncs), (1, 0, 0));
    }
    // Tables come as they are made; nginx keeps nothing back.
    let direct = one.admin().get("/admin/orders.csv").await.expect(200);
    assert_eq!(direct.header("x-accel-buffering"), "no");
    let admin = door.user("admin", 1).await;
    let through = admin.get("/admin/orders.csv").await.expect(200);
    assert_eq!(through.header("x-accel-buffering"), "", "nginx heeded it");
    assert_eq!(through.text(), direct.text());
    world.audit().await;
}

#[tokio::test]
async fn a_socket_outlives_the_patience_with_requests() {
    if short_or_long(true, false) {
        return;
    }
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let Some(door) = Door::before([one.address, other.address]).await else { return };
    let mut watcher = Watcher::of_board(&door.user("executor", 9).await, Format::Json).await;
    // Longer than a request may take, shorter than five heartbeats.
    one.pause();
    other.pause();
    sleep(Duration::from_secs(45)).await;
    one.resume();
    other.resume();
    one.customer(1).place("Late", "10.00", "RUB").await;
    watcher.reach(1).await;
    assert_eq!(watcher.connects, 1);
    world.audit().await;
}

/// Whoever works while servers are restarted, and wants every answer.
struct Work {
    over: AtomicBool,
    done: AtomicU32,
    accepted: AtomicU32,
}

impl Work {
    /// Demands one of these statuses; takes so long that all together stay below nginx's limit.
    async fn note(&self, reply: Reply, allowed: &[u16]) -> Reply {
        assert!(allowed.contains(&reply.status), "{}: {reply:?}", reply.status);
        self.done.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(30)).await;
        reply
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// Places orders, every other with a key, and looks at them.
    async fn order(&self, client: Client, id: u32) {
        for n in 0.. {
            if !self.goes_on() {
                return;
            }
            let key = format!("{id}-{n}");
            let client =
                if n % 2 == 0 { client.with("idempotency-key", &key) } else { client.clone() };
            let order = json!({"description": key, "price": "10.00", "currency": "RUB"});
            let placed = self.note(client.post("/api/orders", order).await, &[201]).await;
            let client = client.with("x-revision", placed.header("x-revision"));
            let shown = self.note(client.get("/api/my/orders").await, &[200]).await.json();
            assert_eq!(shown["rows"][0]["description"], json!(key), "what was placed is shown");
        }
    }

    /// Accepts what the board shows; somebody may be faster.
    async fn accept(&self, client: Client) {
        while self.goes_on() {
            let board = self.note(client.get("/api/board").await, &[200]).await.json();
            let count = board["orders"].as_array().expect("orders").len();
            if count > 5 {
                let id = board["orders"][fastrand::usize(..count)]["id"].as_u64().expect("an id");
                let reply = self.note(client.accept(id).await, &[201, 409]).await;
                self.accepted.fetch_add(u32::from(reply.status == 201), Ordering::Relaxed);
            }
            self.note(client.get("/orders").await, &[200]).await;
        }
    }

    async fn reached(&self, count: u32) {
        let reached = || async { (self.done.load(Ordering::Relaxed) >= count).then_some(()) };
        eventually("work goes on", reached).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_restarted_one_by_one_and_no_request_fails() {
    let world = World::new().await;
    let places = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let start = |place: usize| world.serve_at(&places[place]);
    let (one, other) = tokio::join!(start(0), start(1));
    let mut servers = [one, other];
    let Some(door) = Door::before([servers[0].address, servers[1].address]).await else { return };
    let (mut customers, mut executors) = (Vec::new(), Vec::new());
    for id in 1..=5 {
        customers.push((door.user("customer", id).await, id));
        executors.push(door.user("executor", 10 + id).await);
    }
    let mut watchers = Vec::new();
    for executor in &executors {
        watchers.push(Watcher::of_board(executor, Format::Json).await);
    }

    let work = Work { over: false.into(), done: 0.into(), accepted: 0.into() };
    let customers = customers.into_iter().map(|(client, id)| work.order(client, id));
    let accepting = executors.iter().map(|client| work.accept(client.clone()));
    let restarts = async {
        let mut longest = Duration::ZERO;
        for round in 0..short_or_long(2, 20) {
            let place = round % 2;
            work.reached(work.done.load(Ordering::Relaxed) + 100).await;
            let started = std::time::Instant::now();
            servers[place].stop().await;
            longest = longest.max(started.elapsed());
            servers[place] = start(place).await;
            // As the documentation says: until nginx has found that it is back.
            is_asked(&servers[place]).await;
        }
        work.reached(work.done.load(Ordering::Relaxed) + 100).await;
        work.over.store(true, Ordering::Relaxed);
        longest
    };
    let watching = watchers.iter_mut().map(|watcher| async {
        while work.goes_on() {
            let _ = tokio::time::timeout(Duration::from_millis(100), watcher.step()).await;
        }
    });
    let (longest, ..) =
        tokio::join!(restarts, join_all(customers), join_all(accepting), join_all(watching));
    let (done, accepted) = (work.done.into_inner(), work.accepted.into_inner());
    println!("{done} requests, {accepted} contracts, none failed; the longest leave {longest:?}");

    let revision = world.revision().await;
    for watcher in &mut watchers {
        watcher.reach(revision).await;
        assert!(watcher.connects > 1, "it came back");
        assert_eq!(
            (watcher.model.gaps, watcher.model.resyncs),
            (0, 0),
            "{}",
            watcher.model.brief()
        );
        for server in &servers {
            let board = read_board(&server.executor(9)).await.orders;
            assert_eq!(watcher.model.board, board);
        }
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM contracts").await, i64::from(accepted));
    world.audit().await;
}

/// nginx may send somebody's POST on a connection that it keeps just when the server leaves.
#[tokio::test]
async fn a_server_that_leaves_ends_a_proxys_connections_with_an_answer() {
    let world = World::new().await;
    let mut server = world.serve().await;
    let address = server.address;
    let order = json!({"description": "Late", "price": "10.00", "currency": "RUB"}).to_string();
    let ask = |head: &str, body: &str| {
        let length = body.len();
        format!("{head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let mut kept = [connect(address).await, connect(address).await, connect(address).await];
    let [proxys, unused, somebodys] = &mut kept;
    let from_others = ask("GET /healthz", "").replace("Host", "X-Forwarded-For: 192.0.2.1\r\nHost");
    assert!(say(proxys, &from_others).await.starts_with("http/1.1 200"));
    assert!(say(somebodys, &ask("GET /healthz", "")).await.starts_with("http/1.1 200"));
    let placing = ask("POST /api/orders", &order).replace(
        "Host",
        "X-User-Type: customer\r\nX-User-Id: 1\r\nX-Forwarded-For: 192.0.2.1\r\nHost",
    );
    let leaving = async {
        // Whose own it is hears of it at once, and could ask elsewhere.
        assert_eq!(say(somebodys, "").await, "");
        eventually("nobody new is let in", || async {
            TcpStream::connect(address).await.is_err().then_some(())
        })
        .await;
        for connection in [proxys, unused] {
            let placed = say(connection, &placing).await;
            assert!(placed.starts_with("http/1.1 201"), "{placed}");
            assert!(placed.contains("connection: close"), "{placed}");
            assert_eq!(say(connection, "").await, "", "that was its end");
        }
    };
    tokio::join!(server.stop(), leaving);
    assert_eq!(world.revision().await, 2);
    world.audit().await;
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// Sends this, and gives what comes next, in lower case.
async fn say(stream: &mut TcpStream, what: &str) -> String {
    stream.write_all(what.as_bytes()).await.expect("it is sent");
    let mut answer = vec![0; 64 * 1024];
    let count = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer)).await;
    let count = count.expect("an answer in time").unwrap_or(0);
    String::from_utf8_lossy(&answer[..count]).to_lowercase()
}

/// Waits until work comes to it again.
async fn is_asked(server: &Server) {
    let commands = || async { server.measure("exchange_commands_total").await };
    let before = commands().await;
    eventually("nginx has found it again", || async { (commands().await > before).then_some(()) })
        .await;
}

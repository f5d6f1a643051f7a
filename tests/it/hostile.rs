//! Strangers with sockets: those who hold connections without using them lose them, and nobody else
//! notices; and whatever is sent, the answer is the client's error and never the server's.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Server, World, short_or_long};

/// A connection that is held is given up after so long at most.
const EVICTED: Duration = Duration::from_secs(10);

/// Ways to hold a connection.
#[derive(Clone, Copy, Debug)]
enum Hold {
    Nothing,
    HalfAHeader,
    IdleKeepAlive,
    HalfABody,
    NoReading,
}

const HOLDS: [Hold; 5] =
    [Hold::Nothing, Hold::HalfAHeader, Hold::IdleKeepAlive, Hold::HalfABody, Hold::NoReading];

/// Connects, and says as much as this way says.
async fn hold(server: &Server, way: Hold) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!("Host: {}\r\nX-User-Type: executor\r\nX-User-Id: 9\r\n", server.address);
    match way {
        Hold::Nothing => {}
        Hold::HalfAHeader => stream.write_all(b"GET /orders HTTP/1.1\r\nHos").await.unwrap(),
        Hold::IdleKeepAlive => {
            let text = format!("GET /healthz HTTP/1.1\r\n{head}\r\n");
            stream.write_all(text.as_bytes()).await.unwrap();
            let read = stream.read(&mut [0; 1024]).await.unwrap();
            assert!(read > 0, "an answer");
        }
        Hold::HalfABody => {
            let length = "Content-Type: application/json\r\nContent-Length: 1000\r\n";
            let text = format!("POST /api/orders/1/accept HTTP/1.1\r\n{head}{length}\r\n{{\"ver");
            stream.write_all(text.as_bytes()).await.unwrap();
        }
        Hold::NoReading => {
            // More answers than fit between the two.
            let text = format!("GET /orders?per_page=100 HTTP/1.1\r\n{head}\r\n").repeat(600);
            let _ =
                tokio::time::timeout(Duration::from_millis(500), stream.write_all(text.as_bytes()))
                    .await;
        }
    }
    stream
}

/// Waits until the server has closed it, without taking more than it must.
async fn is_closed(mut stream: TcpStream, way: Hold) {
    if matches!(way, Hold::NoReading) {
        // Reading would set it free: what was closed refuses to be written to.
        while stream.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        return;
    }
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    if matches!(way, Hold::HalfABody) {
        let said = String::from_utf8_lossy(&said).to_lowercase();
        assert!(said.contains("connection: close"), "what still comes is waited for: {said}");
    }
}

async fn p99(server: &Server, until: impl Fn() -> bool) -> Duration {
    let executor = server.executor(7);
    let mut took = Vec::new();
    while !until() || took.len() < 100 {
        let started = Instant::now();
        executor.get("/orders").await.expect(200);
        took.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    took.sort_unstable();
    took[took.len() * 99 / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_connections_are_closed_and_others_notice_nothing() {
    let world = World::new().await;
    let server = world.serve_with(&[("MAX_CONNECTIONS", "1200")]).await;
    for chunk in 0..4 {
        let text = "я".repeat(270);
        let placed = (0..25).map(|n| format!("{chunk} {n} {text}")).collect::<Vec<_>>();
        let customer = server.customer(1);
        join_all(placed.iter().map(|text| customer.place(text, "10.00", "RUB"))).await;
    }
    let quiet = p99(&server, || true).await;
    let each = short_or_long(100, 200);
    let ways = HOLDS.into_iter().flat_map(|way| std::iter::repeat_n(way, each));
    let held = join_all(ways.map(|way| {
        let server = &server;
        async move { (hold(server, way).await, way, Instant::now()) }
    }))
    .await;
    let started = Instant::now();
    // How long this machine had no time for us in all: nobody can be held to that.
    let starved = tokio::spawn(async {
        const TICK: Duration = Duration::from_millis(50);
        let mut starved = Duration::ZERO;
        let until = Instant::now() + EVICTED;
        while Instant::now() < until {
            let since = Instant::now();
            tokio::time::sleep(TICK).await;
            starved += since.elapsed().saturating_sub(2 * TICK);
        }
        starved
    });
    let (others, ended) = tokio::join!(
        p99(&server, || started.elapsed() > Duration::from_secs(3)),
        join_all(held.into_iter().map(|(stream, way, since)| async move {
            let closed = tokio::time::timeout(3 * EVICTED, is_closed(stream, way)).await;
            assert!(closed.is_ok(), "{way:?} still holds its connection");
            (way, since.elapsed())
        })),
    );
    let starved = starved.await.expect("it only sleeps");
    println!("starved for {starved:?}");
    for way in HOLDS {
        let of_it = ended.iter().filter(|(other, _)| format!("{other:?}") == format!("{way:?}"));
        let longest = of_it.map(|(_, took)| *took).max().expect("there were some");
        println!("{way:?}: the last of {each} after {longest:?}");
        assert!(longest < EVICTED + starved, "{way:?} held on for {longest:?}");
    }
    // Nor do they fill the log: it was not the server that was slow.
    let log = server.log();
    let told = log.lines().find(|line| line.contains("slow") && line.contains("/accept"));
    assert_eq!(told, None);
    println!("others' p99: {quiet:?} before, {others:?} beside them");
    assert!(others < Duration::from_millis(500) + starved, "{others:?}");
    world.audit().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_others_theirs() {
    let world = World::new().await;
    let settings = [("MAX_CONNECTIONS_PER_ADDRESS", "5"), ("TRUSTED_PROXIES", "127.0.0.2")];
    let server = world.serve_with(&settings).await;
    let answers = |from: &'static str| {
        let address = server.address;
        async move {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.bind(format!("{from}:0").parse().unwrap()).expect("an address");
            let mut stream = socket.connect(address).await.expect("a connection");
            let text = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
            let read = stream.read(&mut [0; 1024]).await.unwrap_or(0);
            (stream, read > 0)
        }
    };
    let mut held = Vec::new();
    for place in 1..=8 {
        let (stream, answered) = answers("127.0.0.3").await;
        assert_eq!(answered, place <= 5, "connection {place}");
        held.push(stream);
    }
    let (proxied, others) = (answers("127.0.0.2"), answers("127.0.0.4"));
    assert!(proxied.await.1 && others.await.1);
    for _ in 0..20 {
        held.push(answers("127.0.0.2").await.0);
    }
    assert!(answers("127.0.0.2").await.1, "a proxy speaks for many");
    drop(held);
    crate::support::eventually("the places are free again", || async {
        answers("127.0.0.3").await.1.then_some(())
    })
    .await;
    world.audit().await;
}

/// Requests that are lawful, to begin with.
fn requests(server: &Server) -> Vec<Vec<u8>> {
    let who =
        |role: &str| format!("Host: {}\r\nX-User-Type: {role}\r\nX-User-Id: 7\r\n", server.address);
    let get =
        |role, path: &str| format!("GET {path} HTTP/1.1\r\n{}Connection: close\r\n\r\n", who(role));
    let post = |role, path: &str, kind: &str, body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\n{}Content-Type: {kind}\r\nContent-Length: {length}\r\n\
             Cookie: orderboard=x; lang=ru\r\nIdempotency-Key: a-key\r\nConnection: close\r\n\r\n{body}",
            who(role)
        )
    };
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let order = r#"{"description":"Paint","price":"100.00","currency":"RUB"}"#;
    [
        get("executor", "/orders?currency=RUB&min=1&max=50&sort=-price&q=paint+it&page=2"),
        get("executor", "/api/board?before=3&per_page=100"),
        get("customer", "/orders/1"),
        get("admin", "/admin/contracts?id=1&page=99999999999"),
        get("admin", "/api/contracts/1/notes?before=1"),
        get("customer", "/live?since=1&history=x&batch=00000000&as=customer:7"),
        post("customer", "/api/orders", json, order),
        post(
            "customer",
            "/orders",
            form,
            "description=x&price=1+000%2C50&currency=RUB&request_id=k",
        ),
        post("customer", "/api/orders/1/edit", json, r#"{"price":"7","version":1}"#),
        post("executor", "/api/orders/1/accept", json, r#"{"version":1}"#),
        post("executor", "/api/contracts/1/notes", json, r#"{"text":"Done."}"#),
        post("admin", "/api/contracts/1/rule", json, r#"{"outcome":"completed","reason":"x"}"#),
        format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", server.address),
        format!("GET example.org HTTP/1.1\r\nHost: {}\r\n\r\n", server.address),
        format!("OPTIONS * HTTP/1.1\r\nHost: {}\r\n\r\n", server.address),
        post("customer", "/session", form, "user_type=executor&user_id=9&back=%2Forders"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// The same cut, doubled, mixed and bent.
fn bent(seeds: &[Vec<u8>]) -> Vec<u8> {
    const SPICES: [&[u8]; 16] = [
        b"\r\n",
        b"\n",
        b" ",
        b"\0",
        b"%00",
        b"%ff",
        b"%",
        b"../",
        b"\xf0\x9f",
        b"-1",
        b"99999999999999999999",
        b"{{{{",
        b"HTTP/2.0",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    ];
    let mut bytes = seeds[fastrand::usize(..seeds.len())].clone();
    for _ in 0..fastrand::u32(0..4) {
        let at = fastrand::usize(..=bytes.len());
        let end = at + fastrand::usize(..=(bytes.len() - at).min(9));
        match fastrand::u32(..5) {
            0 => drop(bytes.drain(at..end)),
            1 if at < bytes.len() => bytes[at] = fastrand::u8(..),
            2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            _ => drop(bytes.splice(at..end, SPICES[fastrand::usize(..SPICES.len())].to_vec())),
        }
    }
    bytes
}

/// The status of what is answered; 0: there was no answer, or the server waits for the rest.
async fn answer_to(server: &Server, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let _ = stream.write_all(bytes).await;
    let mut buffer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer)).await;
    let read = read.map_or(0, |read| read.unwrap_or(0));
    let line = String::from_utf8_lossy(&buffer[..read]).into_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_the_server_does_not_fail() {
    let world = World::new().await;
    let settings = [("MAX_CONNECTIONS_PER_ADDRESS", "0"), ("MAX_SOCKETS", "0")];
    let server = world.serve_with(&settings).await;
    server.customer(7).place("Paint", "100.00", "RUB").await;
    let seeds = requests(&server);
    for seed in &seeds {
        let status = answer_to(&server, seed).await;
        assert!((101..500).contains(&status), "{status}: {}", String::from_utf8_lossy(seed));
    }
    let mut refused = 0;
    for _ in 0..short_or_long(12, 120) {
        let sent: Vec<_> = (0..250).map(|_| bent(&seeds)).collect();
        let statuses = join_all(sent.iter().map(|bytes| answer_to(&server, bytes))).await;
        for (status, bytes) in statuses.into_iter().zip(&sent) {
            assert!(status < 500, "{status}: {:?}", String::from_utf8_lossy(bytes));
            refused += u32::from(status >= 400);
        }
    }
    assert!(refused > 500, "{refused} were refused: nothing was tried");
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains("a request failed"), "{log}");
    world.audit().await;
}

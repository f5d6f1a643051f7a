//! Limits: what is too much is refused with a sentence and a time, over all servers, whatever redis
//! does; and nobody else notices.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, Proxy, Redis, Reply, Server, World, eventually};

const BODY: fn() -> serde_json::Value =
    || json!({"description": "x", "price": "10.00", "currency": "RUB"});

async fn place(client: &Client) -> Reply {
    client.post("/api/orders", BODY()).await
}

/// Demands the refusal of a limit, with its sentence.
#[track_caller]
fn assert_flood(reply: Reply, sentence: &str) -> u64 {
    let problem = reply.refused(429, "flood");
    assert!(problem.text().contains(sentence), "{}", problem.text());
    problem.header("retry-after").parse().expect("seconds")
}

/// Waits until a window of so many seconds has just begun, or lasts long enough to see what it does.
async fn window(length: Duration) {
    let rest = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        length.as_millis() - now % length.as_millis()
    };
    let enough = length.as_millis().min(12_000) * 3 / 4;
    eventually("another window begins", || async { (rest() > enough).then_some(()) }).await;
}

async fn two(world: &World, redis_url: &str, limits: &[(&str, &str)]) -> (Server, Server) {
    let settings = [&[("REDIS_URL", redis_url)], limits].concat();
    tokio::join!(world.serve_with(&settings), world.serve_with(&settings))
}

#[tokio::test]
async fn a_day_has_so_many_orders_on_all_servers_whatever_is_restarted() {
    const SENTENCE: &str = "You may place 3 orders a day.";
    let mut redis = Redis::start().await;
    let world = World::new().await;
    let limits = [("MAX_ORDERS_PER_DAY", "3")];
    let (one, mut other) = two(&world, &redis.url(), &limits).await;
    let keyed = one.customer(7).with("idempotency-key", "first");
    let first = place(&keyed).await.expect(201).json();
    // What is refused is not counted, and what is sent again neither.
    for _ in 0..5 {
        let free = json!({"description": "x", "price": "0", "currency": "RUB"});
        one.customer(7).post("/api/orders", free).await.expect(422);
        assert_eq!(place(&keyed).await.expect(201).json(), first);
    }
    place(&other.customer(7)).await.expect(201);
    place(&one.customer(7)).await.expect(201);
    for server in [&one, &other] {
        let wait = assert_flood(place(&server.customer(7)).await, SENTENCE);
        assert!(wait <= 24 * 3600);
        place(&server.customer(8)).await.expect(201);
    }
    let again = place(&keyed).await.expect(201).json();
    assert_eq!(again["order"], first["order"], "what was done before is still answered");
    let form = [("description", "A draft."), ("price", "1"), ("currency", "RUB")];
    let page = one.customer(7).post_form("/orders", &form).await.expect(429);
    assert!(!page.header("retry-after").is_empty());
    let page = page.text();
    assert!(page.contains(SENTENCE) && page.contains("A draft.</textarea>"), "{page}");

    // Withdrawing gives nothing back.
    one.customer(7).withdraw(first["order"]["id"].as_u64().unwrap()).await.expect(200);
    assert_flood(place(&one.customer(7)).await, SENTENCE);
    redis.kill();
    for server in [&one, &other] {
        assert_flood(place(&server.customer(7)).await, SENTENCE);
    }
    place(&one.customer(8)).await.expect(201);
    assert_flood(place(&other.customer(8)).await, SENTENCE);
    redis.start_again().await;
    for server in [&one, &other] {
        assert_flood(place(&server.customer(7)).await, SENTENCE);
        assert_flood(place(&server.customer(8)).await, SENTENCE);
    }
    other.kill();
    let settings = [("REDIS_URL", ""), limits[0]];
    let alone = world.serve_with(&settings).await;
    assert_flood(place(&alone.customer(7)).await, SENTENCE);
    place(&alone.customer(9)).await.expect(201);
    world.audit().await;
}

#[tokio::test]
async fn of_many_orders_at_once_exactly_so_many_are_placed() {
    let redis = Redis::start().await;
    let world = World::new().await;
    let (one, other) = two(&world, &redis.url(), &[("MAX_ORDERS_PER_DAY", "10")]).await;
    let customers: Vec<Client> = (0..40).map(|n| [&one, &other][n % 2].customer(7)).collect();
    let replies = join_all(customers.iter().map(place)).await;
    let placed = replies.iter().filter(|reply| reply.status == 201).count();
    let refused = replies.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((placed, refused), (10, 30));
    assert_eq!(world.count("SELECT COUNT(*) FROM orders").await, 10);
    let measure = "flood_refusals_total{limit=\"orders\"}";
    assert_eq!(one.measure(measure).await + other.measure(measure).await, 30.0);

    // One server without redis is as exact.
    let world = World::new().await;
    let settings = [("REDIS_URL", ""), ("MAX_ORDERS_PER_DAY", "10")];
    let alone = world.serve_with(&settings).await;
    let customer = alone.customer(7);
    eventually("all of the day's orders are placed", || async {
        let replies = join_all((0..20).map(|_| place(&customer))).await;
        let refusals = replies.iter().filter(|reply| reply.status == 429).count();
        assert!(replies.iter().all(|reply| [201, 429].contains(&reply.status)));
        (refusals == 20).then_some(())
    })
    .await;
    assert_eq!(world.count("SELECT COUNT(*) FROM orders").await, 10);
    world.audit().await;
}

#[tokio::test]
async fn a_minute_has_so_many_acceptances_on_all_servers() {
    let redis = Redis::start().await;
    let world = World::new().await;
    let (one, other) = two(&world, &redis.url(), &[("MAX_ACCEPTS_PER_MINUTE", "3")]).await;
    window(Duration::from_secs(60)).await;
    let executor = 100;
    for server in [&one, &other, &one] {
        server.executor(executor).accept(999).await.expect(404);
    }
    for server in [&one, &other] {
        let reply = server.executor(executor).accept(999).await;
        let wait = assert_flood(reply, "You may accept 3 orders a minute.");
        assert!((1..=60).contains(&wait));
        server.executor(5000 + executor).accept(999).await.expect(404);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_minute_has_so_many_edits_and_notes() {
    let redis = Redis::start().await;
    let world = World::new().await;
    let (one, other) = two(&world, &redis.url(), &[("MAX_CHANGES_PER_MINUTE", "3")]).await;
    for _ in 0..2 {
        place(&one.customer(7)).await.expect(201);
    }
    one.executor(8).accept(1).await.expect(201);
    window(Duration::from_secs(60)).await;
    let edit = |server: &Server, price: &str| {
        let (customer, changes) = (server.customer(7), json!({"price": price}));
        async move { customer.edit(2, changes).await }
    };
    edit(&one, "11.00").await.expect(200);
    edit(&other, "12.00").await.expect(200);
    let keyed = one.customer(7).with("idempotency-key", "k");
    keyed.note(1, "hello").await.expect(201);
    let wait = assert_flood(edit(&other, "13.00").await, "3 times a minute");
    assert!((1..=60).contains(&wait));
    assert_flood(one.customer(7).note(1, "again").await, "3 times a minute");
    // Nothing that somebody typed is lost.
    let note = [("text", "A long letter.")];
    let edit = [("description", "Another text."), ("price", "1"), ("version", "3")];
    for (path, form) in [("/contracts/1/notes", &note[..]), ("/orders/2/edit", &edit[..])] {
        let page = one.customer(7).post_form(path, form).await.expect(429);
        assert!(!page.header("retry-after").is_empty());
        let (page, typed) = (page.text(), format!("{}</textarea>", form[0].1));
        assert!(page.contains("3 times a minute") && page.contains(&typed), "{page}");
    }
    // What was done is answered again, and others are not concerned.
    keyed.note(1, "hello").await.expect(201);
    one.executor(8).note(1, "hello").await.expect(201);
    world.audit().await;
}

#[tokio::test]
async fn who_asked_the_database_too_often_still_gets_what_is_cached() {
    const SENTENCE: &str = "You may ask the database 6 times a minute.";
    let world = World::new().await;
    let server = world.serve_with(&[("MAX_QUERIES_TO_MYSQL", "6")]).await;
    server.customer(1).place("x", "10.00", "RUB").await;
    window(Duration::from_secs(60)).await;
    let (greedy, modest) = (100, 101);
    server.executor(modest).get("/api/board").await.expect(200);
    server.executor(greedy).get("/api/my/contracts").await.expect(200);
    let mut last = None;
    for _ in 0..10 {
        let reply = server.executor(greedy).get("/api/orders/1").await;
        last = (reply.status != 200).then_some(reply).or(last);
    }
    let wait = assert_flood(last.expect("a refusal"), SENTENCE);
    assert!((1..=60).contains(&wait));
    let page = server.executor(greedy).get("/orders/1").await.expect(429).text();
    assert!(page.contains(SENTENCE), "{page}");
    for (path, source) in [("/orders", "memory"), ("/my/contracts", "redis")] {
        assert_eq!(server.executor(greedy).get(path).await.expect(200).source(), source);
    }
    // Of the board, what others looked at last; it says as of when.
    let before = world.revision().await;
    server.customer(1).place("y", "10.00", "RUB").await;
    let seen = server.executor(greedy).get("/api/board").await.expect(200);
    assert_eq!(seen.json()["revision"], before);
    server.executor(modest).get("/api/orders/1").await.expect(200);
    server.executor(modest).get("/api/board").await.expect(200);
    let seen = server.executor(greedy).get("/api/board").await.expect(200);
    assert_eq!(seen.json()["revision"], before + 1);
    world.audit().await;
}

#[tokio::test]
async fn a_second_has_so_many_requests_from_one_address() {
    let redis = Redis::start().await;
    let world = World::new().await;
    let (one, other) = two(&world, &redis.url(), &[("MAX_REQUESTS_PER_SECOND", "40")]).await;
    let from = |server: &Server, address: &str| {
        server.executor(9).with("x-forwarded-for", &format!("192.0.2.77, {address}"))
    };
    let answered = async |clients: &[Client]| {
        let replies = join_all((0..60).map(|n| clients[n % clients.len()].get("/api/board"))).await;
        replies.iter().filter(|reply| reply.status == 200).count()
    };
    window(Duration::from_secs(1)).await;
    let noisy = from(&one, "198.51.100.1");
    assert_eq!(answered(std::slice::from_ref(&noisy)).await, 40);
    let wait = assert_flood(noisy.get("/api/board").await, "40 requests a second");
    assert_eq!(wait, 1);
    let page = noisy.get("/orders").await.expect(429).text();
    assert!(page.contains("From one address, 40 requests a second are answered."), "{page}");
    assert_eq!(noisy.get("/live").await.status, 429);
    // Nobody waits for what they meant to send, either.
    let mut hanging = TcpStream::connect(noisy.address).await.unwrap();
    let head = "POST /api/orders HTTP/1.1\r\nhost: localhost\r\nx-user-type: customer\r\n\
                x-user-id: 1\r\nx-forwarded-for: 198.51.100.1\r\ncontent-length: 200000\r\n\r\n";
    hanging.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    hanging.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 429");
    // Style and script are not withheld, and another address is another one.
    assert!(page.contains("/assets/app.css"), "{page}");
    noisy.get("/assets/app.css").await.expect(200);
    from(&one, "203.0.113.1").get("/api/board").await.expect(200);
    // Two servers tell each other, if not at once.
    window(Duration::from_secs(1)).await;
    let clients = [&one, &other].map(|server| from(server, "198.51.100.2"));
    let (mut total, mut refused) = (0, 0);
    for turn in 0.. {
        match clients[turn % 2].get("/api/board").await.status {
            200 => (total, refused) = (total + 1, 0),
            _ => refused += 1,
        }
        if refused == 4 {
            break;
        }
    }
    assert!((40..=70).contains(&total), "{total} answered");
    world.audit().await;
}

#[tokio::test]
async fn only_orders_that_were_placed_count_for_the_day() {
    let redis = Redis::start().await;
    let (way, redis_url) = Proxy::before(&redis.url()).await;
    let world = World::new().await;
    let (database, database_url) = Proxy::before(&world.database_url).await;
    let limit = ("MAX_ORDERS_PER_DAY", "10");
    let settings = [limit, ("REDIS_URL", redis_url.as_str()), ("DATABASE_URL", &database_url)];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let placed = || async {
        let count: i64 = world.count("SELECT COUNT(*) FROM orders WHERE customer_id = 7").await;
        count
    };
    place(&one.customer(7)).await.expect(201);
    // While the database is away, nothing is placed, and nothing is counted.
    database.shut();
    for _ in 0..12 {
        place(&one.customer(7)).await.refused(503, "database_unavailable");
    }
    database.open();
    eventually("the database is back", || async {
        (one.nobody().get("/readyz").await.status == 200).then_some(())
    })
    .await;
    // What is sent to both servers at once under one key is one order.
    for number in 0..3 {
        let key = format!("key-{number}");
        let clients = [&one, &other].map(|server| server.customer(7).with("idempotency-key", &key));
        let replies = join_all(clients.iter().map(place)).await;
        assert!(replies.iter().all(|reply| reply.status == 201));
    }
    assert_eq!(placed().await, 4);
    // What is placed while redis cannot be reached is counted when it can be again.
    way.shut();
    for _ in 0..3 {
        place(&one.customer(7)).await.expect(201);
    }
    way.open();
    eventually("all of the day's orders are placed", || async {
        let reply = place(&one.customer(7)).await;
        assert!([201, 429].contains(&reply.status), "{}", reply.text());
        (reply.status == 429).then_some(())
    })
    .await;
    assert_eq!(placed().await, 10);
    world.audit().await;
}

#[tokio::test]
async fn who_watches_over_a_server_is_always_answered() {
    let world = World::new().await;
    let limits = [("MAX_QUERIES_TO_MYSQL", "2"), ("MAX_REQUESTS_PER_SECOND", "2")];
    let server = world.serve_with(&limits).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        for _ in 0..10 {
            server.nobody().get(path).await.expect(200);
        }
    }
    world.audit().await;
}

#[tokio::test]
async fn what_comes_back_to_the_board_was_not_placed_again() {
    let redis = Redis::start().await;
    let world = World::new().await;
    let limit = ("MAX_ORDERS_PER_DAY", "3");
    let settings = [("REDIS_URL", redis.url()), ("REDIS_URL", String::new())];
    for (customer, (name, url)) in (7..).zip(settings) {
        let server = world.serve_with(&[(name, url.as_str()), limit]).await;
        let customer = server.customer(customer);
        let placed = place(&customer).await.expect(201).json();
        let first = placed["order"]["id"].as_u64().unwrap();
        for order in first..first + 5 {
            let accepted = server.executor(9).accept(order).await.expect(201).json();
            let contract = accepted["contract"]["id"].as_u64().unwrap();
            server.executor(9).give_up(contract).await.expect(200);
        }
        // Redis has forgotten what it counted: the database knows what was placed.
        redis.ask::<()>(&["FLUSHALL"]).await;
        for _ in 0..2 {
            place(&customer).await.expect(201);
        }
        assert_flood(place(&customer).await, "You may place 3 orders a day.");
    }
    // Many are counted as exactly.
    let server = world.serve().await;
    let replies = join_all((0..250).map(|_| async { place(&server.customer(9)).await })).await;
    assert!(replies.iter().all(|reply| reply.status == 201));
    let limit = ("MAX_ORDERS_PER_DAY", "252");
    let server = world.serve_with(&[("REDIS_URL", ""), limit]).await;
    for _ in 0..2 {
        place(&server.customer(9)).await.expect(201);
    }
    assert_flood(place(&server.customer(9)).await, "You may place 252 orders a day.");
    world.audit().await;
}

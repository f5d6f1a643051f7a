//! The same request sent again, by impatience or by a retry, does nothing twice.

use futures_util::future::join_all;
use http::Method;
use serde_json::json;

use crate::support::{Browser, World, hidden_field};

fn order(description: &str) -> serde_json::Value {
    json!({"description": description, "price": "10.00", "currency": "RUB"})
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_is_done_once() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let keyed = |key| one.customer(1).with("idempotency-key", key);
    let first = keyed("a").post("/api/orders", order("x")).await.expect(201);
    for server in [&one, &other] {
        let again = keyed("a").at(server).post("/api/orders", order("x")).await.expect(201);
        assert_eq!(again.json(), first.json());
    }
    // Another key, or another person's equal key, is another request.
    let second = keyed("b").post("/api/orders", order("x")).await.expect(201);
    assert_eq!(second.json()["order"]["id"], 2);
    let neighbour = other.customer(2).with("idempotency-key", "a");
    let third = neighbour.post("/api/orders", order("x")).await.expect(201);
    assert_eq!(third.json()["order"]["id"], 3);
    // The answer stays what it was, whatever became of the order since.
    one.executor(9).accept(1).await.expect(201);
    let again = keyed("a").at(&other).post("/api/orders", order("x")).await.expect(201);
    assert_eq!(again.json(), first.json());
    assert_eq!(world.revision().await, 4);
    world.audit().await;
}

#[tokio::test]
async fn the_same_key_with_another_body_or_path_is_refused() {
    let world = World::new().await;
    let server = world.serve().await;
    let customer = server.customer(1).with("idempotency-key", "a");
    customer.post("/api/orders", order("x")).await.expect(201);
    server.customer(1).place("y", "10.00", "RUB").await;
    let head = world.head().await;
    customer.post("/api/orders", order("other")).await.refused(409, "duplicate_request");
    customer.withdraw(1).await.refused(409, "duplicate_request");
    assert_eq!(world.head().await, head);

    let executor = server.executor(9).with("idempotency-key", "a");
    executor.accept(1).await.expect(201);
    executor.accept(2).await.refused(409, "duplicate_request");
    world.audit().await;
}

#[tokio::test]
async fn the_same_request_on_two_servers_in_one_instant_is_done_once() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let servers = [&one, &other];
    let mut orders = 0;
    for round in 0..10 {
        let key = format!("place-{round}");
        let clients = servers.map(|server| server.customer(1).with("idempotency-key", &key));
        let posts = (0..8).map(|place| clients[place % 2].post("/api/orders", order("x")));
        let replies = join_all(posts).await;
        let first = replies[0].clone().expect(201).json();
        for reply in replies {
            assert_eq!(reply.expect(201).json(), first);
        }
        orders += 1;
        assert_eq!(first["order"]["id"], orders);

        let (key, id) = (format!("close-{round}"), first["order"]["id"].as_u64().unwrap());
        let withdraws = round % 2 == 0;
        let clients = servers.map(|server| {
            let client = if withdraws { server.customer(1) } else { server.executor(9) };
            client.with("idempotency-key", &key)
        });
        let close = async |place: usize| {
            let client = &clients[place % 2];
            if withdraws { client.withdraw(id).await } else { client.accept(id).await }
        };
        let replies = join_all((0..8).map(close)).await;
        let first = replies[0].json();
        for reply in replies {
            assert_eq!(reply.expect(if withdraws { 200 } else { 201 }).json(), first);
        }
    }
    assert_eq!(world.revision().await, 20);
    assert_eq!(world.count("SELECT COUNT(*) FROM orders").await, 10);
    assert_eq!(world.count("SELECT COUNT(*) FROM contracts").await, 5);
    world.audit().await;
}

#[tokio::test]
async fn refusals_are_not_remembered() {
    let world = World::new().await;
    let server = world.serve().await;
    let executor = server.executor(9).with("idempotency-key", "a");
    executor.accept(1).await.refused(404, "not_found");
    server.customer(1).place("x", "10.00", "RUB").await;
    executor.accept(1).await.expect(201);
    let customer = server.customer(1).with("idempotency-key", "b");
    customer.post("/api/orders", order("")).await.refused(422, "invalid_field");
    customer.post("/api/orders", order("x")).await.expect(201);
    let keyed = "SELECT COUNT(*) FROM requests WHERE request_id NOT LIKE 'made-up-%'";
    assert_eq!(world.count(keyed).await, 2);
    world.audit().await;
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let world = World::new().await;
    let server = world.serve().await;
    let too_long = "k".repeat(129);
    for key in ["", "two words", "tab\tbed", &too_long] {
        let customer = server.customer(1).with("idempotency-key", key);
        customer.post("/api/orders", order("x")).await.refused(400, "bad_request");
    }
    assert_eq!(world.revision().await, 0);
    let longest = server.customer(1).with("idempotency-key", &"k".repeat(128));
    longest.post("/api/orders", order("x")).await.expect(201);
    let hostile = server.customer(1).with("idempotency-key", "');DROP/**/TABLE/**/orders;--\\");
    for _ in 0..2 {
        let reply = hostile.post("/api/orders", order("x")).await.expect(201).json();
        assert_eq!(reply["order"]["id"], 2);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_form_sent_twice_places_once() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut browser = Browser::of(&server, "customer", 1).await;
    let page = browser.get("/my/orders").await.expect(200).text();
    let key = hidden_field(&page, "request_id");
    let fields = [
        ("request_id", key.as_str()),
        ("description", "pressed twice"),
        ("price", "10,00"),
        ("currency", "RUB"),
    ];
    let clicks = [browser.client(), browser.client(), browser.client()];
    let replies = join_all(clicks.iter().map(|client| client.post_form("/orders", &fields))).await;
    for reply in replies {
        let page = browser.follow(reply).await.expect(200).text();
        assert!(page.contains("pressed twice"), "{page}");
    }
    let mine = server.customer(1).get("/api/my/orders").await.expect(200).json();
    assert_eq!(mine["total"], 1);

    // The next form is another request; the old key with other words is refused.
    let page = browser.get("/my/orders").await.expect(200).text();
    let next = hidden_field(&page, "request_id");
    assert_ne!(next, key);
    let changed = [fields[0], ("description", "changed"), fields[2], fields[3]];
    browser.submit("/orders", &changed).await.expect(409);
    let form = "application/x-www-form-urlencoded";
    let empty = browser.client().send(Method::POST, "/orders", form, "request_id=").await;
    empty.expect(422);
    assert_eq!(world.revision().await, 1);
    world.audit().await;
}

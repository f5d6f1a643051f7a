//! Open orders change, before the eyes of everybody; and nobody accepts what they have not seen.

use http::Method;
use serde_json::json;

use crate::support::{Browser, Format, Watcher, World};

#[tokio::test]
async fn an_edited_order_is_another_version_everywhere_at_once() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("Cut the hedge", "100.00", "RUB").await;
    let mut board = Watcher::of_board(&other.executor(9), Format::Json).await;
    let mut page = Watcher::of_board(&other.executor(9), Format::Html).await;
    let (history, ..) = world.head().await;
    let mut customer = Watcher::connect(&other.customer(1), &history, 1, Format::Json).await;
    let long = "Cut the hedge, both sides. ".repeat(20);
    let changes = json!({"description": long, "price": "150.50"});
    let edited = one.customer(1).edit(1, changes).await.expect(200).json();
    let order = &edited["order"];
    assert_eq!((&order["version"], &order["price"]), (&json!(2), &json!("150.50")));
    assert_eq!((&order["description"], &order["status"]), (&json!(long), &json!("open")));
    assert_eq!((&edited["revision"], order["created"] != order["last_action"]), (&json!(2), true));
    let is_new = |model: &crate::support::Model| {
        model.board.get(&1).is_some_and(|order| order["version"] == 2)
    };
    board.wait_until("they see it", is_new).await;
    assert_eq!(
        (&board.model.board[&1]["price"], board.model.open_orders),
        (&json!("150.50"), Some(1))
    );
    assert_eq!(board.model.board[&1]["cut"], true);
    let is_shown = |model: &crate::support::Model| {
        model
            .board
            .get(&1)
            .is_some_and(|order| order["row"].as_str().is_some_and(|row| row.contains("150.50")))
    };
    page.wait_until("so does a page", is_shown).await;
    let row = page.model.board[&1]["row"].as_str().unwrap();
    assert!(
        row.contains("data-version=\"2\"") && row.contains("name=\"version\" value=\"2\""),
        "{row}"
    );
    customer.wait_until("its customer, too", |model| model.orders.contains_key(&1)).await;

    // A field that is left out stays; what changes nothing is nothing new.
    let edited = other.customer(1).edit(1, json!({"price": "120.00"})).await.expect(200).json();
    assert_eq!(
        (&edited["order"]["version"], &edited["order"]["description"]),
        (&json!(3), &json!(long))
    );
    let same = one.customer(1).edit(1, json!({"price": "120.00"})).await.expect(200).json();
    assert_eq!((&same["order"]["version"], &same["revision"]), (&json!(3), &json!(3)));
    world.counted().await;
    let reader = other.customer(1).with("x-revision", "3");
    let profile = reader.get("/api/profile").await.expect(200).json();
    let totals = &profile["totals"][0];
    let sums = (&totals["orders_created"], &totals["money_in_orders"], &totals["gain"]);
    assert_eq!(sums, (&json!(1), &json!("120.00"), &json!("2.40")));
    let history = reader.get("/api/orders/1/history").await.expect(200).json();
    assert_eq!(history["steps"].as_array().unwrap().len(), 3, "{history}");
    let contract = one.executor(9).accept(1).await.expect(201).json()["contract"].clone();
    assert_eq!((&contract["price"], &contract["payout"]), (&json!("120.00"), &json!("117.60")));
    one.customer(1).edit(1, json!({"price": "1.00"})).await.refused(409, "order_not_open");
    let history = one.admin().with("x-revision", "4").get("/api/orders/1/history").await;
    assert_eq!(history.expect(200).json()["steps"][3]["status"], "taken");
    world.audit().await;
}

#[tokio::test]
async fn nobody_accepts_what_they_have_not_seen() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    for _ in 0..3 {
        one.customer(1).place("Cut the hedge", "100.00", "RUB").await;
    }
    for order in 1..=3 {
        one.customer(1).edit(order, json!({"price": "50.00"})).await.expect(200);
    }
    let accept = |order: u64, seen: serde_json::Value| {
        let client = other.executor(9);
        async move { client.post(&format!("/api/orders/{order}/accept"), seen).await }
    };
    for seen in [json!({"version": 1}), json!({"version": "1"}), json!({"price": "100.00"})] {
        let refused = accept(1, seen).await.refused(409, "order_changed").json();
        let order = &refused["order"];
        assert_eq!((&order["version"], &order["price"]), (&json!(2), &json!("50.00")), "{refused}");
        assert_eq!(order["status"], "open");
    }
    for (seen, field) in [
        (json!({"version": 0}), "version"),
        (json!({"version": "two"}), "version"),
        (json!({"version": 1.5}), "version"),
        (json!({"price": "1e3"}), "price"),
        (json!({"price": 50}), "price"),
    ] {
        let problem = accept(1, seen).await.refused(422, "invalid_field").json();
        assert_eq!(problem["field"], field);
    }
    for torn in ["{\"version\":1", "[null,null]", "1"] {
        let path = "/api/orders/1/accept";
        let sent = one.executor(9).send(Method::POST, path, "application/json", torn).await;
        sent.refused(400, "bad_request");
    }
    accept(1, json!({"version": 2})).await.expect(201);
    accept(2, json!({"price": "50.00"})).await.expect(201);
    // Once it is theirs, it is, whatever they say that they saw.
    accept(2, json!({"version": 1})).await.expect(201);
    accept(9, json!({"price": "50.00"})).await.refused(404, "not_found");

    // A page that is behind is answered kindly, and shows the order as it is now.
    let mut browser = Browser::of(&one, "executor", 9).await;
    let page = browser.submit_and_follow("/orders/3/accept", &[("version", "1")]).await.expect(200);
    let page = page.text();
    assert!(page.contains("has just changed") && page.contains("50.00"), "{page}");
    assert!(page.contains("name=\"version\" value=\"2\""), "{page}");
    let page = browser.submit_and_follow("/orders/3/accept", &[("version", "2")]).await.expect(200);
    assert!(page.text().contains("Order #3 is yours."), "{}", page.text());
    world.audit().await;
}

#[tokio::test]
async fn edits_are_checked_like_orders_and_repeated_like_them() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let keyed = |client: crate::support::Client, key| client.with("idempotency-key", key);
    let body = json!({"description": "Cut the hedge", "price": "100.00", "currency": "RUB"});
    let placed = keyed(one.customer(1), "place").post("/api/orders", body.clone()).await;
    let placed = placed.expect(201).json();
    let first = keyed(one.customer(1), "first").edit(1, json!({"price": "90.00"})).await;
    let first = first.expect(200).json();
    let second = json!({"description": "Cut it", "price": "80.00", "version": 2});
    let second_reply = keyed(one.customer(1), "second").edit(1, second.clone()).await;
    let second_reply = second_reply.expect(200).json();
    one.executor(9).accept(1).await.expect(201);
    // Each is answered as it was, whatever became of the order.
    let again = keyed(other.customer(1), "place").post("/api/orders", body).await;
    assert_eq!(again.expect(201).json(), placed);
    let again = keyed(other.customer(1), "first").edit(1, json!({"price": "90.00"})).await;
    assert_eq!(again.expect(200).json(), first);
    assert_eq!(keyed(other.customer(1), "second").edit(1, second).await.json(), second_reply);

    one.customer(1).place("x", "10", "JPY").await;
    let revision = world.revision().await;
    for (changes, field, rule) in [
        (json!({}), "price", "missing"),
        (json!({"price": "1.5"}), "price", "whole number"),
        (json!({"price": "0"}), "price", "more than zero"),
        (json!({"price": 5}), "price", "must be a string"),
        (json!({"description": " "}), "description", "describe"),
        (json!({"description": "x".repeat(8001)}), "description", "8000"),
        (json!({"price": "5", "version": -1}), "version", "number of a version"),
    ] {
        let problem = one.customer(1).edit(2, changes).await.refused(422, "invalid_field");
        assert_eq!(problem.json()["field"], field);
        assert!(problem.text().contains(rule), "{}", problem.text());
    }
    let stale = json!({"price": "5", "version": 7});
    let refused = one.customer(1).edit(2, stale).await.refused(409, "order_changed").json();
    assert_eq!(refused["order"]["price"], "10");
    one.customer(2).edit(2, json!({"price": "5"})).await.refused(404, "not_found");
    one.customer(1).edit(99, json!({"price": "5"})).await.refused(404, "not_found");
    one.executor(9).edit(2, json!({"price": "5"})).await.refused(403, "forbidden");
    one.admin().edit(2, json!({"price": "5"})).await.refused(403, "forbidden");
    assert_eq!(world.revision().await, revision, "nothing was changed");

    let mut browser = Browser::of(&one, "customer", 1).await;
    let page = browser.get("/orders/2").await.text();
    assert!(page.contains("action=\"/orders/2/edit\""), "{page}");
    let typed = [("description", "Something else"), ("price", "x"), ("version", "1")];
    let page = browser.submit("/orders/2/edit", &typed).await.expect(422).text();
    assert!(page.contains("Something else") && page.contains("must be a number"), "{page}");
    let typed = [("description", "Something else"), ("price", "1 200"), ("version", "1")];
    let page = browser.submit_and_follow("/orders/2/edit", &typed).await.expect(200).text();
    assert!(page.contains("Order #2 changed.") && page.contains("1,200"), "{page}");
    // Somebody else's window had it open before that.
    let page = browser.submit("/orders/2/edit", &typed).await.expect(409).text();
    assert!(
        page.contains("not what it was") && page.contains("name=\"version\" value=\"2\""),
        "{page}"
    );
    world.audit().await;
}

#[tokio::test]
async fn a_lower_limit_of_prices_leaves_what_stands_on_the_board() {
    let world = World::new().await;
    world.serve().await.customer(1).place("Cut the hedge", "100.00", "RUB").await;
    let server = world.serve_with(&[("MAX_ORDER_COST", "50.00")]).await;
    let customer = server.customer(1);
    let form = [("description", "Cut it"), ("price", "100.00"), ("version", "1")];
    customer.post_form("/orders/1/edit", &form).await.expect(303);
    customer.edit(1, json!({"price": "100.01"})).await.refused(422, "invalid_field");
    server.executor(9).post("/api/orders/1/accept", json!({"price": "100.00"})).await.expect(201);
    world.audit().await;
}

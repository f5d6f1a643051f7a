//! What becomes of contracts: every way from acceptance to the end, live for those concerned, exact
//! in the books, and refused to everybody else.

use serde_json::{Value, json};

use crate::support::{Browser, Client, Format, Server, Watcher, World};

/// Customer 1 places an order that executor 9 accepts; the contract's id.
async fn contract(server: &Server, price: &str) -> u64 {
    let order = server.customer(1).place("Cut the hedge", price, "RUB").await;
    let reply = server.executor(9).accept(order["id"].as_u64().unwrap()).await.expect(201);
    reply.json()["contract"]["id"].as_u64().unwrap()
}

async fn at_head(world: &World, client: &Client) -> Client {
    client.with("x-revision", &world.revision().await.to_string())
}

/// What the profile says of somebody's only currency.
async fn totals(world: &World, client: Client) -> Value {
    world.counted().await;
    let client = at_head(world, &client).await;
    client.get("/api/profile").await.expect(200).json()["totals"][0].clone()
}

#[tokio::test]
async fn a_contract_is_delivered_and_confirmed_before_the_eyes_of_its_parties_only() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let id = contract(&one, "100.00").await;
    let (history, since, _) = world.head().await;
    let watch = async |client: &Client| {
        Watcher::connect(&at_head(&world, client).await, &history, since, Format::Json).await
    };
    let mut customer = watch(&other.customer(1)).await;
    let mut executor = watch(&other.executor(9)).await;
    let mut admin = watch(&other.admin()).await;
    let mut page = Watcher::connect(&other.customer(1), &history, since, Format::Html).await;
    let mut stranger =
        Watcher::of_board(&at_head(&world, &other.executor(8)).await, Format::Json).await;
    let mut nobody = watch(&other.customer(2)).await;

    let reply = one.executor(9).deliver(id).await.expect(200).json();
    assert_eq!(reply["contract"]["status"], "delivered");
    assert_eq!(reply["revision"], since + 1);
    for watcher in [&mut customer, &mut executor, &mut admin, &mut page] {
        let is_there = |model: &crate::support::Model| {
            model.contracts.get(&id).is_some_and(|contract| contract["status"] == "delivered")
        };
        watcher.wait_until("they hear that it was delivered", is_there).await;
    }
    let row = page.model.contracts[&id]["row"].as_str().unwrap();
    assert!(row.contains(&format!("/contracts/{id}/complete")), "{row}");
    let reply = one.customer(1).complete(id).await.expect(200).json();
    assert_eq!(reply["contract"]["status"], "completed");
    executor
        .wait_until("it is confirmed", |model| model.contracts[&id]["status"] == "completed")
        .await;
    // Others go on from what they knew: nothing came between, and nothing is missing.
    one.customer(2).place("Another one", "5.00", "RUB").await;
    stranger.wait_until("the next order", |model| model.board.len() == 1).await;
    nobody.wait_until("their own order", |model| model.orders.len() == 1).await;
    for watcher in [&stranger, &nobody] {
        assert_eq!((watcher.model.gaps, watcher.model.contracts.len()), (0, 0));
        assert!(watcher.model.messages.iter().all(|message| message.get("contracts").is_none()));
    }

    let executor = totals(&world, other.executor(9)).await;
    assert_eq!(
        executor,
        json!({"currency": "RUB", "orders_accepted": 1, "orders_completed": 1,
               "money_received": "98.00", "gain": "2.00"})
    );
    let admin = at_head(&world, &other.admin()).await;
    let contract = admin.get(&format!("/api/contracts/{id}")).await.expect(200).json();
    let history = admin.get(&format!("/api/contracts/{id}/history")).await.expect(200).json();
    let steps: Vec<_> = history["steps"].as_array().unwrap().iter().collect();
    let said: Vec<_> = steps.iter().map(|step| (&step["status"], &step["by"])).collect();
    let of = |role: &str, id: u32| json!({"user_type": role, "user_id": id});
    assert_eq!(
        said,
        [
            (&json!("accepted"), &of("executor", 9)),
            (&json!("delivered"), &of("executor", 9)),
            (&json!("completed"), &of("customer", 1)),
        ]
    );
    assert_eq!(steps[2]["at"], contract["last_action"]);
    world.audit().await;
}

#[tokio::test]
async fn a_contract_that_is_given_up_comes_back_to_the_board_on_the_same_terms() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let id = contract(&one, "100.00").await;
    let mut board = Watcher::of_board(&other.executor(8), Format::Json).await;
    let reply = one.executor(9).give_up(id).await.expect(200).json();
    assert_eq!(reply["contract"]["status"], "cancelled");
    board.wait_until("it is back", |model| model.board.contains_key(&2)).await;
    let order = &board.model.board[&2];
    assert_eq!((&order["price"], &order["fee"]), (&json!("100.00"), &json!("2.00")));
    assert!(order.get("parent_id").is_none(), "executors need not know: {order}");
    let customer = at_head(&world, &other.customer(1)).await;
    let order = customer.get("/api/orders/2").await.expect(200).json();
    assert_eq!((&order["parent_id"], &order["status"]), (&json!(1), &json!("open")));
    let customer = totals(&world, other.customer(1)).await;
    assert_eq!(
        (&customer["orders_created"], &customer["money_in_orders"]),
        (&json!(1), &json!("100.00"))
    );
    let executor = totals(&world, other.executor(9)).await;
    assert_eq!(
        executor,
        json!({"currency": "RUB", "orders_accepted": 1, "orders_completed": 0,
               "orders_given_up": 1, "money_received": "0.00", "gain": "0.00"})
    );
    let summary = other.admin().get("/api/admin/summary").await.expect(200).json();
    assert_eq!(summary["gain"], json!({"RUB": "0.00"}));
    // The first order stays what it was: it is not accepted again. The new one is, by anybody.
    one.executor(9).accept(1).await.refused(409, "order_not_open");
    one.executor(9).accept(2).await.expect(201);
    world.audit().await;
}

#[tokio::test]
async fn a_dispute_is_ruled_either_way_for_a_reason_that_both_parties_read() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let (first, second) = (contract(&one, "100.00").await, contract(&one, "50.00").await);
    one.executor(9).deliver(first).await.expect(200);
    let crooked = "The hedge is <b>crooked</b>.";
    one.customer(1).dispute(first, crooked).await.expect(200);
    one.executor(9).dispute(second, "There is no hedge.").await.expect(200);
    for (contract, status) in [(first, "disputed"), (second, "disputed")] {
        let refused = one.executor(9).deliver(contract).await.refused(409, "wrong_state");
        assert_eq!(refused.json()["contract_status"], status);
        one.executor(9).give_up(contract).await.refused(409, "wrong_state");
        one.customer(1).complete(contract).await.refused(409, "wrong_state");
        one.customer(1).dispute(contract, "again").await.refused(409, "wrong_state");
    }
    one.admin().rule(first, "completed", "It is straight.").await.expect(200);
    let refused = one.admin().rule(first, "cancelled", "or not").await.refused(409, "wrong_state");
    assert_eq!(refused.json()["contract_status"], "completed");
    let reply = one.admin().rule(second, "cancelled", "So there is not.").await.expect(200);
    assert_eq!(reply.json()["contract"]["status"], "cancelled");
    for reader in [other.customer(1), other.executor(9), other.admin()] {
        let page = at_head(&world, &reader).await.get(&format!("/contracts/{first}")).await;
        let page = page.expect(200).text();
        for said in ["The hedge is &lt;b&gt;crooked&lt;/b&gt;.", "It is straight."] {
            assert!(page.contains(said), "{page}");
        }
    }
    // Nothing came back, and what was cancelled counts for nobody.
    let board = at_head(&world, &other.executor(8)).await.get("/api/board").await.expect(200);
    assert_eq!(board.json()["open_orders"], 0);
    let customer = totals(&world, other.customer(1)).await;
    assert_eq!(
        (&customer["orders_created"], &customer["money_in_orders"]),
        (&json!(2), &json!("100.00"))
    );
    let executor = totals(&world, other.executor(9)).await;
    assert_eq!(
        (&executor["orders_accepted"], &executor["orders_completed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(executor["money_received"], "98.00");
    assert!(executor.get("orders_given_up").is_none(), "{executor}");
    world.audit().await;
}

#[tokio::test]
async fn nobody_does_what_is_not_theirs_to_do_and_nothing_is_changed() {
    let world = World::new().await;
    let server = world.serve().await;
    let id = contract(&server, "100.00").await;
    let revision = world.revision().await;
    for stranger in [server.executor(8), server.executor(1)] {
        stranger.deliver(id).await.refused(404, "not_found");
        stranger.give_up(id).await.refused(404, "not_found");
        stranger.dispute(id, "why").await.refused(404, "not_found");
    }
    server.customer(2).complete(id).await.refused(404, "not_found");
    for path in [format!("/api/contracts/{id}/history"), format!("/api/orders/{id}/history")] {
        server.customer(2).get(&path).await.refused(404, "not_found");
    }
    server.executor(9).get("/api/orders/1/history").await.refused(403, "forbidden");
    server.customer(9).dispute(id, "why").await.refused(404, "not_found");
    server.executor(9).deliver(99).await.refused(404, "not_found");
    server.customer(1).deliver(id).await.refused(403, "forbidden");
    server.customer(1).give_up(id).await.refused(403, "forbidden");
    server.executor(9).complete(id).await.refused(403, "forbidden");
    server.admin().dispute(id, "why").await.refused(403, "forbidden");
    server.admin().deliver(id).await.refused(403, "forbidden");
    for client in [server.customer(1), server.executor(9)] {
        client.rule(id, "completed", "mine").await.refused(403, "forbidden");
    }
    server.admin().rule(id, "completed", "early").await.refused(409, "wrong_state");
    let refused = server.customer(1).complete(id).await.refused(409, "wrong_state");
    assert_eq!(refused.json()["contract_status"], "accepted");
    assert!(refused.text().contains("It is now: Accepted."), "{}", refused.text());
    for (reason, rule) in [
        ("", "Please say why."),
        ("\u{7}", "control character"),
        (&"x".repeat(1001), "at most 1000 characters"),
    ] {
        let problem = server.customer(1).dispute(id, reason).await.refused(422, "invalid_field");
        assert_eq!(problem.json()["field"], "reason");
        assert!(problem.text().contains(rule), "{}", problem.text());
    }
    for body in [json!({"reason": "x"}), json!({"reason": "x", "outcome": "open"})] {
        let path = format!("/api/contracts/{id}/rule");
        let problem = server.admin().post(&path, body).await.refused(422, "invalid_field");
        assert_eq!(problem.json()["field"], "outcome");
    }
    assert_eq!(world.revision().await, revision);
    world.audit().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_answered_as_it_was_whatever_came_since() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let id = contract(&one, "100.00").await;
    let keyed = |client: Client| client.with("idempotency-key", "k");
    let delivered = keyed(one.executor(9)).deliver(id).await.expect(200).json();
    let confirmed = keyed(one.customer(1)).complete(id).await.expect(200).json();
    assert_eq!(keyed(other.executor(9)).deliver(id).await.expect(200).json(), delivered);
    assert_eq!(keyed(other.customer(1)).complete(id).await.expect(200).json(), confirmed);
    assert_ne!(delivered["revision"], confirmed["revision"]);
    keyed(other.executor(9)).give_up(id).await.refused(409, "duplicate_request");
    other.executor(9).deliver(id).await.refused(409, "wrong_state");
    world.audit().await;
}

#[tokio::test]
async fn an_executor_has_so_many_contracts_to_deliver_and_no_more() {
    let world = World::new().await;
    let settings = [("MAX_ACTIVE_CONTRACTS", "3")];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    for _ in 0..9 {
        one.customer(1).place("x", "10.00", "RUB").await;
    }
    // All at once, at two servers: exactly so many, and a refusal says why.
    let asked = (1..=9).map(|order| {
        let client = if order % 2 == 0 { one.executor(9) } else { other.executor(9) };
        async move { client.accept(order).await }
    });
    let replies = futures_util::future::join_all(asked).await;
    let accepted = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(accepted, 3);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("too_many_contracts")));
    }
    let text = one.executor(9).accept(9).await;
    if text.status == 409 {
        assert!(text.text().contains("You have 3 contracts to deliver"), "{}", text.text());
    }
    // What one holds is answered again; others are not concerned; delivering makes room.
    let mine = one.executor(9).get("/api/my/contracts").await.expect(200).json();
    let held = mine["rows"][0]["order_id"].as_u64().unwrap();
    one.executor(9).accept(held).await.expect(201);
    let open = one.executor(9).get("/api/board").await.expect(200).json()["orders"].clone();
    let open: Vec<u64> =
        open.as_array().unwrap().iter().map(|order| order["id"].as_u64().unwrap()).collect();
    one.executor(8).accept(open[0]).await.expect(201);
    one.executor(9).deliver(mine["rows"][0]["id"].as_u64().unwrap()).await.expect(200);
    other.executor(9).accept(open[1]).await.expect(201);
    one.executor(9).accept(open[2]).await.refused(409, "too_many_contracts");
    let mut browser = Browser::of(&one, "executor", 9).await;
    let path = format!("/orders/{}/accept", open[2]);
    let page = browser.submit_and_follow(&path, &[]).await.expect(200).text();
    assert!(page.contains("Deliver some of them first."), "{page}");
    one.executor(9).give_up(mine["rows"][1]["id"].as_u64().unwrap()).await.expect(200);
    one.executor(9).accept(open[2]).await.expect(201);
    world.audit().await;
}

#[tokio::test]
async fn every_way_is_open_to_browsers_without_scripts() {
    let world = World::new().await;
    let server = world.serve().await;
    let (first, second) = (contract(&server, "100.00").await, contract(&server, "50.00").await);
    let mut executor = Browser::of(&server, "executor", 9).await;
    let mut customer = Browser::of(&server, "customer", 1).await;
    let mut admin = Browser::of(&server, "admin", 1).await;
    let path = format!("/contracts/{first}");
    let page = executor.get(&path).await.text();
    for offered in ["deliver", "give-up", "dispute"] {
        assert!(page.contains(&format!("{path}/{offered}")), "{offered} is not offered: {page}");
    }
    for not_offered in ["complete", "rule"] {
        assert!(!page.contains(&format!("{path}/{not_offered}")), "{page}");
    }
    let page = customer.get(&path).await.text();
    assert!(!page.contains("/deliver") && !page.contains("/complete"), "{page}");

    let page = executor.submit_and_follow(&format!("{path}/deliver"), &[]).await.expect(200).text();
    assert!(page.contains(&format!("Contract #{first} delivered.")), "{page}");
    assert!(page.contains("counts as done 3 days after it was delivered"), "{page}");
    // A stale button is answered kindly.
    let page = executor.submit_and_follow(&format!("{path}/give-up"), &[]).await.expect(200).text();
    assert!(page.contains("This cannot be done any more"), "{page}");
    let page = customer.get(&path).await.text();
    assert!(
        page.contains(&format!("{path}/complete")) && page.contains("It is your turn"),
        "{page}"
    );
    let reason = [("reason", " ")];
    let page = customer.submit(&format!("{path}/dispute"), &reason).await.expect(422).text();
    assert!(page.contains("Please say why."), "{page}");
    let said = [("reason", "Crooked")];
    let page =
        customer.submit_and_follow(&format!("{path}/dispute"), &said).await.expect(200).text();
    assert!(page.contains("An admin will rule."), "{page}");
    let page = admin.get(&path).await.text();
    assert!(page.contains(&format!("{path}/rule")) && page.contains("Crooked"), "{page}");
    let ruling = [("outcome", "completed"), ("reason", "Straight")];
    let page = admin.submit_and_follow(&format!("{path}/rule"), &ruling).await.expect(200).text();
    assert!(page.contains("Straight") && !page.contains(&format!("{path}/rule")), "{page}");

    let path = format!("/contracts/{second}");
    let page = executor.submit_and_follow(&format!("{path}/give-up"), &[]).await.expect(200).text();
    assert!(page.contains("is cancelled") && page.contains("/orders/3\""), "{page}");
    let page = customer.get("/my/contracts").await.text();
    assert!(page.contains("Cancelled") && page.contains("Completed"), "{page}");
    world.audit().await;
}

//! Many at once: one winner, everybody else told so, whatever the order of arrival and on however
//! many servers.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Reply, World};

/// Of many answers to one order, the index of the single winner; all the others must have lost.
#[track_caller]
fn winner(replies: &[Reply]) -> usize {
    let won: Vec<usize> = replies
        .iter()
        .enumerate()
        .filter(|(_, reply)| reply.status < 300)
        .map(|(i, _)| i)
        .collect();
    for (place, reply) in replies.iter().enumerate() {
        if !won.contains(&place) {
            reply.clone().refused(409, "order_not_open");
        }
    }
    assert_eq!(won.len(), 1, "exactly one wins");
    won[0]
}

#[tokio::test]
async fn of_64_executors_on_two_servers_exactly_one_gets_each_order() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let clients: Vec<_> = (0..64u32)
        .map(|place| (100 + place, if place % 2 == 0 { &one } else { &other }))
        .map(|(id, server)| (id, server.executor(id)))
        .collect();
    for round in 1..=6u64 {
        one.customer(1).place("everybody wants it", "10.00", "RUB").await;
        let replies = join_all(clients.iter().map(|(_, client)| client.accept(round))).await;
        let winner = winner(&replies);
        let contract = replies[winner].clone().expect(201).json()["contract"].clone();
        assert_eq!(contract["id"], round);
        assert_eq!(contract["order_id"], round);
        assert_eq!(contract["executor_id"], clients[winner].0);
        for (place, (_, client)) in clients.iter().enumerate() {
            let mine = client.get("/api/my/contracts").await.expect(200).json();
            let is_mine = mine["rows"].as_array().unwrap().contains(&contract);
            assert_eq!(is_mine, place == winner);
        }
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM contracts").await, 6);
    world.audit().await;
}

#[tokio::test]
async fn an_order_is_either_accepted_or_withdrawn_never_both() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut accepted = 0;
    for round in 1..=60u64 {
        one.customer(1).place("now or never", "10.00", "RUB").await;
        // Who is sent first takes turns; who is first is up to the locks.
        let (here, there) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let path = format!("/api/orders/{round}");
        let (accept, withdraw) = (format!("{path}/accept"), format!("{path}/withdraw"));
        let (executors, customer) = ([here.executor(8), there.executor(9)], there.customer(1));
        let mut attempts = vec![
            executors[0].post(&accept, json!({})),
            customer.post(&withdraw, json!({})),
            executors[1].post(&accept, json!({})),
        ];
        if round % 3 == 0 {
            attempts.swap(0, 1);
        }
        let replies = join_all(attempts).await;
        let won = replies[winner(&replies)].json();
        let order = one.admin().get(&path).await.expect(200).json();
        let is_taken = won.get("contract").is_some();
        assert_eq!(order["status"], if is_taken { "taken" } else { "withdrawn" });
        accepted += i64::from(is_taken);
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM contracts").await, accepted);
    assert_eq!(world.count("SELECT COUNT(*) FROM orders WHERE status = 'open'").await, 0);
    world.audit().await;
}

#[tokio::test]
async fn accepting_what_one_holds_is_the_same_answer_again() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("x", "10.00", "RUB").await;
    let first = one.executor(9).accept(1).await.expect(201);
    for server in [&one, &other, &one] {
        let again = server.executor(9).accept(1).await.expect(201);
        assert_eq!(again.json(), first.json());
    }
    other.executor(8).accept(1).await.refused(409, "order_not_open");
    // Also when it has gone on since.
    one.executor(9).deliver(1).await.expect(200);
    one.customer(1).complete(1).await.expect(200);
    assert_eq!(other.executor(9).accept(1).await.expect(201).json(), first.json());
    // The same in one instant, before anybody holds it.
    one.customer(1).place("y", "10.00", "RUB").await;
    let clients = [one.executor(9), other.executor(9)];
    let replies = join_all((0..16).map(|place| clients[place % 2].accept(2))).await;
    for reply in replies {
        assert_eq!(reply.expect(201).json()["contract"]["id"], 2);
    }
    assert_eq!(world.revision().await, 6);
    world.audit().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_by_name_and_changes_nothing() {
    let world = World::new().await;
    let server = world.serve().await;
    let customer = server.customer(1);
    for text in ["open", "taken", "withdrawn"] {
        customer.place(text, "10.00", "RUB").await;
    }
    server.executor(9).accept(2).await.expect(201);
    customer.withdraw(3).await.expect(200);
    let before = world.head().await;

    // The same number is the same person, in whatever role.
    server.executor(1).accept(1).await.refused(409, "own_order");
    for id in [0, 4, 4_294_967_295] {
        server.executor(9).accept(id).await.refused(404, "not_found");
        customer.withdraw(id).await.refused(404, "not_found");
    }
    server.executor(9).accept(3).await.refused(409, "order_not_open");
    customer.withdraw(2).await.refused(409, "order_not_open");
    customer.withdraw(3).await.refused(409, "order_not_open");
    // What is not yours is not there, whatever its state.
    for id in [1, 2, 3] {
        server.customer(2).withdraw(id).await.refused(404, "not_found");
    }
    for client in [server.executor(9), server.admin()] {
        let body = json!({"description": "x", "price": "1.00", "currency": "RUB"});
        client.post("/api/orders", body).await.refused(403, "forbidden");
        client.withdraw(1).await.refused(403, "forbidden");
    }
    for client in [customer, server.admin()] {
        client.accept(1).await.refused(403, "forbidden");
    }
    server.nobody().accept(1).await.refused(401, "unauthenticated");
    for path in ["/api/orders/x/accept", "/api/orders/-1/accept", "/api/orders/4294967296/accept"] {
        server.executor(9).post(path, json!({})).await.refused(404, "not_found");
    }

    assert_eq!(world.head().await, before);
    world.audit().await;
}

#[tokio::test]
async fn orders_placed_on_two_servers_at_once_are_numbered_without_a_gap() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let place = async |place: u32| {
        let server = if place.is_multiple_of(2) { &one } else { &other };
        let order = server.customer(1 + place % 10).place("x", "10.00", "RUB").await;
        order["id"].as_u64().unwrap()
    };
    let ids: BTreeSet<u64> = join_all((0..300).map(place)).await.into_iter().collect();
    assert_eq!(ids, (1..=300).collect());
    let revision = world.revision().await;
    let caught_up = one.admin().with("x-revision", &revision.to_string());
    let board = caught_up.get("/api/board").await.expect(200).json();
    assert_eq!(board["open_orders"], 300);
    // Orders that waited together were committed together.
    assert!(revision < 300, "batches hold more than one command");
    world.audit().await;
}

#[tokio::test]
async fn everybody_trades_at_once_and_the_books_balance() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let servers = [&one, &other];
    let customers = (1..=8u32).map(|id| async move {
        let customer = servers[id as usize % 2].customer(id);
        for round in 0..15u32 {
            let price = format!("{}.{:02}", 1 + round * id, round);
            let currency = ["RUB", "USD", "EUR"][(round % 3) as usize];
            let order = customer.place("a job like any other", &price, currency).await;
            if round % 4 == 0 {
                let reply = customer.withdraw(order["id"].as_u64().unwrap()).await;
                assert!([200, 409].contains(&reply.status), "{}", reply.text());
            }
        }
    });
    let executors = (5..=12u32).map(|id| async move {
        let executor = servers[(id as usize + 1) % 2].executor(id);
        let mut won = 0;
        for _ in 0..15 {
            let board = executor.get("/api/board").await.expect(200).json();
            for order in board["orders"].as_array().unwrap().iter().take(2) {
                let reply = executor.accept(order["id"].as_u64().unwrap()).await;
                assert!([201, 409].contains(&reply.status), "{}", reply.text());
                won += i64::from(reply.status == 201);
            }
        }
        won
    });
    let (_, won) = tokio::join!(join_all(customers), join_all(executors));
    let contracts = world.count("SELECT COUNT(*) FROM contracts").await;
    assert_eq!(won.iter().sum::<i64>(), contracts);
    assert_eq!(world.count("SELECT COUNT(*) FROM orders").await, 120);
    world.audit().await;
}

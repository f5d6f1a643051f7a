//! What was delivered counts as completed when its customer said nothing for long: once, whichever
//! server asks for it, also after days without a server and whatever the clock does.

use serde_json::json;

use super::Services;
use super::clock::set_clock;
use crate::support::{Server, World, eventually};

const DAY: i32 = 24 * 3600;

async fn count(world: &World, status: &str) -> i64 {
    let sql = match status {
        "completed" => "SELECT COUNT(*) FROM contracts WHERE status = 'completed'",
        "delivered" => "SELECT COUNT(*) FROM contracts WHERE status = 'delivered'",
        _ => "SELECT COUNT(*) FROM journal WHERE events LIKE '%ContractCompleted%'",
    };
    world.count(sql).await
}

/// A database that was just restarted is waited for.
async fn is_served(server: &Server) {
    eventually("an order of that day", || async {
        let body = json!({"description": "young", "price": "10.00", "currency": "RUB"});
        let reply = server.customer(2).post("/api/orders", body).await;
        (reply.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_delivered_long_ago_is_completed_once() {
    let services = Services::up().await;
    let world = services.world().await;
    let settings = [("COMPLETE_AFTER_DAYS", "3"), ("EXPIRE_AFTER_DAYS", "0")];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    for id in 1..=6 {
        one.customer(1).place("x", "10.00", "RUB").await;
        one.executor(9).accept(id).await.expect(201);
        // The first stays accepted, the second is disputed.
        if id > 1 {
            one.executor(9).deliver(id).await.expect(200);
        }
    }
    one.customer(1).dispute(2, "crooked").await.expect(200);
    set_clock(&services, 2 * DAY);
    is_served(&one).await;
    assert_eq!((count(&world, "completed").await, count(&world, "delivered").await), (0, 4));

    set_clock(&services, 4 * DAY);
    eventually("they are completed", || async {
        (count(&world, "completed").await == 4).then_some(())
    })
    .await;
    // Both servers asked for it alike; it was done once.
    assert!((1..=4).contains(&count(&world, "events").await));
    is_served(&other).await;
    let revision = world.revision().await.to_string();
    let reader = |client: crate::support::Client| client.with("x-revision", &revision);
    let contract = reader(other.customer(1)).get("/api/contracts/3/history").await;
    let contract = contract.expect(200).json();
    let step = &contract["steps"][2];
    assert_eq!((&step["status"], &step["by"]), (&json!("completed"), &json!(null)));
    let page = reader(other.executor(9)).get("/contracts/3").await.expect(200).text();
    assert!(page.contains("The customer said nothing for long"), "{page}");
    for (id, status) in [(1, "accepted"), (2, "disputed")] {
        let path = format!("/api/contracts/{id}");
        let contract = reader(one.executor(9)).get(&path).await.expect(200).json();
        assert_eq!(contract["status"], status);
    }

    // What became due while no server ran is done at the start; a clock that went back does nothing.
    one.executor(9).deliver(1).await.expect(200);
    drop((one, other));
    set_clock(&services, 30 * DAY);
    let late = world.serve_with(&settings).await;
    eventually("that one, too", || async { (count(&world, "completed").await == 5).then_some(()) })
        .await;
    set_clock(&services, 0);
    is_served(&late).await;
    late.executor(9).accept(7).await.expect(201);
    late.executor(9).deliver(7).await.expect(200);
    late.customer(2).complete(7).await.expect(200);
    late.customer(1).complete(2).await.refused(409, "wrong_state");
    world.audit().await;
}

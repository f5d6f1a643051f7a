//! Orders that nobody took leave the board when their time has come, once, also after a night without
//! a server; and come back when their customer wants it.

use serde_json::json;

use super::Services;
use super::clock::set_clock;
use crate::support::{Browser, Format, Watcher, World, eventually};

const DAY: i32 = 24 * 3600;

async fn open_orders(world: &World) -> i64 {
    world.count("SELECT CAST(open_orders AS SIGNED) FROM board").await
}

#[tokio::test]
async fn old_orders_expire_once_and_can_be_renewed_once() {
    let services = Services::up().await;
    let world = services.world().await;
    let settings = [("EXPIRE_AFTER_DAYS", "30")];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let text = "words ".repeat(100);
    for id in 1..=7u64 {
        one.customer(1).place(&text, "10.00", "RUB").await;
        match id {
            1 => _ = one.executor(9).accept(id).await.expect(201),
            2 => _ = one.customer(1).withdraw(id).await.expect(200),
            _ => {}
        }
    }
    let mut board = Watcher::of_board(&other.executor(9), Format::Json).await;
    one.customer(1).renew(3).await.refused(409, "wrong_state");
    // Nearly a month later nothing has happened to those.
    set_clock(&services, 29 * DAY);
    eventually("an order of that day", || async {
        let body = json!({"description": "young", "price": "10.00", "currency": "RUB"});
        let reply = one.customer(2).post("/api/orders", body).await;
        (reply.status == 201).then_some(())
    })
    .await;
    assert_eq!(open_orders(&world).await, 6);

    set_clock(&services, 31 * DAY);
    eventually("the old ones are gone", || async {
        (open_orders(&world).await == 1).then_some(())
    })
    .await;
    board.wait_until("the watcher knows", |model| model.board.keys().eq(&[8])).await;
    let closed = board.model.messages.iter().filter_map(|message| message.get("closed"));
    let reasons = closed.flat_map(|closed| closed.as_array().unwrap());
    let expired = reasons.filter(|closed| closed["reason"] == "expired").count();
    assert_eq!(expired, 5);
    // The two servers asked for it alike; it was done once.
    let events = "SELECT COUNT(*) FROM journal WHERE events LIKE '%OrderExpired%'";
    assert!((1..=5).contains(&world.count(events).await));
    let revision = world.revision().await.to_string();
    let customer = |id| one.customer(id).with("x-revision", &revision);
    world.counted().await;
    let profile = customer(1).get("/api/profile").await.expect(200).json();
    let totals = &profile["totals"][0];
    assert_eq!(
        (&totals["orders_created"], &totals["money_in_orders"]),
        (&json!(7), &json!("10.00"))
    );

    // One click, however often, brings one order back.
    let order = customer(1).renew(3).await.expect(201).json()["order"].clone();
    assert_eq!((&order["id"], &order["status"]), (&json!(9), &json!("open")));
    assert_eq!((&order["parent_id"], &order["description"]), (&json!(3), &json!(text)));
    assert_eq!(customer(1).renew(3).await.expect(201).json()["order"], order);
    let mut browser = Browser::of(&one, "customer", 1).await;
    let page = browser.get("/my/orders").await.text();
    assert!(page.contains("/orders/4/renew") && !page.contains("/orders/2/renew"), "{page}");
    let page = browser.submit_and_follow("/orders/4/renew", &[]).await.expect(200).text();
    assert!(page.contains("Order #10 is on the board again."), "{page}");
    for (renewal, status, code) in [
        (customer(2).renew(5).await, 404, "not_found"),
        (customer(1).renew(1).await, 409, "wrong_state"),
        (customer(1).renew(2).await, 409, "wrong_state"),
        (customer(1).renew(9).await, 409, "wrong_state"),
        (customer(1).renew(99).await, 404, "not_found"),
        (one.executor(9).renew(5).await, 403, "forbidden"),
    ] {
        renewal.refused(status, code);
    }
    board.wait_until("it is back", |model| model.board.keys().eq(&[8, 9, 10])).await;
    one.executor(9).accept(9).await.expect(201);

    // What became due while no server ran is done at the start; a clock that went back undoes
    // nothing and expires nothing.
    drop((one, other));
    set_clock(&services, 90 * DAY);
    let late = world.serve_with(&settings).await;
    eventually("those are gone too", || async { (open_orders(&world).await == 0).then_some(()) })
        .await;
    set_clock(&services, 0);
    eventually("an order after that", || async {
        let body = json!({"description": "new", "price": "10.00", "currency": "RUB"});
        (late.customer(2).post("/api/orders", body).await.status == 201).then_some(())
    })
    .await;
    late.executor(9).accept(11).await.expect(201);
    world.audit().await;
}

//! An admin removes an order: everybody who watches sees it go, its customer learns why, and the
//! books balance.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Browser, Format, Watcher, World};

const REASON: &str = "Reselling is not allowed here: <b>rule 7</b>.";

#[tokio::test]
async fn a_removed_order_leaves_the_board_and_its_customer_learns_why() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    for _ in 0..3 {
        one.customer(1).place("x", "10.00", "RUB").await;
    }
    let mut board = Watcher::of_board(&other.executor(9), Format::Json).await;
    let (history, ..) = world.head().await;
    let mut customer = Watcher::connect(&other.customer(1), &history, 3, Format::Json).await;
    let mut stranger = Watcher::connect(&other.customer(2), &history, 3, Format::Json).await;

    let reply = one.admin().remove(2, REASON).await.expect(200).json();
    assert_eq!((&reply["order"]["status"], &reply["revision"]), (&json!("removed"), &json!(4)));
    board.wait_until("it is gone", |model| !model.board.contains_key(&2)).await;
    let closed = board.model.messages.iter().find(|message| message.get("closed").is_some());
    assert_eq!(closed.unwrap()["closed"], json!([{"id": 2, "reason": "removed"}]));
    customer.wait_until("its customer hears", |model| model.orders.contains_key(&2)).await;
    assert_eq!(customer.model.orders[&2]["status"], "removed");

    let seen = |client: crate::support::Client| client.with("x-revision", "4");
    for reader in [other.customer(1), other.admin()] {
        let order = seen(reader.clone()).get("/api/orders/2").await.expect(200).json();
        assert_eq!((&order["status"], &order["reason"]), (&json!("removed"), &json!(REASON)));
        let page = seen(reader).get("/orders/2").await.expect(200).text();
        let because = "Reselling is not allowed here: &lt;b&gt;rule 7&lt;/b&gt;.";
        assert!(page.contains(because) && !page.contains("/orders/2/remove"), "{page}");
    }
    for reader in [other.executor(9), other.customer(2)] {
        seen(reader).get("/api/orders/2").await.refused(404, "not_found");
    }
    let order = seen(other.customer(1)).get("/api/orders/1").await.expect(200).json();
    assert!(order.get("reason").is_none(), "{order}");

    // Who may not, what cannot be, and what is not there.
    for reader in [one.customer(1), one.executor(9)] {
        reader.remove(1, REASON).await.refused(403, "forbidden");
    }
    one.admin().remove(99, REASON).await.refused(404, "not_found");
    let refused = one.admin().remove(2, "again").await.refused(409, "order_not_open");
    assert!(refused.text().contains("taken, withdrawn or removed"), "{}", refused.text());
    one.executor(9).accept(2).await.refused(409, "order_not_open");
    one.customer(1).withdraw(2).await.refused(409, "order_not_open");
    for (reason, rule) in [
        ("", "Please say why."),
        ("\u{7}", "control character"),
        (&"x".repeat(1001), "at most 1000 characters"),
    ] {
        let problem = one.admin().remove(1, reason).await.refused(422, "invalid_field");
        assert_eq!(problem.json()["field"], "reason");
        assert!(problem.text().contains(rule), "{}", problem.text());
    }
    world.counted().await;
    let profile = seen(one.customer(1)).get("/api/profile").await.expect(200).json();
    let totals = &profile["totals"][0];
    assert_eq!(
        (&totals["orders_created"], &totals["money_in_orders"]),
        (&json!(3), &json!("20.00"))
    );
    stranger.reach(world.revision().await).await;
    assert!(!stranger.received().contains("removed"));
    assert!(!board.received().contains("Reselling"));
    world.audit().await;
}

#[tokio::test]
async fn an_admin_removes_by_a_form_that_keeps_what_was_typed() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    let mut admin = Browser::of(&server, "admin", 1).await;
    let page = admin.get("/orders/1").await.expect(200).text();
    assert!(page.contains("action=\"/orders/1/remove\""), "{page}");
    assert!(!server.executor(9).get("/orders/1").await.text().contains("/remove"));
    let long = "because ".repeat(200);
    let page = admin.submit("/orders/1/remove", &[("reason", &long)]).await.expect(422).text();
    assert!(page.contains(&long) && page.contains("at most 1000 characters"), "{page}");
    let page = admin.submit_and_follow("/orders/1/remove", &[("reason", REASON)]).await.expect(200);
    assert!(page.text().contains("Order #1 removed."), "{}", page.text());
    let page = admin.submit_and_follow("/orders/1/remove", &[("reason", REASON)]).await.expect(200);
    assert!(page.text().contains("no longer open"), "{}", page.text());
    world.audit().await;
}

#[tokio::test]
async fn of_those_who_accept_withdraw_and_remove_at_once_one_wins() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    for id in 1..=30u64 {
        one.customer(1).place("x", "10.00", "RUB").await;
        let (admins, executors) =
            ([one.admin(), other.admin()], [one.executor(8), other.executor(9)]);
        let customer = other.customer(1);
        let (removed, accepted, withdrawn) = tokio::join!(
            join_all(admins.iter().map(|admin| admin.remove(id, REASON))),
            join_all(executors.iter().map(|executor| executor.accept(id))),
            customer.withdraw(id),
        );
        let replies = removed.iter().chain(&accepted).chain([&withdrawn]);
        let won = replies.filter(|reply| reply.status < 300).count();
        assert_eq!(won, 1, "order {id}");
    }
    world.audit().await;
}

//! A database that answers but will not write: its disk is full, or it is read-only.

use super::{Services, are_well, clients, is_logged, settle};
use crate::support::{Attempt, Load, Server, World, assert_true, eventually, short_or_long};

/// All tables in one file that may not grow much beyond what empty ones need, and one that may.
const CRAMPED: &str =
    "--innodb-file-per-table=0 --innodb-data-file-path=ibdata1:12M:autoextend:max:14M";
const ROOMY: &str =
    "--innodb-file-per-table=0 --innodb-data-file-path=ibdata1:12M:autoextend:max:400M";

/// Whoever only reads is answered as ever.
async fn assert_readable(server: &Server, order: u64) {
    for (client, path) in [
        (server.executor(9), "/orders"),
        (server.executor(9), "/api/board"),
        (server.customer(1), "/my/orders"),
        (server.customer(1), "/api/my/orders?per_page=50"),
        (server.admin(), "/api/admin/orders"),
        (server.admin(), "/api/admin/customers"),
        (server.nobody(), "/readyz"),
    ] {
        client.get(path).await.expect(200);
    }
    server.executor(9).get(&format!("/api/orders/{order}")).await.expect(200);
}

/// Demands that a round of orders is refused to the last one: nothing was done, and each server says
/// why, once for each order.
async fn assert_unwilling(world: &World, servers: [&Server; 2], name: &str) -> Vec<Attempt> {
    let (head, orders) = (world.head().await, world.count("SELECT COUNT(*) FROM orders").await);
    let said = |what| servers.map(|server| server.log().matches(what).count());
    let uncounted = said("statistics cannot be counted");
    let load = Load::of_long_texts(name, short_or_long(2, 20));
    let attempts = load.run(&clients(servers, 16)).await;
    for attempt in &attempts {
        let problem = attempt.refused("database_unavailable");
        let trace = problem["trace"].as_str().expect("an id");
        let log = || servers.map(Server::log).concat();
        eventually("the log knows it", || async { log().contains(trace).then_some(()) }).await;
        assert_eq!(log().matches(trace).count(), 1);
    }
    assert_eq!(world.head().await, head, "nothing half done");
    assert_eq!(world.count("SELECT COUNT(*) FROM orders").await, orders);
    assert_eq!((said("splitting"), said("panicked"), said("stopping")), ([0; 2], [0; 2], [0; 2]));
    for (now, before) in said("statistics cannot be counted").into_iter().zip(uncounted) {
        assert!(now - before <= 1, "the statistics say it once, not each time they try");
    }
    attempts
}

/// Somebody who fills in the form keeps what they typed, and is told by which id we know the fault.
async fn assert_form_is_kept(server: &Server) {
    let customer = server.customer(1);
    let text = "typed with care ".repeat(400);
    let fields = [("description", text.as_str()), ("price", "1.00"), ("currency", "RUB")];
    let page = customer.post_form("/orders", &fields).await.expect(503);
    assert!(page.text().contains(text.trim()), "{}", page.text());
    assert!(!page.header("retry-after").is_empty());
    let page = page.text();
    let (_, trace) = page.split_once("please give this number: ").expect("an id");
    is_logged(server, &trace[..12]).await;
}

#[tokio::test]
async fn while_its_disk_is_full_the_database_reads_on_and_refuses_every_write() {
    let mut services = Services::with(CRAMPED).await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    let order = one.customer(1).place("before", "10.00", "RUB").await["id"].as_u64().unwrap();
    let mut attempts = Vec::new();
    // A small batch may still find a place where a large one does not.
    let (mut round, mut refused_rounds) = (0, 0);
    while refused_rounds < 3 {
        let load = Load::of_long_texts(&format!("filling-{round}"), 2);
        let more = load.run(&clients([&one, &other], 16)).await;
        assert_true(&world, &more).await;
        refused_rounds = if load.done() == 0 { refused_rounds + 1 } else { 0 };
        attempts.extend(more);
        round += 1;
        assert!(round < 60, "the disk is never full");
    }
    assert!(attempts.iter().any(Attempt::is_done), "there was room at first");
    for server in [&one, &other] {
        assert_readable(server, order).await;
        assert_form_is_kept(server).await;
        // What writes nothing needs no room.
        server.customer(2).withdraw(order).await.refused(404, "not_found");
    }
    attempts.extend(assert_unwilling(&world, [&one, &other], "full").await);
    is_logged(&one, "is full").await;

    services.kill_database().await;
    services.start_with(ROOMY).await;
    are_well([&one, &other]).await;
    settle(&world, [&one, &other], &attempts).await;
}

#[tokio::test]
async fn while_the_database_is_read_only_it_reads_on_and_refuses_every_write() {
    let services = Services::up().await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    let order = one.customer(1).place("before", "10.00", "RUB").await["id"].as_u64().unwrap();
    for round in 0..short_or_long(1, 10) {
        let load = Load::new(&format!("closing-{round}"), 30);
        let clients = clients([&one, &other], 12);
        let (mut attempts, ()) = tokio::join!(load.run(&clients), async {
            load.reached(60 + fastrand::u32(..60)).await;
            services.as_root("SET GLOBAL read_only = 1");
        });
        assert!(attempts.iter().any(|attempt| !attempt.is_done()), "it is closed at work");
        for server in [&one, &other] {
            assert_readable(server, order).await;
            assert_form_is_kept(server).await;
        }
        attempts.extend(assert_unwilling(&world, [&one, &other], &format!("closed-{round}")).await);
        is_logged(&one, "read-only").await;
        services.as_root("SET GLOBAL read_only = 0");
        settle(&world, [&one, &other], &attempts).await;
    }
}

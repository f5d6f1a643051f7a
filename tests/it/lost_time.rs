//! Time that a crash of a database without durable commits, or a restore, took back: it is noticed
//! within a second, nothing of it is shown any more, and nobody misses what stands in its place.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{Client, Format, Server, Watcher, World, eventually, read_board};

/// The tables as they stand, kept to go back to.
async fn keep(world: &World) {
    let mut connection = world.interactions().await;
    for sql in [
        "CREATE TABLE kept_board AS SELECT * FROM board",
        "CREATE TABLE kept_orders AS SELECT * FROM orders",
    ] {
        connection.execute(sql).await.expect(sql);
    }
}

/// Goes back, all at once, to what was kept: later revisions and what they did are gone.
async fn go_back(world: &World) {
    let mut connection = world.interactions().await;
    for sql in [
        "BEGIN",
        "SELECT id FROM board FOR UPDATE",
        "DELETE journal FROM journal JOIN kept_board b WHERE journal.revision > b.revision",
        "DELETE contracts FROM contracts JOIN kept_board b WHERE contracts.id > b.contracts",
        "DELETE FROM orders",
        "INSERT INTO orders SELECT * FROM kept_orders",
        "DELETE FROM requests",
        "UPDATE board JOIN kept_board b USING (id) SET board.revision = b.revision, \
         board.batch = b.batch, board.orders = b.orders, board.contracts = b.contracts, \
         board.open_orders = b.open_orders, board.last_action = b.last_action",
        "COMMIT",
    ] {
        connection.execute(sql).await.expect(sql);
    }
}

/// Revision 3: orders 1 to 3 are open. Then more happens, to be lost: 2 is taken and 4 placed.
async fn trade(world: &World, server: &Server) {
    for text in ["one", "two", "three"] {
        server.customer(1).place(text, "10.00", "RUB").await;
    }
    keep(world).await;
    server.executor(9).accept(2).await.expect(201);
    server.customer(1).place("lost", "99.00", "RUB").await;
    assert_eq!(world.revision().await, 5);
}

/// The board, the customer's orders and the executor's contracts, as this server shows them.
async fn shown(server: &Server) -> [Vec<Value>; 3] {
    let list = |client: Client, path: &'static str, name: &'static str| async move {
        let rows = client.get(path).await.expect(200).json();
        rows[name].as_array().expect("rows").iter().map(|row| row["description"].clone()).collect()
    };
    [
        list(server.executor(9), "/api/board", "orders").await,
        list(server.customer(1), "/api/my/orders", "rows").await,
        list(server.executor(9), "/api/my/contracts", "rows").await,
    ]
}

#[tokio::test]
async fn a_head_that_went_back_is_noticed_within_a_second_and_nothing_lost_is_shown() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    trade(&world, &one).await;
    world.counted().await;
    for server in [&one, &other] {
        eventually("everything is shown", || async {
            let [board, orders, contracts] = shown(server).await;
            let wanted = [json!("lost"), json!("three"), json!("one")];
            (board == wanted && orders.len() == 4 && contracts == [json!("two")]).then_some(())
        })
        .await;
    }
    let mut watchers = vec![
        Watcher::of_board(&one.executor(9), Format::Json).await,
        Watcher::of_board(&other.executor(8), Format::Html).await,
        Watcher::of_board(&other.admin(), Format::Json).await,
    ];

    go_back(&world).await;
    let started = Instant::now();
    for watcher in &mut watchers {
        watcher.wait_until("a resync", |model| model.resyncs == 1 && model.revision == 3).await;
    }
    let noticed = started.elapsed();
    assert!(noticed < Duration::from_secs(3), "noticed after {noticed:?}");
    for server in [&one, &other] {
        let board = ["three", "two", "one"].map(|text| json!(text)).to_vec();
        assert_eq!(shown(server).await, [board.clone(), board, vec![]]);
        eventually("the statistics stop", || async {
            server.log().contains("run `orderboard rebuild`").then_some(())
        })
        .await;
    }

    // What comes now takes the place of what was lost, for everybody.
    other.customer(1).place("instead", "5.00", "RUB").await;
    one.executor(7).accept(2).await.expect(201);
    let revision = world.revision().await;
    for watcher in &mut watchers {
        watcher.reach(revision).await;
        assert_eq!((watcher.model.resyncs, watcher.model.gaps), (1, 0));
        assert!(watcher.model.board.keys().eq(&[1, 3, 4]), "{}", watcher.model.brief());
    }
    assert_eq!(read_board(&one.executor(9)).await.orders[&4]["description"], "instead");

    // The statistics wait for somebody to look at it; then they are right again.
    let (code, text) = world.run_audit().await;
    assert!(code == Some(1) && text.contains("WRONG the statistics follow this journal"), "{text}");
    let mut rebuild = world.command("rebuild");
    let rebuilt = tokio::task::spawn_blocking(move || rebuild.output().expect("it runs")).await;
    assert!(rebuilt.expect("it ends").status.success());
    for (client, money) in [(one.customer(1), "35.00"), (other.customer(1), "35.00")] {
        eventually("the profile is right", || async {
            let profile = client.get("/api/profile").await.expect(200).json();
            (profile["totals"][0]["money_in_orders"] == money).then_some(())
        })
        .await;
    }
    world.audit().await;
}

#[tokio::test]
async fn who_was_away_while_time_was_lost_starts_over_even_at_an_equal_revision() {
    let world = World::new().await;
    let mut server = world.serve().await;
    trade(&world, &server).await;
    let mut away = Watcher::of_board(&server.executor(9), Format::Json).await;
    let mut older = Watcher::of_board(&server.executor(8), Format::Json).await;
    away.reach(5).await;
    older.reach(5).await;
    // Nobody is left who knows of the lost time but the watchers.
    server.kill();
    go_back(&world).await;
    server = world.serve().await;
    for text in ["instead", "of it"] {
        server.customer(2).place(text, "5.00", "RUB").await;
    }
    assert_eq!(world.revision().await, 5);
    server.customer(2).place("later", "5.00", "RUB").await;
    for watcher in [&mut away, &mut older] {
        watcher.move_to(&server);
        watcher.reach(6).await;
        assert_eq!(watcher.model.resyncs, 1);
        let board = read_board(&server.executor(9)).await;
        assert_eq!(watcher.model.board, board.orders);
    }
    // And who knows the revision that stands goes on from it.
    let mut well = Watcher::of_board(&server.executor(7), Format::Json).await;
    well.disconnect();
    server.executor(7).accept(1).await.expect(201);
    well.reach(7).await;
    assert_eq!((well.model.resyncs, well.model.gaps), (0, 0));
    let mut rebuild = world.command("rebuild");
    let rebuilt = tokio::task::spawn_blocking(move || rebuild.output().expect("it runs")).await;
    assert!(rebuilt.expect("it ends").status.success());
    world.audit().await;
}

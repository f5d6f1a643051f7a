//! A primary that dies at work, and a replica that takes its place.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::is_logged;
use super::pair::Pair;
use crate::history::{Market, longest_pause, read_journal, verify};
use crate::support::{
    Attempt, Format, Load, Server, Watcher, World, assert_true, read_board, short_or_long,
};

/// Two on each server.
async fn watchers(servers: [&Server; 2]) -> Vec<Watcher> {
    let clients = (98..102).map(|id| servers[id as usize % 2].executor(id));
    let clients: Vec<_> = clients.collect();
    join_all(clients.iter().map(|client| Watcher::of_board(client, Format::Json))).await
}

/// Lets them take what comes until it is `over`.
async fn watch(watchers: &mut [Watcher], over: &Cell<bool>) {
    let watching = watchers.iter_mut().map(|watcher| async {
        while !over.get() {
            if !watcher.is_connected() {
                watcher.step().await;
            } else if let Ok(heard) = timeout(Duration::from_millis(100), watcher.hear()).await {
                watcher.take(heard).await;
            }
        }
    });
    join_all(watching).await;
}

/// Demands that they end at the board as it is.
async fn assert_exact(world: &World, servers: [&Server; 2], watchers: &mut [Watcher]) {
    let revision = world.revision().await;
    for watcher in watchers {
        watcher.reach(revision).await;
        for server in servers {
            let reader = server.executor(9).with("x-revision", &revision.to_string());
            assert!(
                watcher.model.board == read_board(&reader).await.orders,
                "{}",
                watcher.model.brief()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_promoted_at_work_has_all_that_was_acknowledged() {
    let mut pair = Pair::up().await;
    let world = pair.world().await;
    let (one, other) = world.serve_two().await;
    let servers = [&one, &other];
    let mut watchers = watchers(servers).await;
    let market = Market::of(servers, true);
    let over = Cell::new(false);
    let failing = async {
        market.goes_on(short_or_long(300, 3000)).await;
        pair.first.signal_database("KILL");
        pair.address.shut();
        let took = pair.promote().await;
        pair.lead_to_second();
        pair.address.open();
        market.goes_on(short_or_long(200, 2000)).await;
        market.close();
        over.set(true);
        took
    };
    let watching = watch(&mut watchers, &over);
    let (took, ..) = tokio::join!(failing, market.run((20, 30)), watching);

    let (records, journal) = (market.take_records(), read_journal(&world).await);
    println!(
        "{} requests, {} done; promoted in {took:?}; {:?} without writes",
        records.len(),
        journal.len(),
        longest_pause(&records),
    );
    verify(&records, &journal);
    assert_exact(&world, servers, &mut watchers).await;
    // What is seen is on the replica already: nobody saw anything that was taken back.
    for watcher in &watchers {
        assert_eq!(watcher.model.resyncs, 0, "{}", watcher.model.brief());
    }
    for server in servers {
        assert!(!server.log().contains("history was replaced"));
    }
    world.audit().await;

    // The old one follows the new one, and has the same in the end.
    pair.rejoin().await;
    let (_, interactions) = world.database_url.rsplit_once('/').expect("a URL");
    let sums = format!("CHECKSUM TABLE {interactions}.journal, {interactions}.orders");
    let sums = [pair.first.ask_as_root(&sums).await, pair.second.ask_as_root(&sums).await];
    assert_eq!(sums[0], sums[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_late_replica_lacks_is_noticed_and_nothing_of_it_is_shown() {
    let pair = Pair::up().await;
    let world = pair.world().await;
    let (one, other) = world.serve_two().await;
    let servers = [&one, &other];
    pair.first.as_root("SET GLOBAL rpl_semi_sync_master_enabled = 0");
    let mut watchers = watchers(servers).await;
    let clients = super::clients(servers, 8);
    let before = Load::new("before", 10).run(&clients).await;
    assert!(before.iter().all(Attempt::is_done));
    let sent = pair.first.ask_as_root("SELECT @@gtid_binlog_pos").await;
    pair.reached(sent.lines().last().expect("a position")).await;
    pair.second.as_root("STOP SLAVE IO_THREAD");
    let lost = Load::new("lost", 10).run(&clients).await;
    assert!(lost.iter().all(Attempt::is_done), "the primary acknowledged them");
    let revision = world.revision().await;
    for watcher in &mut watchers {
        watcher.reach(revision).await;
    }

    pair.first.signal_database("KILL");
    pair.address.shut();
    pair.promote().await;
    pair.lead_to_second();
    pair.address.open();
    let promoted_at = world.revision().await;
    assert!(promoted_at < revision);
    for server in servers {
        is_logged(server, "history was replaced: starting over from the database").await;
    }
    for watcher in &mut watchers {
        watcher.wait_until("a resync", |model| model.resyncs == 1).await;
    }
    assert_exact(&world, servers, &mut watchers).await;
    assert_true(&world, &before).await;
    let texts = world.count("SELECT COUNT(*) FROM orders WHERE description LIKE 'lost-%'").await;
    println!("{} acknowledged, {texts} of them there; {revision} became {promoted_at}", lost.len());
    assert!(texts < lost.len() as i64);
    world.audit().await;
    // Under their keys they are done anew, whoever asks where.
    let again = join_all(lost.iter().zip(&clients).map(|(lost, client)| lost.again(client))).await;
    assert!(again.iter().all(Attempt::is_done));
    assert_true(&world, &again).await;
    world.audit().await;
}

/// How the old primary is left behind when the address is led away from it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Left {
    /// It hangs, and nobody is told: its address went to another machine.
    Hung,
    /// It goes on, takes no more writes, and keeps its connections.
    Demoted,
    /// It goes on and knows nothing of the other one, nor is it cut off.
    Unaware,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "time-outs make it long: bin/faults runs it"]
async fn servers_leave_a_primary_that_hangs_for_the_one_that_took_its_place() {
    leave(Left::Hung).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_leave_a_primary_that_was_demoted_though_it_still_answers() {
    leave(Left::Demoted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "time-outs make it long: bin/faults runs it"]
async fn of_two_primaries_the_one_without_a_replica_acknowledges_nothing() {
    leave(Left::Unaware).await;
}

async fn leave(left: Left) {
    let pair = Pair::up().await;
    let world = pair.world().await;
    let (one, other) = world.serve_two().await;
    let servers = [&one, &other];
    let mut watchers = watchers(servers).await;
    // Nobody writes there, and so only its own care tells it that it was left behind.
    let idle = world.serve().await;
    watchers.push(Watcher::of_board(&idle.executor(9), Format::Json).await);
    idle.customer(1).get("/api/my/orders").await.expect(200);
    let market = Market::of(servers, true);
    let over = Cell::new(false);
    let failing = async {
        market.goes_on(100).await;
        match left {
            Left::Hung => pair.first.signal_database("STOP"),
            Left::Unaware => {}
            Left::Demoted => pair.demote().await,
        }
        pair.promote().await;
        pair.lead_to_second();
        market.goes_on(100).await;
        if left == Left::Hung {
            // It comes back, and whoever still knows it could ask it.
            pair.first.signal_database("CONT");
        }
        market.goes_on(100).await;
        market.close();
        over.set(true);
    };
    let watching = watch(&mut watchers, &over);
    tokio::join!(failing, market.run((20, 30)), watching);
    let (records, journal) = (market.take_records(), read_journal(&world).await);
    let pause = longest_pause(&records);
    println!(
        "{left:?}: {} requests, {} done; {pause:?} without writes",
        records.len(),
        journal.len()
    );
    // Whoever still answers says at once that it takes no writes.
    assert!(left != Left::Demoted || pause < Duration::from_secs(8), "{pause:?}");
    verify(&records, &journal);
    assert_exact(&world, servers, &mut watchers).await;
    // Nobody was shown the past.
    for watcher in &watchers {
        assert_eq!(watcher.model.resyncs, 0, "{}", watcher.model.brief());
    }
    for server in [&one, &other, &idle] {
        let log = server.log();
        assert!(!log.contains("history was replaced"), "{log}");
        for (client, path) in [
            (server.executor(9), "/api/board"),
            (server.customer(1), "/api/my/orders"),
            (server.customer(1), "/api/profile"),
            (server.admin(), "/api/admin/contracts"),
        ] {
            client.get(path).await.expect(200);
        }
    }
    // Who only watched so far writes where all others do.
    let started = Instant::now();
    idle.customer(2).place("after all", "10.00", "RUB").await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    world.audit().await;
}

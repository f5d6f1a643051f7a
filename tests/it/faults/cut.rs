//! Connections to the databases that are cut, shut and silent under load.

use std::time::{Duration, Instant};

use super::{clients, settle};
use crate::support::{Attempt, Load, Proxy, World, assert_true, short_or_long};

#[tokio::test]
async fn both_servers_connections_cut_while_committing_get_truthful_answers() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let settings = [("DATABASE_URL", database_url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let mut attempts = Vec::new();
    let mut round = 0;
    while proxy.cuts() < short_or_long(20, 200) {
        proxy.cut_one_in(4);
        let load = Load::new(&format!("cut-{round}"), 4);
        attempts.extend(load.run(&clients([&one, &other], 8)).await);
        proxy.cut_one_in(0);
        round += 1;
    }
    settle(&world, [&one, &other], &attempts).await;
}

#[tokio::test]
async fn without_the_statistics_database_the_load_is_carried_and_counted_later() {
    let world = World::new().await;
    let (proxy, users_url) = Proxy::before(&world.users_database_url).await;
    let settings = [("USERS_DATABASE_URL", users_url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let away = Duration::from_secs(short_or_long(2, 60));
    let clients = clients([&one, &other], 8);
    let mut attempts = Vec::new();
    for hangs in [false, true] {
        if hangs {
            proxy.hang(true);
        } else {
            proxy.shut();
        }
        let started = Instant::now();
        let mut round = 0;
        while started.elapsed() < away {
            let load = Load::new(&format!("uncounted-{hangs}-{round}"), 5);
            attempts.extend(load.run(&clients).await);
            round += 1;
        }
        assert!(attempts.iter().all(Attempt::is_done), "the board needs no statistics");
        assert!(counted_so_far(&world).await < world.revision().await, "they are away");
        proxy.hang(false);
        proxy.open();
        world.counted().await;
    }
    assert_true(&world, &attempts).await;
    world.audit().await;
}

/// How far the statistics are.
async fn counted_so_far(world: &World) -> u64 {
    let query = sqlx::query_scalar("SELECT revision FROM positions");
    query.fetch_one(&mut world.users().await).await.expect("a position")
}

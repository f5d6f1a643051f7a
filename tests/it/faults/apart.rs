//! The two databases on two servers, of which the one with people's statistics dies.

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Services;
use crate::support::{Format, Trade, Truth, Watcher, World, eventually, short_or_long};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_databases_on_two_servers_the_board_outlives_the_one_with_the_people() {
    let people = Services::up().await;
    let world = World::on(|name| match name {
        "USERS_DATABASE_URL" => people.setting(name).to_owned(),
        other => std::env::var(other).expect("bin/services wrote it"),
    })
    .await;
    let (one, other) = world.serve_two().await;
    let mut watcher = Watcher::of_board(&other.executor(99), Format::Json).await;
    let trade = Trade::new(&[one.nobody(), other.nobody()]);
    let over = Cell::new(false);
    let reached = |more: u64| {
        let wanted = trade.newest() + more;
        let trade = &trade;
        eventually("trade goes on", move || async move { (trade.newest() >= wanted).then_some(()) })
    };
    let dying = async {
        reached(100).await;
        let known = one.customer(1).get("/api/profile").await.expect(200).json();
        for _ in 0..short_or_long(1, 10) {
            people.kill_database().await;
            let (died, before) = (Instant::now(), trade.newest());
            reached(short_or_long(200, 2000)).await;
            let (revisions, away) = (trade.newest() - before, died.elapsed());
            println!("without the people's database: {revisions} revisions in {away:?}");
            assert!(
                away < Duration::from_secs(short_or_long(8, 60)),
                "it hardly goes on: {away:?}"
            );
            // Totals are those that are known, and say as of when; whose are not are away.
            let profile = one.customer(1).get("/api/profile").await;
            match profile.status {
                200 => assert!(profile.json()["as_of_revision"].as_u64() <= Some(before)),
                _ => drop(profile.refused(503, "database_unavailable")),
            }
            one.customer(77).get("/api/profile").await.refused(503, "database_unavailable");
            let ready = one.nobody().get("/readyz").await.expect(200).json();
            assert_eq!((&ready["ready"], &ready["users"]), (&json!(true), &json!("down")));
            people.start().await;
            let newest = trade.newest();
            let back = Instant::now();
            world.counted_to(newest).await;
            println!("counted again {:?} after it was back", back.elapsed());
        }
        let profile = other.customer(1).get("/api/profile").await.expect(200).json();
        let revision = |profile: &serde_json::Value| profile["as_of_revision"].as_u64();
        assert!(revision(&profile) > revision(&known), "{profile}");
        over.set(true);
    };
    tokio::join!(dying, trade.run(Duration::from_millis(5), || !over.get()));
    watcher.reach(world.revision().await).await;
    trade.assert_kept(&Truth::read(&world).await);
    // It reads both.
    world.audit().await;
}

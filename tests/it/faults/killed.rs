//! Servers and databases that are killed or stopped under load.

use std::time::{Duration, Instant};

use sqlx::Executor;

use super::{Services, are_well, clients, settle};
use crate::support::{Attempt, Load, Proxy, World, eventually, short_or_long};

#[tokio::test]
async fn a_server_killed_at_work_loses_nothing_and_leaves_nothing_half_done() {
    let world = World::new().await;
    let (mut one, other) = world.serve_two().await;
    for round in 0..short_or_long(3, 20) {
        let load = Load::new(&format!("killed-{round}"), 40);
        let clients = clients([&one, &other], 16);
        let (attempts, ()) = tokio::join!(load.run(&clients), async {
            load.reached(100 + fastrand::u32(..60)).await;
            one.kill();
        });
        let unknown = attempts.iter().filter(|attempt| !attempt.is_done()).count();
        assert!(unknown > 0, "it was killed at work");
        assert!(unknown <= attempts.len() / 2, "the other one goes on");
        one = world.serve().await;
        settle(&world, [&one, &other], &attempts).await;
    }
}

#[tokio::test]
async fn a_database_killed_at_work_loses_nothing_that_was_acknowledged() {
    let services = Services::up().await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    for round in 0..short_or_long(1, 10) {
        let load = Load::new(&format!("crashed-{round}"), 60);
        let clients = clients([&one, &other], 12);
        let (attempts, ()) = tokio::join!(load.run(&clients), async {
            load.reached(100 + fastrand::u32(..60)).await;
            services.kill_database().await;
            assert!(load.done() < 600, "it is killed at work");
            services.start().await;
        });
        are_well([&one, &other]).await;
        settle(&world, [&one, &other], &attempts).await;
    }
}

#[tokio::test]
async fn a_database_that_stands_still_is_waited_for_and_the_answers_stay_true() {
    let services = Services::up().await;
    let world = services.world().await;
    let (one, other) = world.serve_two().await;
    let load = Load::new("frozen", 80);
    let clients = clients([&one, &other], 12);
    let still = Duration::from_secs(short_or_long(3, 10));
    let (attempts, ()) = tokio::join!(load.run(&clients), async {
        load.reached(150).await;
        services.signal_database("STOP");
        tokio::time::sleep(still).await;
        services.signal_database("CONT");
        load.reached(load.done() + 50).await;
    });
    let done = attempts.iter().filter(|attempt| attempt.is_done()).count();
    assert!(done * 10 >= attempts.len() * 9, "only {done} of {} were done", attempts.len());
    settle(&world, [&one, &other], &attempts).await;
}

/// Where a server is stopped while it holds the head's lock.
#[derive(Clone, Copy, Debug)]
enum Holding {
    /// It has asked for the lock and not heard yet that it has it.
    Lock,
    /// It has sent COMMIT and not heard yet that it is done.
    Commit,
}

#[tokio::test]
async fn a_server_stopped_with_the_lock_delays_others_by_seconds_and_then_tells_the_truth() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let sleepy = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    let well = world.serve().await;
    sleepy.customer(1).place("before", "10.00", "RUB").await;
    for (round, holding) in [Holding::Lock, Holding::Commit].into_iter().enumerate() {
        let one = |name: &str| format!("{name}-{round}");
        match holding {
            Holding::Lock => proxy.hush(true),
            Holding::Commit => proxy.hush_at_commit(),
        }
        let (client, twin) = (sleepy.customer(1), well.customer(1));
        let (first, (second, others)) = tokio::join!(Attempt::make(&client, one("held")), async {
            match holding {
                Holding::Lock => is_locked(&world).await,
                Holding::Commit => proxy.is_hushed().await,
            }
            sleepy.pause();
            proxy.hush(false);
            let asleep = Instant::now();
            let others = Load::new(&one("meanwhile"), 2).run(&clients([&well; 2], 6)).await;
            let delay = asleep.elapsed();
            assert!(delay < Duration::from_secs(15), "{holding:?}: delayed by {delay:?}");
            // Whoever waits for the sleeper may ask the other server, under the same key.
            let second = Attempt::make(&twin, one("held")).await;
            sleepy.resume();
            (second, others)
        });
        assert!(others.iter().chain([&second]).all(Attempt::is_done), "{holding:?}");
        let mut attempts = others;
        attempts.extend([first, second]);
        settle(&world, [&sleepy, &well], &attempts).await;
    }
}

/// Waits until somebody holds the head's lock.
async fn is_locked(world: &World) {
    eventually("somebody holds the lock", || async {
        let mut connection = world.interactions().await;
        let lock = "SELECT id FROM board WHERE id = 1 FOR UPDATE NOWAIT";
        connection.execute(lock).await.is_err().then_some(())
    })
    .await;
}

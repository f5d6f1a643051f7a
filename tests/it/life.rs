//! How servers start, leave, die and come back.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::{Client, Load, Proxy, Server, World, assert_true, eventually, repeat};

#[tokio::test]
async fn servers_that_start_together_on_empty_databases_take_turns() {
    let world = World::new().await;
    let servers = join_all((0..4).map(|_| world.serve())).await;
    let (history, revision, _) = world.head().await;
    assert_eq!(revision, 0);
    for (number, server) in servers.iter().enumerate() {
        server.customer(1).place("x", "10.00", "RUB").await;
        let head = world.revision().await;
        assert_eq!(head, number as u64 + 1);
        let reader = servers[0].executor(9).with("x-revision", &head.to_string());
        let board = reader.get("/api/board").await.expect(200).json();
        assert_eq!(
            (&board["history"], &board["open_orders"]),
            (&history.as_str().into(), &head.into())
        );
    }
    world.audit().await;
}

#[tokio::test]
async fn wrong_settings_are_all_named_at_once_and_nothing_starts() {
    let world = World::new().await;
    let wrong = [
        ("LISTEN", "nowhere"),
        ("AUTH", "passwords"),
        ("COMMISSION_PERCENT", "101"),
        ("CURRENCIES", "RUB,XYZ"),
        ("MAX_ORDER_COST", "-1"),
        ("SECRET_KEY", "short"),
        ("REDIS_URL", "http://user:hunter2@host"),
        ("MEMCACHED_URL", "host:11211"),
        ("ALLOWED_ORIGINS", "example.org"),
        ("DATABASE_URL", "postgres://user:hunter2@host/x"),
        ("USERS_DATABASE_URL", ""),
        ("DEMO_ANYWHERE", "maybe"),
    ];
    for command in ["serve", "migrate", "audit"] {
        let mut command = world.command(command);
        command.envs(wrong);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for (name, _) in wrong {
            assert!(said.contains(&format!("{name}: ")), "{name} is not named: {said}");
        }
        assert!(!said.contains("hunter2"), "a password is repeated: {said}");
    }
    let mut command = world.command("serve");
    command.env("LISTEN", "0.0.0.0:0");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("LISTEN: ") && said.contains("DEMO_ANYWHERE=yes"), "{said}");
    world.serve().await;
    world.audit().await;
}

#[tokio::test]
async fn a_server_waits_for_its_databases_and_says_so() {
    let world = World::new().await;
    let (database, database_url) = Proxy::before(&world.database_url).await;
    let (users, users_url) = Proxy::before(&world.users_database_url).await;
    database.shut();
    users.shut();
    let settings = [("DATABASE_URL", database_url.as_str()), ("USERS_DATABASE_URL", &users_url)];
    let opening = async {
        for proxy in [&database, &users] {
            let knocks = || async { (proxy.turned_away() > 2).then_some(()) };
            eventually("the server knocks", knocks).await;
            proxy.open();
        }
    };
    let (server, ()) = tokio::join!(world.serve_with(&settings), opening);
    assert_eq!(server.log().matches("waiting for the database").count(), 2, "{}", server.log());
    server.customer(1).place("x", "10.00", "RUB").await;
    world.audit().await;
}

/// Twelve customers, spread over the servers.
fn clients(servers: &[&Server]) -> Vec<Client> {
    (1..=12u32).map(|id| servers[id as usize % servers.len()].customer(id)).collect()
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_exactly_once() {
    let world = World::new().await;
    let (mut one, other) = world.serve_two().await;
    for round in 0..4 {
        let load = Load::new(&format!("round-{round}"), 25);
        let all = clients(&[&one, &other]);
        let kill = async {
            load.reached(40 + round * 10).await;
            one.kill();
        };
        let (attempts, ()) = tokio::join!(load.run(&all), kill);
        assert!(attempts.iter().any(|attempt| !attempt.is_done()), "it was killed under load");
        // What it left in the database may be committed or undone until its session ends.
        other.customer(99).place("the head is free", "1.00", "RUB").await;
        assert_true(&world, &attempts).await;
        one = world.serve().await;
        repeat(&world, &one, &attempts).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn a_server_that_is_told_to_leave_finishes_what_it_has_taken_on() {
    let world = World::new().await;
    let (mut one, other) = world.serve_two().await;
    let load = Load::new("leaving", 25);
    let all = clients(&[&one]);
    let stop = async {
        load.reached(60).await;
        one.stop().await;
    };
    let (attempts, ()) = tokio::join!(load.run(&all), stop);
    assert_true(&world, &attempts).await;
    repeat(&world, &other, &attempts).await;
    world.audit().await;
}

#[tokio::test]
async fn a_server_that_hangs_holds_the_others_up_for_seconds_at_most() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let load = Load::new("hanging", 40);
    let all = clients(&[&one]);
    let hang = async {
        load.reached(60).await;
        one.pause();
        let started = Instant::now();
        for _ in 0..3 {
            other.customer(99).place("life goes on", "1.00", "RUB").await;
        }
        let held_up = started.elapsed();
        assert!(held_up < Duration::from_secs(10), "held up for {held_up:?}");
        one.resume();
    };
    let (attempts, ()) = tokio::join!(load.run(&all), hang);
    assert_true(&world, &attempts).await;
    repeat(&world, &other, &attempts).await;
    world.audit().await;
}

//! What the board does while something it needs is away, hangs, or breaks off at the worst moment:
//! slower or a second staler, never wrong, and every answer true.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{
    Attempt, Client, Format, Load, Proxy, Server, Watcher, World, assert_true, eventually, repeat,
};

fn customers(server: &Server, count: u32) -> Vec<Client> {
    (1..=count).map(|id| server.customer(id)).collect()
}

#[tokio::test]
async fn a_connection_cut_while_committing_gets_a_truthful_answer() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let cut_off = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    let well = world.serve().await;
    let mut watcher = Watcher::of_board(&well.executor(99), Format::Json).await;
    proxy.cut_one_in(2);
    let clients = customers(&cut_off, 6);
    let (mut attempts, mut others) = (Vec::new(), Vec::new());
    for round in 0..40 {
        if proxy.cuts() >= 30 {
            break;
        }
        let load = Load::new(&format!("cut-{round}"), 3);
        // Somebody else keeps changing the head meanwhile.
        let neighbour = well.customer(77);
        let other = Attempt::make(&neighbour, format!("other-{round}"));
        let (more, other) = tokio::join!(load.run(&clients), other);
        attempts.extend(more);
        others.push(other);
    }
    assert!(proxy.cuts() >= 20, "only {} commits were cut", proxy.cuts());
    proxy.cut_one_in(0);
    assert!(others.iter().all(Attempt::is_done));
    assert_true(&world, &attempts).await;
    let done = attempts.iter().filter(|attempt| attempt.is_done()).count();
    assert!(done * 10 >= attempts.len() * 9, "only {done} of {} were done", attempts.len());
    repeat(&world, &cut_off, &attempts).await;
    repeat(&world, &well, &attempts).await;
    let orders = world.count("SELECT COUNT(*) FROM orders").await;
    assert_eq!(orders as usize, attempts.len() + others.len());
    watcher.reach(world.revision().await).await;
    assert_eq!(watcher.model.board.len(), orders as usize);
    world.audit().await;
}

#[tokio::test]
async fn a_database_that_loses_every_commit_is_given_up_in_time_and_not_before() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let server = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    server.customer(1).place("before", "10.00", "RUB").await;
    // Look-ups commit too, and so nothing can be found out.
    proxy.cut_one_in(1);
    let started = Instant::now();
    let attempts = Load::new("lost", 1).run(&customers(&server, 5)).await;
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(15), "given up after {elapsed:?}");
    let unknown = attempts.iter().filter(|attempt| attempt.is_unknown()).count();
    assert!(unknown > 0 && elapsed > Duration::from_secs(8), "{unknown} after {elapsed:?}");
    assert!(!attempts.iter().any(Attempt::is_done));
    proxy.cut_one_in(0);
    repeat(&world, &server, &attempts).await;
    world.audit().await;
}

#[tokio::test]
async fn accepting_and_withdrawing_survive_cut_commits_too() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let cut_off = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    let well = world.serve().await;
    let mut accepted = 0;
    for id in 1..=24u64 {
        well.customer(1).place("x", "10.00", "RUB").await;
        proxy.cut_one_in(2);
        let (executors, customer) = ([cut_off.executor(9), well.executor(8)], cut_off.customer(1));
        let accepts = executors.iter().map(|executor| executor.accept(id));
        let (accepts, withdrawn) = tokio::join!(join_all(accepts), customer.withdraw(id));
        proxy.cut_one_in(0);
        let order = well.admin().get(&format!("/api/orders/{id}")).await.expect(200).json();
        let replies = accepts.iter().chain([&withdrawn]);
        let done: Vec<bool> = replies.clone().map(|reply| reply.status < 300).collect();
        for reply in replies {
            assert!([200, 201, 409, 503].contains(&reply.status), "{}", reply.text());
        }
        let won = done.iter().filter(|&&done| done).count();
        let known = accepts.iter().chain([&withdrawn]).all(|reply| reply.status != 503);
        assert!(won == 1 || (won == 0 && !known), "{done:?} {order}");
        // Asking again gives the same answer to the winner, and to nobody else.
        let again = join_all(executors.iter().map(|executor| executor.accept(id))).await;
        let contract = |place: usize| again[place].status == 201;
        match order["status"].as_str() {
            Some("taken") => {
                assert!(contract(0) != contract(1) && !done[2], "{done:?}");
                assert!((0..2).all(|place| !done[place] || contract(place)), "{done:?}");
                accepted += 1;
            }
            Some("withdrawn") => assert!(!contract(0) && !contract(1), "{done:?}"),
            _ => accepted += i64::from(contract(0) || contract(1)),
        }
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM contracts").await, accepted);
    assert!(proxy.cuts() > 8, "only {} commits were cut", proxy.cuts());
    world.audit().await;
}

#[tokio::test]
async fn without_the_statistics_database_the_board_trades_on_and_counts_later() {
    let world = World::new().await;
    let (proxy, users_url) = Proxy::before(&world.users_database_url).await;
    let settings = [("USERS_DATABASE_URL", users_url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let mut watcher = Watcher::of_board(&other.executor(7), Format::Json).await;
    one.customer(1).place("before", "10.00", "RUB").await;
    world.counted().await;
    for client in [one.customer(1), one.customer(2)] {
        client.get("/api/profile").await.expect(200);
    }

    proxy.shut();
    for number in 2..=10u64 {
        let server = if number % 2 == 0 { &one } else { &other };
        server.customer(1).place("meanwhile", "10.00", "RUB").await;
        server.executor(9).accept(number).await.expect(201);
    }
    one.customer(1).withdraw(1).await.expect(200);
    watcher.reach(world.revision().await).await;
    for (client, path) in [
        (other.executor(9), "/orders"),
        (other.executor(9), "/my/contracts"),
        (other.customer(1), "/my/orders"),
        (other.admin(), "/admin/orders"),
        (other.admin(), "/admin"),
    ] {
        client.get(path).await.expect(200);
    }
    let ready = one.nobody().get("/readyz").await.expect(200).json();
    assert_eq!((&ready["ready"], &ready["users"]), (&json!(true), &json!("down")));
    // Who has not changed is known from the cache; of who has, nothing wrong is said.
    let profile = other.customer(2).get("/api/profile").await.expect(200);
    assert_eq!(profile.source(), "redis");
    let profile = other.customer(1).get("/api/profile").await;
    if profile.status == 200 {
        assert!(profile.json()["as_of_revision"].as_u64().unwrap() <= 1, "{}", profile.text());
        let page = other.customer(1).get("/profile").await.expect(200).text();
        assert!(page.contains("revisions behind"), "{page}");
    } else {
        profile.refused(503, "database_unavailable");
    }
    other.admin().get("/api/admin/customers").await.refused(503, "database_unavailable");

    proxy.open();
    world.counted().await;
    let totals = |client: Client| async move {
        client.get("/api/profile").await.expect(200).json()["totals"][0].clone()
    };
    let revision = world.revision().await.to_string();
    let customer = totals(other.customer(1).with("x-revision", &revision)).await;
    assert_eq!(
        customer,
        json!({"currency": "RUB", "orders_created": 10, "money_in_orders": "90.00", "gain": "1.80"}),
    );
    let executor = totals(one.executor(9).with("x-revision", &revision)).await;
    assert_eq!(executor["money_received"], "88.20");
    world.audit().await;
}

#[tokio::test]
async fn without_the_orders_database_known_pages_are_shown_and_writes_refused() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let server = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    server.customer(1).place("x", "10.00", "RUB").await;
    server.executor(9).get("/orders").await.expect(200);
    server.customer(1).get("/my/orders").await.expect(200);
    let head = world.head().await;
    let mut watcher = Watcher::of_board(&server.executor(9), Format::Json).await;

    proxy.shut();
    let started = Instant::now();
    let attempts = Load::new("away", 1).run(&customers(&server, 5)).await;
    assert!(started.elapsed() < Duration::from_secs(12));
    for attempt in &attempts {
        assert!(!attempt.is_done());
    }
    let body = json!({"description": "x", "price": "1.00", "currency": "RUB"});
    let reply = server.customer(1).post("/api/orders", body).await;
    let problem = reply.refused(503, "database_unavailable");
    assert!(!problem.header("retry-after").is_empty());
    let page = server.executor(9).post_form("/orders/1/accept", &[]).await.expect(503).text();
    assert!(page.contains("Nothing was changed; please try again"), "{page}");

    let ready = server.nobody().get("/readyz").await.expect(503).json();
    assert_eq!((&ready["ready"], &ready["interactions"]), (&json!(false), &json!("down")));
    eventually("pages say as of when they are", || async {
        let page = server.executor(9).get("/orders").await.expect(200).text();
        assert!(page.contains("id=\"order-1\""), "{page}");
        page.contains("this is how things stood at revision 1.").then_some(())
    })
    .await;
    assert_eq!(server.customer(1).get("/api/my/orders").await.expect(200).source(), "redis");
    server.executor(9).get("/api/orders/1").await.refused(503, "database_unavailable");
    assert_eq!(world.head().await, head, "nothing half done");

    proxy.open();
    repeat(&world, &server, &attempts).await;
    server.executor(9).accept(1).await.expect(201);
    watcher.reach(world.revision().await).await;
    eventually("pages are current again", || async {
        let page = server.executor(9).get("/orders").await.expect(200).text();
        (!page.contains("this is how things stood")).then_some(())
    })
    .await;
    world.audit().await;
}

#[tokio::test]
async fn a_database_that_hangs_is_waited_for_so_long_and_no_longer() {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let server = world.serve_with(&[("DATABASE_URL", &database_url)]).await;
    let well = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    server.executor(9).get("/orders").await.expect(200);

    proxy.hang(true);
    let started = Instant::now();
    let load = Load::new("hung", 1);
    let clients = customers(&server, 4);
    let (attempts, ()) = tokio::join!(load.run(&clients), async {
        let page = server.executor(9).get("/orders").await.expect(200);
        assert_eq!(page.source(), "memory");
        assert!(started.elapsed() < Duration::from_secs(3), "known pages do not wait");
        well.customer(99).place("others go on", "1.00", "RUB").await;
        let held_up = started.elapsed();
        assert!(held_up < Duration::from_secs(10), "held up for {held_up:?}");
    });
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_true(&world, &attempts).await;
    proxy.hang(false);
    repeat(&world, &well, &attempts).await;
    repeat(&world, &server, &attempts).await;
    world.audit().await;
}

#[tokio::test]
async fn caches_that_go_away_or_hang_cost_little_and_heal_by_themselves() {
    let world = World::new().await;
    let (redis, redis_url) = Proxy::before(&world.redis_url).await;
    let (memcached, memcached_url) = Proxy::before(&world.memcached_url).await;
    let settings = [("REDIS_URL", redis_url.as_str()), ("MEMCACHED_URL", &memcached_url)];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let mut watcher = Watcher::of_board(&other.executor(7), Format::Json).await;
    for hangs in [false, true] {
        let mut expected = 0;
        if hangs {
            redis.hang(true);
            memcached.hang(true);
        } else {
            redis.shut();
            memcached.shut();
        }
        for _ in 0..3 {
            let started = Instant::now();
            one.customer(1).place("x", "10.00", "RUB").await;
            let mine = one.customer(1).get("/api/my/orders").await.expect(200);
            let board = one.executor(9).get("/api/board").await.expect(200);
            let taken = started.elapsed();
            assert!(taken < Duration::from_secs(2), "{taken:?}");
            assert_eq!((mine.source(), board.source()), ("mysql", "mysql"));
            assert_eq!(mine.json()["rows"][0], board.json()["orders"][0]);
            expected += 1;
        }
        let revision = world.revision().await;
        watcher.reach(revision).await;
        assert!(watcher.model.board.len() >= expected);
        // What the other server knows is right, though nobody rang.
        let mine = other.customer(1).with("x-revision", &revision.to_string());
        let mine = mine.get("/api/my/orders").await.expect(200).json();
        assert_eq!(mine["total"].as_u64(), Some(watcher.model.board.len() as u64));

        redis.hang(false);
        memcached.hang(false);
        redis.open();
        memcached.open();
        eventually("both caches are used again", || async {
            one.customer(1).place("x", "10.00", "RUB").await;
            let revision = world.revision().await.to_string();
            one.executor(9).get("/api/board").await.expect(200);
            let board = other.executor(9).with("x-revision", &revision);
            let board = board.get("/api/board").await.expect(200);
            one.customer(1).get("/api/my/orders").await.expect(200);
            let mine = one.customer(1).get("/api/my/orders").await.expect(200);
            (board.source() == "memcached" && mine.source() == "redis").then_some(())
        })
        .await;
        // Changes ring again: five in a row come sooner than anybody who only looks could tell.
        let mut quick = 0;
        let deadline = Instant::now() + Duration::from_secs(20);
        while quick < 5 {
            assert!(Instant::now() < deadline, "the bell does not ring again");
            let revision = watcher.model.revision;
            watcher.reach(world.revision().await.max(revision)).await;
            let id = one.customer(1).place("x", "10.00", "RUB").await["id"].as_u64().unwrap();
            let started = Instant::now();
            watcher.wait_until("the order", |model| model.board.contains_key(&id)).await;
            quick = if started.elapsed() < Duration::from_millis(300) { quick + 1 } else { 0 };
        }
    }
    world.audit().await;
}

#[tokio::test]
async fn readers_never_wait_for_whoever_holds_the_head() {
    use sqlx::{Connection, Executor};

    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    let mut holder = world.interactions().await;
    let mut lock = holder.begin().await.unwrap();
    lock.execute("SELECT * FROM board WHERE id = 1 FOR UPDATE").await.unwrap();
    let customer = server.customer(1);
    let (placed, ()) = tokio::join!(customer.place("y", "10.00", "RUB"), async {
        for (client, path) in [
            (server.executor(9), "/api/board"),
            (server.customer(1), "/api/my/orders"),
            (server.customer(1), "/api/orders/1"),
            (server.admin(), "/api/admin/orders"),
        ] {
            let started = Instant::now();
            client.get(path).await.expect(200);
            assert!(started.elapsed() < Duration::from_secs(2), "{path} waits for a writer");
        }
        assert_eq!(world.revision().await, 1);
        lock.rollback().await.unwrap();
    });
    assert_eq!(placed["id"], 2);
    world.audit().await;
}

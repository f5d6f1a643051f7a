//! Caches that are full and refuse what they are given: pages stay right, nobody waits for long,
//! what is there is still used, and the log is not filled.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::{Client, Memcached, Redis, Reply, Server, World, eventually};

const SLOW: Duration = Duration::from_secs(2);
/// Its beginning, as tables show it, takes some kilobytes.
const LONG: &str = "木";

async fn get_soon(client: &Client, path: &str) -> Reply {
    let started = Instant::now();
    let reply = client.get(path).await.expect(200);
    assert!(started.elapsed() < SLOW, "{path} took {:?}", started.elapsed());
    reply
}

/// Lines of a server's log that speak of a cache.
fn said_of(server: &Server, cache: &str) -> Vec<String> {
    let log = server.log();
    let start = format!("{cache} ");
    log.lines().filter(|line| line.contains(&start)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_memcached_that_is_full_costs_misses_and_nothing_else() {
    // One pushes old values out, and has no room of the right size; the other only refuses.
    for options in [&["-m", "1", "-I", "512k"][..], &["-m", "1", "-I", "512k", "-M"][..]] {
        full_memcached(options).await;
    }
}

async fn full_memcached(options: &'static [&'static str]) {
    let world = World::new().await;
    let memcached = Memcached::with(options).await;
    let url = memcached.url();
    let settings = [("MEMCACHED_URL", url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let text = LONG.repeat(400);
    for _ in 0..40 {
        one.customer(1).place(&text, "10.00", "RUB").await;
    }
    // All memory is given to small values.
    memcached.fill().await;
    for round in 1..=12u32 {
        one.customer(1).place("small", "10.00", "RUB").await;
        let revision = world.revision().await.to_string();
        let paths: Vec<String> = (0..16)
            .map(|place| match place % 4 {
                0 => "/api/board?per_page=100".to_owned(),
                1 => format!("/api/board?page={}", place / 4 + 1),
                _ => format!("/api/board?before={}&per_page=50", 40 - place),
            })
            .collect();
        let readers = [&one, &other].map(|server| server.executor(9).with("x-revision", &revision));
        let pages = readers.iter().map(|reader| {
            let gets = paths.iter().map(|path| get_soon(reader, path));
            join_all(gets)
        });
        let pages = join_all(pages).await;
        for (here, there) in pages[0].iter().zip(&pages[1]) {
            assert_eq!(here.json(), there.json());
        }
        assert_eq!(pages[0][0].json()["orders"].as_array().unwrap().len(), 40 + round as usize);
        assert!(pages[0][0].body.len() > 30_000, "a large page");
    }
    // It is still asked each time: what it holds is as good as ever.
    let asked = memcached.counts("get_misses").await;
    for page in 1..=20 {
        get_soon(&one.executor(9), &format!("/api/board?before={page}")).await;
    }
    let asked = memcached.counts("get_misses").await - asked;
    assert_eq!(asked, 20, "{options:?}");
    let refused = memcached.counts("store_no_memory").await;
    assert_eq!(refused > 0, options.contains(&"-M"), "{refused} pages refused");
    assert!(refused > 0 || memcached.counts("evictions").await > 0, "it is full");
    for server in [&one, &other] {
        let said = said_of(server, "memcached");
        assert!(said.len() <= 1, "{said:#?}");
    }
    world.audit().await;
}

#[tokio::test]
async fn a_redis_that_is_full_is_read_from_and_not_taken_for_one_that_is_away() {
    let world = World::new().await;
    let redis = Redis::with(&["--maxmemory-policy", "noeviction"]).await;
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str())];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    one.customer(1).place("x", "10.00", "RUB").await;
    one.customer(99).place("of somebody who does nothing any more", "10.00", "RUB").await;
    one.customer(99).get("/api/my/orders").await.expect(200);
    let _: () = redis.ask(&["CONFIG", "SET", "maxmemory", "1mb"]).await;
    let filling = "x".repeat(10_000);
    eventually("redis is full", || async {
        let connection = redis.connect().await.unwrap();
        let mut set = redis::cmd("APPEND");
        let set = set.arg("filling").arg(&filling);
        set.query_async::<()>(&mut connection.clone()).await.err()
    })
    .await;
    for round in 1..=12u32 {
        one.customer(1).place("y", "10.00", "RUB").await;
        let revision = world.revision().await.to_string();
        let readers: Vec<Client> = (1..=16)
            .map(|id| [&one, &other][id as usize % 2].customer(id / 2 + 1))
            .map(|client| client.with("x-revision", &revision))
            .collect();
        let gets = readers.iter().map(|reader| get_soon(reader, "/api/my/orders"));
        let pages = join_all(gets).await;
        assert_eq!(pages[0].json()["total"], round + 1);
        for page in &pages[2..] {
            assert_eq!(page.json()["total"], 0);
        }
        // It answers, and what it holds is as good as ever.
        for server in [&one, &other] {
            let page = get_soon(&server.customer(99), "/api/my/orders").await;
            assert_eq!(page.source(), "redis");
        }
    }
    for server in [&one, &other] {
        let said = said_of(server, "redis");
        assert!(said.len() <= 1, "{said:#?}");
    }
    world.audit().await;
}

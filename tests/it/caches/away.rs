//! What the log says of caches that are away: once that they are, and once that they are back,
//! however many ask however often.

use futures_util::future::join_all;
use memcache::exp::Ttl;
use redis::AsyncCommands;

use super::shown::{Part, Place};
use crate::support::{Proxy, Server, World, eventually};

/// How often a server says something.
fn said(server: &Server, words: &str) -> usize {
    server.log().matches(words).count()
}

/// Many readers at once, of pages that neither server has in memory.
async fn read(world: &World, server: &Server) {
    let order = server.customer(1).place("x", "10.00", "RUB").await["id"].as_u64().unwrap();
    let revision = world.revision().await.to_string();
    let reader = server.executor(9).with("x-revision", &revision);
    let paths: Vec<String> =
        (0..8).map(|place| format!("/api/board?before={}", order + place)).collect();
    let pages = join_all(paths.iter().map(|path| reader.get(path))).await;
    assert!(pages.iter().all(|page| page.status == 200));
    let customers: Vec<_> = (1..=8).map(|id| server.customer(id)).collect();
    let pages = join_all(customers.iter().map(|customer| customer.get("/api/my/orders"))).await;
    assert!(pages.iter().all(|page| page.status == 200));
}

#[tokio::test]
async fn an_outage_of_a_cache_is_said_once() {
    let world = World::new().await;
    let (redis, redis_url) = Proxy::before(&world.redis_url).await;
    let (memcached, memcached_url) = Proxy::before(&world.memcached_url).await;
    let settings = [("REDIS_URL", redis_url.as_str()), ("MEMCACHED_URL", &memcached_url)];
    let server = world.serve_with(&settings).await;
    read(&world, &server).await;
    let [redis_away, memcached_away] =
        ["redis is away: pages", "memcached is away: pages"].map(|words| words.to_owned());
    for outage in 1..=2 {
        redis.shut();
        memcached.shut();
        let before = [redis.turned_away(), memcached.turned_away()];
        eventually("both were asked in vain, again and again", || async {
            read(&world, &server).await;
            let tried = redis.turned_away() >= before[0] + 5
                && memcached.turned_away() >= before[1] + 5
                && said(&server, &memcached_away) >= outage
                && said(&server, &redis_away) >= outage;
            tried.then_some(())
        })
        .await;
        redis.open();
        memcached.open();
        eventually("both are back", || async {
            read(&world, &server).await;
            let page = server.customer(1).get("/api/my/orders").await.expect(200);
            let again = server.customer(1).get("/api/my/orders").await.expect(200);
            let redis = page.source() == "redis" || again.source() == "redis";
            (redis && said(&server, "memcached is back") >= outage).then_some(())
        })
        .await;
        assert_eq!([said(&server, &redis_away), said(&server, &memcached_away)], [outage; 2]);
        assert_eq!(said(&server, "memcached is back"), outage);
        // The feed says so of its own connection, too.
        assert!(said(&server, "redis is back") <= 2 * outage, "{}", server.log());
    }
    // And numbers tell: what failed, and what was not ours.
    let (redis_failures, memcached_failures) =
        (faults(&server, "redis", "failure").await, faults(&server, "memcached", "failure").await);
    assert!(redis_failures >= 6 && memcached_failures >= 6, "{}", server.log());
    assert_eq!(faults(&server, "memcached", "garbage").await, 0);
    world.audit().await;
}

async fn faults(server: &Server, cache: &str, kind: &str) -> u32 {
    let metrics = server.nobody().get("/metrics").await.expect(200).text();
    let name = format!("orderboard_cache_faults_total{{cache=\"{cache}\",kind=\"{kind}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |count| count.parse().expect("a count"))
}

#[tokio::test]
async fn garbage_in_a_cache_is_counted_and_never_shown() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    let part = Part { currency: None, place: Place::Page(1), per_page: 20 };
    let key = part.key(&world.head().await);
    super::memcached(&world).await.set(&key, b"{\"revision\":1}", Ttl::secs(60)).await.unwrap();
    let page = server.executor(9).get("/api/board").await.expect(200);
    assert_eq!((page.source(), &page.json()["open_orders"]), ("mysql", &1.into()));
    assert_eq!(faults(&server, "memcached", "garbage").await, 1);
    server.customer(1).get("/api/my/orders").await.expect(200);
    let (history, ..) = world.head().await;
    let (key, field) = (format!("{history}:(customer, 1)"), "(orders, 1, 20)");
    let known: bool = super::redis(&world).await.hexists(&key, field).await.unwrap();
    assert!(known, "the page is kept there");
    let () = super::redis(&world).await.hset(&key, field, "no page at all").await.unwrap();
    let page = server.customer(1).get("/api/my/orders").await.expect(200);
    assert_eq!((page.source(), &page.json()["total"]), ("mysql", &1.into()));
    assert_eq!(faults(&server, "redis", "garbage").await, 1);
    world.audit().await;
}

//! Personal pages while everything that could keep an old one goes wrong at the worst moment. Each
//! time redis holds a page from before a change, and each time no server shows it to somebody who
//! has seen the change done.

use redis::AsyncCommands;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::support::{Client, Proxy, Redis, Server, World, eventually};

/// What redis holds of one person: fields and values.
type Kept = Vec<(String, Vec<u8>)>;

/// A redis of the test's own, and in it the pages of customer 1, who is about to do something, and
/// of customer 2, who is not.
struct Scene {
    world: World,
    redis: Redis,
    placed: Vec<Value>,
}

impl Scene {
    async fn set() -> Scene {
        Scene { world: World::new().await, redis: Redis::start().await, placed: Vec::new() }
    }

    async fn serve(&self) -> Server {
        self.serve_on(&self.world.database_url).await
    }

    async fn serve_on(&self, database_url: &str) -> Server {
        let redis_url = self.redis.url();
        let settings = [("REDIS_URL", redis_url.as_str()), ("DATABASE_URL", database_url)];
        self.world.serve_with(&settings).await
    }

    async fn place(&mut self, server: &Server) {
        let text = format!("number {}", self.placed.len() + 1);
        self.placed.push(server.customer(1).place(&text, "10.00", "RUB").await);
    }

    /// Has both customers' pages kept; gives what redis then holds of the first.
    async fn keep(&self, server: &Server) -> Kept {
        self.world.counted().await;
        let revision = self.world.revision().await.to_string();
        for path in ["/api/my/orders", "/api/profile"] {
            for customer in [1, 2] {
                let reader = server.customer(customer).with("x-revision", &revision);
                is_kept(&reader, path).await;
            }
        }
        let kept = self.kept().await;
        assert_eq!(kept.len(), 2, "the orders and the profile");
        kept
    }

    async fn person(&self) -> String {
        format!("{}:(customer, 1)", self.world.head().await.0)
    }

    async fn kept(&self) -> Kept {
        let mut redis = self.redis.connect().await.unwrap();
        let mut kept: Kept = redis.hgetall(self.person().await).await.unwrap();
        kept.sort();
        kept
    }

    /// Demands that both servers ask redis, that it still holds what it held before the change,
    /// and that nobody is shown that.
    async fn settle(&self, servers: [&Server; 2], old: &Kept) {
        for server in servers {
            is_kept(&server.customer(2), "/api/my/orders").await;
        }
        assert_eq!(&self.kept().await, old, "redis holds what was before");
        self.assert_shown(servers).await;
        self.world.audit().await;
    }

    async fn assert_shown(&self, servers: [&Server; 2]) {
        self.world.counted().await;
        let revision = self.world.revision().await.to_string();
        let mut ids: Vec<u64> =
            self.placed.iter().map(|order| order["id"].as_u64().unwrap()).collect();
        ids.reverse();
        for server in servers {
            let customer = server.customer(1).with("x-revision", &revision);
            for _ in 0..2 {
                let mine = customer.get("/api/my/orders").await.expect(200).json();
                let rows = mine["rows"].as_array().unwrap();
                let shown: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
                assert_eq!(shown, ids, "{mine}");
                let profile = customer.get("/api/profile").await.expect(200).json();
                assert_eq!(profile["totals"][0]["orders_created"], ids.len(), "{profile}");
                let page = customer.get("/my/orders").await.expect(200).text();
                assert!(page.contains(&format!("id=\"order-{}\"", ids[0])), "{page}");
            }
        }
    }
}

/// Waits until a page comes from redis.
async fn is_kept(reader: &Client, path: &str) {
    eventually("the page comes from redis", || async {
        (reader.get(path).await.expect(200).source() == "redis").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_flush_that_is_lost_does_no_harm() {
    let mut scene = Scene::set().await;
    let (one, other) = tokio::join!(scene.serve(), scene.serve());
    scene.place(&one).await;
    let old = scene.keep(&other).await;
    let _: () = scene.redis.ask(&["ACL", "SETUSER", "default", "-unlink"]).await;
    scene.place(&one).await;
    scene.settle([&other, &one], &old).await;
}

#[tokio::test]
async fn a_server_killed_between_commit_and_flush_leaves_nothing_old_to_be_shown() {
    let mut scene = Scene::set().await;
    let (proxy, database_url) = Proxy::before(&scene.world.database_url).await;
    let (mut one, other) = tokio::join!(scene.serve_on(&database_url), scene.serve());
    scene.place(&one).await;
    let old = scene.keep(&other).await;
    proxy.hush_at_commit();
    let before = scene.world.revision().await;
    let (customer, world) = (one.customer(1), &scene.world);
    let body = serde_json::json!({"description": "x", "price": "10.00", "currency": "RUB"});
    let (answer, ()) = tokio::join!(customer.try_post("/api/orders", body), async {
        eventually("it is committed", || async { (world.revision().await > before).then_some(()) })
            .await;
        one.kill();
    });
    answer.expect_err("nobody is left to answer");
    let order = other.admin().get("/api/orders/2").await.expect(200).json();
    scene.placed.push(order);
    let again = scene.serve().await;
    scene.settle([&other, &again], &old).await;
}

#[tokio::test]
async fn a_redis_that_slept_through_a_change_wakes_up_with_old_pages_that_nobody_is_shown() {
    let mut scene = Scene::set().await;
    let (one, other) = tokio::join!(scene.serve(), scene.serve());
    scene.place(&one).await;
    let old = scene.keep(&other).await;
    scene.redis.pause();
    for server in [&one, &other, &one, &other] {
        // Whoever has just waited for redis in vain does not even try to flush.
        eventually("redis is given up", || async {
            let page = server.customer(1).get("/api/my/orders").await.expect(200);
            (page.source() == "mysql").then_some(())
        })
        .await;
        scene.place(server).await;
        scene.assert_shown([&one, &other]).await;
    }
    scene.redis.resume();
    for server in [&one, &other] {
        is_kept(&server.customer(2), "/api/my/orders").await;
    }
    if scene.kept().await != old {
        // A flush was on its way after all, or a page: what redis held comes back by hand.
        let mut redis = scene.redis.connect().await.unwrap();
        redis.hset_multiple::<_, _, _, ()>(scene.person().await, &old).await.unwrap();
    }
    scene.settle([&one, &other], &old).await;
}

#[tokio::test]
async fn a_page_read_before_a_change_and_stored_after_it_is_not_shown_again() {
    let mut scene = Scene::set().await;
    let (proxy, database_url) = Proxy::recording(&scene.world.database_url).await;
    let (slow, quick) = tokio::join!(scene.serve_on(&database_url), scene.serve());
    scene.place(&quick).await;
    let old = scene.keep(&quick).await;
    for (reader, path) in [(1, "/api/my/orders"), (1, "/api/my/orders?page=1")] {
        // Nothing of this person's is kept: the slow server must ask the database.
        let _: u32 = scene.redis.ask(&["DEL", &scene.person().await]).await;
        proxy.statements();
        proxy.hush_at("(SELECT COUNT(*) FROM orders WHERE customer_id = 1)");
        let client = slow.customer(reader);
        let (page, ()) = tokio::join!(client.get(path), async {
            proxy.is_hushed().await;
            is_idle(&scene.world).await;
            scene.place(&quick).await;
            proxy.hush(false);
        });
        // What the slow one answers is what it knew when it was asked.
        assert_eq!(page.expect(200).json()["total"], scene.placed.len() - 1);
        scene.assert_shown([&slow, &quick]).await;
    }
    let mut redis = scene.redis.connect().await.unwrap();
    redis.hset_multiple::<_, _, _, ()>(scene.person().await, &old).await.unwrap();
    scene.settle([&slow, &quick], &old).await;
}

/// Waits until the database does nothing for anybody but whoever asks this.
async fn is_idle(world: &World) {
    const BUSY: &str = "SELECT COUNT(*) FROM information_schema.processlist \
                        WHERE db = DATABASE() AND command IN ('Execute', 'Query') \
                        AND id <> CONNECTION_ID()";
    eventually("the database is idle", || async {
        let mut connection = world.interactions().await;
        let busy: i64 =
            sqlx::query_scalar(AssertSqlSafe(BUSY)).fetch_one(&mut connection).await.unwrap();
        (busy == 0).then_some(())
    })
    .await;
}

//! Caches make it faster and are never wrong: what they hold is as of a revision, and whoever reads
//! them knows which revision is needed.

mod away;
mod board;
mod full;
mod personal;
mod shown;
mod stranded;

use memcache::exp::{AsyncMemcache, Ttl};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use crate::support::{Browser, Client, Reply, World, eventually};

async fn memcached(world: &World) -> AsyncMemcache {
    let (_, address) = world.memcached_url.split_once("://").unwrap();
    AsyncMemcache::builder().connect_async([address]).await.unwrap()
}

async fn redis(world: &World) -> MultiplexedConnection {
    let client = redis::Client::open(world.redis_url.as_str()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[track_caller]
fn assert_from(reply: &Reply, source: &str) {
    assert_eq!(reply.source(), source, "{}", reply.text());
    assert_eq!(reply.queries() > 0, source == "mysql", "{}", reply.header("server-timing"));
}

#[tokio::test]
async fn a_board_page_is_made_once_and_then_shared_by_process_and_by_memcached() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    for round in 1..=3 {
        one.customer(1).place("x", "10.00", "RUB").await;
        let revision = world.revision().await;
        let reader = |id| one.executor(id).with("x-revision", &revision.to_string());
        let page = reader(9).get("/api/board").await.expect(200);
        assert_from(&page, "mysql");
        for (client, source) in [
            (reader(9), "memory"),
            (reader(8), "memory"),
            (reader(9).at(&other), "memcached"),
            (reader(7).at(&other), "memory"),
            (reader(9).at(&other), "memory"),
        ] {
            let again = client.get("/api/board").await.expect(200);
            assert_from(&again, source);
            assert_eq!(again.json(), page.json());
        }
        // The page for people is the same data, and says where it is from.
        let html = reader(9).get("/orders").await.expect(200);
        assert_from(&html, "memory");
        let words = format!("This data is taken from memory, revision {revision}, ");
        assert!(html.text().contains(&words), "{}", html.text());
        assert_eq!(page.json()["open_orders"], round);
        // A page is a size and a number; another one is made by itself.
        assert_from(&reader(9).get("/api/board?per_page=50").await.expect(200), "mysql");
        assert_from(&reader(9).at(&other).get("/api/board?per_page=50").await, "memcached");
        let whole = "/api/board?before=4294967295&per_page=100";
        assert_from(&reader(9).get(whole).await.expect(200), "mysql");
        assert_from(&reader(9).at(&other).get(whole).await.expect(200), "memcached");
    }
    world.audit().await;
}

#[tokio::test]
async fn of_many_who_want_a_missing_page_one_makes_it() {
    let world = World::new().await;
    let server = world.serve().await;
    for _ in 0..5 {
        server.customer(1).place("x", "10.00", "RUB").await;
        let clients: Vec<Client> = (1..=40).map(|id| server.executor(id)).collect();
        let gets = clients.iter().map(|client| client.get("/api/board"));
        let replies = futures_util::future::join_all(gets).await;
        let made = replies.iter().filter(|reply| reply.source() == "mysql").count();
        assert_eq!(made, 1);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_personal_page_comes_from_redis_until_something_of_that_person_changes() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut total = 0;
    for round in 0..2 {
        for (path, ids) in [("/api/my/orders", [1, 10, 11]), ("/api/my/contracts", [1, 10, 11])] {
            for id in ids {
                let first = one.customer(id).get(path).await.expect(200);
                assert_eq!(first.source() == "mysql", round == 0 || id == 1, "{path} {id}");
                let second = one.customer(id).get(path).await.expect(200);
                assert_from(&second, "redis");
                assert_from(&other.customer(id).get(path).await.expect(200), "redis");
                assert_eq!(second.json()["rows"], first.json()["rows"]);
            }
        }
        let placed = one.customer(1).place("x", "10.00", "RUB").await;
        total += 1;
        let revision = world.revision().await.to_string();
        for (server, source) in [(&other, "mysql"), (&one, "redis")] {
            let client = server.customer(1).with("x-revision", &revision);
            let mine = client.get("/api/my/orders").await.expect(200);
            assert_from(&mine, source);
            assert_eq!(mine.json()["rows"][0], placed);
            assert_eq!(mine.json()["total"], total);
            // Of others, nothing has changed: what is known of them is as good as new.
            for id in [10, 11] {
                let client = server.customer(id).with("x-revision", &revision);
                let theirs = client.get("/api/my/orders").await.expect(200);
                assert_from(&theirs, "redis");
                assert_eq!(theirs.json()["revision"].to_string(), revision);
            }
        }
        // Leaves what only the first person has changed for the next round.
        one.customer(1).get("/api/my/contracts").await.expect(200);
        one.customer(1).place("y", "10.00", "RUB").await;
        total += 1;
    }
    world.audit().await;
}

#[tokio::test]
async fn accepting_renews_the_pages_of_both_parties_and_of_nobody_else() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("x", "10.00", "RUB").await;
    one.customer(2).place("y", "10.00", "RUB").await;
    world.counted().await;
    let pages = |id| {
        let (customer, executor) = (one.customer(id), one.executor(id + 8));
        [
            (customer.clone(), "/api/my/orders"),
            (customer.clone(), "/api/my/contracts"),
            (customer, "/api/profile"),
            (executor.clone(), "/api/my/contracts"),
            (executor, "/api/profile"),
        ]
    };
    let all: Vec<_> = pages(1).into_iter().chain(pages(2)).collect();
    for (client, path) in &all {
        client.get(path).await.expect(200);
        assert_from(&client.get(path).await.expect(200), "redis");
    }
    let reply = other.executor(9).accept(1).await.expect(201);
    world.counted().await;
    for (place, (client, path)) in all.iter().enumerate() {
        let client = client.with("x-revision", reply.header("x-revision"));
        let page = client.get(path).await.expect(200);
        assert_from(&page, if place < 5 { "mysql" } else { "redis" });
        let text = page.text();
        let shows = text.contains("10.00") || text.contains("9.80");
        assert_eq!(shows, place != 6 && place < 8, "{path}: {text}");
    }
    world.audit().await;
}

#[tokio::test]
async fn garbage_in_the_caches_is_the_same_as_nothing() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("x", "10.00", "RUB").await;
    let (history, revision, batch) = world.head().await;
    let good = one.executor(9).get("/api/board").await.expect(200).json();
    let mine = one.customer(1).get("/api/my/orders").await.expect(200).json();

    let (memcached, mut redis) = (memcached(&world).await, redis(&world).await);
    let board = format!("{history}:board:{revision}:{batch}:20:1");
    let known: Option<Vec<u8>> = memcached.get(board.as_str()).await.unwrap();
    assert!(known.is_some(), "the page is kept under {board}");
    let person = format!("{history}:(customer, 1)");
    let fields: Vec<String> = redis.hkeys(&person).await.unwrap();
    assert_eq!(fields.len(), 1, "{fields:?}");
    let garbage: [&[u8]; 6] = [b" ", b"\0\xff\xfe", b"null", b"{}", b"{\"revision\":99}", b"[1,2"];
    for bytes in garbage {
        memcached.set(board.as_str(), bytes.to_vec(), Ttl::secs(60)).await.unwrap();
        redis.hset::<_, _, _, ()>(&person, &fields[0], bytes).await.unwrap();
        // The server that has a copy of its own, and one that never asked before.
        let fresh = world.serve().await;
        for server in [&one, &fresh] {
            assert_eq!(server.executor(9).get("/api/board").await.expect(200).json(), good);
            let again = server.customer(1).get("/api/my/orders").await.expect(200).json();
            assert_eq!(again, mine);
        }
    }
    // A page of another revision, planted under the key of this one.
    other.customer(1).place("y", "10.00", "RUB").await;
    let (history, revision, batch) = world.head().await;
    let board = format!("{history}:board:{revision}:{batch}:20:1");
    memcached.set(board.as_str(), known.unwrap(), Ttl::secs(60)).await.unwrap();
    let reader = one.executor(9).with("x-revision", &revision.to_string());
    let page = reader.get("/api/board").await.expect(200).json();
    assert_eq!((&page["open_orders"], &page["revision"]), (&2.into(), &revision.into()));
    assert_eq!(page["orders"].as_array().unwrap().len(), 2);
    world.audit().await;
}

#[tokio::test]
async fn a_late_store_of_an_old_personal_page_is_not_used() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    one.customer(1).place("x", "10.00", "RUB").await;
    one.customer(1).get("/api/my/orders").await.expect(200);
    let (history, ..) = world.head().await;
    let mut redis = redis(&world).await;
    let person = format!("{history}:(customer, 1)");
    let old: Vec<(String, Vec<u8>)> = redis.hgetall(&person).await.unwrap();
    assert_eq!(old.len(), 1);
    for server in [&other, &one, &other] {
        let placed = server.customer(1).place("y", "10.00", "RUB").await;
        let revision = world.revision().await.to_string();
        eventually("the flush is through", || async {
            let mut redis = redis.clone();
            let left: u32 = redis.exists(&person).await.unwrap();
            (left == 0).then_some(())
        })
        .await;
        // A slow server's write arrives after the flush: it brings back what was before.
        redis.hset::<_, _, _, ()>(&person, &old[0].0, &old[0].1).await.unwrap();
        for reader in [&one, &other] {
            let client = reader.customer(1).with("x-revision", &revision);
            let mine = client.get("/api/my/orders").await.expect(200).json();
            assert_eq!(mine["rows"][0], placed);
        }
    }
    world.audit().await;
}

#[tokio::test]
async fn whoever_writes_finds_it_on_the_next_page_of_any_server() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut customer = Browser::of(&one, "customer", 1).await;
    let mut executor = Browser::of(&one, "executor", 9).await;
    for round in 1..=15u32 {
        let (here, there) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        customer.go_to(here);
        let text = format!("job number {round}.");
        let fields = [("description", text.as_str()), ("price", "1,00"), ("currency", "RUB")];
        let reply = customer.submit("/orders", &fields).await;
        customer.go_to(there);
        let page = customer.follow(reply).await.expect(200).text();
        assert!(page.contains(&text), "round {round}: {page}");
        assert!(page.contains(&format!("Order #{round} placed.")), "{page}");

        let revision = world.revision().await;
        let knowing = there.executor(8).with("x-revision", &revision.to_string());
        let board = knowing.get("/api/board").await.expect(200).json();
        assert_eq!(board["orders"][0]["id"], round);

        executor.go_to(here);
        let reply = executor.submit(&format!("/orders/{round}/accept"), &[]).await;
        executor.go_to(there);
        let page = executor.follow(reply).await.expect(200).text();
        assert!(page.contains(&text), "round {round}: {page}");
        let page = executor.get("/orders").await.expect(200).text();
        assert!(!page.contains(&text), "round {round}: it has left the board: {page}");
    }
    world.audit().await;
}

#[tokio::test]
async fn whoever_writes_finds_it_even_where_no_redis_rings() {
    let world = World::new().await;
    let settings = [("REDIS_URL", ""), ("MEMCACHED_URL", "")];
    let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
    let mut executor = Browser::of(&one, "executor", 9).await;
    let mut customer = Browser::of(&one, "customer", 1).await;
    for round in 1..=4u32 {
        customer.go_to(&one);
        let fields = [("description", "x"), ("price", "1,00"), ("currency", "RUB")];
        let reply = customer.submit("/orders", &fields).await;
        customer.go_to(&other);
        let page = customer.follow(reply).await.expect(200).text();
        assert!(page.contains(&format!("id=\"order-{round}\"")), "{page}");
        executor.go_to(&one);
        executor.submit(&format!("/orders/{round}/accept"), &[]).await.expect(303);
        executor.go_to(&other);
        let page = executor.get("/orders").await.expect(200).text();
        assert!(!page.contains(&format!("id=\"order-{round}\"")), "it has left the board: {page}");
    }
    world.audit().await;
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again_to_the_same_person() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    world.counted().await;
    let pages = [
        (server.executor(9), server.executor(8), "/orders"),
        (server.executor(9), server.admin(), "/orders"),
        (server.executor(9), server.executor(8), "/api/board"),
        (server.executor(9), server.executor(8), "/orders/1"),
        (server.customer(1), server.customer(2), "/my/contracts"),
        (server.customer(1), server.customer(2), "/api/my/orders"),
        (server.customer(1), server.executor(1), "/api/my/contracts"),
        (server.customer(1), server.customer(2), "/profile"),
    ];
    for (reader, stranger, path) in &pages {
        let page = reader.get(path).await.expect(200);
        assert_eq!(page.header("cache-control"), "private, no-cache");
        let tag = page.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 8, "{path}: {tag}");
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let again = reader.with("if-none-match", &tags).get(path).await.expect(304);
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), tag);
        }
        stranger.with("if-none-match", &tag).get(path).await.expect(200);
        assert_ne!(stranger.get(path).await.expect(200).header("etag"), tag, "{path}");
        reader.with("if-none-match", "\"other\"").get(path).await.expect(200);
    }
    // The place form holds a fresh key each time: that page is never the same.
    let tags = pages
        .iter()
        .map(|(reader, _, path)| async move { reader.get(path).await.header("etag").to_owned() });
    let tags = futures_util::future::join_all(tags).await;
    server.customer(1).place("y", "10.00", "RUB").await;
    world.counted().await;
    for ((reader, _, path), tag) in pages.iter().zip(tags) {
        reader.with("if-none-match", &tag).get(path).await.expect(200);
    }
    world.audit().await;
}

#[tokio::test]
async fn without_memcached_and_redis_everything_works() {
    let world = World::new().await;
    let none = [("REDIS_URL", ""), ("MEMCACHED_URL", "")];
    let gone = [("REDIS_URL", "redis://127.0.0.1:1"), ("MEMCACHED_URL", "memcache://127.0.0.1:1")];
    for (settings, word) in [(none, "not configured"), (gone, "down")] {
        let server = world.serve_with(&settings).await;
        let ready = server.nobody().get("/readyz").await.expect(200).json();
        assert_eq!((&ready["redis"], &ready["memcached"]), (&word.into(), &word.into()), "{ready}");
        let order = server.customer(1).place("x", "10.00", "RUB").await;
        let id = order["id"].as_u64().unwrap();
        let board = server.executor(9).get("/api/board").await.expect(200);
        assert_from(&board, "mysql");
        assert_eq!(board.json()["orders"][0], order);
        assert_from(&server.executor(9).get("/api/board").await.expect(200), "memory");
        server.executor(9).accept(id).await.expect(201);
        for _ in 0..2 {
            let mine = server.executor(9).get("/api/my/contracts").await.expect(200);
            assert_from(&mine, "mysql");
            assert_eq!(mine.json()["rows"][0]["order_id"], id);
        }
        for (client, path) in [
            (server.customer(1), "/my/orders"),
            (server.customer(1), "/profile"),
            (server.executor(9), "/orders"),
            (server.admin(), "/admin"),
        ] {
            client.get(path).await.expect(200);
        }
    }
    world.audit().await;
}

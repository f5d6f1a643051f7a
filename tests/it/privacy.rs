//! Of a contract that is not theirs, nobody learns anything but that its order left the board: not
//! by page, API, socket or cache.

use memcache::exp::AsyncMemcache;
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::support::{Browser, Client, Format, Proxy, Redis, Server, Watcher, World, eventually};

/// Numbers and words that occur nowhere by accident.
const EXECUTOR: u32 = 914_273_650;
const CUSTOMER: u32 = 806_152_943;
const TEXT: &str = "sentinel-7f3a-description";

#[tokio::test]
async fn anothers_contract_is_not_there_by_page_or_api() {
    let world = World::new().await;
    let server = world.serve().await;
    let order = server.customer(CUSTOMER).place(TEXT, "123.45", "RUB").await;
    assert_eq!(order["id"], 1);
    let contract = server.executor(EXECUTOR).accept(1).await.expect(201).json()["contract"].clone();

    let parties = [server.customer(CUSTOMER), server.executor(EXECUTOR), server.admin()];
    for party in &parties {
        assert_eq!(party.get("/api/contracts/1").await.expect(200).json(), contract);
        assert_eq!(party.get("/api/orders/1").await.expect(200).json()["status"], "taken");
        for path in ["/contracts/1", "/orders/1"] {
            assert!(party.get(path).await.expect(200).text().contains(TEXT));
        }
    }
    // Others; among them those who have a party's number in another role.
    let others = [
        server.customer(2),
        server.executor(2),
        server.customer(EXECUTOR),
        server.executor(CUSTOMER),
    ];
    for other in &others {
        let missing = other.get("/api/contracts/999").await.refused(404, "not_found").json();
        let hidden = other.get("/api/contracts/1").await.refused(404, "not_found").json();
        assert_eq!(hidden, missing, "what is hidden looks like what is not there");
        let missing = other.get("/api/orders/999").await.refused(404, "not_found").json();
        let hidden = other.get("/api/orders/1").await.refused(404, "not_found").json();
        assert_eq!(hidden, missing);
        for path in ["/contracts/1", "/orders/1"] {
            let page = other.get(path).await.expect(404).text();
            assert!(page.contains("There is nothing here, or nothing that you may see."), "{page}");
            assert!(!page.contains(TEXT) && !page.contains("123.45"), "{page}");
        }
        let mine = other.get("/api/my/contracts").await.expect(200).json();
        assert_eq!((&mine["total"], &mine["rows"]), (&json!(0), &json!([])));
        for path in ["/my/contracts", "/profile"] {
            let page = other.get(path).await.expect(200).text();
            assert!(!page.contains(TEXT) && !page.contains("123.45"), "{page}");
        }
    }
    for path in ["/orders", "/api/board"] {
        assert_tells_nothing(&server.executor(2).get(path).await.expect(200).text());
    }
    for path in ["/my/orders", "/api/my/orders"] {
        assert_tells_nothing(&server.customer(2).get(path).await.expect(200).text());
    }
    for path in ["/api/admin/contracts", "/api/admin/summary", "/admin/contracts", "/admin"] {
        for client in [&parties[0], &parties[1]] {
            client.get(path).await.expect(403);
        }
        server.nobody().get(path).await.expect(401);
    }
    world.audit().await;
}

#[track_caller]
fn assert_tells_nothing(text: &str) {
    for secret in [TEXT, &EXECUTOR.to_string(), &CUSTOMER.to_string(), "123.45"] {
        assert!(!text.contains(secret), "{secret} is told: {text}");
    }
}

#[tokio::test]
async fn an_order_is_seen_by_executors_while_open_and_by_no_other_customer_ever() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(1).place("x", "10.00", "RUB").await;
    let sees = async |client: Client, expected: u16| {
        client.get("/api/orders/1").await.expect(expected);
        client.get("/orders/1").await.expect(expected);
    };
    sees(server.customer(1), 200).await;
    sees(server.customer(2), 404).await;
    sees(server.executor(1), 200).await;
    sees(server.executor(9), 200).await;
    server.executor(9).accept(1).await.expect(201);
    sees(server.customer(1), 200).await;
    sees(server.executor(9), 200).await;
    sees(server.executor(8), 404).await;
    sees(server.executor(1), 404).await;
    let page = server.executor(9).get("/orders/1").await.expect(200).text();
    assert!(page.contains("href=\"/contracts/1\""), "its executor finds the contract: {page}");

    server.customer(1).place("y", "10.00", "RUB").await;
    server.customer(1).withdraw(2).await.expect(200);
    server.executor(9).get("/api/orders/2").await.refused(404, "not_found");
    server.customer(1).get("/api/orders/2").await.expect(200);
    server.admin().get("/api/orders/2").await.expect(200);

    // Nor does it tell its currency to who offers to accept it for some price.
    server.customer(1).place("z", "10", "JPY").await;
    let accept = async |price: &str| {
        server.executor(8).post("/api/orders/3/accept", json!({"price": price})).await
    };
    accept("1.5").await.refused(422, "invalid_field");
    server.executor(9).accept(3).await.expect(201);
    for price in ["1.5", "10.00", "999999999999"] {
        accept(price).await.refused(409, "order_not_open");
    }
    world.audit().await;
}

#[tokio::test]
async fn sockets_carry_nothing_of_other_peoples_contracts_and_orders() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let (history, ..) = world.head().await;
    for format in [Format::Json, Format::Html] {
        let start = world.revision().await;
        let (secret, secret_order) = (format!("{TEXT}-{format:?}"), 1 + 3 * u64::from(start > 0));
        let watch =
            async |client: Client, format| Watcher::connect(&client, &history, start, format).await;
        let mut party = watch(one.customer(CUSTOMER), format).await;
        let mut winner = watch(other.executor(EXECUTOR), format).await;
        let mut admin = watch(one.admin(), format).await;
        let mut rivals =
            [watch(other.executor(2), format).await, watch(one.executor(CUSTOMER), format).await];
        let mut customers =
            [watch(other.customer(2), format).await, watch(one.customer(EXECUTOR), format).await];

        one.customer(CUSTOMER).place(&secret, "123.45", "RUB").await;
        let reply = other.executor(EXECUTOR).accept(secret_order).await.expect(201).json();
        let (contract, revision) =
            (reply["contract"]["id"].as_u64().unwrap(), reply["revision"].as_u64().unwrap());
        // Something later for the others: when that is there, all before it was.
        one.customer(2).place("theirs", "1.00", "RUB").await;

        // Who was away gets the same from the ring.
        let mut late = watch(other.executor(3), format).await;
        late.reach(revision + 1).await;
        rivals[0].reach(revision + 1).await;
        assert_eq!(late.model.messages, rivals[0].model.messages[1..]);

        party.wait_until("the contract", |model| model.contracts.contains_key(&contract)).await;
        winner.wait_until("the contract", |model| model.contracts.contains_key(&contract)).await;
        admin.wait_until("the contract", |model| model.contracts.contains_key(&contract)).await;
        for watcher in [&mut party, &mut winner, &mut admin] {
            let known = watcher.model.contracts[&contract].to_string();
            assert!(known.contains(&EXECUTOR.to_string()) && known.contains(&secret), "{known}");
        }
        assert_eq!(party.model.orders[&secret_order]["status"], "taken");

        for rival in &mut rivals {
            rival.reach(revision + 1).await;
            assert!(rival.model.contracts.is_empty() && rival.model.orders.is_empty());
            let closed: Vec<&Value> = rival
                .model
                .messages
                .iter()
                .flat_map(|message| message["closed"].as_array().into_iter().flatten())
                .filter(|closed| closed["id"] == secret_order)
                .collect();
            assert_eq!(closed, [&json!({"id": secret_order, "reason": "taken"})]);
            let bytes = rival.received();
            assert!(bytes.contains(&secret), "the open order was on the board");
            for never in [&EXECUTOR.to_string(), "executor_id", "\"contracts\"", "\"orders\""] {
                assert!(!bytes.contains(never), "{never} in {bytes}");
            }
        }
        other.customer(EXECUTOR).place("theirs", "1.00", "RUB").await;
        for customer in &mut customers {
            customer.wait_until("their own", |model| model.revision > revision).await;
            assert!(customer.model.contracts.is_empty() && customer.model.board.is_empty());
            let bytes = customer.received();
            for never in [&secret, "opened", "closed", "open_orders", "\"contracts\"", "summary"] {
                assert!(!bytes.contains(never), "{never} in {bytes}");
            }
            assert!(!bytes.contains(&CUSTOMER.to_string()), "{bytes}");
        }
        assert!(rivals.iter().all(|rival| !rival.received().contains("summary")));
    }
    world.audit().await;
}

#[tokio::test]
async fn caches_hold_a_persons_data_under_that_persons_key_only() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(CUSTOMER).place(TEXT, "123.45", "RUB").await;
    server.executor(EXECUTOR).accept(1).await.expect(201);
    for client in [
        server.customer(CUSTOMER),
        server.executor(EXECUTOR),
        server.customer(2),
        server.executor(2),
        server.customer(EXECUTOR),
        server.executor(CUSTOMER),
    ] {
        for path in ["/api/my/contracts", "/api/profile"] {
            client.get(path).await.expect(200);
        }
    }
    let (history, ..) = world.head().await;
    let client = redis::Client::open(world.redis_url.as_str()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let mut keys: Vec<String> = redis.keys(format!("{history}:*")).await.unwrap();
    // How many watch is everybody's.
    keys.retain(|key| *key != format!("{history}:watchers"));
    assert_eq!(keys.len(), 6, "{keys:?}");
    for key in keys {
        let fields: Vec<(String, String)> = redis.hgetall(&key).await.unwrap();
        assert_eq!(fields.len(), 2, "{key}: {fields:?}");
        let parties = [format!("customer, {CUSTOMER}"), format!("executor, {EXECUTOR}")];
        let is_party = parties.iter().any(|party| key.contains(party));
        let told = fields.iter().any(|(_, value)| value.contains(TEXT));
        assert_eq!(told, is_party, "{key}: {fields:?}");
    }

    server.customer(2).place("open", "1.00", "RUB").await;
    let page = server.executor(2).get("/api/board").await.expect(200);
    assert_eq!(page.source(), "mysql");
    let (history, revision, batch) = world.head().await;
    let (_, address) = world.memcached_url.split_once("://").unwrap();
    let memcached = AsyncMemcache::builder().connect_async([address]).await.unwrap();
    let key = format!("{history}:board:{revision}:{batch}:20:1");
    let shared: Vec<u8> = memcached.get(key.as_str()).await.unwrap().expect("it is shared");
    assert_tells_nothing(&String::from_utf8(shared).unwrap());
    world.audit().await;
}

#[tokio::test]
async fn a_switched_browser_sees_nothing_of_who_it_was() {
    let world = World::new().await;
    let server = world.serve().await;
    server.customer(CUSTOMER).place(TEXT, "123.45", "RUB").await;
    server.executor(EXECUTOR).accept(1).await.expect(201);
    let mut browser = Browser::of(&server, "executor", EXECUTOR).await;
    let page = browser.get("/my/contracts").await.expect(200);
    assert!(page.text().contains(TEXT));
    browser.switch("executor", 2).await;
    browser.set("if-none-match", page.header("etag"));
    assert_tells_nothing(&browser.get("/my/contracts").await.expect(200).text());
    browser.get("/contracts/1").await.expect(404);
    browser.switch("admin", 1).await;
    browser.get("/my/contracts").await.expect(403);
    // Nobody else's signature will do.
    let who = browser.cookie("orderboard_who").unwrap().to_owned();
    let forged = who.replace("admin", "customer");
    assert_ne!(who, forged);
    let forger = server.nobody().with("cookie", &format!("orderboard_who={forged}"));
    forger.get("/admin").await.expect(401);
    forger.get("/my/orders").await.expect(401);
    world.audit().await;
}

#[tokio::test]
async fn a_socket_ends_on_every_server_when_its_browser_becomes_somebody_else() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut browser = Browser::of(&one, "customer", 3).await;
    let stranger = Browser::of(&one, "customer", 3).await;
    let (history, ..) = world.head().await;
    let mut watchers = Vec::new();
    for client in [browser.client(), browser.client().at(&other), stranger.client()] {
        watchers.push(Watcher::connect(&client, &history, 0, Format::Json).await);
    }
    one.customer(3).place("before", "10.00", "RUB").await;
    for watcher in &mut watchers {
        watcher.wait_until("their order", |model| model.orders.contains_key(&1)).await;
    }
    browser.switch("customer", 4).await;
    for watcher in &mut watchers[..2] {
        watcher.is_hung_up_on().await;
    }
    one.customer(3).place("afterwards", "10.00", "RUB").await;
    watchers[2]
        .wait_until("another browser's goes on", |model| model.orders.contains_key(&2))
        .await;
    assert!(watchers[..2].iter().all(|watcher| !watcher.received().contains("afterwards")));
    world.audit().await;
}

#[tokio::test]
async fn a_session_that_ends_while_a_server_cannot_hear_it_ends_there_later() {
    let mut redis = Redis::start().await;
    let (way, far_url) = Proxy::before(&redis.url()).await;
    let world = World::new().await;
    let near_url = redis.url();
    let (near, far) = ([("REDIS_URL", near_url.as_str())], [("REDIS_URL", far_url.as_str())]);
    let (one, other) = tokio::join!(world.serve_with(&near), world.serve_with(&far));
    for fault in ["its way to redis is cut", "redis is killed"] {
        let mut browser = Browser::of(&one, "customer", 3).await;
        let (history, revision, _) = world.head().await;
        let client = browser.client().at(&other);
        let mut watcher = Watcher::connect(&client, &history, revision, Format::Json).await;
        let settled = |server: &Server| {
            let client = server.nobody();
            async move {
                let text = client.get("/metrics").await.expect(200).text();
                text.contains("orderboard_feed_redis_up 1").then_some(())
            }
        };
        eventually("both hear each other", || settled(&one)).await;
        eventually("both hear each other", || settled(&other)).await;
        if fault == "redis is killed" {
            redis.kill();
        } else {
            way.shut();
        }
        browser.switch("customer", 4).await;
        let trader = one.customer(5);
        for _ in 0..20 {
            trader.place("x", "1.00", "RUB").await;
        }
        if fault == "redis is killed" {
            redis.start_again().await;
        } else {
            way.open();
        }
        watcher.is_hung_up_on().await;
        one.customer(3).place("afterwards", "10.00", "RUB").await;
        assert!(!watcher.received().contains("afterwards"), "{fault}");
    }
    world.audit().await;
}

//! Sessions: new with each log-in, known by their hash alone, ended at once on every server with
//! their sockets, and kept in MySQL.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Executor};

use super::{assert_is_out, shown_to, two};
use crate::support::{Client, Format, PASSWORD, Person, Proxy, Redis, Watcher, World, eventually};

const COOKIE: &str = "orderboard_session";

async fn watch(world: &World, client: &Client) -> Watcher {
    let (history, revision, _) = world.head().await;
    Watcher::connect(client, &history, revision, Format::Json).await
}

fn secret_of(cookie: &str) -> Vec<u8> {
    let (secret, _) = cookie.split_once('.').expect("signed");
    let byte = |at| u8::from_str_radix(&secret[at..at + 2], 16).expect("hexadecimal");
    (0..64).step_by(2).map(byte).collect()
}

/// Demands that the database lets nobody in by a cookie, whatever servers remember.
async fn assert_is_forgotten(world: &World, cookie: &str) {
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM passes WHERE hash = ?");
    let query = query.bind(Sha256::digest(secret_of(cookie)).to_vec());
    let count: i64 = query.fetch_one(&mut world.users().await).await.unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_session_is_new_with_each_log_in_and_the_database_knows_its_hash_alone() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let mut ann = Person::sign_up(&server, "Ann", "both").await;
    let first = ann.browser.cookie(COOKIE).expect("a cookie").to_owned();
    let bytes = secret_of(&first);
    let mut users = world.users().await;
    let query = sqlx::query_as("SELECT hash, session FROM passes");
    let (hash, session): (Vec<u8>, String) = query.fetch_one(&mut users).await.unwrap();
    assert_eq!(hash, Sha256::digest(&bytes).to_vec(), "the secret itself is nowhere");
    assert_ne!(hash, bytes);
    assert!(!first.contains(&session), "what names it lets nobody in");

    // A session that somebody planted is not the one that is logged in by.
    let mut mallory = Person::sign_up(&server, "Mallory", "both").await;
    let planted = mallory.browser.client();
    let token = mallory.form_token().await;
    let reply = planted.post_form("/log-in", &[("name", "Ann"), ("password", PASSWORD)]).await;
    let set = reply.expect(303).header("set-cookie").to_owned();
    assert!(
        set.starts_with(&format!("{COOKIE}="))
            && !set.contains(mallory.browser.cookie(COOKIE).unwrap())
    );
    // And it has ended.
    assert_is_out(&planted).await;
    planted.post_form("/theme", &[("theme", "dark"), ("csrf", &token)]).await.expect(303);
    let made_up = server.nobody().with("cookie", &format!("{COOKIE}={}", first.replace('a', "b")));
    assert_is_out(&made_up).await;
    // Changing sides is a new one, too.
    let before = ann.browser.client();
    ann.send("/role", &[("role", "executor")]).await.expect(303);
    assert_ne!(ann.browser.cookie(COOKIE), Some(first.as_str()));
    assert_is_out(&before).await;
    assert_eq!(shown_to(&ann.browser.get("/orders").await), "executor:1");
    // What the browser kept of a session before holds the token of that: it is no answer any more.
    let mut kept = String::new();
    for _ in 0..2 {
        let mut ann = Person::log_in(&server, "Ann", PASSWORD).await;
        let page = ann.browser.get("/my/contracts").await.expect(200);
        assert_ne!(page.header("etag"), kept);
        kept = page.header("etag").to_owned();
        ann.browser.set("if-none-match", &kept);
        ann.browser.get("/my/contracts").await.expect(304);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_session_ends_at_once_on_every_server_with_its_sockets() {
    let world = World::new().await;
    let (one, other) = two(&world, &world.redis_url).await;
    let mut ann = Person::sign_up(&one, "Ann", "both").await;
    let bob = Person::sign_up(&one, "bob", "customer").await;
    let mut undisturbed = watch(&world, &bob.browser.client()).await;
    for way in ["log-out", "everywhere", "password", "role", "elsewhere", "log-in"] {
        let client = ann.browser.client();
        let cookie = ann.browser.cookie(COOKIE).unwrap().to_owned();
        let mut sockets = Vec::new();
        for client in [client.clone(), client.at(&other)] {
            client.get("/api/profile").await.expect(200);
            sockets.push(watch(&world, &client).await);
        }
        let mut second = Person::log_in(&other, "Ann", PASSWORD).await;
        let mut others_socket = watch(&world, &second.browser.client()).await;
        let began = Instant::now();
        match way {
            "log-out" => ann.send("/log-out", &[]).await,
            "everywhere" => second.send("/log-out/everywhere", &[]).await,
            "password" => {
                let fields = [("current", PASSWORD), ("password", "quite another one")];
                let changed = second.send("/account/password", &fields).await.expect(303);
                let back = [("current", "quite another one"), ("password", PASSWORD)];
                second.send("/account/password", &back).await.expect(303);
                changed
            }
            "role" => ann.send("/role", &[("role", "executor")]).await,
            "elsewhere" => {
                let page = second.browser.get("/account").await.text();
                let ends: Vec<&str> = page.split("action=\"/account/passes/").skip(1).collect();
                let id = ends[0].split('/').next().unwrap().to_owned();
                second.send(&format!("/account/passes/{id}/end"), &[]).await
            }
            _ => ann.try_log_in(PASSWORD).await,
        }
        .expect(303);
        // By the bell, and not only when the database is asked again.
        for client in [client.clone(), client.at(&other)] {
            eventually("the other server has heard of it", || async {
                (client.get("/api/profile").await.status == 401).then_some(())
            })
            .await;
            assert_is_out(&client).await;
        }
        for socket in &mut sockets {
            socket.is_hung_up_on().await;
        }
        assert_is_forgotten(&world, &cookie).await;
        assert!(began.elapsed() < Duration::from_millis(1500), "{way}: {:?}", began.elapsed());
        if ["everywhere", "password"].contains(&way) {
            others_socket.is_hung_up_on().await;
        } else {
            second.browser.get("/account").await.expect(200);
        }
        ann = Person::log_in(&one, "Ann", PASSWORD).await;
    }
    Person::sign_up(&other, "carol", "customer").await.send("/theme", &[("theme", "dark")]).await;
    let order = bob.browser.client();
    order.get("/my/orders").await.expect(200);
    assert!(undisturbed.is_connected());
    undisturbed.disconnect();
    world.audit().await;
}

#[tokio::test]
async fn without_redis_a_session_ends_elsewhere_within_seconds() {
    let world = World::new().await;
    let (one, other) = two(&world, "").await;
    let mut ann = Person::sign_up(&one, "Ann", "customer").await;
    let client = ann.browser.client().at(&other);
    let mut socket = watch(&world, &client).await;
    let began = Instant::now();
    ann.send("/log-out", &[]).await.expect(303);
    socket.is_hung_up_on().await;
    eventually("it has ended there, too", || async {
        (client.get("/api/profile").await.status == 401).then_some(())
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    world.audit().await;
}

#[tokio::test]
async fn sessions_outlive_redis_a_restart_and_an_outage_of_their_database() {
    let world = World::new().await;
    let mut redis = Redis::start().await;
    let (proxy, users_url) = Proxy::before(&world.users_database_url).await;
    let redis_url = redis.url();
    let settings =
        [("AUTH", "accounts"), ("REDIS_URL", &*redis_url), ("USERS_DATABASE_URL", &*users_url)];
    let mut server = world.serve_with(&settings).await;
    let mut ann = Person::sign_up(&server, "Ann", "customer").await;
    redis.kill();
    ann.browser.get("/account").await.expect(200);
    server.stop().await;
    let server = world.serve_with(&settings).await;
    ann.browser.go_to(&server);
    ann.browser.get("/account").await.expect(200);
    let token = ann.form_token().await;
    let stranger = Person::log_in(&server, "Ann", PASSWORD).await;

    proxy.shut();
    // The board goes on with those who are known, also when what it was told is too old to be believed.
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(2200) {
        ann.browser.get("/my/orders").await.expect(200);
    }
    let fields = [
        ("csrf", token.as_str()),
        ("description", "while it is away"),
        ("price", "5"),
        ("currency", "RUB"),
    ];
    ann.browser.submit("/orders", &fields).await.expect(303);
    ann.browser.get("/my/orders").await.expect(200);
    // Who is not known to be let in is told why not; and nobody pretends that a session has ended.
    ann.browser.submit("/log-out", &fields[..1]).await.expect(503);
    let mut late = Person { name: "Ann".to_owned(), ..stranger };
    late.browser = crate::support::Browser::new(&server);
    late.try_log_in(PASSWORD).await.expect(503);
    proxy.open();
    eventually("the database is back", || async {
        let client = ann.browser.client();
        (client.get("/account").await.status == 200).then_some(())
    })
    .await;
    ann.send("/log-out", &[]).await.expect(303);
    redis.start_again().await;
    world.audit().await;
}

#[tokio::test]
async fn sessions_expire_when_nobody_uses_them_and_in_the_end_anyway() {
    let world = World::new().await;
    let mut server = world.serve_accounts().await;
    let mut users = world.users().await;
    for (column, days, good) in
        [("seen", 13, true), ("seen", 15, false), ("created", 89, true), ("created", 91, false)]
    {
        let mut ann = if column == "seen" && days == 13 {
            Person::sign_up(&server, "Ann", "customer").await
        } else {
            Person::log_in(&server, "Ann", PASSWORD).await
        };
        let program = ann.program(&server, "customer").await;
        let sql = format!("UPDATE passes SET {column} = UTC_TIMESTAMP(3) - INTERVAL {days} DAY");
        users.execute(AssertSqlSafe(sql)).await.unwrap();
        // What this server remembers is forgotten.
        server.stop().await;
        server = world.serve_accounts().await;
        ann.browser.go_to(&server);
        let status = if good { 200 } else { 401 };
        ann.browser.get("/account").await.expect(status);
        // Tokens stay until they are ended.
        program.at(&server).get("/api/profile").await.expect(200);
        if good {
            eventually("its use is noted", || async {
                let sql =
                    "SELECT COUNT(*) FROM passes WHERE seen > UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE";
                let mut users = world.users().await;
                let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut users).await.unwrap();
                (count > 0).then_some(())
            })
            .await;
        }
        users.execute("DELETE FROM passes").await.unwrap();
    }
    world.audit().await;
}

#[tokio::test]
async fn keys_are_exchanged_without_logging_anybody_out() {
    const OLD: &str = "the key before, which was long enough";
    const NEW: &str = "the key after it, which is as long, too";
    let world = World::new().await;
    let with = |now, old| vec![("AUTH", "accounts"), ("SECRET_KEY", now), ("SECRET_KEY_OLD", old)];
    let mut server = world.serve_with(&with(OLD, "")).await;
    let mut ann = Person::sign_up(&server, "Ann", "customer").await;
    let program = ann.program(&server, "customer").await;
    let form = ann.form_token().await;
    let before = ann.browser.cookie(COOKIE).unwrap().to_owned();
    server.stop().await;

    let mut server = world.serve_with(&with(NEW, OLD)).await;
    ann.browser.go_to(&server);
    // A form that was open meanwhile is still good.
    let fields = [("csrf", form.as_str()), ("theme", "dark")];
    ann.browser.submit("/theme", &fields).await.expect(303);
    ann.browser.get("/account").await.expect(200);
    assert_ne!(ann.browser.cookie(COOKIE), Some(&*before), "it is signed anew");
    server.stop().await;

    let server = world.serve_with(&with(NEW, "")).await;
    ann.browser.go_to(&server);
    ann.browser.get("/account").await.expect(200);
    program.at(&server).get("/api/profile").await.expect(200);
    assert_is_out(&server.nobody().with("cookie", &format!("{COOKIE}={before}"))).await;
    ann.browser.submit("/theme", &fields).await.expect(403);
    world.audit().await;
}

#[tokio::test]
async fn cookies_of_an_https_board_go_by_https_alone() {
    let world = World::new().await;
    let plain = world.serve_accounts().await;
    let settings = [("AUTH", "accounts"), ("ALLOWED_ORIGINS", "https://board.example")];
    let server = world.serve_with(&settings).await;
    let fields = [("name", "Ann"), ("password", PASSWORD), ("roles", "customer")];
    let reply = server.nobody().post_form("/sign-up", &fields).await.expect(303);
    let cookies = |reply: &crate::support::Reply| -> Vec<String> {
        let all = reply.headers.get_all("set-cookie").into_iter();
        all.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
    };
    let [cookie] = &cookies(&reply)[..] else { panic!("{:?}", reply.headers) };
    assert!(cookie.starts_with("__Host-orderboard="), "{cookie}");
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let value = cookie.split(';').next().unwrap();
    let ann = server.nobody().with("cookie", value).with("host", "board.example");
    ann.get("/account").await.expect(200);
    // By the name that plain http has, it is none.
    let renamed = value.replace("__Host-orderboard", COOKIE);
    assert_is_out(&server.nobody().with("cookie", &renamed)).await;
    // All others, too.
    let theme = [("theme", "dark")];
    let reply = server.nobody().post_form("/theme", &theme).await.expect(303);
    assert!(cookies(&reply).iter().all(|cookie| cookie.ends_with("; Secure")));
    // A name of ours that is not: nothing is answered under a name that nobody configured.
    server.nobody().with("host", "evil.example").get("/log-in").await.expect(400);

    let reply = plain.nobody().post_form("/log-in", &fields[..2]).await.expect(303);
    let [cookie] = &cookies(&reply)[..] else { panic!("{:?}", reply.headers) };
    assert!(cookie.starts_with(&format!("{COOKIE}=")) && !cookie.contains("Secure"), "{cookie}");
    world.audit().await;
}

#[tokio::test]
async fn a_password_that_is_just_being_changed_lets_nobody_in() {
    let world = World::new().await;
    let server = world.serve_accounts().await;
    let ann = Person::sign_up(&server, "Ann", "customer").await;
    drop(ann);
    let hashed = server.measure("passwords_hashed_total").await;
    let mut users = world.users().await;
    users.execute("BEGIN").await.unwrap();
    users.execute("UPDATE accounts SET password = 'another'").await.unwrap();
    users.execute("DELETE FROM passes").await.unwrap();
    let late = server.nobody();
    let late = tokio::spawn(async move {
        late.post_form("/log-in", &[("name", "Ann"), ("password", PASSWORD)]).await
    });
    eventually("the old password is found to be right", || async {
        (server.measure("passwords_hashed_total").await > hashed).then_some(())
    })
    .await;
    let waiting = "SELECT COUNT(*) FROM information_schema.processlist \
                   WHERE db = DATABASE() AND info LIKE 'INSERT INTO passes%'";
    eventually("its session waits at the database", || async {
        let mut watcher = world.users().await;
        let query = sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watcher);
        (query.await.expect("a count") > 0).then_some(())
    })
    .await;
    assert!(!late.is_finished(), "it waits for what becomes of the password");
    users.execute("COMMIT").await.unwrap();
    late.await.unwrap().expect(401);
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM passes");
    let count: i64 = query.fetch_one(&mut users).await.unwrap();
    assert_eq!(count, 0);
    world.audit().await;
}

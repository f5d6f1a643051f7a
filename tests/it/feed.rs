//! The live feed: a page at a revision and the stream since then are the board at every later
//! revision, whatever happens to sockets and servers in between.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::support::{Browser, Client, Format, Server, Watcher, World, eventually, read_board};

/// Demands that a watcher who kept the whole board knows it exactly, without ever having started
/// over.
async fn assert_complete(watcher: &mut Watcher, client: &Client, revision: u64) {
    watcher.reach(revision).await;
    let board = read_board(&client.with("x-revision", &revision.to_string())).await;
    assert_eq!((board.oldest, board.newest), (revision, revision));
    let model = &watcher.model;
    assert_eq!((model.gaps, model.resyncs), (0, 0), "{}", model.brief());
    assert_eq!(model.revision, revision);
    if watcher.format == Format::Json {
        assert_eq!(model.board, board.orders);
    } else {
        assert!(model.board.keys().eq(board.orders.keys()), "{}", model.brief());
    }
}

/// Somebody does something, now and then something that will be refused.
async fn act(servers: &[&Server], step: u32) {
    let server = servers[fastrand::usize(..servers.len())];
    let newest = u64::from(step / 2 + 1);
    let id = fastrand::u64(newest.saturating_sub(15)..=newest);
    match fastrand::u32(..10) {
        0..5 => {
            let customer = server.customer(fastrand::u32(1..5));
            customer.place(&"word ".repeat(fastrand::usize(1..90)), "12.34", "RUB").await;
        }
        5..8 => {
            let status = server.executor(fastrand::u32(4..9)).accept(id).await.status;
            assert!([201, 404, 409].contains(&status), "accepting: {status}");
        }
        _ => {
            let status = server.customer(fastrand::u32(1..5)).withdraw(id).await.status;
            assert!([200, 404, 409].contains(&status), "withdrawing: {status}");
        }
    }
}

#[tokio::test]
async fn messages_stay_within_4_kib_and_long_runs_come_in_pieces() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut watchers = Vec::new();
    for format in [Format::Json, Format::Html] {
        watchers.push(Watcher::of_board(&one.executor(9), format).await);
        watchers.push(Watcher::of_board(&other.executor(8), format).await);
        watchers.push(Watcher::of_board(&one.admin(), format).await);
    }
    let (history, ..) = world.head().await;
    let mut customers = [
        Watcher::connect(&one.customer(2_147_483_647), &history, 0, Format::Json).await,
        Watcher::connect(&one.customer(2_147_483_647), &history, 0, Format::Html).await,
    ];
    let customer = one.customer(2_147_483_647);
    let texts: Vec<String> = ["\"", "&", "<", "'", "\\", "\n.", "\t.", "🔧", "\u{2028}", "я"]
        .map(|piece| format!("x{}", piece.repeat(300)))
        .into_iter()
        .flat_map(|text| vec![text; 5])
        .collect();
    let count = texts.len() as u64;
    join_all(texts.iter().map(|text| customer.place(text, "99999999.99", "RUB"))).await;
    let placed = world.revision().await;
    for watcher in &mut watchers {
        watcher.reach(placed).await;
        assert_eq!(watcher.model.board.len() as u64, count);
    }
    let executor = one.executor(9);
    join_all((1..=count).map(|id| executor.accept(id))).await;
    let revision = world.revision().await;
    for watcher in &mut watchers {
        watcher.reach(revision).await;
        assert!(watcher.model.board.is_empty());
    }
    for watcher in watchers[..].iter().chain(&customers) {
        assert_eq!((watcher.model.gaps, watcher.model.resyncs), (0, 0));
    }
    for watcher in &mut customers {
        watcher.wait_until("all contracts", |model| model.contracts.len() as u64 == count).await;
        assert_eq!(watcher.model.orders.len() as u64, count);
    }
    let split = |watcher: &Watcher, list: &str| {
        let mut messages = watcher.model.messages.iter();
        messages.any(|message| message.get("more").is_some() && message.get(list).is_some())
    };
    assert!(split(&watchers[0], "opened") && split(&watchers[0], "contracts"));
    assert!(split(&watchers[2], "orders") && split(&customers[0], "contracts"));
    world.audit().await;
}

#[tokio::test]
async fn a_socket_without_anything_to_replay_hears_a_heartbeat_at_once() {
    let world = World::new().await;
    let server = world.serve().await;
    for client in [server.customer(2), server.executor(2), server.admin()] {
        server.customer(1).place("x", "1.00", "RUB").await;
        let (history, head, _) = world.head().await;
        let client = client.with("x-revision", &head.to_string());
        client.get("/healthz").await.expect(200);
        let mut watcher = Watcher::connect(&client, &history, head, Format::Json).await;
        let started = Instant::now();
        watcher.wait_until("a heartbeat", |model| model.heartbeats == 1).await;
        assert!(started.elapsed() < Duration::from_secs(5), "it waits for its turn");
        let beat = &watcher.model.messages[0];
        assert_eq!((&beat["from"], &beat["to"]), (&json!(head), &json!(head)));
        assert!(beat["watchers"].as_u64().unwrap() >= 1, "{beat}");
    }
    world.audit().await;
}

#[tokio::test]
async fn runs_with_nothing_for_a_customer_are_folded_into_the_next_message() {
    let world = World::new().await;
    let server = world.serve().await;
    let (history, ..) = world.head().await;
    let mut watcher = Watcher::connect(&server.customer(2), &history, 0, Format::Json).await;
    for _ in 0..3 {
        server.customer(1).place("not theirs", "1.00", "RUB").await;
    }
    server.customer(2).place("theirs", "1.00", "RUB").await;
    watcher.wait_until("the fourth", |model| model.orders.contains_key(&4)).await;
    watcher.wait_until("the run is closed", |model| model.revision == 4).await;
    let folded = &watcher.model.messages;
    assert!(folded.iter().all(|message| message["to"] == 0 || message["from"] == 0), "{folded:?}");
    // Nothing but a heartbeat is left for who comes back before it.
    let mut late = Watcher::connect(&server.customer(3), &history, 2, Format::Json).await;
    late.wait_until("a heartbeat closes the fold", |model| model.revision == 4).await;
    assert_eq!(late.model.messages.len(), 1);
    world.audit().await;
}

#[tokio::test]
async fn another_history_or_a_revision_that_never_comes_means_to_start_over() {
    let world = World::new().await;
    let server = world.serve().await;
    let stranger = "00000000-0000-0000-0000-000000000000";
    for (is_ours, ahead) in [(false, false), (true, true), (false, true)] {
        server.customer(1).place("x", "1.00", "RUB").await;
        let (history, head, _) = world.head().await;
        let named = if is_ours { &history } else { stranger };
        let since = if ahead { head + 100 } else { head };
        let mut watcher = Watcher::connect(&server.executor(9), named, since, Format::Json).await;
        watcher.wait_until("a resync", |model| model.resyncs == 1).await;
        assert_eq!((watcher.model.revision, &watcher.model.history), (head, &history));
        assert_eq!(watcher.model.messages.len(), 1);
        let id = server.customer(1).place("y", "1.00", "RUB").await["id"].as_u64().unwrap();
        watcher.wait_until("it goes on from there", |model| model.board.contains_key(&id)).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn a_page_that_is_ahead_of_a_server_is_waited_for() {
    let world = World::new().await;
    let (one, other) = world.serve_two().await;
    let mut watcher = Watcher::of_board(&other.executor(9), Format::Json).await;
    for _ in 0..20 {
        let id = one.customer(1).place("x", "1.00", "RUB").await["id"].as_u64().unwrap();
        let (history, head, _) = world.head().await;
        // Whether the other server has heard of it yet is a matter of luck.
        let mut ahead = Watcher::connect(&other.executor(9), &history, head, Format::Json).await;
        ahead.wait_until("a heartbeat", |model| model.heartbeats == 1).await;
        assert_eq!((ahead.model.resyncs, ahead.model.revision), (0, head));
        watcher.wait_until("the order", |model| model.board.contains_key(&id)).await;
    }
    assert_complete(&mut watcher, &one.executor(9), 20).await;
    world.audit().await;
}

#[tokio::test]
async fn sockets_are_for_somebody_on_our_own_pages_or_for_programs() {
    let world = World::new().await;
    let server = world.serve_with(&[("ALLOWED_ORIGINS", "https://board.example")]).await;
    let executor = server.executor(9);
    let own = format!("http://{}", server.address);
    let knock = async |client: &Client, origin: &str| {
        Watcher::knock(&client.with("origin", origin), "/live", None).await
    };
    assert_eq!(Watcher::knock(&executor, "/live", None).await, 101);
    assert_eq!(knock(&executor, &own).await, 101);
    assert_eq!(knock(&executor, "https://board.example").await, 101);
    for foreign in [
        "https://evil.example",
        "http://127.0.0.1:1",
        "https://board.example.evil.example",
        "null",
        &own.replace("http", "https").replace("127.0.0.1", "127.0.0.1.evil.example"),
    ] {
        assert_eq!(knock(&executor, foreign).await, 403, "{foreign}");
        let astray = executor.with("origin", foreign);
        assert_eq!(Watcher::knock(&astray, "/live/", None).await, 403, "{foreign} with a slash");
    }
    let cross = executor.with("sec-fetch-site", "cross-site");
    assert_eq!(Watcher::knock(&cross, "/live", None).await, 403);

    let browser = Browser::of(&server, "executor", 9).await;
    assert_eq!(knock(&browser.client(), &own).await, 101);
    assert_eq!(Watcher::knock(&server.nobody(), "/live", None).await, 401);
    assert_eq!(Watcher::knock(&executor, "/live?since=x", None).await, 400);
    assert_eq!(Watcher::knock(&executor, "/live?since=-1", None).await, 400);
    assert_eq!(Watcher::knock(&executor, "/live", Some("chat")).await, 400);
    executor.get("/live").await.refused(400, "bad_request");
    world.audit().await;
}

#[tokio::test]
async fn each_user_may_have_so_many_sockets_and_is_told_so() {
    let world = World::new().await;
    let server = world.serve_with(&[("MAX_SOCKETS", "2")]).await;
    let executor = server.executor(9);
    let mut watchers = Vec::new();
    for _ in 0..2 {
        watchers.push(Watcher::of_board(&executor, Format::Json).await);
    }
    assert_eq!(Watcher::knock(&executor, "/live", None).await, 429);
    assert_eq!(Watcher::knock(&server.customer(9), "/live", None).await, 101, "somebody else");
    for _ in 0..5 {
        assert_eq!(Watcher::knock(&server.admin(), "/live", None).await, 101, "any admin");
    }
    let handshake = ["connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
    let asking = handshake.iter().fold(executor.clone(), |client, header| {
        let (name, value) = header.split_once(": ").unwrap();
        client.with(name, value)
    });
    let reply = asking.with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").get("/live").await;
    let problem = reply.refused(429, "flood");
    assert!(!problem.header("retry-after").is_empty());
    assert!(problem.text().contains("Only 2 pages of yours can be live at a time."));
    watchers[0].disconnect();
    eventually("there is room again", || async {
        (Watcher::knock(&executor, "/live", None).await == 101).then_some(())
    })
    .await;
    let unlimited = world.serve_with(&[("MAX_SOCKETS", "0")]).await;
    for _ in 0..12 {
        watchers.push(Watcher::of_board(&unlimited.executor(9), Format::Json).await);
    }
    world.audit().await;
}

#[tokio::test]
async fn what_is_counted_can_be_read() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut watcher = Watcher::of_board(&server.executor(9), Format::Json).await;
    server.customer(1).place("x", "10.00", "RUB").await;
    watcher.reach(1).await;
    assert_eq!(server.measure("revision").await, 1.0);
    assert_eq!(server.measure("open_orders").await, 1.0);
    assert_eq!(server.measure("feed_watchers").await, 1.0);
    // A greeting and a run.
    assert_eq!(server.measure("feed_messages_total").await, 2.0);
    let texts = watcher.model.messages.iter().map(|message| message.to_string().len());
    let bytes = server.measure("feed_sent_bytes_total").await;
    let framed = texts.map(|bytes| bytes + if bytes < 126 { 2 } else { 4 });
    assert_eq!(bytes as usize, framed.sum::<usize>());
    assert_eq!(server.measure("feed_runs_total{way=\"writer\"}").await, 1.0);
    assert_eq!(server.measure("feed_commit_to_last_seconds_count").await, 1.0);
    assert_eq!(server.measure("feed_resyncs_total").await, 0.0);
    watcher.disconnect();
    let (history, ..) = world.head().await;
    let mut late = Watcher::connect(&server.executor(9), &history, 0, Format::Json).await;
    late.reach(1).await;
    assert_eq!(server.measure("feed_replays_total").await, 1.0);
    let mut lost = Watcher::connect(&server.executor(9), "another", 0, Format::Json).await;
    lost.reach(1).await;
    assert_eq!(server.measure("feed_resyncs_total").await, 1.0);
    eventually("redis is heard", || async {
        (server.measure("feed_redis_lag_seconds_count").await > 0.0).then_some(())
    })
    .await;
    world.audit().await;
}

#[tokio::test]
async fn beyond_what_the_ring_holds_a_watcher_starts_over_and_is_right_again() {
    let world = World::new().await;
    let (one, mut other) = world.serve_two().await;
    let mut ancient = Watcher::of_board(&other.executor(9), Format::Json).await;
    let mut recent = Watcher::of_board(&other.executor(8), Format::Json).await;
    ancient.disconnect();
    // Each of them one after the other: a revision for every command, or nearly.
    let trade = async |server: &Server, customer: u32| {
        for _ in 0..140 {
            let order = server.customer(customer).place("x", "1.00", "RUB").await;
            server.customer(customer).withdraw(order["id"].as_u64().unwrap()).await.expect(200);
        }
        server.customer(customer).place("stays", "1.00", "RUB").await;
    };
    tokio::join!(trade(&one, 1), trade(&one, 2), trade(&other, 3), trade(&other, 4));
    let revision = world.revision().await;
    assert!(revision > 520, "{revision} revisions are too few for this test");
    recent.reach(revision - 400).await;
    other.kill();

    let restarted = world.serve().await;
    recent.move_to(&restarted);
    let (known, told) = (recent.model.revision, recent.model.messages.len());
    assert_complete(&mut recent, &restarted.executor(8), revision).await;
    // It was told in a few merged runs, not in one message for each.
    let told = recent.model.messages.len() - told;
    assert!(told < 60, "{told} messages for the {} revisions since {known}", revision - known);
    ancient.move_to(&restarted);
    ancient.reach(revision).await;
    assert_eq!((ancient.model.resyncs, ancient.model.gaps), (1, 0));
    assert_eq!(ancient.model.board, recent.model.board);
    world.audit().await;
}

#[tokio::test]
async fn an_order_that_came_and_went_in_one_run_has_only_gone() {
    let world = World::new().await;
    let mut server = world.serve().await;
    let (executor, customer) = (server.executor(9), server.customer(1));
    customer.place("before", "10.00", "RUB").await;
    customer.withdraw(1).await.expect(200);
    let mut watcher = Watcher::of_board(&executor, Format::Json).await;
    // While somebody holds the head, the first command waits in the database, and what comes
    // meanwhile will be one batch, in the order of arrival.
    let mut holder = world.interactions().await;
    let mut lock = holder.begin().await.unwrap();
    lock.execute("SELECT * FROM board WHERE id = 1 FOR UPDATE").await.unwrap();
    let arrival = async || {
        for _ in 0..20 {
            server.nobody().get("/healthz").await.expect(200);
        }
    };
    let (first, placed, accepted, ()) = tokio::join!(
        biased;
        customer.withdraw(999),
        async {
            arrival().await;
            customer.place("x", "10.00", "RUB").await
        },
        async {
            arrival().await;
            arrival().await;
            executor.accept(2).await
        },
        async {
            for _ in 0..4 {
                arrival().await;
            }
            lock.rollback().await.unwrap();
        },
    );
    first.refused(404, "not_found");
    let accepted = accepted.expect(201).json();
    assert_eq!((&placed["id"], &accepted["revision"]), (&json!(2), &json!(3)));

    let closed = json!([{"id": 2, "reason": "taken"}]);
    watcher.reach(3).await;
    let assert_gone = |watcher: &Watcher| {
        let mut messages = watcher.model.messages.iter();
        assert!(messages.any(|message| message["closed"] == closed && message["open_orders"] == 0));
        assert!(!watcher.received().contains("\"id\":2,\"customer_id\""));
    };
    assert_gone(&watcher);
    // So it is for who comes later, also when the server knows it from the journal only.
    let (history, ..) = world.head().await;
    server.kill();
    let server = world.serve().await;
    let mut late = Watcher::connect(&server.executor(9), &history, 0, Format::Json).await;
    late.model.whole_from = Some(0);
    late.reach(3).await;
    assert_gone(&late);
    world.audit().await;
}

#[tokio::test]
async fn a_server_that_leaves_says_goodbye_and_its_watchers_miss_nothing() {
    let world = World::new().await;
    let (mut one, other) = world.serve_two().await;
    let mut watchers = Vec::new();
    for format in [Format::Json, Format::Html, Format::Json, Format::Html] {
        watchers.push(Watcher::of_board(&one.executor(9), format).await);
    }
    other.customer(1).place("before", "1.00", "RUB").await;
    for watcher in &mut watchers {
        watcher.reach(1).await;
    }
    let (history, ..) = world.head().await;
    let mut crowd = Vec::new();
    for user in 100..300 {
        let client = one.executor(user);
        crowd.push(Watcher::connect(&client, &history, 1, Format::Json).await);
    }
    one.stop().await;
    for watcher in &mut crowd {
        watcher.wait_until("goodbye", |model| model.goodbyes == 1).await;
    }
    for watcher in &mut watchers {
        watcher.wait_until("goodbye", |model| model.goodbyes == 1).await;
        let goodbye = watcher.model.messages.last().unwrap();
        assert_eq!(goodbye["to"], 1);
        assert!(goodbye["retry_ms"].as_u64().unwrap() <= 10_000, "{goodbye}");
    }
    let delays = |watcher: &Watcher| watcher.model.messages.last().unwrap()["retry_ms"].clone();
    assert!(watchers[1..].iter().any(|watcher| delays(watcher) != delays(&watchers[0])));
    other.customer(1).place("meanwhile", "1.00", "RUB").await;
    other.executor(8).accept(1).await.expect(201);
    for watcher in &mut watchers {
        watcher.move_to(&other);
        assert_complete(watcher, &other.executor(9), 3).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn who_watches_is_counted_over_all_servers_and_the_dead_are_not() {
    let world = World::new().await;
    let (mut one, mut other) = world.serve_two().await;
    let mut watchers = Vec::new();
    for (server, count) in [(&one, 3), (&other, 2)] {
        for user in 0..count {
            let client = server.executor(20 + user);
            watchers.push(Watcher::of_board(&client, Format::Json).await);
        }
    }
    let counted = async |server: &Server, wanted: u64| {
        eventually("everybody is counted", || async {
            let summary = server.admin().get("/api/admin/summary").await.expect(200).json();
            (summary["watchers"] == wanted).then_some(())
        })
        .await;
    };
    counted(&one, 5).await;
    counted(&other, 5).await;
    // One server's death takes its watchers along, without a word; another one's leaving is said.
    one.kill();
    counted(&other, 2).await;
    let third = world.serve().await;
    watchers.push(Watcher::of_board(&third.executor(40), Format::Json).await);
    counted(&other, 3).await;
    other.stop().await;
    counted(&third, 1).await;
    world.audit().await;
}

#[tokio::test]
async fn a_killed_server_comes_back_and_its_watchers_resume_with_nothing_missed() {
    let world = World::new().await;
    let (mut one, mut other) = world.serve_two().await;
    let mut watchers = vec![
        Watcher::of_board(&one.executor(9), Format::Json).await,
        Watcher::of_board(&one.executor(8), Format::Html).await,
        Watcher::of_board(&one.admin(), Format::Json).await,
    ];
    for round in 0..3 {
        let (both, rest) = ([&one, &other], [&other]);
        join_all((0..10).map(|step| act(&both, step))).await;
        one.kill();
        join_all((0..10).map(|step| act(&rest, step + round * 10))).await;
        one = world.serve().await;
        let both = [&one, &other];
        join_all((0..10).map(|step| act(&both, step + round * 10))).await;
        let revision = world.revision().await;
        for watcher in &mut watchers {
            watcher.move_to(&one);
            assert_complete(watcher, &other.executor(7), revision).await;
        }
    }
    // All of them at once: the ring comes out of the journal.
    let revision = world.revision().await;
    one.kill();
    other.kill();
    one = world.serve().await;
    one.customer(1).place("after", "1.00", "RUB").await;
    for watcher in &mut watchers {
        watcher.move_to(&one);
        assert_complete(watcher, &one.executor(7), revision + 1).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn without_redis_changes_still_reach_the_other_servers_watchers() {
    let world = World::new().await;
    // Not there at all, or there no more.
    for redis in ["", "redis://127.0.0.1:1"] {
        let settings = [("REDIS_URL", redis)];
        let (one, other) = tokio::join!(world.serve_with(&settings), world.serve_with(&settings));
        let mut watcher = Watcher::of_board(&other.executor(9), Format::Json).await;
        for _ in 0..2 {
            let id = one.customer(1).place("x", "1.00", "RUB").await["id"].as_u64().unwrap();
            let started = Instant::now();
            watcher.wait_until("the order", |model| model.board.contains_key(&id)).await;
            let taken = started.elapsed();
            assert!(taken < Duration::from_secs(5), "{taken:?} with redis {redis:?}");
            one.executor(8).accept(id).await.expect(201);
            watcher.wait_until("it leaves", |model| !model.board.contains_key(&id)).await;
        }
        assert_complete(&mut watcher, &one.executor(9), world.revision().await).await;
    }
    world.audit().await;
}

#[tokio::test]
async fn admins_hear_the_summary_when_something_changed() {
    let world = World::new().await;
    let server = world.serve().await;
    let mut watcher = Watcher::of_board(&server.admin(), Format::Json).await;
    for id in [1, 4, 5] {
        server.customer(1).place("x", "100.00", "RUB").await;
        server.customer(1).place("x", "500", "JPY").await;
        server.executor(9).accept(id).await.expect(201);
    }
    let expected = json!({"JPY": "10", "RUB": "4.00"});
    watcher
        .wait_until("the summary", |model| {
            model.summary.as_ref().is_some_and(|summary| {
                summary["orders"] == 6 && summary["contracts"] == 3 && summary["gain"] == expected
            })
        })
        .await;
    let summary = watcher.model.summary.clone().unwrap();
    assert_eq!((&summary["open_orders"], &summary["watchers"]), (&json!(3), &json!(1)));
    eventually("the API says the same", || async {
        let asked = server.admin().get("/api/admin/summary").await.expect(200).json();
        (asked == summary).then_some(())
    })
    .await;
    world.audit().await;
}

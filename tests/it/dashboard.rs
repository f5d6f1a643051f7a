//! What admins watch besides counters: how busy the board is, whether the books balance, and whole
//! tables for spreadsheets.

use std::collections::BTreeSet;

use http_body_util::BodyExt;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{Client, Proxy, World, eventually};

async fn pulse(admin: &Client) -> Value {
    admin.get("/api/admin/pulse").await.expect(200).json()
}

/// A table as CSV: its lines, each by the names of its columns.
async fn export(admin: &Client, table: &str) -> Vec<Value> {
    let reply = admin.get(&format!("/admin/{table}.csv")).await.expect(200);
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    let attached = format!("attachment; filename=\"{table}.csv\"");
    assert_eq!(reply.header("content-disposition"), attached);
    let text = reply.text();
    let text = text.strip_prefix('\u{feff}').expect("spreadsheets learn that it is UTF-8");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().expect("a first line").clone();
    let line = |line: csv::StringRecord| {
        names.iter().zip(&line).map(|(name, cell)| (name.to_owned(), json!(cell))).collect()
    };
    reader.records().map(|record| line(record.expect("a line"))).collect()
}

#[tokio::test]
async fn the_overview_tells_how_busy_the_board_is_over_all_servers() {
    let world = World::new().await;
    let (server, other) = world.serve_two().await;
    let customer = server.customer(1);
    for _ in 0..6 {
        customer.place("Paint", "100.00", "RUB").await;
    }
    server.executor(9).accept(1).await.expect(201);
    let seen = eventually("both know the rates", || async {
        let (here, there) = (pulse(&server.admin()).await, pulse(&other.admin()).await);
        let rates = |pulse: &Value| {
            let now = &pulse["now"];
            (now["orders_per_minute"] == 6 && now["accepts_per_minute"] == 1).then_some(())
        };
        rates(&here).and(rates(&there)).map(|()| here)
    })
    .await;
    let now = &seen["now"];
    assert_eq!((&now["open_orders"], &now["queued"]), (&json!(5), &json!(0)));
    assert!(now["batch"].as_f64().is_some_and(|batch| batch >= 1.0), "{now}");
    let up = json!({"interactions": "up", "users": "up", "redis": "up", "memcached": "up"});
    assert_eq!(now["parts"], up);
    let shown = seen["seconds"].as_u64().expect("a number") as usize;
    for figure in ["orders_per_minute", "accepts_per_minute", "open_orders", "delivery_ms"] {
        assert_eq!(seen[figure].as_array().map(Vec::len), Some(shown), "{figure}");
    }
    // Without a script the page says the same.
    let page = server.admin().get("/admin").await.expect(200).text();
    assert!(page.contains("data-pulse=\"orders_per_minute\">6<"), "{page}");
    let metrics = server.nobody().get("/metrics").await.expect(200).text();
    for line in ["orderboard_feed_orders_placed_total 6", "orderboard_exchange_commands_total 7"] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    world.audit().await;
}

#[tokio::test]
async fn the_overview_says_what_is_away() {
    let world = World::new().await;
    let (proxy, users) = Proxy::before(&world.users_database_url).await;
    let settings = [("USERS_DATABASE_URL", users.as_str()), ("MEMCACHED_URL", "")];
    let server = world.serve_with(&settings).await;
    proxy.shut();
    eventually("the statistics are away", || async {
        let parts = pulse(&server.admin()).await["now"]["parts"].clone();
        let wanted = json!({
            "interactions": "up", "users": "down", "redis": "up", "memcached": "not configured",
        });
        (parts == wanted).then_some(())
    })
    .await;
    let page = server.admin().get("/admin").await.expect(200).text();
    assert!(page.contains("data-part=\"users\" data-state=\"down\""), "{page}");
    proxy.open();
    eventually("they are back", || async {
        (pulse(&server.admin()).await["now"]["parts"]["users"] == "up").then_some(())
    })
    .await;
    world.audit().await;
}

#[tokio::test]
async fn the_running_board_audits_itself_and_says_so_on_every_server() {
    let world = World::new().await;
    let often = [("AUDIT_EVERY_SECONDS", "1")];
    let server = world.serve_with(&often).await;
    let other = world.serve_with(&often).await;
    server.customer(1).place("Paint", "100.00", "RUB").await;
    server.executor(9).accept(1).await.expect(201);
    let head = world.revision().await;
    for server in [&server, &other] {
        eventually("the books balance", || async {
            let books = pulse(&server.admin()).await["now"]["books"].clone();
            (books["balanced"] == true && books["revision"] == head).then_some(())
        })
        .await;
        let page = server.admin().get("/admin").await.expect(200).text();
        assert!(page.contains(&format!("The books balance at revision {head}.")), "{page}");
    }

    let mut meddler = world.interactions().await;
    meddler.execute("UPDATE contracts SET fee = 0, payout = 1000000").await.expect("meddled");
    for server in [&server, &other] {
        eventually("the books do not balance", || async {
            let books = pulse(&server.admin()).await["now"]["books"].clone();
            (books["balanced"] == false).then_some(())
        })
        .await;
    }
    eventually("one of them writes it down", || async {
        let mut logs = [server.log(), other.log()].into_iter();
        logs.any(|log| log.contains("THE BOOKS DO NOT BALANCE")).then_some(())
    })
    .await;
    meddler.execute("UPDATE contracts SET fee = 20000, payout = 980000").await.expect("mended");
    eventually("they balance again", || async {
        (pulse(&other.admin()).await["now"]["books"]["balanced"] == true).then_some(())
    })
    .await;
    world.audit().await;
}

#[tokio::test]
async fn exports_hold_every_row_once_as_text_that_no_spreadsheet_runs() {
    let world = World::new().await;
    let server = world.serve().await;
    let admin = server.admin();
    let nasty = "=cmd|' /C calc'!A0\n\"quoted\", \u{1f3a8}; до 8000";
    let long = "я".repeat(8000);
    let customer = server.customer(1);
    customer.place(nasty, "100.00", "RUB").await;
    customer.place(&long, "7", "JPY").await;
    // More than are read at once.
    let all: Vec<_> = (3..=1203).map(|n| n.to_string()).collect();
    for some in all.chunks(50) {
        let placed = some.iter().map(|name| customer.place(name, "1.50", "USD"));
        futures_util::future::join_all(placed).await;
    }
    server.executor(9).accept(1).await.expect(201);
    server.executor(9).accept(2).await.expect(201);
    world.counted().await;

    let orders = export(&admin, "orders").await;
    let ids: Vec<u64> =
        orders.iter().map(|line| line["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ids.iter().rev().copied().eq(1..=1203), "every one once, newest first");
    let names: BTreeSet<&str> =
        orders[..1201].iter().map(|line| line["description"].as_str().unwrap()).collect();
    assert_eq!(names, all.iter().map(String::as_str).collect());
    let (first, second) = (&orders[1202], &orders[1201]);
    assert_eq!(first["description"], format!("'{nasty}"));
    assert_eq!(second["description"], long);
    let money = ["price", "fee", "payout", "currency", "status"].map(|name| &first[name]);
    assert_eq!(money, ["100.00", "2.00", "98.00", "RUB", "taken"]);

    let contracts = export(&admin, "contracts").await;
    assert_eq!(contracts.len(), 2);
    let last = &contracts[0];
    let parties = ["id", "order_id", "customer_id", "executor_id"].map(|name| &last[name]);
    assert_eq!(parties, ["2", "2", "1", "9"]);
    let people = export(&admin, "customers").await;
    let currencies: BTreeSet<_> = people.iter().map(|line| line["currency"].as_str()).collect();
    assert_eq!(currencies, BTreeSet::from([Some("JPY"), Some("RUB"), Some("USD")]));
    let executors = export(&admin, "executors").await;
    assert_eq!(executors.len(), 2);
    assert_eq!(executors[1]["money_received"], "98.00");
    world.audit().await;
}

/// Far more than fits between the database and a reader who does not read. (The orders are made up:
/// they would not bear an audit.)
async fn fill(world: &World) {
    let sql = "INSERT INTO orders (id, customer_id, status, description, money_cost, \
               commission_percent, original_currency, revision, created, last_action) \
               SELECT seq, 1, 'withdrawn', REPEAT('x', 8000), 10000, 2, 'RUB', 1, \
               UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM seq_1_to_8000";
    world.interactions().await.execute(sql).await.expect("orders");
}

#[tokio::test]
async fn an_export_that_breaks_off_is_never_taken_for_a_whole_one() {
    let world = World::new().await;
    let (proxy, url) = Proxy::before(&world.database_url).await;
    let server = world.serve_with(&[("DATABASE_URL", &url)]).await;
    fill(&world).await;
    let mut body = server.admin().open("/admin/orders.csv").await;
    body.frame().await.expect("a beginning").expect("that is whole");
    proxy.shut();
    let end = loop {
        match body.frame().await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(matches!(end, Some(Err(_))), "it ended as if that were all");
    eventually("it is written down", || async {
        server.log().contains("an export broke off").then_some(())
    })
    .await;
}

#[tokio::test]
async fn readers_who_do_not_read_take_two_turns_at_most_and_give_them_back() {
    let world = World::new().await;
    let server = world.serve().await;
    fill(&world).await;
    let admin = server.admin();
    let idle = (admin.open("/admin/orders.csv").await, admin.open("/admin/orders.csv").await);
    let refused = admin.get("/admin/contracts.csv").await.expect(503);
    assert_eq!(refused.header("retry-after"), "1");
    drop(idle);
    eventually("there is a turn again", || async {
        (admin.get("/admin/contracts.csv").await.status == 200).then_some(())
    })
    .await;
}

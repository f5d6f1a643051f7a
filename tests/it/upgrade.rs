//! From the first version's tables, with what that version wrote into them, to today's: everything
//! goes on as if it had always been here, and the tables change while others use them.
//!
//! `upgrade/*.sql` are dumps of both databases, made with the last version that knew the first
//! migration of each alone, after its demo had played on them: orders in every state that there was,
//! contracts, keyed requests, a removal.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use tokio::sync::oneshot;

use orderboard::contracts::Contract;
use orderboard::database;
use orderboard::exchange::event::Event;
use orderboard::orders::Order;

use crate::support::{Client, PATIENCE, Server, World, eventually, read_board};

/// No order grows too old, and nothing else is written by the clock, however long ago this was.
const TIMELESS: &[(&str, &str)] = &[("EXPIRE_AFTER_DAYS", "0"), ("AUDIT_EVERY_SECONDS", "0")];

/// A world as the first version left it.
async fn as_it_was() -> World {
    let world = World::new().await;
    let mut interactions = world.interactions().await;
    let mut users = world.users().await;
    run(&mut interactions, include_str!("upgrade/interactions.sql")).await;
    run(&mut users, include_str!("upgrade/users.sql")).await;
    // It was a moment ago: keyed requests are forgotten after a day.
    run(&mut interactions, "UPDATE requests SET created = UTC_TIMESTAMP(3)").await;
    world
}

async fn run(connection: &mut MySqlConnection, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{error}: {sql:.200}"));
}

/// What the first version's table holds of open orders: price and the beginning of the text.
async fn open_orders(world: &World) -> BTreeMap<u64, (i64, String)> {
    let rows: Vec<(u32, i64, String)> = sqlx::query_as(
        "SELECT id, money_cost, LEFT(description, 100) FROM orders WHERE status = 'open'",
    )
    .fetch_all(&mut world.interactions().await)
    .await
    .expect("the orders");
    rows.into_iter().map(|(id, cost, text)| (u64::from(id), (cost, text))).collect()
}

#[tokio::test]
async fn what_the_first_version_wrote_goes_on_in_the_newest() {
    let world = as_it_was().await;
    let (history, revision, batch) = world.head().await;
    let open = open_orders(&world).await;
    assert!(open.len() > 20 && revision > 30, "there is something of everything");
    let server = world.serve_with(TIMELESS).await;
    assert_eq!(world.head().await, (history, revision, batch));
    world.audit().await;
    shows_it_all(&server, &open).await;
    is_answered_as_then(&server).await;
    goes_its_way(&server, *open.keys().next_back().expect("an order")).await;
    world.audit().await;
}

/// The board, the tables and profiles of people, and what happened to single orders.
async fn shows_it_all(server: &Server, open: &BTreeMap<u64, (i64, String)>) {
    let board = read_board(&server.executor(9)).await;
    assert_eq!(board.orders.keys().collect::<Vec<_>>(), open.keys().collect::<Vec<_>>());
    for (id, (cost, text)) in open {
        let order = &board.orders[id];
        assert!(order["description"].as_str().is_some_and(|shown| shown.starts_with(text)));
        let price: f64 = order["price"].as_str().and_then(|price| price.parse().ok()).unwrap();
        let digits = if order["currency"] == "JPY" { 100.0 } else { 10_000.0 };
        assert_eq!((price * digits).round(), *cost as f64, "order {id}");
    }
    server.executor(9).get("/orders").await.expect(200);

    let totals = |profile: Value| profile["totals"][0].clone();
    let customer = totals(profile(&server.customer(1)).await);
    assert_eq!(customer["orders_created"], 2, "{customer}");
    assert_eq!(customer["money_in_orders"], "140.00", "{customer}");
    let executor = totals(profile(&server.executor(9)).await);
    assert_eq!(executor["orders_accepted"], 1, "{executor}");
    assert_eq!(
        (&executor["money_received"], &executor["orders_completed"]),
        (&json!("98.00"), &json!(0))
    );
    for (client, table, rows) in [
        (server.customer(1), "/api/my/orders", 3),
        (server.customer(2), "/api/my/contracts", 2),
        (server.executor(9), "/api/my/contracts", 1),
    ] {
        assert_eq!(client.get(table).await.expect(200).json()["total"], rows, "{table}");
    }
    for (order, states) in
        [(1, &["open", "taken"][..]), (5, &["open", "withdrawn"]), (6, &["open", "removed"])]
    {
        assert_eq!(statuses(&server.admin(), "orders", order).await, states, "order {order}");
        server.admin().get(&format!("/orders/{order}")).await.expect(200);
    }
    let removed = server.admin().get("/api/orders/6/history").await.expect(200).text();
    assert!(removed.contains("not a board for jokes"), "{removed}");
}

async fn profile(client: &Client) -> Value {
    client.get("/api/profile").await.expect(200).json()
}

/// The states through which its history leads.
async fn statuses(client: &Client, nouns: &str, id: u64) -> Vec<String> {
    let path = format!("/api/{nouns}/{id}/history");
    let history = client.get(&path).await.expect(200).json();
    let steps = history["steps"].as_array().expect("steps").iter();
    steps.map(|step| step["status"].as_str().expect("a status").to_owned()).collect()
}

/// Keyed requests of that time get the answers of that time, and nothing is done again.
async fn is_answered_as_then(server: &Server) {
    let before = server.admin().get("/api/admin/summary").await.expect(200).json();
    // To the byte as they were sent.
    let fence = r#"{"description":"Paint the fence","price":"100.00","currency":"RUB"}"#;
    let keyed = server.customer(1).with("idempotency-key", "fence-1");
    let placed = keyed.send(Method::POST, "/api/orders", "", fence).await.expect(201).json();
    let order = &placed["order"];
    assert_eq!((&placed["revision"], &order["id"]), (&json!(1), &json!(1)));
    assert_eq!((&order["status"], &order["price"]), (&json!("open"), &json!("100.00")));
    assert_eq!(order["created"], order["last_action"]);
    let keyed = server.executor(9).with("idempotency-key", "take-1");
    let path = "/api/orders/1/accept";
    let accepted = keyed.send(Method::POST, path, "", Vec::new()).await.expect(201).json();
    let contract = &accepted["contract"];
    assert_eq!((&accepted["revision"], &contract["id"]), (&json!(10), &json!(1)));
    assert_eq!((&contract["status"], &contract["payout"]), (&json!("accepted"), &json!("98.00")));
    let after = server.admin().get("/api/admin/summary").await.expect(200).json();
    assert_eq!(before["revision"], after["revision"], "nothing was done");
}

/// Old contracts come to all their ends, and old orders are edited and accepted.
async fn goes_its_way(server: &Server, order: u64) {
    server.executor(9).deliver(1).await.expect(200);
    let completed = server.customer(1).complete(1).await.expect(200).json();
    assert_eq!(completed["contract"]["status"], "completed");
    server.customer(2).note(2, "How many are there?").await.expect(201);
    server.executor(8).give_up(2).await.expect(200);
    server.customer(2).dispute(3, "It is still not read").await.expect(200);
    server.admin().rule(3, "cancelled", "So it is").await.expect(200);

    let shown = server.admin().get(&format!("/api/orders/{order}")).await.expect(200).json();
    let customer = u32::try_from(shown["customer_id"].as_u64().expect("a customer")).unwrap();
    let customer = server.customer(customer);
    let edited = customer.edit(order, json!({"price": "77.00"})).await.expect(200).json();
    assert_eq!(edited["order"]["version"], 2);
    server.executor(9).accept(order).await.expect(201);

    let head = server.admin().get("/api/admin/summary").await.expect(200).json();
    let reader = server.admin().with("x-revision", &head["revision"].to_string());
    assert_eq!(statuses(&reader, "orders", order).await, ["open", "open", "taken"]);
    assert_eq!(statuses(&reader, "contracts", 1).await, ["accepted", "delivered", "completed"]);
}

#[tokio::test]
async fn a_second_start_changes_nothing_and_new_databases_have_the_same_tables() {
    let (world, fresh) = (as_it_was().await, World::new().await);
    world.serve_with(TIMELESS).await.stop().await;
    let first = state(&world).await;
    world.serve_with(TIMELESS).await.stop().await;
    assert_eq!(state(&world).await, first);
    fresh.serve_with(TIMELESS).await.stop().await;
    for (old, new) in [
        (world.interactions().await, fresh.interactions().await),
        (world.users().await, fresh.users().await),
    ] {
        assert_eq!(columns(old).await, columns(new).await);
    }
    world.audit().await;
}

/// What all tables hold, as sums.
async fn state(world: &World) -> Vec<(String, Option<i64>)> {
    let mut sums = Vec::new();
    for mut connection in [world.interactions().await, world.users().await] {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
        )
        .fetch_all(&mut connection)
        .await
        .expect("tables");
        let checksum = format!("CHECKSUM TABLE {}", tables.join(", "));
        let query = sqlx::query_as(AssertSqlSafe(checksum));
        let of_these: Vec<(String, Option<i64>)> =
            query.fetch_all(&mut connection).await.expect("sums");
        sums.extend(of_these);
    }
    sums
}

/// Every column and key of a database, in words.
async fn columns(mut connection: MySqlConnection) -> Vec<String> {
    let columns = "SELECT CONCAT_WS(' ', table_name, ordinal_position, column_name, column_type, \
         is_nullable, column_default, collation_name) FROM information_schema.columns \
         WHERE table_schema = DATABASE() \
         UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, \
         non_unique) FROM information_schema.statistics WHERE table_schema = DATABASE() \
         ORDER BY 1";
    sqlx::query_scalar(columns).fetch_all(&mut connection).await.expect("columns")
}

/// The version before lives with what a migration makes: it adds, and gives what it adds a value.
/// And whoever writes meanwhile goes on: the database itself refuses what would copy a table or lock
/// it, as it is asked here to do.
#[tokio::test]
async fn each_migration_only_adds_and_locks_nobody_out() {
    let world = as_it_was().await;
    for (mut connection, migrator) in [
        (world.interactions().await, &database::INTERACTIONS),
        (world.users().await, &database::USERS),
    ] {
        for (version, statement) in newer(migrator) {
            let change = statement.starts_with("ALTER TABLE ");
            assert!(change || statement.starts_with("CREATE TABLE "), "{version}: {statement}");
            if change {
                for clause in statement.lines().skip(1).map(str::trim).filter(|it| !it.is_empty()) {
                    let added = clause.starts_with("ADD COLUMN ")
                        && (clause.contains(" DEFAULT ") || clause.contains(" NULL"));
                    let key = clause.starts_with("ADD KEY ") || clause.starts_with("DROP KEY ");
                    assert!(added || key, "{version}: {clause}");
                }
                run(&mut connection, &format!("{statement}, ALGORITHM=INPLACE, LOCK=NONE")).await;
            } else {
                run(&mut connection, &statement).await;
            }
        }
    }
}

/// The statements of all migrations but the first, in order, each with its clauses on lines.
fn newer(migrator: &Migrator) -> Vec<(i64, String)> {
    let mut statements = Vec::new();
    for migration in migrator.iter().skip(1) {
        let sql = migration.sql.as_str().lines().filter(|line| !line.trim().starts_with("--"));
        let sql = sql.collect::<Vec<_>>().join("\n").replace(" ADD ", "\nADD ");
        for statement in sql.split(';').map(str::trim).filter(|sql| !sql.is_empty()) {
            statements.push((migration.version, statement.to_owned()));
        }
    }
    statements
}

#[tokio::test]
async fn who_reads_for_long_delays_a_migration_and_nobody_else() {
    let world = as_it_was().await;
    let mut reader = world.interactions().await;
    let mut long = reader.begin().await.expect("a transaction");
    let read = sqlx::query("SELECT id FROM contracts LIMIT 1").fetch_one(&mut *long).await;
    read.expect("a contract");

    let mut child = world.command("migrate").stderr(Stdio::piped()).spawn().expect("it starts");
    let (told, telling) = oneshot::channel();
    let stderr = child.stderr.take().expect("piped");
    let said = std::thread::spawn(move || {
        let mut told = Some(told);
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        lines
            .inspect(|line| {
                if line.contains("waiting for somebody who reads for long") {
                    let _ = told.take().map(|told| told.send(()));
                }
            })
            .collect::<Vec<_>>()
    });
    tokio::time::timeout(PATIENCE, telling).await.expect("it says so").expect("once");
    // While it waits the next time, others write.
    let waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() \
         AND state = 'Waiting for table metadata lock'";
    eventually("it tries again", || async { (world.count(waits).await > 0).then_some(()) }).await;
    let started = Instant::now();
    let mut writer = world.interactions().await;
    run(&mut writer, "UPDATE contracts SET status = status WHERE id = 1").await;
    assert!(started.elapsed() < Duration::from_secs(5), "for a moment at most");
    long.rollback().await.expect("it ends");
    let ended = tokio::task::spawn_blocking(move || child.wait()).await.expect("it ends");
    assert!(ended.expect("it ends").success(), "{:?}", said.join());
    world.serve_with(TIMELESS).await;
    world.audit().await;
}

#[tokio::test]
async fn a_migration_that_was_cut_off_as_it_waited_is_done_by_the_next_start() {
    let world = as_it_was().await;
    let mut reader = world.interactions().await;
    let mut long = reader.begin().await.expect("a transaction");
    let read = sqlx::query("SELECT id FROM contracts LIMIT 1").fetch_one(&mut *long).await;
    read.expect("a contract");
    let mut child = world.command("migrate").stderr(Stdio::null()).spawn().expect("it starts");
    eventually("it has begun", || async {
        (world.count("SELECT COUNT(*) FROM _sqlx_migrations WHERE NOT success").await > 0)
            .then_some(())
    })
    .await;
    child.kill().expect("it is there");
    child.wait().expect("it ends");
    // Its session waits on, for a second at most, and nothing of it is done.
    // (The reader's session and the one that asks are here, too.)
    let sessions = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()";
    eventually("it gives up", || async { (world.count(sessions).await == 2).then_some(()) }).await;
    long.rollback().await.expect("it ends");
    world.serve_with(TIMELESS).await;
    world.audit().await;
}

#[tokio::test]
async fn a_migration_that_was_done_when_whoever_had_begun_it_was_gone_is_taken_for_done() {
    for version in [2, 7] {
        let world = World::new().await;
        world.serve().await.stop().await;
        let sql = format!("UPDATE _sqlx_migrations SET success = FALSE WHERE version = {version}");
        run(&mut world.interactions().await, &sql).await;
        world.serve().await;
        let begun = "SELECT COUNT(*) FROM _sqlx_migrations WHERE NOT success";
        assert_eq!(world.count(begun).await, 0);
        world.audit().await;
    }
}

#[tokio::test]
async fn who_has_nothing_to_migrate_waits_for_nobody_who_has() {
    let world = World::new().await;
    world.serve().await.stop().await;
    // As whoever migrates holds it, for minutes where somebody reads for long.
    let mut migrating = [world.interactions().await, world.users().await];
    for connection in &mut migrating {
        let lock = "SELECT GET_LOCK(SHA2(CONCAT('orderboard ', DATABASE()), 256), 0)";
        let locked: i64 = sqlx::query_scalar(lock).fetch_one(connection).await.expect("a lock");
        assert_eq!(locked, 1);
    }
    world.serve().await;
}

/// What the next version may write, with a kind of event or a field that this one does not know.
const NEWS: [&str; 2] = [
    "REPLACE(events, 'OrderPlaced', 'OrderSentByPost')",
    "REPLACE(events, '\"customer_id\"', '\"urgent\":true,\"customer_id\"')",
];

#[tokio::test]
async fn who_does_not_understand_the_journal_leaves_and_does_not_come_back() {
    for news in NEWS {
        let world = World::new().await;
        let mut server = world.serve().await;
        server.customer(1).place("One", "10.00", "RUB").await;
        world.counted().await;
        // Another server's batch: the same order again, and the head that goes with it.
        let mut database = world.interactions().await;
        run(
            &mut database,
            &format!(
                "INSERT INTO journal SELECT 2, UUID(), batch, {news}, created FROM journal; \
                 UPDATE board SET revision = 2, batch = (SELECT batch FROM journal WHERE revision = 2)"
            ),
        )
        .await;
        assert_eq!(server.ended().await, Some(2), "{}", server.log());
        let says = "revision 2 of the journal says what this version does not understand";
        assert!(server.log().contains(says), "{}", server.log());
        let said = refused_start(&world).await;
        assert!(said.contains(says), "{said}");
    }
}

#[tokio::test]
async fn the_version_before_comes_back_to_newer_tables_that_it_understands() {
    let world = World::new().await;
    let mut server = world.serve().await;
    server.customer(1).place("One", "10.00", "RUB").await;
    server.stop().await;
    let mut database = world.interactions().await;
    run(
        &mut database,
        "ALTER TABLE orders ADD COLUMN urgent BOOLEAN NOT NULL DEFAULT FALSE; \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'urgent', TRUE, '', 1)",
    )
    .await;
    let mut server = world.serve().await;
    assert!(server.log().contains("those of a newer version"), "{}", server.log());
    server.customer(1).place("Two", "10.00", "RUB").await;
    server.executor(9).accept(1).await.expect(201);
    world.audit().await;
    // However long ago: a start by itself reads no more than the last 500.
    while world.revision().await <= 502 {
        server.customer(1).place("More", "10.00", "RUB").await;
    }
    server.stop().await;
    run(
        &mut database,
        "UPDATE journal SET events = REPLACE(events, 'OrderPlaced', 'OrderSentByPost') \
         WHERE revision = 1",
    )
    .await;
    let said = refused_start(&world).await;
    assert!(said.contains("revision 1 of the journal"), "{said}");
}

/// What a server says that must not start.
async fn refused_start(world: &World) -> String {
    let mut child = world.command("serve").stderr(Stdio::piped()).spawn().expect("it is run");
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is there") {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().expect("it is there");
            child.wait().expect("it ends");
            panic!("it starts");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let said = std::io::read_to_string(child.stderr.take().expect("piped")).expect("text");
    assert_eq!(status.code(), Some(2), "{said}");
    said
}

/// The names that a reader of JSON expects, by its own words about one that it does not know.
fn expected<T: serde::de::DeserializeOwned>(wrong: &Value) -> String {
    let error =
        serde_json::from_value::<T>(wrong.clone()).err().expect("it is refused").to_string();
    let (_, names) = error.split_once(", expected ").expect("what is expected");
    names.replace(['`', ','], "").replace("one of ", "").replace(" or ", " ")
}

#[test]
fn whoever_adds_to_what_the_journal_says_brings_a_migration_with_it() {
    // An older version at its start reads the whole journal only where it sees newer tables. So when
    // this fails, a migration belongs to the change, if only one that changes a comment; both are new
    // here then.
    let migration = database::INTERACTIONS.iter().map(|known| known.version).max();
    let kinds = expected::<Event>(&json!({"type": "?"}));
    let mut words = format!("{}\n", migration.expect("one"));
    for kind in kinds.split(' ') {
        words += &format!("{kind}: {}\n", expected::<Event>(&json!({"type": kind, "?": 1})));
    }
    words += &format!("order: {}\n", expected::<Order>(&json!({"?": 1})));
    words += &format!("contract: {}\n", expected::<Contract>(&json!({"?": 1})));
    assert_eq!(words, include_str!("upgrade/vocabulary.txt"), "{words}");
}

//! What the database is asked: every statement that a server sends is read off the wire while
//! every route and command is used on large tables, and must find its rows by an index, without
//! sorting or copying them; and no page may take more than two.

mod sources;
mod usage;

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row};

use crate::support::{Proxy, Server, World, short_or_long};
use sources::assert_cover;

/// Rows that may be looked at, or sorted, for one statement: some of the largest pages, or what one
/// person has.
const FEW: u64 = 1_000;

/// Filtered boards look through so many of the newest open orders, and no more; and so many are read
/// at once when all are.
const LOOKED_THROUGH: u64 = 10_000;

/// How many rows a statement may look at.
fn most(text: &str) -> u64 {
    if text.contains("FORCE INDEX (orders_by_status)") { LOOKED_THROUGH } else { FEW }
}

/// Texts of the sources that are not sent here, or may do what others may not; and why.
const EXCEPTIONS: [(&str, &str); 6] = [
    (
        "BEGIN; INSERT IGNORE INTO positions (follower, revision) VALUES ('statistics', 0); \
         SELECT revision, batch, customers, executors FROM positions \
         WHERE follower = 'statistics' FOR UPDATE",
        "only `rebuild` waits for the position",
    ),
    (
        "SELECT id, global_id, original_currency, {} AS count, {} AS completed, {} AS given_up, \
         CAST({} AS CHAR) AS money, CAST(gain AS CHAR) AS gain, ordinal FROM {}",
        "`rebuild` compares all rows",
    ),
    (
        "SELECT original_currency, CAST(gain AS CHAR) AS gain FROM earnings",
        "`rebuild` compares all rows",
    ),
    ("DELETE FROM {} WHERE id IN (", "`rebuild` takes away what should not be there"),
    ("DELETE FROM earnings", "`rebuild` replaces a row per currency"),
    (
        "DELETE FROM _sqlx_migrations WHERE version = ? AND NOT success",
        "only a migration that waited for a table in vain is forgotten",
    ),
];

/// Both databases, each through a proxy that writes down what it is asked.
struct Wires {
    world: World,
    interactions: Proxy,
    users: Proxy,
    database_url: String,
    users_database_url: String,
}

impl Wires {
    async fn on(world: World) -> Wires {
        let (interactions, database_url) = Proxy::recording(&world.database_url).await;
        let (users, users_database_url) = Proxy::recording(&world.users_database_url).await;
        Wires { world, interactions, users, database_url, users_database_url }
    }

    async fn serve(&self, auth: &str) -> Server {
        let settings = [
            ("AUTH", auth),
            ("DATABASE_URL", self.database_url.as_str()),
            ("USERS_DATABASE_URL", &self.users_database_url),
            // The first order of a day asks how many there were; one more, whether it is the first.
            ("MAX_ORDERS_PER_DAY", "1"),
            // How many contracts somebody has to deliver is counted.
            ("MAX_ACTIVE_CONTRACTS", "100000"),
        ];
        self.world.serve_with(&settings).await
    }
}

/// Many rows in each table: 200 orders of each customer, every second one taken by
/// one of as many executors. (The books are made up: they would not bear an audit.)
async fn fill(world: &World) {
    let migrated = world.command("migrate").output().expect("it starts");
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let (mut interactions, mut users) = (world.interactions().await, world.users().await);
    tokio::join!(
        run_all(&mut interactions, include_str!("interactions.sql")),
        run_all(&mut users, include_str!("users.sql")),
    );
    let (_, revision, batch) = world.head().await;
    let text = format!("UPDATE positions SET revision = {revision}, batch = '{batch}'");
    users.execute(AssertSqlSafe(text)).await.expect("the position");
}

async fn run_all(connection: &mut MySqlConnection, script: &str) {
    // Plans are the same with some ten thousand rows; filling takes most of this test's time.
    let script = script.replace("200000", &short_or_long(40_000, 200_000).to_string());
    for statement in script.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        connection.execute(AssertSqlSafe(statement)).await.expect(statement);
    }
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index_and_no_page_takes_more_than_two() {
    let wires = Wires::on(World::new().await).await;
    fill(&wires.world).await;
    let mut server = wires.serve("demo").await;
    // More than are read in one portion at start.
    let open = wires.world.count("SELECT CAST(open_orders AS SIGNED) FROM board").await;
    let board = server.admin().get("/api/board?currency=RUB&per_page=100").await.expect(200).json();
    assert_eq!((&board["open_orders"], &board["total"]), (&open.into(), &open.into()));
    assert!(open >= 20_000);
    usage::read_everything(&server).await;
    usage::do_everything(&wires, &server).await;
    server.stop().await;
    let mut server = wires.serve("accounts").await;
    usage::come_and_go(&wires, &server).await;
    server.stop().await;
    let (interactions, users) = (wires.interactions.statements(), wires.users.statements());

    let mut sent: Vec<&str> = interactions.iter().chain(&users).map(|s| &*s.template).collect();
    sent.sort_unstable();
    sent.dedup();
    assert_cover(&sent);

    let mut faults = Vec::new();
    for (statements, mut connection) in
        [(interactions, wires.world.interactions().await), (users, wires.world.users().await)]
    {
        let texts: BTreeSet<String> = statements
            .iter()
            .filter(|statement| !statement.template.contains("_sqlx_migrations"))
            .flat_map(|statement| statement.text.split(';'))
            .map(|text| text.trim().to_owned())
            .filter(|text| ["SELECT", "UPDATE", "DELETE"].iter().any(|w| text.starts_with(w)))
            .filter(|text| !EXCEPTIONS.iter().any(|(exception, _)| text == exception))
            .collect();
        assert!(texts.len() > 10, "{texts:#?}");
        println!("{} statements are explained", texts.len());
        for text in texts {
            faults.extend(explain(&mut connection, &text).await);
            faults.extend(measure(&mut connection, &text).await);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// What is wrong with a statement's plan.
async fn explain(connection: &mut MySqlConnection, text: &str) -> Vec<String> {
    let rows = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN {text}"))).await.expect(text);
    let mut faults = Vec::new();
    let mut product = 1;
    for row in &rows {
        let [kind, table, extra, rows] = ["type", "table", "Extra", "rows"]
            .map(|column| row.get::<Option<String>, _>(column).unwrap_or_default());
        let rows: u64 = rows.parse().unwrap_or(0);
        product *= rows.max(1);
        if (kind == "ALL" || kind == "index") && rows > FEW {
            faults.push(format!("scans {table}: {rows} rows ({kind})\n  {text}"));
        }
        // What is looked through by price is in the index; rows are read only of what is shown.
        let by_price = text.contains("FORCE INDEX (orders_by_status)") && !text.contains(" LIKE ");
        let covered = extra.split(';').any(|part| part.trim() == "Using index");
        if by_price && table == "orders" && !covered {
            faults.push(format!("reads rows of {table}: {extra}\n  {text}"));
        }
        let sorts = extra.contains("filesort") || extra.contains("temporary");
        // Where the range itself is the bound, it alone counts; the optimizer guesses it roughly.
        let sorted = if most(text) == FEW { product } else { rows / 2 };
        if sorts && sorted > most(text) {
            faults.push(format!("{extra} of {table}: {product} rows\n  {text}"));
        }
    }
    faults
}

/// What is wrong with what a statement reads, when it is really run. (What it changes is undone.)
async fn measure(connection: &mut MySqlConnection, text: &str) -> Option<String> {
    // Asking costs something, too, and each time the same.
    let counts = [handled(connection).await, handled(connection).await];
    connection.execute("BEGIN").await.unwrap();
    connection.execute(AssertSqlSafe(text)).await.expect(text);
    connection.execute("ROLLBACK").await.unwrap();
    let read = handled(connection).await - counts[1] - (counts[1] - counts[0]);
    // Looking through, writing down, counting, sorting and giving out are counted one by one.
    let most = if most(text) == FEW { 2 * FEW } else { 10 * most(text) };
    (read > most as i64).then(|| format!("reads {read} rows\n  {text}"))
}

/// Rows that this session has read or sorted.
async fn handled(connection: &mut MySqlConnection) -> i64 {
    const READ: &str = "SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler\\_read%' \
                        OR Variable_name IN ('Sort_rows', 'Handler_tmp_write')";
    let counters = connection.fetch_all(READ).await.unwrap();
    counters.iter().map(|row| row.get::<String, _>(1).parse::<i64>().expect("a number")).sum()
}

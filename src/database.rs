//! The two databases: pools, sessions, waiting for them at start, and small readers of columns.

mod address;
mod migration;
pub mod store;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use sqlx::mysql::MySqlRow;
use sqlx::{Connection, Executor, MySqlConnection, MySqlPool, Row};
use uuid::Uuid;

use crate::error::Fault;
use crate::flood::{Flood, Party};
use crate::page::paging::{Table, Window};

pub use address::{Address, followers_pool, options, pool};

/// Sessions that lock the head or a follower's position. The holder of a lock must not be able to
/// sleep on it: the database drops a session that is silent for 5 s, and its locks with it. Nothing
/// is committed but by COMMIT, and so a transaction needs no statement to begin it.
pub const WRITER_SESSION: &str = "SET SESSION wait_timeout = 5, net_read_timeout = 5, \
     net_write_timeout = 5, innodb_lock_wait_timeout = 10, autocommit = 0, \
     sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'";

/// Sessions that read for long, or wait while another one does: neither the database's patience with
/// a reader that is slow or silent nor a limit on statements may end them. Each server heeds the
/// comment that is meant for it.
pub const LONG_READER_SESSION: &str = "SET SESSION net_write_timeout = 600, wait_timeout = 86400 \
     /*M!100300 , max_statement_time = 0, idle_transaction_timeout = 0, \
     idle_readonly_transaction_timeout = 0 */ /*!80000 , max_execution_time = 0 */";

/// How long a start waits for a database.
const PATIENCE: Duration = Duration::from_secs(30);
/// One statement of a reader.
const READ_LIMIT: Duration = Duration::from_secs(5);

pub static INTERACTIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/interactions");
pub static USERS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/users");

/// A session as writers and followers need it: READ COMMITTED, short time-outs, strict, on a server
/// that takes writes; asserted.
pub async fn connect_writer(address: &Address) -> Result<MySqlConnection, sqlx::Error> {
    let mut connection = address.connect().await?;
    connection.execute(WRITER_SESSION).await?;
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    let rows = sqlx::query(
        "SHOW SESSION VARIABLES WHERE Variable_name IN \
         ('tx_isolation', 'transaction_isolation', 'wait_timeout', 'innodb_lock_wait_timeout', \
         'autocommit')",
    )
    .fetch_all(&mut connection)
    .await?;
    if rows.len() < 4 {
        return Err(sqlx::Error::Configuration("the session does not tell its settings".into()));
    }
    for row in &rows {
        let (name, value): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let expected = match name.as_str() {
            "autocommit" => "OFF",
            "wait_timeout" => "5",
            "innodb_lock_wait_timeout" => "10",
            _ => "READ-COMMITTED",
        };
        if value != expected {
            return Err(sqlx::Error::Configuration(
                format!("the session's {name} is {value}, not {expected}").into(),
            ));
        }
    }
    assert_takes_writes(&mut connection).await?;
    address.note_handover();
    Ok(connection)
}

/// Demands that the server at the other end takes writes: a replica does not, nor does a primary that
/// was replaced in order.
pub async fn assert_takes_writes(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    match verdict(connection).await?.refused {
        Some(reason) => Err(sqlx::Error::Configuration(format!("the database {reason}").into())),
        None => Ok(()),
    }
}

/// Waits until a database answers, saying so, then brings its tables up to date. Servers that start
/// together take turns. Returns whether a newer version has changed the tables, which only ever adds
/// to them: a server may come back, or one go back to the version before.
pub async fn prepare(
    name: &str,
    address: &Address,
    migrator: &sqlx::migrate::Migrator,
) -> Result<bool, Fault> {
    let started = Instant::now();
    let mut said = false;
    let mut connection = loop {
        let connected = tokio::time::timeout(PATIENCE, address.connect()).await;
        match connected.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(connection) => break connection,
            Err(error) if started.elapsed() < PATIENCE => {
                if !said {
                    tracing::warn!(database = name, %error, "waiting for the database");
                    said = true;
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            Err(error) => return Err(Fault::Database(error)),
        }
    };
    check(name, &mut connection).await?;
    // Who has nothing to do waits for nobody: a server of the version before comes back while the next
    // version's change of a table is still waiting for its turn.
    if let Some(newer) = migration::settled(name, &mut connection, migrator).await? {
        let _ = connection.close().await;
        return Ok(newer);
    }
    // sqlx waits -1 s for a lock of its own, which to MariaDB is no time at all.
    let lock = "SELECT GET_LOCK(SHA2(CONCAT('orderboard ', DATABASE()), 256), 60)";
    let locked: Option<i64> = sqlx::query_scalar(lock).fetch_one(&mut connection).await?;
    if locked != Some(1) {
        return Err(Fault::Internal(format!("somebody migrates the database {name} for too long")));
    }
    let newer = migration::bring_up_to_date(name, &mut connection, migrator).await?;
    let _ = connection.close().await;
    Ok(newer)
}

/// Refuses databases that cannot keep what we promise, and says loudly when commits may be lost.
async fn check(name: &str, connection: &mut MySqlConnection) -> Result<(), Fault> {
    let Verdict { refused, warnings } = verdict(connection).await?;
    for warning in warnings {
        tracing::warn!(database = name, "{warning}");
    }
    match refused {
        Some(reason) => Err(Fault::Internal(format!("the database {name} {reason}"))),
        None => Ok(()),
    }
}

/// What the settings of the server at the other end mean for us.
pub async fn verdict(connection: &mut MySqlConnection) -> Result<Verdict, sqlx::Error> {
    let rows = sqlx::query(
        "SHOW VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', \
         'innodb_read_only', 'tx_read_only', 'transaction_read_only', 'character_set_connection', \
         'innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', 'wsrep_on', \
         'group_replication_single_primary_mode')",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut settings = Vec::with_capacity(rows.len());
    for row in &rows {
        settings.push((row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?));
    }
    Ok(judge(&settings))
}

/// Why a database cannot keep what we promise, or may not.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Verdict {
    pub refused: Option<&'static str>,
    pub warnings: Vec<&'static str>,
}

/// What a server's settings mean for us.
fn judge(settings: &[(String, String)]) -> Verdict {
    let is = |name: &str, values: &[&str]| {
        let found = settings.iter().find(|(setting, _)| setting == name);
        found.is_some_and(|(_, value)| values.iter().any(|v| v.eq_ignore_ascii_case(value)))
    };
    let mut verdict = Verdict::default();
    // Newer servers know several ways of being read-only, and one of not being it.
    let read_only = |(name, value): &(String, String)| {
        name.ends_with("read_only") && !["OFF", "0"].contains(&value.as_str())
    };
    if settings.iter().any(read_only) {
        verdict.refused = Some("is read-only");
    }
    if !is("character_set_connection", &["utf8mb4"]) {
        verdict.refused = Some("does not speak utf8mb4");
    }
    if is("wsrep_on", &["ON", "1"]) || is("group_replication_single_primary_mode", &["OFF", "0"]) {
        verdict.refused = Some(
            "takes writes on several primaries, where the head's lock excludes nobody: one \
             primary at a time must take them",
        );
    }
    if !is("innodb_flush_log_at_trx_commit", &["1"]) {
        verdict.warnings.push(
            "COMMITS ARE NOT DURABLE: innodb_flush_log_at_trx_commit is not 1, so a crash of the \
             database loses orders and contracts that were acknowledged",
        );
    }
    if is("log_bin", &["ON", "1"]) && !is("sync_binlog", &["1"]) {
        verdict.warnings.push(
            "sync_binlog is not 1: after a crash, replicas and the primary may tell different \
             histories",
        );
    }
    verdict
}

/// Counts what a request asked of the databases, and how long that took.
#[derive(Default)]
pub struct Meter {
    queries: AtomicU32,
    micros: AtomicU64,
    /// Whose limit the statements count for.
    gate: Option<(Arc<Flood>, Party)>,
}

impl Meter {
    /// One for a request, whose statements count for this party.
    pub fn of(flood: Arc<Flood>, party: Party) -> Meter {
        Meter { gate: Some((flood, party)), ..Meter::default() }
    }

    fn admit(&self) -> Result<(), sqlx::Error> {
        let Some((flood, party)) = &self.gate else { return Ok(()) };
        let reached = flood.admit_query(*party);
        reached.map_err(|reached| std::io::Error::new(ErrorKind::QuotaExceeded, reached).into())
    }

    pub fn queries(&self) -> u32 {
        self.queries.load(Ordering::Relaxed)
    }

    pub fn micros(&self) -> u64 {
        self.micros.load(Ordering::Relaxed)
    }
}

/// A pool to read from, with the meter of whoever reads. Every statement of a reader goes through
/// here: it is counted, timed and bounded.
#[derive(Clone, Copy)]
pub struct Reads<'a> {
    pub pool: &'a MySqlPool,
    pub meter: &'a Meter,
}

impl Reads<'_> {
    /// Runs one statement.
    pub async fn read<T>(
        self,
        statement: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        self.meter.admit()?;
        let started = Instant::now();
        let result = bounded(READ_LIMIT, statement).await;
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.meter.queries.fetch_add(1, Ordering::Relaxed);
        self.meter.micros.fetch_add(micros, Ordering::Relaxed);
        result
    }
}

/// What the database is given up for after `limit`, as if no connection could be had.
pub async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Ids as an SQL list: `1,2,3`.
pub fn list<'a>(ids: impl IntoIterator<Item = &'a u32>) -> String {
    list_of(ids)
}

/// The same of any integers.
pub fn list_of<'a, T: Into<u64> + Copy + 'a>(numbers: impl IntoIterator<Item = &'a T>) -> String {
    let numbers: Vec<String> =
        numbers.into_iter().map(|&number| number.into().to_string()).collect();
    numbers.join(",")
}

/// Ids to go on an SQL list with: `,1,2,3`.
pub fn more<'a>(ids: impl IntoIterator<Item = &'a u32>) -> String {
    ids.into_iter().map(|id| format!(",{id}")).collect()
}

/// A uuid kept as text.
pub fn uuid(row: &MySqlRow, column: &str) -> Result<Uuid, sqlx::Error> {
    let text: String = row.try_get(column)?;
    Uuid::try_parse(&text).map_err(|error| decode(column, error))
}

/// A JSON column. Read as bytes: MariaDB calls it text, MySQL has a type of its own.
pub fn json<T: DeserializeOwned>(row: &MySqlRow, column: &str) -> Result<T, sqlx::Error> {
    let bytes: Vec<u8> = row.try_get_unchecked(column)?;
    serde_json::from_slice(&bytes).map_err(|error| decode(column, error))
}

/// The error of a column that does not hold what it should.
pub fn decode(
    column: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: source.into() }
}

/// One page of a table in one statement, so that rows, total and revision are of one snapshot. The
/// statement takes what `binds` makes of the window; it gives `head_revision` and `total` on every
/// row, and one row without an `id` when the page is empty.
pub async fn table<T>(
    reads: Reads<'_>,
    sql: &'static str,
    binds: impl Fn(Window) -> Vec<u32>,
    window: Window,
    from_row: impl Fn(&MySqlRow) -> Result<T, sqlx::Error>,
) -> Result<Table<T>, sqlx::Error> {
    let mut window = window;
    loop {
        let mut query = sqlx::query(sql);
        for value in binds(window) {
            query = query.bind(value);
        }
        let rows = reads.read(query.fetch_all(reads.pool)).await?;
        let head = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let revision: u64 = head.try_get("head_revision")?;
        let total = u32::try_from(head.try_get::<i64, _>("total")?).unwrap_or(u32::MAX);
        if window.within(total) != window {
            // Beyond the end: the last page. Tables only grow, so this happens once.
            window = window.within(total);
            continue;
        }
        let found =
            rows.iter().filter(|row| !matches!(row.try_get::<Option<u32>, _>("id"), Ok(None)));
        let rows = found.map(from_row).collect::<Result<_, _>>()?;
        return Ok(Table::new(revision, window, total, rows));
    }
}

/// For a statement that counts and pages the rows of one person by limit and offset.
pub fn personal(id: u32) -> impl Fn(Window) -> Vec<u32> {
    move |window| vec![id, id, window.per_page, window.skipped()]
}

/// For a statement that pages a table with gapless ids: how many ids below the newest the page
/// ends (inclusive), and begins (exclusive). (The statement keeps the end at 1 or above: a range
/// that cannot be would make the database read the whole table.)
pub fn gapless(window: Window) -> Vec<u32> {
    vec![window.skipped(), window.skipped().saturating_add(window.per_page)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changes: &[(&str, &str)], refused: Option<&str>, warnings: usize) {
        let mut settings = vec![
            ("read_only", "OFF"),
            ("character_set_connection", "utf8mb4"),
            ("innodb_flush_log_at_trx_commit", "1"),
            ("log_bin", "OFF"),
            ("sync_binlog", "0"),
            ("wsrep_on", "OFF"),
        ];
        settings.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        settings.extend(changes);
        let settings: Vec<_> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let verdict = judge(&settings);
        assert_eq!(verdict.warnings.len(), warnings, "{changes:?}: {verdict:?}");
        assert_eq!(verdict.refused.is_some(), refused.is_some(), "{changes:?}: {verdict:?}");
        if let (Some(said), Some(expected)) = (verdict.refused, refused) {
            assert!(said.contains(expected), "{said} does not say {expected}");
        }
    }

    #[test]
    fn databases_that_cannot_keep_our_promises_are_refused_or_warned_of() {
        check(&[], None, 0);
        check(&[("read_only", "ON")], Some("read-only"), 0);
        check(&[("read_only", "NO_LOCK_NO_ADMIN")], Some("read-only"), 0);
        check(&[("innodb_read_only", "ON")], Some("read-only"), 0);
        check(&[("super_read_only", "OFF"), ("tx_read_only", "OFF")], None, 0);
        check(&[("character_set_connection", "latin1")], Some("utf8mb4"), 0);
        check(&[("wsrep_on", "ON")], Some("one primary"), 0);
        check(&[("group_replication_single_primary_mode", "OFF")], Some("one primary"), 0);
        check(&[("innodb_flush_log_at_trx_commit", "2")], None, 1);
        check(&[("log_bin", "ON")], None, 1);
        check(&[("log_bin", "ON"), ("sync_binlog", "1")], None, 0);
    }
}

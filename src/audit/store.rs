//! What the audit reads, streamed, from one snapshot of each database.

mod people;

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, MySqlExecutor, Row};
use uuid::Uuid;

pub use people::{
    CUSTOMERS, EXECUTORS, People, Person, Position, each_person, earnings, highest_person, position,
};

use super::regular::Books;
use super::sums::Highest;
use crate::contracts::notes::Note;
use crate::contracts::{self, Contract};
use crate::database::{self, decode};
use crate::exchange::event::Run;
use crate::exchange::journal;
use crate::exchange::request::StoredReceipt;
use crate::moment::Moment;
use crate::money::Currency;
use crate::orders::{self, Order};

/// The board's head.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    pub revision: u64,
    pub batch: Uuid,
    pub orders: u32,
    pub contracts: u32,
    pub open_orders: u32,
    pub last_action: Moment,
}

pub struct Request {
    pub user_type: String,
    pub user_id: u32,
    pub key: String,
    pub receipt: Result<StoredReceipt, sqlx::Error>,
    /// What the database takes the receipt to name.
    pub order: Option<Owned>,
    pub contract: Option<Owned>,
}

/// A row and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Owned {
    pub id: u32,
    pub customer: u32,
    /// Contracts only.
    pub executor: Option<u32>,
}

/// All ids there can be.
pub const ALL: RangeInclusive<u32> = 0..=u32::MAX;

/// A session whose reads are all of this moment.
pub async fn open(url: &str) -> Result<MySqlConnection, sqlx::Error> {
    let mut connection = database::options(url)?.connect().await?;
    connection.execute(database::LONG_READER_SESSION).await?;
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
    Ok(connection)
}

pub async fn head(connection: &mut MySqlConnection) -> Result<Head, sqlx::Error> {
    let sql = "SELECT revision, batch, orders, contracts, open_orders, last_action FROM board \
               WHERE id = 1";
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(Head {
        revision: row.try_get("revision")?,
        batch: database::uuid(&row, "batch")?,
        orders: row.try_get("orders")?,
        contracts: row.try_get("contracts")?,
        open_orders: row.try_get("open_orders")?,
        last_action: row.try_get::<DateTime<Utc>, _>("last_action")?.into(),
    })
}

/// The highest ids in the tables of orders and of contracts.
pub async fn highest(connection: &mut MySqlConnection) -> Result<Highest, sqlx::Error> {
    let sql = "SELECT (SELECT MAX(id) FROM orders), (SELECT MAX(id) FROM contracts)";
    let (order, contract): (Option<u32>, Option<u32>) =
        sqlx::query_as(sql).fetch_one(connection).await?;
    Ok(Highest { order: order.unwrap_or(0), contract: contract.unwrap_or(0) })
}

/// The journal, oldest revision first.
pub async fn each_run(
    connection: &mut MySqlConnection,
    mut each: impl FnMut(u64, Result<Run, sqlx::Error>),
) -> Result<(), sqlx::Error> {
    let sql = "SELECT revision, batch, previous, events, created FROM journal ORDER BY revision";
    let mut rows = sqlx::query(sql).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(row.try_get("revision")?, journal::from_row(&row));
    }
    Ok(())
}

/// The orders, by id.
pub async fn each_order(
    connection: &mut MySqlConnection,
    ids: RangeInclusive<u32>,
    mut each: impl FnMut(u32, Result<Order, sqlx::Error>),
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT {} FROM orders WHERE id BETWEEN ? AND ? ORDER BY id",
        orders::store::COLUMNS
    );
    let mut rows =
        sqlx::query(AssertSqlSafe(sql)).bind(ids.start()).bind(ids.end()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let order = orders::store::from_row(&row);
        let order = order.and_then(|order| in_currency(&row, order.currency).map(|()| order));
        each(row.try_get("id")?, order);
    }
    Ok(())
}

/// The contracts, by id.
pub async fn each_contract(
    connection: &mut MySqlConnection,
    ids: RangeInclusive<u32>,
    mut each: impl FnMut(u32, Result<Contract, sqlx::Error>),
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT {} FROM contracts WHERE id BETWEEN ? AND ? ORDER BY id",
        contracts::store::COLUMNS
    );
    let mut rows =
        sqlx::query(AssertSqlSafe(sql)).bind(ids.start()).bind(ids.end()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let contract = contracts::store::from_row(&row);
        let same = |contract: Contract| in_currency(&row, contract.currency).map(|()| contract);
        each(row.try_get("id")?, contract.and_then(same));
    }
    Ok(())
}

/// The notes of these contracts.
pub async fn each_note(
    connection: &mut MySqlConnection,
    ids: RangeInclusive<u32>,
    mut each: impl FnMut(u32, u32, Result<Note, sqlx::Error>),
) -> Result<(), sqlx::Error> {
    let sql = "SELECT contract_id, number, author, text, revision, created FROM notes \
               WHERE contract_id BETWEEN ? AND ? ORDER BY contract_id, number";
    let mut rows = sqlx::query(sql).bind(ids.start()).bind(ids.end()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let note = contracts::store::note_from_row(&row);
        each(row.try_get("contract_id")?, row.try_get("number")?, note);
    }
    Ok(())
}

/// Which order each contract names, in no order.
pub async fn each_pair(
    connection: &mut MySqlConnection,
    mut each: impl FnMut(u32, u32),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query("SELECT id, order_id FROM contracts").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(row.try_get("id")?, row.try_get("order_id")?);
    }
    Ok(())
}

/// The remembered requests with the rows that they name, in no order.
pub async fn each_request(
    connection: &mut MySqlConnection,
    mut each: impl FnMut(Request),
) -> Result<(), sqlx::Error> {
    let sql = "SELECT r.user_type, r.user_id, r.request_id, r.receipt, o.id AS order_id, \
               o.customer_id, c.id AS contract_id, c.customer_id AS contract_customer_id, \
               c.executor_id FROM requests r \
               LEFT JOIN orders o ON o.id = CAST(COALESCE( \
               JSON_EXTRACT(r.receipt, '$.done.placed.order'), \
               JSON_EXTRACT(r.receipt, '$.done.edited.order'), \
               JSON_EXTRACT(r.receipt, '$.done.withdrawn.order'), \
               JSON_EXTRACT(r.receipt, '$.done.removed.order'), \
               JSON_EXTRACT(r.receipt, '$.done.expired.order')) AS UNSIGNED) \
               LEFT JOIN contracts c ON c.id = CAST(COALESCE( \
               JSON_EXTRACT(r.receipt, '$.done.accepted.contract'), \
               JSON_EXTRACT(r.receipt, '$.done.changed.contract'), \
               JSON_EXTRACT(r.receipt, '$.done.noted.contract')) AS UNSIGNED)";
    let mut rows = sqlx::query(sql).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(Request {
            user_type: row.try_get("user_type")?,
            user_id: row.try_get("user_id")?,
            key: row.try_get("request_id")?,
            receipt: database::json(&row, "receipt"),
            order: owned(&row, "order_id", "customer_id", None)?,
            contract: owned(&row, "contract_id", "contract_customer_id", Some("executor_id"))?,
        });
    }
    Ok(())
}

fn owned(
    row: &MySqlRow,
    id: &str,
    customer: &str,
    executor: Option<&str>,
) -> Result<Option<Owned>, sqlx::Error> {
    let (id, customer): (Option<u32>, Option<u32>) = (row.try_get(id)?, row.try_get(customer)?);
    let executor = executor.map_or(Ok(None), |executor| row.try_get::<Option<u32>, _>(executor))?;
    Ok(id.zip(customer).map(|(id, customer)| Owned { id, customer, executor }))
}

/// Reading a row takes the legacy code RUR for RUB; the table itself must not hold it.
fn in_currency(row: &MySqlRow, currency: Currency) -> Result<(), sqlx::Error> {
    let code: &str = row.try_get("original_currency")?;
    if code == currency.code() {
        return Ok(());
    }
    Err(decode("original_currency", format!("{code} instead of {}", currency.code())))
}

/// What the last audit said, if there was one.
pub async fn find_books(executor: impl MySqlExecutor<'_>) -> Result<Option<Books>, sqlx::Error> {
    let sql = "SELECT revision, balanced, took_ms, finished, \
               TIMESTAMPDIFF(SECOND, finished, UTC_TIMESTAMP(3)) AS age_seconds \
               FROM audits WHERE id = 1";
    let Some(row) = sqlx::query(sql).fetch_optional(executor).await? else { return Ok(None) };
    let took_ms: u32 = row.try_get("took_ms")?;
    // A clock that was set back makes an audit of the future, which is as good as one of now.
    let age = u64::try_from(row.try_get::<i64, _>("age_seconds")?).unwrap_or(0);
    Ok(Some(Books {
        revision: row.try_get("revision")?,
        balanced: row.try_get("balanced")?,
        took: Duration::from_millis(took_ms.into()),
        finished: row.try_get::<DateTime<Utc>, _>("finished")?.into(),
        age: Duration::from_secs(age),
    }))
}

/// Keeps what an audit said.
pub async fn keep_books(
    connection: &mut MySqlConnection,
    revision: u64,
    balanced: bool,
    took: Duration,
) -> Result<(), sqlx::Error> {
    let sql = "REPLACE INTO audits (id, revision, balanced, took_ms, finished) \
               VALUES (1, ?, ?, ?, UTC_TIMESTAMP(3))";
    let took_ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
    let query = sqlx::query(sql).bind(revision).bind(balanced).bind(took_ms);
    query.execute(connection).await.map(drop)
}

/// Whether it is this session's turn to audit: until it ends, no other's is.
pub async fn take_turn(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    connection.execute(database::LONG_READER_SESSION).await?;
    let sql = "SELECT GET_LOCK(SHA2(CONCAT('orderboard audit ', DATABASE()), 256), 0)";
    let taken: Option<i64> = sqlx::query_scalar(sql).fetch_one(connection).await?;
    Ok(taken == Some(1))
}

//! What the audit reads: each table once, streamed, from one snapshot of its database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, MySqlConnection, Row};
use uuid::Uuid;

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

/// How far the statistics have counted; the batch as it is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Position {
    pub revision: u64,
    pub batch: String,
    pub customers: u32,
    pub executors: u32,
}

pub struct Request {
    pub user_type: String,
    pub user_id: u32,
    pub key: String,
    pub receipt: Result<StoredReceipt, sqlx::Error>,
}

/// A person's statistics in one currency; sums as wide as they can be.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    pub id: u32,
    pub currency: String,
    pub count: i128,
    pub completed: i128,
    pub money: i128,
    pub gain: i128,
    pub ordinal: Option<u32>,
}

/// A role's table and how to read it.
pub struct People {
    pub name: &'static str,
    sql: &'static str,
}

pub const CUSTOMERS: People = People {
    name: "customers",
    sql: "SELECT global_id, original_currency, CAST(orders_created AS CHAR) AS count, \
          '0' AS completed, CAST(money_in_orders AS CHAR) AS money, CAST(gain AS CHAR) AS gain, \
          ordinal FROM customers ORDER BY global_id, original_currency",
};
pub const EXECUTORS: People = People {
    name: "executors",
    sql: "SELECT global_id, original_currency, CAST(orders_accepted AS CHAR) AS count, \
          CAST(orders_completed AS CHAR) AS completed, CAST(money_received AS CHAR) AS money, \
          CAST(gain AS CHAR) AS gain, ordinal FROM executors \
          ORDER BY global_id, original_currency",
};

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

pub async fn position(connection: &mut MySqlConnection) -> Result<Option<Position>, sqlx::Error> {
    let sql = "SELECT revision, batch, customers, executors FROM positions \
               WHERE follower = 'statistics'";
    let row = sqlx::query(sql).fetch_optional(connection).await?;
    let read = |row: MySqlRow| {
        Ok(Position {
            revision: row.try_get("revision")?,
            batch: row.try_get("batch")?,
            customers: row.try_get("customers")?,
            executors: row.try_get("executors")?,
        })
    };
    row.map(read).transpose()
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
    mut each: impl FnMut(u32, Result<Order, sqlx::Error>),
) -> Result<(), sqlx::Error> {
    let sql = format!("SELECT {} FROM orders ORDER BY id", orders::store::COLUMNS);
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
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
    mut each: impl FnMut(u32, Result<Contract, sqlx::Error>),
) -> Result<(), sqlx::Error> {
    let sql = format!("SELECT {} FROM contracts ORDER BY id", contracts::store::COLUMNS);
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let contract = contracts::store::from_row(&row);
        let same = |contract: Contract| in_currency(&row, contract.currency).map(|()| contract);
        each(row.try_get("id")?, contract.and_then(same));
    }
    Ok(())
}

pub async fn each_request(
    connection: &mut MySqlConnection,
    mut each: impl FnMut(Request),
) -> Result<(), sqlx::Error> {
    let sql = "SELECT user_type, user_id, request_id, receipt FROM requests";
    let mut rows = sqlx::query(sql).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(Request {
            user_type: row.try_get("user_type")?,
            user_id: row.try_get("user_id")?,
            key: row.try_get("request_id")?,
            receipt: database::json(&row, "receipt"),
        });
    }
    Ok(())
}

/// A role's persons, by person and currency.
pub async fn each_person(
    connection: &mut MySqlConnection,
    table: &People,
    mut each: impl FnMut(Person),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query(table.sql).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(Person {
            id: row.try_get("global_id")?,
            currency: row.try_get("original_currency")?,
            count: integer(&row, "count")?,
            completed: integer(&row, "completed")?,
            money: integer(&row, "money")?,
            gain: integer(&row, "gain")?,
            ordinal: row.try_get("ordinal")?,
        });
    }
    Ok(())
}

/// What the system has earned, by currency code.
pub async fn earnings(
    connection: &mut MySqlConnection,
) -> Result<BTreeMap<String, i128>, sqlx::Error> {
    let sql = "SELECT original_currency, CAST(gain AS CHAR) AS gain FROM earnings";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("original_currency")?, integer(row, "gain")?))).collect()
}

/// Reading a row takes the legacy code RUR for RUB; the table itself must not hold it.
fn in_currency(row: &MySqlRow, currency: Currency) -> Result<(), sqlx::Error> {
    let code: &str = row.try_get("original_currency")?;
    if code == currency.code() {
        return Ok(());
    }
    Err(decode("original_currency", format!("{code} instead of {}", currency.code())))
}

fn integer(row: &MySqlRow, column: &str) -> Result<i128, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error| decode(column, Box::new(error)))
}

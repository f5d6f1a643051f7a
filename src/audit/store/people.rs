//! The statistics' database: persons, earnings, and how far they were counted.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, Row};

use crate::database::decode;

/// How far the statistics have counted; the batch as it is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Position {
    pub revision: u64,
    pub batch: String,
    pub customers: u32,
    pub executors: u32,
}

/// A person's statistics in one currency; sums as wide as they can be.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    pub id: u32,
    pub currency: String,
    pub count: i128,
    pub completed: i128,
    pub given_up: i128,
    pub money: i128,
    pub gain: i128,
    pub ordinal: Option<u32>,
}

/// A role's table and how to read it.
pub struct People {
    sql: &'static str,
    highest: &'static str,
}

pub const CUSTOMERS: People = People {
    sql: "SELECT global_id, original_currency, CAST(orders_created AS CHAR) AS count, \
          '0' AS completed, '0' AS given_up, CAST(money_in_orders AS CHAR) AS money, CAST(gain AS CHAR) AS gain, \
          ordinal FROM customers WHERE global_id BETWEEN ? AND ? \
          ORDER BY global_id, original_currency",
    highest: "SELECT MAX(global_id) FROM customers",
};
pub const EXECUTORS: People = People {
    sql: "SELECT global_id, original_currency, CAST(orders_accepted AS CHAR) AS count, \
          CAST(orders_completed AS CHAR) AS completed, \
          CAST(orders_given_up AS CHAR) AS given_up, CAST(money_received AS CHAR) AS money, \
          CAST(gain AS CHAR) AS gain, ordinal FROM executors WHERE global_id BETWEEN ? AND ? \
          ORDER BY global_id, original_currency",
    highest: "SELECT MAX(global_id) FROM executors",
};

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

/// The highest id of a role's persons.
pub async fn highest_person(
    connection: &mut MySqlConnection,
    table: &People,
) -> Result<u32, sqlx::Error> {
    let highest: Option<u32> = sqlx::query_scalar(table.highest).fetch_one(connection).await?;
    Ok(highest.unwrap_or(0))
}

/// A role's persons, by person and currency.
pub async fn each_person(
    connection: &mut MySqlConnection,
    table: &People,
    ids: RangeInclusive<u32>,
    mut each: impl FnMut(Person),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query(table.sql).bind(ids.start()).bind(ids.end()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(Person {
            id: row.try_get("global_id")?,
            currency: row.try_get("original_currency")?,
            count: integer(&row, "count")?,
            completed: integer(&row, "completed")?,
            given_up: integer(&row, "given_up")?,
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

fn integer(row: &MySqlRow, column: &str) -> Result<i128, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error| decode(column, Box::new(error)))
}

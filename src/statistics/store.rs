//! What the statistics read of their own tables; `script` writes them. The texts are built from
//! integers, times, currency codes and our own constants only.

mod script;

pub use script::Script;

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, Row as _};
use uuid::Uuid;

use super::chain::Chain;
use super::deltas::{Key, Side, Sums};
use crate::database;
use crate::money::Total;
use crate::orders::store::currency;
use crate::people::store::total;

const ROWS_IN_STATEMENT: usize = 500;

/// One role's table.
pub struct Table {
    pub name: &'static str,
    count: &'static str,
    completed: Option<&'static str>,
    given_up: Option<&'static str>,
    money: &'static str,
}

pub const CUSTOMERS: Table = Table {
    name: "customers",
    count: "orders_created",
    completed: None,
    given_up: None,
    money: "money_in_orders",
};
pub const EXECUTORS: Table = Table {
    name: "executors",
    count: "orders_accepted",
    completed: Some("orders_completed"),
    given_up: Some("orders_given_up"),
    money: "money_received",
};

/// How far was counted, and how many persons were met.
#[derive(Clone, PartialEq, Debug)]
pub struct Position {
    pub chain: Chain,
    pub customers: u32,
    pub executors: u32,
}

/// A row as it stands in the database. Its currency is text: it may be nonsense.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    pub id: u32,
    pub person: u32,
    pub currency: String,
    pub sums: Sums,
    pub ordinal: Option<u32>,
}

impl Table {
    fn columns(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.count), self.completed, self.given_up, Some(self.money), Some("gain")]
            .into_iter()
            .flatten()
    }

    fn column_list(&self) -> String {
        self.columns().collect::<Vec<_>>().join(",")
    }

    fn values(&self, sums: &Sums) -> String {
        let optional = |column: Option<_>, value| {
            column.map(|_: &str| format!("{value},")).unwrap_or_default()
        };
        let completed = optional(self.completed, sums.completed);
        let given_up = optional(self.given_up, sums.given_up);
        let (money, gain) = (sums.money.hundredths(), sums.gain.hundredths());
        format!("{},{completed}{given_up}{money},{gain}", sums.count)
    }
}

/// Opens a transaction and locks the position; `None` when another server has it, or the row is
/// missing.
pub async fn try_lock(connection: &mut MySqlConnection) -> Result<Option<Position>, sqlx::Error> {
    let text = "BEGIN; SELECT revision, batch, customers, executors FROM positions \
                WHERE follower = 'statistics' FOR UPDATE SKIP LOCKED";
    let rows = sqlx::raw_sql(text).fetch_all(connection).await?;
    rows.first().map(position_from_row).transpose()
}

/// Opens a transaction and locks the position, which is made if there is none.
pub async fn lock(connection: &mut MySqlConnection) -> Result<Position, sqlx::Error> {
    let text = "BEGIN; \
                INSERT IGNORE INTO positions (follower, revision) VALUES ('statistics', 0); \
                SELECT revision, batch, customers, executors FROM positions \
                WHERE follower = 'statistics' FOR UPDATE";
    let rows = sqlx::raw_sql(text).fetch_all(connection).await?;
    position_from_row(rows.first().ok_or(sqlx::Error::RowNotFound)?)
}

/// The newest revision that any server counted; `None` when there is no position at all.
pub async fn find_revision(connection: &mut MySqlConnection) -> Result<Option<u64>, sqlx::Error> {
    let text = "COMMIT; SELECT revision FROM positions WHERE follower = 'statistics'; COMMIT";
    let rows = sqlx::raw_sql(text).fetch_all(connection).await?;
    rows.first().map(|row| row.try_get("revision")).transpose()
}

/// Ends a transaction that changed nothing.
pub async fn end(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("COMMIT").execute(connection).await.map(|_| ())
}

/// The ids of all rows of the persons on this side, in every currency they have.
pub async fn list_ids(
    connection: &mut MySqlConnection,
    table: &Table,
    side: &Side,
) -> Result<HashMap<Key, u32>, sqlx::Error> {
    let mut persons: Vec<u32> = side.rows().iter().map(|row| row.key.0).collect();
    persons.sort_unstable();
    persons.dedup();
    let mut ids = HashMap::new();
    for part in persons.chunks(ROWS_IN_STATEMENT) {
        let text = format!(
            "SELECT id, global_id, original_currency FROM {} WHERE global_id IN ({})",
            table.name,
            database::list(part),
        );
        for row in sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut *connection).await? {
            ids.insert((row.try_get("global_id")?, currency(&row)?), row.try_get("id")?);
        }
    }
    Ok(ids)
}

/// All rows of a table.
pub async fn list_all(
    connection: &mut MySqlConnection,
    table: &Table,
) -> Result<Vec<Stored>, sqlx::Error> {
    let text = format!(
        "SELECT id, global_id, original_currency, {} AS count, {} AS completed, \
         {} AS given_up, CAST({} AS CHAR) AS money, CAST(gain AS CHAR) AS gain, ordinal FROM {}",
        table.count,
        table.completed.unwrap_or("CAST(0 AS UNSIGNED)"),
        table.given_up.unwrap_or("CAST(0 AS UNSIGNED)"),
        table.money,
        table.name,
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch(connection);
    rows.and_then(async |row| stored_from_row(&row)).try_collect().await
}

/// What the system earned, by currency code.
pub async fn list_earnings(
    connection: &mut MySqlConnection,
) -> Result<BTreeMap<String, Total>, sqlx::Error> {
    let text = "SELECT original_currency, CAST(gain AS CHAR) AS gain FROM earnings";
    let rows = sqlx::raw_sql(text).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("original_currency")?, total(row, "gain")?))).collect()
}

fn position_from_row(row: &MySqlRow) -> Result<Position, sqlx::Error> {
    let batch: &str = row.try_get("batch")?;
    let batch: Option<Uuid> =
        if batch.is_empty() { None } else { Some(database::uuid(row, "batch")?) };
    Ok(Position {
        chain: Chain { revision: row.try_get("revision")?, batch },
        customers: row.try_get("customers")?,
        executors: row.try_get("executors")?,
    })
}

fn stored_from_row(row: &MySqlRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        id: row.try_get("id")?,
        person: row.try_get("global_id")?,
        currency: row.try_get("original_currency")?,
        sums: Sums {
            count: row.try_get("count")?,
            completed: row.try_get_unchecked("completed")?,
            given_up: row.try_get_unchecked("given_up")?,
            money: total(row, "money")?,
            gain: total(row, "gain")?,
        },
        ordinal: row.try_get("ordinal")?,
    })
}

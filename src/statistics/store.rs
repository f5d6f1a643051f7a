//! The statistics' statements. Their texts are built from integers, times, currency codes and our
//! own constants only. Rows are changed by their ids: `INSERT … ON DUPLICATE KEY UPDATE` without
//! one would burn an id for each row it changes, and run out of them within days.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, Row as _};
use uuid::Uuid;

use super::chain::Chain;
use super::deltas::{Key, Row, Side, Sums};
use super::plan::Plan;
use crate::database;
use crate::money::{Currency, Total};
use crate::orders::store::currency;
use crate::people::store::total;

/// Bytes of one message; the database refuses messages of 16 MiB.
const MESSAGE: usize = 512 * 1024;
const ROWS_IN_STATEMENT: usize = 500;

/// One role's table.
pub struct Table {
    pub name: &'static str,
    count: &'static str,
    completed: Option<&'static str>,
    money: &'static str,
}

pub const CUSTOMERS: Table =
    Table { name: "customers", count: "orders_created", completed: None, money: "money_in_orders" };
pub const EXECUTORS: Table = Table {
    name: "executors",
    count: "orders_accepted",
    completed: Some("orders_completed"),
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
        [Some(self.count), self.completed, Some(self.money), Some("gain")].into_iter().flatten()
    }

    fn column_list(&self) -> String {
        self.columns().collect::<Vec<_>>().join(",")
    }

    fn values(&self, sums: &Sums) -> String {
        let completed = self.completed.map(|_| format!("{},", sums.completed)).unwrap_or_default();
        let (money, gain) = (sums.money.hundredths(), sums.gain.hundredths());
        format!("{},{completed}{money},{gain}", sums.count)
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

/// The newest revision that any server counted.
pub async fn find_revision(connection: &mut MySqlConnection) -> Result<u64, sqlx::Error> {
    let text = "COMMIT; SELECT revision FROM positions WHERE follower = 'statistics'";
    let rows = sqlx::raw_sql(text).fetch_all(connection).await?;
    rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get("revision")
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
         CAST({} AS CHAR) AS money, CAST(gain AS CHAR) AS gain, ordinal FROM {}",
        table.count,
        table.completed.unwrap_or("CAST(0 AS UNSIGNED)"),
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

/// Statements on their way, sent whenever they fill a message.
pub struct Script<'c> {
    connection: &'c mut MySqlConnection,
    text: String,
}

impl<'c> Script<'c> {
    pub fn new(connection: &'c mut MySqlConnection) -> Script<'c> {
        Script { connection, text: String::new() }
    }

    /// Adds to existing rows and makes the new ones.
    pub async fn count(&mut self, table: &Table, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
        let added = table.columns().map(|column| format!("{column} = {column} + VALUES({column})"));
        let tail = added.collect::<Vec<_>>().join(", ");
        let rows = plan.known.iter().map(|(id, row)| format!("({id},{},NULL)", of_row(table, row)));
        self.upsert(table, rows, &tail).await?;
        self.insert(table, plan.new.iter().map(|(row, ordinal)| (*row, *ordinal))).await
    }

    /// Makes new rows.
    pub async fn insert(
        &mut self,
        table: &Table,
        rows: impl Iterator<Item = (&Row, Option<u32>)>,
    ) -> Result<(), sqlx::Error> {
        let lead = format!(
            "INSERT INTO {} (global_id,original_currency,{},registered,ordinal) VALUES ",
            table.name,
            table.column_list(),
        );
        let rows = rows.map(|(row, ordinal)| format!("({},{})", of_row(table, row), null(ordinal)));
        self.multi(&lead, rows, "").await
    }

    /// Gives existing rows other sums and another ordinal.
    pub async fn replace(
        &mut self,
        table: &Table,
        rows: impl Iterator<Item = (u32, &Row, Option<u32>)>,
    ) -> Result<(), sqlx::Error> {
        let columns = table.columns().chain(["ordinal"]);
        let replaced = columns.map(|column| format!("{column} = VALUES({column})"));
        let tail = replaced.collect::<Vec<_>>().join(", ");
        let rows = rows
            .map(|(id, row, ordinal)| format!("({id},{},{})", of_row(table, row), null(ordinal)));
        self.upsert(table, rows, &tail).await
    }

    async fn upsert(
        &mut self,
        table: &Table,
        rows: impl Iterator<Item = String>,
        tail: &str,
    ) -> Result<(), sqlx::Error> {
        let lead = format!(
            "INSERT INTO {} (id,global_id,original_currency,{},registered,ordinal) VALUES ",
            table.name,
            table.column_list(),
        );
        self.multi(&lead, rows, &format!(" ON DUPLICATE KEY UPDATE {tail}")).await
    }

    /// Takes the ordinals from rows, so that others can have them.
    pub async fn clear_ordinals(&mut self, table: &Table, ids: &[u32]) -> Result<(), sqlx::Error> {
        let lead = format!("UPDATE {} SET ordinal = NULL WHERE id IN (", table.name);
        self.multi(&lead, ids.iter().map(u32::to_string), ")").await
    }

    pub async fn delete(&mut self, table: &Table, ids: &[u32]) -> Result<(), sqlx::Error> {
        let lead = format!("DELETE FROM {} WHERE id IN (", table.name);
        self.multi(&lead, ids.iter().map(u32::to_string), ")").await
    }

    pub async fn add_earnings(
        &mut self,
        earnings: &BTreeMap<Currency, Total>,
    ) -> Result<(), sqlx::Error> {
        let tail = " ON DUPLICATE KEY UPDATE gain = gain + VALUES(gain)";
        self.multi(EARNINGS, earnings.iter().map(earnings_row), tail).await
    }

    pub async fn replace_earnings(
        &mut self,
        earnings: &BTreeMap<Currency, Total>,
    ) -> Result<(), sqlx::Error> {
        self.push("DELETE FROM earnings").await?;
        self.multi(EARNINGS, earnings.iter().map(earnings_row), "").await
    }

    /// Writes the position, commits, and sends what is left.
    pub async fn commit(mut self, position: &Position) -> Result<(), sqlx::Error> {
        let Position { chain: Chain { revision, batch }, customers, executors } = position;
        let batch = batch.map(|batch| batch.to_string()).unwrap_or_default();
        let text = format!(
            "UPDATE positions SET revision = {revision}, batch = '{batch}', \
             customers = {customers}, executors = {executors} WHERE follower = 'statistics'; COMMIT"
        );
        self.push(&text).await?;
        self.send().await
    }

    async fn multi(
        &mut self,
        lead: &str,
        rows: impl Iterator<Item = String>,
        tail: &str,
    ) -> Result<(), sqlx::Error> {
        let rows: Vec<String> = rows.collect();
        for part in rows.chunks(ROWS_IN_STATEMENT) {
            self.push(&format!("{lead}{}{tail}", part.join(","))).await?;
        }
        Ok(())
    }

    async fn push(&mut self, statement: &str) -> Result<(), sqlx::Error> {
        if self.text.len() + statement.len() > MESSAGE {
            self.send().await?;
        }
        write!(self.text, "{statement};").expect("writing to a string cannot fail");
        Ok(())
    }

    async fn send(&mut self) -> Result<(), sqlx::Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *self.connection).await.map(|_| ())
    }
}

const EARNINGS: &str = "INSERT INTO earnings (original_currency,gain) VALUES ";

fn earnings_row((currency, gain): (&Currency, &Total)) -> String {
    format!("('{}',{})", currency.code(), gain.hundredths())
}

/// Person, currency, sums and registration, as a part of a row.
fn of_row(table: &Table, row: &Row) -> String {
    let Row { key: (person, currency), registered, sums } = row;
    let (values, registered) = (table.values(sums), registered.to_sql());
    format!("{person},'{}',{values},'{registered}'", currency.code())
}

fn null(ordinal: Option<u32>) -> String {
    ordinal.map_or("NULL".to_owned(), |ordinal| ordinal.to_string())
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
            money: total(row, "money")?,
            gain: total(row, "gain")?,
        },
        ordinal: row.try_get("ordinal")?,
    })
}

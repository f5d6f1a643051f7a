//! Writing the statistics: statements that go to the database in few messages. Rows are changed by
//! their ids: `INSERT … ON DUPLICATE KEY UPDATE` without one would burn an id for each row that it
//! changes, and run out of them within days.

use std::collections::BTreeMap;
use std::fmt::Write;

use sqlx::{AssertSqlSafe, MySqlConnection};

use super::{Position, ROWS_IN_STATEMENT, Table};
use crate::money::{Currency, Total};
use crate::statistics::chain::Chain;
use crate::statistics::deltas::Row;
use crate::statistics::plan::Plan;

/// Bytes of one message; the database refuses messages of 16 MiB.
const MESSAGE: usize = 512 * 1024;
const EARNINGS: &str = "INSERT INTO earnings (original_currency,gain) VALUES ";

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

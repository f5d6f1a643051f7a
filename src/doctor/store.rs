//! What the databases are asked. None of it changes anything: what it may do is tried on no rows.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};

use crate::database::store::{is_missing_table, number};

/// A server, as it describes itself.
pub struct About {
    pub version: String,
    pub now: DateTime<Utc>,
    pub max_connections: u64,
}

pub async fn about(connection: &mut MySqlConnection) -> Result<About, sqlx::Error> {
    let sql = "SELECT VERSION(), UTC_TIMESTAMP(3), CAST(@@max_connections AS UNSIGNED)";
    let (version, now, max_connections) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok(About { version, now, max_connections })
}

/// How far the statistics have read the journal.
pub async fn counted(connection: &mut MySqlConnection) -> Result<u64, sqlx::Error> {
    let sql = "SELECT revision FROM positions WHERE follower = 'statistics'";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

/// A table's, a column's or a database's access denied.
const DENIED: [u16; 3] = [1142, 1143, 1044];

/// What is not allowed.
#[derive(Default)]
pub struct Denied {
    /// To whoever serves, as `UPDATE on board`.
    pub rows: Vec<String>,
    /// To whoever brings tables up to date.
    pub tables: Vec<&'static str>,
}

/// What of all that is needed in this database is denied.
pub async fn denied(
    connection: &mut MySqlConnection,
    tables: &[(&str, &str)],
) -> Result<Denied, sqlx::Error> {
    let mut denied = Denied::default();
    for (table, column) in tables {
        for (verb, sql) in [
            ("SELECT", format!("SELECT 1 FROM {table} WHERE FALSE")),
            ("INSERT", format!("INSERT INTO {table} SELECT * FROM {table} WHERE FALSE")),
            ("UPDATE", format!("UPDATE {table} SET {column} = {column} WHERE FALSE")),
            ("DELETE", format!("DELETE FROM {table} WHERE FALSE")),
        ] {
            if is_denied(connection, sql).await? {
                denied.rows.push(format!("{verb} on {table}"));
            }
        }
    }
    // What migrations do, tried on the one table that no request touches.
    for (verb, sql) in [
        ("CREATE", "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT)"),
        ("ALTER", "ALTER TABLE _sqlx_migrations"),
    ] {
        if is_denied(connection, sql.to_owned()).await? {
            denied.tables.push(verb);
        }
    }
    Ok(denied)
}

async fn is_denied(connection: &mut MySqlConnection, sql: String) -> Result<bool, sqlx::Error> {
    match connection.execute(AssertSqlSafe(sql)).await {
        Err(error) if number(&error).is_some_and(|number| DENIED.contains(&number)) => Ok(true),
        Err(error) if is_missing_table(&error) => Ok(false),
        done => done.map(|_| false),
    }
}

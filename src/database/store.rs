//! Which migrations a database has seen.

use sqlx::MySqlConnection;
use sqlx::mysql::MySqlDatabaseError;

/// A migration that was applied, or begun.
#[derive(sqlx::FromRow)]
pub struct Applied {
    pub version: i64,
    pub success: bool,
    pub checksum: Vec<u8>,
}

/// The migrations that a database has seen; `None`: it was never migrated.
pub async fn applied(
    connection: &mut MySqlConnection,
) -> Result<Option<Vec<Applied>>, sqlx::Error> {
    let sql = "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";
    let applied = sqlx::query_as(sql).fetch_all(connection).await;
    match applied {
        Err(error) if is_missing_table(&error) => Ok(None),
        applied => applied.map(Some),
    }
}

/// Forgets that a migration was begun of which nothing was done.
pub async fn forget_unfinished(
    connection: &mut MySqlConnection,
    version: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM _sqlx_migrations WHERE version = ? AND NOT success");
    query.bind(version).execute(connection).await?;
    Ok(())
}

/// Takes note that a migration that was begun is done; whether there was such a one.
pub async fn finish_begun(
    connection: &mut MySqlConnection,
    version: i64,
) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE _sqlx_migrations SET success = TRUE WHERE version = ? AND NOT success";
    let done = sqlx::query(sql).bind(version).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Whether it is for what it would make that a table was not changed: a table, column or key of that
/// name is there.
pub fn says_it_is_there(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1050 | 1060 | 1061))
}

/// The number of the error that a lock did not come in time.
pub const LOCK_WAIT_TIMEOUT: u16 = 1205;

pub fn is_missing_table(error: &sqlx::Error) -> bool {
    number(error) == Some(1146)
}

/// The database's own number of an error.
pub fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

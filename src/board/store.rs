//! Reading the whole board, once, at start.

use futures_util::TryStreamExt;
use sqlx::{Connection, Executor, MySqlConnection, Row};

use super::index::State;
use super::open::Open;
use crate::exchange::journal;
use crate::orders;

/// Reads where the board stands and which orders are open, in one snapshot.
pub async fn load(connection: &mut MySqlConnection) -> Result<State, sqlx::Error> {
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    let mut snapshot = connection.begin().await?;
    let position = journal::head(&mut *snapshot).await?;
    let row = snapshot.fetch_one("SELECT orders, contracts FROM board WHERE id = 1").await?;
    let (orders, contracts) = (row.try_get(0)?, row.try_get(1)?);
    let mut open = Open::default();
    {
        let ids = "SELECT id, original_currency FROM orders WHERE status = 'open'";
        let mut rows = sqlx::query(ids).fetch(&mut *snapshot);
        while let Some(row) = rows.try_next().await? {
            open.insert(row.try_get(0)?, orders::store::currency(&row)?);
        }
    }
    snapshot.rollback().await?;
    Ok(State::new(position, open, orders, contracts))
}

//! Reading the whole board, once, at start.

use futures_util::TryStreamExt;
use roaring::RoaringBitmap;
use sqlx::{Connection, Executor, MySqlConnection, Row};

use super::index::State;
use crate::exchange::journal;

/// Reads where the board stands and which orders are open, in one snapshot.
pub async fn load(connection: &mut MySqlConnection) -> Result<State, sqlx::Error> {
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    let mut snapshot = connection.begin().await?;
    let position = journal::head(&mut *snapshot).await?;
    let row = snapshot.fetch_one("SELECT orders, contracts FROM board WHERE id = 1").await?;
    let (orders, contracts) = (row.try_get(0)?, row.try_get(1)?);
    let mut open = RoaringBitmap::new();
    {
        let ids = "SELECT id FROM orders WHERE status = 'open'";
        let mut ids = sqlx::query_scalar::<_, u32>(ids).fetch(&mut *snapshot);
        while let Some(id) = ids.try_next().await? {
            open.insert(id);
        }
    }
    snapshot.rollback().await?;
    Ok(State::new(position, open, orders, contracts))
}

//! Reading the whole board: at start, and when history was replaced.

use std::time::Duration;

use sqlx::{Connection, Executor, MySqlConnection, Row};

use super::index::State;
use super::open::Open;
use crate::database::bounded;
use crate::exchange::journal;
use crate::orders;

/// Orders that are read at once.
const PORTION: u32 = 10_000;
/// For one portion, or one of the other statements: a connection that died silently is noticed by
/// then. All of them together take as long as there are orders, which is no reason to give up.
const LIMIT: Duration = Duration::from_secs(5);

/// Reads where the board stands and which orders are open, in one snapshot.
pub async fn load(connection: &mut MySqlConnection) -> Result<State, sqlx::Error> {
    let isolation = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
    bounded(LIMIT, connection.execute(isolation)).await?;
    let mut snapshot = bounded(LIMIT, connection.begin()).await?;
    let position = bounded(LIMIT, journal::head(&mut *snapshot)).await?;
    let counts = "SELECT orders, contracts FROM board WHERE id = 1";
    let row = bounded(LIMIT, snapshot.fetch_one(counts)).await?;
    let (orders, contracts) = (row.try_get(0)?, row.try_get(1)?);
    let (mut open, mut last) = (Open::default(), 0_u32);
    loop {
        let portion = sqlx::query(
            "SELECT id, original_currency FROM orders FORCE INDEX (orders_by_status) \
             WHERE status = 'open' AND id > ? ORDER BY id LIMIT ?",
        );
        let rows = portion.bind(last).bind(PORTION).fetch_all(&mut *snapshot);
        let rows = bounded(LIMIT, rows).await?;
        for row in &rows {
            last = row.try_get(0)?;
            open.insert(last, orders::store::currency(row)?);
        }
        if rows.len() < PORTION as usize {
            break;
        }
    }
    bounded(LIMIT, snapshot.rollback()).await?;
    Ok(State::new(position, open, orders, contracts))
}

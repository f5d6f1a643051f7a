//! Reading the journal: what was committed, in order, from any revision on.

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlExecutor, Row};
use uuid::Uuid;

use super::event::Run;
use crate::database::{self, Reads};
use crate::identity::User;

/// Where the board stands, for followers: the newest revision and which batch it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    pub history: String,
    pub revision: u64,
    pub batch: Uuid,
}

/// The board's head.
pub async fn head(executor: impl MySqlExecutor<'_>) -> Result<Position, sqlx::Error> {
    let row = sqlx::query("SELECT history, revision, batch FROM board WHERE id = 1")
        .fetch_one(executor)
        .await?;
    Ok(Position {
        history: row.try_get("history")?,
        revision: row.try_get("revision")?,
        batch: database::uuid(&row, "batch")?,
    })
}

/// Says that what happens from here on is another history, though it begins like the last one.
pub async fn renew_history(executor: impl MySqlExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE board SET history = UUID() WHERE id = 1").execute(executor).await?;
    Ok(())
}

/// Up to `limit` runs after `revision`, oldest first.
pub async fn list_after(
    executor: impl MySqlExecutor<'_>,
    revision: u64,
    limit: u32,
) -> Result<Vec<Run>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT revision, batch, previous, events, created FROM journal \
         WHERE revision > ? ORDER BY revision LIMIT ?",
    )
    .bind(revision)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    rows.iter().map(from_row).collect()
}

pub fn from_row(row: &MySqlRow) -> Result<Run, sqlx::Error> {
    Ok(Run {
        revision: row.try_get("revision")?,
        batch: database::uuid(row, "batch")?,
        previous: database::uuid(row, "previous")?,
        created: row.try_get::<DateTime<Utc>, _>("created")?.into(),
        events: database::json(row, "events")?,
    })
}

/// What happened in this revision.
pub async fn find(reads: Reads<'_>, revision: u64) -> Result<Option<Run>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT revision, batch, previous, events, created FROM journal WHERE revision = ?",
    );
    let row = reads.read(query.bind(revision).fetch_optional(reads.pool)).await?;
    row.as_ref().map(from_row).transpose()
}

/// Whether this person's request of that key is remembered as done.
pub async fn knows_request(reads: Reads<'_>, user: User, key: &str) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "SELECT created FROM requests WHERE user_type = ? AND user_id = ? AND request_id = ?",
    );
    let query = query.bind(user.role.name()).bind(user.id).bind(key);
    Ok(reads.read(query.fetch_optional(reads.pool)).await?.is_some())
}

/// Forgets up to 1,000 keyed requests older than a day. Returns how many.
pub async fn forget_old_requests(executor: impl MySqlExecutor<'_>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM requests WHERE created < UTC_TIMESTAMP(3) - INTERVAL 24 HOUR LIMIT 1000",
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

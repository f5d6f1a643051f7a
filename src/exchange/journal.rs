//! Reading the journal: what was committed, in order, from any revision on.

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlExecutor, MySqlPool, Row};
use uuid::Uuid;

use super::event::Run;
use crate::database::{self, Reads};
use crate::identity::User;

/// Runs read at once where all are read.
const PORTION: u32 = 100;

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

/// A row of the journal that cannot be read: a newer version wrote it, or somebody meddled with it.
#[derive(Debug, thiserror::Error)]
#[error(
    "revision {revision} of the journal says what this version does not understand: {what}. A newer \
     version wrote that, and only a newer one can go on from there"
)]
pub struct NotUnderstood {
    revision: u64,
    what: String,
}

/// Whether reading the journal failed by what it says.
pub fn is_not_understood(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::ColumnDecode { source, .. } if source.is::<NotUnderstood>())
}

/// Demands that this version understands the whole journal.
pub async fn read_through(pool: &MySqlPool) -> Result<(), sqlx::Error> {
    let mut revision = 0;
    while let Some(last) = list_after(pool, revision, PORTION).await?.last() {
        revision = last.revision;
    }
    Ok(())
}

pub fn from_row(row: &MySqlRow) -> Result<Run, sqlx::Error> {
    let revision = row.try_get("revision")?;
    let events = database::json(row, "events").map_err(|error| {
        let what = match error {
            sqlx::Error::ColumnDecode { source, .. } => source.to_string(),
            error => return error,
        };
        database::decode("events", NotUnderstood { revision, what })
    });
    Ok(Run {
        revision,
        batch: database::uuid(row, "batch")?,
        previous: database::uuid(row, "previous")?,
        created: row.try_get::<DateTime<Utc>, _>("created")?.into(),
        events: events?,
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

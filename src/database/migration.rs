//! Migrations: applies those that a database has not seen, while others use its tables.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::{Executor, MySqlConnection};

use super::store;
use crate::error::Fault;

/// How long a session that migrates waits for a table.
const GIVE_UP_SOON: &str = "SET SESSION lock_wait_timeout = 1";
const WAIT_FOR_EVERYBODY: &str = "SET SESSION lock_wait_timeout = DEFAULT";
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Whether a newer version has applied more than what is known here; `None`: something is missing.
pub async fn settled(
    name: &str,
    connection: &mut MySqlConnection,
    migrator: &Migrator,
) -> Result<Option<bool>, sqlx::Error> {
    Ok(match standing(connection, migrator).await? {
        Standing::Behind => None,
        Standing::UpToDate => Some(false),
        Standing::Newer => {
            tracing::warn!(database = name, "its tables are those of a newer version");
            Some(true)
        }
    })
}

/// Applies what is missing. Returns whether a newer version has applied more than that.
pub async fn bring_up_to_date(
    name: &str,
    connection: &mut MySqlConnection,
    migrator: &Migrator,
) -> Result<bool, Fault> {
    if let Some(newer) = settled(name, connection, migrator).await? {
        return Ok(newer);
    }
    let migrated = migrate(name, connection, migrator).await;
    migrated.map_err(|error| Fault::Internal(format!("migrating the database {name}: {error}")))?;
    Ok(false)
}

/// Which migrations a database has seen, beside those that are known here.
enum Standing {
    Behind,
    UpToDate,
    /// All of ours, and others.
    Newer,
}

/// Where nothing is left to migrate, whoever only serves need not be allowed to change tables.
async fn standing(
    connection: &mut MySqlConnection,
    migrator: &Migrator,
) -> Result<Standing, sqlx::Error> {
    let Some(applied) = store::applied(connection).await? else { return Ok(Standing::Behind) };
    let is_applied = |known: &Migration| {
        let mut applied = applied.iter().filter(|applied| applied.version == known.version);
        applied.any(|applied| applied.success && *applied.checksum == *known.checksum)
    };
    Ok(match migrator.iter().all(is_applied) {
        false => Standing::Behind,
        true if applied.len() == migrator.iter().count() => Standing::UpToDate,
        true => Standing::Newer,
    })
}

/// Applies what is missing, in order. Who changes a table waits for everybody who has read it in a
/// transaction that is not over, and all others wait behind them. An audit or a dump may take minutes:
/// so this gives up soon, lets the others pass and tries again.
async fn migrate(
    name: &str,
    connection: &mut MySqlConnection,
    migrator: &Migrator,
) -> Result<(), MigrateError> {
    // One that was cut off, as it waited perhaps, is tried again.
    let mut begun = Vec::new();
    for applied in store::applied(connection).await?.unwrap_or_default() {
        let known = migrator.iter().find(|known| known.version == applied.version);
        if !applied.success && known.is_some_and(is_single) {
            store::forget_unfinished(connection, applied.version).await?;
            begun.push(applied.version);
        }
    }
    let mut said = false;
    for migration in migrator.iter() {
        let single = is_single(migration);
        connection.execute(if single { GIVE_UP_SOON } else { WAIT_FOR_EVERYBODY }).await?;
        while let Err(error) = migrator.run_to(migration.version, &mut *connection).await {
            let MigrateError::ExecuteMigration(reason, version) = &error else { return Err(error) };
            // It had been done after all, when whoever had begun it was gone.
            if begun.contains(version)
                && store::says_it_is_there(reason)
                && store::finish_begun(connection, *version).await?
            {
                continue;
            }
            if !single || store::number(reason) != Some(store::LOCK_WAIT_TIMEOUT) {
                return Err(error);
            }
            store::forget_unfinished(connection, *version).await?;
            if !said {
                tracing::warn!(
                    database = name,
                    "waiting for somebody who reads for long: an audit, an export or a dump"
                );
                said = true;
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
    Ok(())
}

/// Whether it is done wholly or not at all: what has several statements may have been done in part, and
/// cannot be tried again.
fn is_single(migration: &Migration) -> bool {
    migration.sql.as_str().matches(';').count() == 1
}

//! The two databases: whether they answer, keep what they are told, have our tables and let us use
//! them, and agree with our clock and with each other.

use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::MySqlConnection;
use sqlx::migrate::Migrator;
use tokio::time::timeout;

use super::Findings;
use super::store::{self, About, Denied};
use crate::config::Config;
use crate::database::{self, store::Applied};
use crate::exchange::journal;

const PATIENCE: Duration = Duration::from_secs(5);
/// Sessions that one server may have on one database.
const SESSIONS: u64 = 40;
/// How far two clocks may be apart before somebody should know.
const DRIFT_MS: i64 = 2000;

/// A database of ours: its setting, and its tables with a column of each.
struct Part {
    setting: &'static str,
    migrator: &'static Migrator,
    tables: &'static [(&'static str, &'static str)],
}

const INTERACTIONS: Part = Part {
    setting: "DATABASE_URL",
    migrator: &database::INTERACTIONS,
    tables: &[
        ("board", "fence"),
        ("orders", "revision"),
        ("contracts", "revision"),
        ("journal", "revision"),
        ("requests", "user_id"),
        ("notes", "revision"),
        ("audits", "revision"),
    ],
};

const USERS: Part = Part {
    setting: "USERS_DATABASE_URL",
    migrator: &database::USERS,
    tables: &[
        ("customers", "gain"),
        ("executors", "gain"),
        ("positions", "revision"),
        ("earnings", "gain"),
        ("accounts", "name"),
        ("passes", "id"),
    ],
};

pub async fn both(config: &Config) -> Findings {
    let mut findings = Findings::default();
    let (interactions, users) = (&config.database_url, &config.users_database_url);
    if interactions == users {
        findings.wrong("DATABASE_URL and USERS_DATABASE_URL name the same database");
        return findings;
    }
    let board = examine(&INTERACTIONS, interactions, &mut findings).await;
    let statistics = examine(&USERS, users, &mut findings).await;
    if let (Some(mut board), Some(mut statistics)) = (board, statistics) {
        match compare(&mut board, &mut statistics).await {
            Ok((head, counted)) if counted > head => findings.wrong(format!(
                "the statistics have counted up to revision {counted}, and the board is at {head}: \
                 one of the two was restored; run `orderboard restored`"
            )),
            Ok((head, counted)) => findings.well(format!(
                "the board is at revision {head}, and the statistics have counted up to {counted}"
            )),
            Err(error) => findings.wrong(format!("the board's position cannot be read: {error}")),
        }
    }
    findings
}

/// Says what is found of one of the two; a session on it, if it is migrated.
async fn examine(part: &Part, url: &str, findings: &mut Findings) -> Option<MySqlConnection> {
    let setting = part.setting;
    let connected = timeout(PATIENCE, async { database::options(url)?.connect().await }).await;
    let mut connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            findings.wrong(format!("{setting}: {error}"));
            return None;
        }
        Err(_) => {
            findings.wrong(format!("{setting}: no answer in {PATIENCE:?}"));
            return None;
        }
    };
    let looked = timeout(4 * PATIENCE, look(part, &mut connection, findings)).await;
    match looked {
        Ok(Ok(true)) => Some(connection),
        Ok(Ok(false)) => None,
        Ok(Err(error)) => {
            findings.wrong(format!("{setting}: {error}"));
            None
        }
        Err(_) => {
            findings.wrong(format!("{setting}: it answers too slowly"));
            None
        }
    }
}

/// Whether it is migrated.
async fn look(
    part: &Part,
    connection: &mut MySqlConnection,
    findings: &mut Findings,
) -> Result<bool, sqlx::Error> {
    let setting = part.setting;
    let asked = Instant::now();
    let About { version, now, max_connections } = store::about(connection).await?;
    let trip = asked.elapsed();
    if is_new_enough(&version) {
        findings.well(format!(
            "{setting}: {version} answers, in {:.1} ms",
            1000.0 * trip.as_secs_f64()
        ));
    } else {
        findings.wrong(format!("{setting}: {version} is older than MariaDB 10.11 and MySQL 8"));
    }
    let ahead = (Utc::now() - trip / 2 - now).num_milliseconds();
    if ahead.abs() > DRIFT_MS {
        let way = if ahead > 0 { "ahead of" } else { "behind" };
        findings.wrong(format!(
            "{setting}: the clock here is {} ms {way} the database's; keep both by NTP",
            ahead.abs()
        ));
    }
    if max_connections < SESSIONS {
        findings.wrong(format!(
            "{setting}: max_connections is {max_connections}; each server may need {SESSIONS}"
        ));
    }
    let verdict = database::verdict(connection).await?;
    let told = verdict.warnings.iter().copied().chain(verdict.refused);
    let mut sound = true;
    for wrong in told {
        sound = false;
        findings.wrong(format!("{setting}: the database {wrong}").replace("the database C", "C"));
    }
    if sound {
        findings.well(format!("{setting}: what is committed there is kept"));
    }
    let applied = database::store::applied(connection).await?;
    let is_missing = |version| {
        applied.as_ref().is_none_or(|applied| applied.iter().all(|one| one.version != version))
    };
    let waiting = part.migrator.iter().filter(|known| is_missing(known.version)).count();
    let migrated = migrations(part, applied, waiting, findings);
    if migrated {
        let Denied { rows, tables } = store::denied(connection, part.tables).await?;
        if rows.is_empty() {
            findings.well(format!("{setting}: all that a server does is granted"));
        } else {
            findings.wrong(format!("{setting}: not granted: {}", rows.join(", ")));
        }
        let denied = format!("{setting}: not granted: {} on its tables", tables.join(", "));
        match (tables.is_empty(), waiting) {
            (true, _) => {}
            // Who only serves need not change tables.
            (false, 0) => findings.note(format!("{denied}; another user must migrate")),
            (false, _) => findings.wrong(denied),
        }
    }
    Ok(migrated)
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let needed = if version.contains("MariaDB") { (10, 11) } else { (8, 0) };
    number >= needed
}

fn migrations(
    part: &Part,
    applied: Option<Vec<Applied>>,
    waiting: usize,
    findings: &mut Findings,
) -> bool {
    let setting = part.setting;
    let Some(applied) = applied else {
        findings.note(format!("{setting}: no tables yet; `serve` or `migrate` makes them"));
        return false;
    };
    let known = |version| part.migrator.iter().find(move |known| known.version == version);
    let mut sound = true;
    for Applied { version, success, checksum } in &applied {
        let wrong = match known(*version) {
            None if *success && waiting == 0 => {
                findings.note(format!("{setting}: migration {version} is of a newer program"));
                continue;
            }
            None => "is of a newer program than this one",
            Some(_) if !success => "was begun and never ended",
            Some(known) if *known.checksum != **checksum => "is another one in this program",
            Some(_) => continue,
        };
        sound = false;
        findings.wrong(format!("{setting}: migration {version} {wrong}"));
    }
    match waiting {
        0 if sound => findings.well(format!("{setting}: its tables are up to date")),
        0 => {}
        count => {
            findings.note(format!("{setting}: {count} migrations wait for the next start"));
        }
    }
    sound
}

async fn compare(
    board: &mut MySqlConnection,
    statistics: &mut MySqlConnection,
) -> Result<(u64, u64), sqlx::Error> {
    // In this order: the head may only go on meanwhile.
    let counted = store::counted(statistics).await?;
    Ok((journal::head(board).await?.revision, counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_are_too_old_are_known() {
        for new in ["8.0.36", "8.4.1-log", "9.1.0", "10.11.6-MariaDB-0+deb12u1", "11.4.2-MariaDB"] {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["5.7.44", "10.6.18-MariaDB", "5.5.5-10.3.1-MariaDB", "?"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}

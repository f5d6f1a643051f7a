//! The audit that a running board makes of itself now and then: one server at a time, and all of them
//! show what it said. It reads beside the trade, from a connection of its own; on a large board it
//! comes so seldom that it is at work a twentieth of the time at most.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use sqlx::MySqlPool;
use tokio::time::MissedTickBehavior;

use super::{Progress, run, store};
use crate::config::Config;
use crate::database;
use crate::error::Fault;
use crate::logs::Trouble;
use crate::moment::Moment;

/// How often a server looks whether another one has made an audit, or it is time for one.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A board that was just started has other things to do.
const CALM: Duration = Duration::from_secs(60);
/// An audit pauses so many times as long as it took.
const PAUSE: u32 = 20;
/// Audits are never made.
pub const NEVER: u32 = u32::MAX;

/// What an audit said.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Books {
    /// The newest revision that it knew of.
    pub revision: u64,
    pub balanced: bool,
    pub took: Duration,
    pub finished: Moment,
    /// How long ago that was, by the database's clock.
    pub age: Duration,
}

impl Books {
    fn is_due(&self, every: Duration) -> bool {
        self.age >= every.max(self.took * PAUSE)
    }
}

/// What the last audit said, as this server knows it.
#[derive(Default)]
pub struct LastBooks(Mutex<Option<Books>>);

impl LastBooks {
    pub fn get(&self) -> Option<Books> {
        *self.0.lock().expect("nobody panics while holding it")
    }

    fn set(&self, books: Option<Books>) {
        *self.0.lock().expect("nobody panics while holding it") = books;
    }
}

/// Looks, and audits, for as long as the server runs.
pub async fn keep(config: &Config, pool: &MySqlPool, last: &LastBooks) {
    let every = Duration::from_secs(config.audit_every_seconds.into());
    let is_never = config.audit_every_seconds == NEVER;
    let calm_until = Instant::now() + every.min(CALM);
    let mut timer = tokio::time::interval(LOOK_EVERY.min(every));
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looking = Trouble::with("looking at what the last audit said");
    let mut auditing = Trouble::with("the regular audit");
    loop {
        timer.tick().await;
        let Some(books) = looking.note(store::find_books(pool).await) else { continue };
        last.set(books);
        let due = books.is_none_or(|books| books.is_due(every));
        if is_never || !due || Instant::now() < calm_until {
            continue;
        }
        if auditing.note(audit(config, every).await) == Some(true) {
            last.set(store::find_books(pool).await.unwrap_or(books));
        }
    }
}

/// Makes an audit and keeps what it said; not if another server does, or just did.
async fn audit(config: &Config, every: Duration) -> Result<bool, Fault> {
    let mut turn = database::options(&config.database_url)?.connect().await?;
    // Given back with the connection, whatever happens.
    if !store::take_turn(&mut turn).await? {
        return Ok(false);
    }
    if store::find_books(&mut turn).await?.is_some_and(|books| !books.is_due(every)) {
        return Ok(true);
    }
    let started = Instant::now();
    let (mut report, mut sink) = (Vec::new(), std::io::sink());
    let (interactions, users) = (&config.database_url, &config.users_database_url);
    let progress = Progress::new(&mut sink, false);
    let (revision, balanced) = run(interactions, users, &mut report, progress).await?;
    let took = started.elapsed();
    store::keep_books(&mut turn, revision, balanced, took).await?;
    if balanced {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(revision, took_ms, "the books balance");
    } else {
        let report = String::from_utf8_lossy(&report);
        let wrong = report.lines().filter(|line| !line.starts_with("ok "));
        tracing::error!(
            revision,
            "THE BOOKS DO NOT BALANCE: {}",
            wrong.collect::<Vec<_>>().join("; ")
        );
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_is_due_when_its_time_has_come_and_seldom_where_it_takes_long() {
        let check = |took_s, age_s, due| {
            let (took, age) = (Duration::from_secs(took_s), Duration::from_secs(age_s));
            let finished = Moment::now();
            let books = Books { revision: 7, balanced: true, took, finished, age };
            assert_eq!(books.is_due(Duration::from_secs(3600)), due, "{took_s} {age_s}");
        };
        check(1, 3599, false);
        check(1, 3600, true);
        check(600, 3600, false);
        check(600, 12_000, true);
    }
}

//! The follower itself: rounds that count what is new, one server at a time, and what to do when
//! the databases are away or the journal is another one than was counted.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{MySqlConnection, MySqlPool};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::chain::{Broken, Chain};
use super::deltas::Deltas;
use super::plan::plan;
use super::store::{self, CUSTOMERS, EXECUTORS, Position, Script};
use crate::database;
use crate::exchange::journal;

/// Runs of one round, and rows it changes; both bound the transaction.
const ROUND_RUNS: u64 = 1_000;
const ROUND_ROWS: usize = 20_000;
/// Runs of one read; each may hold some hundred KiB of text.
const PORTION: u32 = 100;
/// One read of the journal, within the 5 s for which the position's session may be silent.
const READ_LIMIT: Duration = Duration::from_secs(4);
const ROUND_LIMIT: Duration = Duration::from_secs(30);

/// Between rounds, so that one round counts what many batches did.
const COALESCE: Duration = Duration::from_millis(20);
/// While nothing new is known; also keeps the session alive.
const IDLE: Duration = Duration::from_secs(1);
const WHILE_ANOTHER_COUNTS: Duration = Duration::from_millis(100);
const WHILE_STOPPED: Duration = Duration::from_secs(3);
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// Counts what the journal says until `shutdown`, and never ends before. Spawned once per server:
/// the servers take turns by the lock on the position. `head` is the newest revision that this
/// server knows; `position` is told the newest one that any server has counted.
pub async fn follow(
    interactions: MySqlPool,
    users: MySqlConnectOptions,
    mut head: watch::Receiver<u64>,
    mut shutdown: watch::Receiver<bool>,
    position: watch::Sender<u64>,
) {
    let mut follower = Follower { interactions, users, connection: None, position };
    let mut health = Health::Counting;
    let work = async {
        loop {
            let outcome = match timeout(ROUND_LIMIT, follower.round()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Trouble::Slow),
            };
            match health.after(&outcome) {
                Some(pause) => sleep(pause).await,
                None => {
                    sleep(COALESCE).await;
                    let counted = *follower.position.borrow();
                    let news = timeout(IDLE, head.wait_for(|head| *head > counted)).await;
                    let nobody_left = matches!(news, Ok(Err(_)));
                    drop(news);
                    if nobody_left {
                        sleep(IDLE).await;
                    }
                }
            }
        }
    };
    // A round that is dropped half-way takes its session along, and so leaves nothing behind.
    tokio::select! {
        () = work => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}

/// What a round came to.
#[derive(PartialEq, Debug)]
enum Round {
    /// Everything that was there is counted, or as much as a round may.
    Counted,
    AnotherCounts,
    Stopped(Broken),
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the database users: {0}")]
    Users(#[source] sqlx::Error),
    #[error("the database interactions: {0}")]
    Interactions(#[source] sqlx::Error),
    #[error("a round took too long")]
    Slow,
}

struct Follower {
    interactions: MySqlPool,
    users: MySqlConnectOptions,
    /// Kept only between rounds that went well.
    connection: Option<MySqlConnection>,
    position: watch::Sender<u64>,
}

impl Follower {
    async fn round(&mut self) -> Result<Round, Trouble> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => database::connect_writer(&self.users).await.map_err(Trouble::Users)?,
        };
        let round = match store::try_lock(&mut connection).await.map_err(Trouble::Users)? {
            Some(position) => self.count(&mut connection, position).await?,
            None => {
                let counted = store::find_revision(&mut connection).await;
                self.tell(counted.map_err(Trouble::Users)?);
                Round::AnotherCounts
            }
        };
        // While stopped there are no rounds to keep the session alive.
        if !matches!(round, Round::Stopped(_)) {
            self.connection = Some(connection);
        }
        Ok(round)
    }

    /// Counts what is new, under the position's lock.
    async fn count(
        &self,
        connection: &mut MySqlConnection,
        position: Position,
    ) -> Result<Round, Trouble> {
        let before = position.chain;
        let (chain, deltas) = match self.read(before).await? {
            Ok(read) => read,
            Err(broken) => return Ok(Round::Stopped(broken)),
        };
        let written = if chain == before {
            store::end(connection).await
        } else {
            write(connection, &position, chain, &deltas).await
        };
        match written {
            Ok(()) => {
                self.tell(chain.revision);
                Ok(Round::Counted)
            }
            Err(error) if contradicts(&error) => {
                Ok(Round::Stopped(Broken::Contradicted { counted: before.revision }))
            }
            Err(error) => Err(Trouble::Users(error)),
        }
    }

    /// What the journal has after `before`. The head is read first: what it names must be there.
    async fn read(&self, before: Chain) -> Result<Result<(Chain, Deltas), Broken>, Trouble> {
        let head = in_time(journal::head(&self.interactions)).await?;
        if let Err(broken) = before.check_head(head.revision, head.batch) {
            return Ok(Err(broken));
        }
        let (mut chain, mut deltas) = (before, Deltas::default());
        while chain.revision - before.revision < ROUND_RUNS && deltas.len() < ROUND_ROWS {
            let list = journal::list_after(&self.interactions, chain.revision, PORTION);
            let runs = in_time(list).await?;
            let sound = runs.iter().try_for_each(|run| chain.advance(run));
            if let Err(broken) = sound.and_then(|()| deltas.add(&runs)) {
                return Ok(Err(broken));
            }
            if runs.len() < PORTION as usize {
                if chain.revision < head.revision {
                    return Ok(Err(Broken::Gap { missing: chain.revision + 1 }));
                }
                break;
            }
        }
        Ok(Ok((chain, deltas)))
    }

    fn tell(&self, counted: u64) {
        self.position.send_if_modified(|told| std::mem::replace(told, counted) != counted);
    }
}

async fn write(
    connection: &mut MySqlConnection,
    position: &Position,
    chain: Chain,
    deltas: &Deltas,
) -> Result<(), sqlx::Error> {
    let customers = store::list_ids(connection, &CUSTOMERS, &deltas.customers).await?;
    let executors = store::list_ids(connection, &EXECUTORS, &deltas.executors).await?;
    let customers = plan(&deltas.customers, &customers, position.customers);
    let executors = plan(&deltas.executors, &executors, position.executors);
    let after = Position { chain, customers: customers.persons, executors: executors.persons };
    let mut script = Script::new(connection);
    script.count(&CUSTOMERS, &customers).await?;
    script.count(&EXECUTORS, &executors).await?;
    script.add_earnings(&deltas.earnings).await?;
    script.commit(&after).await
}

async fn in_time<T>(read: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Trouble> {
    timeout(READ_LIMIT, read).await.map_err(|_| Trouble::Slow)?.map_err(Trouble::Interactions)
}

/// An ordinal that is taken already: the position counts fewer persons than there are.
fn contradicts(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// How counting goes, so that each trouble is logged once when it begins and once when it is over.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Health {
    Counting,
    Failing { retry: Duration },
    Stopped,
}

impl Health {
    /// Takes note of a round; how long to wait before the next one, or `None` until there is news.
    fn after(&mut self, outcome: &Result<Round, Trouble>) -> Option<Duration> {
        match outcome {
            Ok(Round::Counted) => {
                match self {
                    Health::Counting => {}
                    Health::Failing { .. } => tracing::info!("statistics are counted again"),
                    Health::Stopped => tracing::info!("statistics were mended and go on"),
                }
                *self = Health::Counting;
                None
            }
            Ok(Round::AnotherCounts) => Some(WHILE_ANOTHER_COUNTS),
            Ok(Round::Stopped(broken)) => {
                if *self != Health::Stopped {
                    tracing::error!("statistics have stopped: {broken}; run `orderboard rebuild`");
                }
                *self = Health::Stopped;
                Some(WHILE_STOPPED)
            }
            Err(trouble) => {
                let pause = match self {
                    Health::Failing { retry } => *retry,
                    Health::Counting | Health::Stopped => {
                        tracing::warn!(%trouble, "statistics cannot be counted for now");
                        FIRST_RETRY
                    }
                };
                *self = Health::Failing { retry: LAST_RETRY.min(pause * 2) };
                Some(pause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_slow_down_until_counting_works_again() {
        let mut health = Health::Counting;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pauses.extend(health.after(&Err(Trouble::Slow)).map(|pause| pause.as_millis()));
        }
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(health.after(&Ok(Round::Counted)), None);
        assert_eq!(health, Health::Counting);
    }

    #[test]
    fn stopped_statistics_stay_so_until_something_is_counted() {
        let mut health = Health::Counting;
        let stopped = Ok(Round::Stopped(Broken::Gap { missing: 7 }));
        assert_eq!(health.after(&stopped), Some(WHILE_STOPPED));
        assert_eq!(health.after(&Ok(Round::AnotherCounts)), Some(WHILE_ANOTHER_COUNTS));
        assert_eq!(health, Health::Stopped);
        health.after(&Ok(Round::Counted));
        assert_eq!(health, Health::Counting);
    }
}

//! One round of the follower: take the position, read what the journal has after it, write what that
//! adds and the new position, commit. One server at a time.

use std::time::Duration;

use sqlx::{Connection, MySqlConnection, MySqlPool};
use tokio::sync::watch;
use tokio::time::timeout;

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

/// What a round came to.
#[derive(PartialEq, Debug)]
pub enum Round {
    /// Everything that is there is counted.
    Counted,
    /// As much is counted as a round may, and there is more.
    Behind,
    AnotherCounts,
    Stopped(Broken),
}

#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("the database users: {0}")]
    Users(#[source] sqlx::Error),
    #[error("the database interactions: {0}")]
    Interactions(#[source] sqlx::Error),
    #[error("the databases did not answer in time")]
    Slow,
}

/// One server's follower.
pub struct Follower {
    interactions: MySqlPool,
    users: database::Address,
    /// Kept only between rounds that went well.
    connection: Option<MySqlConnection>,
    position: watch::Sender<u64>,
}

impl Follower {
    pub fn new(
        interactions: MySqlPool,
        users: database::Address,
        position: watch::Sender<u64>,
    ) -> Follower {
        Follower { interactions, users, connection: None, position }
    }

    /// The newest revision known to be counted.
    pub fn counted(&self) -> u64 {
        *self.position.borrow()
    }

    pub async fn round(&mut self) -> Result<Round, Trouble> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => database::connect_writer(&self.users).await.map_err(Trouble::Users)?,
        };
        let round = match store::try_lock(&mut connection).await.map_err(Trouble::Users)? {
            Some(position) => self.count(&mut connection, position).await?,
            None => match store::find_revision(&mut connection).await.map_err(Trouble::Users)? {
                Some(counted) => {
                    self.tell(counted);
                    Round::AnotherCounts
                }
                None => Round::Stopped(Broken::Unplaced),
            },
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
        let (chain, deltas, head) = match self.read(before, connection).await? {
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
                Ok(if chain.revision < head { Round::Behind } else { Round::Counted })
            }
            Err(error) if contradicts(&error) => {
                Ok(Round::Stopped(Broken::Contradicted { counted: before.revision }))
            }
            Err(error) => Err(Trouble::Users(error)),
        }
    }

    /// Reads on in one session with the journal. A server that takes no writes was replaced, and tells
    /// of the past, which is no reason to stop.
    async fn read(
        &self,
        before: Chain,
        connection: &mut MySqlConnection,
    ) -> Result<Result<(Chain, Deltas, u64), Broken>, Trouble> {
        let mut reader = in_time(self.interactions.acquire()).await?;
        let read = read_with(&mut reader, before, connection).await?;
        if read.is_err() {
            in_time(database::assert_takes_writes(&mut reader)).await?;
        }
        Ok(read)
    }

    fn tell(&self, counted: u64) {
        self.position.send_if_modified(|told| std::mem::replace(told, counted) != counted);
    }
}

/// What the journal has after `before`, and the head's revision. The head is read first: what it
/// names must be there.
async fn read_with(
    reader: &mut MySqlConnection,
    before: Chain,
    connection: &mut MySqlConnection,
) -> Result<Result<(Chain, Deltas, u64), Broken>, Trouble> {
    let head = in_time(journal::head(&mut *reader)).await?;
    if let Err(broken) = before.check_head(head.revision, head.batch) {
        return Ok(Err(broken));
    }
    // Its session holds the position's lock, and may not be silent for 5 s.
    connection.ping().await.map_err(Trouble::Users)?;
    let (mut chain, mut deltas) = (before, Deltas::default());
    while chain.revision - before.revision < ROUND_RUNS && deltas.len() < ROUND_ROWS {
        let list = journal::list_after(&mut *reader, chain.revision, PORTION);
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
        connection.ping().await.map_err(Trouble::Users)?;
    }
    Ok(Ok((chain, deltas, head.revision)))
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

//! The follower: brings every committed run, in order and without a gap, to the board and the hub
//! of this server. Runs come from our own writer and from the bell; whatever is missing is read
//! from the journal, and once a second the head is looked at anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{MySql, MySqlConnection, MySqlPool};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::bell::{Bell, Heard};
use super::hub::Hub;
use super::measures::Way;
use crate::board;
use crate::board::index::{Board, Counts};
use crate::database::{self, Address, bounded};
use crate::exchange::event::{Event, Run};
use crate::exchange::journal::{self, Position};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const READ_LIMIT: Duration = Duration::from_secs(5);
/// Runs read from the journal at once.
const CHUNK: u32 = 200;
/// Runs put back into the ring at start.
const REFILL: u64 = 500;

pub struct Follower {
    pub board: Arc<Board>,
    pub hub: Arc<Hub>,
    pub address: Address,
    /// Of those who read there.
    pub pool: MySqlPool,
    pub bell: Bell,
    pub redis_url: Option<String>,
    pub committed: mpsc::Receiver<Arc<Run>>,
    /// Whether the database answered when last asked.
    pub database_up: Arc<AtomicBool>,
    /// History was replaced, and this server has yet to follow.
    pub is_starting_over: bool,
}

/// The journal does not go on from where we are: history was replaced.
struct Replaced;

impl Follower {
    /// Follows until the writer is gone; or ends with the reason why it never can again, which is that
    /// the journal says what this version does not understand.
    pub async fn run(mut self) -> Result<(), sqlx::Error> {
        let mut timer = tokio::time::interval(LOOK_EVERY);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let result = tokio::select! {
                run = self.committed.recv() => match run {
                    Some(run) => {
                        self.bell.ring(&run);
                        self.offer(run, Way::Writer).await
                    }
                    None => return Ok(()),
                },
                heard = self.bell.hear() => match heard {
                    Heard::Run(run) => self.offer(Arc::new(*run), Way::Bell).await,
                    Heard::Look => self.look().await,
                },
                _ = timer.tick() => self.look().await,
            };
            if let Err(error) = &result
                && journal::is_not_understood(error)
            {
                return result;
            }
            let up = result.is_ok();
            if self.database_up.swap(up, Ordering::Relaxed) != up {
                match result {
                    Ok(()) => tracing::info!("the board follows the journal again"),
                    Err(error) => tracing::error!(%error, "the board cannot follow the journal"),
                }
            }
        }
    }

    /// Takes a run from whoever brings it.
    async fn offer(&mut self, run: Arc<Run>, way: Way) -> Result<(), sqlx::Error> {
        let here = self.board.position();
        match follows(&here, &run) {
            Some(Ok(())) => {
                self.apply(run, way);
                Ok(())
            }
            // Old news.
            None if run.revision < here.revision || run.batch == here.batch => Ok(()),
            None | Some(Err(Replaced)) => self.look().await,
        }
    }

    /// Looks at the head, and catches up or starts over. What seems replaced may be the server alone
    /// that this session leads to: whoever is found there now is asked, too.
    async fn look(&mut self) -> Result<(), sqlx::Error> {
        let mut reader = bounded(READ_LIMIT, self.pool.acquire()).await?;
        if self.catch_up(&mut reader).await?.is_err() {
            drop(reader);
            self.address.note_handover();
            reader = bounded(READ_LIMIT, self.pool.acquire()).await?;
            if self.catch_up(&mut reader).await?.is_err() {
                return self.start_over(reader).await;
            }
        }
        self.is_starting_over = false;
        Ok(())
    }

    async fn catch_up(
        &self,
        reader: &mut MySqlConnection,
    ) -> Result<Result<(), Replaced>, sqlx::Error> {
        let head = bounded(READ_LIMIT, journal::head(&mut *reader)).await?;
        self.hub.measures.note_journal(head.revision);
        let here = self.board.position();
        let replaced = head.history != here.history
            || head.revision < here.revision
            || (head.revision == here.revision && head.batch != here.batch);
        if replaced {
            return Ok(Err(Replaced));
        }
        if here.revision < head.revision {
            self.hub.measures.gaps.inc();
        }
        while self.board.position().revision < head.revision {
            let from = self.board.position().revision;
            let list = journal::list_after(&mut *reader, from, CHUNK);
            let runs = bounded(READ_LIMIT, list).await?;
            if runs.is_empty() {
                return Ok(Err(Replaced));
            }
            for run in runs {
                match follows(&self.board.position(), &run) {
                    Some(Ok(())) => self.apply(Arc::new(run), Way::Journal),
                    _ => return Ok(Err(Replaced)),
                }
            }
        }
        Ok(Ok(()))
    }

    fn apply(&self, run: Arc<Run>, way: Way) {
        self.hub.measures.note_run(&run, way);
        let counts = self.board.apply(&run);
        self.hub.publish(run, counts);
    }

    async fn start_over(&mut self, mut reader: PoolConnection<MySql>) -> Result<(), sqlx::Error> {
        // A server that was replaced tells of the past, and is left as soon as the writer knows.
        bounded(READ_LIMIT, database::assert_takes_writes(&mut reader)).await?;
        let here = self.board.position();
        if !std::mem::replace(&mut self.is_starting_over, true) {
            let revision = here.revision;
            tracing::error!(revision, "history was replaced: starting over from the database");
        }
        // It bounds itself, by portions: a big board takes longer than anything else is given.
        let state = board::store::load(&mut reader).await?;
        let position = state.position().clone();
        if position.history != here.history {
            let url = self.redis_url.as_deref();
            // Its channel is named after the history, so that two of them never mix.
            match Bell::start(url, &position.history, &self.hub) {
                Ok(bell) => self.bell = bell,
                Err(error) => tracing::error!(%error, "the bell cannot be started"),
            }
        }
        self.board.replace(state);
        self.hub.reset(&position);
        self.is_starting_over = false;
        tracing::info!(revision = position.revision, "started over");
        Ok(())
    }
}

/// Whether `run` is the next one: `None` when its revision is not.
fn follows(here: &Position, run: &Run) -> Option<Result<(), Replaced>> {
    if run.revision != here.revision + 1 {
        return None;
    }
    Some(if run.previous == here.batch { Ok(()) } else { Err(Replaced) })
}

/// The runs before `counts`, oldest first, each with the board's counts right after it.
pub async fn recent(
    pool: &MySqlPool,
    counts: Counts,
) -> Result<Vec<(Arc<Run>, Counts)>, sqlx::Error> {
    let from = counts.revision.saturating_sub(REFILL);
    let mut runs = journal::list_after(pool, from, REFILL as u32).await?;
    runs.retain(|run| run.revision <= counts.revision);
    let mut counts = counts;
    let mut recent = Vec::with_capacity(runs.len());
    for run in runs.into_iter().rev() {
        let before = run.events.iter().rev().fold(counts, undo);
        counts.revision = run.revision;
        recent.push((Arc::new(run), counts));
        counts = before;
    }
    recent.reverse();
    Ok(recent)
}

fn undo(counts: Counts, event: &Event) -> Counts {
    match event {
        Event::OrderPlaced { .. } | Event::OrderReturned { .. } => Counts {
            open_orders: counts.open_orders.saturating_sub(1),
            orders: counts.orders.saturating_sub(1),
            ..counts
        },
        Event::OrderAccepted { .. } => Counts {
            open_orders: counts.open_orders + 1,
            contracts: counts.contracts.saturating_sub(1),
            ..counts
        },
        Event::OrderWithdrawn { .. } | Event::OrderExpired { .. } | Event::OrderRemoved { .. } => {
            Counts { open_orders: counts.open_orders + 1, ..counts }
        }
        Event::OrderEdited { .. }
        | Event::ContractDelivered { .. }
        | Event::ContractCompleted { .. }
        | Event::ContractGivenUp { .. }
        | Event::ContractDisputed { .. }
        | Event::ContractRuled { .. }
        | Event::NoteWritten { .. } => counts,
    }
}

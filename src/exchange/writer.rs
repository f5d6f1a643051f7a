//! The writer: drains what waits, locks the head, loads, applies, writes, commits, answers. It owns
//! one connection and never leaves a caller without a truthful answer.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::{Connection, MySqlConnection};
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::attempt::{Applied, BATCH_BYTES, Failure, Keys, attempt, classify, step};
use super::event::Run;
use super::measures::Measures;
use super::pace::{MOST, Pace};
use super::{Submission, store};
use crate::database;
use crate::error::{Fault, Refused};
use crate::logs::Trouble;

/// An idle session is dropped by the database after 5 s (see `database::WRITER_SESSION`).
const PING_EVERY: Duration = Duration::from_secs(2);
/// A ping waits for no lock: whoever does not answer it soon is gone.
const PING_LIMIT: Duration = Duration::from_secs(1);
/// Connecting waits for no lock, either.
const REACH: Duration = Duration::from_secs(3);
/// For so long after a known key came again, keys are looked up: whoever repeats requests would
/// otherwise have each batch done twice.
const CAREFUL: Duration = Duration::from_secs(1);
/// Attempts at one batch before its callers are told that the database is unavailable.
const ATTEMPTS: u32 = 6;

pub(super) fn spawn(
    address: database::Address,
    queue: mpsc::Receiver<Submission>,
    committed: mpsc::Sender<Arc<Run>>,
    measures: Measures,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
        let writer = Writer {
            address,
            connection: None,
            began: Instant::now(),
            queue,
            committed,
            pace: Pace::default(),
            measures,
            careful_until: None,
            down: false,
            trouble: Trouble::with("writing batches"),
        };
        let run = std::panic::AssertUnwindSafe(|| runtime.block_on(writer.run()));
        if std::panic::catch_unwind(run).is_err() {
            // A broken invariant: a wrong board is worse than a restart.
            tracing::error!("the writer broke an invariant; stopping");
            std::process::abort();
        }
    })
}

struct Writer {
    address: database::Address,
    connection: Option<MySqlConnection>,
    /// When it last connected.
    began: Instant,
    queue: mpsc::Receiver<Submission>,
    committed: mpsc::Sender<Arc<Run>>,
    pace: Pace,
    measures: Measures,
    careful_until: Option<Instant>,
    /// The database did not work when last asked: nobody waits long to hear that again.
    down: bool,
    trouble: Trouble,
}

impl Writer {
    async fn run(mut self) {
        let mut waiting = Vec::with_capacity(MOST);
        loop {
            if waiting.is_empty() {
                match timeout(PING_EVERY, self.queue.recv_many(&mut waiting, MOST)).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(_) => {
                        self.ping().await;
                        continue;
                    }
                }
            }
            self.fill(&mut waiting);
            waiting.retain(|submission| !submission.answer.is_closed());
            let now = Instant::now();
            let late = waiting.extract_if(.., |submission| submission.deadline <= now);
            refuse(late, || Fault::Unavailable("its turn did not come in time".to_owned()));
            let batch = take_batch(&mut waiting, self.pace.limit());
            let (answered, started) = (batch.len(), Instant::now());
            self.settle(batch).await;
            let took = started.elapsed();
            self.pace.note(answered, took);
            if answered > 0 {
                self.measures.note_batch(answered, took);
            }
        }
        if let Some(connection) = self.connection.take() {
            let _ = step(connection.close()).await;
        }
    }

    /// Takes what waits, and lingers for as many as were just answered. This thread has nothing
    /// else to do; it gives way to those that have, since timers are too coarse for so short a time.
    fn fill(&mut self, waiting: &mut Vec<Submission>) {
        let started = Instant::now();
        let (expected, linger) = (self.pace.expected(), self.pace.linger());
        loop {
            while waiting.len() < MOST
                && let Ok(submission) = self.queue.try_recv()
            {
                waiting.push(submission);
            }
            if waiting.len() >= expected || started.elapsed() >= linger {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Keeps the session alive and on a server that takes writes, so that readers, too, learn of
    /// another one where nobody writes.
    async fn ping(&mut self) {
        let is_well = match &mut self.connection {
            Some(connection) if self.address.is_current(self.began) => {
                let asserted = database::assert_takes_writes(connection);
                matches!(timeout(PING_LIMIT, asserted).await, Ok(Ok(())))
            }
            _ => false,
        };
        if !is_well {
            self.connection = None;
            self.connection = self.reach().await.ok();
        }
    }

    /// Brings one batch to its end: every submission gets its answer.
    async fn settle(&mut self, batch: Vec<Submission>) {
        let mut groups = vec![(batch, self.keys())];
        while let Some((mut group, mut keys)) = groups.pop() {
            let mut tries = 0;
            while !group.is_empty() {
                tries += 1;
                match self.attempt(&mut group, keys).await {
                    // The rest did not fit: it is the next batch.
                    Ok(()) => {
                        tries = 0;
                        self.down = false;
                        self.trouble.note(Ok::<(), &str>(()));
                    }
                    Err(Failure::Repeated) => {
                        self.careful_until = Some(Instant::now() + CAREFUL);
                        keys = Keys::LookedUp;
                    }
                    Err(Failure::Data(error)) if group.len() > 1 => {
                        tracing::warn!(%error, commands = group.len(), "splitting a batch");
                        // Arrival order is kept: the first half is taken up first.
                        groups.push((group.split_off(group.len() / 2), keys));
                        groups.push((std::mem::take(&mut group), keys));
                    }
                    Err(Failure::Data(error)) => {
                        let fault = || Fault::Internal(format!("refused as data: {error}"));
                        refuse(group.drain(..), fault);
                    }
                    Err(Failure::Unavailable(error)) => {
                        self.trouble.note(Err::<(), _>(&error));
                        refuse(group.drain(..), || Fault::Unavailable(error.to_string()));
                    }
                    Err(Failure::CommitLost(error, applied)) => {
                        // Whatever the look-up sees: nothing is done twice.
                        keys = Keys::LookedUp;
                        self.look_up(&mut group, applied, &error).await;
                        self.go_on(&mut group, tries, &error).await;
                    }
                    Err(Failure::Transient(error)) => {
                        self.go_on(&mut group, tries, &error).await;
                    }
                    Err(Failure::Lost(error) | Failure::Elsewhere(error)) => {
                        self.go_on(&mut group, tries, &error).await;
                        self.down = group.is_empty();
                    }
                }
            }
        }
    }

    /// Lets a group of which nothing was done wait for its next attempt, or for none.
    async fn go_on(&mut self, group: &mut Vec<Submission>, tries: u32, error: &sqlx::Error) {
        if group.is_empty() {
            return;
        }
        self.trouble.note(Err::<(), _>(error));
        let now = Instant::now();
        let late = group.iter().all(|submission| submission.deadline <= now);
        if late || self.down || tries >= ATTEMPTS {
            return refuse(group.drain(..), || Fault::Unavailable(error.to_string()));
        }
        tracing::debug!(%error, tries, "trying a batch again");
        let base_ms = 10u64 << tries;
        tokio::time::sleep(Duration::from_millis(base_ms + fastrand::u64(0..base_ms))).await;
    }

    /// How the keys of the next batch are treated.
    fn keys(&self) -> Keys {
        match self.careful_until {
            Some(until) if Instant::now() < until => Keys::LookedUp,
            _ => Keys::TakenForNew,
        }
    }

    /// One attempt, under a fresh uuid. On success those who fit have been answered and left the
    /// group.
    async fn attempt(&mut self, group: &mut Vec<Submission>, keys: Keys) -> Result<(), Failure> {
        let id = Uuid::new_v4();
        let mut connection = match self.connection.take() {
            Some(connection) if self.address.is_current(self.began) => connection,
            _ => self.reach().await.map_err(lost)?,
        };
        let applied = attempt(&mut connection, group, id, keys).await;
        self.connection = Some(connection);
        match applied {
            Ok(applied) => {
                applied.commit_took.iter().for_each(|took| self.measures.note_commit(*took));
                self.answer_and_publish(group, applied);
                Ok(())
            }
            Err(failure) => {
                match &failure {
                    Failure::Lost(_) | Failure::CommitLost(..) | Failure::Elsewhere(_) => {
                        self.connection = None;
                    }
                    _ => self.roll_back().await,
                }
                Err(failure)
            }
        }
    }

    async fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection
            && step(store::roll_back(connection)).await.is_err()
        {
            self.connection = None;
        }
    }

    /// Finds out whether a batch whose COMMIT lost its answer was done, for as long as its callers
    /// wait. Those it can answer leave the group; the others are to be tried again.
    async fn look_up(&mut self, group: &mut Vec<Submission>, applied: Applied, lost: &sqlx::Error) {
        // Without a run it changed nothing: doing it again is harmless.
        let Some(id) = applied.run.as_ref().map(|run| run.batch) else { return };
        tracing::warn!(error = %lost, batch = %id, "the answer to a commit was lost; looking it up");
        let deadline = group.iter().map(|submission| submission.deadline).max();
        while Some(Instant::now()) < deadline {
            match self.is_committed(id).await {
                Ok(true) => {
                    tracing::info!(batch = %id, "it was committed");
                    return self.answer_and_publish(group, applied);
                }
                Ok(false) => return tracing::info!(batch = %id, "it was not committed"),
                Err(error) => tracing::debug!(%error, "still unknown; looking again"),
            }
            tokio::time::sleep(Duration::from_millis(100 + fastrand::u64(0..100))).await;
        }
        tracing::warn!(batch = %id, "nobody knows in time whether it was committed");
        let unknown = group.drain(..applied.answers.len());
        refuse(unknown, || Fault::OutcomeUnknown(lost.to_string()));
    }

    async fn is_committed(&mut self, id: Uuid) -> Result<bool, sqlx::Error> {
        self.connection = None;
        let mut connection = self.reach().await?;
        let found = step(store::is_committed(&mut connection, id)).await?;
        self.connection = Some(connection);
        self.down = false;
        Ok(found)
    }

    /// A session that asserts what it needs, or soon the news that there is none.
    async fn reach(&mut self) -> Result<MySqlConnection, sqlx::Error> {
        let connecting = database::connect_writer(&self.address);
        let timed_out = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        let connection = timeout(REACH, connecting).await.unwrap_or_else(timed_out)?;
        self.began = Instant::now();
        Ok(connection)
    }

    fn answer_and_publish(&self, group: &mut Vec<Submission>, applied: Applied) {
        let answered = group.drain(..applied.answers.len());
        for (submission, answer) in answered.zip(applied.answers) {
            let _ = submission.answer.send(answer.map_err(Refused::from));
        }
        if let Some(run) = applied.run {
            // Never waited for: a follower that is behind reads the journal.
            let _ = self.committed.try_send(Arc::new(run));
        }
    }
}

/// The first commands that fit in a batch by count and size; the rest keep waiting.
fn take_batch(waiting: &mut Vec<Submission>, limit: usize) -> Vec<Submission> {
    let mut bytes = 0;
    let fits = waiting.iter().take(limit).take_while(|submission| {
        bytes += submission.command.size();
        bytes <= BATCH_BYTES
    });
    let count = fits.count().max(1).min(waiting.len());
    waiting.drain(..count).collect()
}

fn refuse(submissions: impl Iterator<Item = Submission>, fault: impl Fn() -> Fault) {
    for submission in submissions {
        let _ = submission.answer.send(Err(fault().into()));
    }
}

/// Why no session could be had; nothing was done.
fn lost(error: sqlx::Error) -> Failure {
    match classify(error) {
        Failure::Data(error) | Failure::Transient(error) => Failure::Lost(error),
        failure => failure,
    }
}

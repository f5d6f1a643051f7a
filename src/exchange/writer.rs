//! The writer: drains what waits, locks the head, loads, applies, writes, commits, answers. It owns
//! one connection and never leaves a caller without a truthful answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sqlx::{Connection, MySqlConnection};
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::batch::Batch;
use super::event::Run;
use super::request::{Receipt, RequestId, StoredDone};
use super::{Submission, store};
use crate::database;
use crate::error::{Fault, Refusal, Refused};

/// Commands in a batch: beyond 256 nothing gets faster, and the lock is held longer.
const BATCH_COMMANDS: usize = 256;
/// Bytes of descriptions in a batch; as hex, twice in the journal and the rows, that is about 1 MiB.
const BATCH_BYTES: usize = 192 * 1024;
/// One message to the database; a lock wait alone may take 10 s.
const STEP: Duration = Duration::from_secs(12);
/// An idle session is dropped by the database after 5 s (see `database::WRITER_SESSION`).
const PING_EVERY: Duration = Duration::from_secs(2);
/// A ping waits for no lock: whoever does not answer it soon is gone.
const PING_LIMIT: Duration = Duration::from_secs(1);
/// Those who were just answered often ask again at once. For them the next batch waits a small part
/// of the time that the last one took, and never longer than this: fuller batches are worth more.
const LINGER: Duration = Duration::from_micros(500);
const LINGER_PART: u32 = 8;
/// Attempts at one batch before its callers are told that the database is unavailable.
const ATTEMPTS: u32 = 6;

pub(super) fn spawn(
    options: MySqlConnectOptions,
    queue: mpsc::Receiver<Submission>,
    committed: mpsc::Sender<Arc<Run>>,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
        let last = LastBatch { answered: 0, took: Duration::ZERO };
        let writer = Writer { options, connection: None, queue, committed, last };
        let run = std::panic::AssertUnwindSafe(|| runtime.block_on(writer.run()));
        if std::panic::catch_unwind(run).is_err() {
            // A broken invariant: a wrong board is worse than a restart.
            tracing::error!("the writer broke an invariant; stopping");
            std::process::abort();
        }
    })
}

struct Writer {
    options: MySqlConnectOptions,
    connection: Option<MySqlConnection>,
    queue: mpsc::Receiver<Submission>,
    committed: mpsc::Sender<Arc<Run>>,
    last: LastBatch,
}

/// What the last batch was like, to guess the next one by.
struct LastBatch {
    answered: usize,
    took: Duration,
}

type Answer = Result<Receipt, Refusal>;

/// A batch that was applied: answers to its first submissions, as many as fit, and its run if it
/// takes one.
struct Applied {
    answers: Vec<Answer>,
    run: Option<Run>,
}

enum Failure {
    /// The whole batch may be tried again after a ROLLBACK.
    Transient(sqlx::Error),
    /// The connection is gone before COMMIT was sent: nothing was done.
    Lost(sqlx::Error),
    /// The connection is gone after COMMIT was sent: it may yet be done.
    CommitLost(sqlx::Error, Applied),
    /// The database refuses these very values.
    Data(sqlx::Error),
    /// The database refuses to work: disk full, read-only, no access.
    Unavailable(sqlx::Error),
}

impl Writer {
    async fn run(mut self) {
        let mut waiting = Vec::with_capacity(BATCH_COMMANDS);
        loop {
            if waiting.is_empty() {
                match timeout(PING_EVERY, self.queue.recv_many(&mut waiting, BATCH_COMMANDS)).await
                {
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
            let batch = take_batch(&mut waiting);
            let (answered, started) = (batch.len(), Instant::now());
            self.settle(batch).await;
            self.last = LastBatch { answered, took: started.elapsed() };
        }
        if let Some(connection) = self.connection.take() {
            let _ = timeout(STEP, connection.close()).await;
        }
    }

    /// Takes what waits, and lingers for as many as were just answered. This thread has nothing
    /// else to do; it gives way to those that have, since timers are too coarse for so short a time.
    fn fill(&mut self, waiting: &mut Vec<Submission>) {
        let started = Instant::now();
        let linger = (self.last.took / LINGER_PART).min(LINGER);
        let expected = self.last.answered.min(BATCH_COMMANDS);
        loop {
            while waiting.len() < BATCH_COMMANDS
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

    async fn ping(&mut self) {
        if let Some(connection) = &mut self.connection
            && !matches!(timeout(PING_LIMIT, connection.ping()).await, Ok(Ok(())))
        {
            self.connection = None;
        }
    }

    /// Brings one batch to its end: every submission gets its answer.
    async fn settle(&mut self, batch: Vec<Submission>) {
        let mut groups = vec![batch];
        while let Some(mut group) = groups.pop() {
            let mut attempt = 0;
            while !group.is_empty() {
                attempt += 1;
                match self.attempt(&mut group).await {
                    // The rest did not fit: it is the next batch.
                    Ok(()) => attempt = 0,
                    Err(Failure::Data(error)) if group.len() > 1 => {
                        tracing::warn!(%error, commands = group.len(), "splitting a batch");
                        // Arrival order is kept: the first half is taken up first.
                        groups.push(group.split_off(group.len() / 2));
                        groups.push(std::mem::take(&mut group));
                    }
                    Err(Failure::Data(error)) => {
                        let fault = || Fault::Internal(format!("refused as data: {error}"));
                        refuse(group.drain(..), fault);
                    }
                    Err(Failure::Unavailable(error)) => {
                        refuse(group.drain(..), || Fault::Unavailable(error.to_string()));
                    }
                    // It changed nothing, but is lost time and again.
                    Err(Failure::CommitLost(error, applied))
                        if applied.run.is_none() && attempt >= ATTEMPTS =>
                    {
                        refuse(group.drain(..), || Fault::OutcomeUnknown(error.to_string()));
                    }
                    Err(Failure::CommitLost(error, applied)) => {
                        self.look_up(&mut group, applied, &error).await;
                    }
                    Err(Failure::Transient(error) | Failure::Lost(error)) => {
                        let now = Instant::now();
                        let late = group.iter().all(|submission| submission.deadline <= now);
                        if attempt >= ATTEMPTS || late {
                            refuse(group.drain(..), || Fault::Unavailable(error.to_string()));
                            continue;
                        }
                        tracing::warn!(%error, attempt, "trying a batch again");
                        let base_ms = 10u64 << attempt;
                        let jitter = Duration::from_millis(base_ms + fastrand::u64(0..base_ms));
                        tokio::time::sleep(jitter).await;
                    }
                }
            }
        }
    }

    /// One attempt, under a fresh uuid. On success those who fit have been answered and left the
    /// group.
    async fn attempt(&mut self, group: &mut Vec<Submission>) -> Result<(), Failure> {
        let id = Uuid::new_v4();
        let applied = {
            let connection = match &mut self.connection {
                Some(connection) => connection,
                none => none.insert(connect(&self.options).await?),
            };
            try_batch(connection, group, id).await
        };
        match applied {
            Ok(applied) => {
                self.publish_and_answer(group, applied);
                Ok(())
            }
            Err(failure) => {
                match &failure {
                    Failure::Lost(_) | Failure::CommitLost(..) => self.connection = None,
                    _ => self.roll_back().await,
                }
                Err(failure)
            }
        }
    }

    async fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection
            && !matches!(timeout(STEP, store::roll_back(connection)).await, Ok(Ok(())))
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
                Ok(true) => return self.publish_and_answer(group, applied),
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "still unknown; looking again"),
            }
            tokio::time::sleep(Duration::from_millis(100 + fastrand::u64(0..100))).await;
        }
        let unknown = group.drain(..applied.answers.len());
        refuse(unknown, || Fault::OutcomeUnknown(lost.to_string()));
    }

    async fn is_committed(&mut self, id: Uuid) -> Result<bool, sqlx::Error> {
        self.connection = None;
        let mut connection = step(database::connect_writer(&self.options)).await?;
        let found = step(store::is_committed(&mut connection, id)).await?;
        self.connection = Some(connection);
        Ok(found)
    }

    fn publish_and_answer(&self, group: &mut Vec<Submission>, applied: Applied) {
        if let Some(run) = applied.run {
            // Never waited for: a follower that is behind reads the journal.
            let _ = self.committed.try_send(Arc::new(run));
        }
        let answered = group.drain(..applied.answers.len());
        for (submission, answer) in answered.zip(applied.answers) {
            let _ = submission.answer.send(answer.map_err(Refused::from));
        }
    }
}

/// The first commands that fit in a batch by count and size; the rest keep waiting.
fn take_batch(waiting: &mut Vec<Submission>) -> Vec<Submission> {
    let mut bytes = 0;
    let fits = waiting.iter().take(BATCH_COMMANDS).take_while(|submission| {
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

async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection, Failure> {
    step(database::connect_writer(options)).await.map_err(|error| match classify(error) {
        Failure::Data(error) | Failure::Transient(error) => Failure::Lost(error),
        failure => failure,
    })
}

async fn try_batch(
    connection: &mut MySqlConnection,
    group: &[Submission],
    id: Uuid,
) -> Result<Applied, Failure> {
    let mut batch = load(connection, group).await.map_err(classify)?;
    let mut answers: Vec<Answer> = Vec::with_capacity(group.len());
    for submission in group {
        // How much text an accepted order brings along is known only now.
        if batch.text_bytes() > BATCH_BYTES {
            break;
        }
        answers.push(batch.apply(submission));
    }
    if batch.is_empty() {
        step(store::end(connection)).await.map_err(classify)?;
        return Ok(Applied { answers, run: None });
    }
    let run = batch.to_run(id);
    let written = step(store::write(connection, &batch, &run)).await;
    let applied = Applied { answers, run: batch.has_events().then_some(run) };
    match written.map_err(classify) {
        Ok(()) => Ok(applied),
        Err(Failure::Lost(error)) => Err(Failure::CommitLost(error, applied)),
        Err(failure) => Err(failure),
    }
}

async fn load(
    connection: &mut MySqlConnection,
    group: &[Submission],
) -> Result<Batch, sqlx::Error> {
    let order_ids: BTreeSet<u32> =
        group.iter().filter_map(|submission| submission.command.order_id()).collect();
    let request_ids: Vec<RequestId> = group
        .iter()
        .filter_map(|submission| {
            let key = submission.key.as_ref()?;
            Some(RequestId { user: submission.user, key: key.key.clone() })
        })
        .collect();
    let request_ids: Vec<&RequestId> = request_ids.iter().collect();
    let loaded = step(store::load(connection, &order_ids, &request_ids)).await?;
    let mut batch = Batch::new(loaded.head, loaded.now);

    let mut more_orders = BTreeSet::new();
    let mut more_contracts = BTreeSet::new();
    for (_, _, receipt) in &loaded.requests {
        match receipt.done {
            StoredDone::Placed { order } | StoredDone::Withdrawn { order } => {
                more_orders.insert(order);
            }
            StoredDone::Accepted { contract } => {
                more_contracts.insert(contract);
            }
        }
    }
    let wanted: BTreeSet<u32> = group
        .iter()
        .filter(|submission| submission.command.needs_contract())
        .filter_map(|submission| submission.command.order_id())
        .collect();
    let taken: BTreeSet<u32> = loaded
        .orders
        .iter()
        .filter(|order| order.status == crate::orders::Status::Taken && wanted.contains(&order.id))
        .map(|order| order.id)
        .collect();
    for order in loaded.orders {
        batch.load_order(order);
    }
    if !(more_orders.is_empty() && more_contracts.is_empty() && taken.is_empty()) {
        let more = store::load_more(connection, &more_orders, &more_contracts, &taken);
        let (orders, contracts) = step(more).await?;
        for contract in &contracts {
            batch.load_contract(contract.clone());
        }
        for (id, hash, receipt) in loaded.requests {
            let order = |id| orders.iter().find(|order| order.id == id).cloned();
            let contract = |id| contracts.iter().find(|contract| contract.id == id).cloned();
            let receipt = receipt.with_rows(order, contract).ok_or(sqlx::Error::RowNotFound)?;
            batch.load_request(id, hash, receipt);
        }
    }
    Ok(batch)
}

/// Bounds one exchange with the database; a connection that did not answer in time is a lost one.
async fn step<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(STEP, work).await.unwrap_or_else(|_| {
        Err(sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut)))
    })
}

fn classify(error: sqlx::Error) -> Failure {
    let Some(refused) = error.as_database_error() else {
        return Failure::Lost(error);
    };
    let number =
        refused.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
    match number {
        // Deadlock, lock wait time-out, record changed since last read.
        1213 | 1205 | 1020 => Failure::Transient(error),
        // Shutdown, killed, interrupted, network errors, evicted after wait_timeout.
        1053 | 1927 | 1317 | 1158..=1161 | 4031 => Failure::Lost(error),
        _ => match refused.code().as_deref() {
            Some(state) if state.starts_with("22") || state.starts_with("23") => {
                Failure::Data(error)
            }
            _ => Failure::Unavailable(error),
        },
    }
}

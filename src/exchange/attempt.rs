//! One attempt at a batch: lock and load, apply, write and commit, under a uuid of its own. Says
//! exactly what is known afterwards when that fails.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use sqlx::MySqlConnection;
use sqlx::mysql::MySqlDatabaseError;
use tokio::time::timeout;
use uuid::Uuid;

use super::batch::{Answer, Batch};
use super::event::Run;
use super::request::{RequestId, StoredDone};
use super::store::Wanted;
use super::{Submission, store};
use crate::orders::Status;

/// Bytes of descriptions in a batch; as hex, twice in the journal and the rows, that is about 1 MiB.
pub const BATCH_BYTES: usize = 192 * 1024;
/// One message to the database; a lock wait alone may take 10 s.
const STEP: Duration = Duration::from_secs(12);

/// How the keys of a batch's requests are held against those that were answered before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// Taken for new, as nearly all are: remembering an answer under a known key fails, and with it
    /// the batch. Only what is refused is looked up, since it leaves nothing to remember.
    TakenForNew,
    LookedUp,
}

/// A batch that was applied: answers to its first submissions, as many as fit, and its run if it
/// takes one.
pub struct Applied {
    pub answers: Vec<Answer>,
    pub run: Option<Run>,
    /// How long its COMMIT took, if it was answered and there was something to commit.
    pub commit_took: Option<Duration>,
}

/// Why an attempt came to nothing, or may have.
pub enum Failure {
    /// The whole batch may be tried again after a ROLLBACK.
    Transient(sqlx::Error),
    /// The connection is gone before COMMIT was sent: nothing was done.
    Lost(sqlx::Error),
    /// The connection is gone after COMMIT was sent: it may yet be done.
    CommitLost(sqlx::Error, Applied),
    /// A key that was taken for new is known.
    Repeated,
    /// The database refuses these very values.
    Data(sqlx::Error),
    /// Nothing was done, and another server may take the writes by now: this one refuses them, or
    /// lets somebody hold the head for longer than anybody may who can still commit.
    Elsewhere(sqlx::Error),
    /// The database refuses to work: disk full, no access.
    Unavailable(sqlx::Error),
}

/// Commits as much of `group` as fits in a batch, as `id`.
pub async fn attempt(
    connection: &mut MySqlConnection,
    group: &[Submission],
    id: Uuid,
    keys: Keys,
) -> Result<Applied, Failure> {
    let (batch, answers) = apply(connection, group, keys).await.map_err(classify)?;
    if batch.is_empty() {
        step(store::end(connection)).await.map_err(classify)?;
        return Ok(Applied { answers, run: None, commit_took: None });
    }
    let run = batch.to_run(id);
    let written = step(store::write(connection, &batch, &run)).await;
    let run = batch.has_events().then_some(run);
    let applied = Applied { answers, run, commit_took: written.as_ref().ok().copied() };
    match written {
        Ok(_) => Ok(applied),
        Err(error) if keys == Keys::TakenForNew && is_duplicate(&error) => Err(Failure::Repeated),
        Err(error) => Err(match classify(error) {
            Failure::Lost(error) => Failure::CommitLost(error, applied),
            failure => failure,
        }),
    }
}

/// Locks the head, loads, and applies the commands one after the other.
async fn apply(
    connection: &mut MySqlConnection,
    group: &[Submission],
    keys: Keys,
) -> Result<(Batch, Vec<Answer>), sqlx::Error> {
    let mut batch = load(connection, group).await?;
    if keys == Keys::LookedUp {
        let all = group.iter().filter_map(Submission::request_id).collect();
        load_requests(connection, &mut batch, &all).await?;
    }
    let mut answers: Vec<Answer> = Vec::with_capacity(group.len());
    for submission in group {
        // How much text an accepted order brings along is known only now.
        if batch.text_bytes() > BATCH_BYTES {
            break;
        }
        answers.push(batch.apply(submission));
    }
    if keys == Keys::TakenForNew {
        recall_refused(connection, &mut batch, group, &mut answers).await?;
    }
    Ok((batch, answers))
}

/// What was refused may have been done before, under the same key: then that is the answer.
async fn recall_refused(
    connection: &mut MySqlConnection,
    batch: &mut Batch,
    group: &[Submission],
    answers: &mut [Answer],
) -> Result<(), sqlx::Error> {
    let pairs = group.iter().zip(&*answers);
    let refused = pairs.filter(|(submission, answer)| answer.is_err() && submission.may_be_known());
    let refused = refused.filter_map(|(submission, _)| submission.request_id()).collect();
    let known = load_requests(connection, batch, &refused).await?;
    batch.recall_refused(group, answers, &known);
    Ok(())
}

/// Locks the head and loads the orders and contracts that the commands name, with the contracts that
/// count.
async fn load(
    connection: &mut MySqlConnection,
    group: &[Submission],
) -> Result<Batch, sqlx::Error> {
    let commands = || group.iter().map(|submission| &submission.command);
    let wanted = Wanted {
        order_ids: commands().filter_map(|command| command.order_id()).collect(),
        contract_ids: commands().filter_map(|command| command.contract_id()).collect(),
        executor_ids: group
            .iter()
            .filter(|asked| asked.command.is_limited())
            .map(|asked| asked.user.id)
            .collect(),
    };
    let loaded = step(store::load(connection, &wanted)).await?;
    let mut batch = Batch::new(loaded.head, loaded.now);
    for contract in loaded.contracts {
        batch.load_contract(contract);
    }
    for (executor_id, count) in loaded.in_force {
        batch.load_in_force(executor_id, count);
    }
    let with_contract: BTreeSet<u32> = commands()
        .filter(|command| command.needs_contract())
        .filter_map(|command| command.order_id())
        .collect();
    let mut taken = BTreeSet::new();
    for order in loaded.orders {
        if order.status == Status::Taken && with_contract.contains(&order.id) {
            taken.insert(order.id);
        }
        batch.load_order(order);
    }
    if !taken.is_empty() {
        for contract in step(store::load_contracts_of(connection, &taken)).await? {
            batch.load_contract(contract);
        }
    }
    Ok(batch)
}

/// Loads those of the requests that were answered before, with their answers; says which.
async fn load_requests(
    connection: &mut MySqlConnection,
    batch: &mut Batch,
    ids: &HashSet<RequestId>,
) -> Result<HashSet<RequestId>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let requests = step(store::load_requests(connection, ids)).await?;
    let (mut order_ids, mut contract_ids) = (BTreeSet::new(), BTreeSet::new());
    for (_, _, receipt) in &requests {
        match receipt.done {
            StoredDone::Placed { order }
            | StoredDone::Edited { order, .. }
            | StoredDone::Withdrawn { order }
            | StoredDone::Removed { order }
            | StoredDone::Expired { order } => {
                order_ids.insert(order);
            }
            StoredDone::Accepted { contract }
            | StoredDone::Changed { contract, .. }
            | StoredDone::Noted { contract, .. } => {
                contract_ids.insert(contract);
            }
        }
    }
    if requests.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = store::load_of_receipts(connection, &order_ids, &contract_ids);
    let (orders, contracts) = step(rows).await?;
    let order = |id| orders.iter().find(|order| order.id == id).cloned();
    let contract = |id| contracts.iter().find(|contract| contract.id == id).cloned();
    let unknown = requests.iter().filter(|(_, _, receipt)| receipt.needs_run(order));
    let revisions: BTreeSet<u64> = unknown.map(|(_, _, receipt)| receipt.revision).collect();
    let runs = match revisions.is_empty() {
        true => Vec::new(),
        false => step(store::load_runs(connection, &revisions)).await?,
    };
    let mut known = HashSet::with_capacity(requests.len());
    for (id, hash, receipt) in requests {
        let run = runs.iter().find(|run| run.revision == receipt.revision);
        let receipt = receipt.with_rows(order, contract, run);
        let receipt = receipt.ok_or(sqlx::Error::RowNotFound)?;
        batch.load_request(id.clone(), hash, receipt);
        known.insert(id);
    }
    Ok(known)
}

/// Bounds one exchange with the database; a connection that did not answer in time is a lost one.
pub async fn step<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(STEP, work).await.unwrap_or_else(|_| {
        Err(sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut)))
    })
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// What an error means that came before COMMIT could be done.
pub fn classify(error: sqlx::Error) -> Failure {
    let Some(refused) = error.as_database_error() else {
        return Failure::Lost(error);
    };
    let number =
        refused.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
    match number {
        // Deadlock, record changed since last read.
        1213 | 1020 => Failure::Transient(error),
        // Lock wait time-out, read-only by an option, innodb_read_only.
        1205 | 1290 | 1836 => Failure::Elsewhere(error),
        // Shutdown, killed, interrupted, network errors, evicted after wait_timeout.
        1053 | 1927 | 1317 | 1158..=1161 | 4031 => Failure::Lost(error),
        // A broken CHECK, for which MySQL has no SQLSTATE of its own.
        3819 => Failure::Data(error),
        _ => match refused.code().as_deref() {
            Some(state) if state.starts_with("22") || state.starts_with("23") => {
                Failure::Data(error)
            }
            _ => Failure::Unavailable(error),
        },
    }
}

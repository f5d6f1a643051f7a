//! The exchange: the one place that changes orders, contracts and money. Commands queue; a writer
//! commits everything that waits in one transaction under the head lock, and answers.

mod attempt;
pub mod batch;
pub mod command;
pub mod event;
pub mod journal;
pub mod measures;
mod pace;
pub mod request;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::database::Address;
use crate::error::{Fault, Refusal, Refused};
use crate::identity::User;
use command::Command;
use event::Run;
use measures::Measures;
pub use request::{Done, Receipt, RequestId, RequestKey};

/// Commands that may wait; one more is refused as overloaded.
const QUEUE: usize = 4096;
/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command on its way to the writer.
pub struct Submission {
    pub user: User,
    pub command: Command,
    pub key: Option<RequestKey>,
    deadline: Instant,
    answer: oneshot::Sender<Result<Receipt, Refused>>,
}

impl Submission {
    /// Under which name its answer is remembered.
    fn request_id(&self) -> Option<RequestId> {
        let key = self.key.as_ref()?;
        Some(RequestId { user: self.user, key: key.key.clone() })
    }

    /// Whether it can have been asked before: nobody asks again under a key that was made up here.
    fn may_be_known(&self) -> bool {
        self.key.as_ref().is_some_and(|key| !key.is_made_up())
    }
}

/// A handle to the writer; clones share it. The writer ends when the last one is dropped.
#[derive(Clone)]
pub struct Exchange {
    queue: mpsc::Sender<Submission>,
    stopped: Arc<AtomicBool>,
    pub measures: Measures,
}

impl Exchange {
    /// Starts the writer on a thread and runtime of its own, so that a fan-out to many sockets
    /// cannot stretch a transaction. Committed runs go to `committed`, which is never waited for:
    /// whoever misses one reads it from the journal.
    pub fn start(
        address: Address,
        committed: mpsc::Sender<Arc<Run>>,
    ) -> std::io::Result<(Exchange, JoinHandle<()>)> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let measures = Measures::default();
        let thread = writer::spawn(address, waiting, committed, measures.clone())?;
        Ok((Exchange { queue, stopped: Arc::default(), measures }, thread))
    }

    /// Takes on no more commands: whoever comes is told that nothing was done.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Commands that wait for the writer.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Queues a command and waits for its receipt: committed, and durable as the database is. What
    /// comes without a key gets one here: a batch that is tried again after its COMMIT lost its
    /// answer then finds what was done, whatever the look-up saw.
    pub async fn submit(
        &self,
        user: User,
        command: Command,
        key: Option<RequestKey>,
    ) -> Result<Receipt, Refused> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Fault::Unavailable("this server leaves".to_owned()).into());
        }
        let key = Some(key.unwrap_or_else(RequestKey::made_up));
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + PATIENCE;
        let submission = Submission { user, command, key, deadline, answer };
        self.queue.try_send(submission).map_err(|_| Refusal::Overloaded)?;
        // The writer answers by the deadline; the second more is for its answer to arrive.
        match tokio::time::timeout(PATIENCE + Duration::from_secs(1), answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Fault::OutcomeUnknown("the writer has stopped".to_owned()).into()),
            Err(_) => Err(Fault::OutcomeUnknown("no answer in time".to_owned()).into()),
        }
    }
}

//! What handlers do with personal data: read it through its cache, and change it through the
//! exchange. Right or wrong is decided by revisions alone; flushing is housekeeping.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Refused;
use crate::exchange::command::Command;
use crate::exchange::{Done, Receipt};
use crate::identity::User;
use crate::page::Source;
use crate::page::paging::Table;
use crate::people::Profile;
use crate::web::Request;

/// How long statistics that lag behind are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(15);

/// Which revision a personal value must have been read at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fresh {
    /// Read from the board's database, which is never behind.
    Board,
    /// Read from the statistics, which may be.
    Statistics,
}

/// Something read at a revision.
pub trait AsOf {
    fn revision(&self) -> u64;
    /// The same, now known to be unchanged up to a later revision.
    fn advance(&mut self, revision: u64);
}

impl<T> AsOf for Table<T> {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn advance(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }
}

impl AsOf for Profile {
    fn revision(&self) -> u64 {
        self.as_of_revision
    }

    fn advance(&mut self, _revision: u64) {
        // A profile says what was counted, which a later head does not change.
    }
}

impl Request {
    /// A personal value: from redis when nothing of this person's has changed since it was read,
    /// else from the database.
    pub async fn personal<T, F>(
        &self,
        user: User,
        field: &str,
        fresh: Fresh,
        load: impl Fn() -> F,
    ) -> Result<(T, Source), Refused>
    where
        T: AsOf + Serialize + DeserializeOwned,
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let app = &self.app;
        // The head first: a value that holds what changed up to then is good as of this head.
        let head = app.board.position();
        let needed = app.board.changed(user).min(head.revision);
        let known = app.personal.get(&head.history, user, field).await;
        let known = known.and_then(|bytes| serde_json::from_slice::<T>(&bytes).ok());
        if let Some(mut value) = known.filter(|value| value.revision() >= needed) {
            value.advance(head.revision);
            return Ok((value, Source::Redis));
        }
        let started = Instant::now();
        let value = loop {
            let value = load().await?;
            let lags = fresh == Fresh::Statistics && value.revision() < needed;
            if !lags || started.elapsed() > PATIENCE {
                break value;
            }
            tokio::time::sleep(AGAIN).await;
        };
        let bytes = serde_json::to_vec(&value).expect("pages are plain data");
        app.personal.set(&head.history, user, field, &bytes).await;
        Ok((value, Source::Mysql))
    }

    /// Has a command done, then lets this server's board show it and flushes the pages of those
    /// whose data it changed.
    pub async fn submit(&self, user: User, command: Command) -> Result<Receipt, Refused> {
        let receipt = self.app.exchange.submit(user, command, self.key()?).await?;
        self.app.board.reached(receipt.revision, PATIENCE).await;
        let concerned = match &receipt.done {
            Done::Placed(order) | Done::Withdrawn(order) => {
                [Some(User::customer(order.customer_id)), None]
            }
            Done::Accepted(contract) => [
                Some(User::customer(contract.customer_id)),
                Some(User::executor(contract.executor_id)),
            ],
        };
        let app = self.app.clone();
        tokio::spawn(async move {
            let history = app.board.position().history;
            for user in concerned.into_iter().flatten() {
                app.personal.flush(&history, user).await;
            }
        });
        Ok(receipt)
    }
}

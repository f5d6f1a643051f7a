//! What handlers do with personal data: read it through its cache, and change it through the
//! exchange. Right or wrong is decided by revisions alone; flushing is housekeeping.

use std::time::{Duration, Instant};

use chrono::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Fault, Refused};
use crate::exchange::command::Command;
use crate::exchange::{Done, Receipt, RequestKey, journal};
use crate::flood::{Place, Reached};
use crate::identity::User;
use crate::orders;
use crate::page::Source;
use crate::page::paging::{Table, Window};
use crate::people::Profile;
use crate::web::Request;

/// How long statistics that lag behind are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(15);

/// Something read at a revision.
pub trait AsOf {
    /// Whether it is read from the statistics, which follow a moment later.
    const MAY_LAG: bool;
    fn revision(&self) -> u64;
    /// Whether it is this page, and not another one that was given instead.
    fn is_page(&self, page: u32) -> bool;
    /// The same, now known to be unchanged up to a later revision.
    fn advance(&mut self, revision: u64);
}

impl<T> AsOf for Table<T> {
    const MAY_LAG: bool = false;

    fn is_page(&self, page: u32) -> bool {
        self.page == page
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn advance(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }
}

impl AsOf for Profile {
    const MAY_LAG: bool = true;

    fn is_page(&self, _page: u32) -> bool {
        true
    }

    fn revision(&self) -> u64 {
        self.as_of_revision
    }

    fn advance(&mut self, _revision: u64) {
        // A profile says what was counted, which a later head does not change.
    }
}

/// A value as it is kept: with the head that the reader knew, so that it can be told whether that
/// head is of the history that is followed now.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    revision: u64,
    batch: Uuid,
    value: T,
}

impl Request {
    /// A personal value: from redis when nothing of this person's has changed since it was read,
    /// else from the database.
    pub async fn personal<T, F>(
        &self,
        user: User,
        table: &str,
        window: Window,
        load: impl Fn() -> F,
    ) -> Result<(T, Source), Refused>
    where
        T: AsOf + Serialize + DeserializeOwned,
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let app = &self.app;
        let field = format!("({table}, {}, {})", window.page, window.per_page);
        // The head first: a value that holds what changed up to then is good as of this head.
        let head = app.board.position();
        let needed = app.board.changed(user).min(head.revision);
        let kept = app.personal.get(&head.history, user, &field).await;
        // Garbage is the same as nothing, and so is what was read in a history since lost.
        let kept = kept
            .and_then(|bytes| {
                let kept = serde_json::from_slice::<Kept<T>>(&bytes);
                kept.inspect_err(|_| app.personal.note_garbage()).ok()
            })
            .filter(|kept| app.board.knows(kept.revision, kept.batch))
            .map(|kept| kept.value)
            .filter(|value| value.is_page(window.page));
        let is_good = kept.as_ref().is_some_and(|value| value.revision() >= needed);
        app.personal.note_lookup(is_good);
        let old = match kept {
            Some(mut value) if is_good => {
                value.advance(head.revision);
                return Ok((value, Source::Redis));
            }
            old => old,
        };
        let value = match self.load(needed, load).await {
            Ok(value) => value,
            // What was known last, and says as of when, is better than nothing.
            Err(error) => return old.map(|old| (old, Source::Redis)).ok_or(error.into()),
        };
        // Of all the pages that can be asked for, only those that exist are worth keeping.
        if value.is_page(window.page) {
            let kept = Kept { revision: head.revision, batch: head.batch, value: &value };
            let bytes = serde_json::to_vec(&kept).expect("pages are plain data");
            app.personal.set(&head.history, user, &field, &bytes).await;
        }
        Ok((value, Source::Mysql))
    }

    /// Reads a value; waits a little for one that may lag behind.
    async fn load<T: AsOf, F>(&self, needed: u64, load: impl Fn() -> F) -> Result<T, sqlx::Error>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let started = Instant::now();
        let mut again = AGAIN;
        loop {
            let value = load().await?;
            if value.revision() >= needed || !T::MAY_LAG || started.elapsed() > PATIENCE {
                return Ok(value);
            }
            tokio::time::sleep(again).await;
            again *= 2;
        }
    }

    /// A place for a customer's order among those of the day. A request that is sent again needs none.
    async fn place_for_order(
        &self,
        user: User,
        key: Option<&RequestKey>,
    ) -> Result<Place, Refused> {
        let reads = self.interactions();
        let placed =
            |most, since| orders::store::count_since(reads, user.id, most, DateTime::from(since));
        match self.app.flood.admit_order(user.id, placed).await? {
            Ok(place) => Ok(place),
            Err(reached) => self.excuse(user, key, reached).await.map(|()| Place::Free),
        }
    }

    /// What was done before under the same key is answered whatever the limit.
    async fn excuse(
        &self,
        user: User,
        key: Option<&RequestKey>,
        reached: Reached,
    ) -> Result<(), Refused> {
        match key {
            Some(key) if journal::knows_request(self.interactions(), user, &key.key).await? => {
                Ok(())
            }
            _ => Err(reached.into()),
        }
    }

    /// Has a command done, then lets this server's board show it and flushes the pages of those
    /// whose data it changed.
    pub async fn submit(&self, user: User, command: Command) -> Result<Receipt, Refused> {
        let key = match &command {
            // Asked twice it is done once, also by who has no key to send.
            Command::RenewOrder(command) => Some(RequestKey::of_renewal(command.order_id)),
            _ => self.key()?,
        };
        let place = match &command {
            Command::PlaceOrder(_) | Command::RenewOrder(_) => {
                self.place_for_order(user, key.as_ref()).await?
            }
            Command::AcceptOrder(_) => {
                if let Err(reached) = self.app.flood.admit_accept(user).await {
                    self.excuse(user, key.as_ref(), reached).await?;
                }
                Place::Free
            }
            // They are pushed to others as often as they are made.
            Command::EditOrder(_) | Command::WriteNote(_) => {
                if let Err(reached) = self.app.flood.admit_change(user).await {
                    self.excuse(user, key.as_ref(), reached).await?;
                }
                Place::Free
            }
            Command::WithdrawOrder(_)
            | Command::RemoveOrder(_)
            | Command::ExpireOrder(_)
            | Command::DeliverContract(_)
            | Command::CompleteContract(_)
            | Command::GiveUpContract(_)
            | Command::DisputeContract(_)
            | Command::RuleContract(_) => Place::Free,
        };
        let result = self.app.exchange.submit(user, command, key).await;
        let is_new = match &result {
            // One that was sent again was counted the first time.
            Ok(receipt) => !receipt.repeated,
            // It may have been placed, or may be still.
            Err(Refused::Fault(Fault::OutcomeUnknown(_))) => true,
            Err(_) => false,
        };
        if !is_new {
            self.app.flood.give_back(place).await;
        }
        let receipt = result?;
        self.app.board.reached(receipt.revision, PATIENCE).await;
        let concerned = match &receipt.done {
            Done::Placed(order)
            | Done::Edited(order)
            | Done::Withdrawn(order)
            | Done::Removed(order)
            | Done::Expired(order) => [Some(User::customer(order.customer_id)), None],
            // No page of anybody's own shows notes.
            Done::Noted(_) => [None, None],
            Done::Accepted(contract) | Done::Changed(contract) => [
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

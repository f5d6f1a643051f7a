//! Keyed requests and what is remembered of them, so that a request that is sent again gets the
//! same answer and does nothing twice.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::event::Run;
use crate::contracts::notes::Note;
use crate::contracts::{Contract, State, Status};
use crate::identity::User;
use crate::moment::Moment;
use crate::orders::Order;

/// What was done, with the state right afterwards.
#[derive(Clone, PartialEq, Debug)]
pub enum Done {
    Placed(Order),
    Accepted(Contract),
    Edited(Order),
    Withdrawn(Order),
    Removed(Order),
    Expired(Order),
    /// A contract came into another state.
    Changed(Contract),
    Noted(Note),
}

impl Done {
    /// The revision that did it.
    pub fn revision(&self) -> u64 {
        match self {
            Done::Placed(order)
            | Done::Edited(order)
            | Done::Withdrawn(order)
            | Done::Removed(order)
            | Done::Expired(order) => order.revision,
            Done::Accepted(contract) | Done::Changed(contract) => contract.revision,
            Done::Noted(note) => note.revision,
        }
    }
}

/// The answer to an accepted command.
#[derive(Clone, PartialEq, Debug)]
pub struct Receipt {
    pub revision: u64,
    pub done: Done,
    /// Whether it was done before, and is only told again.
    pub repeated: bool,
}

/// What the database keeps of a receipt: ids, and what rows do not remember. The rest is read from
/// the rows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoredReceipt {
    pub revision: u64,
    pub done: StoredDone,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredDone {
    Placed { order: u32 },
    Accepted { contract: u32 },
    Edited { order: u32, version: u32 },
    Withdrawn { order: u32 },
    Removed { order: u32 },
    Expired { order: u32 },
    Changed { contract: u32, status: Status, at: Moment },
    Noted { contract: u32, number: u32 },
}

impl From<&Receipt> for StoredReceipt {
    fn from(receipt: &Receipt) -> StoredReceipt {
        let done = match &receipt.done {
            Done::Placed(order) => StoredDone::Placed { order: order.id },
            Done::Accepted(contract) => StoredDone::Accepted { contract: contract.id },
            Done::Edited(order) => StoredDone::Edited { order: order.id, version: order.version },
            Done::Withdrawn(order) => StoredDone::Withdrawn { order: order.id },
            Done::Removed(order) => StoredDone::Removed { order: order.id },
            Done::Expired(order) => StoredDone::Expired { order: order.id },
            Done::Changed(Contract { id, status, last_action, .. }) => {
                StoredDone::Changed { contract: *id, status: *status, at: *last_action }
            }
            Done::Noted(Note { contract_id, number, .. }) => {
                StoredDone::Noted { contract: *contract_id, number: *number }
            }
        };
        StoredReceipt { revision: receipt.revision, done }
    }
}

impl StoredReceipt {
    /// Whether the journal must say how it was, since rows do not: of an order that was edited since
    /// (`row` is how it is now), and of notes.
    pub fn needs_run(&self, row: impl Fn(u32) -> Option<Order>) -> bool {
        match self.done {
            StoredDone::Placed { order } => row(order).is_some_and(|order| order.version > 1),
            StoredDone::Edited { .. } | StoredDone::Noted { .. } => true,
            _ => false,
        }
    }

    /// The answer as it was given then, from the rows as they are now and, where it is needed, the
    /// run of this receipt's revision.
    pub fn with_rows(
        &self,
        order: impl Fn(u32) -> Option<Order>,
        contract: impl Fn(u32) -> Option<Contract>,
        run: Option<&Run>,
    ) -> Option<Receipt> {
        let revision = self.revision;
        let done = match self.done {
            StoredDone::Placed { order: id } if self.needs_run(&order) => {
                Done::Placed(run?.edition(id, 1)?.clone())
            }
            StoredDone::Placed { order: id } => {
                Done::Placed(Order { revision, ..order(id)?.as_placed() })
            }
            StoredDone::Edited { order: id, version } => {
                Done::Edited(run?.edition(id, version)?.clone())
            }
            StoredDone::Noted { contract, number } => Done::Noted(run?.note(contract, number)?),
            StoredDone::Accepted { contract: id } => {
                Done::Accepted(Contract { revision, ..contract(id)?.as_accepted() })
            }
            StoredDone::Withdrawn { order: id } => Done::Withdrawn(order(id)?),
            StoredDone::Removed { order: id } => Done::Removed(order(id)?),
            StoredDone::Expired { order: id } => Done::Expired(order(id)?),
            StoredDone::Changed { contract: id, status, at } => {
                let state = State { status, revision, last_action: at };
                Done::Changed(contract(id)?.with_state(state))
            }
        };
        Some(Receipt { revision, done, repeated: true })
    }
}

/// A key that came with a request, and what it was sent with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestKey {
    pub key: String,
    pub hash: [u8; 32],
    made_up: bool,
}

impl RequestKey {
    /// Longest key, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// A key of 1 to 128 visible ASCII characters, for a request with this path and body.
    pub fn new(key: &str, path: &str, body: &[u8]) -> Option<RequestKey> {
        let lawful = (1..=RequestKey::MAX_BYTES).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_graphic());
        let mut hash = Sha256::new();
        hash.update((path.len() as u64).to_be_bytes());
        hash.update(path);
        hash.update(body);
        let hash = hash.finalize().into();
        lawful.then(|| RequestKey { key: key.to_owned(), hash, made_up: false })
    }

    /// The key of an order's renewal.
    pub fn of_renewal(order_id: u32) -> RequestKey {
        let key = format!("renewal-of-order-{order_id}");
        RequestKey { key, hash: [0; 32], made_up: false }
    }

    /// A key for a request that came without one: nobody else can name it.
    pub fn made_up() -> RequestKey {
        let key = format!("made-up-{}", Uuid::new_v4());
        RequestKey { key, hash: [0; 32], made_up: true }
    }

    pub fn is_made_up(&self) -> bool {
        self.made_up
    }
}

/// Whose key it is: two people's equal keys have nothing to do with each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RequestId {
    pub user: User,
    pub key: String,
}

//! An admin ends a dispute, for a reason that both parties will read: the contract counts as
//! completed, or as cancelled. Its order does not come back by itself: whoever still wants it done
//! places it anew.

use super::of_party;
use crate::contracts::Status;
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};

/// The reason was checked where it was read.
#[derive(Clone, Debug)]
pub struct RuleContract {
    pub contract_id: u32,
    pub outcome: Outcome,
    pub reason: String,
}

/// How a dispute can end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Completed,
    Cancelled,
}

impl Outcome {
    pub fn from_name(name: &str) -> Option<Outcome> {
        match name {
            "completed" => Some(Outcome::Completed),
            "cancelled" => Some(Outcome::Cancelled),
            _ => None,
        }
    }

    pub const fn status(self) -> Status {
        match self {
            Outcome::Completed => Status::Completed,
            Outcome::Cancelled => Status::Cancelled,
        }
    }
}

impl RuleContract {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let contract = of_party(self.contract_id, user, self.outcome.status(), batch)?;
        if contract.status != Status::Disputed {
            return Err(Refusal::ContractState { id: contract.id, status: contract.status });
        }
        let (admin_id, reason) = (user.id, self.reason.clone());
        let contract = batch.change(contract.id, self.outcome.status(), |contract, from| {
            Event::ContractRuled { contract, from, admin_id, reason }
        });
        Ok(Done::Changed(contract))
    }
}

//! One of the two parties calls for an admin, for a reason that all three will read.

use super::of_party;
use crate::contracts::Status;
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};

/// The reason was checked where it was read.
#[derive(Clone, Debug)]
pub struct DisputeContract {
    pub contract_id: u32,
    pub reason: String,
}

impl DisputeContract {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role == Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let contract = of_party(self.contract_id, user, Status::Disputed, batch)?;
        let (by, reason) = (user.role, self.reason.clone());
        let contract = batch.change(contract.id, Status::Disputed, |contract, from| {
            Event::ContractDisputed { contract, from, by, reason }
        });
        Ok(Done::Changed(contract))
    }
}

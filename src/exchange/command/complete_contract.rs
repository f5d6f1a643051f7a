//! A customer says that what was delivered is what they wanted; or time says so in their name, when
//! they said nothing for long. No one may ask for the latter: servers do, each as often as it likes.

use std::time::Duration;

use super::of_party;
use crate::contracts::Status;
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};

#[derive(Clone, Debug)]
pub struct CompleteContract {
    pub contract_id: u32,
    /// By time: so long after it was delivered.
    pub after: Option<Duration>,
}

impl CompleteContract {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Customer {
            return Err(Refusal::Forbidden);
        }
        let contract = of_party(self.contract_id, user, Status::Completed, batch)?;
        // A dispute is ruled, not completed.
        if contract.status != Status::Delivered {
            return Err(Refusal::ContractState { id: contract.id, status: contract.status });
        }
        if let Some(after) = self.after {
            let age = batch.now().millis().saturating_sub(contract.last_action.millis());
            // Whoever asked went by another clock.
            if u128::try_from(age).unwrap_or(0) < after.as_millis() {
                return Err(Refusal::WrongState);
            }
        }
        let by_time = self.after.is_some();
        let contract = batch.change(contract.id, Status::Completed, |contract, from| {
            Event::ContractCompleted { contract, from, by_time }
        });
        Ok(Done::Changed(contract))
    }
}

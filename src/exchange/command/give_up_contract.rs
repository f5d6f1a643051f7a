//! An executor cannot do what they accepted: the contract is cancelled, and its order comes back to
//! the board as a new one, on the same terms, that names it.

use super::of_party;
use crate::contracts::Status;
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};

#[derive(Clone, Debug)]
pub struct GiveUpContract {
    pub contract_id: u32,
}

impl GiveUpContract {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Executor {
            return Err(Refusal::Forbidden);
        }
        let contract = of_party(self.contract_id, user, Status::Cancelled, batch)?;
        // How a dispute ends is not for its parties to say.
        if contract.status != Status::Accepted {
            return Err(Refusal::ContractState { id: contract.id, status: contract.status });
        }
        let contract = batch.change(contract.id, Status::Cancelled, |contract, from| {
            Event::ContractGivenUp { contract, from }
        });
        let (id, revision, now) = (batch.next_order_id(), batch.revision(), batch.now());
        let order = contract.to_returned(id, revision, now);
        batch.place(order.clone(), Event::OrderReturned { order });
        Ok(Done::Changed(contract))
    }
}

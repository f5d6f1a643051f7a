//! An executor says that the work is done: now it is their customer's turn.

use super::of_party;
use crate::contracts::Status;
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};

#[derive(Clone, Debug)]
pub struct DeliverContract {
    pub contract_id: u32,
}

impl DeliverContract {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Executor {
            return Err(Refusal::Forbidden);
        }
        let contract = of_party(self.contract_id, user, Status::Delivered, batch)?;
        let contract = batch.change(contract.id, Status::Delivered, |contract, from| {
            Event::ContractDelivered { contract, from }
        });
        Ok(Done::Changed(contract))
    }
}

//! An executor accepts an order: it leaves the board and becomes their contract. First come, first
//! served; who holds the contract already gets the same answer again.

use super::Seen;
use crate::contracts::{self, Contract};
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};
use crate::orders::Status;

#[derive(Clone, Debug)]
pub struct AcceptOrder {
    pub order_id: u32,
    /// What is accepted, if that was said.
    pub seen: Option<Seen>,
    /// How many contracts an executor may have that wait to be delivered; `None`: any number.
    pub most: Option<u32>,
}

impl AcceptOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Executor {
            return Err(Refusal::Forbidden);
        }
        let order = batch.order(self.order_id).ok_or(Refusal::NotFound)?;
        if order.status == Status::Taken
            && let Some(contract) = batch.contract_of_order(order.id)
            && contract.executor_id == user.id
            && contract.status != contracts::Status::Cancelled
        {
            // Taken is the last that an order becomes: its revision is that of its acceptance.
            let revision = order.revision;
            return Ok(Done::Accepted(Contract { revision, ..contract.clone().as_accepted() }));
        }
        if order.status != Status::Open {
            return Err(Refusal::OrderNotOpen { id: order.id, status: order.status });
        }
        if order.customer_id == user.id {
            return Err(Refusal::OwnOrder);
        }
        if self.seen.is_some_and(|seen| !seen.is_of(order)) {
            return Err(Refusal::OrderChanged(Box::new(order.clone())));
        }
        if let Some(most) = self.most
            && batch.in_force(user.id) >= most
        {
            return Err(Refusal::TooManyContracts { most });
        }
        let mut order = order.clone();
        order.status = Status::Taken;
        order.revision = batch.revision();
        order.last_action = batch.now();
        let contract = Contract::of_order(&order, batch.next_contract_id(), user.id);
        let event = Event::OrderAccepted {
            order: order.to_excerpt(),
            contract_id: contract.id,
            executor_id: user.id,
        };
        batch.close(order, event);
        batch.sign(contract.clone());
        Ok(Done::Accepted(contract))
    }
}

//! A customer withdraws their own open order: it leaves the board.

use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};
use crate::orders::Status;

#[derive(Clone, Debug)]
pub struct WithdrawOrder {
    pub order_id: u32,
}

impl WithdrawOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Customer {
            return Err(Refusal::Forbidden);
        }
        // Somebody else's order is not there, whatever its state.
        let order = batch
            .order(self.order_id)
            .filter(|order| order.customer_id == user.id)
            .ok_or(Refusal::NotFound)?;
        if order.status != Status::Open {
            return Err(Refusal::OrderNotOpen { id: order.id, status: order.status });
        }
        let mut order = order.clone();
        order.status = Status::Withdrawn;
        order.revision = batch.revision();
        order.last_action = batch.now();
        batch.close(order.clone(), Event::OrderWithdrawn { order: order.to_excerpt() });
        Ok(Done::Withdrawn(order))
    }
}

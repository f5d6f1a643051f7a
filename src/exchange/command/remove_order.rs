//! An admin removes an open order, for a reason that its customer will read: it leaves the board.

use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};
use crate::orders::Status;

/// The reason was checked where it was read.
#[derive(Clone, Debug)]
pub struct RemoveOrder {
    pub order_id: u32,
    pub reason: String,
}

impl RemoveOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let order = batch.order(self.order_id).ok_or(Refusal::NotFound)?;
        if order.status != Status::Open {
            return Err(Refusal::OrderNotOpen { id: order.id, status: order.status });
        }
        let mut order = order.clone();
        order.status = Status::Removed;
        order.revision = batch.revision();
        order.last_action = batch.now();
        let event = Event::OrderRemoved {
            order: order.to_excerpt(),
            admin_id: user.id,
            reason: self.reason.clone(),
        };
        batch.close(order.clone(), event);
        Ok(Done::Removed(order))
    }
}

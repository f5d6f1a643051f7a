//! A customer renews their expired order: another one like it stands on the board, and names it.

use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};
use crate::money::Percent;
use crate::orders::{Order, Status};

/// The percentage is that of today.
#[derive(Clone, Debug)]
pub struct RenewOrder {
    pub order_id: u32,
    pub percent: Percent,
}

impl RenewOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Customer {
            return Err(Refusal::Forbidden);
        }
        let expired = batch
            .order(self.order_id)
            .filter(|order| order.customer_id == user.id)
            .ok_or(Refusal::NotFound)?;
        if expired.status != Status::Expired {
            return Err(Refusal::WrongState);
        }
        let order = Order {
            id: batch.next_order_id(),
            status: Status::Open,
            percent: self.percent,
            parent_id: Some(expired.id),
            version: 1,
            edited: None,
            revision: batch.revision(),
            created: batch.now(),
            last_action: batch.now(),
            ..expired.clone()
        };
        batch.place(order.clone(), Event::OrderPlaced { order: order.clone() });
        Ok(Done::Placed(order))
    }
}

//! Time takes an open order off the board that nobody took for long. No one may ask for that: servers
//! do, in the name of its customer, each as often as it likes.

use std::time::Duration;

use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::User;
use crate::orders::Status;

#[derive(Clone, Debug)]
pub struct ExpireOrder {
    pub order_id: u32,
    pub after: Duration,
}

impl ExpireOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        let order = batch.order(self.order_id).ok_or(Refusal::NotFound)?;
        if user != User::customer(order.customer_id) {
            return Err(Refusal::NotFound);
        }
        if order.status != Status::Open {
            return Err(Refusal::OrderNotOpen { id: order.id, status: order.status });
        }
        let age = batch.now().millis().saturating_sub(order.created.millis());
        // Whoever asked went by another clock.
        if u128::try_from(age).unwrap_or(0) < self.after.as_millis() {
            return Err(Refusal::WrongState);
        }
        let mut order = order.clone();
        order.status = Status::Expired;
        order.revision = batch.revision();
        order.last_action = batch.now();
        batch.close(order.clone(), Event::OrderExpired { order: order.to_excerpt() });
        Ok(Done::Expired(order))
    }
}

//! A customer changes their open order: its text, its price. Who watches the board sees the new
//! version at once, and nobody accepts what they have not seen. Its currency and its commission stay.

use super::Seen;
use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};
use crate::money::Amount;
use crate::orders::{Order, Status};

/// Price and description were checked where they were read.
#[derive(Clone, Debug)]
pub struct EditOrder {
    pub order_id: u32,
    pub description: String,
    /// In the order's currency.
    pub price: Amount,
    /// What is changed, if that was said.
    pub seen: Option<Seen>,
}

impl EditOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Customer {
            return Err(Refusal::Forbidden);
        }
        let order = batch
            .order(self.order_id)
            .filter(|order| order.customer_id == user.id)
            .ok_or(Refusal::NotFound)?;
        if order.status != Status::Open {
            return Err(Refusal::OrderNotOpen { id: order.id, status: order.status });
        }
        if self.seen.is_some_and(|seen| !seen.is_of(order)) {
            return Err(Refusal::OrderChanged(Box::new(order.clone())));
        }
        if (&self.description, self.price) == (&order.description, order.price) {
            return Ok(Done::Edited(order.clone()));
        }
        let edited = Order {
            description: self.description.clone(),
            price: self.price,
            version: order.version.saturating_add(1),
            edited: Some(batch.revision()),
            revision: batch.revision(),
            last_action: batch.now(),
            ..order.clone()
        };
        let event = Event::OrderEdited { order: edited.clone(), from: order.clone() };
        batch.edit(edited.clone(), event);
        Ok(Done::Edited(edited))
    }
}

//! A customer places an order: it stands on the board.

use crate::error::Refusal;
use crate::exchange::Done;
use crate::exchange::batch::Batch;
use crate::exchange::event::Event;
use crate::identity::{Role, User};
use crate::money::{Amount, Currency, Percent};
use crate::orders::{Order, Status};

/// Price, currency and description were checked where they were read; the percentage is fixed now
/// and stays with the order.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    pub description: String,
    pub price: Amount,
    pub percent: Percent,
    pub currency: Currency,
}

impl PlaceOrder {
    pub(super) fn apply(&self, user: User, batch: &mut Batch) -> Result<Done, Refusal> {
        if user.role != Role::Customer {
            return Err(Refusal::Forbidden);
        }
        let order = Order {
            id: batch.next_order_id(),
            customer_id: user.id,
            status: Status::Open,
            description: self.description.clone(),
            cut: false,
            price: self.price,
            percent: self.percent,
            currency: self.currency,
            parent_id: None,
            version: 1,
            edited: None,
            revision: batch.revision(),
            created: batch.now(),
            last_action: batch.now(),
        };
        batch.place(order.clone(), Event::OrderPlaced { order: order.clone() });
        Ok(Done::Placed(order))
    }
}

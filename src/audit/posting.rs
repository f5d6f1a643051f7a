//! What an event adds to the statistics: an arithmetic of the audit's own.

use super::facts::fee;
use crate::exchange::event::Event;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Customer,
    Executor,
}

/// To one person's account in one currency, in hundredths of the minor unit.
pub struct Posting {
    pub role: Role,
    pub person: u32,
    pub currency: &'static str,
    pub count: i128,
    pub money: i128,
    pub gain: i128,
}

impl Posting {
    pub fn of(event: &Event) -> Posting {
        let order = event.order();
        let currency = order.currency.code();
        let price = i128::from(order.price.hundredths());
        let fee = fee(order.price.hundredths(), order.percent.get());
        let customer = |count, money, gain| {
            let (role, person) = (Role::Customer, order.customer_id);
            Posting { role, person, currency, count, money, gain }
        };
        match event {
            Event::OrderPlaced { .. } => customer(1, price, fee),
            Event::OrderWithdrawn { .. }
            | Event::OrderExpired { .. }
            | Event::OrderRemoved { .. } => customer(0, -price, -fee),
            Event::OrderAccepted { executor_id, .. } => {
                let (role, person) = (Role::Executor, *executor_id);
                Posting { role, person, currency, count: 1, money: price - fee, gain: fee }
            }
        }
    }

    /// What the system earned by it.
    pub fn earning(&self) -> Option<i128> {
        (self.role == Role::Executor).then_some(self.gain)
    }
}

//! What an event adds to the statistics: an arithmetic of the audit's own.

use super::facts::fee;
use crate::contracts::{Contract, Status};
use crate::exchange::event::Event;
use crate::orders::Order;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Customer,
    Executor,
}

/// To one person's account in one currency, in hundredths of the minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Posting {
    pub role: Role,
    pub person: u32,
    pub currency: &'static str,
    pub count: i128,
    pub completed: i128,
    pub given_up: i128,
    pub money: i128,
    pub gain: i128,
}

/// What all is reckoned with.
#[derive(Clone, Copy)]
struct Terms {
    customer: u32,
    currency: &'static str,
    price: i128,
    fee: i128,
}

impl Terms {
    fn of_order(order: &Order) -> Terms {
        let price = order.price.hundredths();
        Terms {
            customer: order.customer_id,
            currency: order.currency.code(),
            price: price.into(),
            fee: fee(price, order.percent.get()),
        }
    }

    fn of_contract(contract: &Contract) -> Terms {
        let price = contract.price.hundredths();
        Terms {
            customer: contract.customer_id,
            currency: contract.currency.code(),
            price: price.into(),
            fee: fee(price, contract.percent.get()),
        }
    }

    fn posting(self, role: Role, person: u32) -> Posting {
        let currency = self.currency;
        let (count, completed, given_up, money, gain) = (0, 0, 0, 0, 0);
        Posting { role, person, currency, count, completed, given_up, money, gain }
    }

    /// `sign` times what an order is worth to its customer.
    fn customer(self, sign: i128) -> Posting {
        let posting = self.posting(Role::Customer, self.customer);
        Posting { money: sign * self.price, gain: sign * self.fee, ..posting }
    }

    /// `sign` times what a contract is worth to its executor.
    fn executor(self, person: u32, sign: i128) -> Posting {
        let posting = self.posting(Role::Executor, person);
        Posting { money: sign * (self.price - self.fee), gain: sign * self.fee, ..posting }
    }
}

impl Posting {
    /// One or two, or none where an event changes nobody's statistics.
    pub fn of(event: &Event) -> impl Iterator<Item = Posting> {
        let postings = match event {
            Event::OrderPlaced { order } => {
                [Some(Posting { count: 1, ..Terms::of_order(order).customer(1) }), None]
            }
            Event::OrderEdited { order, from } => {
                [Some(Terms::of_order(order).customer(1)), Some(Terms::of_order(from).customer(-1))]
            }
            Event::OrderReturned { order } => [Some(Terms::of_order(order).customer(1)), None],
            Event::OrderWithdrawn { order }
            | Event::OrderExpired { order }
            | Event::OrderRemoved { order, .. } => {
                [Some(Terms::of_order(order).customer(-1)), None]
            }
            Event::OrderAccepted { order, executor_id, .. } => {
                let posting = Terms::of_order(order).executor(*executor_id, 1);
                [Some(Posting { count: 1, ..posting }), None]
            }
            Event::ContractDelivered { .. }
            | Event::ContractDisputed { .. }
            | Event::NoteWritten { .. } => [None, None],
            Event::ContractCompleted { contract, .. } => [Some(completed(contract)), None],
            Event::ContractGivenUp { contract, .. } => cancelled(contract, 1).map(Some),
            Event::ContractRuled { contract, .. } => match contract.status {
                Status::Completed => [Some(completed(contract)), None],
                _ => cancelled(contract, 0).map(Some),
            },
        };
        postings.into_iter().flatten()
    }

    /// What the system earned by it.
    pub fn earning(&self) -> Option<i128> {
        // Completing earns nothing more.
        (self.role == Role::Executor && self.completed == 0).then_some(self.gain)
    }
}

fn completed(contract: &Contract) -> Posting {
    let terms = Terms::of_contract(contract);
    Posting { completed: 1, ..terms.posting(Role::Executor, contract.executor_id) }
}

fn cancelled(contract: &Contract, given_up: i128) -> [Posting; 2] {
    let terms = Terms::of_contract(contract);
    let executor = terms.executor(contract.executor_id, -1);
    [terms.customer(-1), Posting { given_up, ..executor }]
}

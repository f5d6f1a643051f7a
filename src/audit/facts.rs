//! What is compared: the journal says a fact, and a table's row implies it. Facts are never kept,
//! only their fingerprints.

use crate::contracts::{self, Contract, State};
use crate::exchange::event::Run;
use crate::identity::Role;
use crate::moment::Moment;
use crate::orders::{Order, Status, description};

#[derive(Hash)]
pub enum Fact<'a> {
    /// Offered, with its whole text.
    Placed {
        order: Fixed,
        text: &'a str,
    },
    Open {
        id: u32,
        revision: u64,
        last_action: Moment,
    },
    Closed {
        order: Fixed,
        /// The excerpt, and whether the text goes on.
        text: (&'a str, bool),
        status: Status,
        revision: u64,
        last_action: Moment,
    },
    /// A contract in one of its states.
    Stands {
        id: u32,
        order_id: u32,
        executor_id: u32,
        created: Moment,
        state: (contracts::Status, u64, Moment),
        /// What else each change of it says. Where it was only accepted, that follows from its order.
        rest: Option<Rest>,
    },
    /// What the contract of an order takes over from it.
    Terms {
        order_id: u32,
        customer_id: u32,
        price: i64,
        fee: i128,
        payout: i128,
        percent: u8,
        currency: &'static str,
        text: &'a str,
    },
    /// A note on a contract.
    Note {
        contract_id: u32,
        number: u32,
        author: Role,
        text: &'a str,
        revision: u64,
        created: Moment,
    },
    /// One of what a contract counts of them.
    Noted {
        contract_id: u32,
    },
    /// A person has statistics in a currency.
    Account {
        person: u32,
        currency: &'a str,
    },
    /// One unit in one column of them.
    Unit {
        person: u32,
        currency: &'a str,
        column: &'static str,
    },
    Ordinal {
        person: u32,
        currency: &'a str,
        number: u64,
    },
    /// Contradicts whatever there is.
    Doubt {
        id: u32,
    },
}

/// A contract's terms, without its text.
#[derive(Hash)]
pub struct Rest {
    customer_id: u32,
    price: i64,
    fee: i64,
    payout: i64,
    percent: u8,
    currency: &'static str,
}

/// What changes in an order only when it is edited.
#[derive(Hash)]
pub struct Fixed {
    id: u32,
    customer_id: u32,
    price: i64,
    percent: u8,
    currency: &'static str,
    parent_id: Option<u32>,
    version: u32,
    edited: Option<u64>,
    created: Moment,
}

impl Fixed {
    fn of(order: &Order, created: Moment) -> Fixed {
        Fixed {
            id: order.id,
            customer_id: order.customer_id,
            price: order.price.hundredths(),
            percent: order.percent.get(),
            currency: order.currency.code(),
            parent_id: order.parent_id,
            version: order.version,
            edited: order.edited,
            created,
        }
    }
}

impl Fact<'_> {
    pub fn placed(order: &Order, created: Moment) -> Fact<'_> {
        Fact::Placed { order: Fixed::of(order, created), text: &order.description }
    }

    /// Of an order with its whole text or with the excerpt of it.
    pub fn closed(order: &Order, status: Status, revision: u64, last_action: Moment) -> Fact<'_> {
        let (text, cut) = description::excerpt(&order.description);
        let (order, text) = (Fixed::of(order, order.created), (text, cut || order.cut));
        Fact::Closed { order, text, status, revision, last_action }
    }

    /// The contract that an order becomes in this run.
    pub fn made(id: u32, order_id: u32, executor_id: u32, run: &Run) -> Fact<'static> {
        let state = (contracts::Status::Accepted, run.revision, run.created);
        Fact::Stands { id, order_id, executor_id, created: run.created, state, rest: None }
    }

    /// Of a contract in a state.
    pub fn stands(contract: &Contract, state: State) -> Fact<'static> {
        let Contract { id, order_id, customer_id, executor_id, created, .. } = *contract;
        let rest = Rest {
            customer_id,
            price: contract.price.hundredths(),
            fee: contract.fee.hundredths(),
            payout: contract.payout.hundredths(),
            percent: contract.percent.get(),
            currency: contract.currency.code(),
        };
        let State { status, revision, last_action } = state;
        let rest = (status != contracts::Status::Accepted).then_some(rest);
        let state = (status, revision, last_action);
        Fact::Stands { id, order_id, executor_id, created, state, rest }
    }

    /// As they follow from an order that was placed.
    pub fn terms(order: &Order) -> Fact<'_> {
        let (price, percent) = (order.price.hundredths(), order.percent.get());
        let fee = fee(price, percent);
        Fact::Terms {
            order_id: order.id,
            customer_id: order.customer_id,
            price,
            fee,
            payout: i128::from(price) - fee,
            percent,
            currency: order.currency.code(),
            text: &order.description,
        }
    }

    pub fn terms_row(contract: &Contract) -> Fact<'_> {
        Fact::Terms {
            order_id: contract.order_id,
            customer_id: contract.customer_id,
            price: contract.price.hundredths(),
            fee: contract.fee.hundredths().into(),
            payout: contract.payout.hundredths().into(),
            percent: contract.percent.get(),
            currency: contract.currency.code(),
            text: &contract.description,
        }
    }
}

/// What the system keeps of a price. Exact where the price is in whole minor units, which the
/// events are checked for.
pub fn fee(price: i64, percent: u8) -> i128 {
    i128::from(price) * i128::from(percent) / 100
}

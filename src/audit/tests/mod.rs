//! Books that the tests of the whole audit share, kept in memory: a small story, and a larger one
//! of many blocks.

mod books;
mod journal;
mod life;
mod scale;
mod tables;

use std::collections::BTreeMap;

use uuid::Uuid;

pub use books::{Books, wrong};

pub use super::blocks::Scale;
use super::store::{Head, Person, Position};
use crate::contracts::Contract;
use crate::exchange::event::{Event, Run};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Percent};
use crate::orders::{Order, Status};

pub fn uuid(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

pub fn moment(second: u64) -> Moment {
    let (minute, second) = (second / 60, second % 60);
    Moment::try_from(format!("2026-01-01T00:{minute:02}:{second:02}.000Z")).unwrap()
}

pub fn amount(hundredths: i64) -> Amount {
    Amount::from_hundredths(hundredths).unwrap()
}

/// An order of customer 7 over 100.00 RUB, as it was placed in this revision.
pub fn order(id: u32, revision: u64) -> Order {
    Order {
        id,
        customer_id: 7,
        status: Status::Open,
        description: format!("Cut hedge {id}"),
        cut: false,
        price: amount(1_000_000),
        percent: Percent::new(2).unwrap(),
        currency: Currency::from_code("RUB").unwrap(),
        parent_id: None,
        version: 1,
        edited: None,
        revision,
        created: moment(revision),
        last_action: moment(revision),
    }
}

pub fn closed(order: Order, status: Status, revision: u64) -> Order {
    Order { status, revision, last_action: moment(revision), ..order }
}

pub fn accepted(order: Order, contract_id: u32, executor_id: u32) -> Event {
    Event::OrderAccepted { order, contract_id, executor_id }
}

pub fn order_of(event: &mut Event) -> &mut Order {
    match event {
        Event::OrderPlaced { order }
        | Event::OrderAccepted { order, .. }
        | Event::OrderWithdrawn { order }
        | Event::OrderExpired { order }
        | Event::OrderRemoved { order, .. }
        | Event::OrderReturned { order } => order,
        _ => panic!("an event of a contract"),
    }
}

/// As the first revision, the second, and so on.
fn runs(events: Vec<Vec<Event>>) -> Vec<Run> {
    let numbered = (1..).zip(events);
    let run = |(revision, events)| {
        let (batch, previous, created) = (uuid(revision), uuid(revision - 1), moment(revision));
        Run { revision, batch, previous, created, events }
    };
    numbered.map(run).collect()
}

/// Of the story.
pub fn head() -> Head {
    let (revision, batch, last_action) = (3, uuid(3), moment(3));
    Head { revision, batch, orders: 3, contracts: 1, open_orders: 1, last_action }
}

fn person(
    id: u32,
    currency: &str,
    ordinal: Option<u32>,
    [count, money, gain]: [i128; 3],
) -> Person {
    Person {
        id,
        currency: currency.to_owned(),
        count,
        completed: 0,
        given_up: 0,
        money,
        gain,
        ordinal,
    }
}

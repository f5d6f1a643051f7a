//! What runs add to the statistics. Pure: the same runs always give the same sums.

use std::collections::{BTreeMap, HashMap};

use super::chain::Broken;
use crate::contracts::{self, Contract};
use crate::exchange::event::{Event, Run};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Split, Total};
use crate::orders::Order;

/// What a number of runs adds: to the customers, to the executors, and to what the system earned.
#[derive(Default, Debug)]
pub struct Deltas {
    pub customers: Side,
    pub executors: Side,
    pub earnings: BTreeMap<Currency, Total>,
}

/// Whose row it is: a person, in one currency.
pub type Key = (u32, Currency);

/// One role's rows in order of first appearance.
#[derive(Default, Debug)]
pub struct Side {
    rows: Vec<Row>,
    places: HashMap<Key, usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub key: Key,
    /// When the first of the run's events happened that concern this row.
    pub registered: Moment,
    pub sums: Sums,
}

/// For a customer `count` are orders created and `money` what they cost; for an executor, orders
/// accepted and money received.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sums {
    pub count: u32,
    /// Executors only: orders completed, and given up.
    pub completed: u32,
    pub given_up: u32,
    pub money: Total,
    pub gain: Total,
}

impl Deltas {
    /// Adds runs. A price that cannot be is not counted: it would bring the follower down.
    pub fn add(&mut self, runs: &[Run]) -> Result<(), Broken> {
        for run in runs {
            for event in &run.events {
                let order = event.order().map(|order| order.price);
                let before = match event {
                    Event::OrderEdited { from, .. } => from.price.hundredths() % 100,
                    _ => 0,
                };
                let contract = event.changed().map(|(contract, _)| contract.price);
                let odd = |price: Amount| price.hundredths() % 100 != 0;
                if before != 0 || order.or(contract).is_some_and(odd) {
                    return Err(Broken::Odd { revision: run.revision });
                }
                self.add_event(event, run.created);
            }
        }
        Ok(())
    }

    fn add_event(&mut self, event: &Event, now: Moment) {
        match event {
            Event::OrderPlaced { order } => {
                let sums = self.offer(order, now);
                sums.count += 1;
            }
            Event::OrderReturned { order } => {
                self.offer(order, now);
            }
            Event::OrderEdited { order, from } => {
                self.take_back(key_of_customer(from), from.split(), now);
                self.offer(order, now);
            }
            Event::OrderWithdrawn { order }
            | Event::OrderExpired { order }
            | Event::OrderRemoved { order, .. } => {
                self.take_back(key_of_customer(order), order.split(), now)
            }
            Event::OrderAccepted { order, executor_id, .. } => {
                let split = order.split();
                let sums = self.executors.sums((*executor_id, order.currency), now);
                sums.count += 1;
                sums.money = sums.money + split.payout;
                sums.gain = sums.gain + split.fee;
                let earned = self.earnings.entry(order.currency).or_default();
                *earned = *earned + split.fee;
            }
            Event::ContractDelivered { .. }
            | Event::ContractDisputed { .. }
            | Event::NoteWritten { .. } => {}
            Event::ContractCompleted { contract, .. } => self.complete(contract, now),
            Event::ContractGivenUp { contract, .. } => {
                self.cancel(contract, now);
                self.executor(contract, now).given_up += 1;
            }
            Event::ContractRuled { contract, .. } => {
                if contract.status == contracts::Status::Completed {
                    self.complete(contract, now);
                } else {
                    self.cancel(contract, now);
                }
            }
        }
    }

    /// An order stands on the board.
    fn offer(&mut self, order: &Order, now: Moment) -> &mut Sums {
        let split = order.split();
        let sums = self.customers.sums(key_of_customer(order), now);
        sums.money = sums.money + split.price;
        sums.gain = sums.gain + split.fee;
        sums
    }

    /// A customer's order came to nothing.
    fn take_back(&mut self, customer: Key, split: Split, now: Moment) {
        let sums = self.customers.sums(customer, now);
        sums.money = sums.money - split.price;
        sums.gain = sums.gain - split.fee;
    }

    fn complete(&mut self, contract: &Contract, now: Moment) {
        self.executor(contract, now).completed += 1;
    }

    /// A contract came to nothing: what both parties and the system had of it is reversed.
    fn cancel(&mut self, contract: &Contract, now: Moment) {
        let Contract { price, fee, payout, currency, .. } = *contract;
        let split = Split { price, fee, payout };
        self.take_back((contract.customer_id, currency), split, now);
        let sums = self.executor(contract, now);
        sums.money = sums.money - payout;
        sums.gain = sums.gain - fee;
        let earned = self.earnings.entry(currency).or_default();
        *earned = *earned - fee;
    }

    fn executor(&mut self, contract: &Contract, now: Moment) -> &mut Sums {
        self.executors.sums((contract.executor_id, contract.currency), now)
    }

    /// How many rows these deltas change.
    pub fn len(&self) -> usize {
        self.customers.rows.len() + self.executors.rows.len()
    }
}

impl Side {
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn sums(&mut self, key: Key, now: Moment) -> &mut Sums {
        let place = *self.places.entry(key).or_insert(self.rows.len());
        if place == self.rows.len() {
            self.rows.push(Row { key, registered: now, sums: Sums::default() });
        }
        &mut self.rows[place].sums
    }
}

fn key_of_customer(order: &Order) -> Key {
    (order.customer_id, order.currency)
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::money::{Amount, Percent};
    use crate::orders::Status;

    fn order(customer_id: u32, code: &str, price: i64) -> Order {
        let created = moment(0);
        Order {
            id: 1,
            customer_id,
            status: Status::Open,
            description: "Cut the hedge".to_owned(),
            cut: false,
            price: Amount::from_hundredths(price).unwrap(),
            percent: Percent::new(2).unwrap(),
            currency: Currency::from_code(code).unwrap(),
            parent_id: None,
            version: 1,
            edited: None,
            revision: 1,
            created,
            last_action: created,
        }
    }

    pub fn placed(customer_id: u32, code: &str, price: i64) -> Event {
        Event::OrderPlaced { order: order(customer_id, code, price) }
    }

    fn withdrawn(customer_id: u32, code: &str, price: i64) -> Event {
        let order = Order { status: Status::Withdrawn, ..order(customer_id, code, price) };
        Event::OrderWithdrawn { order }
    }

    fn accepted(executor_id: u32, code: &str, price: i64) -> Event {
        let order = Order { status: Status::Taken, ..order(7, code, price) };
        Event::OrderAccepted { order, contract_id: 1, executor_id }
    }

    fn moment(second: u64) -> Moment {
        Moment::try_from(format!("2026-01-01T00:00:{second:02}.000Z")).unwrap()
    }

    pub fn deltas(runs: Vec<Vec<Event>>) -> Deltas {
        let runs: Vec<Run> = (1..)
            .zip(runs)
            .map(|(revision, events)| Run {
                revision,
                batch: Uuid::nil(),
                previous: Uuid::nil(),
                created: moment(revision),
                events,
            })
            .collect();
        let mut deltas = Deltas::default();
        deltas.add(&runs).unwrap();
        deltas
    }

    /// Person, currency, second of registration, count, money, gain.
    fn shown(side: &Side) -> Vec<(u32, &'static str, i64, u32, i128, i128)> {
        let row = |row: &Row| {
            let Row { key: (person, currency), registered, sums } = row;
            let second = (registered.millis() - moment(0).millis()) / 1000;
            let (money, gain) = (sums.money.hundredths(), sums.gain.hundredths());
            (*person, currency.code(), second, sums.count, money, gain)
        };
        side.rows().iter().map(row).collect()
    }

    #[test]
    fn placing_counts_the_order_its_price_and_its_fee() {
        let deltas = deltas(vec![vec![placed(7, "RUB", 10_000), placed(7, "RUB", 500)]]);
        assert_eq!(shown(&deltas.customers), [(7, "RUB", 1, 2, 10_500, 210)]);
        assert!(deltas.executors.rows().is_empty() && deltas.earnings.is_empty());
    }

    #[test]
    fn withdrawing_takes_both_amounts_back_and_the_order_stays_counted() {
        let runs = vec![vec![placed(7, "RUB", 10_000)], vec![withdrawn(7, "RUB", 10_000)]];
        assert_eq!(shown(&deltas(runs).customers), [(7, "RUB", 1, 1, 0, 0)]);
        let lone = deltas(vec![vec![withdrawn(7, "RUB", 10_000)]]);
        assert_eq!(shown(&lone.customers), [(7, "RUB", 1, 0, -10_000, -200)]);
    }

    #[test]
    fn removing_is_counted_like_withdrawing() {
        let Event::OrderWithdrawn { order } = withdrawn(7, "RUB", 10_000) else { unreachable!() };
        let order = Order { status: Status::Removed, ..order };
        let removed = Event::OrderRemoved { order, admin_id: 0, reason: "spam".to_owned() };
        let runs = vec![vec![placed(7, "RUB", 10_000)], vec![removed]];
        assert_eq!(shown(&deltas(runs).customers), [(7, "RUB", 1, 1, 0, 0)]);
    }

    #[test]
    fn accepting_counts_for_the_executor_and_the_system_alone() {
        let runs = vec![vec![accepted(9, "RUB", 10_000)], vec![accepted(9, "RUB", 20_000)]];
        let deltas = deltas(runs);
        assert_eq!(shown(&deltas.executors), [(9, "RUB", 1, 2, 29_400, 600)]);
        assert!(deltas.customers.rows().is_empty());
        let earned: Vec<_> = deltas.earnings.into_iter().collect();
        let rub = Currency::from_code("RUB").unwrap();
        assert_eq!(earned, [(rub, Total::from_hundredths(600))]);
    }

    #[test]
    fn currencies_are_kept_apart_and_rows_stand_in_order_of_appearance() {
        let deltas = deltas(vec![
            vec![placed(8, "USD", 100), placed(7, "RUB", 100)],
            vec![placed(8, "RUB", 300), placed(8, "USD", 200), accepted(8, "JPY", 100)],
        ]);
        let customers =
            [(8, "USD", 1, 2, 300, 6), (7, "RUB", 1, 1, 100, 2), (8, "RUB", 2, 1, 300, 6)];
        assert_eq!(shown(&deltas.customers), customers);
        assert_eq!(shown(&deltas.executors), [(8, "JPY", 2, 1, 98, 2)]);
        assert_eq!(deltas.len(), 4);
    }

    #[test]
    fn a_price_that_cannot_be_is_not_counted() {
        let events = vec![placed(7, "RUB", 150)];
        let (batch, created) = (Uuid::nil(), moment(0));
        let run = Run { revision: 5, batch, previous: batch, created, events };
        assert_eq!(Deltas::default().add(&[run]), Err(Broken::Odd { revision: 5 }));
    }
}

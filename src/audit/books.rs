//! The statistics as they should be: counted here by an arithmetic of its own.

use std::collections::{BTreeMap, HashSet};

use super::record::fee;
use crate::exchange::event::Event;

/// A currency's three letters.
pub type Code = [u8; 3];

/// What everybody did, and what the system earned by it, in hundredths of the minor unit.
#[derive(Default, Debug)]
pub struct Books {
    pub customers: Ledger,
    pub executors: Ledger,
    pub earnings: BTreeMap<Code, i128>,
}

/// One role's accounts, by person and currency.
#[derive(Default, Debug)]
pub struct Ledger {
    pub accounts: BTreeMap<(u32, Code), Account>,
    persons: HashSet<u32>,
}

#[derive(Clone, PartialEq, Default, Debug)]
pub struct Account {
    pub count: i128,
    pub money: i128,
    pub gain: i128,
    /// Numbers the persons, on the first account that each of them got.
    pub ordinal: Option<u32>,
}

impl Books {
    pub fn add(&mut self, event: &Event) {
        let order = event.order();
        let code = code_of(order.currency.code()).expect("a currency has three letters");
        let price = i128::from(order.price.hundredths());
        let fee = fee(order.price.hundredths(), order.percent.get());
        match event {
            Event::OrderPlaced { .. } => {
                self.customers.post((order.customer_id, code), 1, price, fee);
            }
            Event::OrderWithdrawn { .. } => {
                self.customers.post((order.customer_id, code), 0, -price, -fee);
            }
            Event::OrderAccepted { executor_id, .. } => {
                self.executors.post((*executor_id, code), 1, price - fee, fee);
                *self.earnings.entry(code).or_default() += fee;
            }
        }
    }
}

impl Ledger {
    pub fn persons(&self) -> usize {
        self.persons.len()
    }

    fn post(&mut self, key: (u32, Code), count: i128, money: i128, gain: i128) {
        let newcomer = self.persons.insert(key.0);
        let persons = self.persons.len();
        let account = self.accounts.entry(key).or_default();
        if newcomer {
            account.ordinal = u32::try_from(persons).ok();
        }
        account.count += count;
        account.money += money;
        account.gain += gain;
    }
}

/// `None` for what cannot be a currency.
pub fn code_of(text: &str) -> Option<Code> {
    text.as_bytes().try_into().ok()
}

//! The statistics of some persons as they should be.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::super::findings::{Lenses, RoleLenses};
use super::super::posting::{Posting, Role};

#[derive(Default, Debug)]
pub struct Books {
    pub customers: Ledger,
    pub executors: Ledger,
}

/// One role's accounts, by person and currency.
#[derive(Default, Debug)]
pub struct Ledger {
    pub accounts: BTreeMap<(u32, &'static str), Account>,
    /// All there are, looked at or not: they are numbered together.
    persons: RoaringBitmap,
}

#[derive(Clone, PartialEq, Default, Debug)]
pub struct Account {
    pub count: i128,
    pub completed: i128,
    pub given_up: i128,
    pub money: i128,
    pub gain: i128,
    /// Numbers the persons, on the first account that each of them got.
    pub ordinal: Option<u64>,
}

impl Books {
    pub fn post(&mut self, posting: &Posting, lenses: &Lenses) {
        match posting.role {
            Role::Customer => self.customers.post(posting, &lenses.customers),
            Role::Executor => self.executors.post(posting, &lenses.executors),
        }
    }
}

impl Ledger {
    fn post(&mut self, posting: &Posting, lenses: &RoleLenses) {
        let Posting { person, currency, count, completed, given_up, money, gain, .. } = *posting;
        let newcomer = self.persons.insert(person);
        if !lenses.contains(person) {
            return;
        }
        let account = self.accounts.entry((person, currency)).or_default();
        if newcomer {
            account.ordinal = Some(self.persons.len());
        }
        account.count += count;
        account.completed += completed;
        account.given_up += given_up;
        account.money += money;
        account.gain += gain;
    }
}

//! One role's statistics as fingerprints: what the journal adds up to, less what the table holds.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::blocks::{Blocks, Scale};
use super::facts::Fact;
use super::fingerprint::{Keys, Print};
use super::posting::Posting;
use super::store::Person;

/// Of persons it keeps a compressed bitmap, and one for each currency.
pub struct PeopleSums {
    keys: Keys,
    /// Who has an account in which currency, and all amounts; by person.
    pub sums: Blocks,
    pub ordinals: Blocks,
    seen: BTreeMap<&'static str, RoaringBitmap>,
    persons: RoaringBitmap,
}

impl PeopleSums {
    pub fn new(keys: Keys, highest: u32, scale: Scale) -> PeopleSums {
        PeopleSums {
            keys,
            sums: Blocks::new(highest, scale),
            ordinals: Blocks::new(highest, scale),
            seen: BTreeMap::new(),
            persons: RoaringBitmap::new(),
        }
    }

    /// How many persons the journal has seen.
    pub fn persons(&self) -> u64 {
        self.persons.len()
    }

    pub fn post(&mut self, posting: &Posting) {
        let Posting { person, currency, count, completed, given_up, money, gain, .. } = *posting;
        if self.persons.insert(person) {
            let number = self.persons.len();
            let fact = Fact::Ordinal { person, currency, number };
            self.ordinals.add(person, self.keys.print(&fact));
        }
        if self.seen.entry(currency).or_default().insert(person) {
            self.sums.add(person, self.keys.print(&Fact::Account { person, currency }));
        }
        let amounts = self.amounts(person, currency, [count, completed, given_up, money, gain]);
        self.sums.shift(person, amounts);
    }

    pub fn row(&mut self, row: &Person) {
        let Person { id: person, currency, count, completed, given_up, money, gain, ordinal } = row;
        let (person, currency) = (*person, currency.as_str());
        self.sums.take(person, self.keys.print(&Fact::Account { person, currency }));
        let amounts = [*count, *completed, *given_up, *money, *gain];
        let amounts = self.amounts(person, currency, amounts);
        self.sums.shift(person, -amounts);
        if let Some(number) = ordinal.map(u64::from) {
            let fact = Fact::Ordinal { person, currency, number };
            self.ordinals.take(person, self.keys.print(&fact));
        }
    }

    fn amounts(&self, person: u32, currency: &str, amounts: [i128; 5]) -> Print {
        let columns = ["count", "completed", "given_up", "money", "gain"].into_iter().zip(amounts);
        let moved = columns.filter(|(_, amount)| *amount != 0);
        moved.fold(Print::ZERO, |sum, (column, amount)| {
            sum + self.keys.print(&Fact::Unit { person, currency, column }).times(amount)
        })
    }
}

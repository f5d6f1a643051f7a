//! Rows of one role's statistics against the journal.

use std::collections::btree_map;
use std::iter::Peekable;

use super::super::check::{Fields, or_none};
use super::super::findings::{RoleChecks, RoleLenses};
use super::super::store::Person;
use super::books::{Account, Ledger};

/// Fed row by row in order of person and currency.
pub struct PeopleTable<'a> {
    wanted: Peekable<btree_map::Iter<'a, (u32, &'static str), Account>>,
    lenses: &'a mut RoleLenses,
    checks: &'a mut RoleChecks,
}

impl<'a> PeopleTable<'a> {
    pub fn new(
        ledger: &'a Ledger,
        lenses: &'a mut RoleLenses,
        checks: &'a mut RoleChecks,
    ) -> PeopleTable<'a> {
        PeopleTable { wanted: ledger.accounts.iter().peekable(), lenses, checks }
    }

    pub fn add(&mut self, row: &Person) {
        let Person { id, currency, .. } = row;
        if !self.lenses.contains(*id) {
            return;
        }
        let key = (*id, currency.as_str());
        while let Some((missed, _)) = self.wanted.next_if(|(wanted, _)| **wanted < key) {
            self.missing(*missed);
        }
        let Some((_, account)) = self.wanted.next_if(|(wanted, _)| **wanted == key) else {
            return self.wrong_sum(*id, format!("{id} {currency} is not in the journal"));
        };
        let mut fields = Fields::default();
        fields.compare("count", row.count, account.count);
        fields.compare("completed", row.completed, account.completed);
        fields.compare("given_up", row.given_up, account.given_up);
        fields.compare("money", row.money, account.money);
        fields.compare("gain", row.gain, account.gain);
        if !fields.is_empty() {
            self.wrong_sum(*id, format!("{id} {currency}: {}", fields.to_text()));
        }
        let (found, wanted) = (or_none(row.ordinal), or_none(account.ordinal));
        if found != wanted {
            self.lenses.ordinals.explain(*id);
            let wrong = format!("{id} {currency} has number {found} instead of {wanted}");
            self.checks.ordinals.expect(false, || wrong);
        }
    }

    pub fn finish(mut self) {
        while let Some((missed, _)) = self.wanted.next() {
            self.missing(*missed);
        }
    }

    fn missing(&mut self, (person, currency): (u32, &str)) {
        self.wrong_sum(person, format!("{person} {currency} is missing"));
    }

    /// A row too many or too few explains its number as well.
    fn wrong_sum(&mut self, person: u32, wrong: String) {
        self.lenses.sums.explain(person);
        self.lenses.ordinals.explain(person);
        self.checks.sums.expect(false, || wrong);
    }
}

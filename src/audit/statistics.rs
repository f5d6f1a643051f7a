//! The statistics as a whole: which journal they count, what it adds up to, and what the system has
//! earned.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::blocks::Scale;
use super::check::{Check, or_none};
use super::fingerprint::Keys;
use super::people::PeopleSums;
use super::posting::{Posting, Role};
use super::store::{Head, Person, Position};
use crate::exchange::event::Run;

pub struct Statistics {
    position: Option<Position>,
    counted_batch: Option<Uuid>,
    pub customers: PeopleSums,
    pub executors: PeopleSums,
    earnings: BTreeMap<&'static str, i128>,
}

impl Statistics {
    /// `highest` are the ids of customers and executors up to which something is expected.
    pub fn new(
        keys: &Keys,
        position: Option<Position>,
        highest: [u32; 2],
        scale: Scale,
    ) -> Statistics {
        let [customers, executors] =
            highest.map(|highest| PeopleSums::new(keys.clone(), highest, scale));
        let (counted_batch, earnings) = (None, BTreeMap::new());
        Statistics { position, counted_batch, customers, executors, earnings }
    }

    /// How far they have counted.
    pub fn counted(&self) -> u64 {
        self.position.as_ref().map_or(0, |position| position.revision)
    }

    /// How many customers and executors the position counts.
    pub fn persons(&self) -> (u32, u32) {
        self.position.as_ref().map_or((0, 0), |position| (position.customers, position.executors))
    }

    pub fn run(&mut self, run: &Run) {
        let counted = self.counted();
        if run.revision > counted {
            return;
        }
        if run.revision == counted {
            self.counted_batch = Some(run.batch);
        }
        for posting in run.events.iter().flat_map(Posting::of) {
            match posting.role {
                Role::Customer => self.customers.post(&posting),
                Role::Executor => self.executors.post(&posting),
            }
            if let Some(earning) = posting.earning() {
                *self.earnings.entry(posting.currency).or_default() += earning;
            }
        }
    }

    pub fn row(&mut self, role: Role, row: &Person) {
        match role {
            Role::Customer => self.customers.row(row),
            Role::Executor => self.executors.row(row),
        }
    }

    /// Whether they count this journal, and whether the system has `earned` what it says.
    pub fn finish(self, head: &Head, earned: &BTreeMap<String, i128>) -> [Check; 2] {
        let earnings = check_earnings(&self.earnings, earned, self.counted());
        [check_position(self.position.as_ref(), head, self.counted_batch), earnings]
    }
}

fn check_position(position: Option<&Position>, head: &Head, counted_batch: Option<Uuid>) -> Check {
    let Some(Position { revision, batch, .. }) = position else {
        let mut check = Check::new("the statistics have a position");
        check.expect(false, || "there is none".to_owned());
        return check;
    };
    let mut check =
        Check::new(format!("the statistics follow this journal, as of revision {revision}"));
    let wanted = counted_batch.map(|batch| batch.to_string()).unwrap_or_default();
    if *revision > head.revision {
        check.expect(false, || format!("the head is at {} only", head.revision));
    } else {
        check.expect(*batch == wanted, || format!("they counted batch {batch:?}, not {wanted:?}"));
    }
    check
}

fn check_earnings(
    wanted: &BTreeMap<&'static str, i128>,
    found: &BTreeMap<String, i128>,
    counted: u64,
) -> Check {
    let title = format!("the system's earnings are the contracts' fees as of revision {counted}");
    let mut check = Check::new(title);
    let mut codes: Vec<&str> =
        wanted.keys().copied().chain(found.keys().map(String::as_str)).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let (found, wanted) = (found.get(code).copied(), wanted.get(code).copied());
        check.expect(found == wanted, || {
            format!("{code}: {} instead of {}", or_none(found), or_none(wanted))
        });
    }
    check
}

#[cfg(test)]
mod tests {
    use super::super::tests::{head, uuid};
    use super::*;

    #[test]
    fn statistics_of_another_journal_are_named() {
        let position = |revision, batch: Uuid| {
            Some(Position { revision, batch: batch.to_string(), customers: 1, executors: 1 })
        };
        let holds = |position: Option<Position>| {
            check_position(position.as_ref(), &head(), Some(uuid(3))).holds()
        };
        assert!(holds(position(3, uuid(3))));
        assert!(!holds(position(3, uuid(4))));
        assert!(!holds(position(4, uuid(3))));
        assert!(!holds(None));
    }

    #[test]
    fn wrong_earnings_are_named() {
        let check = |found: &[(&str, i128)]| {
            let found = found.iter().map(|(code, gain)| ((*code).to_owned(), *gain)).collect();
            check_earnings(&[("RUB", 20_000)].into(), &found, 3).to_line()
        };
        assert!(check(&[("RUB", 20_000)]).starts_with("ok "));
        let line = check(&[("RUB", 1), ("USD", 2)]);
        assert!(line.ends_with(": RUB: 1 instead of 20000; USD: 2 instead of none"), "{line}");
    }
}

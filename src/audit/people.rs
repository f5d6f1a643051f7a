//! The statistics against the journal, as of the revision that they have counted.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::books::{Account, Books, Code, Ledger, code_of};
use super::check::{Check, Fields, or_none};
use super::store::{Head, Person, Position};

/// Whether the statistics count this journal.
pub fn check_position(
    position: Option<&Position>,
    head: &Head,
    counted_batch: Option<Uuid>,
) -> Check {
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

/// One role's table, fed row by row in order of person and currency.
pub struct PeopleTable<'a> {
    role: &'static str,
    ledger: &'a Ledger,
    wanted: std::iter::Peekable<std::collections::btree_map::Iter<'a, (u32, Code), Account>>,
    sums: Check,
    ordinals: Check,
}

impl<'a> PeopleTable<'a> {
    pub fn new(role: &'static str, counted: u64, ledger: &'a Ledger) -> PeopleTable<'a> {
        let sums = format!("statistics of {role} are the journal's sums as of revision {counted}");
        let persons = ledger.persons();
        let ordinals = format!("{role} are numbered 1..{persons} without a gap");
        PeopleTable {
            role,
            ledger,
            wanted: ledger.accounts.iter().peekable(),
            sums: Check::new(sums),
            ordinals: Check::new(ordinals),
        }
    }

    pub fn add(&mut self, row: Person) {
        let key = code_of(&row.currency).map(|code| (row.id, code));
        let what = || format!("{} {}", row.id, row.currency);
        while let Some((missed, _)) = self.wanted.next_if(|(wanted, _)| Some(**wanted) < key) {
            missing(&mut self.sums, *missed);
        }
        let Some((_, account)) = self.wanted.next_if(|(wanted, _)| Some(**wanted) == key) else {
            return self.sums.expect(false, || format!("{} is not in the journal", what()));
        };
        let mut fields = Fields::default();
        fields.compare("count", row.count, account.count);
        fields.compare("completed", row.completed, 0);
        fields.compare("money", row.money, account.money);
        fields.compare("gain", row.gain, account.gain);
        self.sums.expect_same(what, &fields);
        let (found, wanted) = (or_none(row.ordinal), or_none(account.ordinal));
        self.ordinals.expect(found == wanted, || {
            format!("{} has number {found} instead of {wanted}", what())
        });
    }

    /// `counted` is how many persons the position counts.
    pub fn finish(mut self, counted: u32) -> [Check; 2] {
        self.wanted.for_each(|(missed, _)| missing(&mut self.sums, *missed));
        let persons = self.ledger.persons();
        self.ordinals.expect(persons == counted as usize, || {
            format!("the position counts {counted} {} instead of {persons}", self.role)
        });
        [self.sums, self.ordinals]
    }
}

fn missing(sums: &mut Check, (person, code): (u32, Code)) {
    sums.expect(false, || format!("{person} {} is missing", String::from_utf8_lossy(&code)));
}

/// Whether the system's earnings are the contracts' fees.
pub fn check_earnings(books: &Books, found: &BTreeMap<String, i128>, counted: u64) -> Check {
    let title = format!("the system's earnings are the contracts' fees as of revision {counted}");
    let mut check = Check::new(title);
    let wanted: BTreeMap<&str, i128> = books
        .earnings
        .iter()
        .map(|(code, gain)| (std::str::from_utf8(code).unwrap_or_default(), *gain))
        .collect();
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
    use super::super::replay::tests::{head, replayed, story, uuid};
    use super::*;

    fn person(id: u32, code: &str, [count, money, gain]: [i128; 3]) -> Person {
        let currency = code.to_owned();
        Person { id, currency, count, completed: 0, money, gain, ordinal: Some(1) }
    }

    fn wrong(rows: Vec<Person>, counted: u32) -> Vec<String> {
        let (world, _) = replayed(story(), &head());
        let mut table = PeopleTable::new("customers", 3, &world.books.customers);
        rows.into_iter().for_each(|row| table.add(row));
        let checks = table.finish(counted);
        checks.iter().filter(|check| !check.holds()).map(Check::to_line).collect()
    }

    #[test]
    fn wrong_sums_and_numbers_are_named() {
        let right = person(7, "RUB", [3, 2_000_000, 40_000]);
        let none: [&str; 0] = [];
        assert_eq!(wrong(vec![right.clone()], 1), none);
        let sums = "WRONG statistics of customers are the journal's sums as of revision 3";
        let off = wrong(vec![Person { gain: 40_001, ..right.clone() }], 1);
        assert_eq!(off, [format!("{sums}: 7 RUB: gain is 40001 instead of 40000")]);
        let moved = wrong(vec![person(5, "RUB", [1, 1, 1])], 1);
        let found = "5 RUB is not in the journal; 7 RUB is missing";
        assert_eq!(moved, [format!("{sums}: 2 contradictions: {found}")]);
        let numbers = "WRONG customers are numbered 1..1 without a gap";
        let unnumbered = wrong(vec![Person { ordinal: None, ..right.clone() }], 1);
        assert_eq!(unnumbered, [format!("{numbers}: 7 RUB has number none instead of 1")]);
        let miscounted = wrong(vec![right], 2);
        let counted = "the position counts 2 customers instead of 1";
        assert_eq!(miscounted, [format!("{numbers}: {counted}")]);
    }

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
        let (world, _) = replayed(story(), &head());
        let check = |found: &[(&str, i128)]| {
            let found = found.iter().map(|(code, gain)| ((*code).to_owned(), *gain)).collect();
            check_earnings(&world.books, &found, 3).to_line()
        };
        assert!(check(&[("RUB", 20_000)]).starts_with("ok "));
        let line = check(&[("RUB", 1), ("USD", 2)]);
        assert!(line.ends_with(": RUB: 1 instead of 20000; USD: 2 instead of none"), "{line}");
    }
}

//! Which rows of a table differ from what they should be, and what mends them. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::deltas::{Row, Side, Sums};
use super::store::Stored;

/// What makes a table right; ids and times of registration stay.
#[derive(Debug)]
pub struct Mending<'a> {
    /// Ids of rows that should not be there.
    pub strangers: Vec<u32>,
    /// Ids of rows with another ordinal than they should have.
    pub misnumbered: Vec<u32>,
    /// Rows with wrong sums or ordinals: id, row, ordinal.
    pub wrong: Vec<(u32, &'a Row, Option<u32>)>,
    pub missing: Vec<(&'a Row, Option<u32>)>,
    /// How many persons there should be.
    pub persons: u32,
    /// Who has rows that were not right.
    pub mended: BTreeSet<u32>,
    /// Each difference in a line.
    pub differences: Vec<String>,
}

impl<'a> Mending<'a> {
    pub fn of(role: &str, wanted: &'a Side, stored: Vec<Stored>) -> Mending<'a> {
        let mut mending = Mending {
            strangers: Vec::new(),
            misnumbered: Vec::new(),
            wrong: Vec::new(),
            missing: Vec::new(),
            persons: 0,
            mended: BTreeSet::new(),
            differences: Vec::new(),
        };
        let mut stored: HashMap<(u32, String), Stored> =
            stored.into_iter().map(|row| ((row.person, row.currency.clone()), row)).collect();
        let mut met = HashSet::new();
        for row in wanted.rows() {
            let (person, currency) = row.key;
            let ordinal = met.insert(person).then(|| {
                mending.persons += 1;
                mending.persons
            });
            let is = said(&row.sums, ordinal);
            let was = match stored.remove(&(person, currency.code().to_owned())) {
                Some(row_was) if row_was.sums == row.sums && row_was.ordinal == ordinal => continue,
                Some(row_was) => {
                    if row_was.ordinal != ordinal {
                        mending.misnumbered.push(row_was.id);
                    }
                    mending.wrong.push((row_was.id, row, ordinal));
                    said(&row_was.sums, row_was.ordinal)
                }
                None => {
                    mending.missing.push((row, ordinal));
                    "missing".to_owned()
                }
            };
            mending.mended.insert(person);
            let line = format!("{role} {person} {}: {was}, now {is}", currency.code());
            mending.differences.push(line);
        }
        let mut strangers: Vec<Stored> = stored.into_values().collect();
        strangers.sort_unstable_by_key(|row| row.id);
        for row in strangers {
            mending.strangers.push(row.id);
            mending.mended.insert(row.person);
            let was = said(&row.sums, row.ordinal);
            let line = format!("{role} {} {}: {was}, now gone", row.person, row.currency);
            mending.differences.push(line);
        }
        mending
    }
}

/// A row in words; money in hundredths, since the currency may be nonsense.
fn said(sums: &Sums, ordinal: Option<u32>) -> String {
    let Sums { count, completed, given_up, money, gain } = sums;
    let some = |count: u32, what: &str| {
        if count == 0 { String::new() } else { format!(", {count} {what}") }
    };
    let completed = some(*completed, "completed") + &some(*given_up, "given up");
    let ordinal = ordinal.map(|ordinal| format!(", ordinal {ordinal}")).unwrap_or_default();
    let (money, gain) = (money.hundredths(), gain.hundredths());
    format!("{count} orders{completed}, money {money}, gain {gain}{ordinal}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Total;
    use crate::statistics::deltas::tests::{deltas, placed};

    fn stored(id: u32, person: u32, code: &str, sums: [u32; 3], ordinal: Option<u32>) -> Stored {
        let [count, money, gain] = sums;
        let total = |hundredths: u32| Total::from_hundredths(hundredths.into());
        let sums =
            Sums { count, completed: 0, given_up: 0, money: total(money), gain: total(gain) };
        Stored { id, person, currency: code.to_owned(), sums, ordinal }
    }

    #[test]
    fn only_what_differs_is_mended_and_named() {
        let wanted = deltas(vec![vec![
            placed(8, "USD", 100),
            placed(5, "RUB", 100),
            placed(8, "RUB", 100),
            placed(3, "RUB", 100),
        ]]);
        let mending = Mending::of(
            "customer",
            &wanted.customers,
            vec![
                stored(1, 8, "USD", [1, 100, 2], Some(1)),
                stored(2, 5, "RUB", [1, 101, 2], Some(2)),
                stored(4, 8, "RUB", [1, 100, 2], Some(3)),
                stored(9, 6, "XXX", [1, 1, 1], None),
            ],
        );
        assert_eq!(
            (mending.strangers, mending.misnumbered, mending.persons),
            (vec![9], vec![4], 3)
        );
        assert!(mending.mended.iter().eq(&[3, 5, 6, 8]));
        let wrong: Vec<_> =
            mending.wrong.iter().map(|(id, row, no)| (*id, row.key.0, *no)).collect();
        assert_eq!(wrong, [(2, 5, Some(2)), (4, 8, None)]);
        let missing: Vec<_> = mending.missing.iter().map(|(row, no)| (row.key.0, *no)).collect();
        assert_eq!(missing, [(3, Some(3))]);
        assert_eq!(
            mending.differences,
            [
                "customer 5 RUB: 1 orders, money 101, gain 2, ordinal 2, \
                 now 1 orders, money 100, gain 2, ordinal 2",
                "customer 8 RUB: 1 orders, money 100, gain 2, ordinal 3, \
                 now 1 orders, money 100, gain 2",
                "customer 3 RUB: missing, now 1 orders, money 100, gain 2, ordinal 3",
                "customer 6 XXX: 1 orders, money 1, gain 1, now gone",
            ]
        );
    }
}

//! Which rows exist already and which are new. Pure.

use std::collections::{HashMap, HashSet};

use super::deltas::{Key, Row, Side};

/// Rows to change and rows to make.
#[derive(PartialEq, Debug)]
pub struct Plan<'a> {
    /// Existing rows, by their ids.
    pub known: Vec<(u32, &'a Row)>,
    /// New rows; the first row that a person gets carries their ordinal.
    pub new: Vec<(&'a Row, Option<u32>)>,
    /// How many persons there are afterwards.
    pub persons: u32,
}

/// `ids` are the existing rows of everybody on this side, `persons` how many persons there are.
pub fn plan<'a>(side: &'a Side, ids: &HashMap<Key, u32>, persons: u32) -> Plan<'a> {
    let mut met: HashSet<u32> = ids.keys().map(|(person, _)| *person).collect();
    let mut plan = Plan { known: Vec::new(), new: Vec::new(), persons };
    for row in side.rows() {
        if let Some(id) = ids.get(&row.key) {
            plan.known.push((*id, row));
        } else if met.insert(row.key.0) {
            plan.persons += 1;
            plan.new.push((row, Some(plan.persons)));
        } else {
            plan.new.push((row, None));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::statistics::deltas::tests::{deltas, placed};

    #[test]
    fn newcomers_are_numbered_once_in_order_of_appearance() {
        let deltas = deltas(vec![vec![
            placed(8, "USD", 100),
            placed(5, "RUB", 100),
            placed(8, "RUB", 100),
            placed(3, "RUB", 100),
            placed(3, "USD", 100),
        ]]);
        let usd = Currency::from_code("USD").unwrap();
        let ids = HashMap::from([((3, usd), 40)]);
        let plan = plan(&deltas.customers, &ids, 17);
        let known: Vec<_> = plan.known.iter().map(|(id, row)| (*id, row.key.0)).collect();
        assert_eq!(known, [(40, 3)]);
        let new: Vec<_> =
            plan.new.iter().map(|(row, ordinal)| (row.key.0, row.key.1.code(), *ordinal)).collect();
        let expected =
            [(8, "USD", Some(18)), (5, "RUB", Some(19)), (8, "RUB", None), (3, "RUB", None)];
        assert_eq!(new, expected);
        assert_eq!(plan.persons, 19);
    }
}

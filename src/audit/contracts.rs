//! The contracts' table against the journal, the orders and the arithmetic of the commission.

use roaring::RoaringBitmap;

use super::check::Check;
use super::record::{ContractRecord, fee};
use super::replay::World;
use super::store::Head;
use super::walk::Walk;
use crate::contracts::Contract;

/// Fed row by row, in order of id.
pub struct ContractsTable<'a> {
    world: &'a World,
    walk: Walk<'a, ContractRecord>,
    last: u32,
    /// Taken orders that no contract has named so far, and all of them.
    unnamed: RoaringBitmap,
    taken: RoaringBitmap,
    ids: Check,
    same: Check,
    pairs: Check,
    split: Check,
}

impl ContractsTable<'_> {
    pub fn new(world: &World, taken: RoaringBitmap) -> ContractsTable<'_> {
        ContractsTable {
            world,
            walk: Walk::new(&world.contracts),
            last: 0,
            unnamed: taken.clone(),
            taken,
            ids: Check::new(""),
            same: Check::new("replaying the journal gives exactly the table of contracts"),
            pairs: Check::new("taken orders and contracts belong together one to one"),
            split: Check::new("fee + payout = price and fee = price × percent in every contract"),
        }
    }

    pub fn add(&mut self, id: u32, contract: Result<Contract, sqlx::Error>) {
        let last = std::mem::replace(&mut self.last, id);
        self.ids.expect(id == last + 1, || format!("after contract {last} comes {id}"));
        let missing = |id| self.same.expect(false, || format!("contract {id} is missing"));
        let wanted = self.walk.meet(id, missing);
        let contract = match contract {
            Ok(contract) => contract,
            Err(error) => {
                return self.same.expect(false, || format!("contract {id} is unreadable: {error}"));
            }
        };
        match wanted {
            Some(wanted) => {
                let order = self.world.orders.get(&wanted.order_id);
                let fields = wanted.compare(&contract, order);
                self.same.expect_same(|| format!("contract {id}"), &fields);
            }
            None => self.same.expect(false, || format!("contract {id} was never made")),
        }
        self.check_order(&contract);
        self.check_split(&contract);
    }

    fn check_order(&mut self, contract: &Contract) {
        let Contract { id, order_id, .. } = *contract;
        let first = self.unnamed.remove(order_id);
        self.pairs.expect(first, || {
            if self.taken.contains(order_id) {
                format!("contract {id} is another one of order {order_id}")
            } else {
                format!("contract {id} names order {order_id}, which is not taken")
            }
        });
    }

    fn check_split(&mut self, contract: &Contract) {
        let hundredths = [contract.price, contract.fee, contract.payout];
        let [price, fee_found, payout] = hundredths.map(|amount| i128::from(amount.hundredths()));
        let percent = contract.percent.get();
        self.split.expect(fee_found + payout == price, || {
            format!("contract {}: {fee_found} + {payout} is not {price}", contract.id)
        });
        let exact = fee_found * 100 == price * i128::from(percent);
        self.split.expect(exact, || {
            let wanted = fee(contract.price.hundredths(), percent);
            format!("contract {}: fee {fee_found} instead of {wanted}", contract.id)
        });
    }

    pub fn finish(self, head: &Head) -> [Check; 4] {
        let ContractsTable { walk, last, unnamed, mut ids, mut same, mut pairs, split, .. } = self;
        walk.finish(|id| same.expect(false, || format!("contract {id} is missing")));
        for order_id in unnamed {
            pairs.expect(false, || format!("order {order_id} is taken without a contract"));
        }
        ids.retitle(format!("contract ids run 1..{} without a gap", head.contracts));
        ids.expect(last == head.contracts, || {
            format!("the last contract is {last}, but the head counts {}", head.contracts)
        });
        [same, ids, pairs, split]
    }
}

#[cfg(test)]
mod tests {
    use super::super::replay::tests::{closed, head, order, replayed, story};
    use super::*;
    use crate::money::Amount;
    use crate::orders::Status;

    fn wrong(taken: &[u32], change: impl FnOnce(&mut Vec<Contract>)) -> Vec<String> {
        let (world, _) = replayed(story(), &head());
        let mut rows = vec![Contract::of_order(&closed(order(1, 1), Status::Taken, 2), 1, 9)];
        change(&mut rows);
        let mut table = ContractsTable::new(&world, taken.iter().collect());
        rows.into_iter().for_each(|contract| table.add(contract.id, Ok(contract)));
        let checks = table.finish(&head());
        checks.iter().filter(|check| !check.holds()).map(Check::to_line).collect()
    }

    fn amount(hundredths: i64) -> Amount {
        Amount::from_hundredths(hundredths).unwrap()
    }

    #[test]
    fn planted_differences_are_named() {
        let none: [&str; 0] = [];
        assert_eq!(wrong(&[1], |_| {}), none);
        let same = "WRONG replaying the journal gives exactly the table of contracts";
        let executor = wrong(&[1], |rows| rows[0].executor_id = 8);
        assert_eq!(executor, [format!("{same}: contract 1: executor_id is 8 instead of 9")]);

        let shifted = wrong(&[1], |rows| {
            rows[0].fee = amount(20_001);
            rows[0].payout = amount(979_999);
        });
        let fields = "fee is 20001 instead of 20000, payout is 979999 instead of 980000";
        assert_eq!(shifted[0], format!("{same}: contract 1: {fields}"));
        assert!(shifted[1].ends_with(": contract 1: fee 20001 instead of 20000"), "{shifted:?}");
        let altered = wrong(&[1], |rows| rows[0].fee = amount(19_999));
        assert!(altered[1].contains("contract 1: 19999 + 980000 is not 1000000"), "{altered:?}");

        let pairs = "WRONG taken orders and contracts belong together one to one";
        let lonely = wrong(&[1, 3], |_| {});
        assert_eq!(lonely, [format!("{pairs}: order 3 is taken without a contract")]);
        let open = wrong(&[], |_| {});
        assert_eq!(open, [format!("{pairs}: contract 1 names order 1, which is not taken")]);
        let gone = wrong(&[1], Vec::clear);
        assert_eq!(gone[0], format!("{same}: contract 1 is missing"));
        assert_eq!(gone.len(), 3);
    }
}

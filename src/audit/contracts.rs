//! The contracts' table by itself and against the orders' table: ids, pairs, and the arithmetic of
//! the commission.

use roaring::RoaringBitmap;

use super::check::Check;
use super::facts::fee;
use super::store::Head;
use crate::contracts::Contract;

/// Fed row by row, in order of id. Of each order that a contract names it keeps a bit or less.
pub struct ContractsTable {
    last: u32,
    pub named: RoaringBitmap,
    ids: Check,
    pairs: Check,
    split: Check,
}

impl ContractsTable {
    pub fn new() -> ContractsTable {
        ContractsTable {
            last: 0,
            named: RoaringBitmap::new(),
            ids: Check::new(""),
            pairs: Check::new("taken orders and contracts belong together one to one"),
            split: Check::new("fee + payout = price and fee = price × percent in every contract"),
        }
    }

    /// The next row; without its contract when it is unreadable. `taken` are the orders that are.
    pub fn add(&mut self, id: u32, contract: Option<&Contract>, taken: &RoaringBitmap) {
        let last = std::mem::replace(&mut self.last, id);
        self.ids.expect(id == last + 1, || format!("after contract {last} comes {id}"));
        let Some(contract) = contract else {
            return;
        };
        let order_id = contract.order_id;
        let (first, is_taken) = (self.named.insert(order_id), taken.contains(order_id));
        self.pairs.expect(first && is_taken, || {
            if is_taken {
                format!("contract {id} is another one of order {order_id}")
            } else {
                format!("contract {id} names order {order_id}, which is not taken")
            }
        });
        self.check_split(contract);
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

    /// Compares with the head and with the orders that are taken: ids, pairs and arithmetic.
    pub fn finish(self, head: &Head, taken: &RoaringBitmap) -> [Check; 3] {
        let ContractsTable { last, named, mut ids, mut pairs, split } = self;
        for order_id in taken.iter().filter(|order_id| !named.contains(*order_id)) {
            pairs.expect(false, || format!("order {order_id} is taken without a contract"));
        }
        ids.retitle(format!("contract ids run 1..{} without a gap", head.contracts));
        ids.expect(last == head.contracts, || {
            format!("the last contract is {last}, but the head counts {}", head.contracts)
        });
        [ids, pairs, split]
    }
}

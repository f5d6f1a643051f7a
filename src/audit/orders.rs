//! The orders' table against the journal.

use roaring::RoaringBitmap;

use super::check::Check;
use super::record::OrderRecord;
use super::replay::World;
use super::store::Head;
use super::walk::Walk;
use crate::orders::{Order, Status};

/// Fed row by row, in order of id.
pub struct OrdersTable<'a> {
    walk: Walk<'a, OrderRecord>,
    last: u32,
    open: u64,
    taken: RoaringBitmap,
    ids: Check,
    same: Check,
}

impl OrdersTable<'_> {
    pub fn new(world: &World) -> OrdersTable<'_> {
        OrdersTable {
            walk: Walk::new(&world.orders),
            last: 0,
            open: 0,
            taken: RoaringBitmap::new(),
            ids: Check::new(""),
            same: Check::new(""),
        }
    }

    pub fn add(&mut self, id: u32, order: Result<Order, sqlx::Error>) {
        let last = std::mem::replace(&mut self.last, id);
        self.ids.expect(id == last + 1, || format!("after order {last} comes {id}"));
        let missing = |id| self.same.expect(false, || format!("order {id} is missing"));
        let wanted = self.walk.meet(id, missing);
        match (order, wanted) {
            (Ok(order), wanted) => {
                self.open += u64::from(order.status == Status::Open);
                if order.status == Status::Taken {
                    self.taken.insert(id);
                }
                match wanted {
                    Some(wanted) => {
                        self.same.expect_same(|| format!("order {id}"), &wanted.compare(&order));
                    }
                    None => self.same.expect(false, || format!("order {id} was never placed")),
                }
            }
            (Err(error), _) => {
                self.same.expect(false, || format!("order {id} is unreadable: {error}"));
            }
        }
    }

    /// Compares with the head; gives which orders are taken.
    pub fn finish(self, head: &Head) -> (RoaringBitmap, [Check; 3]) {
        let OrdersTable { walk, last, open, taken, mut ids, mut same } = self;
        walk.finish(|id| same.expect(false, || format!("order {id} is missing")));
        same.retitle("replaying the journal gives exactly the table of orders".to_owned());
        ids.retitle(format!("order ids run 1..{} without a gap", head.orders));
        ids.expect(last == head.orders, || {
            format!("the last order is {last}, but the head counts {}", head.orders)
        });
        let counted = head.open_orders;
        let mut count =
            Check::new(format!("the head counts {counted} open orders, and so many are"));
        count.expect(open == u64::from(counted), || format!("{open} orders are open"));
        (taken, [same, ids, count])
    }
}

#[cfg(test)]
mod tests {
    use super::super::replay::tests::{closed, head, order, replayed, story};
    use super::*;

    fn wrong(change: impl FnOnce(&mut Vec<Order>), head: &Head) -> Vec<String> {
        let (world, _) = replayed(story(), head);
        let mut rows = vec![
            closed(order(1, 1), Status::Taken, 2),
            closed(order(2, 1), Status::Withdrawn, 3),
            order(3, 3),
        ];
        change(&mut rows);
        let mut table = OrdersTable::new(&world);
        rows.into_iter().for_each(|order| table.add(order.id, Ok(order)));
        let (_, checks) = table.finish(head);
        checks.iter().filter(|check| !check.holds()).map(Check::to_line).collect()
    }

    #[test]
    fn planted_differences_are_named() {
        let none: [&str; 0] = [];
        assert_eq!(wrong(|_| {}, &head()), none);
        let same = "WRONG replaying the journal gives exactly the table of orders";
        let altered = wrong(|rows| rows[2].description.push('!'), &head());
        assert_eq!(altered, [format!("{same}: order 3: description is another")]);
        let open = "WRONG the head counts 1 open orders, and so many are: 2 orders are open";
        let reopened = wrong(|rows| rows[0].status = Status::Open, &head());
        let status = format!("{same}: order 1: status is open instead of taken");
        assert_eq!(reopened, [status, open.to_owned()]);
        let missing = wrong(|rows| drop(rows.remove(1)), &head());
        let ids = "WRONG order ids run 1..3 without a gap: after order 1 comes 3";
        assert_eq!(missing, [format!("{same}: order 2 is missing"), ids.to_owned()]);
        let stranger = wrong(|rows| rows.push(closed(order(4, 3), Status::Removed, 3)), &head());
        let ids =
            "WRONG order ids run 1..3 without a gap: the last order is 4, but the head counts 3";
        assert_eq!(stranger, [format!("{same}: order 4 was never placed"), ids.to_owned()]);
        let miscounted = wrong(|_| {}, &Head { open_orders: 2, ..head() });
        assert!(miscounted[0].ends_with("1 orders are open"), "{miscounted:?}");
    }
}

//! The orders' table by itself: its ids, and which orders are open and taken.

use roaring::RoaringBitmap;

use super::check::Check;
use super::store::Head;
use crate::orders::{Order, Status};

/// Fed row by row, in order of id. Of each order it keeps a bit or less.
pub struct OrdersTable {
    last: u32,
    pub open: RoaringBitmap,
    pub taken: RoaringBitmap,
    ids: Check,
}

impl OrdersTable {
    pub fn new() -> OrdersTable {
        let (open, taken) = (RoaringBitmap::new(), RoaringBitmap::new());
        OrdersTable { last: 0, open, taken, ids: Check::new("") }
    }

    /// The next row; without its order when it is unreadable.
    pub fn add(&mut self, id: u32, order: Option<&Order>) {
        let last = std::mem::replace(&mut self.last, id);
        self.ids.expect(id == last + 1, || format!("after order {last} comes {id}"));
        match order.map(|order| order.status) {
            Some(Status::Open) => _ = self.open.insert(id),
            Some(Status::Taken) => _ = self.taken.insert(id),
            _ => {}
        }
    }

    /// Compares with the head: ids and the number of open orders.
    pub fn finish(self, head: &Head) -> [Check; 2] {
        let OrdersTable { last, open, mut ids, .. } = self;
        ids.retitle(format!("order ids run 1..{} without a gap", head.orders));
        ids.expect(last == head.orders, || {
            format!("the last order is {last}, but the head counts {}", head.orders)
        });
        let (counted, open) = (head.open_orders, open.len());
        let mut count =
            Check::new(format!("the head counts {counted} open orders, and so many are"));
        count.expect(open == u64::from(counted), || format!("{open} orders are open"));
        [ids, count]
    }
}

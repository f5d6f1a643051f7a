//! Rows of the orders' table against the journal.

use super::super::check::Check;
use super::super::lens::Lens;
use super::record::OrderRecord;
use super::replay::World;
use super::walk::Walk;
use crate::orders::Order;

/// Fed row by row, in order of id.
pub struct OrdersTable<'a> {
    walk: Walk<'a, OrderRecord>,
    lens: &'a mut Lens,
    same: &'a mut Check,
}

impl<'a> OrdersTable<'a> {
    pub fn new(world: &'a World, lens: &'a mut Lens, same: &'a mut Check) -> OrdersTable<'a> {
        OrdersTable { walk: Walk::new(&world.orders), lens, same }
    }

    pub fn add(&mut self, id: u32, order: &Result<Order, sqlx::Error>) {
        let OrdersTable { walk, lens, same } = self;
        if !lens.contains(id) {
            return;
        }
        let wanted = walk.meet(id, |id| missing(lens, same, id));
        let wrong = match (order, wanted) {
            (Ok(order), Some(wanted)) => {
                let fields = wanted.compare(order);
                (!fields.is_empty()).then(|| format!("order {id}: {}", fields.to_text()))
            }
            (Ok(_), None) => Some(format!("order {id} was never placed")),
            (Err(error), _) => Some(format!("order {id} is unreadable: {error}")),
        };
        if let Some(wrong) = wrong {
            lens.explain(id);
            same.expect(false, || wrong);
        }
    }

    pub fn finish(self) {
        let OrdersTable { walk, lens, same } = self;
        walk.finish(|id| missing(lens, same, id));
    }
}

fn missing(lens: &mut Lens, same: &mut Check, id: u32) {
    lens.explain(id);
    same.expect(false, || format!("order {id} is missing"));
}

//! Replays some orders and contracts: what they must be after the journal, and whether each event
//! can follow the ones before it. Does no I/O.

use std::collections::BTreeMap;

use super::super::findings::Lenses;
use super::record::{ContractRecord, Mark, NoteRecord, OrderRecord};
use crate::contracts::{Contract, State};
use crate::exchange::event::{Event, Run};
use crate::orders::{Order, Status};

/// What is looked at, as the journal has it.
#[derive(Default, Debug)]
pub struct World {
    pub orders: BTreeMap<u32, OrderRecord>,
    /// Those that only contracts are compared with, as they were placed.
    others: BTreeMap<u32, OrderRecord>,
    pub contracts: BTreeMap<u32, ContractRecord>,
    /// By contract and number.
    pub notes: BTreeMap<(u32, u32), NoteRecord>,
}

impl World {
    /// Takes an event as it stands; says what in it cannot follow. What else is wrong in it was
    /// named before.
    pub fn apply(&mut self, event: &Event, run: &Run, lenses: &mut Lenses) -> Option<String> {
        match event {
            Event::OrderPlaced { order } | Event::OrderReturned { order } => {
                self.place(order, run, lenses);
                None
            }
            Event::OrderEdited { order, from } => self.edit(order, from, run, lenses),
            Event::OrderWithdrawn { order } => self.close(order, Status::Withdrawn, run, lenses),
            Event::OrderRemoved { order, .. } => self.close(order, Status::Removed, run, lenses),
            Event::OrderExpired { order } => self.close(order, Status::Expired, run, lenses),
            Event::OrderAccepted { order, contract_id, executor_id } => {
                if lenses.see_contract(*contract_id) {
                    let record = ContractRecord::made(order.id, *executor_id, run);
                    if self.contracts.insert(*contract_id, record).is_some() {
                        lenses.contracts.explain(*contract_id);
                    }
                }
                self.close(order, Status::Taken, run, lenses)
            }
            Event::NoteWritten { contract_id, number, author, text, .. } => {
                if !lenses.notes.contains(*contract_id) {
                    return None;
                }
                let (author, text) = (*author, Mark::of(text));
                let (revision, created) = (run.revision, run.created);
                let note = NoteRecord { author, text, revision, created };
                let again = self.notes.insert((*contract_id, *number), note).is_some();
                again.then(|| "written a second time".to_owned())
            }
            Event::ContractDelivered { contract, from }
            | Event::ContractCompleted { contract, from, .. }
            | Event::ContractGivenUp { contract, from }
            | Event::ContractDisputed { contract, from, .. }
            | Event::ContractRuled { contract, from, .. } => {
                self.change(contract, *from, run, lenses)
            }
        }
    }

    fn change(
        &mut self,
        contract: &Contract,
        from: State,
        run: &Run,
        lenses: &Lenses,
    ) -> Option<String> {
        let World { orders, others, contracts, .. } = self;
        let status = contract.status.name();
        if !lenses.see_contract(contract.id) {
            return None;
        }
        let Some(record) = contracts.get_mut(&contract.id) else {
            return Some(format!("{status}, but was never made"));
        };
        let order = orders.get(&record.order_id).or_else(|| others.get(&record.order_id));
        // What no row names is at hand only by chance.
        let order = order.filter(|_| lenses.their_orders.contains(record.order_id));
        let fields = record.compare_change(contract, from, order);
        record.status = contract.status;
        record.revision = run.revision;
        record.last_action = run.created;
        (!fields.is_empty()).then(|| fields.to_text())
    }

    /// The order that a contract takes its terms from.
    pub fn order_of(&self, contract: &ContractRecord) -> Option<&OrderRecord> {
        let id = &contract.order_id;
        self.orders.get(id).or_else(|| self.others.get(id))
    }

    /// Whether an order was ever placed, if it is looked at.
    pub fn knows(&self, order_id: u32) -> bool {
        self.orders.contains_key(&order_id) || self.others.contains_key(&order_id)
    }

    fn place(&mut self, order: &Order, run: &Run, lenses: &mut Lenses) {
        let orders = if lenses.orders.contains(order.id) {
            &mut self.orders
        } else if lenses.their_orders.contains(order.id) {
            &mut self.others
        } else {
            return;
        };
        let record = OrderRecord {
            status: Status::Open,
            revision: run.revision,
            created: run.created,
            last_action: run.created,
            ..OrderRecord::of(order)
        };
        // A second one of the same id makes the difference: its id was not the next.
        if orders.insert(order.id, record).is_some() {
            lenses.orders.explain(order.id);
            lenses.terms.explain(order.id);
        }
    }

    fn edit(
        &mut self,
        order: &Order,
        from: &Order,
        run: &Run,
        lenses: &mut Lenses,
    ) -> Option<String> {
        let is_seen = lenses.orders.contains(order.id);
        let orders = if is_seen { &mut self.orders } else { &mut self.others };
        let known = orders.get_mut(&order.id);
        let Some(record) = known else {
            return is_seen.then(|| "edited, but was never placed".to_owned());
        };
        let fields = record.compare(from);
        let (revision, last_action) = (run.revision, run.created);
        *record = OrderRecord { revision, last_action, ..OrderRecord::of(order) };
        if !fields.is_empty() {
            // Contracts took their terms from it.
            lenses.terms.explain(order.id);
        }
        (is_seen && !fields.is_empty()).then(|| fields.to_text())
    }

    fn close(
        &mut self,
        order: &Order,
        status: Status,
        run: &Run,
        lenses: &Lenses,
    ) -> Option<String> {
        if !lenses.orders.contains(order.id) {
            return None;
        }
        let Some(record) = self.orders.get_mut(&order.id) else {
            return Some(format!("{}, but was never placed", status.name()));
        };
        let before = record.status;
        record.status = status;
        record.revision = run.revision;
        record.last_action = run.created;
        if before != Status::Open {
            return Some(format!("{}, but was {} already", status.name(), before.name()));
        }
        let fields = record.compare_closing(order);
        (!fields.is_empty()).then(|| fields.to_text())
    }
}

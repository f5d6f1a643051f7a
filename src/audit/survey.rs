//! The first pass: everything is read once, the tables first. What takes no memory is checked and
//! named at once; of the rest, it is found out in which blocks of ids something differs.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::blocks::Scale;
use super::chain::Chain;
use super::check::Check;
use super::contracts::ContractsTable;
use super::events::Events;
use super::findings::{Findings, Lenses, RoleChecks, RoleLenses};
use super::fingerprint::Keys;
use super::orders::OrdersTable;
use super::people::PeopleSums;
use super::posting::Role;
use super::requests::RequestsTable;
use super::statistics::Statistics;
use super::store::{Head, Person, Position, Request};
use super::sums::{Highest, Sums};
use crate::contracts::Contract;
use crate::contracts::notes::Note;
use crate::exchange::event::{Event, Run};
use crate::orders::{Order, Status};

pub struct Survey {
    head: Head,
    scale: Scale,
    sums: Sums,
    orders: OrdersTable,
    contracts: ContractsTable,
    requests: RequestsTable,
    chain: Chain,
    events: Events,
    statistics: Statistics,
}

impl Survey {
    /// `highest` are the ids of orders and contracts, `persons` those of customers and executors,
    /// up to which something is expected.
    pub fn new(
        head: Head,
        position: Option<Position>,
        highest: Highest,
        persons: [u32; 2],
        scale: Scale,
    ) -> Survey {
        let keys = Keys::draw();
        Survey {
            statistics: Statistics::new(&keys, position, persons, scale),
            sums: Sums::new(keys, highest, scale),
            orders: OrdersTable::new(),
            contracts: ContractsTable::new(),
            requests: RequestsTable::new(head.revision),
            chain: Chain::new(),
            events: Events::new(),
            head,
            scale,
        }
    }

    /// How far the statistics are.
    pub fn counted(&self) -> u64 {
        self.statistics.counted()
    }

    /// All orders come first, by id.
    pub fn order<E>(&mut self, id: u32, order: &Result<Order, E>) {
        self.orders.add(id, order.as_ref().ok());
        match order {
            Ok(order) => self.sums.order_row(order),
            Err(_) => self.sums.doubt_order(id),
        }
    }

    /// Then all contracts, by id.
    pub fn contract<E>(&mut self, id: u32, contract: &Result<Contract, E>) {
        self.contracts.add(id, contract.as_ref().ok(), &self.orders.taken);
        match contract {
            Ok(contract) => self.sums.contract_row(contract),
            Err(_) => self.sums.doubt_contract(id),
        }
    }

    /// Then all notes.
    pub fn note<E>(&mut self, contract_id: u32, note: &Result<Note, E>) {
        match note {
            Ok(note) => self.sums.note_row(note),
            Err(_) => self.sums.doubt_notes(contract_id),
        }
    }

    pub fn request(&mut self, request: &Request) {
        self.requests.add(request);
    }

    /// Then the journal.
    pub fn run(&mut self, revision: u64, run: &Result<Run, sqlx::Error>) {
        self.chain.add(revision, run.as_ref().ok());
        self.events.begin(revision, run);
        let Ok(run) = run else {
            return;
        };
        for event in &run.events {
            self.events.add(event, run);
            self.sum_up(event, run);
        }
        self.statistics.run(run);
    }

    fn sum_up(&mut self, event: &Event, run: &Run) {
        match event {
            Event::OrderPlaced { order } | Event::OrderReturned { order } => {
                let (open, named) = (&self.orders.open, &self.contracts.named);
                let (open, named) = (open.contains(order.id), named.contains(order.id));
                self.sums.place(order, run, open, named);
            }
            Event::OrderEdited { order, from } => {
                let (open, named) = (&self.orders.open, &self.contracts.named);
                let (open, named) = (open.contains(order.id), named.contains(order.id));
                self.sums.edit(order, from, run, open, named);
                if !self.events.knows_order(order.id) {
                    self.sums.doubt_order(order.id);
                }
            }
            Event::OrderWithdrawn { order } => self.close(order, Status::Withdrawn, run),
            Event::OrderRemoved { order, .. } => self.close(order, Status::Removed, run),
            Event::OrderExpired { order } => self.close(order, Status::Expired, run),
            Event::OrderAccepted { order, contract_id, executor_id } => {
                self.close(order, Status::Taken, run);
                self.sums.make(*contract_id, order.id, *executor_id, run);
            }
            Event::NoteWritten { contract_id, number, author, text, .. } => {
                self.sums.note((*contract_id, *number), *author, text, run);
            }
            Event::ContractDelivered { contract, from }
            | Event::ContractCompleted { contract, from, .. }
            | Event::ContractGivenUp { contract, from }
            | Event::ContractDisputed { contract, from, .. }
            | Event::ContractRuled { contract, from, .. } => {
                self.sums.change(contract, *from, run);
                if !self.events.knows_contract(contract.id) {
                    self.sums.doubt_contract(contract.id);
                }
            }
        }
    }

    fn close(&mut self, order: &Order, status: Status, run: &Run) {
        self.sums.close(order, status, run);
        if !self.events.knows_order(order.id) {
            self.sums.doubt_order(order.id);
        }
    }

    /// The statistics come whenever it suits.
    pub fn person(&mut self, role: Role, row: &Person) {
        self.statistics.row(role, row);
    }

    /// What is found so far, with what the system has `earned`; and where to look closely.
    pub fn finish(self, earned: &BTreeMap<String, i128>) -> (Findings, Lenses) {
        let Survey { head, scale, sums, orders, contracts, statistics, .. } = self;
        let Statistics { customers, executors, .. } = &statistics;
        let lenses = Lenses {
            orders: sums.orders.lens(scale),
            contracts: sums.contracts.lens(scale),
            terms: sums.terms.lens(scale),
            notes: sums.notes.lens(scale),
            more_contracts: RoaringBitmap::new(),
            their_orders: RoaringBitmap::new(),
            customers: RoleLenses::of(customers, scale),
            executors: RoleLenses::of(executors, scale),
        };
        let (counted, at_position) = (statistics.counted(), statistics.persons());
        let role = |name, people: &PeopleSums, at_position| {
            RoleChecks::new(name, counted, people.persons(), at_position)
        };
        let customers = role("customers", customers, at_position.0);
        let executors = role("executors", executors, at_position.1);
        let [position, earnings] = statistics.finish(&head, earned);
        let contracts_table = contracts.finish(&head, &orders.taken);
        let findings = Findings {
            chain: self.chain.finish(&head),
            events: self.events.finish(),
            orders: same("orders"),
            orders_table: orders.finish(&head),
            contracts: same("contracts"),
            contracts_table,
            notes: same("notes"),
            requests: self.requests.finish(),
            position,
            customers,
            executors,
            earnings,
        };
        (findings, lenses)
    }
}

fn same(table: &str) -> Check {
    Check::new(format!("replaying the journal gives exactly the table of {table}"))
}

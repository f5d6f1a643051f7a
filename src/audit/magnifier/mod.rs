//! The second pass, only where something differs: replays the journal exactly for these ids and
//! names the rows that are not as it says. Bounded, however much is wrong.

mod books;
mod contracts;
mod notes;
mod orders;
mod people;
mod record;
mod replay;
mod walk;

use std::ops::RangeInclusive;

use super::findings::{Findings, Lenses};
use super::posting::{Posting, Role};
use crate::exchange::event::{Run, Subject};
use books::Books;
use contracts::ContractsTable;
use notes::NotesTable;
use orders::OrdersTable;
use people::PeopleTable;
use replay::World;

/// Takes all pairs, then the journal, then the tables, row by row; passes over what it does not
/// look at.
pub struct Magnifier {
    findings: Findings,
    lenses: Lenses,
    counted: u64,
    world: World,
    books: Books,
}

impl Magnifier {
    /// `counted` is how far the statistics are.
    pub fn new(findings: Findings, lenses: Lenses, counted: u64) -> Magnifier {
        let (world, books) = (World::default(), Books::default());
        Magnifier { findings, lenses, counted, world, books }
    }

    /// Which order a contract names: both are compared.
    pub fn pair(&mut self, contract_id: u32, order_id: u32) {
        if self.lenses.terms.contains(order_id) {
            self.lenses.more_contracts.insert(contract_id);
        }
        if self.lenses.see_contract(contract_id) {
            self.lenses.their_orders.insert(order_id);
        }
    }

    /// The next row of the journal; one that is unreadable was named before.
    pub fn run<E>(&mut self, run: &Result<Run, E>) {
        let Ok(run) = run else {
            return;
        };
        for event in &run.events {
            let subject = event.subject();
            let wrong = self.world.apply(event, run, &mut self.lenses);
            if wrong.is_some() {
                match subject {
                    Subject::Order(id) => self.lenses.orders.explain(id),
                    Subject::Contract(id) => self.lenses.contracts.explain(id),
                    Subject::Note(id, _) => self.lenses.notes.explain(id),
                }
            }
            self.findings.events.expect(wrong.is_none(), || {
                format!("revision {}, {subject}: {}", run.revision, wrong.unwrap_or_default())
            });
            if run.revision <= self.counted {
                for posting in Posting::of(event) {
                    self.books.post(&posting, &self.lenses);
                }
            }
        }
    }

    pub fn orders(&mut self) -> OrdersTable<'_> {
        OrdersTable::new(&self.world, &mut self.lenses.orders, &mut self.findings.orders)
    }

    pub fn contracts(&mut self) -> ContractsTable<'_> {
        ContractsTable::new(&self.world, &mut self.lenses, &mut self.findings.contracts)
    }

    pub fn notes(&mut self) -> NotesTable<'_> {
        NotesTable::new(&self.world, &mut self.lenses.notes, &mut self.findings.notes)
    }

    pub fn people(&mut self, role: Role) -> PeopleTable<'_> {
        let Magnifier { findings, lenses, books, .. } = self;
        match role {
            Role::Customer => {
                PeopleTable::new(&books.customers, &mut lenses.customers, &mut findings.customers)
            }
            Role::Executor => {
                PeopleTable::new(&books.executors, &mut lenses.executors, &mut findings.executors)
            }
        }
    }

    /// From the first to the last id of the rows that are looked at.
    pub fn span_of_orders(&self) -> Option<RangeInclusive<u32>> {
        self.lenses.orders.span()
    }

    pub fn span_of_contracts(&self) -> Option<RangeInclusive<u32>> {
        let more = &self.lenses.more_contracts;
        let more = more.min().zip(more.max()).map(|(first, last)| first..=last);
        span([self.lenses.contracts.span(), more])
    }

    pub fn span_of_notes(&self) -> Option<RangeInclusive<u32>> {
        self.lenses.notes.span()
    }

    pub fn span_of_people(&self, role: Role) -> Option<RangeInclusive<u32>> {
        let lenses = match role {
            Role::Customer => &self.lenses.customers,
            Role::Executor => &self.lenses.executors,
        };
        span([lenses.sums.span(), lenses.ordinals.span()])
    }

    pub fn finish(self) -> Findings {
        let Magnifier { mut findings, lenses, .. } = self;
        lenses.orders.say("orders", &mut findings.orders);
        if let Some(place) = lenses.orders.left_out("orders") {
            findings.events.pass_over(place);
        }
        if let Some(place) = lenses.contracts.left_out("contracts") {
            findings.events.pass_over(place);
        }
        lenses.contracts.say("contracts", &mut findings.contracts);
        lenses.notes.say("notes of contracts", &mut findings.notes);
        lenses.terms.say("contracts of orders", &mut findings.contracts);
        for (who, lenses, checks) in [
            ("customers", &lenses.customers, &mut findings.customers),
            ("executors", &lenses.executors, &mut findings.executors),
        ] {
            lenses.sums.say(who, &mut checks.sums);
            lenses.ordinals.say(who, &mut checks.ordinals);
        }
        findings
    }
}

/// From the first of all to the last of all.
fn span(parts: [Option<RangeInclusive<u32>>; 2]) -> Option<RangeInclusive<u32>> {
    let parts = parts.into_iter().flatten();
    parts.reduce(|one, other| *one.start().min(other.start())..=*one.end().max(other.end()))
}

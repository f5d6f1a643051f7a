//! A journal and tables in memory, and the audit of them: the same passes as over the databases.

use std::collections::BTreeSet;

use super::*;
use crate::audit::check::Check;
use crate::audit::findings::Findings;
use crate::audit::magnifier::Magnifier;
use crate::audit::posting::Role;
use crate::audit::sums::Highest;
use crate::audit::survey::Survey;
use crate::contracts::notes::Note;
use crate::exchange::batch;
use crate::money::Total;
use crate::statistics::deltas::{Deltas, Side, Sums};

#[derive(Clone, Debug)]
pub struct Books {
    pub head: Head,
    pub position: Option<Position>,
    pub runs: Vec<Run>,
    pub orders: Vec<Order>,
    pub contracts: Vec<Contract>,
    pub notes: Vec<Note>,
    pub customers: Vec<Person>,
    pub executors: Vec<Person>,
    pub earnings: BTreeMap<String, i128>,
    /// An order and a contract whose rows cannot be read.
    pub unreadable: [Option<u32>; 2],
}

impl Books {
    /// Order 1 is accepted by executor 9, order 2 withdrawn, order 3 open.
    pub fn story() -> Books {
        let (order_1, order_2) = (order(1, 1), order(2, 1));
        let taken = closed(order_1.clone(), Status::Taken, 2);
        let withdrawn = closed(order_2.clone(), Status::Withdrawn, 3);
        let placed = |order| Event::OrderPlaced { order };
        let runs = runs(vec![
            vec![placed(order_1), placed(order_2)],
            vec![accepted(taken.clone(), 1, 9)],
            vec![Event::OrderWithdrawn { order: withdrawn.clone() }, placed(order(3, 3))],
        ]);
        Books {
            head: head(),
            position: Some(position(3, 1, 1)),
            runs,
            contracts: vec![Contract::of_order(&taken, 1, 9)],
            orders: vec![taken, withdrawn, order(3, 3)],
            notes: Vec::new(),
            customers: vec![person(7, "RUB", Some(1), [3, 2_000_000, 40_000])],
            executors: vec![person(9, "RUB", Some(1), [1, 980_000, 20_000])],
            earnings: [("RUB".to_owned(), 20_000)].into(),
            unreadable: [None, None],
        }
    }

    /// The same story `times` over, each time with three new orders and a contract, and with a
    /// customer and an executor of its own.
    pub fn stories(times: u32) -> Books {
        let mut books = Books {
            orders: Vec::new(),
            contracts: Vec::new(),
            customers: Vec::new(),
            executors: Vec::new(),
            ..Books::story()
        };
        let mut events = Vec::new();
        for time in 0..times {
            let (first, revision) = (3 * time + 1, u64::from(3 * time + 1));
            let customer_id = 1_000 - time;
            let new = |id, revision| Order { customer_id, ..order(id, revision) };
            let (taken, withdrawn) = (new(first, revision), new(first + 1, revision));
            let placed = |order: &Order| Event::OrderPlaced { order: order.clone() };
            events.push(vec![placed(&taken), placed(&withdrawn)]);
            let taken = closed(taken, Status::Taken, revision + 1);
            events.push(vec![accepted(taken.clone(), time + 1, time + 1)]);
            let withdrawn = closed(withdrawn, Status::Withdrawn, revision + 2);
            let open = new(first + 2, revision + 2);
            events.push(vec![Event::OrderWithdrawn { order: withdrawn.clone() }, placed(&open)]);
            books.contracts.push(Contract::of_order(&taken, time + 1, time + 1));
            books.orders.extend([taken, withdrawn, open]);
            let number = Some(time + 1);
            let sums = [3, 2_000_000, 40_000];
            books.customers.insert(0, person(customer_id, "RUB", number, sums));
            books.executors.push(person(time + 1, "RUB", number, [1, 980_000, 20_000]));
        }
        books.runs = runs(events);
        let revision = u64::from(3 * times);
        let (batch, last_action) = (uuid(revision), moment(revision));
        let (orders, contracts, open_orders) = (3 * times, times, times);
        books.head = Head { revision, batch, orders, contracts, open_orders, last_action };
        books.position = Some(position(revision, times, times));
        books.earnings = [("RUB".to_owned(), 20_000 * i128::from(times))].into();
        books
    }

    /// Whatever the exchange made of a journal, with the statistics that follow from it.
    pub fn of(
        head: &batch::Head,
        runs: Vec<Run>,
        orders: Vec<Order>,
        contracts: Vec<Contract>,
        notes: Vec<Note>,
    ) -> Books {
        let mut deltas = Deltas::default();
        deltas.add(&runs).expect("prices are in whole minor units");
        let people = |side: &Side| {
            let mut known = BTreeSet::new();
            let mut rows: Vec<Person> = Vec::new();
            for row in side.rows() {
                let (id, currency) = row.key;
                let newcomer = known.insert(id);
                let Sums { count, completed, given_up, money, gain } = row.sums;
                rows.push(Person {
                    id,
                    currency: currency.code().to_owned(),
                    count: count.into(),
                    completed: completed.into(),
                    given_up: given_up.into(),
                    money: money.hundredths(),
                    gain: gain.hundredths(),
                    ordinal: newcomer.then_some(known.len() as u32),
                });
            }
            rows.sort_by(|a, b| (a.id, &a.currency).cmp(&(b.id, &b.currency)));
            (rows, known.len() as u32)
        };
        let (customers, customer_count) = people(&deltas.customers);
        let (executors, executor_count) = people(&deltas.executors);
        let earned =
            |(currency, gain): (Currency, Total)| (currency.code().to_owned(), gain.hundredths());
        let position = Position {
            revision: head.revision,
            batch: if head.revision == 0 { String::new() } else { head.batch.to_string() },
            customers: customer_count,
            executors: executor_count,
        };
        Books {
            head: Head {
                revision: head.revision,
                batch: head.batch,
                orders: head.orders,
                contracts: head.contracts,
                open_orders: head.open_orders,
                last_action: head.last_action,
            },
            position: Some(position),
            runs,
            orders,
            contracts,
            notes,
            customers,
            executors,
            earnings: deltas.earnings.into_iter().map(earned).collect(),
            unreadable: [None, None],
        }
    }

    /// All lines that do not say that all is well.
    pub fn wrong(&self, scale: Scale) -> Vec<String> {
        let checks = self.audit(scale).into_checks();
        checks.iter().filter(|check| !check.holds()).map(Check::to_line).collect()
    }

    fn audit(&self, scale: Scale) -> Findings {
        let highest = |head: u32, last: Option<u32>| head.max(last.unwrap_or(0));
        let last_person = |rows: &[Person]| rows.iter().map(|row| row.id).max().unwrap_or(0);
        let ids = Highest {
            order: highest(self.head.orders, self.orders.iter().map(|order| order.id).max()),
            contract: highest(self.head.contracts, self.contracts.iter().map(|row| row.id).max()),
        };
        let persons = [last_person(&self.customers), last_person(&self.executors)];
        let (head, position) = (self.head.clone(), self.position.clone());
        let mut survey = Survey::new(head, position, ids, persons, scale);
        self.orders.iter().for_each(|order| survey.order(order.id, &self.order(order)));
        self.contracts.iter().for_each(|row| survey.contract(row.id, &self.contract(row)));
        self.notes.iter().for_each(|note| {
            survey.note(note.contract_id, &Ok::<_, sqlx::Error>(note.clone()));
        });
        self.runs.iter().for_each(|run| survey.run(run.revision, &Ok(run.clone())));
        let people = [(Role::Customer, &self.customers), (Role::Executor, &self.executors)];
        for (role, rows) in people {
            rows.iter().for_each(|row| survey.person(role, row));
        }
        let counted = survey.counted();
        let (findings, lenses) = survey.finish(&self.earnings);
        if lenses.are_empty() {
            return findings;
        }
        let mut magnifier = Magnifier::new(findings, lenses, counted);
        self.contracts.iter().for_each(|row| magnifier.pair(row.id, row.order_id));
        self.runs.iter().for_each(|run| magnifier.run(&Ok::<_, sqlx::Error>(run.clone())));
        let mut orders = magnifier.orders();
        self.orders.iter().for_each(|order| orders.add(order.id, &self.order(order)));
        orders.finish();
        let mut contracts = magnifier.contracts();
        self.contracts.iter().for_each(|row| contracts.add(row.id, &self.contract(row)));
        contracts.finish();
        let mut notes = magnifier.notes();
        for note in &self.notes {
            notes.add(note.contract_id, note.number, &Ok(note.clone()));
        }
        self.contracts.iter().for_each(|row| notes.count(row.id, row.notes));
        notes.finish();
        for (role, rows) in people {
            let mut table = magnifier.people(role);
            rows.iter().for_each(|row| table.add(row));
            table.finish();
        }
        magnifier.finish()
    }

    fn order(&self, order: &Order) -> Result<Order, sqlx::Error> {
        let readable = self.unreadable[0] != Some(order.id);
        readable.then(|| order.clone()).ok_or(sqlx::Error::RowNotFound)
    }

    fn contract(&self, contract: &Contract) -> Result<Contract, sqlx::Error> {
        let readable = self.unreadable[1] != Some(contract.id);
        readable.then(|| contract.clone()).ok_or(sqlx::Error::RowNotFound)
    }
}

fn position(revision: u64, customers: u32, executors: u32) -> Position {
    Position { revision, batch: uuid(revision).to_string(), customers, executors }
}

/// What the audit objects to in the story when something is changed in it.
pub fn wrong(change: impl FnOnce(&mut Books)) -> Vec<String> {
    let mut books = Books::story();
    change(&mut books);
    books.wrong(Scale::FULL)
}

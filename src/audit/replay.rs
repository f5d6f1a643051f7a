//! Replays the journal: what the orders and contracts must be after it, and whether each event can
//! follow the ones before it. Fed run by run; does no I/O.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::books::Books;
use super::check::{Check, Fields};
use super::record::{ContractRecord, OrderRecord};
use super::store::Head;
use crate::exchange::event::{Event, Run};
use crate::moment::Moment;
use crate::orders::{Order, Status};

/// Everything as the journal has it.
#[derive(Default, Debug)]
pub struct World {
    pub orders: BTreeMap<u32, OrderRecord>,
    pub contracts: BTreeMap<u32, ContractRecord>,
    /// As of the revision that the statistics have counted.
    pub books: Books,
    /// The batch of that revision.
    pub counted_batch: Option<Uuid>,
}

pub struct Replay {
    world: World,
    counted: u64,
    revision: u64,
    /// Of the last run that could be read.
    last: Option<(u64, Uuid, Moment)>,
    gaps: Check,
    chain: Check,
    times: Check,
    events: Check,
}

impl Replay {
    /// `counted` is how far the statistics are.
    pub fn new(counted: u64) -> Replay {
        Replay {
            world: World::default(),
            counted,
            revision: 0,
            last: None,
            gaps: Check::new(""),
            chain: Check::new("every batch follows the one it names, and the head names the last"),
            times: Check::new("time never goes back in the journal"),
            events: Check::new("every event can follow the ones before it"),
        }
    }

    /// The next row of the journal, which may be unreadable.
    pub fn add(&mut self, revision: u64, run: Result<Run, sqlx::Error>) {
        let next = self.revision + 1;
        self.gaps.expect(revision == next, || match revision.checked_sub(1) {
            Some(last) if last > next => format!("revisions {next} to {last} are missing"),
            Some(last) => format!("revision {last} is missing"),
            None => "revision 0 is there".to_owned(),
        });
        self.revision = revision;
        match run {
            Ok(run) => self.add_run(&run),
            Err(error) => {
                self.events.expect(false, || format!("revision {revision} is unreadable: {error}"));
            }
        }
    }

    fn add_run(&mut self, run: &Run) {
        let Run { revision, batch, previous, created, events } = run;
        // The batch before the first, and the one before a gap, are not known.
        if let Some((last, last_batch, last_created)) = self.last {
            self.chain.expect(last + 1 != *revision || last_batch == *previous, || {
                format!("revision {revision} follows batch {previous}, not {last_batch}")
            });
            self.times.expect(last_created <= *created, || {
                let (now, before) = (created.to_rfc3339(), last_created.to_rfc3339());
                format!("revision {revision} is of {now}, but {last} before it of {before}")
            });
        }
        self.last = Some((*revision, *batch, *created));
        self.events.expect(!events.is_empty(), || format!("revision {revision} has no events"));
        for event in events {
            let wrong = self.world.apply(event, run);
            self.events.expect(wrong.is_none(), || {
                let (id, why) = (event.order().id, wrong.unwrap_or_default());
                format!("revision {revision}, order {id}: {why}")
            });
            if *revision <= self.counted {
                self.world.books.add(event);
            }
        }
        if *revision == self.counted {
            self.world.counted_batch = Some(*batch);
        }
    }

    /// Compares with the head; gives what the tables must hold.
    pub fn finish(mut self, head: &Head) -> (World, [Check; 4]) {
        let (newest, last) = (head.revision, self.revision);
        self.gaps.retitle(format!("journal revisions run 1..{newest} without a gap"));
        self.gaps.expect(last == newest, || {
            format!("the last revision is {last}, but the head says {newest}")
        });
        if let Some((_, batch, created)) = self.last.filter(|(last, ..)| *last == newest) {
            self.chain.expect(batch == head.batch, || {
                format!("the last batch is {batch}, but the head says {}", head.batch)
            });
            self.times.expect(created == head.last_action, || {
                let (last, head) = (created.to_rfc3339(), head.last_action.to_rfc3339());
                format!("the last revision is of {last}, but the head says {head}")
            });
        }
        (self.world, [self.gaps, self.chain, self.times, self.events])
    }
}

impl World {
    /// Takes an event as it stands; says what in it cannot be.
    fn apply(&mut self, event: &Event, run: &Run) -> Option<String> {
        match event {
            Event::OrderPlaced { order } => self.place(order, run),
            Event::OrderWithdrawn { order } => self.close(order, Status::Withdrawn, run),
            Event::OrderAccepted { order, contract_id, executor_id } => {
                let wrong = self.close(order, Status::Taken, run);
                let (order_id, executor_id) = (order.id, *executor_id);
                let (revision, created) = (run.revision, run.created);
                let next = next_id(&self.contracts);
                let record = ContractRecord { order_id, executor_id, revision, created };
                self.contracts.insert(*contract_id, record);
                wrong.or_else(|| {
                    if *contract_id != next {
                        return Some(format!("contract {contract_id} is made, not {next}"));
                    }
                    let own = order.customer_id == executor_id;
                    own.then(|| format!("customer {executor_id} accepted it themselves"))
                })
            }
        }
    }

    fn place(&mut self, order: &Order, run: &Run) -> Option<String> {
        let next = next_id(&self.orders);
        let record = OrderRecord {
            status: Status::Open,
            revision: run.revision,
            created: run.created,
            last_action: run.created,
            ..OrderRecord::of(order)
        };
        let wrong = said(&record.compare(order));
        let (price, percent) = (i128::from(record.price), i128::from(record.percent));
        self.orders.insert(order.id, record);
        if order.id != next {
            return Some(format!("placed, where {next} is the next id"));
        }
        if order.cut {
            return Some("placed without its whole description".to_owned());
        }
        if price <= 0 || price * percent % 100 != 0 {
            return Some(format!("placed for {price}, of which {percent} % is no whole amount"));
        }
        wrong
    }

    /// Closed with the revision and time of the run; otherwise the order is as it was placed.
    fn close(&mut self, order: &Order, status: Status, run: &Run) -> Option<String> {
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
        said(&record.compare(order))
    }
}

fn next_id<T>(records: &BTreeMap<u32, T>) -> u32 {
    records.last_key_value().map_or(1, |(last, _)| last.saturating_add(1))
}

fn said(fields: &Fields) -> Option<String> {
    (!fields.is_empty()).then(|| fields.to_text())
}

#[cfg(test)]
pub(super) mod tests;

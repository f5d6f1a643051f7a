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
pub(super) mod tests {
    use super::*;
    use crate::money::{Amount, Currency, Percent};

    pub fn uuid(number: u64) -> Uuid {
        Uuid::from_u128(number.into())
    }

    pub fn moment(second: u64) -> Moment {
        Moment::try_from(format!("2026-01-01T00:00:{second:02}.000Z")).unwrap()
    }

    /// Order 1 of customer 7 over 100.00 RUB, as it was placed in this revision.
    pub fn order(id: u32, revision: u64) -> Order {
        Order {
            id,
            customer_id: 7,
            status: Status::Open,
            description: format!("Cut hedge {id}"),
            cut: false,
            price: Amount::from_hundredths(1_000_000).unwrap(),
            percent: Percent::new(2).unwrap(),
            currency: Currency::from_code("RUB").unwrap(),
            parent_id: None,
            revision,
            created: moment(revision),
            last_action: moment(revision),
        }
    }

    pub fn closed(order: Order, status: Status, revision: u64) -> Order {
        Order { status, revision, last_action: moment(revision), ..order }
    }

    pub fn runs(events: Vec<Vec<Event>>) -> Vec<Run> {
        let numbered = (1..).zip(events);
        let run = |(revision, events)| {
            let (batch, previous, created) = (uuid(revision), uuid(revision - 1), moment(revision));
            Run { revision, batch, previous, created, events }
        };
        numbered.map(run).collect()
    }

    /// Order 1 is accepted by executor 9, order 2 withdrawn, order 3 open.
    pub fn story() -> Vec<Run> {
        let (order_1, order_2) = (order(1, 1), order(2, 1));
        let taken = closed(order_1.clone(), Status::Taken, 2);
        let withdrawn = closed(order_2.clone(), Status::Withdrawn, 3);
        runs(vec![
            vec![Event::OrderPlaced { order: order_1 }, Event::OrderPlaced { order: order_2 }],
            vec![Event::OrderAccepted { order: taken, contract_id: 1, executor_id: 9 }],
            vec![
                Event::OrderWithdrawn { order: withdrawn },
                Event::OrderPlaced { order: order(3, 3) },
            ],
        ])
    }

    pub fn head() -> Head {
        let (revision, batch, last_action) = (3, uuid(3), moment(3));
        Head { revision, batch, orders: 3, contracts: 1, open_orders: 1, last_action }
    }

    pub fn replayed(runs: Vec<Run>, head: &Head) -> (World, Vec<String>) {
        let mut replay = Replay::new(head.revision);
        runs.into_iter().for_each(|run| replay.add(run.revision, Ok(run)));
        let (world, checks) = replay.finish(head);
        let wrong = checks.iter().filter(|check| !check.holds()).map(Check::to_line).collect();
        (world, wrong)
    }

    fn check(change: impl FnOnce(&mut Vec<Run>), expected: &[&str]) {
        let mut runs = story();
        change(&mut runs);
        let (_, wrong) = replayed(runs, &head());
        assert_eq!(wrong.len(), expected.len(), "{wrong:?}");
        for (wrong, expected) in wrong.iter().zip(expected) {
            assert!(wrong.ends_with(expected), "{wrong}\n is not\n{expected}");
        }
    }

    fn order_of(event: &mut Event) -> &mut Order {
        match event {
            Event::OrderPlaced { order }
            | Event::OrderAccepted { order, .. }
            | Event::OrderWithdrawn { order } => order,
        }
    }

    #[test]
    fn a_sound_journal_gives_the_tables() {
        let (world, wrong) = replayed(story(), &head());
        assert_eq!(wrong, Vec::<String>::new());
        let statuses: Vec<_> = world.orders.values().map(|order| order.status.name()).collect();
        assert_eq!(statuses, ["taken", "withdrawn", "open"]);
        assert_eq!((world.contracts[&1].executor_id, world.contracts[&1].revision), (9, 2));
        let customer = &world.books.customers.accounts[&(7, *b"RUB")];
        assert_eq!((customer.count, customer.money, customer.gain), (3, 2_000_000, 40_000));
        let executor = &world.books.executors.accounts[&(9, *b"RUB")];
        assert_eq!((executor.count, executor.money, executor.gain), (1, 980_000, 20_000));
        assert_eq!(world.books.earnings[b"RUB"], 20_000);
        assert_eq!(world.counted_batch, Some(uuid(3)));
    }

    #[test]
    fn gaps_and_foreign_batches_and_times_that_go_back_are_named() {
        let gap: [&str; 1] = ["the last revision is 2, but the head says 3"];
        check(|runs| drop(runs.pop()), &gap);
        check(|runs| drop(runs.remove(1)), &["revision 2 is missing"]);
        let foreign = "follows batch 00000000-0000-0000-0000-000000000009, not \
                       00000000-0000-0000-0000-000000000001";
        check(|runs| runs[1].previous = uuid(9), &[foreign]);
        check(
            |runs| runs[2].batch = uuid(9),
            &["but the head says \
              00000000-0000-0000-0000-000000000003"],
        );
        let (_, wrong) = replayed(story(), &Head { last_action: moment(4), ..head() });
        assert!(wrong[0].ends_with("but the head says 2026-01-01T00:00:04.000Z"), "{wrong:?}");
    }

    #[test]
    fn events_that_cannot_be_are_named() {
        let again = |runs: &mut Vec<Run>| {
            let mut again = runs[1].events[0].clone();
            *order_of(&mut again) = closed(order(1, 1), Status::Taken, 3);
            runs[2].events.insert(0, again);
        };
        check(again, &["revision 3, order 1: taken, but was taken already"]);
        let own = |runs: &mut Vec<Run>| {
            let order = closed(order(1, 1), Status::Taken, 2);
            let (contract_id, executor_id) = (1, 7);
            runs[1].events[0] = Event::OrderAccepted { order, contract_id, executor_id };
        };
        check(own, &["revision 2, order 1: customer 7 accepted it themselves"]);
        for (field, expected) in [
            (0, "order 1: money_cost is 999900 instead of 1000000"),
            (1, "order 1: status is open instead of taken"),
            (2, "order 1: revision is 1 instead of 2"),
            (3, "order 1: description is another"),
        ] {
            let change = |runs: &mut Vec<Run>| {
                let order = order_of(&mut runs[1].events[0]);
                match field {
                    0 => order.price = Amount::from_hundredths(999_900).unwrap(),
                    1 => order.status = Status::Open,
                    2 => order.revision = 1,
                    _ => order.description.push('!'),
                }
            };
            check(change, &[expected]);
        }
        let odd = |runs: &mut Vec<Run>| {
            order_of(&mut runs[2].events[1]).price = Amount::from_hundredths(101).unwrap();
        };
        check(odd, &["revision 3, order 3: placed for 101, of which 2 % is no whole amount"]);
        let skipped = |runs: &mut Vec<Run>| order_of(&mut runs[2].events[1]).id = 5;
        check(skipped, &["revision 3, order 5: placed, where 3 is the next id"]);
    }
}

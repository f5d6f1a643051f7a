//! A small story that the tests of the whole audit share, and what the replay finds wrong in it.

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
        vec![Event::OrderWithdrawn { order: withdrawn }, Event::OrderPlaced { order: order(3, 3) }],
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

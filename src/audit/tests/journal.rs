//! What is wrong in the journal by itself.

use super::*;

/// The audit objects to the journal in these words, one for each invariant; what the tables then
/// miss is another matter.
fn check(change: impl FnOnce(&mut Vec<Run>), expected: &[&str]) {
    let lines = wrong(|books| change(&mut books.runs));
    let of_journal = ["journal rev", "every batch", "time never", "every event"];
    let is_of_journal =
        |line: &&String| of_journal.iter().any(|title| line["WRONG ".len()..].starts_with(title));
    let found: Vec<&String> = lines.iter().filter(is_of_journal).collect();
    assert_eq!(found.len(), expected.len(), "{lines:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.ends_with(expected), "{found}\n is not\n{expected}");
    }
}

#[test]
fn gaps_and_foreign_batches_and_times_that_go_back_are_named() {
    check(|_| {}, &[]);
    let gap: [&str; 1] = ["the last revision is 2, but the head says 3"];
    check(|runs| drop(runs.pop()), &gap);
    check(|runs| drop(runs.remove(1)), &["revision 2 is missing"]);
    let foreign = "follows batch 00000000-0000-0000-0000-000000000009, not \
                   00000000-0000-0000-0000-000000000001";
    check(|runs| runs[1].previous = uuid(9), &[foreign]);
    let other = "but the head says 00000000-0000-0000-0000-000000000003";
    check(|runs| runs[2].batch = uuid(9), &[other]);
    let lines = wrong(|books| books.head.last_action = moment(4));
    assert!(lines[0].ends_with("but the head says 2026-01-01T00:00:04.000Z"), "{lines:?}");
}

#[test]
fn events_that_cannot_be_are_named() {
    let again = |runs: &mut Vec<Run>| {
        runs[2].events.insert(0, accepted(closed(order(1, 1), Status::Taken, 3), 2, 9));
    };
    check(again, &["revision 3, order 1: taken, but was taken already"]);
    let own = |runs: &mut Vec<Run>| {
        runs[1].events[0] = accepted(closed(order(1, 1), Status::Taken, 2), 1, 7);
    };
    check(own, &["revision 2, order 1: customer 7 accepted it themselves"]);
    let early = |runs: &mut Vec<Run>| runs[0].events.swap(0, 1);
    check(
        early,
        &["2 contradictions: revision 1, order 2: placed, where 1 is the next id; \
                    revision 1, order 1: placed, where 3 is the next id"],
    );
    let before = |runs: &mut Vec<Run>| {
        runs[2].events[0] =
            Event::OrderWithdrawn { order: closed(order(3, 3), Status::Withdrawn, 3) }
    };
    check(before, &["revision 3, order 3: withdrawn, but was never placed"]);
    for (field, expected) in [
        (0, "order 1: money_cost is 999900 instead of 1000000"),
        (1, "order 1: status is open instead of taken"),
        (2, "order 1: revision is 1 instead of 2"),
        (3, "order 1: description is another"),
        (4, "order 1: description is another"),
        (5, "order 1: taken with more than an excerpt of its description"),
    ] {
        let change = |runs: &mut Vec<Run>| {
            let order = order_of(&mut runs[1].events[0]);
            match field {
                0 => order.price = amount(999_900),
                1 => order.status = Status::Open,
                2 => order.revision = 1,
                3 => order.description.push('!'),
                4 => order.cut = true,
                _ => {
                    order.description = "long ".repeat(100);
                    let text = order.description.clone();
                    order_of(&mut runs[0].events[0]).description = text;
                }
            }
        };
        check(change, &[expected]);
    }
    let odd = |runs: &mut Vec<Run>| order_of(&mut runs[2].events[1]).price = amount(101);
    check(odd, &["revision 3, order 3: placed for 101, of which 2 % is no whole amount"]);
    let skipped = |runs: &mut Vec<Run>| order_of(&mut runs[2].events[1]).id = 5;
    check(skipped, &["revision 3, order 5: placed, where 3 is the next id"]);
    let nothing = |runs: &mut Vec<Run>| runs[1].events.clear();
    check(nothing, &["revision 2 has no events"]);
}

/// Even if the tables look as if it had been placed first.
#[test]
fn an_order_that_is_closed_before_it_is_placed_is_named() {
    let lines = wrong(|books| {
        let withdrawn = closed(order(3, 3), Status::Withdrawn, 3);
        let event = Event::OrderWithdrawn { order: withdrawn.clone() };
        books.runs[2].events.insert(1, event);
        books.orders[2] = withdrawn;
        books.head.open_orders = 0;
        books.customers[0] = person(7, "RUB", Some(1), [3, 1_000_000, 20_000]);
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with("order 3: withdrawn, but was never placed"), "{lines:?}");
    assert!(lines[1].ends_with("order 3: status is withdrawn instead of open"), "{lines:?}");
}

/// What only the journal has wrong is not blamed on the tables.
#[test]
fn the_tables_are_not_blamed_for_the_journal() {
    let price = |books: &mut Books| order_of(&mut books.runs[1].events[0]).price = amount(999_900);
    let lines = wrong(price);
    assert!(lines.iter().all(|line| !line.contains("the table of")), "{lines:?}");
    let lines = wrong(|books| {
        books.runs[1].events[0] = accepted(closed(order(1, 1), Status::Taken, 2), 1, 9)
    });
    assert_eq!(lines, Vec::<String>::new());
}

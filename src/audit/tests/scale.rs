//! Tables larger than a block, and more that is wrong than is looked at.

use super::*;
use crate::contracts;
use proptest::prelude::*;

/// Sixty orders of twenty times the story, in blocks of two ids; everything is looked at.
const TWOS: Scale = Scale { blocks: 30, rows: u32::MAX };
/// The same in one block.
const ONE: Scale = Scale { blocks: 1, rows: u32::MAX };

fn wrong_in_twos(change: impl FnOnce(&mut Books)) -> Vec<String> {
    let mut books = Books::stories(20);
    change(&mut books);
    books.wrong(TWOS)
}

#[test]
fn rows_far_apart_are_named() {
    assert_eq!(wrong_in_twos(|_| {}), Vec::<String>::new());
    let lines = wrong_in_twos(|books| {
        books.orders[1].price = amount(10_000);
        books.orders[58].customer_id = 1;
        books.contracts[9].executor_id = 99;
        books.executors[19].money -= 1;
    });
    let found = [
        "of orders: 2 contradictions: order 2: money_cost is 10000 instead of 1000000; \
         order 59: customer_id is 1 instead of 981",
        "of contracts: contract 10: executor_id is 99 instead of 10",
        "20 RUB: money is 979999 instead of 980000",
    ];
    assert_eq!(lines.len(), found.len(), "{lines:?}");
    for (line, found) in lines.iter().zip(found) {
        assert!(line.ends_with(found), "{line}\n is not\n{found}");
    }
}

/// Differences that cancel out are still found.
#[test]
fn rows_that_changed_places_are_named() {
    let lines = wrong_in_twos(|books| {
        let (one, other) = books.orders.split_at_mut(1);
        std::mem::swap(&mut one[0].customer_id, &mut other[59 - 1].customer_id);
        let (one, other) = books.customers.split_at_mut(1);
        std::mem::swap(&mut one[0].ordinal, &mut other[0].ordinal);
    });
    assert!(
        lines[0].contains("order 1: customer_id is 981 instead of 1000; order 60: "),
        "{lines:?}"
    );
    let numbers = "981 RUB has number 19 instead of 20; 982 RUB has number 20 instead of 19";
    assert!(lines[1].ends_with(numbers), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

/// Whether its own order is looked at depends on the blocks, when it names another one.
#[test]
fn terms_are_compared_only_with_the_order_that_a_contract_names() {
    let mut books = Books::stories(20);
    let mut delivered = books.contracts[9].clone();
    delivered.customer_id += 1;
    let state = delivered.state();
    delivered.status = contracts::Status::Delivered;
    (delivered.revision, delivered.last_action) = (60, moment(60));
    let row = &mut books.contracts[9];
    row.order_id += 1;
    row.price = amount(row.price.hundredths() + 100);
    row.payout = amount(row.payout.hundredths() + 100);
    // Among all orders, but not near those of the contract.
    books.orders[58].customer_id = 1;
    books.runs[59].events.push(Event::ContractDelivered { contract: delivered, from: state });
    let (in_twos, in_one) = (books.wrong(TWOS), books.wrong(ONE));
    assert_eq!(in_twos, in_one);
    let found = "of contracts: contract 10: order_id is 29 instead of 28, status is accepted \
                 instead of delivered, revision is 29 instead of 60, last_action is ";
    assert!(in_one.iter().any(|line| line.contains(found)), "{in_one:?}");
}

#[test]
fn everything_wrong_at_once_is_counted_as_far_as_it_is_looked_at() {
    let mut books = Books::stories(20);
    for contract in &mut books.contracts {
        contract.fee = amount(contract.fee.hundredths() + 1);
    }
    let all = books.wrong(TWOS);
    assert!(
        all[0].contains("of contracts: 20 contradictions, the first: contract 1: fee is"),
        "{all:?}"
    );
    assert!(all[1].contains("40 contradictions, the first: contract 1: 20001 + 980000"), "{all:?}");
    assert_eq!(all.len(), 2);
    let some = books.wrong(Scale { rows: 8, ..TWOS });
    let found = "of contracts: 4 contradictions and more: contract 1: fee is 20001 instead of \
                 20000; contract 2: fee is";
    assert!(some[0].contains(found), "{some:?}");
    assert!(some[0].ends_with("; more among contracts of orders 13 to 58"), "{some:?}");
    assert_eq!(some[1], all[1], "arithmetic needs no second look");
    assert_eq!(some.len(), 2);
}

#[test]
fn what_is_beyond_the_bound_is_wrong_all_the_same() {
    let mut books = Books::stories(20);
    books.orders.iter_mut().for_each(|order| order.description.push('!'));
    books.customers.iter_mut().for_each(|row| row.ordinal = row.ordinal.map(|number| number + 1));
    // Twice taken, where nobody looks.
    let again = accepted(closed(order(58, 58), Status::Taken, 60), 21, 1);
    books.runs[59].events.push(again);
    let lines = books.wrong(Scale { rows: 8, ..TWOS });
    let events = "every event can follow the ones before it";
    assert_eq!(lines[0], format!("?     {events}: not looked at: orders 5 to 60"));
    assert!(lines[1].contains("of orders: 4 contradictions and more: order 1: desc"), "{lines:?}");
    assert!(lines[1].ends_with("order 4: description is another; more among orders 5 to 60"));
    let numbers = |line: &&String| line.contains("customers are numbered 1..20");
    let numbers = lines.iter().find(numbers).expect("numbers are wrong");
    assert!(numbers.contains(" among customers "), "{numbers}");
}

#[test]
fn a_journal_of_more_than_there_should_be_is_named_from_its_beginning() {
    let mut books = Books::stories(20);
    books.orders.truncate(1);
    books.contracts.truncate(1);
    books.head.orders = 1;
    let lines = books.wrong(Scale { blocks: 4, rows: 3 });
    let orders = lines.iter().find(|line| line.contains("the table of orders")).unwrap();
    assert!(orders.contains("order 2 is missing; "), "{orders}");
    assert!(orders.ends_with("more among orders from 2 on"), "{orders}");
}

/// One thing that is wrong.
fn plant(books: &mut Books, what: u8, row: usize) {
    let (orders, contracts) = (books.orders.len(), books.contracts.len());
    let persons = books.customers.len();
    let order = &mut books.orders[row % orders];
    let contract = &mut books.contracts[row % contracts];
    let person = &mut books.customers[row % persons];
    let run = row % books.runs.len();
    let other = Contract { id: books.head.contracts + 1, ..contract.clone() };
    match what {
        0 => order.customer_id += 1,
        1 => order.status = Status::Expired,
        2 => order.revision += 1,
        3 => order.last_action = moment(1_000),
        4 => order.created = moment(1_000),
        5 => order.parent_id = Some(1),
        6 => drop(books.orders.remove(row % orders)),
        7 => order.percent = Percent::new(3).unwrap(),
        8 => order.currency = Currency::from_code("USD").unwrap(),
        9 => contract.order_id += 1,
        10 => contract.customer_id += 1,
        11 => contract.price = amount(contract.price.hundredths() + 1),
        12 => contract.created = moment(1_000),
        13 => contract.last_action = moment(1_000),
        14 => contract.revision += 1,
        15 => drop(books.contracts.remove(row % contracts)),
        16 => books.contracts.push(other),
        17 => person.count += 1,
        18 => person.currency = "USD".to_owned(),
        19 => person.ordinal = Some(1_000),
        20 => drop(books.customers.remove(row % persons)),
        21 => drop(books.runs.remove(run)),
        22 => books.runs[run].events.clear(),
        23 => order_of(&mut books.runs[run].events[0]).customer_id += 1,
        24 => order_of(&mut books.runs[run].events[0]).id += 1,
        25 => order_of(&mut books.runs[run].events[0]).description.push('!'),
        26 => order_of(&mut books.runs[run].events[0]).created = moment(1_000),
        27 => books.runs[run].created = moment(1_000),
        28 => {
            let event = books.runs[run].events[0].clone();
            books.runs[run].events.push(event);
        }
        // Two orders in the wrong order.
        29 => books.runs[run - run % 3].events.reverse(),
        30 => {
            let order = order_of(&mut books.runs[run].events[0]).clone();
            books.runs[run].events[0] = Event::OrderWithdrawn { order };
        }
        _ => {
            let order = closed(order.clone(), Status::Taken, 3);
            books.runs[run].events[0] = accepted(order, 1, 3);
        }
    }
}

proptest! {
    /// How the ids are cut into blocks changes nothing in what is found; nothing is passed over;
    /// and nothing differs without that a row of it is named.
    #[test]
    fn any_corruption_is_named_whatever_the_blocks_are(
        plants in prop::collection::vec((0_u8..32, 0_usize..60), 1..4),
    ) {
        let sound = Books::stories(20);
        let mut books = sound.clone();
        for (what, row) in plants {
            plant(&mut books, what, row);
        }
        let (in_twos, in_one) = (books.wrong(TWOS), books.wrong(ONE));
        prop_assert_eq!(&in_twos, &in_one);
        let same = format!("{books:?}") == format!("{sound:?}");
        prop_assert_eq!(in_twos.is_empty(), same);
        let unnamed = in_twos.iter().find(|line| line.contains("differs among"));
        prop_assert_eq!(unnamed, None);
        // However little is looked at, no line turns out well that was wrong.
        let titles = |lines: Vec<String>| -> Vec<String> {
            let title = |line: &String| line[6..].split(':').next().unwrap_or_default().to_owned();
            lines.iter().map(title).collect()
        };
        let (all, few) = (titles(in_twos), titles(books.wrong(Scale { rows: 2, ..TWOS })));
        prop_assert!(all.iter().all(|title| few.contains(title)), "{all:?}\n{few:?}");
    }
}

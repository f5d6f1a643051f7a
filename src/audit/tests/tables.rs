//! What is wrong in the tables.

use super::*;

const ORDERS: &str = "WRONG replaying the journal gives exactly the table of orders";
const CONTRACTS: &str = "WRONG replaying the journal gives exactly the table of contracts";
const PAIRS: &str = "WRONG taken orders and contracts belong together one to one";

#[test]
fn books_that_balance_are_left_alone() {
    assert_eq!(wrong(|_| {}), Vec::<String>::new());
}

#[test]
fn planted_differences_of_orders_are_named() {
    let altered = wrong(|books| books.orders[2].description.push('!'));
    assert_eq!(altered, [format!("{ORDERS}: order 3: description is another")]);
    let missing = wrong(|books| drop(books.orders.remove(1)));
    let ids = "WRONG order ids run 1..3 without a gap: after order 1 comes 3";
    assert_eq!(missing, [format!("{ORDERS}: order 2 is missing"), ids.to_owned()]);
    let added = closed(order(4, 3), Status::Removed, 3);
    let stranger = wrong(|books| books.orders.push(added));
    let ids = "WRONG order ids run 1..3 without a gap: the last order is 4, but the head counts 3";
    assert_eq!(stranger, [format!("{ORDERS}: order 4 was never placed"), ids.to_owned()]);
    let reopened = wrong(|books| books.orders[1].status = Status::Open);
    let status = format!("{ORDERS}: order 2: status is open instead of withdrawn");
    let open = "WRONG the head counts 1 open orders, and so many are: 2 orders are open";
    assert_eq!(reopened, [status, open.to_owned()]);
    let miscounted = wrong(|books| books.head.open_orders = 2);
    assert!(miscounted[0].ends_with("1 orders are open"), "{miscounted:?}");
}

#[test]
fn unreadable_rows_are_named() {
    let order = wrong(|books| books.unreadable[0] = Some(2));
    assert_eq!(order.len(), 1, "{order:?}");
    assert!(order[0].starts_with(&format!("{ORDERS}: order 2 is unreadable: ")), "{order:?}");
    let contract = wrong(|books| books.unreadable[1] = Some(1));
    assert!(contract[0].starts_with(&format!("{CONTRACTS}: contract 1 is unreadable: ")));
    assert_eq!(contract[1..], [format!("{PAIRS}: order 1 is taken without a contract")]);
}

#[test]
fn unreadable_rows_that_should_not_be_there_are_named() {
    let lines = wrong(|books| {
        let contract = Contract { id: 2, ..books.contracts[0].clone() };
        (books.head.orders, books.head.contracts) = (4, 2);
        books.orders.push(order(4, 3));
        books.contracts.push(contract);
        books.unreadable = [Some(4), Some(2)];
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with(&format!("{ORDERS}: order 4 is unreadable: ")), "{lines:?}");
    assert!(lines[1].starts_with(&format!("{CONTRACTS}: contract 2 is unreadable: ")));
}

#[test]
fn an_open_order_of_another_revision_is_named() {
    let later = wrong(|books| books.orders[2].revision = 2);
    assert_eq!(later, [format!("{ORDERS}: order 3: revision is 2 instead of 3")]);
    let touched = wrong(|books| books.orders[2].last_action = moment(4));
    assert_eq!(touched.len(), 1);
    assert!(touched[0].contains("order 3: last_action is 2026-01-01T00:00:04.000Z"), "{touched:?}");
}

#[test]
fn planted_differences_of_contracts_are_named() {
    let executor = wrong(|books| books.contracts[0].executor_id = 8);
    assert_eq!(executor, [format!("{CONTRACTS}: contract 1: executor_id is 8 instead of 9")]);
    let text = wrong(|books| books.contracts[0].description.push('!'));
    assert_eq!(text, [format!("{CONTRACTS}: contract 1: description is another")]);
    let shifted = wrong(|books| {
        books.contracts[0].fee = amount(20_001);
        books.contracts[0].payout = amount(979_999);
    });
    let fields = "fee is 20001 instead of 20000, payout is 979999 instead of 980000";
    assert_eq!(shifted[0], format!("{CONTRACTS}: contract 1: {fields}"));
    assert!(shifted[1].ends_with(": contract 1: fee 20001 instead of 20000"), "{shifted:?}");
    let altered = wrong(|books| books.contracts[0].fee = amount(19_999));
    assert!(altered[1].contains("contract 1: 19999 + 980000 is not 1000000"), "{altered:?}");
}

#[test]
fn contracts_without_orders_and_orders_without_contracts_are_named() {
    let gone = wrong(|books| books.contracts.clear());
    assert_eq!(gone[0], format!("{CONTRACTS}: contract 1 is missing"));
    assert_eq!(gone[2], format!("{PAIRS}: order 1 is taken without a contract"));
    assert_eq!(gone.len(), 3);
    let reopened = wrong(|books| books.orders[0].status = Status::Open);
    assert_eq!(reopened.len(), 3, "{reopened:?}");
    assert_eq!(reopened[2], format!("{PAIRS}: contract 1 names order 1, which is not taken"));
    let twice = wrong(|books| {
        let other = Contract { id: 2, ..books.contracts[0].clone() };
        books.contracts.push(other);
    });
    assert_eq!(twice[0], format!("{CONTRACTS}: contract 2 was never made"));
    assert_eq!(twice[2], format!("{PAIRS}: contract 2 is another one of order 1"));
}

#[test]
fn wrong_sums_and_numbers_of_people_are_named() {
    let sums = "WRONG statistics of customers are the journal's sums as of revision 3";
    let off = wrong(|books| books.customers[0].gain += 1);
    assert_eq!(off, [format!("{sums}: 7 RUB: gain is 40001 instead of 40000")]);
    let completed = wrong(|books| books.executors[0].completed = 1);
    assert!(completed[0].ends_with(": 9 RUB: completed is 1 instead of 0"), "{completed:?}");
    let moved = wrong(|books| books.customers[0].id = 5);
    let found = "5 RUB is not in the journal; 7 RUB is missing";
    assert_eq!(moved, [format!("{sums}: 2 contradictions: {found}")]);
    let idle = wrong(|books| books.customers.push(person(8, "RUB", None, [0, 0, 0])));
    assert_eq!(idle, [format!("{sums}: 8 RUB is not in the journal")]);
    let numbers = "WRONG customers are numbered 1..1 without a gap";
    let unnumbered = wrong(|books| books.customers[0].ordinal = None);
    assert_eq!(unnumbered, [format!("{numbers}: 7 RUB has number none instead of 1")]);
    let miscounted = wrong(|books| books.position.as_mut().unwrap().customers = 2);
    let counted = "the position counts 2 customers instead of 1";
    assert_eq!(miscounted, [format!("{numbers}: {counted}")]);
    let earned = wrong(|books| _ = books.earnings.insert("RUB".to_owned(), 1));
    assert!(earned[0].ends_with(": RUB: 1 instead of 20000"), "{earned:?}");
}

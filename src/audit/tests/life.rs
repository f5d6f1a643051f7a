//! Contracts that went on: what the audit says when the journal or the tables are wrong about that.

use super::*;
use crate::contracts::notes::Note;
use crate::contracts::{self, State};
use crate::exchange::batch;
use crate::identity::Role;

/// Contract 1 was delivered, disputed and ruled completed; contract 2 was given up, and order 2
/// came back as order 3.
fn life() -> Books {
    let taken = |id| closed(order(id, 1), Status::Taken, 2);
    let made = [1, 2].map(|id| Contract::of_order(&taken(id), id, 9));
    let to = |contract: &Contract, status, revision| {
        let state = State { status, revision, last_action: moment(revision) };
        (contract.clone().with_state(state), contract.state())
    };
    let (delivered, from) = to(&made[0], contracts::Status::Delivered, 3);
    let deliver = Event::ContractDelivered { contract: delivered.clone(), from };
    let (given_up, from) = to(&made[1], contracts::Status::Cancelled, 3);
    let give_up = Event::ContractGivenUp { contract: given_up.clone(), from };
    let returned = given_up.to_returned(3, 3, moment(3));
    let come_back = Event::OrderReturned { order: returned.clone() };
    let (disputed, from) = to(&delivered, contracts::Status::Disputed, 4);
    let (by, reason) = (Role::Customer, "It is crooked".to_owned());
    let dispute = Event::ContractDisputed { contract: disputed.clone(), from, by, reason };
    let (ruled, from) = to(&disputed, contracts::Status::Completed, 5);
    let reason = "It is not".to_owned();
    let rule = Event::ContractRuled { contract: ruled.clone(), from, admin_id: 1, reason };
    let placed = |order| Event::OrderPlaced { order };
    let runs = runs(vec![
        vec![placed(order(1, 1)), placed(order(2, 1))],
        vec![accepted(taken(1), 1, 9), accepted(taken(2), 2, 9)],
        vec![deliver, give_up, come_back],
        vec![dispute],
        vec![rule],
    ]);
    let (orders, contracts, open_orders) = (3, 2, 1);
    let (revision, batch, last_action) = (5, uuid(5), moment(5));
    let head = batch::Head { revision, batch, orders, contracts, open_orders, last_action };
    Books::of(&head, runs, vec![taken(1), taken(2), returned], vec![ruled, given_up], Vec::new())
}

/// What the audit objects to when something is changed in it.
fn wrong(change: impl FnOnce(&mut Books)) -> Vec<String> {
    let mut books = life();
    change(&mut books);
    books.wrong(Scale::FULL)
}

fn check(change: impl FnOnce(&mut Books), expected: &[&str]) {
    let lines = wrong(change);
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.ends_with(expected), "{line}\n is not\n{expected}");
    }
}

#[test]
fn lives_that_balance_are_left_alone() {
    let books = life();
    assert_eq!(books.wrong(Scale::FULL), Vec::<String>::new());
    let [customer] = &books.customers[..] else { panic!("{:?}", books.customers) };
    let sums = (customer.count, customer.money, customer.gain);
    assert_eq!(sums, (2, 2_000_000, 40_000), "the order that came back is not counted again");
    let [executor] = &books.executors[..] else { panic!("{:?}", books.executors) };
    let sums = (executor.count, executor.completed, executor.given_up);
    assert_eq!((sums, executor.money, executor.gain), ((2, 1, 1), 980_000, 20_000));
    assert_eq!(books.earnings["RUB"], 20_000);
}

#[test]
fn rows_of_contracts_in_another_state_are_named() {
    let status = contracts::Status::Disputed;
    check(
        |books| books.contracts[0].status = status,
        &["contract 1: status is disputed instead of completed"],
    );
    check(
        |books| books.contracts[1].last_action = moment(2),
        &[
            "contract 2: last_action is 2026-01-01T00:00:02.000Z instead of 2026-01-01T00:00:03.000Z",
        ],
    );
    check(|books| books.executors[0].given_up = 0, &["9 RUB: given_up is 0 instead of 1"]);
    check(|books| books.executors[0].completed = 2, &["9 RUB: completed is 2 instead of 1"]);
    check(|books| books.orders[2].parent_id = None, &["order 3: parent_id is none instead of 2"]);
}

#[test]
fn changes_that_cannot_be_are_named() {
    let event = |books: &mut Books, revision: usize, change: &dyn Fn(&mut Contract, &mut State)| {
        match &mut books.runs[revision - 1].events[0] {
            Event::ContractDelivered { contract, from }
            | Event::ContractDisputed { contract, from, .. }
            | Event::ContractRuled { contract, from, .. } => change(contract, from),
            event => panic!("{event:?}"),
        }
    };
    // A chain that broke is named where it goes on.
    check(
        |books| event(books, 4, &|_, from| from.status = contracts::Status::Accepted),
        &["revision 4, contract 1: status is accepted instead of delivered"],
    );
    check(
        |books| event(books, 4, &|contract, _| contract.executor_id = 8),
        &["revision 4, contract 1: executor_id is 8 instead of 9"],
    );
    check(
        |books| event(books, 4, &|contract, _| contract.payout = amount(1)),
        &["revision 4, contract 1: payout is 1 instead of 980000"],
    );
    check(
        |books| event(books, 5, &|_, from| from.status = contracts::Status::Delivered),
        &["2 contradictions: revision 5, contract 1: completed, and was delivered before; \
           revision 5, contract 1: status is delivered instead of disputed"],
    );
    let late = "revision 5, contract 1: revision is 4 instead of 5";
    check(|books| event(books, 5, &|contract, _| contract.revision = 4), &[late]);
    let reason = |books: &mut Books| match &mut books.runs[3].events[0] {
        Event::ContractDisputed { reason, .. } => reason.clear(),
        event => panic!("{event:?}"),
    };
    check(reason, &["revision 4, contract 1: disputed for no reason"]);
    let lines = wrong(|books| event(books, 3, &|contract, _| contract.id = 7));
    let never = "revision 3, contract 7: delivered, but was never made";
    assert!(lines[0].contains(never), "{lines:?}");
}

#[test]
fn an_order_comes_back_from_a_contract_that_was_given_up_and_on_its_terms() {
    let lines = wrong(|books| drop(books.runs[2].events.remove(2)));
    let missing = "contract 2 was given up, and its order did not come back";
    assert!(lines[0].ends_with(missing), "{lines:?}");
    let cheaper = |books: &mut Books| {
        order_of(&mut books.runs[2].events[2]).price = amount(500_000);
        books.orders[2].price = amount(500_000);
        books.customers[0].money -= 500_000;
        books.customers[0].gain -= 10_000;
    };
    check(cheaper, &["revision 3, order 3: money_cost is 500000 instead of 1000000"]);
    let lines = wrong(|books| drop(books.runs[2].events.remove(1)));
    let alone = "revision 3, order 3: came back, and no contract was given up";
    assert!(lines[0].ends_with(alone), "{lines:?}");
}

/// Order 1 is edited twice, the second time after it stood for a while, and then accepted; order 2
/// is edited and stays open.
fn edits() -> Books {
    let edited = |from: &Order, price, revision| {
        let order = Order {
            description: format!("Cut hedge {}, {revision} feet high", from.id),
            price: amount(price),
            version: from.version + 1,
            edited: Some(revision),
            ..closed(from.clone(), Status::Open, revision)
        };
        (order.clone(), Event::OrderEdited { order, from: from.clone() })
    };
    let (order_1, order_2) = (order(1, 1), order(2, 1));
    let (second, first_edit) = edited(&order_1, 2_000_000, 2);
    let (third, second_edit) = edited(&second, 1_500_000, 3);
    let (other, other_edit) = edited(&order_2, 3_000_000, 3);
    let taken = closed(third, Status::Taken, 4);
    let placed = |order| Event::OrderPlaced { order };
    let runs = runs(vec![
        vec![placed(order_1), placed(order_2)],
        vec![first_edit],
        vec![second_edit, other_edit],
        vec![accepted(taken.clone(), 1, 9)],
    ]);
    let (revision, batch, last_action) = (4, uuid(4), moment(4));
    let (orders, contracts, open_orders) = (2, 1, 1);
    let head = batch::Head { revision, batch, orders, contracts, open_orders, last_action };
    let contract = Contract::of_order(&taken, 1, 9);
    Books::of(&head, runs, vec![taken, other], vec![contract], Vec::new())
}

fn check_edits(change: impl FnOnce(&mut Books), expected: &[&str]) {
    let mut books = edits();
    change(&mut books);
    let lines = books.wrong(Scale::FULL);
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.ends_with(expected), "{line}\n is not\n{expected}");
    }
}

#[test]
fn orders_that_were_edited_are_what_the_last_edit_made_them() {
    check_edits(|_| {}, &[]);
    let books = edits();
    assert_eq!((books.customers[0].count, books.customers[0].money), (2, 4_500_000));
    check_edits(|books| books.orders[1].version = 1, &["order 2: version is 1 instead of 2"]);
    check_edits(
        |books| books.orders[1].price = amount(1_000_000),
        &["order 2: money_cost is 1000000 instead of 3000000"],
    );
    check_edits(
        |books| books.orders[0].description = "Cut hedge 1".to_owned(),
        &["order 1: description is another"],
    );
    check_edits(|books| books.orders[0].edited = Some(2), &["order 1: edited is 2 instead of 3"]);
    let lines = {
        let mut books = edits();
        books.contracts[0].description = "Cut hedge 1".to_owned();
        books.wrong(Scale::FULL)
    };
    assert!(lines[0].ends_with("contract 1: description is another"), "{lines:?}");
}

#[test]
fn edits_that_cannot_be_are_named() {
    let edit = |books: &mut Books, change: &dyn Fn(&mut Order, &mut Order)| match &mut books.runs[2]
        .events[0]
    {
        Event::OrderEdited { order, from } => change(order, from),
        event => panic!("{event:?}"),
    };
    // What the edit went from is not what was there.
    check_edits(
        |books| edit(books, &|_, from| from.description.push('!')),
        &["revision 3, order 1: description is another"],
    );
    for (change, expected) in [
        (
            (&|order: &mut Order, _: &mut Order| order.version = 4)
                as &dyn Fn(&mut Order, &mut Order),
            "revision 3, order 1: version is 4 instead of 3",
        ),
        (&|order, _| order.edited = None, "revision 3, order 1: edited is none instead of 3"),
        (&|order, _| order.customer_id = 8, "revision 3, order 1: customer_id is 8 instead of 7"),
        (&|order, _| order.cut = true, "order 1: edited without its whole description"),
        (&|order, _| order.revision = 2, "revision 3, order 1: revision is 2 instead of 3"),
        (&|_, from| from.status = Status::Taken, "order 1: edited, and was taken before"),
    ] {
        let mut books = edits();
        edit(&mut books, change);
        let lines = books.wrong(Scale::FULL);
        assert!(lines.iter().any(|line| line.contains(expected)), "{lines:?}\n has no\n{expected}");
    }
    let lines = {
        let mut books = edits();
        books.runs[0].events.truncate(1);
        books.wrong(Scale::FULL)
    };
    assert!(lines[0].contains("order 2: edited, but was never placed"), "{lines:?}");
}

/// Both parties wrote on contract 1.
fn letters() -> Books {
    let taken = closed(order(1, 1), Status::Taken, 2);
    let note = |number, author, revision| Note {
        contract_id: 1,
        number,
        author,
        text: format!("Note {number}"),
        revision,
        created: moment(revision),
    };
    let notes =
        vec![note(1, Role::Customer, 3), note(2, Role::Executor, 3), note(3, Role::Customer, 4)];
    let written = |note: &Note| {
        let Note { contract_id, number, author, text, .. } = note.clone();
        let (customer_id, executor_id) = (7, 9);
        Event::NoteWritten { contract_id, customer_id, executor_id, number, author, text }
    };
    let runs = runs(vec![
        vec![Event::OrderPlaced { order: order(1, 1) }],
        vec![accepted(taken.clone(), 1, 9)],
        notes[..2].iter().map(written).collect(),
        vec![written(&notes[2])],
    ]);
    let (revision, batch, last_action) = (4, uuid(4), moment(4));
    let (orders, contracts, open_orders) = (1, 1, 0);
    let head = batch::Head { revision, batch, orders, contracts, open_orders, last_action };
    let contract = Contract { notes: 3, ..Contract::of_order(&taken, 1, 9) };
    Books::of(&head, runs, vec![taken], vec![contract], notes)
}

#[test]
fn notes_are_what_was_written_and_counted() {
    let check = |change: &dyn Fn(&mut Books), expected: &[&str]| {
        let mut books = letters();
        change(&mut books);
        let lines = books.wrong(Scale::FULL);
        assert_eq!(lines.len(), expected.len(), "{lines:?}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.ends_with(expected), "{line}\n is not\n{expected}");
        }
    };
    check(&|_| {}, &[]);
    let another = "the table of notes: note 2 of contract 1: text is another";
    check(&|books| books.notes[1].text.push('!'), &[another]);
    let author = "note 3 of contract 1: author is executor instead of customer";
    check(&|books| books.notes[2].author = Role::Executor, &[author]);
    check(&|books| drop(books.notes.remove(0)), &["note 1 of contract 1 is missing"]);
    check(
        &|books| books.notes[0].contract_id = 5,
        &["note 1 of contract 5: was never written; note 1 of contract 1 is missing"],
    );
    check(&|books| books.contracts[0].notes = 2, &["contract 1: notes is 2 instead of 3"]);
    let edit = |books: &mut Books, change: &dyn Fn(&mut Role, &mut String)| match &mut books.runs[3]
        .events[0]
    {
        Event::NoteWritten { author, text, .. } => change(author, text),
        event => panic!("{event:?}"),
    };
    let mut books = letters();
    edit(&mut books, &|author, _| *author = Role::Admin);
    assert!(books.wrong(Scale::FULL)[0].ends_with("note 3 of contract 1: written by an admin"));
    let mut books = letters();
    edit(&mut books, &|_, text| text.clear());
    assert!(books.wrong(Scale::FULL)[0].ends_with("note 3 of contract 1: empty"));
}

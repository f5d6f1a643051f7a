//! Whichever way somebody is brought to the head, by blocks or run by run: they know the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::board::index::Counts;
use crate::contracts::{self, Contract, State};
use crate::exchange::event::{Event, Run};
use crate::feed::frame::{self, Format};
use crate::feed::ring::Ring;
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Percent};
use crate::orders::{Order, Status};

/// What somebody knows after some messages: open orders, and the latest of their own things.
#[derive(Clone, Default, PartialEq, Debug)]
struct Known {
    revision: u64,
    open_orders: Option<u64>,
    board: BTreeMap<u64, Value>,
    own: BTreeMap<(String, u64), Value>,
    notes: BTreeSet<(u64, u64)>,
}

impl Known {
    fn apply(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).expect("JSON");
        let list = |name: &str| message[name].as_array().cloned().unwrap_or_default();
        let id = |row: &Value| row["id"].as_u64().expect("an id");
        assert!(message["from"].as_u64().unwrap() <= self.revision, "{message}");
        for order in list("opened") {
            self.board.insert(id(&order), order);
        }
        for closed in list("closed") {
            self.board.remove(&id(&closed));
        }
        for name in ["orders", "contracts"] {
            for row in list(name) {
                self.own.insert((name.to_owned(), id(&row)), row);
            }
        }
        for note in list("notes") {
            let [contract, number] = ["contract_id", "number"].map(|name| note[name].as_u64());
            self.notes.insert((contract.unwrap(), number.unwrap()));
        }
        if let Some(open_orders) = message["open_orders"].as_u64() {
            self.open_orders = Some(open_orders);
        }
        if message.get("more").is_none() {
            self.revision = message["to"].as_u64().unwrap();
        }
    }
}

fn moment() -> Moment {
    Moment::try_from("2026-01-01T00:00:00.000Z".to_owned()).unwrap()
}

/// Many runs: each step of a run places an order or closes an open one; from 90 on, it edits an open
/// order, changes a contract or writes a note on it.
pub fn ring(steps: &[Vec<u8>]) -> Ring {
    let created = moment();
    let (mut ring, mut placed, mut contracts) = (Ring::default(), 0, 0);
    let (mut open, mut signed): (Vec<Order>, Vec<Contract>) = Default::default();
    for (revision, steps) in (1..).zip(steps) {
        let mut events = Vec::new();
        for step in steps {
            if *step >= 90 && !open.is_empty() && (*step < 100 || signed.is_empty()) {
                let place = usize::from(*step) % open.len();
                let from = open[place].clone();
                let (description, version) = (from.description.clone() + "!", from.version + 1);
                let edited = Some(revision);
                let order = Order { description, version, edited, revision, ..from.clone() };
                open[place] = order.clone();
                events.push(Event::OrderEdited { order, from });
                continue;
            }
            if *step >= 90 && !signed.is_empty() {
                let place = usize::from(*step) % signed.len();
                let contract = &mut signed[place];
                let from = contract.state();
                if *step < 110 {
                    contract.notes += 1;
                    let Contract { id, customer_id, executor_id, notes, .. } = *contract;
                    events.push(Event::NoteWritten {
                        contract_id: id,
                        customer_id,
                        executor_id,
                        number: notes,
                        author: Role::Executor,
                        text: "A note".to_owned(),
                    });
                } else if from.status == contracts::Status::Accepted && *step < 120 {
                    let status = contracts::Status::Delivered;
                    *contract = contract.clone().with_state(State { status, revision, ..from });
                    let contract = contract.to_excerpt();
                    events.push(Event::ContractDelivered { contract, from });
                } else if from.status == contracts::Status::Accepted {
                    let status = contracts::Status::Cancelled;
                    *contract = contract.clone().with_state(State { status, revision, ..from });
                    placed += 1;
                    let order = contract.to_returned(placed, revision, created);
                    let contract = contract.to_excerpt();
                    events.push(Event::ContractGivenUp { contract, from });
                    open.push(order.clone());
                    events.push(Event::OrderReturned { order });
                }
                continue;
            }
            if step % 2 == 0 || open.is_empty() {
                placed += 1;
                let order = Order {
                    id: placed,
                    customer_id: 1 + u32::from(step % 3),
                    status: Status::Open,
                    description: "long ".repeat(usize::from(*step)).to_owned() + "work",
                    cut: false,
                    price: Amount::from_hundredths(10_000).unwrap(),
                    percent: Percent::new(2).unwrap(),
                    currency: Currency::from_code("RUB").unwrap(),
                    parent_id: None,
                    version: 1,
                    edited: None,
                    revision,
                    created,
                    last_action: created,
                };
                open.push(order.clone());
                events.push(Event::OrderPlaced { order });
                continue;
            }
            let order = open.swap_remove(usize::from(*step) % open.len());
            let order = Order { revision, ..order.to_excerpt() };
            if step % 5 == 0 {
                let order = Order { status: Status::Withdrawn, ..order };
                events.push(Event::OrderWithdrawn { order });
            } else {
                contracts += 1;
                let order = Order { status: Status::Taken, ..order };
                let (contract_id, executor_id) = (contracts, 7 + u32::from(step % 2));
                signed.push(Contract::of_order(&order, contract_id, executor_id));
                events.push(Event::OrderAccepted { order, contract_id, executor_id });
            }
        }
        let [batch, previous] =
            [revision, revision - 1].map(|number: u64| Uuid::from_u128(u128::from(number) << 96));
        let run = Run { revision, batch, previous, created, events };
        let open_orders = u32::try_from(open.len()).unwrap();
        ring.push(Arc::new(run), Counts { revision, open_orders, orders: placed, contracts });
    }
    ring
}

/// What `user` knows who comes from `since`, by blocks or not, and in how many entries.
fn brought(ring: &Ring, blocks: Option<&Blocks>, user: User, head: u64) -> (Known, usize) {
    let (mut known, mut cursor, mut told, mut entries) = (Known::default(), 0, 0, 0);
    while cursor < head {
        let runs = |count| ring.list_after(cursor, count);
        let made = Counter::default();
        let block = blocks.and_then(|blocks| blocks.after(cursor, head, 0, runs, &made));
        let entry = block.or_else(|| ring.get(cursor + 1)).expect("it is here");
        let messages = entry.messages(user, Format::Json, told);
        cursor = entry.run.revision;
        entries += 1;
        if !messages.is_empty() {
            for message in &messages {
                assert!(message.len() <= frame::MAX_BYTES, "{message}");
                known.apply(message.as_str());
            }
            told = cursor;
        }
    }
    known.revision = head;
    (known, entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn blocks_bring_everybody_to_what_run_by_run_does(
        steps in proptest::collection::vec(proptest::collection::vec(0..130u8, 1..5), 1..400),
    ) {
        let ring = ring(&steps);
        let head = steps.len() as u64;
        let blocks = Blocks::default();
        let users = [User::executor(7), User::executor(8), User::customer(1), User::customer(3)];
        for user in users.into_iter().chain([User { role: Role::Admin, id: 0 }]) {
            let (wanted, _) = brought(&ring, None, user, head);
            let (known, entries) = brought(&ring, Some(&blocks), user, head);
            prop_assert_eq!(known, wanted);
            prop_assert!(entries as u64 <= 3 * 3 + 16, "{} entries for {}", entries, head);
        }
    }
}

#[test]
fn a_block_is_made_once_and_of_what_is_there_only() {
    let ring = ring(&vec![vec![0, 1]; 100]);
    let blocks = Blocks::default();
    let made = Counter::default();
    let after = |revision, head, resets| {
        let runs = |count| ring.list_after(revision, count);
        blocks.after(revision, head, resets, runs, &made).map(|entry| entry.run.revision)
    };
    assert_eq!((after(0, 100, 0), made.get()), (Some(64), 1));
    assert_eq!((after(0, 100, 0), made.get()), (Some(64), 1));
    assert_eq!(after(0, 63, 0), Some(16));
    assert_eq!(after(64, 100, 0), Some(80));
    assert_eq!(after(0, 15, 0), None, "close to the head");
    assert_eq!(after(7, 100, 0), None, "where no block starts");
    assert_eq!(made.get(), 3);
    // Another history has blocks of its own.
    assert_eq!((after(0, 100, 1), made.get()), (Some(64), 4));
    // What is not in the ring, or would be too much, is no block.
    assert_eq!(after(96, 200, 0), None);
    let full = super::tests::ring(&vec![vec![0; 40]; 16]);
    let runs = |count| full.list_after(0, count);
    assert!(Blocks::default().after(0, 16, 0, runs, &made).is_none());
}

#[test]
fn blocks_are_forgotten_when_nobody_can_come_from_there_or_they_are_too_much() {
    let ring = ring(&vec![vec![0]; 64]);
    let (blocks, made) = (Blocks::default(), Counter::default());
    let bytes = |blocks: &Blocks| {
        let kept = blocks.lock();
        assert_eq!(kept.bytes, kept.blocks.values().map(|(_, bytes)| bytes).sum::<usize>());
        kept.bytes
    };
    for revision in [0, 16, 32, 48] {
        blocks.after(revision, revision + 16, 0, |count| ring.list_after(revision, count), &made);
    }
    let all = bytes(&blocks);
    assert!(all > 0);
    blocks.forget(0, 17);
    assert_eq!(bytes(&blocks), all / 2);
    blocks.forget(1, 0);
    assert_eq!(bytes(&blocks), 0);
    // As many histories as it takes until some must go: never the newest.
    let mut resets = 0;
    while made.get() < 4 + 2 * (MAX_BYTES / (all / 4)) as u64 {
        resets += 1;
        let before = made.get();
        let after = || blocks.after(0, 16, resets, |count| ring.list_after(0, count), &made);
        assert!(after().is_some() && after().is_some() && made.get() == before + 1);
        assert!(bytes(&blocks) <= MAX_BYTES);
    }
    assert!(bytes(&blocks) > MAX_BYTES / 2);
}

#[test]
fn whatever_text_an_event_carries_takes_room() {
    let (created, text) = (moment(), "x".repeat(8000));
    let takes = |event: &Event| {
        let mut ring = Ring::default();
        let [batch, previous] = [1, 0].map(Uuid::from_u128);
        let run = Run { revision: 1, batch, previous, created, events: vec![event.clone()] };
        let counts = Counts { revision: 1, open_orders: 1, orders: 1, contracts: 1 };
        ring.push(Arc::new(run), counts);
        ring.get(1).unwrap().bytes()
    };
    let ring = ring(&[vec![0], vec![90]]);
    let edited = ring.get(2).unwrap().run.events[0].clone();
    let Event::OrderEdited { order, from } = edited.clone() else { unreachable!() };
    let from = Order { description: text.clone(), ..from };
    let longer = Event::OrderEdited { order: order.clone(), from };
    assert!(takes(&longer) - takes(&edited) > 7900, "an edit holds what was there before");
    let removed = |reason: &str| Event::OrderRemoved {
        order: order.clone(),
        admin_id: 0,
        reason: reason.to_owned(),
    };
    assert_eq!(takes(&removed(&text)) - takes(&removed("")), 8000);
}

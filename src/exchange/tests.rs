//! Random commands, in random batches, against a model so simple that it can be read at a glance.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::batch::{Answer, Batch, Head};
use super::command::{
    AcceptOrder, Command, CompleteContract, DeliverContract, DisputeContract, EditOrder,
    ExpireOrder, GiveUpContract, Outcome, PlaceOrder, RemoveOrder, RenewOrder, RuleContract, Seen,
    WithdrawOrder, WriteNote,
};
use super::event::{Event, Run};
use super::request::{Receipt, RequestId, RequestKey, StoredReceipt};
use super::{Done, Submission};
use crate::audit::tests::{Books, Scale};
use crate::contracts::notes::Note;
use crate::contracts::{self, Contract};
use crate::error::Refusal;
use crate::identity::{Role, User};
use crate::moment::Moment;
use crate::money::{Amount, Currency, Percent};
use crate::orders::{Order, Status};

/// What somebody wants, in a test's words. A version of 0 is none in particular.
#[derive(Clone, Debug)]
enum Wish {
    Place { customer: u32, cents: i64, key: Option<u8> },
    Accept { executor: u32, order: u32, version: u32, key: Option<u8> },
    Edit { customer: u32, order: u32, cents: i64, version: u32, key: Option<u8> },
    Withdraw { customer: u32, order: u32, key: Option<u8> },
    Remove { admin: u32, order: u32, key: Option<u8> },
    Expire { customer: u32, order: u32 },
    Renew { customer: u32, order: u32, key: Option<u8> },
    Contract { user: User, contract: u32, act: Act, key: Option<u8> },
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Act {
    Deliver,
    Complete,
    /// By time.
    Expire,
    GiveUp,
    Dispute,
    Rule(Outcome),
    Note,
}

impl Act {
    const ALL: [Act; 8] = [
        Act::Deliver,
        Act::Complete,
        Act::Expire,
        Act::GiveUp,
        Act::Dispute,
        Act::Rule(Outcome::Completed),
        Act::Rule(Outcome::Cancelled),
        Act::Note,
    ];
}

/// How many contracts an executor may have to deliver.
const MOST: u32 = 3;

/// Mostly the contract's own parties, as the orders and executors below are drawn.
fn anybody() -> impl Strategy<Value = User> {
    prop_oneof![
        4 => (1..6u32).prop_map(User::executor),
        3 => (1..4u32).prop_map(User::customer),
        1 => (0..2u32).prop_map(|id| User { role: Role::Admin, id }),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let key = || proptest::option::weighted(0.3, 0..6u8);
    prop_oneof![
        3 => (1..4u32, 1..10_000i64, key())
            .prop_map(|(customer, cents, key)| Wish::Place { customer, cents, key }),
        4 => (1..6u32, 1..25u32, 0..3u32, key()).prop_map(
            |(executor, order, version, key)| Wish::Accept { executor, order, version, key },
        ),
        3 => (1..4u32, 1..25u32, 1..3i64, 0..3u32, key()).prop_map(
            |(customer, order, cents, version, key)| {
                Wish::Edit { customer, order, cents, version, key }
            },
        ),
        2 => (1..4u32, 1..25u32, key())
            .prop_map(|(customer, order, key)| Wish::Withdraw { customer, order, key }),
        1 => (0..2u32, 1..25u32, key())
            .prop_map(|(admin, order, key)| Wish::Remove { admin, order, key }),
        1 => (1..4u32, 1..25u32).prop_map(|(customer, order)| Wish::Expire { customer, order }),
        1 => (1..4u32, 1..25u32, key())
            .prop_map(|(customer, order, key)| Wish::Renew { customer, order, key }),
        9 => (anybody(), 1..8u32, 0..Act::ALL.len(), key()).prop_map(
            |(user, contract, act, key)| Wish::Contract { user, contract, act: Act::ALL[act], key },
        ),
    ]
}

impl Wish {
    fn submission(&self) -> Submission {
        let (user, command, key) = match *self {
            Wish::Place { customer, cents, key } => {
                let command = Command::PlaceOrder(PlaceOrder {
                    description: format!("work for {cents}"),
                    price: Amount::from_hundredths(cents * 100).unwrap(),
                    percent: Percent::new(2).unwrap(),
                    currency: Currency::from_code("RUB").unwrap(),
                });
                (User::customer(customer), command, key)
            }
            Wish::Accept { executor, order: order_id, version, key } => {
                let (seen, most) = (seen(version), Some(MOST));
                let command = Command::AcceptOrder(AcceptOrder { order_id, seen, most });
                (User::executor(executor), command, key)
            }
            Wish::Edit { customer, order: order_id, cents, version, key } => {
                let command = Command::EditOrder(EditOrder {
                    order_id,
                    description: format!("work for {cents}"),
                    price: Amount::from_hundredths(cents * 100).unwrap(),
                    seen: seen(version),
                });
                (User::customer(customer), command, key)
            }
            Wish::Withdraw { customer, order, key } => {
                let command = Command::WithdrawOrder(WithdrawOrder { order_id: order });
                (User::customer(customer), command, key)
            }
            Wish::Remove { admin, order, key } => {
                let reason = "spam".to_owned();
                let command = Command::RemoveOrder(RemoveOrder { order_id: order, reason });
                (User { role: Role::Admin, id: admin }, command, key)
            }
            Wish::Expire { customer, order } => {
                let after = Duration::ZERO;
                let command = Command::ExpireOrder(ExpireOrder { order_id: order, after });
                (User::customer(customer), command, None)
            }
            Wish::Renew { customer, order, key } => {
                let percent = Percent::new(3).unwrap();
                let command = Command::RenewOrder(RenewOrder { order_id: order, percent });
                (User::customer(customer), command, key)
            }
            Wish::Contract { user, contract: contract_id, act, key } => {
                let reason = "so it was".to_owned();
                let command = match act {
                    Act::Deliver => Command::DeliverContract(DeliverContract { contract_id }),
                    Act::Complete => {
                        Command::CompleteContract(CompleteContract { contract_id, after: None })
                    }
                    Act::Expire => {
                        let after = Some(Duration::ZERO);
                        Command::CompleteContract(CompleteContract { contract_id, after })
                    }
                    Act::Note => {
                        let text = format!("about {contract_id}");
                        Command::WriteNote(WriteNote { contract_id, text })
                    }
                    Act::GiveUp => Command::GiveUpContract(GiveUpContract { contract_id }),
                    Act::Dispute => {
                        Command::DisputeContract(DisputeContract { contract_id, reason })
                    }
                    Act::Rule(outcome) => {
                        Command::RuleContract(RuleContract { contract_id, outcome, reason })
                    }
                };
                (user, command, key)
            }
        };
        let key = key.map(|key| {
            // The same key with another wish is another request.
            let body = format!("{:?}", self).into_bytes();
            RequestKey::new(&format!("key-{key}"), "/path", &body).unwrap()
        });
        let (answer, _) = oneshot::channel();
        Submission { user, command, key, deadline: Instant::now(), answer }
    }
}

fn seen(version: u32) -> Option<Seen> {
    (version > 0).then_some(Seen::Version(version))
}

/// The database: rows as the writer would have written them.
#[derive(Default)]
struct Tables {
    head: Option<Head>,
    orders: BTreeMap<u32, Order>,
    contracts: BTreeMap<u32, Contract>,
    requests: Vec<(RequestId, [u8; 32], StoredReceipt)>,
    journal: Vec<Run>,
    notes: Vec<Note>,
}

impl Tables {
    fn head(&self) -> Head {
        self.head.clone().unwrap_or(Head {
            revision: 0,
            batch: Uuid::nil(),
            orders: 0,
            contracts: 0,
            open_orders: 0,
            last_action: moment(0),
        })
    }

    /// Applies a batch as the writer does when it takes keys for new; `None` when one of them is
    /// not.
    fn take_for_new(&self, group: &[Submission], second: i64) -> Option<(Batch, Vec<Answer>)> {
        let mut batch = self.load(second);
        let mut answers: Vec<Answer> = group.iter().map(|asked| batch.apply(asked)).collect();
        let stored = |id: &RequestId| self.requests.iter().any(|(known, _, _)| known == id);
        if batch.answered().iter().any(|(id, _, _)| stored(id)) {
            return None;
        }
        let refused = group.iter().zip(&answers).filter(|(_, answer)| answer.is_err());
        let refused: HashSet<RequestId> =
            refused.filter_map(|(asked, _)| asked.request_id()).filter(stored).collect();
        self.load_requests(&mut batch, |id| refused.contains(id));
        batch.recall_refused(group, &mut answers, &refused);
        Some((batch, answers))
    }

    /// A batch with all rows, and all keys looked up.
    fn begin(&self, second: i64) -> Batch {
        let mut batch = self.load(second);
        self.load_requests(&mut batch, |_| true);
        batch
    }

    fn load(&self, second: i64) -> Batch {
        let mut batch = Batch::new(self.head(), moment(second));
        for order in self.orders.values() {
            batch.load_order(order.clone());
        }
        let mut in_force = BTreeMap::new();
        for contract in self.contracts.values() {
            if contract.status == contracts::Status::Accepted {
                *in_force.entry(contract.executor_id).or_default() += 1;
            }
            batch.load_contract(contract.clone());
        }
        in_force.into_iter().for_each(|(executor, count)| batch.load_in_force(executor, count));
        batch
    }

    fn load_requests(&self, batch: &mut Batch, wanted: impl Fn(&RequestId) -> bool) {
        for (id, hash, stored) in self.requests.iter().filter(|(id, _, _)| wanted(id)) {
            let order = |id| self.orders.get(&id).cloned();
            let contract = |id| self.contracts.get(&id).cloned();
            let run = self.journal.iter().find(|run| run.revision == stored.revision);
            let receipt = stored.with_rows(order, contract, run);
            let receipt = receipt.expect("what a receipt names exists");
            batch.load_request(id.clone(), *hash, receipt);
        }
    }

    fn commit(&mut self, batch: &Batch) {
        for (id, hash, receipt) in batch.answered() {
            self.requests.push((id.clone(), *hash, receipt.into()));
        }
        if !batch.has_events() {
            return;
        }
        let run = batch.to_run(Uuid::from_u128(u128::from(batch.revision())));
        for order in batch.placed() {
            assert!(self.orders.insert(order.id, order.clone()).is_none());
        }
        for order in batch.edited() {
            assert!(self.orders.insert(order.id, order.clone()).is_some());
        }
        for order in batch.closed() {
            assert!(self.orders.insert(order.id, order.clone()).is_some());
        }
        for contract in batch.signed() {
            assert!(self.contracts.insert(contract.id, contract.clone()).is_none());
        }
        for note in batch.notes() {
            self.notes.push(note.clone());
            let contract = self.contracts.get_mut(&note.contract_id).expect("it is there");
            contract.notes = contract.notes.max(note.number);
        }
        for contract in batch.changed() {
            assert!(self.contracts.insert(contract.id, contract.clone()).is_some());
        }
        self.head = Some(Head { batch: run.batch, ..batch.head_after().clone() });
        self.journal.push(run);
    }

    /// What the audit objects to.
    fn wrong(&self) -> Vec<String> {
        let (orders, contracts) = (self.orders.values(), self.contracts.values());
        let (orders, contracts) = (orders.cloned().collect(), contracts.cloned().collect());
        let notes = self.notes.clone();
        Books::of(&self.head(), self.journal.clone(), orders, contracts, notes).wrong(Scale::FULL)
    }
}

/// What an order is, in the model.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Open,
    Taken { executor: u32, contract: u32 },
    Withdrawn,
    Removed,
    Expired,
}

impl Fate {
    fn status(self) -> Status {
        match self {
            Fate::Open => Status::Open,
            Fate::Taken { .. } => Status::Taken,
            Fate::Withdrawn => Status::Withdrawn,
            Fate::Removed => Status::Removed,
            Fate::Expired => Status::Expired,
        }
    }
}

/// The rules, written as plainly as possible: one wish at a time, nothing about batches.
#[derive(Default)]
struct Model {
    orders: Vec<(u32, Fate)>,
    /// Version and cents of each.
    editions: Vec<(u32, i64)>,
    contracts: Vec<Deal>,
    answered: BTreeMap<(User, u8), (String, Said)>,
}

/// What a contract is, in the model.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Deal {
    order: u32,
    customer: u32,
    executor: u32,
    status: contracts::Status,
    notes: u32,
}

/// An answer without its details.
#[derive(Clone, PartialEq, Debug)]
enum Said {
    Placed(u32),
    /// In which version, for how much.
    Edited(u32, u32, i64),
    Accepted(u32),
    Withdrawn(u32),
    Removed(u32),
    Expired(u32),
    Changed(u32, contracts::Status),
    Noted(u32, u32),
    /// Not done: the order is another one by now.
    Outdated(u32),
    Refused(Refusal),
}

impl Model {
    fn ask(&mut self, wish: &Wish) -> Said {
        let (user, key) = match *wish {
            Wish::Place { customer, key, .. }
            | Wish::Edit { customer, key, .. }
            | Wish::Withdraw { customer, key, .. } => (User::customer(customer), key),
            Wish::Accept { executor, key, .. } => (User::executor(executor), key),
            Wish::Remove { admin, key, .. } => (User { role: Role::Admin, id: admin }, key),
            Wish::Expire { customer, .. } => (User::customer(customer), None),
            Wish::Renew { customer, key, .. } => (User::customer(customer), key),
            Wish::Contract { user, key, .. } => (user, key),
        };
        let Some(key) = key else { return self.decide(wish) };
        let text = format!("{wish:?}");
        if let Some((known, said)) = self.answered.get(&(user, key)) {
            let refused = Said::Refused(Refusal::DuplicateRequest);
            return if *known == text { said.clone() } else { refused };
        }
        let said = self.decide(wish);
        if !matches!(said, Said::Refused(_) | Said::Outdated(_)) {
            self.answered.insert((user, key), (text, said.clone()));
        }
        said
    }

    fn decide(&mut self, wish: &Wish) -> Said {
        let find = |orders: &[(u32, Fate)], id: u32| orders.get(id as usize - 1).copied();
        match *wish {
            Wish::Place { customer, cents, .. } => {
                self.open(customer, cents);
                Said::Placed(self.orders.len() as u32)
            }
            Wish::Accept { executor, order, version, .. } => match find(&self.orders, order) {
                None => Said::Refused(Refusal::NotFound),
                Some((_, Fate::Taken { executor: holder, contract }))
                    if holder == executor
                        && self.deal(contract).status != contracts::Status::Cancelled =>
                {
                    Said::Accepted(contract)
                }
                Some((customer, Fate::Open)) if customer == executor => {
                    Said::Refused(Refusal::OwnOrder)
                }
                Some((_, Fate::Open)) if ![0, self.edition(order).0].contains(&version) => {
                    Said::Outdated(order)
                }
                Some((_, Fate::Open)) if self.in_force(executor) >= MOST => {
                    Said::Refused(Refusal::TooManyContracts { most: MOST })
                }
                Some((customer, Fate::Open)) => {
                    let status = contracts::Status::Accepted;
                    self.contracts.push(Deal { order, customer, executor, status, notes: 0 });
                    let contract = self.contracts.len() as u32;
                    self.orders[order as usize - 1].1 = Fate::Taken { executor, contract };
                    Said::Accepted(contract)
                }
                Some((_, fate)) => {
                    Said::Refused(Refusal::OrderNotOpen { id: order, status: fate.status() })
                }
            },
            Wish::Renew { customer, order, .. } => match find(&self.orders, order) {
                Some((owner, Fate::Expired)) if owner == customer => {
                    self.open(customer, self.edition(order).1);
                    Said::Placed(self.orders.len() as u32)
                }
                Some((owner, _)) if owner == customer => Said::Refused(Refusal::WrongState),
                _ => Said::Refused(Refusal::NotFound),
            },
            Wish::Withdraw { customer, order, .. } | Wish::Expire { customer, order } => {
                match find(&self.orders, order) {
                    Some((owner, Fate::Open)) if owner == customer => {
                        let (fate, said) = match wish {
                            Wish::Expire { .. } => (Fate::Expired, Said::Expired(order)),
                            _ => (Fate::Withdrawn, Said::Withdrawn(order)),
                        };
                        self.orders[order as usize - 1].1 = fate;
                        said
                    }
                    Some((owner, fate)) if owner == customer => {
                        Said::Refused(Refusal::OrderNotOpen { id: order, status: fate.status() })
                    }
                    _ => Said::Refused(Refusal::NotFound),
                }
            }
            Wish::Edit { customer, order, cents, version, .. } => match find(&self.orders, order) {
                Some((owner, Fate::Open)) if owner == customer => {
                    let (known, before) = self.edition(order);
                    if ![0, known].contains(&version) {
                        return Said::Outdated(order);
                    }
                    let next = if cents == before { known } else { known + 1 };
                    self.editions[order as usize - 1] = (next, cents);
                    Said::Edited(order, next, cents)
                }
                Some((owner, fate)) if owner == customer => {
                    Said::Refused(Refusal::OrderNotOpen { id: order, status: fate.status() })
                }
                _ => Said::Refused(Refusal::NotFound),
            },
            Wish::Contract { user, contract, act, .. } => self.deal_with(user, contract, act),
            Wish::Remove { order, .. } => match find(&self.orders, order) {
                None => Said::Refused(Refusal::NotFound),
                Some((_, Fate::Open)) => {
                    self.orders[order as usize - 1].1 = Fate::Removed;
                    Said::Removed(order)
                }
                Some((_, fate)) => {
                    Said::Refused(Refusal::OrderNotOpen { id: order, status: fate.status() })
                }
            },
        }
    }

    fn open(&mut self, customer: u32, cents: i64) {
        self.orders.push((customer, Fate::Open));
        self.editions.push((1, cents));
    }

    fn edition(&self, order: u32) -> (u32, i64) {
        self.editions[order as usize - 1]
    }

    fn deal(&self, contract: u32) -> Deal {
        self.contracts[contract as usize - 1]
    }

    fn in_force(&self, executor: u32) -> u32 {
        let of =
            |deal: &&Deal| (deal.executor, deal.status) == (executor, contracts::Status::Accepted);
        self.contracts.iter().filter(of).count() as u32
    }

    fn deal_with(&mut self, user: User, contract: u32, act: Act) -> Said {
        use contracts::Status::{Accepted, Cancelled, Completed, Delivered, Disputed};
        let all = contracts::Status::ALL;
        let (role, from, to): (&[Role], &[contracts::Status], _) = match act {
            Act::Deliver => (&[Role::Executor], &[Accepted], Delivered),
            Act::Complete | Act::Expire => (&[Role::Customer], &[Delivered], Completed),
            Act::Note => (&[Role::Customer, Role::Executor], &all, Accepted),
            Act::GiveUp => (&[Role::Executor], &[Accepted], Cancelled),
            Act::Dispute => (&[Role::Customer, Role::Executor], &[Accepted, Delivered], Disputed),
            Act::Rule(Outcome::Completed) => (&[Role::Admin], &[Disputed], Completed),
            Act::Rule(Outcome::Cancelled) => (&[Role::Admin], &[Disputed], Cancelled),
        };
        if !role.contains(&user.role) {
            return Said::Refused(Refusal::Forbidden);
        }
        let own = |deal: &&mut Deal| match user.role {
            Role::Admin => true,
            Role::Customer => deal.customer == user.id,
            Role::Executor => deal.executor == user.id,
        };
        let Some(deal) = self.contracts.get_mut(contract as usize - 1).filter(own) else {
            return Said::Refused(Refusal::NotFound);
        };
        if !from.contains(&deal.status) {
            return Said::Refused(Refusal::ContractState { id: contract, status: deal.status });
        }
        if act == Act::Note {
            deal.notes += 1;
            return Said::Noted(contract, deal.notes);
        }
        deal.status = to;
        if act == Act::GiveUp {
            let Deal { customer, order, .. } = *deal;
            self.open(customer, self.edition(order).1);
        }
        Said::Changed(contract, to)
    }

    fn agrees_with(&self, tables: &Tables) {
        let head = tables.head();
        let open = self.orders.iter().filter(|(_, fate)| *fate == Fate::Open).count();
        assert_eq!(head.open_orders as usize, open);
        assert_eq!(head.orders as usize, self.orders.len());
        assert_eq!(head.contracts as usize, self.contracts.len());
        for (deal, contract) in self.contracts.iter().zip(tables.contracts.values()) {
            assert_eq!(
                (deal.customer, deal.executor, deal.status),
                (contract.customer_id, contract.executor_id, contract.status)
            );
        }
        for (place, (customer, fate)) in self.orders.iter().enumerate() {
            let order = &tables.orders[&(place as u32 + 1)];
            assert_eq!(order.customer_id, *customer);
            let (version, cents) = self.editions[place];
            assert_eq!((order.version, order.price.hundredths()), (version, cents * 100));
            assert_eq!(order.description, format!("work for {cents}"));
            match *fate {
                Fate::Open => assert_eq!(order.status, Status::Open),
                Fate::Withdrawn => assert_eq!(order.status, Status::Withdrawn),
                Fate::Removed => assert_eq!(order.status, Status::Removed),
                Fate::Expired => assert_eq!(order.status, Status::Expired),
                Fate::Taken { executor, contract } => {
                    assert_eq!(order.status, Status::Taken);
                    let contract = &tables.contracts[&contract];
                    assert_eq!((contract.executor_id, contract.order_id), (executor, order.id));
                    let sum = contract.fee.checked_add(contract.payout);
                    assert_eq!(sum, Some(contract.price));
                }
            }
        }
    }
}

fn said(answer: Result<Receipt, Refusal>) -> Said {
    match answer {
        Ok(Receipt { done: Done::Placed(order), .. }) => Said::Placed(order.id),
        Ok(Receipt { done: Done::Edited(order), .. }) => {
            Said::Edited(order.id, order.version, order.price.hundredths() / 100)
        }
        Ok(Receipt { done: Done::Accepted(contract), .. }) => Said::Accepted(contract.id),
        Ok(Receipt { done: Done::Withdrawn(order), .. }) => Said::Withdrawn(order.id),
        Ok(Receipt { done: Done::Removed(order), .. }) => Said::Removed(order.id),
        Ok(Receipt { done: Done::Expired(order), .. }) => Said::Expired(order.id),
        Ok(Receipt { done: Done::Noted(note), .. }) => Said::Noted(note.contract_id, note.number),
        Ok(Receipt { done: Done::Changed(contract), .. }) => {
            Said::Changed(contract.id, contract.status)
        }
        Err(Refusal::OrderChanged(order)) => Said::Outdated(order.id),
        Err(refusal) => Said::Refused(refusal),
    }
}

fn moment(second: i64) -> Moment {
    DateTime::<Utc>::from_timestamp(1_700_000_000 + second, 0).unwrap().into()
}

/// Replays the journal into the orders' statuses.
fn replay(journal: &[Run]) -> BTreeMap<u32, Status> {
    let mut statuses = BTreeMap::new();
    for (place, run) in journal.iter().enumerate() {
        assert_eq!(run.revision, place as u64 + 1, "revisions have no gaps");
        let before = place.checked_sub(1).map_or(Uuid::nil(), |before| journal[before].batch);
        assert_eq!(run.previous, before, "batches are chained");
        for event in &run.events {
            let Some(order) = event.order() else { continue };
            let was = statuses.insert(order.id, order.status);
            let comes = matches!(event, Event::OrderPlaced { .. } | Event::OrderReturned { .. });
            assert_eq!(was.is_none(), comes);
            let edited = matches!(event, Event::OrderEdited { .. });
            assert!(!edited || order.status == Status::Open);
            assert!(was.is_none_or(|was| was == Status::Open), "a closed order stays closed");
        }
    }
    statuses
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn batches_do_what_one_wish_after_the_other_would(
        batches in proptest::collection::vec(proptest::collection::vec(wish(), 1..12), 1..12),
        clock in proptest::collection::vec(0..100i64, 12),
    ) {
        let mut tables = Tables::default();
        let mut model = Model::default();
        for (wishes, second) in batches.iter().zip(clock) {
            let before = tables.head();
            let group: Vec<Submission> = wishes.iter().map(Wish::submission).collect();
            let (batch, answers) = tables.take_for_new(&group, second).unwrap_or_else(|| {
                let mut batch = tables.begin(second);
                let answers = group.iter().map(|asked| batch.apply(asked)).collect();
                (batch, answers)
            });
            for (wish, answer) in wishes.iter().zip(answers) {
                if let Ok(receipt) = &answer {
                    prop_assert!(receipt.revision <= batch.revision());
                }
                prop_assert_eq!(said(answer), model.ask(wish));
            }
            tables.commit(&batch);
            prop_assert!(tables.head().last_action >= before.last_action, "time goes on");
            prop_assert_eq!(
                tables.head().revision - before.revision,
                u64::from(batch.has_events()),
            );
            model.agrees_with(&tables);
            prop_assert_eq!(tables.wrong(), Vec::<String>::new(), "the audit agrees");
        }
        let statuses: BTreeMap<u32, Status> =
            tables.orders.values().map(|order| (order.id, order.status)).collect();
        prop_assert_eq!(replay(&tables.journal), statuses);
    }
}

#[test]
fn an_order_expires_when_it_is_old_enough_and_not_before() {
    let mut tables = Tables::default();
    let mut ask = |second, command| {
        let (answer, _) = oneshot::channel();
        let user = User::customer(1);
        let submission = Submission { user, command, key: None, deadline: Instant::now(), answer };
        let mut batch = tables.begin(second);
        let said = said(batch.apply(&submission));
        tables.commit(&batch);
        said
    };
    let place = Wish::Place { customer: 1, cents: 1, key: None }.submission().command;
    assert_eq!(ask(0, place), Said::Placed(1));
    let after = Duration::from_secs(60);
    let expire = || Command::ExpireOrder(ExpireOrder { order_id: 1, after });
    assert_eq!(ask(59, expire()), Said::Refused(Refusal::WrongState));
    assert_eq!(ask(60, expire()), Said::Expired(1));
}

#[test]
fn a_contract_completes_by_time_when_it_was_delivered_long_ago_and_not_before() {
    let mut tables = Tables::default();
    let mut ask = |second, user, command| {
        let (answer, _) = oneshot::channel();
        let submission = Submission { user, command, key: None, deadline: Instant::now(), answer };
        let mut batch = tables.begin(second);
        let said = said(batch.apply(&submission));
        tables.commit(&batch);
        said
    };
    let (customer, executor) = (User::customer(1), User::executor(9));
    let place = Wish::Place { customer: 1, cents: 1, key: None }.submission().command;
    ask(0, customer, place);
    let accept = Command::AcceptOrder(AcceptOrder { order_id: 1, seen: None, most: None });
    ask(0, executor, accept);
    let after = Some(Duration::from_secs(60));
    let complete = || Command::CompleteContract(CompleteContract { contract_id: 1, after });
    let status = contracts::Status::Accepted;
    let refused = Refusal::ContractState { id: 1, status };
    assert_eq!(ask(90, customer, complete()), Said::Refused(refused), "it was not delivered");
    let deliver = Command::DeliverContract(DeliverContract { contract_id: 1 });
    assert_eq!(ask(100, executor, deliver), Said::Changed(1, contracts::Status::Delivered));
    assert_eq!(ask(159, customer, complete()), Said::Refused(Refusal::WrongState));
    assert_eq!(ask(160, customer, complete()), Said::Changed(1, contracts::Status::Completed));
}

//! What a batch holds in memory: the head and the rows it loaded, and what its commands make of
//! them. Pure: the writer loads before and writes after.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::Submission;
use super::event::{Event, Run};
use super::request::{Receipt, RequestId, RequestKey};
use crate::contracts::notes::Note;
use crate::contracts::{self, Contract, State};
use crate::error::Refusal;
use crate::identity::Role;
use crate::moment::Moment;
use crate::orders::{Order, Status};

/// What a command comes to.
pub type Answer = Result<Receipt, Refusal>;

/// The head of the board, as locked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    pub revision: u64,
    pub batch: Uuid,
    pub orders: u32,
    pub contracts: u32,
    pub open_orders: u32,
    pub last_action: Moment,
}

/// One batch on its way: loaded state and the changes so far.
pub struct Batch {
    before: Head,
    after: Head,
    orders: HashMap<u32, Order>,
    contracts: HashMap<u32, Contract>,
    contract_of_order: HashMap<u32, u32>,
    /// Contracts in force, by executor.
    in_force: HashMap<u32, u32>,
    requests: HashMap<RequestId, ([u8; 32], Receipt)>,
    placed: Vec<u32>,
    edited: BTreeSet<u32>,
    closed: BTreeSet<u32>,
    signed: Vec<u32>,
    changed: BTreeSet<u32>,
    notes: Vec<Note>,
    answered: Vec<(RequestId, [u8; 32], Receipt)>,
    events: Vec<Event>,
    text_bytes: usize,
}

impl Batch {
    /// `now` is the database's clock; time never goes back below the head's.
    pub fn new(head: Head, now: Moment) -> Batch {
        let after = Head {
            revision: head.revision + 1,
            last_action: now.max(head.last_action),
            ..head.clone()
        };
        Batch {
            before: head,
            after,
            orders: HashMap::new(),
            contracts: HashMap::new(),
            contract_of_order: HashMap::new(),
            in_force: HashMap::new(),
            requests: HashMap::new(),
            placed: Vec::new(),
            edited: BTreeSet::new(),
            closed: BTreeSet::new(),
            signed: Vec::new(),
            changed: BTreeSet::new(),
            notes: Vec::new(),
            answered: Vec::new(),
            events: Vec::new(),
            text_bytes: 0,
        }
    }

    pub fn load_order(&mut self, order: Order) {
        self.orders.insert(order.id, order);
    }

    pub fn load_contract(&mut self, contract: Contract) {
        self.contract_of_order.insert(contract.order_id, contract.id);
        self.contracts.insert(contract.id, contract);
    }

    /// How many contracts an executor has that wait to be delivered.
    pub fn load_in_force(&mut self, executor_id: u32, count: u32) {
        self.in_force.insert(executor_id, count);
    }

    pub fn load_request(&mut self, id: RequestId, hash: [u8; 32], receipt: Receipt) {
        self.requests.insert(id, (hash, receipt));
    }

    /// Applies one command: its receipt or why not. Asked again under the same key, the receipt is
    /// the first one.
    pub fn apply(&mut self, submission: &Submission) -> Answer {
        let Some(RequestKey { key, hash, .. }) = &submission.key else {
            return self.apply_new(submission);
        };
        if let Some(known) = self.recall(submission) {
            return known;
        }
        let receipt = self.apply_new(submission)?;
        let id = RequestId { user: submission.user, key: key.clone() };
        self.requests.insert(id.clone(), (*hash, receipt.clone()));
        self.answered.push((id, *hash, receipt.clone()));
        Ok(receipt)
    }

    /// The answer that was given to this key before, if it is known here.
    fn recall(&self, submission: &Submission) -> Option<Answer> {
        let (known, receipt) = self.requests.get(&submission.request_id()?)?;
        let same = submission.key.as_ref().is_some_and(|key| key.hash == *known);
        let again = || Receipt { repeated: true, ..receipt.clone() };
        Some(if same { Ok(again()) } else { Err(Refusal::DuplicateRequest) })
    }

    /// What was refused may have been done before, under a key that is `known` by now: then that is
    /// the answer.
    pub fn recall_refused(
        &self,
        group: &[Submission],
        answers: &mut [Answer],
        known: &HashSet<RequestId>,
    ) {
        for (submission, answer) in group.iter().zip(answers) {
            if answer.is_err()
                && submission.request_id().is_some_and(|id| known.contains(&id))
                && let Some(first) = self.recall(submission)
            {
                *answer = first;
            }
        }
    }

    fn apply_new(&mut self, submission: &Submission) -> Answer {
        let done = submission.command.apply(submission.user, self)?;
        let revision = done.revision();
        assert!(revision <= self.after.revision, "a receipt is never ahead of its batch");
        Ok(Receipt { revision, done, repeated: false })
    }

    pub fn revision(&self) -> u64 {
        self.after.revision
    }

    pub fn now(&self) -> Moment {
        self.after.last_action
    }

    pub fn next_order_id(&self) -> u32 {
        self.after.orders + 1
    }

    pub fn next_contract_id(&self) -> u32 {
        self.after.contracts + 1
    }

    pub fn order(&self, id: u32) -> Option<&Order> {
        self.orders.get(&id)
    }

    pub fn contract(&self, id: u32) -> Option<&Contract> {
        self.contracts.get(&id)
    }

    pub fn contract_of_order(&self, order_id: u32) -> Option<&Contract> {
        self.contract(*self.contract_of_order.get(&order_id)?)
    }

    /// How many contracts of this executor wait to be delivered, by now; they must be loaded.
    pub fn in_force(&self, executor_id: u32) -> u32 {
        self.in_force.get(&executor_id).copied().unwrap_or(0)
    }

    pub fn place(&mut self, order: Order, event: Event) {
        assert_eq!(order.id, self.next_order_id(), "order ids have no gaps");
        self.after.orders += 1;
        self.after.open_orders += 1;
        self.text_bytes += order.description.len();
        self.placed.push(order.id);
        self.orders.insert(order.id, order);
        self.events.push(event);
    }

    /// Makes an open order another one.
    pub fn edit(&mut self, order: Order, event: Event) {
        assert_eq!(order.status, Status::Open, "an order that is edited stays open");
        let (id, bytes) = (order.id, order.description.len());
        let before = self.orders.insert(id, order).expect("only a loaded order is edited");
        assert_eq!(before.status, Status::Open, "only an open order is edited");
        // The journal keeps what it was, too.
        self.text_bytes += bytes + before.description.len();
        if id <= self.before.orders {
            self.edited.insert(id);
        }
        self.events.push(event);
    }

    /// Takes an open order off the board; `order` is its state afterwards.
    pub fn close(&mut self, order: Order, event: Event) {
        assert_ne!(order.status, Status::Open, "a closed order is not open");
        let id = order.id;
        let before = self.orders.insert(id, order).expect("only a loaded order is closed");
        assert_eq!(before.status, Status::Open, "only an open order is closed");
        self.after.open_orders =
            self.after.open_orders.checked_sub(1).expect("the head counts every open order");
        // An order that was placed by this very batch is written once, in its last state.
        if id <= self.before.orders {
            self.closed.insert(id);
        }
        self.events.push(event);
    }

    pub fn sign(&mut self, contract: Contract) {
        assert_eq!(contract.id, self.next_contract_id(), "contract ids have no gaps");
        self.after.contracts += 1;
        self.text_bytes += contract.description.len();
        self.signed.push(contract.id);
        *self.in_force.entry(contract.executor_id).or_default() += 1;
        let other = self.contract_of_order.insert(contract.order_id, contract.id);
        assert!(other.is_none(), "an order becomes at most one contract");
        self.contracts.insert(contract.id, contract);
    }

    /// Brings a contract into another state, that of now; returns it.
    pub fn change(
        &mut self,
        id: u32,
        status: contracts::Status,
        event: impl FnOnce(Contract, State) -> Event,
    ) -> Contract {
        let contract = self.contracts.remove(&id).expect("only a loaded contract is changed");
        let from = contract.state();
        assert!(from.status.may_become(status), "contracts go by their state machine");
        if from.status == contracts::Status::Accepted
            && let Some(count) = self.in_force.get_mut(&contract.executor_id)
        {
            *count = count.saturating_sub(1);
        }
        let state = State { status, revision: self.revision(), last_action: self.now() };
        let contract = contract.with_state(state);
        self.contracts.insert(id, contract.clone());
        // A contract that was signed by this very batch is written once, in its last state.
        if id <= self.before.contracts {
            self.changed.insert(id);
        }
        self.events.push(event(contract.to_excerpt(), from));
        contract
    }

    /// Adds a note of one of its parties to a contract.
    pub fn note(&mut self, contract_id: u32, author: Role, text: String) -> Note {
        let (revision, created) = (self.revision(), self.now());
        let contract = self.contracts.get_mut(&contract_id).expect("it is loaded");
        contract.notes += 1;
        let number = contract.notes;
        self.events.push(Event::NoteWritten {
            contract_id,
            customer_id: contract.customer_id,
            executor_id: contract.executor_id,
            number,
            author,
            text: text.clone(),
        });
        self.text_bytes += text.len();
        let note = Note { contract_id, number, author, text, revision, created };
        self.notes.push(note.clone());
        note
    }

    /// Bytes of descriptions that are to be written.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Whether there is something to write. A batch of refusals, or of answers known already, is
    /// empty and takes no revision.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answered.is_empty()
    }

    /// Whether it takes a revision; one that only remembers new keys of known answers does not.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub fn head_after(&self) -> &Head {
        &self.after
    }

    /// New orders, as they are at the end of the batch.
    pub fn placed(&self) -> impl Iterator<Item = &Order> {
        self.placed.iter().map(|id| &self.orders[id])
    }

    /// Orders that stood on the board before, and are others now.
    pub fn edited(&self) -> impl Iterator<Item = &Order> {
        self.edited.iter().map(|id| &self.orders[id])
    }

    /// Orders that stood on the board before and do no longer.
    pub fn closed(&self) -> impl Iterator<Item = &Order> {
        self.closed.iter().map(|id| &self.orders[id])
    }

    /// New contracts.
    pub fn signed(&self) -> impl Iterator<Item = &Contract> {
        self.signed.iter().map(|id| &self.contracts[id])
    }

    /// Contracts that are in another state than before.
    pub fn changed(&self) -> impl Iterator<Item = &Contract> {
        self.changed.iter().map(|id| &self.contracts[id])
    }

    /// New notes.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Keyed requests that were accepted, to be remembered.
    pub fn answered(&self) -> &[(RequestId, [u8; 32], Receipt)] {
        &self.answered
    }

    /// The journal's row of this batch, committed as `attempt`.
    pub fn to_run(&self, attempt: Uuid) -> Run {
        Run {
            revision: self.after.revision,
            batch: attempt,
            previous: self.before.batch,
            created: self.after.last_action,
            events: self.events.clone(),
        }
    }
}

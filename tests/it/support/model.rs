//! What a watcher knows, kept by the rules that the design gives to clients; and a check that the
//! server keeps its own side of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use serde_json::Value;

use super::print::{Note, Print};

/// What a message asks of its reader.
#[derive(PartialEq, Eq, Debug)]
pub enum Next {
    Go,
    /// It starts after what is known: connect again with what is known.
    Gap,
    /// Fetch everything the page shows.
    Fetch,
}

#[derive(Default, Debug)]
pub struct Model {
    pub history: String,
    /// The beginning of the id of the batch that made the revision held.
    pub batch: String,
    /// The revision held, called R in the design.
    pub revision: u64,
    /// The open orders by id, as the board or the stream gave them.
    pub board: BTreeMap<u64, Value>,
    /// Own orders and contracts that changed.
    pub orders: BTreeMap<u64, Value>,
    pub contracts: BTreeMap<u64, Value>,
    /// Notes on contracts that there are.
    pub letters: Vec<Value>,
    pub open_orders: Option<u64>,
    pub watchers: Option<u64>,
    pub summary: Option<Value>,
    pub heartbeats: u32,
    pub resyncs: u32,
    pub gaps: u32,
    pub goodbyes: u32,
    /// After how long a server that left said to come back.
    pub retry_ms: Option<u64>,
    /// Of one of a crowd: what was known at each revision, instead of every message.
    pub notes: Option<Vec<Note>>,
    print: Print,
    /// Every text message, in order.
    pub messages: Vec<Value>,
    /// From this revision on the board is known as a whole, so that it can be counted.
    pub whole_from: Option<u64>,
    /// The newest revision that a part of was taken: cut off there, one knows more than of any
    /// revision before it.
    partly: u64,
    closed: HashMap<u64, u64>,
    opened_in_run: BTreeSet<u64>,
    closed_in_run: BTreeSet<u64>,
}

impl Model {
    /// Takes a board that was read page by page, at revisions from `oldest` to `newest`.
    pub fn fill(&mut self, board: BTreeMap<u64, Value>, oldest: u64, newest: u64) {
        self.print.open = board.keys().copied().map(Print::of_open).fold(0, |sum, id| sum ^ id);
        self.board = board;
        // What was counted before is of another revision.
        self.open_orders = None;
        self.revision = oldest;
        self.whole_from = Some(newest);
    }

    /// Forgets the parts of a run of which the rest will never come on this connection.
    pub fn reconnect(&mut self) {
        self.opened_in_run.clear();
        self.closed_in_run.clear();
    }

    pub fn apply(&mut self, text: &str) -> Next {
        let message: Value = serde_json::from_str(text).expect("messages are JSON");
        assert!(text.len() <= 4096, "a message of {} bytes: {text}", text.len());
        if self.notes.is_none() {
            self.messages.push(message.clone());
        }
        if let Some(summary) = message.get("summary") {
            self.summary = Some(summary.clone());
            return Next::Go;
        }
        if message.get("goodbye").is_some() {
            self.retry_ms = message["retry_ms"].as_u64();
            assert!(self.retry_ms.is_some(), "{message}");
            self.goodbyes += 1;
            return Next::Go;
        }
        let to = message["to"].as_u64().expect("a revision");
        if message.get("resync").is_some() {
            self.resyncs += 1;
            self.history = message["history"].as_str().expect("a history").to_owned();
            self.batch = message["batch"].as_str().expect("a batch").to_owned();
            self.revision = to;
            self.partly = 0;
            self.closed.clear();
            return Next::Fetch;
        }
        let from = message["from"].as_u64().expect("a revision");
        assert!(from <= to && message["sent"].is_string(), "{message}");
        if let Some(watchers) = message.get("watchers") {
            self.watchers = watchers.as_u64();
            self.heartbeats += 1;
        }
        if to <= self.revision {
            return Next::Go;
        }
        if from > self.revision {
            self.gaps += 1;
            return Next::Gap;
        }
        self.take(&message, to);
        self.partly = self.partly.max(to);
        if message.get("more").is_none() {
            self.batch = message["batch"].as_str().expect("a batch").to_owned();
            self.close_run(to);
        }
        Next::Go
    }

    fn take(&mut self, message: &Value, to: u64) {
        for order in list(message, "opened") {
            let id = id_of(order);
            let closed = self.closed.get(&id);
            assert!(closed.is_none_or(|&closed| closed > to), "#{id} opened again: {message}");
            assert_eq!(order["status"], "open", "{message}");
            self.opened_in_run.insert(id);
            if self.board.insert(id, order.clone()).is_none() {
                self.print.open ^= Print::of_open(id);
            }
        }
        for closed in list(message, "closed") {
            let id = id_of(closed);
            let fields: Vec<&String> = closed.as_object().expect("an object").keys().collect();
            assert_eq!(fields, ["id", "reason"], "closed says no more than that: {message}");
            self.closed_in_run.insert(id);
            self.closed.insert(id, to);
            if self.board.remove(&id).is_some() {
                self.print.open ^= Print::of_open(id);
            }
        }
        for order in list(message, "orders") {
            let known = self.orders.insert(id_of(order), order.clone());
            self.print.orders ^= known.as_ref().map_or(0, Print::of_order) ^ Print::of_order(order);
        }
        for contract in list(message, "contracts") {
            let known = self.contracts.insert(id_of(contract), contract.clone());
            self.print.contracts ^=
                known.as_ref().map_or(0, Print::of_contract) ^ Print::of_contract(contract);
        }
        self.letters.extend(list(message, "notes").cloned());
        if let Some(open_orders) = message.get("open_orders") {
            self.open_orders = open_orders.as_u64();
        }
    }

    fn close_run(&mut self, to: u64) {
        let both: Vec<_> = self.opened_in_run.intersection(&self.closed_in_run).collect();
        assert!(both.is_empty(), "opened and closed in one run: {both:?}");
        self.opened_in_run.clear();
        self.closed_in_run.clear();
        self.revision = to;
        if let (Some(whole_from), Some(open_orders)) = (self.whole_from, self.open_orders)
            && to >= whole_from.max(self.partly)
        {
            assert_eq!(self.board.len() as u64, open_orders, "the board at revision {to}");
        }
        if let Some(notes) = &mut self.notes
            && to >= self.partly
            && self.whole_from.is_none_or(|whole_from| to >= whole_from)
        {
            notes.push(Note { revision: to, print: self.print, at: Instant::now() });
        }
    }

    /// In a few words, for a failing test.
    pub fn brief(&self) -> String {
        let last: Vec<String> =
            self.messages.iter().rev().take(5).rev().map(Value::to_string).collect();
        format!(
            "revision {}, {} open, {} orders, {} contracts, {} messages, the last:\n{}",
            self.revision,
            self.board.len(),
            self.orders.len(),
            self.contracts.len(),
            self.messages.len(),
            last.join("\n"),
        )
    }
}

pub fn id_of(row: &Value) -> u64 {
    row["id"].as_u64().expect("an id")
}

fn list<'a>(message: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    message.get(name).into_iter().flat_map(|list| list.as_array().expect("a list"))
}

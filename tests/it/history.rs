//! What some hundred clients were told while servers and connections broke under them, held
//! against the journal: one winner for each order, every acknowledged write there exactly once,
//! nothing there that nobody asked for, and all of it in an order that the clients saw too.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, PATIENCE, Proxy, Reply, Server, World, eventually, short_or_long};

/// Customers and executors.
const CLIENTS: (u32, u32) = (50, 70);
const CLIENTS_LONG: (u32, u32) = (120, 160);
/// Longest pause between two requests of a client.
const THINKS_MS: u64 = 60;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// An order's text is its key, and so nobody else's.
    Place {
        text: String,
    },
    Accept {
        executor: u32,
        order: u64,
    },
    Withdraw {
        customer: u32,
        order: u64,
    },
}

/// What a client knows of a request in the end.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    Done {
        order: u64,
        contract: Option<u64>,
        revision: u64,
    },
    Refused(String),
    /// It was said that nothing was done, and nobody asked again.
    NothingDone,
    /// It had no key to ask again under: done once or not at all.
    Unknown,
}

pub struct Record {
    action: Action,
    key: String,
    sent: Instant,
    answered: Instant,
    outcome: Outcome,
}

impl Outcome {
    fn of(action: &Action, reply: Result<Reply, String>) -> Outcome {
        let Ok(reply) = reply else { return Outcome::Unknown };
        let status = StatusCode::from_u16(reply.status).expect("a status");
        let body = reply.json();
        let code = body["code"].as_str().unwrap_or_default().to_owned();
        if status.is_success() {
            let part = match action {
                Action::Accept { .. } => "contract",
                Action::Place { .. } | Action::Withdraw { .. } => "order",
            };
            let done = &body[part];
            let number = |name: &str| done[name].as_u64().unwrap_or_else(|| panic!("{body}"));
            let contract = (part == "contract").then(|| number("id"));
            let order = number(if contract.is_some() { "order_id" } else { "id" });
            let revision = body["revision"].as_u64().unwrap_or_else(|| panic!("{body}"));
            return Outcome::Done { order, contract, revision };
        }
        match code.as_str() {
            "outcome_unknown" => Outcome::Unknown,
            "database_unavailable" | "overloaded" => Outcome::NothingDone,
            "order_not_open" => Outcome::Refused(code),
            _ => panic!("{action:?}: {body}"),
        }
    }
}

/// What all clients share: where the servers are now, what is on offer, and what was said.
pub struct Market {
    /// Whether some orders are placed without a key.
    unkeyed: bool,
    doors: RefCell<[Client; 2]>,
    offers: RefCell<Vec<u64>>,
    records: RefCell<Vec<Record>>,
    done: Cell<u32>,
    repeats: Cell<u32>,
    closes: Cell<bool>,
}

impl Market {
    pub fn of(servers: [&Server; 2], unkeyed: bool) -> Market {
        Market {
            unkeyed,
            doors: RefCell::new(servers.map(Server::nobody)),
            offers: RefCell::default(),
            records: RefCell::default(),
            done: Cell::new(0),
            repeats: Cell::new(0),
            closes: Cell::new(false),
        }
    }

    /// So many customers and executors trade until the market closes.
    pub async fn run(&self, (customers, executors): (u32, u32)) {
        let sellers = join_all((1..=customers).map(|id| self.sell(id)));
        let buyers = join_all((1001..=1000 + executors).map(|id| self.buy(id)));
        tokio::join!(sellers, buyers);
    }

    pub fn close(&self) {
        self.closes.set(true);
    }

    /// What was said so far.
    pub fn take_records(&self) -> Vec<Record> {
        self.records.take()
    }

    /// Until the market closes: places orders, and withdraws every fourth of them.
    async fn sell(&self, customer: u32) {
        let mut mine = Vec::new();
        for number in 0.. {
            if self.closes.get() {
                return;
            }
            let key = format!("c{customer}-{number}");
            if number % 4 == 3 && !mine.is_empty() {
                let order = mine.swap_remove(fastrand::usize(..mine.len()));
                self.request(Action::Withdraw { customer, order }, key).await;
            } else {
                let action = Action::Place { text: key.clone() };
                if self.unkeyed && number % 4 == 1 {
                    self.request_once(action, key).await;
                } else if let Outcome::Done { order, .. } = self.request(action, key).await {
                    mine.push(order);
                    self.offers.borrow_mut().push(order);
                }
            }
            think().await;
        }
    }

    /// Until the market closes: accepts one of the newest orders, none of them twice.
    async fn buy(&self, executor: u32) {
        let mut tried = Vec::new();
        while !self.closes.get() {
            think().await;
            let order = {
                let offers = self.offers.borrow();
                let newest = &offers[offers.len().saturating_sub(12)..];
                if newest.is_empty() {
                    continue;
                }
                newest[fastrand::usize(..newest.len())]
            };
            if !tried.contains(&order) {
                tried.push(order);
                let key = format!("e{executor}-{order}");
                self.request(Action::Accept { executor, order }, key).await;
            }
        }
    }

    /// Sends a request until it is answered, for as long as it takes, always under the same key;
    /// some also when they were answered already.
    async fn request(&self, action: Action, key: String) -> Outcome {
        let sent = Instant::now();
        let mut place = fastrand::usize(..2);
        let mut certain = true;
        let outcome = loop {
            assert!(sent.elapsed() < PATIENCE * 3, "{key} is never answered");
            match self.send(place, &action, Some(&key)).await {
                // What is said to have changed nothing is sometimes not asked for again: then it
                // must not be there, unless an attempt before it may have done it.
                Outcome::NothingDone if !certain || fastrand::bool() => {}
                Outcome::Unknown => certain = false,
                outcome => break outcome,
            }
            self.repeats.set(self.repeats.get() + 1);
            place = 1 - place;
            think().await;
        };
        let answered = Instant::now();
        if matches!(outcome, Outcome::Done { .. }) {
            self.done.set(self.done.get() + 1);
            if fastrand::u32(..10) == 0 {
                let again = self.send(1 - place, &action, Some(&key)).await;
                if !matches!(again, Outcome::NothingDone | Outcome::Unknown) {
                    assert_eq!(again, outcome, "{key}: the same key, the same answer");
                    self.repeats.set(self.repeats.get() + 1);
                }
            }
        }
        let record = Record { action, key, sent, answered, outcome: outcome.clone() };
        self.records.borrow_mut().push(record);
        outcome
    }

    /// Sends a request that nothing protects from being done twice but the server itself.
    async fn request_once(&self, action: Action, key: String) {
        let sent = Instant::now();
        let outcome = self.send(fastrand::usize(..2), &action, None).await;
        let record = Record { action, key, sent, answered: Instant::now(), outcome };
        self.records.borrow_mut().push(record);
    }

    async fn send(&self, place: usize, action: &Action, key: Option<&str>) -> Outcome {
        let door = self.doors.borrow()[place].clone();
        let door = key.map_or(door.clone(), |key| door.with("idempotency-key", key));
        let user =
            |role: &str, id: u32| door.with("x-user-type", role).with("x-user-id", &id.to_string());
        let reply = match action {
            Action::Place { text } => {
                let (owner, _) = text[1..].split_once('-').expect("a customer's key");
                let body = json!({"description": text, "price": "10.00", "currency": "RUB"});
                let owner = owner.parse().expect("a customer");
                user("customer", owner).try_post("/api/orders", body).await
            }
            Action::Accept { executor, order } => {
                let path = format!("/api/orders/{order}/accept");
                user("executor", *executor).try_post(&path, json!({})).await
            }
            Action::Withdraw { customer, order } => {
                let path = format!("/api/orders/{order}/withdraw");
                user("customer", *customer).try_post(&path, json!({})).await
            }
        };
        Outcome::of(action, reply)
    }

    /// Waits until so many more requests were acknowledged.
    pub async fn goes_on(&self, more: u32) {
        let wanted = self.done.get() + more;
        eventually("the market goes on", || async { (self.done.get() >= wanted).then_some(()) })
            .await;
    }
}

async fn think() {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..THINKS_MS))).await;
}

/// The longest time in which nothing was acknowledged.
pub fn longest_pause(records: &[Record]) -> Duration {
    let done = records.iter().filter(|record| matches!(record.outcome, Outcome::Done { .. }));
    let mut times: Vec<Instant> = done.map(|record| record.answered).collect();
    times.sort_unstable();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

/// An event of the journal: what was done, which order and contract, at which revision.
pub struct Happened {
    action: Action,
    order: u64,
    contract: Option<u64>,
    revision: u64,
}

/// The journal as the database has it, read without the program; its chain is whole.
pub async fn read_journal(world: &World) -> Vec<Happened> {
    let mut connection = world.interactions().await;
    let rows: Vec<(u64, String, String, Vec<u8>)> = sqlx::query_as(
        "SELECT revision, batch, previous, CAST(events AS BINARY) FROM journal ORDER BY revision",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the journal can be read");
    let (_, head, head_batch) = world.head().await;
    assert_eq!(rows.len() as u64, head, "revisions 1..N");
    assert_eq!(rows.last().map(|row| &row.1), Some(&head_batch));
    let mut happened = Vec::new();
    for (place, (revision, _, previous, events)) in rows.iter().enumerate() {
        assert_eq!(*revision, place as u64 + 1, "revisions 1..N");
        if place > 0 {
            assert_eq!(previous, &rows[place - 1].1, "revision {revision} follows the one before");
        }
        let events: Vec<Value> = serde_json::from_slice(events).expect("events");
        for event in events {
            let order = event["order"]["id"].as_u64().expect("an id");
            let number = |value: &Value| u32::try_from(value.as_u64().expect("an id")).unwrap();
            let action = match event["type"].as_str() {
                Some("OrderPlaced") => {
                    let text = event["order"]["description"].as_str().expect("a text").to_owned();
                    Action::Place { text }
                }
                Some("OrderAccepted") => {
                    Action::Accept { executor: number(&event["executor_id"]), order }
                }
                Some("OrderWithdrawn") => {
                    Action::Withdraw { customer: number(&event["order"]["customer_id"]), order }
                }
                _ => panic!("{event}"),
            };
            let contract = event["contract_id"].as_u64();
            happened.push(Happened { action, order, contract, revision: *revision });
        }
    }
    happened
}

/// Holds what was said against what happened.
pub fn verify(records: &[Record], journal: &[Happened]) {
    let mut asked: HashMap<&Action, &Record> = HashMap::new();
    for record in records {
        let twice = asked.insert(&record.action, record);
        assert!(twice.is_none(), "{} asks for what was asked for already", record.key);
    }
    // Everything in the journal was asked for, and done once, as whoever asked was told.
    let mut closed: HashMap<u64, &Happened> = HashMap::new();
    let mut seen: HashMap<&Action, u64> = HashMap::new();
    for event in journal {
        let Happened { action, order, contract, revision } = event;
        let Some(record) = asked.get(action) else {
            panic!("revision {revision}: nobody asked for {action:?}")
        };
        if let Some(before) = seen.insert(action, *revision) {
            panic!("{action:?} was done at revision {before} and again at {revision}");
        }
        let done = Outcome::Done { order: *order, contract: *contract, revision: *revision };
        if record.outcome != Outcome::Unknown {
            assert_eq!(record.outcome, done, "{}: what was said and what happened", record.key);
        }
        if !matches!(action, Action::Place { .. })
            && let Some(other) = closed.insert(*order, event)
        {
            panic!("order {order} has two winners: {:?} and {action:?}", other.action);
        }
    }
    for record in records {
        let Record { action, key, outcome, .. } = record;
        if *outcome != Outcome::Unknown {
            let is_done = matches!(outcome, Outcome::Done { .. });
            assert_eq!(seen.contains_key(action), is_done, "{key}: {outcome:?}");
        }
        // Who was told that an order is not open was told so after somebody asked for it.
        if let (
            Outcome::Refused(_),
            Action::Accept { order, .. } | Action::Withdraw { order, .. },
        ) = (outcome, action)
        {
            let winner = closed.get(order).unwrap_or_else(|| panic!("{key}: {order} is open"));
            assert!(asked[&winner.action].sent < record.answered, "{key} lost before it was won");
        }
    }
    verify_order(records);
}

/// What was answered before something else was sent has the lower revision.
fn verify_order(records: &[Record]) {
    let mut answered: BTreeMap<Instant, u64> = BTreeMap::new();
    let done = records.iter().filter_map(|record| match record.outcome {
        Outcome::Done { revision, .. } => Some((record, revision)),
        Outcome::Refused(_) | Outcome::NothingDone | Outcome::Unknown => None,
    });
    let mut done: Vec<(&Record, u64)> = done.collect();
    done.sort_unstable_by_key(|(record, _)| record.answered);
    let mut newest = 0;
    for (record, revision) in &done {
        newest = newest.max(*revision);
        answered.insert(record.answered, newest);
    }
    for (record, revision) in done {
        if let Some((_, before)) = answered.range(..record.sent).next_back() {
            assert!(*before < revision, "{}: {revision} was done before {before}", record.key);
        }
    }
}

#[tokio::test]
async fn what_clients_were_told_is_what_happened_whatever_broke() {
    check(false).await;
}

#[tokio::test]
#[ignore = "the same again: bin/faults runs it"]
async fn without_keys_too_what_clients_were_told_is_what_happened() {
    check(true).await;
}

async fn check(unkeyed: bool) {
    let world = World::new().await;
    let (proxy, database_url) = Proxy::before(&world.database_url).await;
    let settings = [("DATABASE_URL", database_url.as_str())];
    let (mut cut_off, mut other) = tokio::join!(world.serve_with(&settings), world.serve());
    let market = Market::of([&cut_off, &other], unkeyed);
    let clients = market.run(short_or_long(CLIENTS, CLIENTS_LONG));
    let breaking = async {
        for _ in 0..short_or_long(1, 8) {
            market.goes_on(200).await;
            let cuts = proxy.cuts();
            proxy.cut_one_in(3);
            eventually("commits are cut", || async { (proxy.cuts() >= cuts + 12).then_some(()) })
                .await;
            proxy.cut_one_in(0);
            market.goes_on(100).await;
            // One is killed at work and comes back somewhere else.
            println!("--- killed at {}:\n{}", other.address, other.log());
            other.kill();
            market.goes_on(50).await;
            other = world.serve().await;
            market.doors.borrow_mut()[1] = other.nobody();
            market.goes_on(100).await;
            // One hangs for a while, whatever it holds; the other may have to wait for it.
            cut_off.pause();
            tokio::time::sleep(Duration::from_secs(3)).await;
            cut_off.resume();
            market.goes_on(100).await;
            // The database is out of reach for one, and cut commits and a kill come together.
            proxy.shut();
            eventually("it is turned away", || async { (proxy.turned_away() >= 3).then_some(()) })
                .await;
            proxy.open();
            proxy.cut_one_in(2);
            market.goes_on(50).await;
            println!("--- killed at {}:\n{}", cut_off.address, cut_off.log());
            cut_off.kill();
            proxy.cut_one_in(0);
            cut_off = world.serve_with(&settings).await;
            market.doors.borrow_mut()[0] = cut_off.nobody();
            market.goes_on(100).await;
        }
        market.close();
    };
    tokio::join!(clients, breaking);

    let records = market.take_records();
    let journal = read_journal(&world).await;
    println!(
        "{} requests, {} done, {} sent again; {} commits cut",
        records.len(),
        journal.len(),
        market.repeats.get(),
        proxy.cuts()
    );
    verify(&records, &journal);
    assert!(market.repeats.get() > 20, "only {} requests were sent again", market.repeats.get());
    world.audit().await;
}

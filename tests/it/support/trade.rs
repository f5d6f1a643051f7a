//! Orders placed, edited, accepted and withdrawn, and contracts brought to their ends, at random, at whichever of some servers is there. Every act
//! is repeated under its key until it is answered, and every answer is held against the journal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::client::{Client, Reply, order};
use super::{AGAIN, PATIENCE, Truth};

/// About half as many orders are open in the long run.
const OPEN: usize = 80;
const CUSTOMERS: u32 = 5;
/// Executors who accept, none of whom is a customer too; one more comes too late each time.
pub const EXECUTORS: std::ops::Range<u32> = 6..12;

pub struct Trade {
    servers: Vec<Client>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Open orders that nobody is about to close, with their customers.
    open: Vec<(u64, u32)>,
    /// What was answered last of each order, in which revision, and when.
    told: BTreeMap<u64, (&'static str, u64, Instant)>,
    /// Contracts that nobody is about to change, with customers and executors.
    held: Vec<(u64, u32, u32)>,
    /// How contracts ended.
    ended: BTreeMap<u64, &'static str>,
    newest: u64,
    /// Orders that came back to the board, and stay there.
    returned: Vec<u64>,
}

impl Trade {
    /// At the servers of these clients.
    pub fn new(servers: &[Client]) -> Arc<Trade> {
        Arc::new(Trade { servers: servers.to_vec(), state: Mutex::default() })
    }

    /// Begins an act every so often for as long as there is to be `more`, whether or not others are
    /// done; returns when all are.
    pub async fn run(self: &Arc<Trade>, every: Duration, mut more: impl FnMut() -> bool) {
        let mut acts = JoinSet::new();
        let mut timer = interval(every);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while more() {
            timer.tick().await;
            let trade = Arc::clone(self);
            acts.spawn(async move { trade.act().await });
            while let Some(act) = acts.try_join_next() {
                act.expect("an act succeeds");
            }
        }
        acts.join_all().await;
    }

    /// Somebody does something; now and then two want the same, or the impossible.
    pub async fn act(&self) {
        let held = {
            let mut state = self.lock();
            let count = state.held.len();
            (count > 0 && fastrand::u32(..10) < 3)
                .then(|| state.held.swap_remove(fastrand::usize(..count)))
        };
        if let Some((contract, customer, executor)) = held {
            return self.end(contract, customer, executor).await;
        }
        let closing = {
            let mut state = self.lock();
            let count = state.open.len();
            let place = fastrand::usize(..OPEN);
            (place < count).then(|| {
                let place = fastrand::usize(..count);
                state.open.swap_remove(place)
            })
        };
        match (closing, fastrand::u32(..10)) {
            (None, _) => self.place().await,
            (Some((id, customer)), 0) => {
                let price = format!("{}.50", fastrand::u32(1..90));
                let path = format!("/api/orders/{id}/edit");
                let reply = self.ask("customer", customer, &path, json!({"price": price})).await;
                self.note("open", id, &reply.expect(200).json());
                self.lock().open.push((id, customer));
            }
            (Some((id, customer)), 1..3) => {
                let reply = self.close("customer", customer, id, "withdraw").await;
                self.note("withdrawn", id, &reply.expect(200).json());
            }
            (Some((id, _)), 3..8) => {
                let reply = self.accept(id, fastrand::u32(EXECUTORS)).await.expect(201);
                self.note("taken", id, &reply.json());
                self.hold(&reply.json());
            }
            (Some((id, _)), _) => {
                let first = fastrand::u32(EXECUTORS.start..EXECUTORS.end - 1);
                let rivals = (self.accept(id, first), self.accept(id, first + 1));
                let (one, other) = tokio::join!(rivals.0, rivals.1);
                let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
                lost.expect(409);
                self.hold(&won.json());
                self.note("taken", id, &won.expect(201).json());
                self.accept(id, EXECUTORS.end).await.expect(409);
            }
        }
    }

    fn hold(&self, accepted: &Value) {
        let contract = &accepted["contract"];
        let number = |field: &str| contract[field].as_u64().expect("a number");
        let person = |field: &str| u32::try_from(number(field)).expect("a person");
        let held = (number("id"), person("customer_id"), person("executor_id"));
        self.lock().held.push(held);
    }

    /// Brings a contract to one of its ends.
    async fn end(&self, contract: u64, customer: u32, executor: u32) {
        let why = json!({"reason": "so it is", "outcome": "cancelled"});
        let (acts, status): (&[_], _) = match fastrand::u32(..3) {
            0 => (&[("executor", executor, "give-up")], "cancelled"),
            1 => (
                &[("executor", executor, "deliver"), ("customer", customer, "complete")],
                "completed",
            ),
            _ => (&[("customer", customer, "dispute"), ("admin", 1, "rule")], "cancelled"),
        };
        for (role, user, act) in acts {
            let path = format!("/api/contracts/{contract}/{act}");
            let reply = self.ask(role, *user, &path, why.clone()).await.expect(200).json();
            let mut state = self.lock();
            state.newest = state.newest.max(reply["revision"].as_u64().expect("a revision"));
        }
        self.lock().ended.insert(contract, status);
        if acts[0].2 == "give-up" {
            let path = format!("/api/contracts/{contract}/history");
            let reader = self.servers[fastrand::usize(..self.servers.len())].clone();
            let revision = self.newest().to_string();
            let reader = reader.with("x-user-type", "admin").with("x-revision", &revision);
            let order = loop {
                if let Ok(history) = reader.try_get(&path).await
                    && history.status == 200
                    && let Some(order) = history.json()["steps"][1]["returned_order_id"].as_u64()
                {
                    break order;
                }
                sleep(AGAIN).await;
            };
            self.lock().returned.push(order);
        }
    }

    async fn place(&self) {
        let customer = fastrand::u32(1..=CUSTOMERS);
        let body = order(&"word ".repeat(fastrand::usize(1..90)), "12.34", "RUB");
        let reply = self.ask("customer", customer, "/api/orders", body).await.expect(201).json();
        let id = reply["order"]["id"].as_u64().expect("an id");
        self.note("open", id, &reply);
        self.lock().open.push((id, customer));
    }

    async fn accept(&self, id: u64, executor: u32) -> Reply {
        self.close("executor", executor, id, "accept").await
    }

    async fn close(&self, role: &str, user: u32, id: u64, verb: &str) -> Reply {
        self.ask(role, user, &format!("/api/orders/{id}/{verb}"), json!({})).await
    }

    /// Asks until somebody answers: a server that leaves may not get to it.
    async fn ask(&self, role: &str, user: u32, path: &str, body: Value) -> Reply {
        let key = format!("{:016x}", fastrand::u64(..));
        let asking = async {
            loop {
                let server = &self.servers[fastrand::usize(..self.servers.len())];
                let client = server.with("x-user-type", role).with("x-user-id", &user.to_string());
                let keyed = client.with("idempotency-key", &key);
                match keyed.try_post(path, body.clone()).await {
                    Ok(reply) if reply.status != 503 => return reply,
                    _ => sleep(AGAIN).await,
                }
            }
        };
        let answer = timeout(PATIENCE, asking).await;
        answer.unwrap_or_else(|_| panic!("nobody answered {path}"))
    }

    fn note(&self, status: &'static str, id: u64, reply: &Value) {
        let revision = reply["revision"].as_u64().expect("a revision");
        let mut state = self.lock();
        state.told.insert(id, (status, revision, Instant::now()));
        state.newest = state.newest.max(revision);
    }

    /// The revisions that were answered, and when.
    pub fn answers(&self) -> BTreeMap<u64, Instant> {
        self.lock().told.values().map(|(_, revision, at)| (*revision, *at)).collect()
    }

    /// The newest revision that was answered.
    pub fn newest(&self) -> u64 {
        self.lock().newest
    }

    /// Demands that every answer was true, and that nothing else happened.
    pub fn assert_kept(&self, truth: &Truth) {
        let state = self.lock();
        for (id, (status, revision, _)) in &state.told {
            assert_eq!(truth.order(*id), (*status, *revision), "#{id}");
        }
        for (id, status) in &state.ended {
            assert_eq!(truth.contract(*id), *status, "contract {id}");
        }
        assert_eq!(
            state.told.len() + state.returned.len(),
            truth.orders(),
            "orders that nobody was told of"
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

//! Orders placed while something breaks, each with a text and a key of its own: so that afterwards
//! every answer can be held against what really happened.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;

use serde_json::Value;

use super::client::{Client, Reply, order};
use super::{Server, World, eventually};

/// Characters of the longest text that an order may have.
const LONGEST: usize = 8000;

/// One order, by whom, and what was said about it.
pub struct Attempt {
    client: Client,
    /// Its key, with which its text begins: no two may be the same.
    key: String,
    text: String,
    outcome: Result<Reply, String>,
}

impl Attempt {
    /// An order whose text is its key.
    pub async fn make(client: &Client, key: String) -> Attempt {
        let unheard = Attempt::unheard(client, key);
        unheard.again(client).await
    }

    /// An order with a text as long as texts may be.
    pub async fn make_long(client: &Client, key: String) -> Attempt {
        let text = format!("{key} {}", "x".repeat(LONGEST - key.len() - 1));
        Attempt { text, ..Attempt::unheard(client, key) }.again(client).await
    }

    /// One that was sent, or not, by a client that did not wait for the answer.
    pub fn unheard(client: &Client, key: String) -> Attempt {
        let outcome = Err("nobody waited for an answer".to_owned());
        Attempt { client: client.clone(), text: key.clone(), key, outcome }
    }

    /// The same under the same key, by this client.
    pub async fn again(&self, client: &Client) -> Attempt {
        let keyed = client.with("idempotency-key", &self.key);
        let outcome = keyed.try_post("/api/orders", order(&self.text, "10.00", "RUB")).await;
        let (client, key, text) = (client.clone(), self.key.clone(), self.text.clone());
        Attempt { client, key, text, outcome }
    }

    pub fn is_done(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|reply| reply.status == 201)
    }

    /// Whether it was said that nobody knows.
    pub fn is_unknown(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|reply| reply.json()["code"] == "outcome_unknown")
    }

    /// The order as it was answered.
    #[track_caller]
    pub fn order(&self) -> Value {
        self.reply().expect(201).json()["order"].clone()
    }

    /// Demands that it was refused for a fault of ours with this code; gives the whole answer.
    #[track_caller]
    pub fn refused(&self, code: &str) -> Value {
        self.reply().refused(503, code).json()
    }

    #[track_caller]
    fn reply(&self) -> Reply {
        self.outcome.as_ref().expect("an answer").clone()
    }

    /// How many rows there may be of it after this answer.
    fn allowed(&self) -> std::ops::RangeInclusive<i64> {
        let Ok(reply) = &self.outcome else { return 0..=1 };
        if reply.status == 201 {
            return 1..=1;
        }
        let problem = reply.clone().expect(503).json();
        match problem["code"].as_str() {
            Some("outcome_unknown") => 0..=1,
            Some("database_unavailable" | "overloaded") => 0..=0,
            _ => panic!("{}: {problem}", self.key),
        }
    }
}

/// Several clients, each placing one order after the other.
pub struct Load {
    name: String,
    done: AtomicU32,
    /// So many orders for each client.
    each: u32,
    long: bool,
}

impl Load {
    pub fn new(name: &str, each: u32) -> Load {
        Load { name: name.to_owned(), done: AtomicU32::new(0), each, long: false }
    }

    /// The same with texts as long as texts may be.
    pub fn of_long_texts(name: &str, each: u32) -> Load {
        Load { long: true, ..Load::new(name, each) }
    }

    pub async fn run(&self, clients: &[Client]) -> Vec<Attempt> {
        let runs = clients.iter().enumerate().map(|(place, client)| async move {
            let mut attempts = Vec::new();
            for number in 0..self.each {
                let key = format!("{}-{place}-{number}", self.name);
                let attempt = if self.long {
                    Attempt::make_long(client, key).await
                } else {
                    Attempt::make(client, key).await
                };
                self.done.fetch_add(u32::from(attempt.is_done()), Ordering::Relaxed);
                attempts.push(attempt);
            }
            attempts
        });
        join_all(runs).await.into_iter().flatten().collect()
    }

    /// How many orders were placed so far.
    pub fn done(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    /// Waits until so many orders were placed.
    pub async fn reached(&self, count: u32) {
        eventually("the load gets going", || async { (self.done() >= count).then_some(()) }).await;
    }
}

/// Demands that every answer was true: what was acknowledged is there once, and what was said to
/// have changed nothing is not there.
pub async fn assert_true(world: &World, attempts: &[Attempt]) {
    let mut connection = world.interactions().await;
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT description, COUNT(*) FROM orders GROUP BY description")
            .fetch_all(&mut connection)
            .await
            .expect("the orders can be counted");
    let rows: HashMap<String, i64> = rows.into_iter().collect();
    for attempt in attempts {
        let count = rows.get(&attempt.text).copied().unwrap_or(0);
        let outcome = &attempt.outcome;
        assert!(
            attempt.allowed().contains(&count),
            "{} is there {count} times: {outcome:?}",
            attempt.key
        );
    }
}

/// Sends everything again under the same keys, to a server that is well: now all of it must be
/// there, and once; what was acknowledged before gets the very same answer.
pub async fn repeat(world: &World, server: &Server, attempts: &[Attempt]) {
    let again =
        attempts.iter().map(|attempt| async { attempt.again(&attempt.client.at(server)).await });
    let again = join_all(again).await;
    for (first, again) in attempts.iter().zip(&again) {
        assert!(again.is_done(), "{}: {:?}", again.key, again.outcome);
        if first.is_done() {
            let answers = [first, again].map(|attempt| attempt.outcome.as_ref().unwrap().json());
            assert_eq!(answers[0], answers[1], "the same key, the same answer");
        }
    }
    assert_true(world, &again).await;
}

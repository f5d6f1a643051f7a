//! Orders placed while something breaks, each with a text and a key of its own: so that afterwards
//! every answer can be held against what really happened.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;

use super::client::{Client, Reply, order};
use super::{Server, World, eventually};

/// One order, by whom, and what was said about it.
pub struct Attempt {
    client: Client,
    text: String,
    outcome: Result<Reply, String>,
}

impl Attempt {
    /// `text` is the order's description and its key: no two may be the same.
    pub async fn make(client: &Client, text: String) -> Attempt {
        let keyed = client.with("idempotency-key", &text);
        let outcome = keyed.try_post("/api/orders", order(&text, "10.00", "RUB")).await;
        Attempt { client: client.clone(), text, outcome }
    }

    pub fn is_done(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|reply| reply.status == 201)
    }

    /// Whether it was said that nobody knows.
    pub fn is_unknown(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|reply| reply.json()["code"] == "outcome_unknown")
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
            _ => panic!("{}: {problem}", self.text),
        }
    }
}

/// Several clients, each placing one order after the other.
pub struct Load {
    name: String,
    done: AtomicU32,
    /// So many orders for each client.
    each: u32,
}

impl Load {
    pub fn new(name: &str, each: u32) -> Load {
        Load { name: name.to_owned(), done: AtomicU32::new(0), each }
    }

    pub async fn run(&self, clients: &[Client]) -> Vec<Attempt> {
        let runs = clients.iter().enumerate().map(|(place, client)| async move {
            let mut attempts = Vec::new();
            for number in 0..self.each {
                let text = format!("{}-{place}-{number}", self.name);
                let attempt = Attempt::make(client, text).await;
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
            attempt.text
        );
    }
}

/// Sends everything again under the same keys, to a server that is well: now all of it must be
/// there, and once; what was acknowledged before gets the very same answer.
pub async fn repeat(world: &World, server: &Server, attempts: &[Attempt]) {
    let again = attempts.iter().map(|attempt| async {
        Attempt::make(&attempt.client.at(server), attempt.text.clone()).await
    });
    let again = join_all(again).await;
    for (first, again) in attempts.iter().zip(&again) {
        assert!(again.is_done(), "{}: {:?}", again.text, again.outcome);
        if first.is_done() {
            let answers = [first, again].map(|attempt| attempt.outcome.as_ref().unwrap().json());
            assert_eq!(answers[0], answers[1], "the same key, the same answer");
        }
    }
    assert_true(world, &again).await;
}

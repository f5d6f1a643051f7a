//! What all people of the demo share: the servers, the counters, the pace, and the word to stop. A
//! request is sent until its outcome is known, always with the same key.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use super::client::{Failure, Who, code};
use super::servers::Servers;
use super::tally::Tally;

/// Tries after network errors and server errors, over about 20 s, before a request is given up.
const TRIES: u32 = 8;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// Whoever is told to wait longer than this goes home instead.
const PATIENCE: Duration = Duration::from_secs(120);

/// Shared by all people.
#[derive(Debug)]
pub struct Market {
    pub servers: Servers,
    pub tally: Tally,
    /// No pauses.
    pub fast: bool,
    stopping: watch::Receiver<bool>,
}

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub enum NoAnswer {
    /// The daily limit, or the like: this person is done for now.
    GoHome,
    /// Tried often enough; the outcome is not known.
    GaveUp,
    Stopping,
}

/// A page of the board, as far as people look at it.
#[derive(Debug, Deserialize)]
pub struct Board {
    pub open_orders: u64,
    pub pages: u64,
    pub orders: Vec<Offer>,
}

/// An open order on it.
#[derive(Debug, Deserialize)]
pub struct Offer {
    pub id: u64,
    pub description: String,
    pub price: String,
    pub currency: String,
}

impl Market {
    /// `stopping` turns true when everybody has to stop.
    pub fn new(servers: Servers, fast: bool, stopping: watch::Receiver<bool>) -> Market {
        let tally = Tally::default();
        Market { servers, tally, fast, stopping }
    }

    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// How long somebody takes, drawn from `seconds`; nothing at all when it is to be fast.
    pub async fn linger(&self, rng: &mut fastrand::Rng, seconds: Range<f64>) {
        if !self.fast {
            let share = rng.f64();
            let drawn = seconds.start + share * (seconds.end - seconds.start);
            self.pause(Duration::from_secs_f64(drawn)).await;
        }
    }

    /// Sleeps, but not through the end.
    pub async fn pause(&self, time: Duration) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = sleep(time) => {}
            // An error means that the sender is gone, which is the end, too.
            _ = stopping.wait_for(|&stop| stop) => {}
        }
    }

    /// Reads; status and body.
    pub async fn get(&self, who: Who<'_>, path: &str) -> Result<(u16, Value), NoAnswer> {
        self.ask(who, path, None).await
    }

    /// Does something once, however often it has to be sent.
    pub async fn post(
        &self,
        who: Who<'_>,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value), NoAnswer> {
        // Not from the seed: the second run with it would be taken for a repetition of the first.
        let key = Uuid::new_v4().to_string();
        self.ask(who, path, Some((body, &key))).await
    }

    /// A page of the board. `None` when it cannot be read, which is counted.
    pub async fn board(
        &self,
        who: Who<'_>,
        page: u64,
        per_page: u32,
    ) -> Result<Option<Board>, NoAnswer> {
        let path = format!("/api/board?page={page}&per_page={per_page}");
        let (status, body) = self.get(who, &path).await?;
        if status != 200 {
            self.refused(status, &body);
            return Ok(None);
        }
        match Board::deserialize(body) {
            Ok(board) => {
                self.tally.open.store(board.open_orders, Relaxed);
                Ok(Some(board))
            }
            Err(_) => {
                self.tally.error("unreadable_board");
                Ok(None)
            }
        }
    }

    /// Counts an answer that nobody expects in the course of things.
    pub fn refused(&self, status: u16, body: &Value) {
        self.tally.error(&code(status, body));
    }

    async fn ask(
        &self,
        who: Who<'_>,
        path: &str,
        post: Option<(&Value, &str)>,
    ) -> Result<(u16, Value), NoAnswer> {
        let (mut tries, mut backoff) = (0, FIRST_BACKOFF);
        loop {
            if self.is_stopping() {
                return Err(NoAnswer::Stopping);
            }
            let server = self.servers.next();
            let answer = match post {
                None => server.client.get(who, path).await,
                Some((body, key)) => server.client.post(who, path, body, Some(key)).await,
            };
            server.note(&answer);
            match answer {
                Ok((status, body)) if status < 500 => return Ok((status, body)),
                Ok((status, body)) => self.refused(status, &body),
                Err(failure) => {
                    self.tally.error(failure.kind());
                    if let Failure::Later { wait, .. } = failure {
                        if wait > PATIENCE {
                            return Err(NoAnswer::GoHome);
                        }
                        self.pause(jittered(wait)).await;
                        continue;
                    }
                }
            }
            tries += 1;
            if tries == TRIES {
                self.tally.error("given_up");
                return Err(NoAnswer::GaveUp);
            }
            self.pause(jittered(backoff)).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
    }
}

/// Up to a quarter longer, so that those who were sent away together do not return together.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(1.0 + fastrand::f64() / 4.0)
}

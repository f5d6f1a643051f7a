//! What all people of the demo share: the servers, the counters, the pace, and the word to stop.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use super::call::{Call, NoAnswer};
use super::client::{Who, code};
use super::servers::Servers;
use super::tally::Tally;

/// With `--fast`, after an answer that nobody expects.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// Shared by all people.
#[derive(Debug)]
pub struct Market {
    pub servers: Servers,
    pub tally: Tally,
    /// No pauses.
    pub fast: bool,
    stopping: watch::Receiver<bool>,
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
        Call { who, path, post: None }.settle(self).await
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
        Call { who, path, post: Some((body, &key)) }.settle(self).await
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
            self.refused(status, &body).await;
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
    pub async fn refused(&self, status: u16, body: &Value) {
        self.tally.error(&code(status, body));
        if self.fast {
            // It will be the same next time, so there is no use in asking as fast as possible.
            self.pause(REFUSED_PAUSE).await;
        }
    }
}

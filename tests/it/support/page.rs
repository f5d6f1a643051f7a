//! Watchers who behave as our own page does when its server leaves or cannot be reached.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;

use super::{Client, Member};

/// Where the pages of a crowd are, and what they met.
#[derive(Default)]
pub struct Places {
    /// Connected to each of two servers.
    pub here: [AtomicUsize; 2],
    pub goodbyes: AtomicUsize,
    /// Connections that ended without a goodbye.
    pub cuts: AtomicUsize,
    /// When they came back after a goodbye.
    returns: Mutex<Vec<Instant>>,
}

impl Places {
    pub fn at(&self, server: usize) -> usize {
        self.here[server].load(Ordering::SeqCst)
    }

    pub fn everywhere(&self) -> usize {
        self.at(0) + self.at(1)
    }

    /// How many came back since it was asked last, and how many of them within the fullest `window`.
    pub fn take_returns(&self, window: Duration) -> (usize, usize) {
        let mut returns = std::mem::take(&mut *self.returns.lock().expect("times"));
        returns.sort_unstable();
        let within =
            |first: usize| returns.partition_point(|at| *at < returns[first] + window) - first;
        (returns.len(), (0..returns.len()).map(within).max().unwrap_or(0))
    }
}

/// Behaves as our page does: after a goodbye it comes back when it was told to, after a cut with
/// growing patience; to the other server when its own cannot be reached, as a balancer does it.
pub struct Page {
    pub member: Member,
    servers: [Client; 2],
    server: usize,
    attempt: u32,
    places: Arc<Places>,
}

impl Page {
    pub fn new(place: usize, servers: &[Client; 2], history: &str, places: &Arc<Places>) -> Page {
        let server = place / 2 % 2;
        let member = Member::new(place, &servers[server], history);
        Page { member, servers: servers.clone(), server, attempt: 0, places: Arc::clone(places) }
    }

    pub async fn watch(mut self, mut over: watch::Receiver<bool>) -> Member {
        while !*over.borrow() {
            if !self.member.watcher.is_connected() {
                self.come().await;
                continue;
            }
            let heard = tokio::select! {
                heard = self.member.watcher.hear() => heard,
                _ = over.changed() => continue,
            };
            self.take(heard.map(|text| text.to_string())).await;
        }
        self.member
    }

    async fn come(&mut self) {
        for server in [self.server, 1 - self.server] {
            let watcher = &mut self.member.watcher;
            watcher.aim(&self.servers[server]);
            if watcher.open().await.is_ok() {
                self.server = server;
                self.places.here[server].fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
        self.back_off().await;
    }

    async fn back_off(&mut self) {
        let patience_ms = 15_000.min(500 << self.attempt.min(5));
        self.attempt += 1;
        sleep(Duration::from_millis(fastrand::u64(patience_ms / 2..=patience_ms))).await;
    }

    async fn take(&mut self, heard: Option<String>) {
        let Some(text) = heard else {
            self.member.watcher.disconnect();
            self.places.cuts.fetch_add(1, Ordering::SeqCst);
            self.places.here[self.server].fetch_sub(1, Ordering::SeqCst);
            return self.back_off().await;
        };
        self.attempt = 0;
        let watcher = &mut self.member.watcher;
        watcher.take(Some(text.into())).await;
        if let Some(retry_ms) = watcher.model.retry_ms.take() {
            watcher.disconnect();
            self.places.here[self.server].fetch_sub(1, Ordering::SeqCst);
            self.places.goodbyes.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_millis(retry_ms)).await;
            self.places.returns.lock().expect("times").push(Instant::now());
        }
    }
}

//! The two caches, each behind a small type that answers "not here" whenever it cannot answer: a
//! cache that is away costs a miss, never an error, and no request waits for it twice.

pub mod memcached;
pub mod redis;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// After a failure a cache is not asked for so long.
const REST: Duration = Duration::from_millis(500);
/// Failures in a row that are worth a line in the log; a busy machine is late now and then.
const AWAY: u32 = 3;
/// A cache that is full refuses one page after the other: a line in the log so often is enough.
const SAY_EVERY_MS: u64 = 600_000;

/// What went wrong with caches, counted by cache and kind.
#[derive(Clone, Default, Debug)]
pub struct Faults(pub Family<[(&'static str, &'static str); 2], Counter>);

impl Faults {
    fn count(&self, cache: &'static str, kind: &'static str) {
        self.0.get_or_create(&[("cache", cache), ("kind", kind)]).inc();
    }
}

/// Remembers that something was away, and asks again only now and then.
#[derive(Debug)]
pub struct Breaker {
    name: &'static str,
    /// What happens while it is away, for the log.
    meanwhile: &'static str,
    started: Instant,
    rests_until_ms: AtomicU64,
    failures_in_a_row: AtomicU32,
    quiet_until_ms: AtomicU64,
    faults: Faults,
}

impl Breaker {
    pub fn new(name: &'static str, meanwhile: &'static str, faults: Faults) -> Breaker {
        Breaker {
            name,
            meanwhile,
            started: Instant::now(),
            rests_until_ms: AtomicU64::new(0),
            failures_in_a_row: AtomicU32::new(0),
            quiet_until_ms: AtomicU64::new(0),
            faults,
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether it may be asked now.
    pub fn is_closed(&self) -> bool {
        self.now_ms() >= self.rests_until_ms.load(Ordering::Relaxed)
    }

    /// Whoever refuses something answers: that costs a miss, and what it holds is still good.
    fn note_refusal(&self, error: &dyn std::fmt::Display) {
        self.faults.count(self.name, "refusal");
        let now = self.now_ms();
        let quiet = |until: u64| (until <= now).then_some(now + SAY_EVERY_MS);
        let order = Ordering::Relaxed;
        if self.quiet_until_ms.fetch_update(order, order, quiet).is_ok() {
            tracing::warn!(%error, "{} refuses: {}", self.name, self.meanwhile);
        }
        self.note(Ok::<(), std::convert::Infallible>(()));
    }

    /// What it holds under our key is not what we wrote there.
    fn note_garbage(&self) {
        self.faults.count(self.name, "garbage");
    }

    pub fn note<T, E: std::fmt::Display>(&self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                if self.failures_in_a_row.swap(0, Ordering::Relaxed) >= AWAY {
                    tracing::info!("{} is back", self.name);
                }
                Some(value)
            }
            Err(error) => {
                self.faults.count(self.name, "failure");
                let until = self.now_ms() + REST.as_millis() as u64;
                self.rests_until_ms.store(until, Ordering::Relaxed);
                if self.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 == AWAY {
                    tracing::warn!(%error, "{} is away: {}", self.name, self.meanwhile);
                }
                None
            }
        }
    }
}

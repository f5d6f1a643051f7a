//! The two caches, each behind a small type that answers "not here" whenever it cannot answer: a
//! cache that is away costs a miss, never an error, and no request waits for it twice.

pub mod memcached;
pub mod redis;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// After a failure a cache is not asked for so long.
const REST: Duration = Duration::from_millis(500);
/// Failures in a row that are worth a line in the log; a busy machine is late now and then.
const AWAY: u32 = 3;
/// A cache that is full refuses one page after the other: a line in the log so often is enough.
const SAY_EVERY_MS: u64 = 600_000;

type Labels = [(&'static str, &'static str); 2];

/// What operators can know of the caches: handles to the same numbers wherever they are held.
#[derive(Clone, Default, Debug)]
pub struct Measures {
    faults: Family<Labels, Counter>,
    lookups: Family<Labels, Counter>,
}

impl Measures {
    fn count_fault(&self, cache: &'static str, kind: &'static str) {
        self.faults.get_or_create(&[("cache", cache), ("kind", kind)]).inc();
    }

    /// Where the look-ups of one cache are counted.
    pub fn lookups(&self, cache: &'static str) -> Lookups {
        let count =
            |result| self.lookups.get_or_create_owned(&[("cache", cache), ("result", result)]);
        Lookups { hits: count("hit"), misses: count("miss") }
    }

    /// Names them all for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Caches that failed, refused or held garbage";
        registry.register("cache_faults", help, self.faults.clone());
        let help = "Pages looked for in a cache, and whether a good one was there";
        registry.register("cache_lookups", help, self.lookups.clone());
    }
}

/// How often something good was found in a cache, and how often not.
#[derive(Clone, Debug)]
pub struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Lookups {
    pub fn note(&self, found: bool) {
        if found {
            self.hits.inc()
        } else {
            self.misses.inc()
        };
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
    measures: Measures,
}

impl Breaker {
    pub fn new(name: &'static str, meanwhile: &'static str, measures: Measures) -> Breaker {
        // What never happened is known to be none.
        for kind in ["failure", "refusal", "garbage"] {
            let _ = measures.faults.get_or_create(&[("cache", name), ("kind", kind)]);
        }
        Breaker {
            name,
            meanwhile,
            started: Instant::now(),
            rests_until_ms: AtomicU64::new(0),
            failures_in_a_row: AtomicU32::new(0),
            quiet_until_ms: AtomicU64::new(0),
            measures,
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
        self.measures.count_fault(self.name, "refusal");
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
        self.measures.count_fault(self.name, "garbage");
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
                self.measures.count_fault(self.name, "failure");
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

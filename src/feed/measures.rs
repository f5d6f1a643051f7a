//! What operators can know of the feed, as numbers that are counted while it works.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::outlet::Sent;
use crate::exchange::event::{Event, Run};
use crate::moment::Moment;

/// How a run came to this server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// It was committed here.
    Writer,
    /// Another server rang.
    Bell,
    /// Nobody told: it was found.
    Journal,
}

impl Way {
    const ALL: [Way; 3] = [Way::Writer, Way::Bell, Way::Journal];

    fn name(self) -> &'static str {
        match self {
            Way::Writer => "writer",
            Way::Bell => "bell",
            Way::Journal => "journal",
        }
    }
}

/// Handles to the same numbers wherever they are held.
#[derive(Clone)]
pub struct Measures {
    pub watchers: Gauge,
    pub messages: Counter,
    pub bytes: Counter,
    pub replays: Counter,
    pub resyncs: Counter,
    pub merged: Counter,
    pub gaps: Counter,
    pub placed: Counter,
    pub accepted: Counter,
    /// How long a change took at most from its commit to its last watcher, in milliseconds, since
    /// that was asked last.
    longest_ms: Arc<AtomicU64>,
    runs: Family<[(&'static str, &'static str); 1], Counter>,
    runs_by_way: [Counter; Way::ALL.len()],
    /// The journal's newest revision, and when that was seen, in seconds since 1970.
    pub journal_revision: Gauge,
    journal_seen: Gauge,
    pub redis_up: Gauge,
    pub redis_lag: Histogram,
    pub first_to_last: Histogram,
    commit_to_last: Histogram,
}

/// From a tenth of a millisecond to a few seconds.
const SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

impl Default for Measures {
    fn default() -> Measures {
        let histogram = || Histogram::new(SECONDS);
        let runs = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let runs_by_way = Way::ALL.map(|way| runs.get_or_create_owned(&[("way", way.name())]));
        Measures {
            watchers: Gauge::default(),
            messages: Counter::default(),
            bytes: Counter::default(),
            replays: Counter::default(),
            resyncs: Counter::default(),
            merged: Counter::default(),
            gaps: Counter::default(),
            placed: Counter::default(),
            accepted: Counter::default(),
            longest_ms: Arc::default(),
            runs,
            runs_by_way,
            journal_revision: Gauge::default(),
            journal_seen: Gauge::default(),
            redis_up: Gauge::default(),
            redis_lag: histogram(),
            first_to_last: histogram(),
            commit_to_last: histogram(),
        }
    }
}

impl Measures {
    /// Counts a run that was brought to the board, and what it did there.
    pub fn note_run(&self, run: &Run, way: Way) {
        for event in &run.events {
            match event {
                Event::OrderPlaced { .. } | Event::OrderReturned { .. } => self.placed.inc(),
                Event::OrderAccepted { .. } => self.accepted.inc(),
                _ => continue,
            };
        }
        self.runs_by_way[way as usize].inc();
    }

    /// Takes note of where the journal stands, as it just said.
    pub fn note_journal(&self, revision: u64) {
        self.journal_revision.set(revision.cast_signed());
        self.journal_seen.set(Moment::now().millis() / 1000);
    }

    pub fn note_sent(&self, sent: Sent) {
        self.messages.inc_by(sent.messages);
        self.bytes.inc_by(sent.bytes);
    }

    /// Takes note of how long a change took from its commit to its last watcher here.
    pub fn note_delivery(&self, took_ms: u64) {
        self.commit_to_last.observe(took_ms as f64 / 1000.0);
        self.longest_ms.fetch_max(took_ms, Ordering::Relaxed);
    }

    /// The longest of these times since this was asked last, if there was any.
    pub fn take_longest_ms(&self) -> u64 {
        self.longest_ms.swap(0, Ordering::Relaxed)
    }

    /// Names them all for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let feed = registry.sub_registry_with_prefix("feed");
        let counters = [
            ("messages", "Messages sent to watchers", &self.messages),
            ("sent_bytes", "Bytes of messages sent to watchers, with their frames", &self.bytes),
            (
                "replays",
                "Sockets that began behind the head and were brought up to it",
                &self.replays,
            ),
            ("resyncs", "Times that a watcher was told to fetch everything", &self.resyncs),
            ("merged_runs", "Blocks of runs merged for those who are behind", &self.merged),
            ("orders_placed", "Orders that came onto the board, on any server", &self.placed),
            ("orders_accepted", "Orders that became contracts, on any server", &self.accepted),
            (
                "gaps_healed",
                "Times that runs nobody had brought yet were read from the journal",
                &self.gaps,
            ),
        ];
        feed.register("watchers", "Sockets open on this server", self.watchers.clone());
        for (name, help, counter) in counters {
            feed.register(name, help, counter.clone());
        }
        feed.register("runs", "Committed runs, by the way they came here", self.runs.clone());
        let (revision, seen) = (self.journal_revision.clone(), self.journal_seen.clone());
        feed.register(
            "journal_revision",
            "The journal's newest revision, when last seen",
            revision,
        );
        let help = "When this server last saw where the journal stands";
        feed.register_with_unit("journal_seen_timestamp", help, Unit::Seconds, seen);
        feed.register("redis_up", "Whether redis carries the bell", self.redis_up.clone());
        let histograms = [
            ("redis_lag", "From knocking at redis until hearing it", &self.redis_lag),
            ("first_to_last", "From the first watcher to the last of a run", &self.first_to_last),
            ("commit_to_last", "From a run's commit to its last watcher", &self.commit_to_last),
        ];
        for (name, help, histogram) in histograms {
            feed.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
    }
}

//! Numbers for operators: what `GET /metrics` says, in the text format of OpenMetrics, which
//! Prometheus reads. Each part counts for itself (`feed::measures`); here they get their names.

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::accounts::hashing::Hashing;
use crate::board::index::Counts;
use crate::cache::Faults;
use crate::exchange::Exchange;
use crate::feed::measures::Measures;
use crate::flood::Flood;
use crate::page::Source;

pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub struct Metrics {
    registry: Registry,
    revision: Gauge,
    open_orders: Gauge,
    database_up: Gauge,
    replies: Family<[(&'static str, &'static str); 1], Counter>,
}

/// Replies with data, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Replies {
    pub cached: u64,
    pub read: u64,
}

impl Metrics {
    pub fn new(exchange: &Exchange, feed: &Measures, flood: &Flood, faults: &Faults) -> Metrics {
        let mut registry = Registry::with_prefix("orderboard");
        let gauges = [
            ("revision", "The newest revision that this server's board shows"),
            ("open_orders", "Open orders at that revision"),
            ("database_up", "Whether the board follows the journal"),
        ];
        let [revision, open_orders, database_up] = gauges.map(|(name, help)| {
            let gauge = Gauge::<i64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        });
        exchange.measures.register(&mut registry);
        feed.register(&mut registry);
        let refusals = flood.refusals.clone();
        registry.register("flood_refusals", "Requests refused, by the limit reached", refusals);
        let help = "Caches that failed, refused or held garbage";
        registry.register("cache_faults", help, faults.0.clone());
        let replies = Family::<[(&'static str, &'static str); 1], Counter>::default();
        registry.register("replies", "Replies, by where their data came from", replies.clone());
        Metrics { registry, revision, open_orders, database_up, replies }
    }

    /// Also tells how many passwords are hashed, where there are any.
    pub fn count_passwords(&mut self, hashing: &Hashing) {
        let help = "Passwords hashed, of names that are known or not";
        self.registry.register("passwords_hashed", help, hashing.done.clone());
    }

    /// Counts a reply.
    pub fn note_reply(&self, source: Source) {
        self.replies.get_or_create(&[("source", source.name())]).inc();
    }

    /// How many replies came from a cache, and how many were read from a database.
    pub fn replies(&self) -> Replies {
        let count = |source: Source| self.replies.get_or_create(&[("source", source.name())]).get();
        Replies {
            cached: count(Source::Memory) + count(Source::Memcached) + count(Source::Redis),
            read: count(Source::Mysql),
        }
    }

    /// Everything as it is now.
    pub fn to_text(&self, counts: Counts, database_is_up: bool) -> String {
        self.revision.set(counts.revision.cast_signed());
        self.open_orders.set(counts.open_orders.into());
        self.database_up.set(database_is_up.into());
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("writing to memory cannot fail");
        text
    }
}

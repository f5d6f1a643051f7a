//! Numbers for operators: what `GET /metrics` says, in the text format of OpenMetrics, which
//! Prometheus reads. Each part counts for itself (`feed::measures`); here they get their names, and
//! what only has a state is looked at when somebody asks.

use std::sync::Arc;
use std::time::SystemTime;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use sqlx::MySqlPool;

use crate::accounts::hashing::Hashing;
use crate::app::App;
use crate::cache;
use crate::exchange::Exchange;
use crate::feed;
use crate::flood::Flood;
use crate::page::Source;
use crate::statistics::Health;
use crate::web;

pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, &'static str); N];
/// A number that is not there until it is known.
type Unknown = Family<Labels<0>, Gauge>;

pub struct Metrics {
    registry: Registry,
    pub web: Arc<web::measures::Measures>,
    replies: [Counter; Source::ALL.len()],
    state: State,
    /// Each with its connections in use and idle.
    pools: Vec<(MySqlPool, Gauge, Gauge)>,
}

/// What is looked at when somebody asks.
#[derive(Default)]
struct State {
    revision: Gauge,
    open_orders: Gauge,
    database_up: Gauge,
    feed_behind: Gauge,
    statistics_up: Gauge,
    statistics_behind: Gauge,
    books_balanced: Unknown,
    books_revision: Unknown,
    books_made: Unknown,
    memory: Unknown,
}

/// Replies with data, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Replies {
    pub cached: u64,
    pub read: u64,
}

impl Metrics {
    /// `pools`: the databases' pools, each with a name.
    pub fn new(
        exchange: &Exchange,
        feed: &feed::measures::Measures,
        flood: &Flood,
        caches: &cache::Measures,
        pools: [(&'static str, MySqlPool); 3],
    ) -> Metrics {
        let mut all = Registry::default();
        let state = State::default();
        describe_process(&mut all, &state);
        let registry = all.sub_registry_with_prefix("orderboard");
        // A type of its own, `info`, is unknown to those who read the older format.
        let build = Family::<Labels<1>, Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("build_info", "The version that runs here", build);
        state.register(registry);
        exchange.measures.register(registry);
        feed.register(registry);
        let web = Arc::new(web::measures::Measures::default());
        web.register(registry);
        flood.refusals.register(registry);
        caches.register(registry);
        let replies = Family::<Labels<1>, Counter>::default();
        registry.register("replies", "Replies, by where their data came from", replies.clone());
        let replies =
            Source::ALL.map(|source| replies.get_or_create_owned(&[("source", source.name())]));
        let pools = register_pools(registry, pools);
        Metrics { registry: all, web, replies, state, pools }
    }

    /// Also tells how many passwords are hashed, where there are any.
    pub fn count_passwords(&mut self, hashing: &Hashing) {
        let help = "Passwords hashed, of names that are known or not";
        let registry = self.registry.sub_registry_with_prefix("orderboard");
        registry.register("passwords_hashed", help, hashing.done.clone());
    }

    /// Counts a reply.
    pub fn note_reply(&self, source: Source) {
        self.replies[source as usize].inc();
    }

    /// How many replies came from a cache, and how many were read from a database.
    pub fn replies(&self) -> Replies {
        let count = |source: Source| self.replies[source as usize].get();
        Replies {
            cached: count(Source::Memory) + count(Source::Memcached) + count(Source::Redis),
            read: count(Source::Mysql),
        }
    }

    /// Everything as it is now.
    pub fn to_text(&self, app: &App) -> String {
        app.exchange.measures.queued.set(i64::try_from(app.exchange.queued()).unwrap_or(i64::MAX));
        for (pool, in_use, idle) in &self.pools {
            let (size, resting) = (i64::from(pool.size()), pool.num_idle() as i64);
            in_use.set((size - resting).max(0));
            idle.set(resting);
        }
        self.state.look(app);
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("writing to memory cannot fail");
        text
    }
}

impl State {
    fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("revision", "The newest revision that this server's board shows", &self.revision),
            ("open_orders", "Open orders at that revision", &self.open_orders),
            ("database_up", "Whether the board follows the journal", &self.database_up),
            (
                "feed_behind_revisions",
                "Revisions that the journal was last seen to have beyond this server's board",
                &self.feed_behind,
            ),
            (
                "statistics_up",
                "Whether the statistics are counted: 0 while they fail or have stopped",
                &self.statistics_up,
            ),
            (
                "statistics_behind_revisions",
                "Revisions of this server's board that the statistics have yet to count",
                &self.statistics_behind,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        let audit = registry.sub_registry_with_prefix("audit");
        let help = "Whether the books balanced at the last audit, if there was one";
        audit.register("balanced", help, self.books_balanced.clone());
        let help = "The newest revision that the last audit knew of";
        audit.register("revision", help, self.books_revision.clone());
        let help = "When the last audit was finished";
        audit.register_with_unit("timestamp", help, Unit::Seconds, self.books_made.clone());
    }

    fn look(&self, app: &App) {
        let counts = app.board.counts();
        let revision = counts.revision.cast_signed();
        self.revision.set(revision);
        self.open_orders.set(counts.open_orders.into());
        self.database_up.set(app.database_is_up().into());
        self.feed_behind.set((app.hub.measures.journal_revision.get() - revision).max(0));
        self.statistics_up.set((app.statistics.health() == Health::Counting).into());
        self.statistics_behind.set((revision - app.statistics.counted().cast_signed()).max(0));
        if let Some(books) = app.books.get() {
            self.books_balanced.get_or_create(&[]).set(books.balanced.into());
            self.books_revision.get_or_create(&[]).set(books.revision.cast_signed());
            self.books_made.get_or_create(&[]).set(books.finished.millis() / 1000);
        }
        if let Some(bytes) = resident_bytes() {
            self.memory.get_or_create(&[]).set(bytes);
        }
    }
}

/// Under the names by which every program tells them.
fn describe_process(registry: &mut Registry, state: &State) {
    let started = Gauge::<i64>::default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    started.set(now.as_secs().cast_signed());
    let process = registry.sub_registry_with_prefix("process");
    process.register_with_unit("start_time", "When it was started", Unit::Seconds, started);
    let memory = state.memory.clone();
    process.register_with_unit("resident_memory", "Memory that it holds", Unit::Bytes, memory);
}

fn register_pools<const N: usize>(
    registry: &mut Registry,
    pools: [(&'static str, MySqlPool); N],
) -> Vec<(MySqlPool, Gauge, Gauge)> {
    let connections = Family::<Labels<2>, Gauge>::default();
    let most = Family::<Labels<1>, Gauge>::default();
    let database = registry.sub_registry_with_prefix("database");
    database.register("connections", "Connections to databases, by pool", connections.clone());
    database.register("connections_most", "Connections that a pool may have", most.clone());
    let pools = pools.into_iter().map(|(name, pool)| {
        let named = ("pool", name);
        most.get_or_create(&[named]).set(pool.options().get_max_connections().into());
        let gauge = |state| connections.get_or_create_owned(&[named, ("state", state)]);
        (pool, gauge("in_use"), gauge("idle"))
    });
    pools.collect()
}

/// Linux tells; elsewhere nobody knows.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

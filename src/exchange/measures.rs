//! What operators can know of the exchange, as numbers that are counted while it works.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Handles to the same numbers wherever they are held.
#[derive(Clone)]
pub struct Measures {
    pub batches: Counter,
    pub commands: Counter,
    pub queued: Gauge,
    commands_in_batch: Histogram,
    batch_took: Histogram,
    commit_took: Histogram,
}

const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

impl Default for Measures {
    fn default() -> Measures {
        Measures {
            batches: Counter::default(),
            commands: Counter::default(),
            queued: Gauge::default(),
            commands_in_batch: Histogram::new(COMMANDS),
            batch_took: Histogram::new(SECONDS),
            commit_took: Histogram::new(SECONDS),
        }
    }
}

impl Measures {
    /// Counts a batch that came to its end.
    pub fn note_batch(&self, commands: usize, took: Duration) {
        self.batches.inc();
        self.commands.inc_by(commands as u64);
        self.commands_in_batch.observe(commands as f64);
        self.batch_took.observe(took.as_secs_f64());
    }

    /// Takes note of how long the database took for a COMMIT alone.
    pub fn note_commit(&self, took: Duration) {
        self.commit_took.observe(took.as_secs_f64());
    }

    /// Names them all for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let exchange = registry.sub_registry_with_prefix("exchange");
        exchange.register("batches", "Batches brought to their end", self.batches.clone());
        exchange.register("commands", "Commands answered", self.commands.clone());
        exchange.register("queued", "Commands that wait", self.queued.clone());
        let (size, took) = (self.commands_in_batch.clone(), self.batch_took.clone());
        exchange.register("commands_in_batch", "Commands in a batch", size);
        exchange.register_with_unit("batch", "How long a batch took", Unit::Seconds, took);
        let help = "How long the COMMIT of a batch took, which is the disk's time mostly";
        exchange.register_with_unit("commit", help, Unit::Seconds, self.commit_took.clone());
    }
}

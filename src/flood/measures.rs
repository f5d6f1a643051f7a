//! What operators can know of limits: how often each was reached.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Kind;

/// Requests refused. Those who ask too much ask often: nothing is looked up for them.
pub struct Refusals {
    all: Family<[(&'static str, &'static str); 1], Counter>,
    by_kind: [Counter; Kind::ALL.len()],
}

impl Default for Refusals {
    fn default() -> Refusals {
        let all = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let by_kind = Kind::ALL.map(|kind| all.get_or_create_owned(&[("limit", kind.name())]));
        Refusals { all, by_kind }
    }
}

impl Refusals {
    pub fn note(&self, kind: Kind) {
        self.by_kind[kind as usize].inc();
    }

    /// Names them for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Requests refused, by the limit reached";
        registry.register("flood_refusals", help, self.all.clone());
    }
}

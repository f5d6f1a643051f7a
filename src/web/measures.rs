//! What operators can know of requests and connections, as numbers that are counted while they are
//! served.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{health, is_api};

/// What is asked for, and whether it may change anything: few, whatever anybody asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Page,
    Form,
    Api,
    ApiWrite,
    Asset,
    Live,
    Health,
}

impl Kind {
    const ALL: [Kind; 7] =
        [Kind::Page, Kind::Form, Kind::Api, Kind::ApiWrite, Kind::Asset, Kind::Live, Kind::Health];

    pub fn of(method: &Method, path: &str) -> Kind {
        let reads = method == Method::GET || method == Method::HEAD;
        match (is_api(path), reads) {
            (true, true) => Kind::Api,
            (true, false) => Kind::ApiWrite,
            (false, false) => Kind::Form,
            (false, true) if path == "/live" => Kind::Live,
            (false, true) if path.starts_with("/assets/") => Kind::Asset,
            (false, true) if health::is_asked_for(path) => Kind::Health,
            (false, true) => Kind::Page,
        }
    }

    const fn labels(self) -> (&'static str, &'static str) {
        match self {
            Kind::Page => ("page", "read"),
            Kind::Form => ("page", "write"),
            Kind::Api => ("api", "read"),
            Kind::ApiWrite => ("api", "write"),
            Kind::Asset => ("asset", "read"),
            Kind::Live => ("live", "read"),
            Kind::Health => ("health", "read"),
        }
    }
}

const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Handles to the same numbers wherever they are held. Those of requests are made at the start, so
/// that none has to be looked up while somebody waits.
#[derive(Clone)]
pub struct Measures {
    kinds: [OfKind; Kind::ALL.len()],
    requests: Family<Labels<3>, Counter>,
    times: Family<Labels<2>, Histogram>,
    connections: Gauge,
    pub connections_refused: Counter,
}

#[derive(Clone)]
struct OfKind {
    answered: [Counter; STATUSES.len()],
    took: Histogram,
}

impl Default for Measures {
    fn default() -> Measures {
        let requests = Family::<Labels<3>, Counter>::default();
        let times = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        let kinds = Kind::ALL.map(|kind| {
            let (group, method) = kind.labels();
            let labels = [("group", group), ("method", method)];
            OfKind {
                answered: STATUSES.map(|status| {
                    requests.get_or_create_owned(&[labels[0], labels[1], ("status", status)])
                }),
                took: times.get_or_create_owned(&labels),
            }
        });
        let (connections, connections_refused) = (Gauge::default(), Counter::default());
        Measures { kinds, requests, times, connections, connections_refused }
    }
}

/// Counted among the open connections until it is dropped.
pub struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Measures {
    /// Counts a request that was answered.
    pub fn note(&self, kind: Kind, status: StatusCode, took: Duration) {
        let OfKind { answered, took: times } = &self.kinds[kind as usize];
        let class = usize::from(status.as_u16() / 100).clamp(1, STATUSES.len());
        answered[class - 1].inc();
        times.observe(took.as_secs_f64());
    }

    pub fn open(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Names them all for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Requests answered, by what was asked for, whether it may change anything, and \
                    the status";
        registry.register("requests", help, self.requests.clone());
        let help =
            "From a request's head to the head of its answer, but for what its body took to come";
        registry.register_with_unit("request", help, Unit::Seconds, self.times.clone());
        let help = "Connections open, live sockets apart";
        registry.register("connections", help, self.connections.clone());
        let help = "Connections refused, of addresses that had too many";
        registry.register("connections_refused", help, self.connections_refused.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, path: &str, group: &str, kind: &str) {
        assert_eq!(Kind::of(&method, path).labels(), (group, kind), "{method} {path}");
    }

    #[test]
    fn whatever_is_asked_for_is_one_of_a_few_kinds() {
        for path in ["/", "/orders", "/nowhere/at/all", "/admin/orders.csv", "/apiary", "*", ""] {
            check(Method::GET, path, "page", "read");
            check(Method::POST, path, "page", "write");
        }
        check(Method::HEAD, "/orders", "page", "read");
        check("BREW".parse().unwrap(), "/orders", "page", "write");
        check(Method::GET, "/api/board", "api", "read");
        check(Method::POST, "/api/orders", "api", "write");
        check(Method::GET, "/assets/app.css", "asset", "read");
        check(Method::GET, "/live", "live", "read");
        check(Method::POST, "/live", "page", "write");
        for path in ["/healthz", "/readyz", "/metrics"] {
            check(Method::GET, path, "health", "read");
        }
        assert!(Kind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
    }

    #[test]
    fn each_answer_counts_once_under_its_kind_and_status() {
        let measures = Measures::default();
        for (status, count) in [(101, 1), (200, 2), (304, 3), (499, 4), (503, 5)] {
            for _ in 0..count {
                let status = StatusCode::from_u16(status).unwrap();
                measures.note(Kind::Api, status, Duration::from_millis(3));
            }
        }
        let answered = &measures.kinds[Kind::Api as usize].answered;
        assert_eq!(answered.each_ref().map(Counter::get), [1, 2, 3, 4, 5]);
        assert_eq!(measures.kinds[Kind::Page as usize].answered[1].get(), 0);
    }
}

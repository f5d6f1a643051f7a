//! Requests a second for several things in turn, round by round, so that what else the machine does
//! meanwhile falls on all of them alike.

use std::time::Duration;

use super::cores::busy;
use super::load::{self, Seen};

/// One measurement of one subject.
pub const SLICE: Duration = Duration::from_millis(500);
/// Connections that ask at the same time.
const CONNECTIONS: usize = 32;

/// Something to ask a server for, and where its answers should come from.
pub struct Subject<'a> {
    pub name: &'static str,
    pub address: &'a str,
    pub pid: u32,
    pub request: Vec<u8>,
    pub source: &'static str,
}

/// All rounds of one subject.
#[derive(Default)]
pub struct Rounds {
    seen: Vec<Seen>,
    busy: Duration,
}

impl Subject<'_> {
    /// One slice of it.
    pub fn ask(&self, rounds: &mut Rounds) {
        let before = busy(self.pid);
        let seen = load::ask(self.address, CONNECTIONS, SLICE, &self.request);
        rounds.busy += busy(self.pid) - before;
        assert_eq!(seen.others, 0, "{}: answers that are not 200", self.name);
        rounds.seen.push(seen);
    }
}

/// Asks for each in turn.
pub fn alternate(subjects: &[Subject], rounds: usize) -> Vec<Rounds> {
    let mut all: Vec<Rounds> = subjects.iter().map(|_| Rounds::default()).collect();
    for round in 0..rounds {
        for place in 0..subjects.len() {
            // Nobody always goes first.
            let place = (place + round) % subjects.len();
            subjects[place].ask(&mut all[place]);
        }
    }
    all
}

impl Rounds {
    pub fn rate(&self) -> f64 {
        median(self.seen.iter().map(Seen::rate))
    }

    /// The rate beside another's, round by round: what else the machine did lasted for longer than
    /// one round, and fell on both.
    pub fn rate_to(&self, other: &Rounds) -> f64 {
        median(self.seen.iter().zip(&other.seen).map(|(one, other)| one.rate() / other.rate()))
    }

    /// How many of a hundred answers came from there.
    pub fn percent_from(&self, source: &str) -> f64 {
        let sum = |part: fn(&Seen, &str) -> u64| {
            self.seen.iter().map(|seen| part(seen, source)).sum::<u64>() as f64
        };
        100.0 * sum(|seen, source| seen.origins.of(source)) / sum(|seen, _| seen.requests)
    }

    pub fn to_line(&self, subject: &Subject) -> String {
        let asked: u64 = self.seen.iter().map(|seen| seen.asked).sum();
        let load: f64 = self.seen.iter().map(|seen| seen.busy_seconds / seen.wall_seconds).sum();
        let source = match subject.source {
            "silent" => String::new(),
            source => format!("; {:.1} % from {source}", self.percent_from(source)),
        };
        format!(
            "{:<16} {:>7.0}/s   p50 {:>5.0} µs   p99 {:>6.0} µs   {:>5.1} µs of the server's core \
             each; load's core {:.0} % busy; {:.0} bytes{source}",
            subject.name,
            self.rate(),
            median(self.seen.iter().map(|seen| f64::from(seen.p50_us))),
            median(self.seen.iter().map(|seen| f64::from(seen.p99_us))),
            self.busy.as_secs_f64() * 1e6 / asked as f64,
            100.0 * load / self.seen.len() as f64,
            median(self.seen.iter().map(|seen| seen.bytes as f64)),
        )
    }
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

pub fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}

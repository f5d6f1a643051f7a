//! What happened so far, counted, and the lines that say so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counters that all tasks share.
#[derive(Debug, Default)]
pub struct Tally {
    /// Orders that are on the server for certain.
    pub placed: AtomicU64,
    /// Contracts that are on the server for certain.
    pub accepted: AtomicU64,
    /// Accepts that came too late: somebody was faster.
    pub beaten: AtomicU64,
    pub withdrawn: AtomicU64,
    /// Withdrawals that came too late: the order was taken.
    pub kept: AtomicU64,
    /// What became of contracts.
    pub delivered: AtomicU64,
    pub confirmed: AtomicU64,
    pub given_up: AtomicU64,
    /// The size of the board when somebody last looked at it.
    pub open: AtomicU64,
    /// Requests to do something that are under way, or were given up without learning whether they
    /// were carried out.
    pub unanswered: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    /// Counts an error of this kind.
    pub fn error(&self, kind: &str) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = errors.get_mut(kind) {
            *count += 1;
        } else {
            errors.insert(kind.to_owned(), 1);
        }
    }

    fn counts(&self) -> [u64; 4] {
        [&self.placed, &self.accepted, &self.beaten, &self.withdrawn]
            .map(|count| count.load(Relaxed))
    }
}

/// Counts one more.
pub fn one_more(count: &AtomicU64) {
    count.fetch_add(1, Relaxed);
}

/// Writes the lines, each with the rates since the one before.
#[derive(Debug)]
pub struct Reporter {
    started: Instant,
    last: Instant,
    before: [u64; 4],
}

impl Reporter {
    pub fn start() -> Reporter {
        let now = Instant::now();
        Reporter { started: now, last: now, before: [0; 4] }
    }

    /// The counters since the start, with the rates since the last line.
    pub fn line(&mut self, tally: &Tally) -> String {
        let (now, counts) = (Instant::now(), tally.counts());
        let line = line(now - self.started, counts, self.before, now - self.last, tally);
        (self.last, self.before) = (now, counts);
        line
    }

    /// The same for the whole time, when nothing is under way any more.
    pub fn summary(&self, tally: &Tally) -> String {
        let whole = self.started.elapsed();
        let line = line(whole, tally.counts(), [0; 4], whole, tally);
        match tally.unanswered.load(Relaxed) {
            0 => format!("In all, {line}."),
            count => format!("In all, {line}. The outcome of {count} requests is not known."),
        }
    }
}

fn line(
    whole: Duration,
    counts: [u64; 4],
    before: [u64; 4],
    since: Duration,
    tally: &Tally,
) -> String {
    let seconds = since.as_secs_f64().max(0.001);
    let [placed, accepted, beaten, withdrawn] = std::array::from_fn(|index| {
        let rate = (counts[index] - before[index]) as f64 / seconds;
        format!("{} ({rate:.1}/s)", counts[index])
    });
    let mut line = format!(
        "{} s: placed {placed}, accepted {accepted}, somebody was faster {beaten}, \
         withdrawn {withdrawn}, too late to withdraw {}, delivered {}, confirmed {}, given up {}, \
         open {}",
        whole.as_secs(),
        tally.kept.load(Relaxed),
        tally.delivered.load(Relaxed),
        tally.confirmed.load(Relaxed),
        tally.given_up.load(Relaxed),
        tally.open.load(Relaxed),
    );
    let errors = tally.errors.lock().unwrap_or_else(PoisonError::into_inner);
    line.push_str(if errors.is_empty() { "; no errors" } else { "; errors:" });
    for (index, (kind, count)) in errors.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(line, "{comma} {kind} {count}");
    }
    line
}

/// Prints a line. A reader that is gone (`orderboard demo | head`) is no reason to panic.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_totals_rates_and_errors() {
        let tally = Tally::default();
        for _ in 0..30 {
            one_more(&tally.placed);
        }
        tally.open.store(17, Relaxed);
        let counts = tally.counts();
        let (whole, since) = (Duration::from_secs(20), Duration::from_secs(10));
        assert_eq!(
            line(whole, counts, [10, 0, 0, 0], since, &tally),
            "20 s: placed 30 (2.0/s), accepted 0 (0.0/s), somebody was faster 0 (0.0/s), \
             withdrawn 0 (0.0/s), too late to withdraw 0, delivered 0, confirmed 0, given up 0, \
             open 17; no errors"
        );
        tally.error("flood");
        tally.error("connection_lost");
        tally.error("flood");
        let line = line(whole, counts, counts, since, &tally);
        assert!(line.ends_with("; errors: connection_lost 1, flood 2"), "{line}");
    }
}

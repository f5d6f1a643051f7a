//! How busy the board is, second by second, as this server sees it: what the dashboard draws. It is
//! kept in memory for some minutes and begins anew with the server.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::metrics::Replies;
use crate::moment::Moment;

/// Seconds that are drawn.
const SHOWN: usize = 600;
/// Seconds that a rate is taken over.
const MINUTE: usize = 60;
const BEAT: Duration = Duration::from_secs(1);

/// What all counters stood at, and what was seen, at the end of a second.
#[derive(Clone, Copy, Default, Debug)]
struct Beat {
    placed: u64,
    accepted: u64,
    commands: u64,
    batches: u64,
    replies: Replies,
    open_orders: u32,
    watchers: u32,
    queued: u32,
    delivery_ms: u64,
}

/// What is going on now. Rates are of the last minute.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Now {
    pub orders_per_minute: u64,
    pub accepts_per_minute: u64,
    pub open_orders: u32,
    pub watchers: u32,
    /// Commands that wait for this server's writer.
    pub queued: u32,
    /// Commands in a batch, on average; `None` where there was none.
    pub batch: Option<f64>,
    /// How many in a hundred replies with data came from a cache; `None` where there was none.
    pub cache_hits_percent: Option<u64>,
    /// The longest that a change took from its commit to its last watcher in the last second.
    pub delivery_ms: u64,
}

#[derive(Default)]
pub struct Pulse(Mutex<VecDeque<Beat>>);

impl Pulse {
    /// Takes note of every second, for as long as the server runs.
    pub async fn run(app: &App) {
        let mut timer = tokio::time::interval(BEAT);
        timer.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            timer.tick().await;
            app.pulse.note(look(app));
        }
    }

    fn note(&self, beat: Beat) {
        let mut beats = self.lock();
        if beats.len() > SHOWN + MINUTE {
            beats.pop_front();
        }
        beats.push_back(beat);
    }

    pub fn now(&self) -> Now {
        let beats = self.lock();
        at(&beats, beats.len())
    }

    /// The last minutes, oldest first, for programs: a list for each figure.
    pub fn shape(&self) -> Value {
        let beats = self.lock();
        let first = beats.len().saturating_sub(SHOWN) + 1;
        let shown: Vec<Now> = (first..=beats.len()).map(|end| at(&beats, end)).collect();
        let all = |figure: fn(&Now) -> Value| -> Value { shown.iter().map(figure).collect() };
        json!({
            "at": Moment::now(),
            "seconds": shown.len(),
            "orders_per_minute": all(|now| now.orders_per_minute.into()),
            "accepts_per_minute": all(|now| now.accepts_per_minute.into()),
            "open_orders": all(|now| now.open_orders.into()),
            "watchers": all(|now| now.watchers.into()),
            "delivery_ms": all(|now| now.delivery_ms.into()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Beat>> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

fn look(app: &App) -> Beat {
    let (feed, exchange) = (&app.hub.measures, &app.exchange.measures);
    Beat {
        placed: feed.placed.get(),
        accepted: feed.accepted.get(),
        commands: exchange.commands.get(),
        batches: exchange.batches.get(),
        replies: app.metrics.replies(),
        open_orders: app.board.counts().open_orders,
        watchers: app.hub.watchers(),
        queued: u32::try_from(app.exchange.queued()).unwrap_or(u32::MAX),
        delivery_ms: feed.take_longest_ms(),
    }
}

/// How things were after the first `end` of these beats: the last of them, against the one a minute
/// before. Before the first, nothing had happened.
fn at(beats: &VecDeque<Beat>, end: usize) -> Now {
    let beat = |end: usize| end.checked_sub(1).and_then(|last| beats.get(last));
    let last = beat(end).copied().unwrap_or_default();
    let before = beat(end.saturating_sub(MINUTE)).copied().unwrap_or_default();
    let batches = last.batches - before.batches;
    let cached = last.replies.cached - before.replies.cached;
    let read = last.replies.read - before.replies.read;
    Now {
        orders_per_minute: last.placed - before.placed,
        accepts_per_minute: last.accepted - before.accepted,
        open_orders: last.open_orders,
        watchers: last.watchers,
        queued: last.queued,
        // To one digit, so that it does not change with everything.
        batch: (batches > 0).then(|| {
            ((last.commands - before.commands) as f64 / batches as f64 * 10.0).round() / 10.0
        }),
        cache_hits_percent: (100 * cached).checked_div(cached + read),
        delivery_ms: last.delivery_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One order each second, every second one accepted; batches of three.
    fn beats(count: u64) -> Pulse {
        let pulse = Pulse::default();
        for second in 1..=count {
            pulse.note(Beat {
                placed: second,
                accepted: second / 2,
                commands: 3 * second,
                batches: second,
                replies: Replies { cached: 9 * second, read: second },
                open_orders: 7,
                ..Beat::default()
            });
        }
        pulse
    }

    #[test]
    fn rates_are_of_the_last_minute() {
        assert_eq!(beats(0).now().batch, None);
        assert_eq!(beats(0).now().cache_hits_percent, None);
        let now = beats(10).now();
        assert_eq!((now.orders_per_minute, now.accepts_per_minute), (10, 5));
        let now = beats(1000).now();
        assert_eq!((now.orders_per_minute, now.accepts_per_minute), (60, 30));
        assert_eq!((now.batch, now.cache_hits_percent, now.open_orders), (Some(3.0), Some(90), 7));
    }

    #[test]
    fn ten_minutes_are_shown_and_no_more_is_kept() {
        let shape = beats(2000).shape();
        let rates = shape["orders_per_minute"].as_array().unwrap();
        assert_eq!((rates.len(), &rates[0], &rates[599]), (600, &json!(60), &json!(60)));
        assert_eq!(shape["seconds"], 600);
        let shape = beats(3).shape();
        assert_eq!(shape["orders_per_minute"], json!([1, 2, 3]));
    }
}

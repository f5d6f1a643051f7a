//! How counting goes: what to log, so that each trouble is told once when it begins and once when
//! it is over, and how long to wait. Pure but for the log.

use std::time::Duration;

use tokio::sync::watch;

use super::round::{Round, Trouble};

const WHILE_ANOTHER_COUNTS: Duration = Duration::from_millis(100);
const WHILE_STOPPED: Duration = Duration::from_secs(3);
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Health {
    Counting,
    Failing {
        retry: Duration,
    },
    /// Until somebody runs `orderboard rebuild`.
    Stopped,
}

/// How this server's counting stands, for whoever asks. Who counts tells it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The newest revision that any server has counted, as far as is known here.
    pub counted: watch::Sender<u64>,
    health: watch::Sender<Health>,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing { counted: watch::Sender::new(0), health: watch::Sender::new(Health::Counting) }
    }
}

impl Standing {
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    pub fn counted(&self) -> u64 {
        *self.counted.borrow()
    }

    pub(super) fn note(&self, health: Health) {
        self.health.send_replace(health);
    }
}

impl Health {
    /// Takes note of a round; how long to wait before the next one, or `None` until there is news.
    pub fn after(&mut self, outcome: &Result<Round, Trouble>) -> Option<Duration> {
        match outcome {
            Ok(Round::Counted | Round::Behind) => {
                match self {
                    Health::Counting => {}
                    Health::Failing { .. } => tracing::info!("statistics are counted again"),
                    Health::Stopped => tracing::info!("statistics were mended and go on"),
                }
                *self = Health::Counting;
                matches!(outcome, Ok(Round::Behind)).then_some(Duration::ZERO)
            }
            Ok(Round::AnotherCounts) => Some(WHILE_ANOTHER_COUNTS),
            Ok(Round::Stopped(broken)) => {
                if *self != Health::Stopped {
                    tracing::error!("statistics have stopped: {broken}; run `orderboard rebuild`");
                }
                *self = Health::Stopped;
                Some(WHILE_STOPPED)
            }
            Err(trouble) => {
                let pause = match self {
                    Health::Failing { retry } => *retry,
                    Health::Counting | Health::Stopped => {
                        tracing::warn!(%trouble, "statistics cannot be counted for now");
                        FIRST_RETRY
                    }
                };
                *self = Health::Failing { retry: LAST_RETRY.min(pause * 2) };
                Some(pause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::chain::Broken;

    #[test]
    fn retries_slow_down_until_counting_works_again() {
        let mut health = Health::Counting;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pauses.extend(health.after(&Err(Trouble::Slow)).map(|pause| pause.as_millis()));
        }
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(health.after(&Ok(Round::Behind)), Some(Duration::ZERO));
        assert_eq!(health.after(&Ok(Round::Counted)), None);
        assert_eq!(health, Health::Counting);
    }

    #[test]
    fn stopped_statistics_stay_so_until_something_is_counted() {
        let mut health = Health::Counting;
        let stopped = Ok(Round::Stopped(Broken::Gap { missing: 7 }));
        assert_eq!(health.after(&stopped), Some(WHILE_STOPPED));
        assert_eq!(health.after(&Ok(Round::AnotherCounts)), Some(WHILE_ANOTHER_COUNTS));
        assert_eq!(health, Health::Stopped);
        health.after(&Ok(Round::Counted));
        assert_eq!(health, Health::Counting);
    }
}

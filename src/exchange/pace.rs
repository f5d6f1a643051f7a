//! How much goes into the next batch and how long it is waited for, guessed from the last one. Pure.

use std::time::Duration;

/// Commands in a batch: beyond 256 nothing gets faster, and the lock is held longer.
pub const MOST: usize = 256;
/// Where the database is slow, so many are kept together still.
const LEAST: usize = 8;
/// A batch holds the head's lock, for which other servers wait: one that took longer is followed by
/// a smaller one.
const LONG: Duration = Duration::from_millis(250);
/// Those who were just answered often ask again at once. For them the next batch waits a small part
/// of the time that the last one took, and never longer than this: fuller batches are worth more.
const LINGER: Duration = Duration::from_micros(500);
const LINGER_PART: u32 = 8;

pub struct Pace {
    answered: usize,
    took: Duration,
    limit: usize,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { answered: 0, took: Duration::ZERO, limit: MOST }
    }
}

impl Pace {
    /// Takes note of a batch that came to its end.
    pub fn note(&mut self, answered: usize, took: Duration) {
        if took > LONG {
            self.limit = (answered / 2).clamp(LEAST, self.limit);
        } else if took < LONG / 4 {
            self.limit = (self.limit * 2).min(MOST);
        }
        (self.answered, self.took) = (answered, took);
    }

    /// Commands that the next batch may hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Commands worth waiting for.
    pub fn expected(&self) -> usize {
        self.answered.min(self.limit)
    }

    /// How long they are waited for.
    pub fn linger(&self) -> Duration {
        (self.took / LINGER_PART).min(LINGER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(batches: &[(usize, u64)]) -> Vec<usize> {
        let mut pace = Pace::default();
        let mut after = |&(answered, took_ms): &(usize, u64)| {
            pace.note(answered, Duration::from_millis(took_ms));
            pace.limit()
        };
        batches.iter().map(&mut after).collect()
    }

    #[test]
    fn batches_shrink_while_the_database_is_slow_and_grow_again() {
        assert_eq!(limits(&[(256, 5), (256, 250)]), [256, 256]);
        assert_eq!(limits(&[(256, 600), (128, 300), (64, 100)]), [128, 64, 64]);
        assert_eq!(limits(&[(3, 900), (3, 900)]), [8, 8]);
        assert_eq!(limits(&[(20, 600), (10, 40), (20, 40), (20, 40)]), [10, 20, 40, 80]);
        assert_eq!(limits(&[(256, 600), (128, 5), (256, 5)]), [128, 256, 256]);
    }

    #[test]
    fn lingering_is_a_small_part_of_the_last_batch() {
        let mut pace = Pace::default();
        assert_eq!((pace.expected(), pace.linger()), (0, Duration::ZERO));
        pace.note(40, Duration::from_micros(800));
        assert_eq!((pace.expected(), pace.linger()), (40, Duration::from_micros(100)));
        pace.note(200, Duration::from_secs(1));
        assert_eq!((pace.expected(), pace.linger()), (100, LINGER));
    }
}

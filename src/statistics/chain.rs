//! Whether runs of the journal follow on what was counted before: no gap, and one history.

use uuid::Uuid;

use crate::exchange::event::Run;

/// The last run that was counted; none at revision 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    pub revision: u64,
    pub batch: Option<Uuid>,
}

/// Why what was counted is not the beginning of the journal, or not of this one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    #[error("the journal has no revision {missing}")]
    Gap { missing: u64 },
    #[error("revision {revision} does not follow what was counted before it: another history")]
    Replaced { revision: u64 },
    #[error("revision {counted} was counted, but the board stands at {head}")]
    Ahead { counted: u64, head: u64 },
    #[error("revision {revision} holds a price that is not in whole minor units")]
    Odd { revision: u64 },
    #[error("they have no position")]
    Unplaced,
    #[error("their tables contradict their position at revision {counted}")]
    Contradicted { counted: u64 },
}

impl Chain {
    pub const START: Chain = Chain { revision: 0, batch: None };

    /// Goes on by one run, if it is the next one.
    pub fn advance(&mut self, run: &Run) -> Result<(), Broken> {
        let next = self.revision + 1;
        if run.revision != next {
            return Err(Broken::Gap { missing: next });
        }
        // Nothing was counted before the first revision: any history may begin here.
        if self.revision > 0 && self.batch != Some(run.previous) {
            return Err(Broken::Replaced { revision: run.revision });
        }
        *self = Chain { revision: run.revision, batch: Some(run.batch) };
        Ok(())
    }

    /// Compares with the board's head: whether this is what the head says, if it is as new.
    pub fn check_head(&self, revision: u64, batch: Uuid) -> Result<(), Broken> {
        if self.revision > revision {
            return Err(Broken::Ahead { counted: self.revision, head: revision });
        }
        if self.revision == revision && revision > 0 && self.batch != Some(batch) {
            return Err(Broken::Replaced { revision });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;

    fn uuid(number: u64) -> Uuid {
        Uuid::from_u128(number.into())
    }

    fn run(revision: u64, previous: u64) -> Run {
        let created = Moment::try_from("2026-01-01T00:00:00.000Z".to_owned()).unwrap();
        Run {
            revision,
            batch: uuid(revision),
            previous: uuid(previous),
            created,
            events: Vec::new(),
        }
    }

    fn advanced(runs: &[Run]) -> Result<Chain, Broken> {
        let mut chain = Chain::START;
        runs.iter().try_for_each(|run| chain.advance(run)).map(|()| chain)
    }

    #[test]
    fn a_chain_takes_runs_in_order_of_one_history() {
        let whole = advanced(&[run(1, 99), run(2, 1), run(3, 2)]);
        assert_eq!(whole, Ok(Chain { revision: 3, batch: Some(uuid(3)) }));
        for (runs, broken) in [
            (vec![run(2, 1)], Broken::Gap { missing: 1 }),
            (vec![run(1, 0), run(3, 2)], Broken::Gap { missing: 2 }),
            (vec![run(1, 0), run(1, 0)], Broken::Gap { missing: 2 }),
            (vec![run(1, 0), run(2, 7)], Broken::Replaced { revision: 2 }),
        ] {
            assert_eq!(advanced(&runs), Err(broken));
        }
    }

    #[test]
    fn a_head_that_went_back_or_differs_is_noticed() {
        let chain = advanced(&[run(1, 0), run(2, 1)]).unwrap();
        assert_eq!(chain.check_head(2, uuid(2)), Ok(()));
        assert_eq!(chain.check_head(3, uuid(33)), Ok(()));
        assert_eq!(chain.check_head(2, uuid(22)), Err(Broken::Replaced { revision: 2 }));
        assert_eq!(chain.check_head(1, uuid(1)), Err(Broken::Ahead { counted: 2, head: 1 }));
        assert_eq!(Chain::START.check_head(0, uuid(5)), Ok(()));
    }
}

//! The journal's rows as a chain: revisions without a gap, each batch after the one it names, time
//! that never goes back.

use uuid::Uuid;

use super::check::Check;
use super::store::Head;
use crate::exchange::event::Run;
use crate::moment::Moment;

pub struct Chain {
    revision: u64,
    /// Of the last run that could be read.
    last: Option<(u64, Uuid, Moment)>,
    gaps: Check,
    chain: Check,
    times: Check,
}

impl Chain {
    pub fn new() -> Chain {
        Chain {
            revision: 0,
            last: None,
            gaps: Check::new(""),
            chain: Check::new("every batch follows the one it names, and the head names the last"),
            times: Check::new("time never goes back in the journal"),
        }
    }

    /// The next row of the journal, whether it can be read or not.
    pub fn add(&mut self, revision: u64, run: Option<&Run>) {
        let next = self.revision + 1;
        self.gaps.expect(revision == next, || match revision.checked_sub(1) {
            Some(last) if last > next => format!("revisions {next} to {last} are missing"),
            Some(last) => format!("revision {last} is missing"),
            None => "revision 0 is there".to_owned(),
        });
        self.revision = revision;
        let Some(Run { batch, previous, created, .. }) = run else {
            return;
        };
        // The batch before the first, and the one before a gap, are not known.
        if let Some((last, last_batch, last_created)) = self.last {
            self.chain.expect(last + 1 != revision || last_batch == *previous, || {
                format!("revision {revision} follows batch {previous}, not {last_batch}")
            });
            self.times.expect(last_created <= *created, || {
                let (now, before) = (created.to_rfc3339(), last_created.to_rfc3339());
                format!("revision {revision} is of {now}, but {last} before it of {before}")
            });
        }
        self.last = Some((revision, *batch, *created));
    }

    /// Compares with the head.
    pub fn finish(mut self, head: &Head) -> [Check; 3] {
        let (newest, last) = (head.revision, self.revision);
        self.gaps.retitle(format!("journal revisions run 1..{newest} without a gap"));
        self.gaps.expect(last == newest, || {
            format!("the last revision is {last}, but the head says {newest}")
        });
        if let Some((_, batch, created)) = self.last.filter(|(last, ..)| *last == newest) {
            self.chain.expect(batch == head.batch, || {
                format!("the last batch is {batch}, but the head says {}", head.batch)
            });
            self.times.expect(created == head.last_action, || {
                let (last, head) = (created.to_rfc3339(), head.last_action.to_rfc3339());
                format!("the last revision is of {last}, but the head says {head}")
            });
        }
        [self.gaps, self.chain, self.times]
    }
}

//! Runs merged for those who are behind. Blocks are of a few sizes and stand at multiples of their
//! size, so that all who are behind share them, wherever they stopped: each is made once, when the
//! first of them comes by, and any way to the head is a few blocks long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use prometheus_client::metrics::counter::Counter;

use super::ring::Entry;

/// Runs in a block. Whoever is closer to the head than the smallest gets run by run.
const SIZES: [u64; 4] = [1024, 256, 64, 16];
/// Events in a block, before and after merging: making one must not hold anybody up, and what runs
/// hold that are fuller is sent as it is.
const MOST_EVENTS: usize = 8192;
const MOST_MERGED: usize = 512;
/// What the blocks that are kept may take; what is forgotten is made again when somebody wants it.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How often history was replaced, the revision before the block, and its size.
type Key = (u64, u64, u64);
/// A block, made by whoever wants it first; `None` when it is not worth its while.
type Block = Arc<OnceLock<Option<Arc<Entry>>>>;

#[derive(Default)]
pub struct Blocks(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// With the bytes that each takes, as far as it is made.
    blocks: BTreeMap<Key, (Block, usize)>,
    bytes: usize,
}

impl Blocks {
    /// The largest block that starts right after `revision` and does not go beyond `head`. `runs`
    /// gives so many entries after the revision, if they are there. `resets` keeps the blocks of
    /// two histories apart. `made` counts those that were not there yet.
    pub fn after(
        &self,
        revision: u64,
        head: u64,
        resets: u64,
        runs: impl Fn(usize) -> Option<Vec<Arc<Entry>>>,
        made: &Counter,
    ) -> Option<Arc<Entry>> {
        let fits = |size: &u64| revision.is_multiple_of(*size) && revision + *size <= head;
        SIZES.into_iter().filter(fits).find_map(|size| {
            let key = (resets, revision, size);
            let block = Arc::clone(&self.lock().blocks.entry(key).or_default().0);
            let make = || {
                let block = merge(&runs(usize::try_from(size).ok()?)?)?;
                made.inc();
                self.note(key, block.bytes());
                Some(block)
            };
            block.get_or_init(make).clone()
        })
    }

    /// Forgets what starts before a revision, or belongs to a history that was replaced: nobody can
    /// come from there any more.
    pub fn forget(&self, resets: u64, before: u64) {
        let mut kept = self.lock();
        while let Some(first) = kept.blocks.first_entry()
            && *first.key() < (resets, before, 0)
        {
            let (_, bytes) = first.remove();
            kept.bytes -= bytes;
        }
    }

    /// Takes note of what a new block takes, and forgets the oldest others for it.
    fn note(&self, key: Key, bytes: usize) {
        let mut kept = self.lock();
        if let Some((_, known)) = kept.blocks.get_mut(&key) {
            // Two may have made it, when it was forgotten in between.
            let before = std::mem::replace(known, bytes);
            kept.bytes = kept.bytes - before + bytes;
        }
        while kept.bytes > MAX_BYTES
            && let Some(first) = kept.blocks.first_entry()
            && *first.key() != key
        {
            let (_, bytes) = first.remove();
            kept.bytes -= bytes;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

fn merge(entries: &[Arc<Entry>]) -> Option<Arc<Entry>> {
    let events: usize = entries.iter().map(|entry| entry.run.events.len()).sum();
    if events > MOST_EVENTS {
        return None;
    }
    let merged = Entry::merge(entries)?;
    (merged.run.events.len() <= MOST_MERGED).then(|| Arc::new(merged))
}

#[cfg(test)]
pub(super) mod tests;

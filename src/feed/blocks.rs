//! Runs merged for those who are behind. Blocks are of a few sizes and stand at multiples of their
//! size, so that all who are behind share them, wherever they stopped: each is made once, when the
//! first of them comes by, and any way to the head is a few blocks long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::ring::Entry;

/// Runs in a block. Whoever is closer to the head than the smallest gets run by run.
const SIZES: [u64; 4] = [1024, 256, 64, 16];
/// Events in a block, before and after merging: making one must not hold anybody up, and what runs
/// hold that are fuller is sent as it is.
const MOST_EVENTS: usize = 8192;
const MOST_MERGED: usize = 512;
/// Blocks that are kept; what is forgotten is made again when somebody wants it.
const KEPT: usize = 64;

/// How often history was replaced, the revision before the block, and its size.
type Key = (u64, u64, u64);
/// A block, made by whoever wants it first; `None` when it is not worth its while.
type Block = Arc<OnceLock<Option<Arc<Entry>>>>;

#[derive(Default)]
pub struct Blocks(Mutex<BTreeMap<Key, Block>>);

impl Blocks {
    /// The largest block that starts right after `revision` and does not go beyond `head`. `runs`
    /// gives so many entries after the revision, if they are there. `resets` keeps the blocks of
    /// two histories apart.
    pub fn after(
        &self,
        revision: u64,
        head: u64,
        resets: u64,
        runs: impl Fn(usize) -> Option<Vec<Arc<Entry>>>,
    ) -> Option<Arc<Entry>> {
        let fits = |size: &u64| revision.is_multiple_of(*size) && revision + *size <= head;
        SIZES.into_iter().filter(fits).find_map(|size| {
            let block = self.block((resets, revision, size));
            let make = || merge(&runs(usize::try_from(size).ok()?)?);
            block.get_or_init(make).clone()
        })
    }

    fn block(&self, key: Key) -> Block {
        let mut blocks = self.0.lock().expect("nobody panics while holding it");
        if blocks.len() >= KEPT && !blocks.contains_key(&key) {
            blocks.pop_first();
        }
        Arc::clone(blocks.entry(key).or_default())
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

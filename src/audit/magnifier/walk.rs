//! Walks the rows that should be there along with the rows that are, both in order of id.

use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;

pub struct Walk<'a, T> {
    wanted: Peekable<btree_map::Iter<'a, u32, T>>,
}

impl<'a, T> Walk<'a, T> {
    pub fn new(wanted: &'a BTreeMap<u32, T>) -> Walk<'a, T> {
        Walk { wanted: wanted.iter().peekable() }
    }

    /// What row `id` should be; `None` when it should not be there. Rows that should have come
    /// before it go to `missing`.
    pub fn meet(&mut self, id: u32, mut missing: impl FnMut(u32)) -> Option<&'a T> {
        while let Some((&next, wanted)) = self.wanted.next_if(|(next, _)| **next <= id) {
            if next == id {
                return Some(wanted);
            }
            missing(next);
        }
        None
    }

    /// Everything that did not come.
    pub fn finish(self, mut missing: impl FnMut(u32)) {
        self.wanted.for_each(|(id, _)| missing(*id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_strangers_and_missing_rows() {
        let wanted: BTreeMap<u32, char> = [(1, 'a'), (2, 'b'), (4, 'd'), (6, 'f')].into();
        let mut walk = Walk::new(&wanted);
        let mut missing = Vec::new();
        let met: Vec<_> = [2, 3, 4].map(|id| walk.meet(id, |id| missing.push(id)).copied()).into();
        walk.finish(|id| missing.push(id));
        assert_eq!(met, [Some('b'), None, Some('d')]);
        assert_eq!(missing, [1, 6]);
    }
}

//! What was added and taken away, per block of ids, as fingerprints: a block in which both were the
//! same is zero.

use std::ops::RangeInclusive;

use super::fingerprint::Print;
use super::lens::Lens;

/// How finely ids are told apart, and how many rows are looked at closely. Both bound the memory.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub blocks: u32,
    pub rows: u32,
}

impl Scale {
    /// A megabyte or so for each sum, and as much again for what is looked at. (Were there as many
    /// ids as there can be, a block would be of more rows than that, and looked at in part.)
    pub const FULL: Scale = Scale { blocks: 1 << 16, rows: 1 << 15 };
}

pub struct Blocks {
    /// In ids, from 1 on.
    width: u32,
    /// The last one is of all ids beyond.
    prints: Vec<Print>,
    rows: Vec<u32>,
}

impl Blocks {
    /// For ids that should be at most `highest`.
    pub fn new(highest: u32, scale: Scale) -> Blocks {
        let width = highest.div_ceil(scale.blocks).max(1);
        let blocks = highest.div_ceil(width) as usize + 1;
        Blocks { width, prints: vec![Print::ZERO; blocks], rows: vec![0; blocks] }
    }

    /// A row that should be there.
    pub fn add(&mut self, id: u32, row: Print) {
        let block = self.block(id);
        self.rows[block] = self.rows[block].saturating_add(1);
        self.shift(id, row);
    }

    /// A row that is there.
    pub fn take(&mut self, id: u32, row: Print) {
        self.add(id, -row);
    }

    /// What is no row of its own.
    pub fn shift(&mut self, id: u32, print: Print) {
        let block = self.block(id);
        self.prints[block] = self.prints[block] + print;
    }

    /// The blocks that are not zero, as many from the first on as hold `scale.rows` rows.
    pub fn lens(&self, scale: Scale) -> Lens {
        let mut lens = Lens::default();
        let mut left = scale.rows;
        for block in (0..self.prints.len()).filter(|block| self.prints[*block] != Print::ZERO) {
            let (ids, rows) = (self.ids(block), self.rows[block]);
            if rows <= left && !lens.leaves_out() {
                left -= rows;
                lens.take_in(ids);
            } else {
                if lens.is_empty() {
                    let (first, last) = ids.clone().into_inner();
                    let part = first..=last.min(first.saturating_add(scale.rows));
                    lens.take_in_part(part);
                }
                lens.leave_out(ids);
            }
        }
        lens
    }

    fn block(&self, id: u32) -> usize {
        let block = (id.saturating_sub(1) / self.width) as usize;
        block.min(self.prints.len() - 1)
    }

    fn ids(&self, block: usize) -> RangeInclusive<u32> {
        // Below the last block everything is at most `highest`, a u32.
        let before =
            u32::try_from(block).map_or(u32::MAX, |block| block.saturating_mul(self.width));
        // An id of 0 is nobody's, but may be written.
        let first = if block == 0 { 0 } else { before.saturating_add(1) };
        let beyond = block + 1 == self.prints.len();
        first..=if beyond { u32::MAX } else { before.saturating_add(self.width) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::fingerprint::Keys;

    /// Blocks of two ids up to 6, where these ids have a row too many.
    fn lens(wrong: &[u32], rows: u32) -> Lens {
        let keys = Keys::draw();
        let scale = Scale { blocks: 3, rows };
        let mut blocks = Blocks::new(6, scale);
        for id in 1..=6 {
            blocks.add(id, keys.print(&id));
            blocks.take(id, keys.print(&id));
        }
        wrong.iter().for_each(|id| blocks.take(*id, keys.print(id)));
        blocks.lens(scale)
    }

    #[test]
    fn differing_blocks_are_looked_at_and_no_others() {
        assert!(lens(&[], 100).is_empty());
        let third = lens(&[3], 100);
        let seen: Vec<u32> = (0..9).filter(|id| third.contains(*id)).collect();
        assert_eq!((seen, third.leaves_out()), (vec![3, 4], false));
        let both = lens(&[0, 5], 100);
        let seen: Vec<u32> = (0..9).filter(|id| both.contains(*id)).collect();
        assert_eq!((seen, both.span()), (vec![0, 1, 2, 5, 6], Some(0..=6)));
        assert!(lens(&[9], 100).contains(u32::MAX));
        assert!(!lens(&[9], 100).contains(6));
    }

    #[test]
    fn what_is_too_much_is_left_out_and_said() {
        let some = lens(&[1, 3, 5], 10);
        assert!(some.contains(2) && some.contains(4) && !some.contains(5));
        assert_eq!(some.left_out("ids").as_deref(), Some("ids 5 to 6"));
        let part = lens(&[9], 0);
        assert!(part.contains(7) && !part.contains(8));
        assert_eq!(part.left_out("ids").as_deref(), Some("ids from 7 on"));
    }

    #[test]
    fn any_id_has_a_block() {
        let scale = Scale::FULL;
        for highest in [0, 1, 65_536, 65_537, 10_000_000, u32::MAX] {
            let blocks = Blocks::new(highest, scale);
            assert!(blocks.prints.len() <= 65_537);
            for id in [0, 1, highest / 2, highest, highest.saturating_add(1), u32::MAX] {
                let ids = blocks.ids(blocks.block(id));
                assert!(ids.contains(&id), "{id} of {highest} in {ids:?}");
            }
        }
    }
}

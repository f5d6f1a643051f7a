//! The ids that are looked at closely, since something differs among them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::check::Check;

#[derive(Default, Debug)]
pub struct Lens {
    /// By their last ids.
    blocks: BTreeMap<u32, Block>,
    left_out: Option<RangeInclusive<u32>>,
}

#[derive(Debug)]
struct Block {
    first: u32,
    /// Whether something was found that makes it differ.
    explained: bool,
}

impl Lens {
    pub fn take_in(&mut self, ids: RangeInclusive<u32>) {
        let (first, last) = ids.into_inner();
        self.blocks.insert(last, Block { first, explained: false });
    }

    /// A part of a block, in which nothing needs to be wrong.
    pub fn take_in_part(&mut self, ids: RangeInclusive<u32>) {
        let (first, last) = ids.into_inner();
        self.blocks.insert(last, Block { first, explained: true });
    }

    /// Something differs there too, but it is not looked at.
    pub fn leave_out(&mut self, ids: RangeInclusive<u32>) {
        let (first, last) = ids.into_inner();
        let first = self.left_out.as_ref().map_or(first, |before| *before.start());
        self.left_out = Some(first..=last);
    }

    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub fn contains(&self, id: u32) -> bool {
        self.blocks.range(id..).next().is_some_and(|(_, block)| block.first <= id)
    }

    /// From the first id to the last.
    pub fn span(&self) -> Option<RangeInclusive<u32>> {
        let (_, first) = self.blocks.first_key_value()?;
        let (last, _) = self.blocks.last_key_value()?;
        Some(first.first..=*last)
    }

    /// Something was found at this id.
    pub fn explain(&mut self, id: u32) {
        if let Some((_, block)) = self.blocks.range_mut(id..).next()
            && block.first <= id
        {
            block.explained = true;
        }
    }

    pub fn leaves_out(&self) -> bool {
        self.left_out.is_some()
    }

    /// Where nobody looked: `what` is the plural of what the ids are of.
    pub fn left_out(&self, what: &str) -> Option<String> {
        self.left_out.as_ref().map(|ids| place(what, ids))
    }

    /// A difference that nothing explains is wrong all the same, and so is what was left out.
    pub fn say(&self, what: &str, check: &mut Check) {
        for (last, Block { first, explained }) in &self.blocks {
            let ids = *first..=*last;
            check.expect(*explained, || format!("something differs among {}", place(what, &ids)));
        }
        if let Some(ids) = &self.left_out {
            check.leave_out(place(what, ids));
        }
    }
}

fn place(what: &str, ids: &RangeInclusive<u32>) -> String {
    match (*ids.start(), *ids.end()) {
        (first, u32::MAX) => format!("{what} from {first} on"),
        (first, last) => format!("{what} {first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_explains_is_wrong_all_the_same() {
        let mut lens = Lens::default();
        [1..=2, 3..=4, 9..=10].into_iter().for_each(|ids| lens.take_in(ids));
        lens.explain(4);
        lens.explain(7);
        let mut check = Check::new("rows are the same");
        lens.say("rows", &mut check);
        let line = "WRONG rows are the same: 2 contradictions: something differs among rows 1 to \
                    2; something differs among rows 9 to 10";
        assert_eq!(check.to_line(), line);
        lens.explain(1);
        lens.explain(9);
        let mut check = Check::new("rows are the same");
        lens.say("rows", &mut check);
        assert!(check.holds());
        lens.leave_out(20..=21);
        lens.leave_out(30..=31);
        lens.say("rows", &mut check);
        let line = "WRONG rows are the same: something differs among rows 20 to 31";
        assert_eq!(check.to_line(), line);
    }
}

//! What fills a template whose values came late: the values, the rounds of its blocks, and what follows from both.

use std::borrow::Cow;
use std::ffi::OsStr;

use super::blank::{Number, When};
use super::block::Block;

/// A round of a block: one time that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// The number of the block, from 1; that of the whole text is 0.
    pub(crate) block: u32,
    /// The round in which the block stands.
    pub(crate) parent: u32,
}

/// The whole text is there once.
const WHOLE: &[Round] = &[Round { block: 0, parent: 0 }];

/// The rounds of a template's blocks. The first is the whole.
#[derive(Debug)]
pub(crate) struct Rounds<'v> {
    blocks: &'v [Block],
    all: &'v [Round],
    /// Their numbers by parent and block.
    order: Vec<u32>,
}

impl Default for Rounds<'_> {
    fn default() -> Self {
        Self::new(&[], WHOLE)
    }
}

impl<'v> Rounds<'v> {
    pub(crate) fn new(blocks: &'v [Block], all: &'v [Round]) -> Self {
        let all = if all.is_empty() { WHOLE } else { all };
        let mut order = Vec::new();
        if !blocks.is_empty() {
            order.extend(1..all.len() as u32);
            let key = |round: &u32| all.get(*round as usize).map(|round| (round.parent, round.block));
            // Stable: those of one block in one round keep their order.
            order.sort_by_key(key);
        }
        Self { blocks, all, order }
    }

    /// The rounds by their numbers, and the block of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..).zip(self.all.iter().map(|round| round.block))
    }

    /// The rounds of a block.
    pub(crate) fn of(&self, block: u32) -> impl Iterator<Item = u32> {
        self.iter().filter(move |(_, own)| *own == block).map(|(round, _)| round)
    }

    /// Whether a block is there at all.
    pub(crate) fn has(&self, block: u32) -> bool {
        block == 0 || self.all.iter().any(|round| round.block == block)
    }

    /// The round of a block in which another round stands, or which it is.
    fn around(&self, mut round: u32, block: u32) -> Option<u32> {
        loop {
            let own = self.all.get(round as usize).copied().unwrap_or(Round { block: 0, parent: 0 });
            if own.block == block {
                return Some(round);
            }
            if own.block == 0 {
                return None;
            }
            round = own.parent;
        }
    }

    /// The rounds of a block that stand in a round.
    fn inside(&self, parent: u32, block: u32) -> &[u32] {
        let key =
            |round: &u32| self.all.get(*round as usize).map_or((0, 0), |round| (round.parent, round.block));
        let first = self.order.partition_point(|round| key(round) < (parent, block));
        let end = self.order.partition_point(|round| key(round) <= (parent, block));
        self.order.get(first..end).unwrap_or_default()
    }

    /// The block that stands in `outer` and has `inner` in it, or is it.
    fn between(&self, outer: u32, mut inner: u32) -> Option<u32> {
        loop {
            let parent = self.blocks.get((inner as usize).checked_sub(1)?)?.parent;
            if parent == outer {
                return Some(inner);
            }
            inner = parent;
        }
    }

    /// Goes through items as often as they are there, in the order of the VM that has all written out: what stands together in
    /// a block is there once a round. `place` tells an item's block, and a number that parts what stands apart in any case.
    pub(crate) fn walk<'i, T>(
        &self,
        items: &'i [T],
        place: impl Fn(&T) -> (u32, u8) + Copy,
        mut each: impl FnMut(usize, &'i T, u32),
    ) {
        self.walk_in(items, 0, (0, 0), place, &mut each);
    }

    /// The same of the items of one round, of which the first has number `first`. Blocks don't nest deep.
    fn walk_in<'i, T>(
        &self,
        items: &'i [T],
        first: usize,
        (block, round): (u32, u32),
        place: impl Fn(&T) -> (u32, u8) + Copy,
        each: &mut impl FnMut(usize, &'i T, u32),
    ) {
        let mut rest = items;
        let mut at = first;
        while let Some((item, behind)) = rest.split_first() {
            let (own, part) = place(item);
            let inner = if own == block { None } else { self.between(block, own) };
            let Some(inner) = inner else {
                each(at, item, round);
                rest = behind;
                at += 1;
                continue;
            };
            let together = rest.iter().take_while(|item| {
                let (own, other) = place(item);
                other == part && own != block && self.between(block, own) == Some(inner)
            });
            let (group, behind) = rest.split_at(together.count());
            for round in self.inside(round, inner) {
                self.walk_in(group, at, (inner, *round), place, each);
            }
            rest = behind;
            at += group.len();
        }
    }
}

/// A value for each item of a list, in each round in which it is there.
#[derive(Debug)]
pub(crate) struct PerRound<T> {
    /// The block of each item, and its number among those of the block. Without blocks there are none.
    items: Vec<(u32, u32)>,
    /// The number of each round's first value.
    bases: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for PerRound<T> {
    fn default() -> Self {
        Self { items: Vec::new(), bases: Vec::new(), values: Vec::new() }
    }
}

impl<T: Clone> PerRound<T> {
    /// All of them `value`, for items that stand in these blocks.
    pub(crate) fn new(rounds: &Rounds<'_>, blocks: impl ExactSizeIterator<Item = u32>, value: T) -> Self {
        if rounds.blocks.is_empty() {
            return Self { items: Vec::new(), bases: Vec::new(), values: vec![value; blocks.len()] };
        }
        let mut lens = vec![0_u32; rounds.blocks.len() + 1];
        let items = blocks.map(|block| {
            let Some(len) = lens.get_mut(block as usize) else { return (0, u32::MAX) };
            *len += 1;
            (block, *len - 1)
        });
        let items = items.collect();
        let mut next = 0;
        let bases = rounds.all.iter().map(|round| {
            let first = next;
            next += lens.get(round.block as usize).copied().unwrap_or(0);
            first
        });
        let bases = bases.collect();
        Self { items, bases, values: vec![value; next as usize] }
    }
}

impl<T> PerRound<T> {
    fn index(&self, rounds: &Rounds<'_>, round: u32, item: u32) -> Option<usize> {
        if rounds.blocks.is_empty() {
            return Some(item as usize);
        }
        let (block, number) = *self.items.get(item as usize)?;
        let round = rounds.around(round, block)?;
        Some((*self.bases.get(round as usize)? + number) as usize)
    }

    /// The value of an item, in a round or one round it.
    pub(crate) fn get(&self, rounds: &Rounds<'_>, round: u32, item: u32) -> Option<&T> {
        self.values.get(self.index(rounds, round, item)?)
    }

    pub(crate) fn set(&mut self, rounds: &Rounds<'_>, round: u32, item: u32, value: T) {
        let index = self.index(rounds, round, item);
        if let Some(place) = index.and_then(|index| self.values.get_mut(index)) {
            *place = value;
        }
    }
}

/// The value of a blank.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bound<'v> {
    /// It, if there is one.
    pub(crate) text: Option<Cow<'v, OsStr>>,
    /// The number that it is, if it is one.
    pub(crate) number: u64,
}

/// What fills a template: values that came late, and what follows from them.
#[derive(Debug, Default)]
pub(crate) struct Filled<'v> {
    pub(crate) rounds: Rounds<'v>,
    /// The value of each blank.
    pub(crate) blanks: PerRound<Bound<'v>>,
    /// The shape that each choice has.
    pub(crate) shapes: PerRound<u32>,
    /// The numbers of the generated ids, where these hang on values.
    pub(crate) ids: PerRound<u32>,
    /// The lines of the table whose file descriptors are among the values: the number of the value, and the line's.
    pub(crate) lines: Vec<(u32, u32)>,
    /// The statements that come before others by what values say: a statement, and one that it needs.
    pub(crate) needs: Vec<(u32, u32)>,
}

impl Filled<'_> {
    /// Whether something is there that hangs on values.
    pub(crate) fn is_there(&self, round: u32, when: Option<When>) -> bool {
        when.is_none_or(|when| self.shapes.get(&self.rounds, round, when.choice) == Some(&when.shape))
    }

    pub(crate) fn blank(&self, round: u32, blank: u32) -> Option<&OsStr> {
        self.blanks.get(&self.rounds, round, blank)?.text.as_deref()
    }

    /// A number.
    pub(crate) fn number(&self, round: u32, number: Number) -> u64 {
        match number {
            Number::Known(number) => number,
            Number::Blank(blank) => {
                self.blanks.get(&self.rounds, round, blank).map_or(0, |bound| bound.number)
            }
        }
    }
}

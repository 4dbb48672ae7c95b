//! Rounds: the times that the statements of a block are there.
//!
//! Where all values are known, what a loop repeats is read once a round, and what a condition excludes isn't in the VM. A block
//! on whose values it hangs that come later is **open**: it is read once, and stands for all of its rounds. So that what can't
//! be twice in a VM is found in a loop, its statements are read a second time, as a **copy** that nothing prints.

use std::collections::HashMap;

use crate::Span;
use crate::plan::{Block, Guard};

/// One time that a block's statements are there.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// The round in which the block stands.
    parent: u32,
    pub(crate) sort: Sort,
    /// What the value of the list is called of which a loop's round is.
    variable: Option<Variable>,
}

/// Why a round is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Its block is known to be there.
    Known,
    /// Values that come later decide about its block, the one of this number.
    Open(u32),
    /// The same, and it is a copy.
    Copy(u32),
    /// It never is. It is read for what is wrong with it in any case.
    Never,
}

#[derive(Clone, Debug)]
struct Variable {
    name: String,
    /// None comes later.
    value: Option<String>,
    /// Where it is declared.
    span: Span,
}

/// What a variable stands for.
pub(crate) enum Bound<'r> {
    Known(&'r str, Span),
    /// Nothing that is known yet. It is declared here.
    Later(Span),
}

/// All rounds of a text. The first is the whole.
#[derive(Clone, Debug)]
pub(crate) struct Rounds {
    all: Vec<Round>,
    /// The open blocks, in the order of their numbers, from 1.
    blocks: Vec<Block>,
    /// The number of the open block that a statement makes in another.
    by_place: HashMap<(usize, u32), u32>,
}

impl Default for Rounds {
    fn default() -> Self {
        let whole = Round { parent: 0, sort: Sort::Known, variable: None };
        Self { all: vec![whole], blocks: Vec::new(), by_place: HashMap::new() }
    }
}

impl Rounds {
    /// Adds a round of a block that stands in `parent`.
    pub(crate) fn add(&mut self, parent: u32, sort: Sort) -> u32 {
        let sort = if self.is_never(parent) { Sort::Never } else { sort };
        self.all.push(Round { parent, sort, variable: None });
        self.all.len() as u32 - 1
    }

    /// Adds a round of a loop.
    pub(crate) fn add_of(
        &mut self,
        parent: u32,
        sort: Sort,
        name: &str,
        value: Option<String>,
        span: Span,
    ) -> u32 {
        let round = self.add(parent, sort);
        if let Some(round) = self.all.get_mut(round as usize) {
            round.variable = Some(Variable { name: name.to_owned(), value, span });
        }
        round
    }

    /// The number of the open block that statement number `statement` makes in a round. Of a copy it is that of the first.
    pub(crate) fn open(&mut self, statement: usize, parent: u32, guard: Guard) -> u32 {
        let within = self.block(parent);
        let known = self.by_place.get(&(statement, within)).copied().filter(|_| self.is_copy(parent));
        if let Some(known) = known {
            return known;
        }
        self.blocks.push(Block { parent: within, guard });
        let number = self.blocks.len() as u32;
        self.by_place.entry((statement, within)).or_insert(number);
        number
    }

    /// How many there are, the whole text included.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(crate) fn get(&self, round: u32) -> Option<&Round> {
        self.all.get(round as usize)
    }

    /// The round and those in which it stands, from the inside.
    pub(crate) fn path(&self, round: u32) -> impl Iterator<Item = &Round> {
        let mut next = self.get(round);
        std::iter::from_fn(move || {
            let round = next?;
            let is_whole = std::ptr::eq(round, self.all.first()?);
            next = if is_whole { None } else { self.get(round.parent) };
            Some(round)
        })
    }

    /// The number of the open block in which a round stands; 0 is the whole text.
    pub(crate) fn block(&self, round: u32) -> u32 {
        let open = self.path(round).find_map(|round| match round.sort {
            Sort::Open(block) | Sort::Copy(block) => Some(block),
            Sort::Known | Sort::Never => None,
        });
        open.unwrap_or(0)
    }

    pub(crate) fn is_copy(&self, round: u32) -> bool {
        self.path(round).any(|round| matches!(round.sort, Sort::Copy(_)))
    }

    pub(crate) fn is_never(&self, round: u32) -> bool {
        self.get(round).is_some_and(|round| round.sort == Sort::Never)
    }

    /// Whether a round is there, where the open blocks are there of which this holds.
    pub(crate) fn is_there(&self, round: u32, holds: impl Fn(u32) -> bool) -> bool {
        self.path(round).all(|round| match round.sort {
            Sort::Known => true,
            Sort::Open(block) | Sort::Copy(block) => holds(block),
            Sort::Never => false,
        })
    }

    /// What a name stands for in a round, where it is a loop's variable.
    pub(crate) fn variable(&self, round: u32, name: &str) -> Option<Bound<'_>> {
        let mut variables = self.path(round).filter_map(|round| round.variable.as_ref());
        let variable = variables.find(|variable| variable.name == name)?;
        Some(match &variable.value {
            Some(value) => Bound::Known(value, variable.span),
            None => Bound::Later(variable.span),
        })
    }

    /// Of which element of a list a name stands for the value in a round: the loop's block, and whether it is its second one. None
    /// where it is no loop's variable.
    pub(crate) fn element(&self, round: u32, name: &str) -> Option<(u32, bool)> {
        let is_of = |round: &&Round| round.variable.as_ref().is_some_and(|variable| variable.name == name);
        let round = self.path(round).find(is_of)?;
        match round.sort {
            Sort::Open(block) => Some((block, false)),
            // In the copy of a loop that it stands in it is the first of its own.
            Sort::Copy(block) => Some((block, !self.is_copy(round.parent))),
            Sort::Known | Sort::Never => None,
        }
    }
}

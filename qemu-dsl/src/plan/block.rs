//! Parts of a text that are there or not, or that repeat.

use std::borrow::Cow;

use super::packed::packed;

/// A part of a text whose values decide how often it is there. Each time that it is there is a round of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The number of the block in which it stands, counted from 1; 0 is the whole text.
    pub parent: u32,
    /// What decides. In `vm!` that is the program.
    pub guard: Guard,
}

/// What decides how often a block is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Once, where this holds.
    If(Condition),
    /// Once, where this holds, and none of those before it back to the last [`If`](Self::If) of the same part of the text.
    ElseIf(Condition),
    /// Once, where none of those before it back to the last [`If`](Self::If) of the same part of the text holds.
    Else,
    /// Once for each value of a list.
    For {
        /// What the value is called in the block.
        variable: Cow<'static, str>,
        /// The list.
        list: Cow<'static, str>,
    },
}

/// Whether a value is there, or is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What the value is called.
    pub name: Cow<'static, str>,
    /// Whether it is the contrary that must hold.
    pub negated: bool,
    /// Whether it must be on. Otherwise it must be there.
    pub is_flag: bool,
}

packed! {
    struct Block { parent, guard }
    enum Guard { If(condition), ElseIf(condition), Else, For { variable, list } }
    struct Condition { name, negated, is_flag }
}

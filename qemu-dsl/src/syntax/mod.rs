//! From a text to its tree.
//!
//! The grammar says what a text consists of (`lex`), the table which words begin a statement and what belongs to each
//! (`group`). Both are total: what is wrong becomes a diagnostic, and the rest a tree. The tree borrows from the text, has
//! all of it, and knows nothing of what it means.
//!
//! **A grammar without errors** in place of parsing strictly and again leniently: recovery is part of the language's
//! description, a reserved keyword begins the next statement wherever it stands, and any other one where no text of
//! before reads differently by it.
//!
//! **The parser is kept, not derived when it is built**: pest's derive would bring pest's feature `std` into each
//! user's build, eleven packages and the need for a C compiler (`tests/dependencies.rs` has what is left).
//!
//! Line ends mean nothing to the grammar. They decide only whom to blame: an unknown word that begins a line is a
//! misspelt statement, and so is the next such line that is indented no deeper.

mod group;
mod join;
mod lex;
#[rustfmt::skip]
#[expect(clippy::allow_attributes, dead_code, unreachable_pub, reason = "it is generated")]
mod parser;
mod problems;
#[cfg(test)]
mod tests;
mod token;
mod tree;

use crate::diagnostic::Diagnostic;
use crate::table::Table;

pub(crate) use join::{Inclusions, join};
pub(crate) use tree::{
    BlockForm, BlockHead, Condition, Head, Item, Keyword, MOST_BLOCKS, Parameter, Part, Statement, Tree,
    Value, ValueForm, Word,
};

/// Parses `source`, whose statements are those of `table`. Its length must fit a [`crate::Span`].
pub(crate) fn parse<'s>(source: &'s str, table: Table, diagnostics: &mut Vec<Diagnostic>) -> Tree<'s> {
    parse_from(source, 0, table, diagnostics)
}

/// Parses what stands in `source` from `start` on. Its spans are those that it has in all of it.
pub(crate) fn parse_from<'s>(
    source: &'s str,
    start: u32,
    table: Table,
    diagnostics: &mut Vec<Diagnostic>,
) -> Tree<'s> {
    let lexed = lex::lex(source, start, diagnostics);
    group::group(source, lexed, table, diagnostics)
}

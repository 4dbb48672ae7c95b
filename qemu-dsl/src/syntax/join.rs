//! The trees of files that include each other, as one.
//!
//! What a file includes stands where it says so. **What a file says of something that is in what it includes is a change**: a
//! statement that may stand once, one with the same id, a parameter of the same name says what is different, option by option.
//! Everything else is added. So a base can be varied, and none of its statements is written again.
//!
//! It is a change wherever the base stands: where several files include it, it stands where the first of them does. Both stand in
//! the same block. Of a change for some cases alone nobody could say what holds in the others, so it is none, and both are there.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tree::{Head, Item, Keyword, Statement, Tree, Value, Word};
use crate::Span;

/// Which files include which.
pub(crate) struct Inclusions<'i> {
    /// The file that an `include` brings in, by where it stands: none where it is there already.
    pub(crate) brought_in: &'i dyn Fn(u32) -> Option<usize>,
    /// The files that include others, each behind those, with all that are within it.
    pub(crate) within: &'i [(usize, BTreeSet<usize>)],
}

/// Joins the trees.
pub(crate) fn join<'s>(trees: Vec<Tree<'s>>, inclusions: &Inclusions<'_>) -> Tree<'s> {
    let source = trees.last().map_or("", |tree| tree.source);
    let end = trees.first().map_or(0, |tree| tree.end);
    let trees = trees.into_iter().map(Some).collect();
    let mut joiner = Joiner { trees, inclusions, all: Vec::new(), before: 0, blocks: 0 };
    joiner.file(0, None);
    let (mut all, count) = (joiner.all, joiner.blocks);
    let mut apart = Vec::new();
    for (file, within) in inclusions.within {
        vary(&mut all, *file, within, &mut apart);
    }
    let statements: Vec<_> = all.into_iter().flatten().map(|placed| placed.statement).collect();
    let blocks = blocks(&statements, count);
    Tree { source, statements, tokens: Vec::new(), blocks, apart, end }
}

/// A statement, and the number of the file that says it, or what is different of it.
struct Placed<'s> {
    statement: Statement<'s>,
    file: usize,
}

struct Joiner<'s, 'i> {
    trees: Vec<Option<Tree<'s>>>,
    inclusions: &'i Inclusions<'i>,
    /// The statements. None is left where one has become a part of another.
    all: Vec<Option<Placed<'s>>>,
    /// Before which of them stands what holds for the whole text: the last one that stands in no block.
    before: usize,
    /// How many blocks there are so far.
    blocks: u32,
}

impl<'s> Joiner<'s, '_> {
    /// Adds the statements of a file with all that it includes, as they stand in a block. Files don't include each other deep.
    fn file(&mut self, number: usize, block: Option<u32>) {
        let Some(tree) = self.trees.get_mut(number).and_then(Option::take) else { return };
        let before = self.blocks;
        self.blocks += tree.blocks.len() as u32;
        let moved = |own: u32| own + before;
        for mut statement in tree.statements {
            let is_declared = statement.block.is_none() && matches!(statement.head, Head::Declaration(..));
            statement.block = statement.block.map(moved).or(block);
            match &mut statement.head {
                Head::Block(head) => {
                    head.block = head.block.map(moved);
                    head.chain = head.chain.map(moved);
                }
                Head::Include(inclusion) => {
                    if let Some(number) = (self.inclusions.brought_in)(inclusion.word.span.start) {
                        self.file(number, statement.block);
                    }
                    continue;
                }
                _ => {}
            }
            if is_declared && block.is_some() {
                // What files declare holds for the whole text, also where a block includes them.
                let statement = Statement { block: None, ..statement };
                self.all.insert(self.before, Some(Placed { statement, file: number }));
                self.before += 1;
                continue;
            }
            if statement.block.is_none() {
                self.before = self.all.len();
            }
            self.all.push(Some(Placed { statement, file: number }));
        }
    }
}

/// Makes changes of what a file says of what is `within` it. Where that can't be, both places are added to `apart`.
fn vary(
    all: &mut [Option<Placed<'_>>],
    file: usize,
    within: &BTreeSet<usize>,
    apart: &mut Vec<(Span, Span)>,
) {
    for number in 0..all.len() {
        let Some(Some(own)) = all.get(number) else { continue };
        if own.file != file {
            continue;
        }
        // What it has changed is its own: to say it again is no change.
        let is_meant =
            |base: &Placed<'_>| within.contains(&base.file) && is_same(&own.statement, &base.statement);
        let bases = all.iter().enumerate().filter_map(|(other, base)| Some((other, base.as_ref()?)));
        let mut bases = bases.filter(|(_, base)| is_meant(base)).peekable();
        let block = |other: &Placed<'_>| other.statement.block;
        if bases.peek().is_none() {
            continue;
        }
        let Some((other, _)) = bases.clone().find(|(_, base)| block(base) == block(own)) else {
            let own = own.statement.span();
            apart.extend(bases.filter_map(|(_, base)| Some((own?, base.statement.span()?))));
            continue;
        };
        let change = all.get_mut(number).and_then(Option::take);
        if let (Some(change), Some(place)) = (change, all.get_mut(other)) {
            *place = place
                .take()
                .map(|base| Placed { statement: changed(base.statement, change.statement), file });
        }
    }
}

/// Whether two statements are of the same thing.
fn is_same(one: &Statement<'_>, other: &Statement<'_>) -> bool {
    match (&one.head, &other.head) {
        (Head::Declaration(_, Some(one)), Head::Declaration(_, Some(other))) => {
            one.name.text == other.name.text
        }
        (Head::Keyword(keyword), Head::Keyword(of)) => {
            let is_same_id = id(one).is_some_and(|own| id(other) == Some(own));
            std::ptr::eq(keyword.spec, of.spec) && (keyword.spec.once || is_same_id)
        }
        _ => false,
    }
}

/// The id that a statement writes out.
fn id<'t>(statement: &'t Statement<'_>) -> Option<&'t str> {
    let named = statement.items.iter().find_map(|item| match item {
        Item::Option { name, value: Some(value) } if matches!(name.text, "id" | "node-name") => value.text(),
        _ => None,
    });
    // `iothread io0`
    let heads = || statement.keyword()?.heads().find(|(head, _)| head.name == "id")?.1.text();
    named.or_else(heads)
}

/// A statement with what is said to be different. One of another kind takes its place.
fn changed<'s>(base: Statement<'s>, change: Statement<'s>) -> Statement<'s> {
    let (Head::Keyword(of), Head::Keyword(own)) = (&base.head, &change.head) else { return change };
    let text = |kind: &Option<Value<'s>>| kind.as_ref().and_then(|kind| kind.text().map(str::to_owned));
    if own.kind.is_some() && text(&own.kind) != text(&of.kind) {
        return change;
    }
    // What is wrong with it is told of the change's keyword.
    let at = own.word.span;
    let kind = own.kind.clone().or_else(|| of.kind.clone().map(|kind| Value { span: at, ..kind }));
    let values = if own.values.is_empty() { of.values.clone() } else { own.values.clone() };
    let head = Head::Keyword(Keyword { word: own.word, spec: own.spec, kind, values });
    let said: Vec<&str> = change.items.iter().filter_map(name).map(|name| name.text).collect();
    let kept = base.items.into_iter().filter(|item| name(item).is_none_or(|name| !said.contains(&name.text)));
    let mut items: Vec<_> = kept.collect();
    items.extend(change.items);
    Statement { head, items, broken: base.broken || change.broken, block: base.block, joined: true }
}

fn name<'s>(item: &Item<'s>) -> Option<Word<'s>> {
    match item {
        Item::Option { name, .. } | Item::Flag(name) | Item::Feature { name, .. } => Some(*name),
        Item::Loose(_) => None,
    }
}

/// Of each block its statements: they follow what it stands behind.
fn blocks(statements: &[Statement<'_>], count: u32) -> Vec<Range<usize>> {
    let mut blocks = vec![0..0; count as usize];
    // The blocks that go on.
    let mut open: Vec<u32> = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        while let Some(last) = open.last()
            && Some(*last) != statement.block
        {
            if let Some(block) = blocks.get_mut(*last as usize) {
                block.end = at;
            }
            open.pop();
        }
        if let Head::Block(head) = &statement.head
            && let Some(number) = head.block
        {
            if let Some(block) = blocks.get_mut(number as usize) {
                *block = at + 1..statements.len();
            }
            open.push(number);
        }
    }
    blocks
}

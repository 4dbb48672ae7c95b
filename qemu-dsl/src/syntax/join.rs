//! The trees of files that include each other, as one.
//!
//! What a file includes stands where it says so. **What a file says of something that is in what it includes is a change**: a
//! statement that may stand once, one with the same id, a parameter of the same name says what is different, option by option.
//! Everything else is added. So a base can be varied, and none of its statements is written again.

use std::ops::Range;

use super::tree::{Head, Item, Keyword, Statement, Tree, Value, Word};

/// Joins the trees. `included` tells which of them an `include` is for, which stands at this place of the text: none where it
/// adds nothing.
pub(crate) fn join<'s>(trees: Vec<Tree<'s>>, included: impl Fn(u32) -> Option<usize>) -> Tree<'s> {
    let source = trees.last().map_or("", |tree| tree.source);
    let end = trees.first().map_or(0, |tree| tree.end);
    let mut joiner = Joiner { trees: trees.into_iter().map(Some).collect(), included: &included, blocks: 0 };
    let statements = joiner.file(0, None);
    let blocks = blocks(&statements, joiner.blocks);
    Tree { source, statements, tokens: Vec::new(), blocks, end }
}

struct Joiner<'s, 'i> {
    trees: Vec<Option<Tree<'s>>>,
    included: &'i dyn Fn(u32) -> Option<usize>,
    /// How many blocks there are so far.
    blocks: u32,
}

impl<'s> Joiner<'s, '_> {
    /// The statements of a file with all that it includes, as they stand in a block. Files don't include each other deep.
    fn file(&mut self, number: usize, block: Option<u32>) -> Vec<Statement<'s>> {
        let Some(tree) = self.trees.get_mut(number).and_then(Option::take) else { return Vec::new() };
        let before = self.blocks;
        self.blocks += tree.blocks.len() as u32;
        let moved = |own: u32| own + before;
        // Which of them are this file's own.
        let mut own = Vec::new();
        let mut all: Vec<Statement<'s>> = Vec::new();
        // What files declare holds for the whole text, also where a block includes them.
        let mut declared = Vec::new();
        for mut statement in tree.statements {
            statement.block = statement.block.map(moved).or(block);
            match &mut statement.head {
                Head::Block(head) => {
                    head.block = head.block.map(moved);
                    head.chain = head.chain.map(moved);
                }
                Head::Include(inclusion) => {
                    if let Some(number) = (self.included)(inclusion.word.span.start) {
                        let included = self.file(number, statement.block);
                        let (parameters, rest): (Vec<_>, Vec<_>) =
                            included.into_iter().partition(|included| {
                                statement.block.is_some()
                                    && included.block == statement.block
                                    && matches!(included.head, Head::Declaration(..))
                            });
                        let whole = |parameter: Statement<'s>| Statement { block: None, ..parameter };
                        declared.extend(parameters.into_iter().map(whole));
                        all.extend(rest);
                    }
                    continue;
                }
                _ => {}
            }
            own.push(all.len());
            all.push(statement);
        }
        own.iter_mut().for_each(|number| *number += declared.len());
        declared.append(&mut all);
        vary(declared, &own)
    }
}

/// Makes changes of what `own` statements say of others.
fn vary<'s>(all: Vec<Statement<'s>>, own: &[usize]) -> Vec<Statement<'s>> {
    if own.len() == all.len() {
        return all;
    }
    let mut all: Vec<Option<Statement<'s>>> = all.into_iter().map(Some).collect();
    for number in own {
        let Some(statement) = all.get(*number).and_then(Option::as_ref).filter(|one| one.block.is_none())
        else {
            continue;
        };
        let is_meant = |(other, base): (usize, &Option<Statement<'s>>)| {
            own.binary_search(&other).is_err()
                && base.as_ref().is_some_and(|base| base.block.is_none() && is_same(statement, base))
        };
        let Some(other) = all.iter().enumerate().position(is_meant) else { continue };
        let change = all.get_mut(*number).and_then(Option::take);
        if let (Some(change), Some(place)) = (change, all.get_mut(other)) {
            *place = place.take().map(|base| changed(base, change));
        }
    }
    all.into_iter().flatten().collect()
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
    statement.items.iter().find_map(|item| match item {
        Item::Option { name, value: Some(value) } if matches!(name.text, "id" | "node-name") => value.text(),
        _ => None,
    })
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
    Statement { head, items, broken: base.broken || change.broken, block: None, joined: true }
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

//! A text with all of its values, blocks and files written out, and what it declares.

use super::params::{Declaration, Params, Scope};
use super::script::{Script, Step};
use super::{Options, Reading};
use crate::Span;
use crate::source::{quoted, spell};
use crate::syntax::{Head, Item, Keyword, Statement, Tree, Value, ValueForm};

/// A statement that is written out, and where the text has it.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) at: Span,
}

impl Reading<'_> {
    /// The statements that are read, written out. Nothing where a value is missing, or comes later.
    pub(crate) fn written(&self) -> Option<Vec<Line>> {
        let Self { tree, params, script, .. } = self;
        let lines = script.steps.iter().map(|step| line(*step, tree, params, script));
        Some(lines.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// What the text declares, in its order.
    pub(crate) fn declared(tree: &Tree<'_>, options: &Options) -> Vec<Declaration> {
        Params::new(tree, options, &mut Vec::new()).declarations(tree)
    }
}

/// A statement, unless it says nothing about the VM. The outer `None` is a value that isn't there.
fn line(step: Step, tree: &Tree<'_>, params: &Params, script: &Script) -> Option<Option<Line>> {
    let Some(statement) = tree.statements.get(step.statement) else { return Some(None) };
    let Head::Keyword(keyword) = &statement.head else { return Some(None) };
    let scope = Scope { rounds: Some(&script.rounds), round: step.round };
    let mut text = keyword.word.text.to_owned();
    for part in values(keyword).chain(items(statement)) {
        let (name, value) = part;
        let spelt = match value {
            None => None,
            Some(value) if params.is_absent(value, scope) => continue,
            Some(value) => Some(match &value.form {
                ValueForm::Bare(text) => (*text).to_owned(),
                _ => {
                    let text = params.peek(value, scope)?;
                    if name.is_empty() { quoted(&text) } else { spell(&text).into_owned() }
                }
            }),
        };
        text.push(' ');
        text.push_str(&name);
        if let Some(spelt) = spelt {
            if !name.is_empty() {
                text.push('=');
            }
            text.push_str(&spelt);
        }
    }
    Some(Some(Line { text, at: keyword.word.span }))
}

/// The kind and the values of a keyword. They have no names.
fn values<'t, 's>(keyword: &'t Keyword<'s>) -> impl Iterator<Item = (String, Option<&'t Value<'s>>)> {
    keyword.kind.iter().chain(&keyword.values).map(|value| (String::new(), Some(value)))
}

/// The options and flags of a statement.
fn items<'t, 's>(statement: &'t Statement<'s>) -> impl Iterator<Item = (String, Option<&'t Value<'s>>)> {
    statement.items.iter().map(|item| match item {
        Item::Option { name, value } => (name.text.to_owned(), value.as_ref()),
        Item::Flag(name) => (name.text.to_owned(), None),
        Item::Feature { on, name } => (format!("{}{}", if *on { '+' } else { '-' }, name.text), None),
        Item::Loose(value) => (String::new(), Some(value)),
    })
}

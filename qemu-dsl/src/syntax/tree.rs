//! The syntax tree: what a text says before anybody asks what it means.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::token::{Kind, Token};
use crate::Span;
use crate::table::{FormSpec, OptionSpec, StatementSpec};

/// A text, as its statements and all that stands between.
#[derive(Debug)]
pub(crate) struct Tree<'s> {
    pub(crate) source: &'s str,
    /// The statements in their order. Those of a block stand behind the statement that it belongs to.
    pub(crate) statements: Vec<Statement<'s>>,
    /// All of the text: comments, white space and `;` too.
    pub(super) tokens: Vec<Token>,
    /// Of each block its statements.
    pub(crate) blocks: Vec<Range<usize>>,
    /// What files say of something in what they include, and where that is, in another block: it is no change.
    pub(crate) apart: Vec<(Span, Span)>,
    /// Where the text itself ends. Behind it are the files that it includes.
    pub(crate) end: u32,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) struct Statement<'s> {
    pub(crate) head: Head<'s>,
    pub(crate) items: Vec<Item<'s>>,
    /// Whether something in it made no sense and has been reported: nothing is said about what seems missing then.
    pub(crate) broken: bool,
    /// The number of the block that it stands in.
    pub(crate) block: Option<u32>,
    /// Whether it says what is different of one in another file, and is both together.
    pub(crate) joined: bool,
}

impl Statement<'_> {
    /// From its keyword to its last word, where it begins with a keyword.
    pub(crate) fn span(&self) -> Option<Span> {
        let Head::Keyword(keyword) = &self.head else { return None };
        let values = keyword.kind.iter().chain(&keyword.values).map(|value| value.span);
        let last = values.chain(self.items.iter().map(Item::span)).last();
        Some(last.map_or(keyword.word.span, |last| keyword.word.span.to(last)))
    }
}

/// What a statement begins with.
#[derive(Clone, Debug)]
pub(crate) enum Head<'s> {
    /// Nothing: its items stand where a statement should begin.
    Orphan,
    /// A keyword of the table.
    Keyword(Keyword<'s>),
    /// `param`, and what it declares.
    Declaration(Word<'s>, Option<Parameter<'s>>),
    /// What a block stands behind.
    Block(BlockHead<'s>),
    /// `include`, and the file.
    Include(Inclusion<'s>),
    /// A word that the language keeps for itself, where it begins nothing.
    Reserved(Word<'s>),
    /// A line of a shell's that runs QEMU, in place of statements.
    CommandLine(Span),
}

/// A keyword of the table, with its kind and the values that have no name.
#[derive(Clone, Debug)]
pub(crate) struct Keyword<'s> {
    pub(crate) word: Word<'s>,
    pub(crate) spec: &'static StatementSpec,
    pub(crate) kind: Option<Value<'s>>,
    pub(crate) values: Vec<Value<'s>>,
}

impl<'s> Keyword<'s> {
    /// The values without a name, with what they are.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (&'static OptionSpec, &Value<'s>)> {
        let form = self.spec.form(self.kind.as_ref().and_then(Value::text));
        let form = form.and_then(|form| self.spec.forms.get(form));
        form.into_iter().flat_map(FormSpec::positionals).zip(&self.values)
    }
}

/// `include "common.vm"`. What is wrong with it has been reported.
#[derive(Clone, Debug)]
pub(crate) struct Inclusion<'s> {
    pub(crate) word: Word<'s>,
    pub(crate) file: Option<Value<'s>>,
}

impl Inclusion<'_> {
    /// The file's path, and where that stands.
    pub(crate) fn path(&self) -> Option<(&str, Span)> {
        let file = self.file.as_ref()?;
        Some((file.text().filter(|path| !path.is_empty())?, file.span))
    }
}

/// Blocks stand in each other no deeper than this: what follows them calls itself.
pub(crate) const MOST_BLOCKS: usize = 64;

/// What a block stands behind: `if {debug}`, `else if {quiet}`, `else`, `for disk in {disks}`. What is missing has been reported.
#[derive(Clone, Debug)]
pub(crate) struct BlockHead<'s> {
    pub(crate) form: BlockForm,
    pub(crate) word: Word<'s>,
    /// The `if` behind `else`, or a loop's `in`.
    pub(super) second: Option<Word<'s>>,
    /// A loop's variable.
    pub(crate) variable: Option<Word<'s>>,
    /// What stands in its braces.
    pub(crate) condition: Option<Condition<'s>>,
    /// The number of its block.
    pub(crate) block: Option<u32>,
    /// The number of the first block of those of which at most one is there: an `if`'s.
    pub(crate) chain: Option<u32>,
}

/// The forms of what a block stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockForm {
    If,
    ElseIf,
    Else,
    For,
}

/// What decides whether a block is there, or how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condition<'s> {
    /// What stands between the braces.
    pub(crate) name: Word<'s>,
    /// Whether it is the contrary that decides: `{!debug}`.
    pub(crate) negated: bool,
    /// Where it stands, braces included.
    pub(crate) span: Span,
}

/// `name: type = default`
#[derive(Clone, Debug)]
pub(crate) struct Parameter<'s> {
    pub(crate) name: Word<'s>,
    /// The words `list of`, where there can be several values.
    pub(crate) list: Option<Word<'s>>,
    pub(crate) kind: Option<Word<'s>>,
    /// Its default. A list may have several.
    pub(crate) defaults: Vec<Value<'s>>,
}

/// What stands behind a statement's head.
#[derive(Clone, Debug)]
pub(crate) enum Item<'s> {
    /// `name=value`. The value is absent where it was forgotten.
    Option { name: Word<'s>, value: Option<Value<'s>> },
    /// `name`
    Flag(Word<'s>),
    /// `+name` or `-name`
    Feature { on: bool, name: Word<'s> },
    /// A value where none can stand.
    Loose(Value<'s>),
}

/// A word of the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Span,
}

/// A value as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Value<'s> {
    pub(crate) span: Span,
    pub(crate) form: ValueForm<'s>,
}

#[derive(Clone, Debug)]
pub(crate) enum ValueForm<'s> {
    Bare(&'s str),
    /// A string without holes.
    Text(Cow<'s, str>),
    /// A string with holes.
    Parts(Vec<Part<'s>>),
    Hole(Word<'s>),
    /// It has been reported already.
    Broken,
}

/// A part of a string.
#[derive(Clone, Debug)]
pub(crate) enum Part<'s> {
    Text(Cow<'s, str>),
    Hole(Word<'s>),
}

impl<'s> Value<'s> {
    /// The text that it stands for, where no hole leaves that open.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.form {
            ValueForm::Bare(text) => Some(text),
            ValueForm::Text(text) => Some(text),
            ValueForm::Parts(_) | ValueForm::Hole(_) | ValueForm::Broken => None,
        }
    }

    /// The names in its holes.
    pub(crate) fn holes(&self) -> impl Iterator<Item = &'s str> {
        let (own, parts) = match &self.form {
            ValueForm::Hole(name) => (Some(name.text), &[][..]),
            ValueForm::Parts(parts) => (None, parts.as_slice()),
            ValueForm::Bare(_) | ValueForm::Text(_) | ValueForm::Broken => (None, &[][..]),
        };
        let of_parts = parts.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(name.text),
            Part::Text(_) => None,
        });
        own.into_iter().chain(of_parts)
    }
}

impl Item<'_> {
    pub(crate) fn span(&self) -> Span {
        match self {
            Item::Option { name, value } => {
                value.as_ref().map_or(name.span, |value| name.span.to(value.span))
            }
            Item::Flag(name) => name.span,
            Item::Feature { name, .. } => Span::new(name.span.start.saturating_sub(1), name.span.end),
            Item::Loose(value) => value.span,
        }
    }
}

impl<'s> Statement<'s> {
    /// The keyword, where it is one of the table.
    pub(crate) fn keyword(&self) -> Option<&Keyword<'s>> {
        match &self.head {
            Head::Keyword(keyword) => Some(keyword),
            Head::Orphan
            | Head::Declaration(..)
            | Head::Block(_)
            | Head::Include(_)
            | Head::Reserved(_)
            | Head::CommandLine(_) => None,
        }
    }

    /// The places of all that it consists of, in their order.
    fn places(&self) -> impl Iterator<Item = Span> {
        let head: Vec<Span> = match &self.head {
            Head::Orphan => Vec::new(),
            Head::Keyword(Keyword { word, spec: _, kind, values }) => {
                let values = kind.iter().chain(values).map(|value| value.span);
                std::iter::once(word.span).chain(values).collect()
            }
            Head::Declaration(word, None) => vec![word.span],
            Head::Declaration(word, Some(Parameter { name, list, kind, defaults })) => {
                let words = [list, kind].into_iter().flatten().map(|word| word.span);
                let defaults = defaults.iter().map(|value| value.span);
                [word.span, name.span].into_iter().chain(words).chain(defaults).collect()
            }
            Head::Block(head) => {
                let words = [Some(head.word), head.variable, head.second];
                let mut places: Vec<Span> = words.into_iter().flatten().map(|word| word.span).collect();
                places.extend(head.condition.map(|condition| condition.span));
                places
            }
            Head::Include(Inclusion { word, file }) => {
                std::iter::once(word.span).chain(file.as_ref().map(|file| file.span)).collect()
            }
            Head::Reserved(word) => vec![word.span],
            Head::CommandLine(span) => vec![*span],
        };
        let items = self.items.iter().flat_map(|item| match item {
            Item::Option { name, value } => [Some(name.span), value.as_ref().map(|value| value.span)],
            Item::Flag(_) | Item::Feature { .. } | Item::Loose(_) => [Some(item.span()), None],
        });
        head.into_iter().chain(items.flatten())
    }
}

/// The text, byte for byte: what the statements consist of, and what stands between.
impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |span: Span| self.source.get(span.start as usize..span.end as usize).unwrap_or("");
        let mut places = self.statements.iter().flat_map(Statement::places).peekable();
        let mut end = 0;
        for Token { kind, span } in &self.tokens {
            if span.start < end {
                // A part of what has just been written.
            } else if let Some(place) = places.next_if(|place| place.start == span.start) {
                f.write_str(text(place))?;
                end = place.end;
            } else if kind.stands_between() {
                f.write_str(text(*span))?;
            }
        }
        Ok(())
    }
}

impl Kind {
    /// Whether it is in no statement, but between them or between their parts.
    const fn stands_between(self) -> bool {
        self.is_gap()
            || matches!(
                self,
                Self::Skipped
                    | Self::Semicolon
                    | Self::OpenAngle
                    | Self::CloseAngle
                    | Self::OpenBrace
                    | Self::OpenHole
                    | Self::CloseBrace
                    | Self::Not
                    | Self::Equals
                    | Self::Colon
            )
    }
}

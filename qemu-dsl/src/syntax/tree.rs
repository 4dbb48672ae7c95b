//! The syntax tree: what a text says before anybody asks what it means.

use std::borrow::Cow;
use std::fmt;

use super::token::{Kind, Token};
use crate::Span;
use crate::table::StatementSpec;

/// A text, as its statements and all that stands between.
#[derive(Debug)]
pub(crate) struct Tree<'s> {
    pub(crate) source: &'s str,
    /// The statements in their order. Those of a block stand behind the statement that it belongs to.
    pub(crate) statements: Vec<Statement<'s>>,
    /// All of the text: comments, white space and `;` too.
    pub(super) tokens: Vec<Token>,
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
    /// `if`, `else`, `for`, `in` or `include`.
    Structure(Structure<'s>),
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

/// A word that the language keeps for itself, and the number of the block behind it.
#[derive(Clone, Debug)]
pub(crate) struct Structure<'s> {
    pub(crate) word: Word<'s>,
    pub(crate) block: Option<u32>,
}

/// `name: type = default`
#[derive(Clone, Debug)]
pub(crate) struct Parameter<'s> {
    pub(crate) name: Word<'s>,
    pub(crate) kind: Option<Word<'s>>,
    pub(crate) default: Option<Value<'s>>,
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
            Head::Orphan | Head::Declaration(..) | Head::Structure(_) | Head::CommandLine(_) => None,
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
            Head::Declaration(word, Some(Parameter { name, kind, default })) => {
                let kind = kind.map(|kind| kind.span);
                let default = default.as_ref().map(|value| value.span);
                [word.span, name.span].into_iter().chain(kind).chain(default).collect()
            }
            Head::Structure(structure) => vec![structure.word.span],
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
                    | Self::Equals
                    | Self::Colon
            )
    }
}

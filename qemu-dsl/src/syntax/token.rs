//! What a text consists of, from its first byte to its last.

use crate::Span;

/// A piece of the text. Those of a text stand side by side, and nothing of it is in none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What a token is, as the grammar calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ByteOrderMark,
    Shebang,
    Space,
    Comment,
    Semicolon,
    OpenAngle,
    CloseAngle,
    /// `{` that begins no hole.
    OpenBrace,
    /// `{` that begins a hole, unless a block stands there: behind it are a word and `}`.
    OpenHole,
    CloseBrace,
    /// `!` behind the brace of a condition.
    Not,
    Stray,
    /// What makes no sense where it stands, and has been reported.
    Skipped,
    Word,
    /// A word with `=` behind it.
    Name,
    Equals,
    Feature,
    Bare,
    String,
    OpenString,
    OpenRawString,
    Param,
    ParamName,
    Colon,
    /// `list of`
    List,
    ParamType,
    Structure,
}

impl Kind {
    /// Whether it stands between what has a meaning, and has none.
    pub(super) const fn is_gap(self) -> bool {
        matches!(self, Self::ByteOrderMark | Self::Shebang | Self::Space | Self::Comment)
    }

    /// Whether it is a part of a value without quotes. Such tokens that touch are one run.
    pub(super) const fn is_bare(self) -> bool {
        matches!(
            self,
            Self::Word
                | Self::Name
                | Self::Equals
                | Self::Feature
                | Self::Bare
                | Self::Param
                | Self::ParamName
                | Self::Colon
                | Self::ParamType
                | Self::Structure
        )
    }

    /// Whether it is a string, whole or not.
    pub(super) const fn is_quoted(self) -> bool {
        matches!(self, Self::String | Self::OpenString | Self::OpenRawString)
    }
}

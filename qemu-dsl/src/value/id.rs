//! Ids, as QEMU takes them.

use std::fmt;

use super::kind::Kind;
use super::types::{Refusal, Type, ValueType};

/// The text of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdText(pub(crate) String);

impl ValueType for IdText {
    const TYPE: &'static Type = &Type {
        name: "id",
        expects: "an id: ASCII letters, digits, `-`, `.` and `_`, a letter first",
        choices: &[],
        bare: None,
        free: false,
    };
    const KIND: Kind = Kind::Id;

    fn parse(text: &str) -> Result<Self, Refusal> {
        if is_id(text) { Ok(Self(text.to_owned())) } else { Err(Refusal::expected()) }
    }
}

/// Whether QEMU takes `text` as an id.
pub(crate) fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

impl fmt::Display for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

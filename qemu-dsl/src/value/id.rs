//! Ids, as QEMU takes them.

use std::borrow::Cow;
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
        Self::print(text).map(|id| Self(id.into_owned()))
    }

    fn print(text: &str) -> Result<Cow<'_, str>, Refusal> {
        if is_id(text) { Ok(text.into()) } else { Err(Refusal::expected()) }
    }
}

/// The id of an object, or whether there is one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IommuFd(String);

impl ValueType for IommuFd {
    const TYPE: &'static Type =
        &Type { expects: "`on`, `off`, or the id of an `object iommufd`", bare: Some("on"), ..*IdText::TYPE };
    const KIND: Kind = Kind::Id;

    fn parse(text: &str) -> Result<Self, Refusal> {
        if is_id(text) { Ok(Self(text.to_owned())) } else { Err(Refusal::expected()) }
    }
}

impl IommuFd {
    /// Whether there is one of its own.
    pub(crate) fn is_own(&self) -> bool {
        self.0 == "on"
    }

    /// Whether there is none.
    pub(crate) fn is_off(&self) -> bool {
        self.0 == "off"
    }
}

impl fmt::Display for IommuFd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

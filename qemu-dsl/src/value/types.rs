//! What all types of values have.

use std::fmt;

use crate::code::Code;

/// A type of values, as the table describes it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Type {
    /// Its name in the language reference: `path`, `size`, `mac`.
    pub name: &'static str,
    /// What a message expects: "a MAC address such as `52:54:00:12:34:56`".
    pub expects: &'static str,
    /// Its words and their meanings, where it is one of some words.
    pub choices: &'static [(&'static str, &'static str)],
    /// What the option's bare name stands for, where it may stand alone.
    pub bare: Option<&'static str>,
    /// Whether it is a text that people write, rather than a name: one with spaces makes sense.
    pub free: bool,
}

impl Type {
    /// Whether any text will do.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.name, "text" | "path")
    }

    /// Whether what a VM consists of can hang on such a value: a switch, one of some words, what others refer to.
    pub(crate) fn shapes(&self) -> bool {
        self.bare.is_some() || !self.choices.is_empty() || self.name == "id"
    }
}

pub(super) const fn ty(name: &'static str, expects: &'static str) -> Type {
    Type { name, expects, choices: &[], bare: None, free: false }
}

/// A type of texts that people write.
pub(super) const fn free(name: &'static str, expects: &'static str) -> Type {
    Type { free: true, ..ty(name, expects) }
}

/// Why a text is no value of a type. Without a message: because it is not what the type expects.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: Option<String>,
    pub(crate) help: Option<String>,
}

impl Refusal {
    pub(crate) const fn expected() -> Self {
        Self { code: Code::WrongType, message: None, help: None }
    }

    pub(crate) fn because(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()), help: Some(help.into()) }
    }
}

/// A type of values, in Rust.
pub(crate) trait ValueType: fmt::Debug + Sized {
    /// The type, as the table describes it.
    const TYPE: &'static Type;

    /// Reads a text.
    fn parse(text: &str) -> Result<Self, Refusal>;
}

//! What all types of values have.

use std::borrow::Cow;
use std::fmt;

use super::kind::Kind;
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

    /// That there is no value where one must be.
    pub(crate) fn none() -> Self {
        Self::because(Code::MissingValue, "there is no value, and there must be one", "give one")
    }

    /// That a value is no text.
    pub(crate) fn no_text(help: &str) -> Self {
        Self::because(Code::WrongType, "this is no UTF-8", help)
    }

    /// That a value would be several.
    pub(crate) fn comma() -> Self {
        let message = "a comma would begin another value of this option";
        Self::because(
            Code::Inexpressible,
            message,
            "leave it out, or use the statement that knows the option",
        )
    }

    /// That no argument of a program can say it.
    pub(crate) fn zero_byte() -> Self {
        let message = "no argument of a program can contain a zero byte";
        Self::because(Code::Inexpressible, message, "leave it out")
    }

    /// Its code, its message and its remedy: why `text` is no value of `name`, which wants what `expects` says, or one of
    /// some words.
    pub(crate) fn say(
        self,
        name: &str,
        expects: &str,
        of_words: bool,
        text: &str,
    ) -> (Code, String, Option<String>) {
        let shown = shown(text);
        let (code, message) = match self.message {
            Some(message) => (self.code, message),
            None if text.is_empty() => (Code::WrongType, format!("{name} has an empty value")),
            None if of_words => (self.code, format!("{name} can't be `{shown}`")),
            None => {
                // The example belongs to the help.
                let expects = expects.split([':', ',']).next().unwrap_or("");
                let expects = expects.split(" such as").next().unwrap_or("");
                (self.code, format!("`{shown}` is not {expects}"))
            }
        };
        (code, message, self.help)
    }

    pub(crate) fn because(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()), help: Some(help.into()) }
    }
}

/// A text of the source's as a message shows it between backticks: on one line, with nothing invisible in it.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// A type of values, in Rust.
pub(crate) trait ValueType: fmt::Debug + fmt::Display + Sized {
    /// The type, as the table describes it.
    const TYPE: &'static Type;

    /// The same as data.
    const KIND: Kind;

    /// Reads a text.
    fn parse(text: &str) -> Result<Self, Refusal>;

    /// The text that is printed for the value of this text.
    fn print(text: &str) -> Result<Cow<'_, str>, Refusal> {
        Self::parse(text).map(|value| value.to_string().into())
    }
}

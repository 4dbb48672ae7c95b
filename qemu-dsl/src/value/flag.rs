//! What is on or off.

use std::borrow::Cow;
use std::fmt;

use super::kind::Kind;
use super::types::{Refusal, Type, ValueType, ty};

/// A boolean, as QEMU's command line has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnOff(pub(crate) bool);

impl ValueType for OnOff {
    const TYPE: &'static Type = &Type { bare: Some("on"), ..ty("flag", "`on` or `off`") };
    const KIND: Kind = Kind::Flag;

    fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "on" | "yes" | "true" => Ok(Self(true)),
            "off" | "no" | "false" => Ok(Self(false)),
            _ => Err(Refusal::expected()),
        }
    }

    fn print(text: &str) -> Result<Cow<'_, str>, Refusal> {
        Self::parse(text).map(|is_on| is_on.as_str().into())
    }
}

impl OnOff {
    const fn as_str(self) -> &'static str {
        if self.0 { "on" } else { "off" }
    }
}

impl fmt::Display for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

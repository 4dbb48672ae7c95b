//! What is on or off.

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
}

impl fmt::Display for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "on" } else { "off" })
    }
}

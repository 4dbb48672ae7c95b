//! Properties that statements pass on to QEMU.

use super::val::Val;
use crate::Span;
use crate::source::Node;

/// A property that a statement passes on to QEMU: `name=value`, a bare `name`, `+name` or `-name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) name: Node<String>,
    pub(crate) value: PropertyValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PropertyValue {
    Text(Val<String>),
    Flag,
    Feature { on: bool },
}

impl Property {
    /// The value as text, where it is known: a flag is `on`.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            PropertyValue::Text(text) => Some(text.known()?),
            PropertyValue::Flag | PropertyValue::Feature { on: true } => Some("on"),
            PropertyValue::Feature { on: false } => Some("off"),
        }
    }

    pub(crate) fn value_span(&self) -> Span {
        match &self.value {
            PropertyValue::Text(text) => text.span(),
            PropertyValue::Flag | PropertyValue::Feature { .. } => self.name.span,
        }
    }
}

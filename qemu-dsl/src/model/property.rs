//! Properties that statements pass on to QEMU.

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
    Text(Node<String>),
    Flag,
    Feature { on: bool },
}

impl Property {
    /// The value as text: a flag is `on`.
    pub(crate) fn text(&self) -> &str {
        match &self.value {
            PropertyValue::Text(text) => text,
            PropertyValue::Flag | PropertyValue::Feature { on: true } => "on",
            PropertyValue::Feature { on: false } => "off",
        }
    }

    pub(crate) fn value_span(&self) -> Span {
        match &self.value {
            PropertyValue::Text(text) => text.span,
            PropertyValue::Flag | PropertyValue::Feature { .. } => self.name.span,
        }
    }
}

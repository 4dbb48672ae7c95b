//! What `device`, `object`, `chardev` and `blockdev` share: they pass on whatever QEMU has that the language has no word for.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::ids::{Provides, REFERENCES, Space, too_long_for_node};
use crate::model::{Checking, Property, PropertyValue};
use crate::read::Cx;
use crate::source::Node;
use crate::value::is_id;

/// The text of a property, with its place.
pub(super) fn text<'p>(properties: &'p [Property], name: &str) -> Option<&'p Node<String>> {
    properties.iter().find(|property| property.name.value == name).and_then(|property| {
        match &property.value {
            PropertyValue::Text(text) => Some(text),
            PropertyValue::Flag | PropertyValue::Feature { .. } => None,
        }
    })
}

pub(super) fn define(properties: &[Property], name: &str, space: Space, provides: Provides, cx: &mut Cx<'_>) {
    if let Some(id) = text(properties, name) {
        if !is_id(id) {
            cx.report(
                Diagnostic::error(Code::WrongType, format!("`{}` is not an id", id.escape_debug()))
                    .at(id.span)
                    .help("write ASCII letters, digits, `-`, `.` and `_`, a letter first"),
            );
        } else if name == "node-name"
            && let Some(diagnostic) = too_long_for_node(id, id.span)
        {
            cx.report(diagnostic);
        }
        cx.define(space, id.value.clone(), id.span, provides, false);
    }
}

pub(super) fn refer(properties: &[Property], cx: &mut Cx<'_>) {
    for (name, space) in REFERENCES {
        if let Some(id) = text(properties, name) {
            cx.refer(*space, id);
        }
    }
}

pub(super) fn needs_id(properties: &[Property], cx: &mut Checking<'_>) {
    if text(properties, "id").is_none() {
        let diagnostic =
            Diagnostic::error(Code::MissingOption, format!("`{}` needs `id=`", cx.entry.spec.keyword))
                .at(cx.entry.head)
                .help("add `id=` and a name by which others refer to it");
        cx.report(diagnostic);
    }
}

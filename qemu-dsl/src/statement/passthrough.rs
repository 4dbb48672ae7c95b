//! What `device`, `object`, `chardev` and `blockdev` share: they pass on whatever QEMU has that the language has no word for.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Property, PropertyValue, Val};
use crate::value::is_id;
use crate::value::shown;

/// The text of a property, with its place.
pub(super) fn text<'p>(properties: &'p [Property], name: &str) -> Option<&'p Val<String>> {
    properties.iter().find(|property| property.name.value == name).and_then(|property| {
        match &property.value {
            PropertyValue::Text(text) => Some(text),
            PropertyValue::Flag | PropertyValue::Feature { .. } => None,
        }
    })
}

/// Reports an id that is none.
pub(super) fn check_id(properties: &[Property], name: &str, cx: &mut Checking<'_>) {
    let Some(id) = text(properties, name).and_then(Val::known) else { return };
    if !is_id(id) {
        cx.report(
            Diagnostic::error(Code::WrongType, format!("`{}` is not an id", shown(id)))
                .at(id.span)
                .help("write ASCII letters, digits, `-`, `.` and `_`, a letter first"),
        );
    } else if name == "node-name" {
        check_node_name(id, id.span, cx);
    }
}

/// Reports the name of a block node that is too long.
pub(super) fn check_node_name(name: &str, span: Span, cx: &mut Checking<'_>) {
    const MAX: usize = 31;
    if let Some(more) = name.len().checked_sub(MAX).filter(|more| *more > 0) {
        let message = format!("the node's name has {} bytes, {more} too many", name.len());
        cx.report(
            Diagnostic::error(Code::NameTooLong, message).at(span).help(format!("at most {MAX} bytes")),
        );
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

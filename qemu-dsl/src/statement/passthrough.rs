//! What `device`, `object`, `chardev` and `blockdev` share: they pass on whatever QEMU has that the language has no word for.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Property, PropertyValue, Val};
use crate::plan::Target;
use crate::schema::{self, Kind, Lookup, PropertyType};
use crate::source::Node;
use crate::value::shown;
use crate::value::{Size, ValueType as _, is_id};

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

/// The properties of an object or a block node, with the numbers written out that have a unit where QEMU reads none:
/// `size=1G` of `null-co`.
pub(super) fn written_out(kind: Kind, name: &str, properties: &[Property], target: Target) -> Vec<Property> {
    let plain = |property: &Property| {
        // In a block node that stands in another one: `file.size`.
        let (outer, member) = property.name.rsplit_once('.').unwrap_or(("", &property.name));
        let driver = text(properties, &format!("{outer}.driver")).filter(|_| kind == Kind::Blockdev);
        let (name, member) = match driver {
            Some(driver) => (driver.known()?.as_str(), member),
            None => (name, property.name.as_str()),
        };
        let ty =
            schema::at_hand(target).find_map(|schema| match schema.find(kind, name)?.property(member) {
                Lookup::Known(known) => Some(known.ty()),
                Lookup::Unknown | Lookup::CannotTell => None,
            })?;
        let written = property.text()?;
        let is_number = matches!(ty, PropertyType::Int { .. }) && !ty.accepts(written);
        let size = Size::parse(written).ok().filter(|_| is_number)?;
        let value = Node::new(size.to_string(), property.value_span());
        Some(Property { name: property.name.clone(), value: PropertyValue::Text(Val::Known(value)) })
    };
    properties.iter().map(|property| plain(property).unwrap_or_else(|| property.clone())).collect()
}

//! Names that reach into a property: `limits.bps-total`, `iothread-vq-mapping.0.iothread`.
//!
//! QEMU reads them where it reads block nodes. Of a device and an object it takes them in JSON alone.

use std::collections::HashSet;

use super::schema::numbered;
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Hardware, QemuOption};
use crate::qemu::{changes, deviation};
use crate::schema::{self, Kind, Lookup, PropertyType, Type};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if hardware.vm.target_is_open {
        return;
    }
    for option in hardware.options.iter().filter(|option| !option.is_arg) {
        let Some(kind @ (Kind::Device | Kind::Object | Kind::Blockdev)) = option.kind else { continue };
        let dotted: Vec<_> = option.written_names().filter(|(name, _)| name.contains('.')).collect();
        if !dotted.is_empty() {
            let found = if kind == Kind::Blockdev { None } else { not_yet(kind, option, &dotted, hardware) };
            diagnostics.extend(found.or_else(|| gap(kind, option, &dotted, hardware)));
        }
    }
}

/// What each schema at hand knows the thing as that an option makes.
fn types(kind: Kind, option: &QemuOption<'_>, hardware: &Hardware<'_>) -> Vec<Type> {
    let Some(name) = option.first() else { return Vec::new() };
    schema::at_hand(hardware.vm.target).filter_map(|schema| schema.find(kind, name.text)).collect()
}

/// What is wrong where the target takes no JSON.
fn not_yet(
    kind: Kind,
    option: &QemuOption<'_>,
    dotted: &[(&str, Span)],
    hardware: &Hardware<'_>,
) -> Option<Diagnostic> {
    let change = if kind == Kind::Device { &changes::DEVICE_JSON } else { &changes::OBJECT_JSON };
    let version = hardware.vm.target.version;
    // A guest that runs gets all as JSON.
    if hardware.vm.is_fragment || change.is_in(version) {
        return None;
    }
    let types = types(kind, option, hardware);
    dotted.iter().find_map(|(name, span)| {
        let (ty, outer) = types.iter().find_map(|ty| Some((ty, ty.reached_by(name)?)))?;
        let diagnostic = deviation(change, None, *span, version)?;
        let inner = name.get(outer.name().len() + 1..).unwrap_or_default();
        let flat = format!("x-{inner}");
        let is_only = || dotted.iter().filter(|(other, _)| other.starts_with(outer.name())).count() == 1;
        let other = match outer.ty() {
            _ if matches!(ty.property(&flat), Lookup::Known(_)) => Some(flat),
            PropertyType::List(_) if kind == Kind::Object && inner == "0" && is_only() => {
                Some(outer.name().to_owned())
            }
            _ => None,
        };
        Some(match other {
            Some(other) => diagnostic.help(Remedy::new(format!("write `{other}=`")).replace(*span, other)),
            None => diagnostic,
        })
    })
}

/// What is wrong where an element of a list is missing before another one.
fn gap(
    kind: Kind,
    option: &QemuOption<'_>,
    dotted: &[(&str, Span)],
    hardware: &Hardware<'_>,
) -> Option<Diagnostic> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !dotted.iter().any(|(name, _)| name.split('.').any(is_number)) {
        return None;
    }
    let types = types(kind, option, hardware);
    let reaches = |name: &str| kind == Kind::Blockdev || types.iter().any(|ty| ty.reached_by(name).is_some());
    // All names of members, and of what these are in.
    let members = |name: &str| -> Vec<String> {
        let ends = name.match_indices('.').map(|(dot, _)| dot).chain([name.len()]);
        ends.filter_map(|end| Some(name.get(..end)?.to_owned())).collect()
    };
    let dotted: Vec<_> = dotted.iter().filter(|(name, _)| reaches(name)).collect();
    let all: HashSet<_> = dotted.iter().flat_map(|(name, _)| members(name)).collect();
    dotted.iter().find_map(|(name, span)| {
        members(name).iter().find_map(|member| {
            let (list, number) = member.rsplit_once('.')?;
            let before = number.parse::<u64>().ok()?.checked_sub(1)?;
            let missing = format!("{list}.{before}");
            (!all.contains(&missing)).then(|| {
                Diagnostic::error(Code::MissingOption, format!("nothing is `{missing}`"))
                    .label(*span, "an element behind it")
                    .help(numbered(list))
            })
        })
    })
}

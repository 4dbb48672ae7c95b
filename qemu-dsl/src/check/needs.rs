//! What QEMU makes nothing without: properties that a thing must have.

use std::fmt;

use crate::hardware::{Hardware, QemuOption};
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup, PropertyType, Type};

/// What a thing lacks.
pub(super) enum Missing {
    /// All of these properties.
    All(Vec<&'static str>),
    /// One of these.
    OneOf(Vec<&'static str>),
}

/// What an option lacks that makes an `owner`. Between two schemas, what `all` say of it is certain.
pub(super) fn missing(
    owner: &Type,
    all: &[Type],
    option: &QemuOption<'_>,
    hardware: &Hardware<'_>,
) -> Option<Missing> {
    let is_there =
        |name: &&str| is_given(name, owner, option) || has_default(name, |ty| owner.is_a(ty), hardware);
    let by_all = |name: &&str| {
        all.len() == 1 || all.iter().all(|other| other.required().any(|required| required == *name))
    };
    let lacking: Vec<_> =
        needed(owner, hardware).into_iter().filter(by_all).filter(|name| !is_there(name)).collect();
    if !lacking.is_empty() {
        return Some(Missing::All(lacking));
    }
    // A socket that listens may do so at any address: only trying that would tell.
    let is_server = option.is_open("server") || option.get("server").is_some_and(|server| server.is_on());
    let listens =
        owner.name() == "socket" && is_server && changes::ANY_ADDRESS.is_in(hardware.vm.target.version);
    let choices: Vec<_> = owner.one_of().collect();
    let by_all = !choices.is_empty() && all.iter().all(|other| other.one_of().next().is_some());
    (by_all && !listens && !choices.iter().any(is_there)).then_some(Missing::OneOf(choices))
}

/// The properties that a thing must have. Before QEMU told this of objects it was the same.
fn needed(owner: &Type, hardware: &Hardware<'_>) -> Vec<&'static str> {
    let mut needed: Vec<_> = owner.required().collect();
    let target = hardware.vm.asked_target;
    if owner.kind() == Kind::Object && !changes::TOLD_MEMBERS.is_in(target.version) {
        let later =
            schema::all(target.arch).iter().find(|schema| changes::TOLD_MEMBERS.is_in(schema.version()));
        let later = later.and_then(|schema| schema.find(Kind::Object, owner.name()));
        let had_it = |name: &&str| owner.property(name) != Lookup::Unknown && !NOT_BEFORE.contains(name);
        needed.extend(later.iter().flat_map(Type::required).filter(had_it));
    }
    needed
}

/// What had a value by itself before.
const NOT_BEFORE: &[&str] = &["reduced-phys-bits"];

/// Whether the option says something of a property. An empty id is that of nothing.
fn is_given(name: &str, owner: &Type, option: &QemuOption<'_>) -> bool {
    let is_id =
        matches!(owner.property(name), Lookup::Known(known) if matches!(known.ty(), PropertyType::Id(_)));
    option.mentions(name) && !(is_id && option.get(name).is_some_and(|value| value.text.is_empty()))
}

/// Whether a `global` sets a property of what `is_of` a type.
pub(super) fn has_default(property: &str, is_of: impl Fn(&str) -> bool, hardware: &Hardware<'_>) -> bool {
    hardware.all("global").any(|global| {
        // An `arg` needn't be understood.
        global.is_arg
            || global.default(hardware.vm.target).is_some_and(|(of, name, _)| name == property && is_of(of))
    })
}

impl Missing {
    pub(super) fn help(&self) -> String {
        match self {
            Self::All(names) => format!("add {}", listed(names, "and")),
            Self::OneOf(names) => format!("add {}", listed(names, "or")),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(names) => f.write_str(&listed(names, "and")),
            Self::OneOf(names) => write!(f, "one of {}", listed(names, "and")),
        }
    }
}

/// `a=`, `b=` and `c=`.
pub(super) fn listed(names: &[&str], last: &str) -> String {
    let mut names: Vec<_> = names.iter().map(|name| format!("`{name}=`")).collect();
    match names.pop() {
        Some(end) if !names.is_empty() => format!("{} {last} {end}", names.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

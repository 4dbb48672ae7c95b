//! Ids: each is defined once, and whoever refers to one refers to what is there.

use crate::bind::Sort;
use crate::bind::tie::{self, one};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Definition, Hardware, Namespace, Reference};
use crate::model::Extent;
use crate::schema::{self, Kind};
use crate::suggest::Suggestions;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let before = |definition: &Definition<'_>| {
        let first = hardware.definition(definition.namespace, definition.name)?;
        (first.option != definition.option).then_some(first)
    };
    for definition in &hardware.definitions {
        // The same id, of a device and of its backend.
        let is_said = || {
            let is_backend = |other: &Definition<'_>| {
                let place = |definition: &Definition<'_>| (definition.span.start, definition.span.end);
                other.namespace != Namespace::Device && place(other) == place(definition)
            };
            let mut own = hardware.defined_by(definition.statement).iter();
            definition.namespace == Namespace::Device
                && own.any(|other| is_backend(other) && before(other).is_some())
        };
        if let Some(first) = before(definition).filter(|_| !is_said()) {
            let (code, message, help) =
                Sort::Id { of: definition.namespace.what().into() }.twice(definition.name);
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(definition.span, "again here")
                    .label(first.span, "first here")
                    .help(help),
            );
        }
    }
    let suggestions = Suggestions::default();
    let mut users = Users::new(hardware);
    for reference in &hardware.references {
        match reference.definition.and_then(|number| Some((number, hardware.definitions.get(number)?))) {
            Some((number, definition)) => {
                let wrong = users.second(reference, number, definition);
                diagnostics.extend(wrong.or_else(|| wrong_type(reference, definition, hardware)));
            }
            // What one part refers to another may define.
            None if hardware.vm.extent.is_partial() => {}
            None => diagnostics.extend(unknown(reference, &suggestions, hardware).map(|wrong| {
                // A property of a type of QEMU's own, where the schema has that.
                let by_schema = wrong.by_schema || reference.wants.is_some();
                Diagnostic { by_schema, ..wrong }
            })),
        }
    }
}

/// Who uses what serves one user at a time.
struct Users<'h> {
    hardware: &'h Hardware<'h>,
    /// The first user of each definition.
    first: Vec<Option<&'h Reference<'h>>>,
}

impl<'h> Users<'h> {
    fn new(hardware: &'h Hardware<'h>) -> Self {
        let mut users = Self { hardware, first: vec![None; hardware.definitions.len()] };
        // What a statement makes for itself is its own, whoever stands first.
        for reference in hardware.references.iter().rev() {
            if let Some(number) = reference.definition
                && users.owns(reference)
                && !hardware.definitions.get(number).is_some_and(|definition| is_shared(definition, hardware))
            {
                users.set(number, reference);
            }
        }
        users
    }

    fn set(&mut self, definition: usize, user: &'h Reference<'h>) {
        if let Some(first) = self.first.get_mut(definition) {
            *first = Some(user);
        }
    }

    /// Whether a statement refers to what it makes itself.
    fn owns(&self, reference: &Reference<'_>) -> bool {
        let is_it = |definition: &Definition<'_>| {
            definition.namespace == reference.namespace && definition.name == reference.name
        };
        self.hardware.defined_by(reference.statement).iter().any(is_it)
    }

    /// How several can use what is defined.
    fn shared(&self, definition: &Definition<'_>) -> Option<Remedy> {
        let entry = self.hardware.entry(definition.statement)?;
        let form = entry.spec.forms.get(entry.form)?;
        let has_mux = entry.spec.keyword == "chardev" || form.option("mux").is_some();
        let help = "let both use it, by `mux` behind the first: Ctrl-A and `c` switches between them";
        (definition.namespace == Namespace::Chardev && has_mux)
            .then(|| Remedy::new(help).insert(entry.span.end, " mux=on"))
    }

    /// What is wrong where something has a user already.
    fn second(
        &mut self,
        reference: &'h Reference<'h>,
        number: usize,
        definition: &Definition<'_>,
    ) -> Option<Diagnostic> {
        if self.owns(reference) || !is_use(reference, self.hardware) {
            return None;
        }
        let Some(first) = self.first.get(number).copied().flatten() else {
            if !is_shared(definition, self.hardware) {
                self.set(number, reference);
            }
            return None;
        };
        let sort = Sort::User { of: reference.namespace.what().into() };
        let (code, message, help) = sort.twice(reference.name);
        let diagnostic = Diagnostic::error(code, message).label(reference.span, "a second one");
        if let Some(help) = self.shared(definition) {
            let place = if first.statement == definition.statement { definition.span } else { first.span };
            return Some(diagnostic.label(place, "the first one").help(help));
        }
        Some(if first.statement == definition.statement {
            diagnostic
                .label(definition.span, "its own")
                .help("leave out this device; properties of the first go to its statement, or to `global`")
        } else {
            diagnostic.label(first.span, "the first one").help(help)
        })
    }
}

/// Whether a reference takes what it refers to for itself. A filter of a network backend only looks at it, and a default is
/// read by others.
pub(crate) fn is_use(reference: &Reference<'_>, hardware: &Hardware<'_>) -> bool {
    let option = hardware.options.get(reference.option);
    option.is_some_and(|option| match option.name {
        "global" => false,
        name => reference.namespace != Namespace::Netdev || name == "device",
    })
}

/// Whether several can use what is defined.
pub(crate) fn is_shared(definition: &Definition<'_>, hardware: &Hardware<'_>) -> bool {
    let option = hardware.options.get(definition.option);
    !definition.namespace.has_one_user()
        || option.is_some_and(|option| option.get("mux").is_some_and(|mux| mux.is_on()))
}

/// What is wrong where an object or a device is of another type than it must be.
fn wrong_type(
    reference: &Reference<'_>,
    definition: &Definition<'_>,
    hardware: &Hardware<'_>,
) -> Option<Diagnostic> {
    let wants = reference.wants?;
    let option = hardware.options.get(definition.option)?;
    let ty = option.first()?;
    if option.ty.as_ref()?.is_a(wants) || !is_known(reference, hardware) {
        return None;
    }
    let (code, message, help) = tie::wrong_type(reference.name, ty.text, reference.property, wants);
    let wrong = Diagnostic::error(code, message)
        .label(reference.span, format!("must be {}", one(wants)))
        .label(definition.span, format!("is {}", one(ty.text)))
        .help(help);
    Some(Diagnostic { by_schema: true, ..wrong })
}

/// Whether the type of what is referred to is known. Others may be what several types have in common.
pub(crate) fn is_known(reference: &Reference<'_>, hardware: &Hardware<'_>) -> bool {
    let schema = schema::nearest(hardware.vm.target);
    reference.wants.is_some_and(|wants| schema.driver(wants).is_some() || schema.bus_is(wants, "bus"))
}

/// Whether a user can make a device that is `wanted`.
fn can_be_made(wanted: &str, hardware: &Hardware<'_>) -> bool {
    let schema = schema::nearest(hardware.vm.target);
    let devices = || schema.names(Kind::Device).filter_map(|name| schema.find(Kind::Device, name));
    devices().any(|device| device.is_a(wanted))
}

/// What is wrong where nothing has the id.
pub(crate) fn unknown(
    reference: &Reference<'_>,
    suggestions: &Suggestions,
    hardware: &Hardware<'_>,
) -> Option<Diagnostic> {
    let name = reference.name;
    let what = reference.namespace.what();
    // It may be in the guest, or in a file that QEMU reads.
    if hardware.vm.extent == Extent::Devices || hardware.is_uncertain || hardware.vm.ids.may_be_lost(name) {
        return None;
    }
    // A part of the machine has a path, or is a bus.
    let is_device = reference.namespace == Namespace::Device;
    if is_device && (name.contains('/') || hardware.board.buses().any(|bus| bus.name == name)) {
        return None;
    }
    // Some of QEMU's types have no section of their own: an object may be of such a one, too.
    let is_object = || reference.late.is_some() || hardware.definition(Namespace::Object, name).is_some();
    if is_device && is_object() && !is_known(reference, hardware) {
        return None;
    }
    let mut others = Namespace::ALL.into_iter();
    let other = others.find_map(|namespace| Some((namespace, hardware.definition(namespace, name)?.span)));
    Some(if let Some((namespace, span)) = other {
        let (code, message, help) = tie::wrong_id(name, namespace.what(), what);
        Diagnostic::error(code, message)
            .label(reference.span, format!("must be {what}"))
            .label(span, format!("is {}", namespace.what()))
            .help(help)
    } else if is_device && reference.wants.is_some_and(|wants| !can_be_made(wants, hardware)) {
        Diagnostic::warning(Code::UnknownId, format!("nothing in this text has the id `{name}`"))
            .label(reference.span, "must be a part of the machine")
            .help("a part of the machine is named by its path in QEMU's tree of objects")
    } else {
        let names = hardware
            .definitions
            .iter()
            .filter(|definition| definition.namespace == reference.namespace)
            .map(|definition| definition.name);
        Diagnostic::error(Code::UnknownId, format!("nothing has the id `{name}`"))
            .label(reference.span, format!("must be {what}"))
            .help(match name {
                "" => format!("name {what} here, or leave it out").into(),
                _ if reference.late.is_some() => reference.namespace.definition(name).into(),
                _ => suggestions
                    .did_you_mean(name, reference.span, names)
                    .unwrap_or_else(|| reference.namespace.definition(name).into()),
            })
    })
}

//! QEMU's own names: devices, properties, machine types, CPU models, as the target's schema knows them.
//!
//! Where the target has a schema of its own, what that lacks is an error, but for a name like no other: it may be of a QEMU
//! that was built otherwise. Between two schemas, what both lack is; a name is warned of, as one may have come and gone.
//! `arg` remains for who knows better.
//!
//! What isn't in QEMU's schema is an error where the target has a schema of its own, but for a name like no other,
//! which may be of another build. Where it lies between two, what one has may be there, and what neither has isn't. Of
//! a newer QEMU nothing is certain.

use super::{needs, place};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy, Severity};
use crate::hardware::{Device, Hardware, QemuOption, Value};
use crate::model::Entry;
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup, Property, PropertyType, Schema, Type, is_path};
use crate::suggest::{Suggestions, is_other_version};
use crate::value::{self, Takes};
use crate::{Arch, Span, Target, Version};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let schemas = schema::around(hardware.vm.asked_target);
    if schemas.is_empty() {
        diagnostics.extend(unchecked(hardware));
        return;
    }
    let mut asking = Asking { hardware, schemas, diagnostics, suggestions: Suggestions::default() };
    for option in hardware.options.iter().filter(|option| !option.is_arg) {
        asking.option(option);
    }
}

/// What is said once where nothing is known of the target.
fn unchecked(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let Target { arch, version } = hardware.vm.asked_target;
    let (message, help) = match schema::all(arch) {
        [] => {
            let known = Arch::all().filter(|arch| !schema::all(*arch).is_empty());
            let known: Vec<_> = known.map(Arch::name).collect();
            (
                format!("what QEMU has for {arch} isn't known here: no names of its own are checked"),
                format!("those for {} are; QEMU itself refuses what is wrong", known.join(", ")),
            )
        }
        [oldest, ..] if arch != Arch::default() => (
            format!("what QEMU {version} has for {arch} isn't known here: no names of its own are checked"),
            format!("they are from {} on; QEMU itself refuses what is wrong", oldest.version()),
        ),
        // As old as this, and never said.
        _ => return None,
    };
    let warning = Diagnostic::warning(Code::Unchecked, message).help(help);
    Some(match hardware.vm.arch {
        Some(span) => warning.at(span),
        None => warning,
    })
}

struct Asking<'a> {
    hardware: &'a Hardware<'a>,
    /// The target's own, or the two between which it lies, or the newest of all. What one of two knows may be there.
    schemas: &'static [Schema],
    diagnostics: &'a mut Vec<Diagnostic>,
    suggestions: Suggestions,
}

/// What a message calls a thing of this kind, and the code for one that is not known.
fn what(kind: Kind) -> (&'static str, Code) {
    match kind {
        Kind::Machine => ("machine type", Code::UnknownMachine),
        Kind::Cpu => ("CPU model", Code::UnknownCpu),
        Kind::Object => ("object", Code::UnknownDevice),
        Kind::Chardev => ("character device's backend", Code::UnknownDevice),
        Kind::Blockdev => ("block driver", Code::UnknownDevice),
        Kind::Netdev => ("network backend", Code::UnknownDevice),
        _ => ("device", Code::UnknownDevice),
    }
}

impl Asking<'_> {
    fn option(&mut self, option: &QemuOption<'_>) {
        if option.name == "global" {
            self.global(option);
        }
        let Some(kind) = option.kind else { return };
        let Some(name) = option.made() else { return };
        let renamed = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT];
        if kind == Kind::Chardev && renamed.iter().any(|change| change.is_about(name.text)) {
            // It has been reported.
            return;
        }
        let entry = self.hardware.entry(option.statement);
        let mut kinds = entry.into_iter().flat_map(|entry| entry.spec.kinds());
        let change = kinds.find(|kind| kind.name == name.text).and_then(|kind| kind.change);
        if change.is_some_and(|change| !change.is_in(self.hardware.vm.target.version)) {
            // That the target doesn't have such a statement has been reported.
            return;
        }
        let owners = match name.written {
            Some(written) => self.find(kind, name.text, option.ty, written.value),
            // Not every architecture has what a statement is for.
            None if kind == Kind::Device && !place::says_how(option.statement, self.hardware) => {
                let before = self.diagnostics.len();
                let head = self.hardware.head(option.statement);
                let found = self.find(kind, name.text, option.ty, head);
                // The text has not that name.
                let told = self.diagnostics.iter_mut().skip(before);
                told.filter_map(|told| told.remedy.as_mut()).for_each(|remedy| remedy.fixes.clear());
                found
            }
            // What else the language prints of itself is right.
            None if option.written_names().next().is_none() => return,
            None => self.schemas.iter().filter_map(|schema| schema.find(kind, name.text)).collect(),
        };
        if let Some(written) = name.written.filter(|_| self.hardware.vm.is_fragment) {
            self.plugged(&owners, written.value);
        }
        let by = self.hardware.entry(option.statement).filter(|_| name.written.is_none());
        let reported = self.diagnostics.len();
        // What is in a list or a struct that there isn't: the first of its members tells.
        let mut absent = Vec::new();
        for (property, value) in option.named() {
            let Some(written) =
                value.written.filter(|written| name.written.is_some() || written.name.is_some())
            else {
                continue;
            };
            let outer = property.split_once('.').map(|(outer, _)| outer);
            if outer.is_some_and(|outer| absent.contains(&outer)) {
                continue;
            }
            let at = written.name.unwrap_or(written.value);
            let before = self.diagnostics.len();
            self.property(&owners, property, at, &value, self.severity(), by);
            if let Some(outer) = outer
                && self.diagnostics.len() > before
                && owners.iter().all(|owner| owner.property(outer) == Lookup::Unknown)
            {
                absent.push(outer);
            }
        }
        // What is missing may be what was misspelt.
        if let Some(written) = name.written.filter(|_| self.diagnostics.len() == reported) {
            self.required(&owners, option, written.value);
        }
    }

    /// Reports a device that no guest takes that runs.
    fn plugged(&mut self, owners: &[Type], span: Span) {
        let Some(owner) = owners.last().filter(|owner| owner.kind() == Kind::Device) else { return };
        if owners.iter().any(Type::is_pluggable) || !owners.iter().any(Type::is_creatable) {
            return;
        }
        let message = format!("the device `{}` can't be plugged into a guest that runs", owner.name());
        let severity = self.severity().min(self.certainty(owners));
        self.diagnostics.push(
            Diagnostic::new(severity, Code::NotPluggable, message)
                .at(span)
                .help("QEMU takes it at its start only: put it into the VM's text"),
        );
    }

    /// Reports what a thing is nothing without.
    fn required(&mut self, owners: &[Type], option: &QemuOption<'_>, span: Span) {
        let entry = self.hardware.entry(option.statement);
        // Statements know what backends need, whatever is known of the target.
        if option.kind == Some(Kind::Chardev) && entry.is_some_and(|entry| entry.spec.keyword != "chardev") {
            return;
        }
        let is_flawed = entry.is_none_or(|entry| entry.flaws.any());
        let Some(owner) = owners.last().filter(|_| !is_flawed && owners.len() == self.schemas.len()) else {
            return;
        };
        let (what, _) = what(owner.kind());
        let Some(missing) = needs::missing(owner, owners, option, self.hardware) else { return };
        let message = format!("the {what} `{}` needs {missing}", owner.name());
        self.diagnostics.push(
            Diagnostic::new(self.severity(), Code::MissingOption, message).at(span).help(missing.help()),
        );
    }

    /// What each schema knows under a name. What none knows, or no user can create, is reported.
    /// `near` is what the schema nearest to the target knows.
    fn find(&mut self, kind: Kind, name: &str, near: Option<Type>, span: Span) -> Vec<Type> {
        let (what, _) = what(kind);
        let find = |schema: &'static Schema| match near {
            Some(near) if std::ptr::eq(near.schema(), schema) => Some(near),
            _ => schema.find(kind, name),
        };
        let found: Vec<_> = self.schemas.iter().filter_map(find).collect();
        let is_part = |schema: &'static Schema| schema.find_part(kind, name).is_some();
        if !found.iter().any(Type::is_creatable) && self.schemas.iter().all(is_part) {
            let (what_it_is, help) = if found.is_empty() {
                ("is a type that others are made of", "name one of these")
            } else {
                ("is a part of a machine or of another device", "no option creates it")
            };
            self.diagnostics.push(
                Diagnostic::new(
                    self.severity(),
                    Code::NotCreatable,
                    format!("the {what} `{name}` {what_it_is}"),
                )
                .at(span)
                .help(help),
            );
        } else if found.is_empty() {
            let unknown = self.unknown(kind, name, span);
            self.diagnostics.push(unknown);
        } else if found.iter().all(Type::is_deprecated) {
            let target = self.hardware.vm.asked_target.version;
            self.diagnostics.push(
                Diagnostic::warning(
                    Code::Deprecated,
                    format!("the {what} `{name}` is deprecated in QEMU {target}"),
                )
                .at(span)
                .help("it will go: look for what follows it"),
            );
        }
        found
    }

    /// What is wrong with a name that no schema knows. One that is near a known one, or another version's, is no name of
    /// a QEMU that was built otherwise.
    fn unknown(&self, kind: Kind, name: &str, span: Span) -> Diagnostic {
        let (what, code) = what(kind);
        let elsewhere: Vec<_> = schema::all(self.hardware.vm.target.arch)
            .iter()
            .filter(|schema| schema.find(kind, name).is_some())
            .collect();
        let arch = self.hardware.vm.target.arch;
        let mut others = schema::of_all().iter().filter(|schema| schema.target().arch != arch);
        let other = others.find(|schema| elsewhere.is_empty() && schema.find(kind, name).is_some());
        // What exists elsewhere isn't misspelt: at most another version of it is meant.
        let exists = !elsewhere.is_empty() || other.is_some();
        let names = self.schemas.iter().flat_map(|schema| schema.names(kind));
        let names = names.filter(|known| !exists || is_other_version(name, known));
        let near = self.suggestions.did_you_mean(name, span, names);
        // A part that no option makes is not suggested.
        let is_near = near.is_some() || {
            let parts = self.schemas.iter().flat_map(|schema| schema.parts(kind));
            self.suggestions.did_you_mean(name, span, parts).is_some()
        };
        let is_certain = self.is_exact() && (is_near || exists);
        let severity = if is_certain { Severity::Error } else { Severity::Warning };
        let versions: Vec<_> = self.schemas.iter().map(|schema| schema.version().to_string()).collect();
        let has = if versions.len() > 1 { "have" } else { "has" };
        let message = format!("QEMU {} {has} no {what} `{name}`", versions.join(" and "));
        let label = elsewhere_label(self.hardware.vm.asked_target.version, &elsewhere)
            .or_else(|| other.map(|schema| format!("QEMU for {} has it", schema.target().arch)));
        Diagnostic::new(severity, code, message).label(span, label.unwrap_or_default()).help(
            near.unwrap_or_else(|| {
                match elsewhere.as_slice() {
                    [] if other.is_some() => "leave it out, or write for a QEMU that has it",
                    [] => "if your QEMU has it, all is well: it is passed on as it is",
                    _ => "leave it out, or write for a QEMU that has it",
                }
                .into()
            }),
        )
    }

    fn is_exact(&self) -> bool {
        is_exact(self.hardware)
    }

    fn severity(&self) -> Severity {
        severity(self.hardware)
    }

    /// The same of what the schemas know of something. Where one of them doesn't know it, the other is no proof.
    fn certainty(&self, owners: &[Type]) -> Severity {
        let most = if owners.len() < self.schemas.len() { Severity::Warning } else { Severity::Error };
        self.severity().min(most)
    }

    /// Checks a property of what is one of `owners`, as each schema knows it.
    /// `by` is the statement that prints it, where it has options of its own.
    fn property(
        &mut self,
        owners: &[Type],
        name: &str,
        span: Span,
        value: &Value<'_>,
        severity: Severity,
        by: Option<&Entry>,
    ) {
        let Some(owner) = owners.last() else { return };
        let severity = severity.min(self.certainty(owners));
        let lookups: Vec<_> = owners.iter().map(|owner| owner.property(name)).collect();
        if lookups.contains(&Lookup::CannotTell) {
            return;
        }
        let known = known(&lookups);
        let (what, _) = what(owner.kind());
        let is_read_only = |lookup: &Lookup| !matches!(lookup, Lookup::Known(known) if !known.is_read_only());
        if !known.is_empty() && lookups.iter().all(is_read_only) {
            self.diagnostics.push(
                Diagnostic::new(
                    severity,
                    Code::ReadOnly,
                    format!("`{name}` of the {what} `{}` only tells something", owner.name()),
                )
                .at(span)
                .help("leave it out: no option can set it"),
            );
            return;
        }
        let Some(ty) = known.last().map(|property| property.ty()) else {
            // What the target no longer has has been reported.
            let is_stream = matches!(owner.kind(), Kind::Chardev | Kind::Netdev);
            let target = self.hardware.vm.target.version;
            if is_stream && name == "reconnect" && changes::RECONNECT.is_removed(target) {
                return;
            }
            let names: Vec<_> =
                owners.iter().flat_map(Type::properties).map(|property| property.name()).collect();
            let help = switched_off(owners, name, span, value)
                .or_else(|| unnumbered(owners, name))
                .or_else(|| self.suggestions.did_you_mean(name, span, names))
                .unwrap_or_else(|| {
                    format!("QEMU lists them: `{}`", list_command(owner, self.hardware.vm.target.arch)).into()
                });
            let has_it = |schema: &&'static Schema| {
                let there = schema.find(owner.kind(), owner.name());
                there.is_some_and(|there| matches!(there.property(name), Lookup::Known(_)))
            };
            let elsewhere: Vec<_> = schema::all(self.hardware.vm.target.arch).iter().filter(has_it).collect();
            let (message, help) = match by {
                // Of what a statement prints, its own options are as near.
                Some(entry) => {
                    let own = format!("`{}`", entry.spec.keyword);
                    let names: Vec<_> =
                        entry.spec.forms.get(entry.form).into_iter().flat_map(|form| form.names()).collect();
                    let near = self.suggestions.did_you_mean(name, span, names.iter().copied());
                    let message = format!(
                        "{own} has no option `{name}`, and its {what} `{}` no such property",
                        owner.name()
                    );
                    (message, near.unwrap_or(help))
                }
                None => (format!("the {what} `{}` has no property `{name}`", owner.name()), help),
            };
            let label = elsewhere_label(self.hardware.vm.asked_target.version, &elsewhere);
            self.diagnostics.push(
                Diagnostic::new(severity, Code::UnknownProperty, message)
                    .label(span, label.unwrap_or_default())
                    .help(help),
            );
            return;
        };
        let text = value.text;
        if value.is_switch && !known.iter().any(|property| property.ty() == PropertyType::Bool) {
            self.diagnostics.push(
                Diagnostic::new(severity, Code::WrongType, format!("`{name}` can't be switched by a sign"))
                    .at(span)
                    .help(format!("write `{name}=VALUE`: it takes {ty}")),
            );
        } else if !takes(&known, owner.kind(), self.hardware).is_some_and(|takes| takes.accepts(text)) {
            let at = value.span_or(span);
            let help = self
                .suggestions
                .did_you_mean(text, at, ty.values())
                .unwrap_or_else(|| format!("write {ty}").into());
            self.diagnostics.push(
                Diagnostic::new(severity, Code::WrongType, format!("`{name}` can't be `{text}`"))
                    .at(at)
                    .help(help),
            );
        }
    }

    /// Checks a default. QEMU reads it where there is such a device, now or later: it is an error where one is here.
    fn global(&mut self, global: &QemuOption<'_>) {
        let target = self.hardware.vm.target;
        let Some((driver, name, value)) = global.default(target) else { return };
        // The long form has it in the short one's place.
        let Some((start, end)) =
            value.written.and_then(|written| written.name).map(|whole| (whole.start, whole.end))
        else {
            return;
        };
        let dot = start + driver.len() as u32;
        let owners: Vec<_> = self.schemas.iter().filter_map(|schema| schema.driver(driver)).collect();
        if owners.is_empty() {
            let mut unknown = self.unknown(Kind::Device, driver, Span::new(start, dot));
            unknown.severity = Severity::Warning;
            if unknown.remedy.as_ref().is_none_or(|remedy| remedy.fixes.is_empty()) {
                unknown = unknown.help("QEMU ignores a default for what it doesn't have");
            }
            self.diagnostics.push(unknown);
            return;
        }
        let is_here = |device: &Device<'_>| device.ty.as_ref().is_some_and(|ty| ty.is_a(driver));
        let severity =
            if self.hardware.devices.iter().any(is_here) { self.severity() } else { Severity::Warning };
        self.property(&owners, name, Span::new(dot + 1, end), &value, severity, None);
    }
}

/// Whether the schema is the target's own.
fn is_exact(hardware: &Hardware<'_>) -> bool {
    let target = hardware.vm.asked_target;
    schema::around(target).iter().any(|schema| schema.version() == target.version)
}

/// How grave it is where all schemas say that something is wrong. Of a QEMU newer than all of them they are no proof.
fn severity(hardware: &Hardware<'_>) -> Severity {
    let schemas = schema::around(hardware.vm.asked_target);
    if is_exact(hardware) || schemas.len() > 1 { Severity::Error } else { Severity::Warning }
}

/// The properties that schemas know, of what each says.
fn known(lookups: &[Lookup]) -> Vec<Property> {
    let known = |lookup: &Lookup| if let Lookup::Known(property) = lookup { Some(*property) } else { None };
    lookups.iter().filter_map(known).collect()
}

/// What a property takes, as each schema knows it.
fn takes(known: &[Property], owner: Kind, hardware: &Hardware<'_>) -> Option<Takes> {
    let (first, last) = (known.first()?, known.last()?);
    Some(Takes {
        ty: last.ty(),
        or: first.ty(),
        // A device's does.
        wraps: owner != Kind::Object,
        to_the_last: changes::SIZES_TO_THE_LAST.is_in(hardware.vm.asked_target.version),
        in_bytes: false,
    })
}

/// What the values of properties must be that come later, each by its blank: what one is looked at by that is written.
/// `are_checked` says whether that is an error where it is wrong.
pub(crate) fn late(hardware: &Hardware<'_>, are_checked: bool) -> Vec<(u32, value::Kind)> {
    let schemas = schema::around(hardware.vm.asked_target);
    let mut kinds = Vec::new();
    for option in hardware.options.iter().filter(|option| !option.is_arg) {
        for item in option.items() {
            let (Some(late), Some(name)) = (item.late, item.name.as_deref()) else { continue };
            if item.written.is_none_or(|written| written.name.is_none()) {
                continue;
            }
            let blank = hardware.vm.blanks.get(late.blank);
            let Some(value::Kind::CpuValue | value::Kind::Property(_)) = blank.map(|blank| blank.kind) else {
                continue;
            };
            let (owners, name) = owners(option, name, schemas, hardware);
            let is_certain = are_checked
                && !hardware.vm.target_is_open
                && owners.len() == schemas.len()
                && severity(hardware) == Severity::Error;
            let kind = match owners.last().filter(|_| is_certain) {
                Some(owner) => {
                    let lookups: Vec<_> = owners.iter().map(|owner| owner.property(name)).collect();
                    let can_tell = !lookups.contains(&Lookup::CannotTell);
                    takes(&known(&lookups), owner.kind(), hardware).filter(|_| can_tell)
                }
                None => None,
            };
            let entry = hardware.entry(option.statement);
            let passes_on = entry.is_none_or(|entry| {
                entry.spec.forms.get(entry.form).is_none_or(|form| form.open.is_none_or(|open| open.is_any()))
            });
            kinds.extend(kind_of(kind, name, option.kind, passes_on).map(|kind| (late.blank, kind)));
        }
    }
    kinds
}

/// What has a property of an option, in each schema, and how it is called there.
fn owners<'n>(
    option: &QemuOption<'_>,
    name: &'n str,
    schemas: &'static [Schema],
    hardware: &Hardware<'_>,
) -> (Vec<Type>, &'n str) {
    if option.name == "global" {
        let Some((driver, name)) = schema::driver_and_property(name, hardware.vm.target) else {
            return (Vec::new(), name);
        };
        let is_here =
            hardware.devices.iter().any(|device| device.ty.as_ref().is_some_and(|ty| ty.is_a(driver)));
        let owners = schemas.iter().filter(|_| is_here).filter_map(|schema| schema.driver(driver));
        return (owners.collect(), name);
    }
    let Some((kind, made)) = option.kind.zip(option.made()) else { return (Vec::new(), name) };
    (schemas.iter().filter_map(|schema| schema.find(kind, made.text)).collect(), name)
}

/// What the value of a property must be of which the schemas tell this. Nothing where they tell nothing new.
fn kind_of(takes: Option<Takes>, name: &str, sort: Option<Kind>, passes_on: bool) -> Option<value::Kind> {
    let is_text = takes.is_none_or(|takes| takes.ty == PropertyType::Str && takes.or == PropertyType::Str);
    if is_text && is_path(name) && sort != Some(Kind::Cpu) {
        return Some(value::Kind::AnyPath);
    }
    let takes = takes.filter(|takes| takes.ty != PropertyType::Str)?;
    let is_of = |ty: PropertyType| takes.ty == ty && takes.or == ty;
    Some(match takes.ty {
        _ if is_of(PropertyType::Mac) => value::Kind::Mac,
        _ if is_of(PropertyType::PciSlot) => value::Kind::Pci,
        PropertyType::List(_) | PropertyType::Other(_) => return None,
        _ => value::Kind::Property(Takes { in_bytes: !passes_on && sort == Some(Kind::Device), ..takes }),
    })
}

/// `wait=off` for `nowait`, as QEMU's own lists of options have it.
fn switched_off(owners: &[Type], name: &str, span: Span, value: &Value<'_>) -> Option<Remedy> {
    let meant = name.strip_prefix("no").filter(|_| value.is_on())?;
    let takes_off = |owner: &Type| matches!(owner.property(meant), Lookup::Known(property) if property.ty().accepts("off"));
    if !owners.iter().any(takes_off) {
        return None;
    }
    let off = format!("{meant}=off");
    Some(Remedy::new(format!("write `{off}`")).replace(span.to(value.span_or(span)), off))
}

/// How what is in a list is called, where a name goes on without a number.
fn unnumbered(owners: &[Type], name: &str) -> Option<Remedy> {
    let list = owners.iter().find_map(|owner| owner.reached_by(name))?;
    let number = name.get(list.name().len() + 1..)?.split('.').next()?;
    let is_list = matches!(list.ty(), PropertyType::List(_)) && number.parse::<u32>().is_err();
    is_list.then(|| Remedy::new(numbered(list.name())))
}

/// How the elements of a list are called.
pub(super) fn numbered(list: &str) -> String {
    format!("the elements of a list are numbered from 0: `{list}.0`")
}

/// Which QEMU has what the target lacks.
fn elsewhere_label(target: Version, elsewhere: &[&Schema]) -> Option<String> {
    let newer = elsewhere.iter().find(|schema| schema.version() > target);
    let older = elsewhere.iter().rfind(|schema| schema.version() < target);
    match (older, newer) {
        (_, Some(newer)) => Some(format!("QEMU {} has it", newer.version())),
        (Some(older), None) => Some(format!("QEMU {} had it", older.version())),
        (None, None) => None,
    }
}

fn list_command(owner: &Type, arch: Arch) -> String {
    let (program, name) = (arch.program(), owner.name());
    match owner.kind() {
        Kind::Device => format!("{program} -device {name},help"),
        Kind::Object => format!("{program} -object {name},help"),
        Kind::Machine => format!("{program} -machine {name},help"),
        Kind::Cpu => format!("{program} -cpu help"),
        _ => format!("man {program}"),
    }
}

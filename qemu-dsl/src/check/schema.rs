//! QEMU's own names: devices, properties, machine types, CPU models, as the target's schema knows them.
//!
//! A name that the schema doesn't know may be newer than the schema, or of another build of QEMU: a warning. A
//! property that a known type of exactly this version doesn't have is an error; `arg` remains for who knows better.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::{Hardware, QemuOption, Value};
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup, Schema, Type};
use crate::suggest::Suggestions;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // The schemas are of QEMU for x86.
    let Some(schema) = schema::of(hardware.vm.target).filter(|_| hardware.is_x86()) else {
        return;
    };
    let mut asking = Asking { hardware, schema, diagnostics, suggestions: Suggestions::default() };
    for option in hardware.options.iter().filter(|option| !option.is_arg) {
        asking.option(option);
    }
}

struct Asking<'a> {
    hardware: &'a Hardware<'a>,
    schema: &'static Schema,
    diagnostics: &'a mut Vec<Diagnostic>,
    suggestions: Suggestions,
}

/// What an option makes, where the schemas know of it.
fn kind(option: &str) -> Option<Kind> {
    Some(match option {
        "machine" => Kind::Machine,
        "cpu" => Kind::Cpu,
        "device" => Kind::Device,
        "object" => Kind::Object,
        "chardev" => Kind::Chardev,
        "blockdev" => Kind::Blockdev,
        _ => return None,
    })
}

/// What a message calls a thing of this kind, and the code for one that is not known.
fn what(kind: Kind) -> (&'static str, Code) {
    match kind {
        Kind::Machine => ("machine type", Code::UnknownMachine),
        Kind::Cpu => ("CPU model", Code::UnknownCpu),
        Kind::Object => ("object", Code::UnknownDevice),
        Kind::Chardev => ("character device's backend", Code::UnknownDevice),
        Kind::Blockdev => ("block driver", Code::UnknownDevice),
        _ => ("device", Code::UnknownDevice),
    }
}

impl Asking<'_> {
    fn option(&mut self, option: &QemuOption<'_>) {
        if option.name == "global" {
            self.global(option);
        }
        let Some(kind) = kind(&option.name) else { return };
        let Some(name) = option.first().or_else(|| option.get("driver")) else { return };
        // What the language prints of itself is right.
        let Some(written) = name.written else { return };
        let renamed = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT];
        if kind == Kind::Chardev && renamed.iter().any(|change| change.is_about(&name.text)) {
            // It has been reported.
            return;
        }
        if let Some(known) = self.find(kind, &name.text, written.value) {
            for (property, value) in option.named() {
                if let Some(written) = value.written {
                    self.property(&known, &property, written.name.unwrap_or(written.value), &value);
                }
            }
        }
    }

    fn find(&mut self, kind: Kind, name: &str, span: Span) -> Option<Type> {
        let (what, code) = what(kind);
        let target = self.hardware.vm.target;
        let Some(found) = self.schema.find(kind, name) else {
            let help = self
                .suggestions
                .did_you_mean(name, span, self.schema.names(kind))
                .unwrap_or_else(|| "if your QEMU has it, all is well: it is passed on as it is".into());
            let version = self.schema.version();
            self.diagnostics.push(
                Diagnostic::warning(code, format!("QEMU {version} has no {what} `{name}`"))
                    .at(span)
                    .help(help),
            );
            return None;
        };
        if found.is_deprecated() {
            self.diagnostics.push(
                Diagnostic::warning(
                    Code::Deprecated,
                    format!("the {what} `{name}` is deprecated in QEMU {target}"),
                )
                .at(span)
                .help("it will go: look for what follows it"),
            );
        }
        Some(found)
    }

    /// A list that is older than the target is no proof.
    fn severity(&self) -> Severity {
        if self.schema.version() == self.hardware.vm.target { Severity::Error } else { Severity::Warning }
    }

    fn property(&mut self, owner: &Type, name: &str, span: Span, value: &Value<'_>) {
        let severity = self.severity();
        let (what, _) = what(owner.kind());
        match owner.property(name) {
            Lookup::CannotTell => {}
            // What the target no longer has has been reported.
            Lookup::Unknown
                if owner.kind() == Kind::Chardev && changes::RECONNECT.is_about(&format!("{name}=")) => {}
            Lookup::Unknown => {
                let names: Vec<_> = owner.properties().map(|property| property.name()).collect();
                let help = self
                    .suggestions
                    .did_you_mean(name, span, names.iter().copied())
                    .unwrap_or_else(|| format!("QEMU lists them: `{}`", list_command(owner)).into());
                self.diagnostics.push(
                    Diagnostic::new(
                        severity,
                        Code::UnknownProperty,
                        format!("the {what} `{}` has no property `{name}`", owner.name()),
                    )
                    .at(span)
                    .help(help),
                );
            }
            Lookup::Known(known) => {
                let ty = known.ty();
                let text = &*value.text;
                if !ty.accepts(text) {
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
        }
    }

    fn global(&mut self, global: &QemuOption<'_>) {
        let Some((property, value)) = global.named().find(|(name, _)| name.contains('.')) else { return };
        let Some((driver, name)) = property.rsplit_once('.') else { return };
        let Some(whole) = value.written.and_then(|written| written.name) else { return };
        let dot = whole.start + driver.len() as u32;
        let Some(known) = self.schema.driver(driver) else {
            let version = self.schema.version();
            let span = Span::new(whole.start, dot);
            let help = self
                .suggestions
                .did_you_mean(driver, span, self.schema.names(Kind::Device))
                .unwrap_or_else(|| "QEMU ignores a default for what it doesn't have".into());
            self.diagnostics.push(
                Diagnostic::warning(Code::UnknownDevice, format!("QEMU {version} has no device `{driver}`"))
                    .at(span)
                    .help(help),
            );
            return;
        };
        self.property(&known, name, Span::new(dot + 1, whole.end), &value);
    }
}

fn list_command(owner: &Type) -> String {
    match owner.kind() {
        Kind::Device => format!("qemu-system-x86_64 -device {},help", owner.name()),
        Kind::Object => format!("qemu-system-x86_64 -object {},help", owner.name()),
        Kind::Machine => format!("qemu-system-x86_64 -machine {},help", owner.name()),
        Kind::Cpu => "qemu-system-x86_64 -cpu help".to_owned(),
        _ => "man qemu-system-x86_64".to_owned(),
    }
}

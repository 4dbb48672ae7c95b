//! QEMU's own names: devices, properties, machine types, CPU models, as the target's schema knows them.
//!
//! A name that the schema doesn't know may be newer than the schema, or of another build of QEMU: a warning. A
//! property that a known type of exactly this version doesn't have is an error; `arg` remains for who knows better.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{Entry, Vm};
use crate::model::{Property, PropertyValue};
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup, Schema, Type};
use crate::source::Node;
use crate::statement::blockdev::Blockdev;
use crate::statement::chardev::Chardev;
use crate::statement::cpu::Cpu;
use crate::statement::device::Device;
use crate::statement::disk::Disk;
use crate::statement::fs::Fs;
use crate::statement::global::Global;
use crate::statement::machine::Machine;
use crate::statement::netdev::{tap::Macvtap, tap::Tap, user::User};
use crate::statement::object::Object;
use crate::statement::port::{Console, Port};
use crate::statement::qemu::Qemu;
use crate::statement::virtio_serial::VirtioSerial;
use crate::suggest::Suggestions;
use crate::value::Driver;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    // The schemas are of QEMU for x86.
    let is_x86 = |qemu: &Qemu| {
        let program = qemu.path.0.rsplit('/').next().unwrap_or("");
        program.contains("x86_64") || program.contains("i386") || !program.starts_with("qemu-system-")
    };
    let Some(schema) = schema::of(vm.target).filter(|_| vm.get::<Qemu>().is_none_or(is_x86)) else {
        return;
    };
    let mut asking = Asking { vm, schema, diagnostics, suggestions: Suggestions::default() };
    for entry in &vm.statements {
        asking.statement(entry);
    }
}

struct Asking<'a> {
    vm: &'a Vm,
    schema: &'static Schema,
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
        _ => ("device", Code::UnknownDevice),
    }
}

impl Asking<'_> {
    fn statement(&mut self, entry: &Entry) {
        let form: &dyn std::any::Any = &*entry.values;
        if let Some(device) = form.downcast_ref::<Device>() {
            self.all(Kind::Device, &device.kind, device.kind.span, &device.properties);
        } else if let Some(object) = form.downcast_ref::<Object>() {
            self.all(Kind::Object, &object.kind, object.kind.span, &object.properties);
        } else if let Some(chardev) = form.downcast_ref::<Chardev>() {
            // What the target has under another name has been reported.
            let renamed = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT];
            if renamed.iter().any(|change| change.is_about(&chardev.kind)) {
                return;
            }
            self.all(Kind::Chardev, &chardev.kind, chardev.kind.span, &chardev.properties);
        } else if let Some(blockdev) = form.downcast_ref::<Blockdev>() {
            self.all(Kind::Blockdev, &blockdev.kind, blockdev.kind.span, &blockdev.properties);
        } else if let Some(machine) = form.downcast_ref::<Machine>() {
            self.all(Kind::Machine, &machine.kind_of.0, machine.kind_of.span, &machine.properties);
        } else if let Some(cpu) = form.downcast_ref::<Cpu>() {
            self.all(Kind::Cpu, &cpu.model.0, cpu.model.span, &cpu.properties);
        } else if let Some(global) = form.downcast_ref::<Global>() {
            self.global(global);
        } else if let Some(driver) = driver(form) {
            self.find(Kind::Device, &driver.0, driver.span);
        }
    }

    /// A type and its properties.
    fn all(&mut self, kind: Kind, name: &str, span: Span, properties: &[Property]) {
        if let Some(known) = self.find(kind, name, span) {
            for property in properties {
                self.property(&known, &property.name.value, property.name.span, property);
            }
        }
    }

    fn find(&mut self, kind: Kind, name: &str, span: Span) -> Option<Type> {
        let (what, code) = what(kind);
        let target = self.vm.target;
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
        if self.schema.version() == self.vm.target { Severity::Error } else { Severity::Warning }
    }

    fn property(&mut self, owner: &Type, name: &str, span: Span, property: &Property) {
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
                if let PropertyValue::Text(text) = &property.value
                    && !ty.accepts(text)
                {
                    let help = self
                        .suggestions
                        .did_you_mean(text, text.span, ty.values())
                        .unwrap_or_else(|| format!("write {ty}").into());
                    self.diagnostics.push(
                        Diagnostic::new(
                            severity,
                            Code::WrongType,
                            format!("`{name}` can't be `{}`", text.value),
                        )
                        .at(text.span)
                        .help(help),
                    );
                }
            }
        }
    }

    fn global(&mut self, global: &Global) {
        let Some(property) = global.properties.first() else {
            return;
        };
        let Some((driver, name)) = property.name.rsplit_once('.') else {
            return;
        };
        let whole = property.name.span;
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
        self.property(&known, name, Span::new(dot + 1, whole.end), property);
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

/// The device that a statement names in place of its own.
pub(super) fn driver(form: &dyn std::any::Any) -> Option<&Node<Driver>> {
    None.or_else(|| form.downcast_ref::<Disk>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<Fs>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<Port>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<Console>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<VirtioSerial>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<Tap>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<Macvtap>()?.driver.as_ref())
        .or_else(|| form.downcast_ref::<User>()?.driver.as_ref())
}

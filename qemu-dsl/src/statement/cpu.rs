//! `cpu`

use crate::model::Checking;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::lower::Lowering;
use crate::source::Node;
use crate::table::{Bare};
use crate::statement::form::{Form, form, statement};
use crate::model::{Property};
use crate::statement::arg::Arg;
use crate::statement::machine::Machine;
use crate::value::CpuText;

statement! {
    /// The CPU: its model, features and properties.
    STATEMENT "cpu" once settled Cpu [Cpu]
    example "cpu qemu64 +aes -svm"
}

form! {
    /// The CPU: its model, features and properties.
    Cpu {
        /// The model, such as `host`, `max` or `qemu64`; `qemu-system-x86_64 -cpu help` lists them.
        model "model": Node<CpuText> { positional: true },
    } open properties: Bare::Feature,
        "Features switched on (`+aes`) or off (`-svm`), and any property, such as `migratable=off`."
}

/// Whether the VM runs by KVM, as far as the text tells.
fn has_kvm(cx: &Checking<'_>) -> bool {
    let names_kvm = |accel: &str| accel.split([':', ',']).any(|name| matches!(name, "kvm" | "hvf" | "nvmm"));
    let machine = cx.vm.get::<Machine>().and_then(|machine| machine.property("accel")).map(Property::text);
    machine.is_some_and(names_kvm)
        || cx.vm.all::<Arg>().any(|(_, arg)| match arg.texts() {
            ["-enable-kvm" | "--enable-kvm", ..] => true,
            ["-accel" | "--accel" | "-machine" | "-M", value] => {
                value.split(',').any(|part| names_kvm(part.strip_prefix("accel=").unwrap_or(part)))
            }
            _ => false,
        })
}

impl Form for Cpu {
    fn check(&self, cx: &mut Checking<'_>) {
        for property in self.properties.iter().filter(|property| property.text().contains(',')) {
            cx.report(
                Diagnostic::error(Code::Inexpressible, "QEMU's `-cpu` can't say a comma in a value")
                    .at(property.value_span())
                    .help("use a value without a comma, or `global` with the CPU's driver"),
            );
        }
        if self.model.0 == "host" && cx.vm.complete && !has_kvm(cx) {
            let diagnostic = Diagnostic::error(Code::HostCpuWithoutKvm, "the CPU `host` needs KVM")
                .at(self.model.span)
                .help("write `machine q35 accel=kvm`, or `cpu max` for whatever the accelerator can do");
            cx.report(match cx.vm.get::<Machine>().and_then(|machine| machine.property("accel")) {
                Some(accel) => diagnostic.label(accel.value_span(), "another accelerator"),
                None => diagnostic,
            });
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-cpu").word(&self.model).properties(&self.properties);
    }
}

//! `cpu`

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::schema;
use crate::statement::form::{Form, form, statement};
use crate::table::Bare;
use crate::value::CpuText;

statement! {
    /// The CPU: its model, features and properties.
    STATEMENT reserved "cpu" once settled Cpu [Cpu]
    example "cpu qemu64 +aes -svm"
}

form! {
    /// The CPU: its model, features and properties.
    Cpu {
        /// The model, such as `host`, `max` or `qemu64`; `qemu-system-x86_64 -cpu help` lists them.
        model "model": Val<CpuText> { positional: true },
    } open properties: Bare::Feature(schema::Kind::Cpu),
        "Features switched on (`+aes`) or off (`-svm`), and any property, such as `migratable=off`."
}

impl Form for Cpu {
    fn check(&self, cx: &mut Checking<'_>) {
        for property in
            self.properties.iter().filter(|property| property.text().is_some_and(|text| text.contains(',')))
        {
            cx.report(
                Diagnostic::error(Code::Inexpressible, "QEMU's `-cpu` can't say a comma in a value")
                    .at(property.value_span())
                    .help("use a value without a comma, or `global` with the CPU's driver"),
            );
        }
        if let Some(model) = self
            .model
            .known()
            .filter(|model| model.0 == "host" && cx.vm.complete && !cx.hardware.is_uncertain)
        {
            check_host(model.span, cx);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-cpu").word(&self.model).properties(&self.properties);
    }
}

/// The host's CPU is there by the host's virtualisation alone.
fn check_host(model: Span, cx: &mut Checking<'_>) {
    let accelerators = cx.hardware.accelerators();
    let is_host = |name: &&str| matches!(*name, "kvm" | "hvf" | "nvmm");
    if accelerators.iter().all(is_host) {
        return;
    }
    let diagnostic = if accelerators.iter().any(is_host) {
        Diagnostic::warning(Code::HostCpuWithoutKvm, "where KVM is missing, the CPU `host` is missing too")
            .at(model)
            .help("write `cpu max` for whatever the accelerator can do, or leave out the other accelerators")
    } else {
        Diagnostic::error(Code::HostCpuWithoutKvm, "the CPU `host` needs KVM")
            .at(model)
            .help("write `machine q35 accel=kvm`, or `cpu max` for whatever the accelerator can do")
    };
    let accel = cx.hardware.machine("accel").and_then(|accel| accel.written);
    cx.report(match accel {
        Some(written) => diagnostic.label(written.value, "another accelerator"),
        None => diagnostic,
    });
}

//! `confidential`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Id, id_kinds};
use crate::model::{Facts, Val};
use crate::plan::Piece;
use crate::print::{Lowering, text};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::table::Section;
use crate::value::{OnOff, UInt};

statement! {
    /// What keeps the guest's memory from its host (AMD SEV, Intel TDX and their like).
    STATEMENT "confidential" once settled Devices [Confidential]
    example "target 10.0\nmachine q35 accel=kvm\nconfidential sev-snp cbitpos=51 reduced-phys-bits=1"
}

id_kinds! {
    /// The ids of such objects.
    GuardId "cgs"
}

form! {
    /// What keeps the guest's memory from its host. It needs KVM, and a processor and a kernel that can do it.
    Confidential kinds [
        "sev": "AMD's SEV, and SEV-ES where `policy` says so",
        "sev-snp": "AMD's SEV-SNP" { &changes::SEV_SNP },
        "tdx": "Intel's TDX" { &changes::TDX },
        "pef": "POWER's Protected Execution Facility" { &changes::CONFIDENTIAL },
        "s390-pv": "Secure Execution of s390x" { &changes::CONFIDENTIAL },
    ] {
        /// Its id.
        id "id": Id<GuardId>,
        /// The bit of an address that says that memory is encrypted: 47 or 51, as the processor has it.
        cbitpos "cbitpos": Option<Val<UInt<0, 63>>> { kinds: SEV },
        /// By so many bits addresses are shorter.
        reduced_phys_bits "reduced-phys-bits": Option<Val<UInt<0, 63>>> { kinds: SEV },
        /// What the guest's owner allows, a bit each, as AMD's specification has them.
        policy "policy": Option<Val<UInt<0, { u64::MAX }>>> { kinds: SEV },
        /// What `kernel` says is measured, too.
        kernel_hashes "kernel-hashes": Option<Val<OnOff>> { kinds: SEV },
    }
    opens object [(Kind::Object, "{}-guest")]
}

const SEV: &[&str] = &["sev", "sev-snp"];

impl Lowering<'_> {
    /// The machine's property that names what keeps its memory from the host, and its id.
    pub(crate) fn guard(&self) -> Option<(&'static str, Option<Vec<Piece>>)> {
        let guard = self.vm.facts.guard.clone()?;
        let has_it = self.has(&changes::CONFIDENTIAL);
        Some((if has_it { "confidential-guest-support" } else { "memory-encryption" }, Some(guard)))
    }
}

impl Form for Confidential {
    fn register(&self, facts: &mut Facts) {
        facts.guard = Some(text(&self.id).into_owned());
    }

    fn check(&self, cx: &mut Checking<'_>) {
        let head = cx.entry.head;
        let by = cx.hardware.accelerators();
        if !by.contains(&"kvm") && !cx.hardware.is_uncertain {
            let what = self.kind.as_str();
            let diagnostic =
                Diagnostic::error(Code::MissingOption, format!("`confidential {what}` needs KVM")).at(head);
            let help = Remedy::new("add `accel kvm`, in the place of another one");
            let says = cx.hardware.has("accel") || cx.hardware.written_machine("accel").is_some();
            cx.report(diagnostic.help(if says {
                help
            } else {
                help.insert(cx.entry.span.end, "\naccel kvm")
            }));
        }
        for property in ["confidential-guest-support", "memory-encryption"] {
            if let Some(written) = cx.hardware.written_machine(property) {
                cx.report(
                    Diagnostic::error(
                        Code::ExclusiveOptions,
                        format!(
                            "`{property}` and `confidential` both say what keeps the memory from the host"
                        ),
                    )
                    .label(written.name.unwrap_or(written.value), "this")
                    .label(head, "and this")
                    .help("leave out one of them"),
                );
            }
        }
        let irqchip = cx.hardware.machine("kernel_irqchip").or_else(|| cx.hardware.machine("kernel-irqchip"));
        if let Some(irqchip) =
            irqchip.filter(|irqchip| self.kind.as_str() == "tdx" && irqchip.text != "split")
        {
            let at = irqchip.span_or(head);
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, "TDX needs `kernel_irqchip=split`");
            cx.report(
                diagnostic
                    .label(at, "is another one")
                    .label(head, "needs it")
                    .help("write `kernel_irqchip=split`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let object = format!("{}-guest", self.kind.as_str());
        out.object(&object)
            .set("id", &self.id)
            .set("cbitpos", self.cbitpos)
            .set("reduced-phys-bits", self.reduced_phys_bits)
            .set("policy", self.policy)
            .set("kernel-hashes", self.kernel_hashes)
            .written_out(&self.object);
        // The machine's own statement names it, where there is one.
        if let (false, Some((property, id))) = (out.vm.facts.names_machine, out.guard()) {
            out.section(Section::Machine).option("-machine").set(property, id.as_deref());
        }
    }
}

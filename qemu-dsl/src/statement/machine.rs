//! `machine`

use crate::model::Facts;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::schema;
use crate::statement::form::{Form, form, statement};
use crate::table::Bare;
use crate::value::MachineType;

statement! {
    /// The machine: its type and its properties.
    STATEMENT reserved "machine" once settled Machine [Machine]
    example "machine q35 accel=kvm:tcg kernel_irqchip"
}

form! {
    /// The machine: its type and its properties.
    Machine {
        /// The machine type, such as `q35`, `pc` or `microvm`; `qemu-system-x86_64 -machine help` lists them.
        kind_of "type": Val<MachineType> { positional: true },
    } open properties: Bare::Flag(schema::Kind::Machine),
        "Any property of the machine type, such as `accel=kvm:tcg`, `kernel_irqchip`, `nvdimm`, `hpet=off`."
}

impl Form for Machine {
    fn register(&self, facts: &mut Facts) {
        let is_on = |name: &str| {
            let mut properties = self.properties.iter();
            properties.any(|property| {
                property.name.value == name && matches!(property.text(), Some("on" | "yes" | "true"))
            })
        };
        facts.board = facts.board.other(self.kind_of.known().map_or("", |name| &name.0), is_on);
        facts.names_machine = true;
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let ram = out.vm.facts.ram.as_deref().filter(|_| out.has(&changes::MEMORY_BACKEND));
        let (guarded_by, guard) = out.guard().unwrap_or_default();
        let (code, vars) = out.flash().unzip();
        let says_smm = self.properties.iter().any(|property| property.name.value == "smm");
        let smm = out.smm().filter(|_| !says_smm);
        out.option("-machine")
            .word(&self.kind_of)
            .properties(&self.properties)
            .set("smm", smm)
            .set("memory-backend", ram)
            .set(guarded_by, guard.as_deref())
            .set("pflash0", code)
            .set("pflash1", vars.flatten());
    }
}

//! `pvpanic`

use crate::model::Val;
use crate::model::ids::OptionalId;
use crate::plan::Arch;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::{OwnPlace, Pci as Place};
use crate::statement::single::{DeviceId, single};
use crate::value::UInt;

statement! {
    /// A device by which the guest tells of its panic. What QEMU does then, `action panic=` says.
    STATEMENT "pvpanic" many pluggable Devices [Plain, Isa, Pci]
    example "machine q35\npvpanic\naction panic=pause"
}

form! {
    /// As the machine can have it: on the ISA bus of a PC, elsewhere on PCI.
    Plain settled "QEMU takes `pvpanic` at its start only: write `pvpanic pci`" {
        /// Its id.
        id "id": OptionalId<DeviceId>,
    }
    opens device [(Kind::Device, ISA), (Kind::Device, PCI)]
}

const ISA: &str = "pvpanic";
const PCI: &str = "pvpanic-pci";

impl Form for Plain {
    fn lower(&self, out: &mut Lowering<'_>) {
        let board = &out.vm.facts.board;
        let is_pc = matches!(out.vm.target.arch, Arch::X86_64 | Arch::I386);
        let has_isa = board.has("ISA") || is_pc && !board.is_known();
        out.device(if has_isa { ISA } else { PCI }).set("id", &self.id.0).written_out(&self.device);
    }
}

single! {
    /// On the ISA bus.
    Isa kinds ["isa": "a device of ISA"] settled "QEMU takes `pvpanic isa` at its start only: write `pvpanic pci`" prints "pvpanic" {
        /// Its port. Without it QEMU takes 0x505, where guests look for it without ACPI.
        ioport "ioport": Option<Val<UInt<0, 65535>>>,
    } with OwnPlace;

    /// On PCI.
    Pci kinds ["pci": "a device of PCI"] prints "pvpanic-pci" {} with Place;
}

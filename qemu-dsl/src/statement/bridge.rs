//! `bridge`

use crate::model::ids::Id;
use crate::model::{Maybe, Val};
use crate::print::{Lowering, Shown};
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::{Pci as Place, PciBus};
use crate::value::{OnOff, UInt};

statement! {
    /// A bridge, which offers a PCI bus of its own name.
    STATEMENT reserved "bridge" many pluggable Devices [Pci, Pcie]
    example "machine pc\nbridge pci id=b0 bus=pci.0 chassis=1"
}

form! {
    /// A bridge from PCI to PCI.
    Pci kinds ["pci": "a bridge to a PCI bus (`pci-bridge`)"] {
        /// Its id, which is the name of the bus behind it too.
        id "id": Id<PciBus>,
        /// Its chassis number, by which guests tell bridges apart: no two bridges have the same.
        chassis "chassis": Val<UInt<1, 255>>,
        /// Whether it has a standard hot plug controller.
        shpc "shpc": Option<Val<OnOff>> { default: "off" },
    } with Place
    opens device [(Kind::Device, "pci-bridge")]
}

impl Form for Pci {
    fn lower(&self, out: &mut Lowering<'_>) {
        let shpc = self.shpc.is(|shpc| shpc.0);
        out.option("-device")
            .word("pci-bridge")
            .set("bus", &self.pci.bus)
            .set("id", &self.id)
            .set("chassis_nr", &self.chassis)
            .set("shpc", Shown(OnOff(shpc)))
            .addr(&self.pci)
            .written_out(&self.device);
    }
}

form! {
    /// A bridge from PCI Express to PCI.
    Pcie kinds ["pcie": "a bridge from a PCI Express bus to a PCI bus (`pcie-pci-bridge`)"] {
        /// Its id, which is the name of the bus behind it too.
        id "id": Id<PciBus>,
    } with Place
    opens device [(Kind::Device, "pcie-pci-bridge")]
}

impl Form for Pcie {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device")
            .word("pcie-pci-bridge")
            .set("bus", &self.pci.bus)
            .set("id", &self.id)
            .addr(&self.pci)
            .written_out(&self.device);
    }
}

//! `bridge`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, Numbered};
use crate::model::{Extent, Maybe, Val};
use crate::print::{Lowering, Shown};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::{Pci as Place, PciBus};
use crate::value::{OnOff, UInt};

statement! {
    /// A bridge, which offers a PCI bus of its own name.
    STATEMENT reserved "bridge" many pluggable Devices [Pci, Pcie, Port, Upstream, Expander, Host]
    example "machine q35\nbridge root-port id=rp0\nrng bus=rp0\nbridge pcie id=b0"
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
    Pcie kinds [
        "pcie": "a bridge from a PCI Express bus to a PCI bus (`pcie-pci-bridge`)",
        "dmi": "the same as Intel's ICH9 has it (`i82801b11-bridge`)",
    ] {
        /// Its id, which is the name of the bus behind it too.
        id "id": Id<PciBus>,
    } with Place
    opens device [(Kind::Device, "pcie-pci-bridge"), (Kind::Device, "i82801b11-bridge")]
}

impl Form for Pcie {
    fn lower(&self, out: &mut Lowering<'_>) {
        let driver = if self.kind.as_str() == "dmi" { "i82801b11-bridge" } else { "pcie-pci-bridge" };
        out.option("-device")
            .word(driver)
            .set("bus", &self.pci.bus)
            .set("id", &self.id)
            .addr(&self.pci)
            .written_out(&self.device);
    }
}

form! {
    /// A port of PCI Express, behind which is a place for one device: that can be plugged into a guest that runs.
    Port kinds [
        "root-port": "a port of the machine's own (`pcie-root-port`)",
        "ioh3420": "the same as Intel's IOH has it",
        "downstream": "a port of a switch, on the bus of an `upstream` (`xio3130-downstream`)",
    ] {
        /// Its id, which is the name of the bus behind it too.
        id "id": Id<PciBus>,
        /// Its chassis number: no two ports have the same with the same slot. Without it: the first free one, from 1 on.
        chassis "chassis": Numbered<UInt<0, 255>>,
        /// The number of its slot, by which guests name it.
        slot "slot": Option<Val<UInt<0, 65535>>>,
        /// The number of the port.
        port "port": Option<Val<UInt<0, 255>>>,
    } with Place
    opens device [
        (Kind::Device, "pcie-root-port"),
        (Kind::Device, "ioh3420"),
        (Kind::Device, "xio3130-downstream"),
    ]
}

impl Port {
    fn driver(&self) -> &str {
        match self.kind.as_str() {
            "root-port" => "pcie-root-port",
            "downstream" => "xio3130-downstream",
            kind => kind,
        }
    }
}

impl Form for Port {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.chassis.given.is_none() && cx.vm.extent == Extent::Devices {
            let message = format!("`bridge {}` needs `chassis=` here", self.kind);
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
            let help =
                "add `chassis=` and a number that no other port has: which those have isn't known here";
            cx.missing("chassis", diagnostic.help(help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.device(self.driver())
            .set("id", &self.id)
            .pci(&self.pci)
            .set("chassis", &self.chassis)
            .set("slot", &self.slot)
            .set("port", &self.port)
            .written_out(&self.device);
    }
}

form! {
    /// The side of a switch of PCI Express that is on a port: its own ports are `downstream`.
    Upstream kinds ["upstream": "a switch, on the bus of a port (`x3130-upstream`)"] {
        /// Its id, which is the name of the bus behind it too.
        id "id": Id<PciBus>,
    } with Place
    opens device [(Kind::Device, "x3130-upstream")]
}

impl Form for Upstream {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device("x3130-upstream").set("id", &self.id).pci(&self.pci).written_out(&self.device);
    }
}

form! {
    /// Another root of PCI, which can be of a NUMA node.
    Expander kinds [
        "pxb": "of PCI, for `machine pc`",
        "pxb-pcie": "of PCI Express",
        "pxb-cxl": "of CXL, for a machine with `cxl=on`" { &changes::PXB_CXL },
    ] settled "QEMU takes another root of PCI at its start only: put it into the VM's text" {
        /// Its id, which is the name of its bus too.
        id "id": Id<PciBus>,
        /// The number of its bus.
        bus_nr "bus_nr": Val<UInt<1, 255>>,
        /// The NUMA node that it is of.
        numa_node "numa_node": Option<Val<UInt<0, 65535>>>,
    } with Place
    opens device [(Kind::Device, "{}")]
}

impl Form for Expander {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device(&self.kind)
            .set("id", &self.id)
            .pci(&self.pci)
            .set("bus_nr", &self.bus_nr)
            .set("numa_node", &self.numa_node)
            .written_out(&self.device);
    }
}

form! {
    /// Another root of PCI on `pseries` (ppc64), whose bus is called `ID.0`.
    Host kinds ["phb": "another root of PCI on `pseries` (`spapr-pci-host-bridge`)"] {
        /// Its id: that of its bus without the `.0`.
        id "id": Id<PciBus>,
        /// Its number: the machine's own is 0.
        index "index": Val<UInt<1, 30>>,
        /// The NUMA node that it is of.
        numa_node "numa_node": Option<Val<UInt<0, 65535>>>,
    }
    opens device [(Kind::Device, "spapr-pci-host-bridge")]
}

impl Form for Host {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device("spapr-pci-host-bridge")
            .set("id", &self.id)
            .set("index", &self.index)
            .set("numa_node", &self.numa_node)
            .written_out(&self.device);
    }
}

//! `vfio`

use crate::model::ids::{OptionalId, id_kinds};
use crate::model::{Property, Val};
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Pci;
use crate::value::HostPci;

statement! {
    /// A PCI device of the host that the guest has to itself.
    STATEMENT reserved "vfio" many pluggable Devices [Vfio]
    example "vfio 0000:02:10.0"
}

id_kinds! {
    /// The ids of devices of the host.
    VfioId "vfio"
}

form! {
    /// A PCI device of the host that the guest has to itself.
    Vfio {
        /// Its address on the host, with or without the domain, as `lspci -D` shows it.
        host "host": Val<HostPci> { positional: true },
        /// Its id.
        id "id": OptionalId<VfioId>,
    } with Pci
    opens device [(Kind::Device, "vfio-pci")]
}

impl Form for Vfio {
    fn lower(&self, out: &mut Lowering<'_>) {
        lower(out, &self.host, &self.id, &self.pci, &self.device);
    }
}

/// Prints the device, also for `netdev vfio`.
pub(crate) fn lower(
    out: &mut Lowering<'_>,
    host: &Val<HostPci>,
    id: &OptionalId<VfioId>,
    pci: &Pci,
    device: &[Property],
) {
    out.option("-device").word("vfio-pci").set("host", host).set("id", &id.0).pci(pci).written_out(device);
}

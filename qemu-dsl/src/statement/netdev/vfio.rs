//! `netdev vfio`

use crate::analyse::args::OptionalId;
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::statement::pci::Pci;
use crate::statement::vfio::{self, VfioId};
use crate::types::HostPci;

form! {
    /// A network device of the host that the guest has to itself. It has the MAC address that the host gave it.
    Vfio kinds ["vfio": "a PCI device of the host"] {
        /// Its address on the host, with or without the domain, as `lspci -D` shows it.
        host "host": Node<HostPci>,
        /// Its id.
        id "id": OptionalId<VfioId>,
    } with Pci
}

impl Form for Vfio {
    fn lower(&self, out: &mut Lowering<'_>) {
        vfio::lower(out, &self.host, &self.id, &self.pci);
    }
}

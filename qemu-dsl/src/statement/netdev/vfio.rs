//! `netdev vfio`

use super::nic::NO_QUEUES;
use crate::model::Val;
use crate::model::ids::OptionalId;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Pci;
use crate::statement::vfio::{self, VfioId};
use crate::value::HostPci;

form! {
    /// A network device of the host that the guest has to itself. It has the MAC address that the host gave it.
    Vfio kinds ["vfio": "a PCI device of the host"] {
        /// Its address on the host, with or without the domain, as `lspci -D` shows it.
        host "host": Val<HostPci>,
        /// Its id.
        id "id": OptionalId<VfioId>,
    } with Pci
    opens device [(Kind::Device, "vfio-pci")]
    refuses [NO_QUEUES]
}

impl Form for Vfio {
    fn lower(&self, out: &mut Lowering<'_>) {
        vfio::lower(out, &self.host, &self.id, &self.pci, &self.device);
    }
}

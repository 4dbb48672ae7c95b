//! `netdev vfio`

use super::nic::NO_QUEUES;
use crate::hardware::Checking;
use crate::model::Val;
use crate::model::ids::Id;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Pci;
use crate::statement::vfio::{Of, OfPci, VfioId};
use crate::value::HostPci;

form! {
    /// A network device of the host that the guest has to itself. It has the MAC address that the host gave it.
    Vfio kinds ["vfio": "a PCI device of the host"] {
        /// Its address on the host, with or without the domain, as `lspci -D` shows it.
        host "host": Option<Val<HostPci>>,
        /// Its id.
        id "id": Id<VfioId>,
    } with Pci
    groups [of: Of]
    opens device [(Kind::Device, "vfio-pci")]
    refuses [NO_QUEUES]
}

impl Form for Vfio {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.host.is_none() {
            self.of.check(&self.device, "netdev vfio", "host", cx);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let Self { host, of, id, pci, device, .. } = self;
        OfPci { ramfb: &None, host, of, id, pci, device }.lower(out);
    }
}

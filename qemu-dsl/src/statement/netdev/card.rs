//! `netdev nic`: a network device whose backend another statement makes.

use super::nic::{Guest, Nic, Queues};
use crate::hardware::Checking;
use crate::model::Val;
use crate::model::ids::{OptionalId, id_kinds};
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Virtio;
use crate::value::IdText;

id_kinds! {
    /// The ids of devices whose backend stands elsewhere.
    NicId "nic"
}

form! {
    /// A network device whose backend another statement makes: one with `alone`, or `option "-netdev"`.
    Card kinds ["nic": "a device alone, whose backend another statement makes"] {
        /// The backend's id.
        netdev "netdev": Val<IdText>,
        /// The device's id.
        id "id": OptionalId<NicId>,
        /// How many queues there are: as many as the backend has.
        mq "mq": Queues,
    } with Virtio
    groups [guest: Guest]
    opens device [(Kind::Device, "virtio-net-pci")]
}

impl Card {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.netdev,
            guest: &self.guest,
            ifname: None,
            queues: self.mq,
            pci: &self.pci,
            netdev: Box::new(&self.netdev),
            device: self.device.iter().collect(),
        }
    }
}

impl Form for Card {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        self.nic().lower(&self.id.0, out);
    }
}

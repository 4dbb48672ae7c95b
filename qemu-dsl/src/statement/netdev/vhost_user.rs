//! `netdev vhost-user`
//!
//! **It has no `fd`**: for a network backend QEMU refuses a socket that was opened before ("does not support FD passing", 5.2 to
//! 11.1), though it takes one for a `vhost-user-fs`.

use super::nic::{Guest, NetId, Nic, Queues, check_queues};
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId};
use crate::model::{Maybe, Val};
use crate::print::{Lowering, sides};
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Virtio;
use crate::statement::port::ChardevId;
use crate::statement::socket::Socket;
use crate::value::{OnOff, SocketPath};

form! {
    /// Another process of the host that moves the packets, such as Open vSwitch or DPDK. It needs to share the guest's
    /// memory: `memory 2G share`.
    VhostUser kinds ["vhost-user": "a process of the host, by its socket"] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// The socket's id.
        chardev "chardev": Id<ChardevId>,
        /// The socket.
        socket "socket": Val<SocketPath>,
        /// QEMU makes the socket and waits for the process. Otherwise it connects to one that exists.
        server "server": Option<Val<OnOff>>,
        /// How many queues there are.
        mq "mq": Queues,
        /// QEMU takes the process for a guest without MSI-X, too.
        vhostforce "vhostforce": Option<Val<OnOff>>,
    } with Virtio
    groups [guest: Guest]
    opens properties [(Kind::Netdev, "vhost-user"), (Kind::Device, "virtio-net-pci")]
}

impl VhostUser {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.id,
            guest: &self.guest,
            ifname: None,
            queues: self.mq,
            pci: &self.pci,
            netdev: Box::new(self.netdev.or(&self.id)),
            device: sides(Kind::Netdev, "vhost-user", &self.properties).1,
        }
    }
}

impl Form for VhostUser {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
        check_queues(&self.properties, self.mq, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let server = self.server.is(|server| server.0);
        Socket { server, ..Socket::of_process(&self.chardev, &self.socket) }.lower(out);
        out.option("-netdev")
            .word("vhost-user")
            .set("id", &self.netdev.or(&self.id))
            .set("chardev", &self.chardev)
            .set("queues", &self.mq)
            .set("vhostforce", self.vhostforce)
            .written_out(sides(Kind::Netdev, "vhost-user", &self.properties).0);
        let id = out.id_of_device(&self.id);
        self.nic().lower(&id, out);
    }
}

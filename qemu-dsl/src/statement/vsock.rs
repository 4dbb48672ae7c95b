//! `vsock`

use crate::model::Val;
use crate::model::ids::{Id, id_kinds};
use crate::plan::FdSource;
use crate::print::{Lowering, number};
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::statement::vhost_user::behind_socket;
use crate::value::{FdFlag, UInt};

statement! {
    /// A socket between the guest and the host (AF_VSOCK), which needs no network.
    STATEMENT reserved "vsock" many pluggable Devices [Vsock, VhostUser]
    example "vsock cid=3 fd"
}

id_kinds! {
    /// The ids of vsock devices.
    VsockId "vsock"
    /// The ids of those that another process serves.
    VsockSocketId "vsock" of "chardev"
}

form! {
    /// A socket between the guest and the host (AF_VSOCK), which needs no network.
    Vsock {
        /// The guest's address, its context id: no other guest of the host has it.
        cid "cid": Val<UInt<3, 4_294_967_294>>,
        /// Its id.
        id "id": Id<VsockId>,
        /// The kernel's device, `/dev/vhost-vsock`, is opened before QEMU starts, which gets it as a file descriptor: an
        /// address that another guest has is found out at once. Otherwise QEMU opens it.
        fd "fd": Option<Val<FdFlag>>,
    } with Virtio
    opens device [(Kind::Device, "vhost-vsock-pci")]
}

behind_socket! {
    /// The same, for which another process of the host does the work. It needs to share the guest's memory: `memory 2G share`.
    VhostUser VsockSocketId kinds ["vhost-user": "a process of the host, by its socket"] prints "{}-vsock" {} with Virtio;
}

impl Form for Vsock {
    fn lower(&self, out: &mut Lowering<'_>) {
        let cid = number(&self.cid, |cid| cid.0);
        let vhostfd = out.fd(self.fd, FdSource::VhostVsock { cid }, &self.id);
        let driver = out.virtio("vhost-vsock", &self.pci);
        out.option("-device")
            .word(&driver)
            .set("id", &self.id)
            .set("guest-cid", self.cid)
            .set("vhostfd", vhostfd)
            .virtio(&self.pci)
            .written_out(&self.device);
    }
}

//! `crypto`

use crate::model::Val;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::print::{Lowering, sides};
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::statement::port::ChardevId;
use crate::statement::socket::Socket;
use crate::value::{FdFlag, SocketPath};

statement! {
    /// A device that encrypts and decrypts for the guest (virtio-crypto).
    STATEMENT "crypto" many pluggable Devices [Builtin, VhostUser]
    example "crypto"
}

id_kinds! {
    /// The ids of such devices.
    CryptoId "crypto" of "cryptodev"
}

form! {
    /// A device that encrypts and decrypts for the guest (virtio-crypto). QEMU does it.
    Builtin {
        /// The id of the object, and where it is written of the device too.
        id "id": Id<CryptoId>,
        /// The object's id, where that isn't the device's.
        cryptodev "cryptodev": OptionalId<CryptoId>,
    } with Virtio
    opens properties [(Kind::Object, BUILTIN), (Kind::Device, "virtio-crypto-pci")]
}

const BUILTIN: &str = "cryptodev-backend-builtin";

form! {
    /// A device that encrypts and decrypts for the guest. Another process of the host does it, which needs to share the guest's
    /// memory: `memory 2G share`.
    VhostUser kinds ["vhost-user": "a process of the host, by its socket"] {
        /// The id of the object, and where it is written of the device too.
        id "id": Id<CryptoId>,
        /// The object's id, where that isn't the device's.
        cryptodev "cryptodev": OptionalId<CryptoId>,
        /// The socket's id.
        chardev "chardev": Id<ChardevId>,
        /// The socket.
        socket "socket": Val<SocketPath>,
        /// QEMU gets a connection to it as a file descriptor, which is there before it starts.
        fd "fd": Option<Val<FdFlag>>,
    } with Virtio
    opens properties [(Kind::Object, VHOST_USER), (Kind::Device, "virtio-crypto-pci")]
}

const VHOST_USER: &str = "cryptodev-vhost-user";

impl Form for Builtin {
    fn lower(&self, out: &mut Lowering<'_>) {
        let (object, device) = sides(Kind::Object, BUILTIN, &self.properties);
        let cryptodev = self.cryptodev.or(&self.id);
        out.option("-object").word(BUILTIN).set("id", &cryptodev).written_out(object);
        let driver = out.virtio("virtio-crypto", &self.pci);
        let id = out.id_of_own(&self.id);
        let option = out.device(&driver).set("cryptodev", &cryptodev).set("id", id);
        option.virtio(&self.pci).written_out(device);
    }
}

impl Form for VhostUser {
    fn lower(&self, out: &mut Lowering<'_>) {
        let (object, device) = sides(Kind::Object, VHOST_USER, &self.properties);
        let cryptodev = self.cryptodev.or(&self.id);
        Socket { fd: self.fd, ..Socket::of_process(&self.chardev, &self.socket) }.lower(out);
        out.option("-object")
            .word(VHOST_USER)
            .set("id", &cryptodev)
            .set("chardev", &self.chardev)
            .written_out(object);
        let driver = out.virtio("virtio-crypto", &self.pci);
        let id = out.id_of_own(&self.id);
        let option = out.device(&driver).set("cryptodev", &cryptodev).set("id", id);
        option.virtio(&self.pci).written_out(device);
    }
}

//! Devices whose work another process of the host does: `vhost-user`, and kinds of other statements.

use crate::model::ids::id_kinds;
use crate::statement::form::statement;
use crate::statement::pci::Virtio;

statement! {
    /// A virtio device whose work another process of the host does.
    STATEMENT "vhost-user" many pluggable Devices [VhostUser]
    example "memory 2G share\nvhost-user i2c socket=\"/run/i2c.sock\""
}

id_kinds! {
    /// The ids of such devices.
    VhostId "vhost" of "chardev"
}

/// Declares forms that print such a device and its socket. The device's name is made as that of a `single`.
macro_rules! behind_socket {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $id:ident kinds [$($kinds:tt)+] prints $driver:literal {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($more:tt)+ })?
            ),* $(,)?
        } with $place:ident;
    )+) => {$(
        $crate::statement::form::form! {
            $(#[doc = $doc])+
            $name kinds [$($kinds)+] {
                /// The socket's id, and where it is written the device's too.
                id "id": $crate::model::ids::Id<$id>,
                /// The socket's id, where that isn't the device's.
                chardev "chardev": $crate::model::ids::OptionalId<$id>,
                /// The socket, on which the process listens.
                socket "socket": $crate::model::Val<$crate::value::SocketPath>,
                /// QEMU gets a connection to it as a file descriptor, which is there before it starts.
                fd "fd": Option<$crate::model::Val<$crate::value::FdFlag>>,
                $($(#[doc = $field_doc])+ $field $option: $ty $({ $($more)+ })?,)*
            } with $place
            opens device [(
                $crate::schema::Kind::Device,
                $crate::statement::single::single!(@made $place $driver)
            )]
        }

        impl $crate::statement::form::Form for $name {
            fn lower(&self, out: &mut $crate::print::Lowering<'_>) {
                use $crate::statement::pci::Place as _;
                let chardev = self.chardev.or(&self.id);
                $crate::statement::socket::Socket {
                    fd: self.fd,
                    ..$crate::statement::socket::Socket::of_process(&chardev, &self.socket)
                }
                .lower(out);
                let driver = self.pci.driver(&$crate::table::printed($driver, &self.kind), out);
                let id = out.id_of_own(&self.id);
                let device = out.device(&driver).set("chardev", &chardev).set("id", id) $(.set($option, &self.$field))*;
                self.pci.print(device).written_out(&self.device);
            }
        }
    )+};
}
pub(crate) use behind_socket;

behind_socket! {
    /// A virtio device whose work another process of the host does. It needs to share the guest's memory: `memory 2G share`.
    VhostUser VhostId kinds [
        "gpio": "lines that are on or off (GPIO)",
        "i2c": "a bus of I2C",
        "rng": "a source of random numbers",
        "scmi": "what an Arm system is managed by (SCMI)",
        "snd": "sound",
    ] prints "vhost-user-{}" {} with Virtio;
}

//! `port` and `console`: a character device in the guest, and its backend on the host.

use crate::model::ids::{Id, id_kinds};

use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::backend::{Backend, CHANNELS};
use crate::statement::form::{Form, form, statement};
use crate::value::{BusName, Driver, OnOff, Text};

statement! {
    /// A virtio-serial port (or another serial device) and what it is connected to.
    PORT reserved "port" many pluggable Devices [Port]
    example "virtio-serial id=serial0\nport socket bus=serial0.0 path=\"/run/agent\" name=agent.0"
}

statement! {
    /// A virtio console and what it is connected to.
    CONSOLE reserved "console" many pluggable Devices [Console]
    example "virtio-serial id=serial0\nconsole socket path=\"/run/console\""
}

id_kinds! {
    /// The ids of ports.
    PortId "port"
    /// The ids of consoles.
    ConsoleId "console"
    /// The ids of backends.
    ChardevId "char"
}

/// Two statements of one shape, which differ by device and prefix.
macro_rules! ports {
    ($($(#[doc = $doc:literal])+ $name:ident $id:ident $driver:literal)+) => {$(
        form! {
            $(#[doc = $doc])+
            $name kinds of Backend {
                /// The device's id.
                id "id": Id<$id>,
                /// The backend's id.
                chardev "chardev": Id<ChardevId>,
                /// The name of the backend's channel.
                channel "channel": Option<Val<Text>> { kinds: CHANNELS },
                /// The name by which the guest finds it: `/dev/virtio-ports/NAME`.
                name "name": Option<Val<Text>>,
                /// The bus it sits on: `ID.0` of a `virtio-serial`. Without it: the first one.
                bus "bus": Option<Val<BusName>>,
                /// The device.
                driver "driver": Option<Val<Driver>> { default: $driver },
                /// Speaks only the protocol of virtio before 1.0.
                disable_modern "disable-modern": Option<Val<OnOff>>,
            }
            groups [backend: Backend]
            opens device [(Kind::Device, $driver)]
        }

        impl Form for $name {
            fn check(&self, cx: &mut Checking<'_>) {
                self.backend.check(&self.kind, ("channel", &self.channel), cx);
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                out.option("-device")
                    .word_or(&self.driver, $driver)
                    .truth("disable-modern", &self.disable_modern)
                    .set("bus", &self.bus)
                    .set("chardev", &self.chardev)
                    .set("id", &self.id)
                    .set("name", &self.name)
                    .written_out(&self.device);
                // What the guest's agent for SPICE is known by.
                let agent = (self.kind.as_str() == "spicevmc" && self.channel.is_none()).then_some("vdagent");
                match agent {
                    Some(agent) => self.backend.lower(&self.kind, &self.chardev, &agent, out),
                    None => self.backend.lower(&self.kind, &self.chardev, &self.channel, out),
                }
            }
        }
    )+};
}

ports! {
    /// A virtio-serial port (or another serial device) and what it is connected to.
    Port PortId "virtserialport"
    /// A virtio console and what it is connected to.
    Console ConsoleId "virtconsole"
}

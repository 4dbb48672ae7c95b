//! `input`

use crate::model::Val;
use crate::model::ids::{Id, id_kinds};
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::{Usb, Virtio};
use crate::statement::single::single;
use crate::statement::vhost_user::behind_socket;
use crate::value::{OnOff, Path};

statement! {
    /// A keyboard, a mouse, or what points to a place of the screen. Its kind is QEMU's device.
    STATEMENT "input" many pluggable Devices [OfUsb, OfVirtio, Evdev, OfVhostUser, Linux]
    example "controller qemu-xhci\ninput usb-tablet"
}

id_kinds! {
    /// The ids of what the host's devices or processes give.
    InputId "input" of "chardev"
}

single! {
    /// A device of USB, which needs a controller: `controller qemu-xhci`.
    OfUsb kinds [
        "usb-kbd": "a keyboard",
        "usb-mouse": "a mouse",
        "usb-tablet": "a tablet: the guest's pointer is where the host's is",
        "usb-wacom-tablet": "a tablet of Wacom's",
    ] prints "{}" {} with Usb;

    /// A virtio device.
    OfVirtio kinds [
        "virtio-keyboard": "a keyboard",
        "virtio-mouse": "a mouse",
        "virtio-multitouch": "a screen that is touched",
        "virtio-tablet": "a tablet: the guest's pointer is where the host's is",
    ] prints "{}" {} with Virtio;

    /// A device of the host, which the guest sees as it is.
    Evdev kinds ["virtio-input-host": "a device of the host"] prints "{}" {
        /// The host's device, such as `/dev/input/event3`.
        evdev "evdev": Val<Path>,
    } with Virtio;
}

behind_socket! {
    /// A device that another process of the host has. It needs to share the guest's memory: `memory 2G share`.
    OfVhostUser InputId kinds ["vhost-user-input": "a device that another process has"] prints "{}" {} with Virtio;
}

form! {
    /// A device of the host, which moves what other statements bring: QEMU reads it, and needs no window for that.
    Linux kinds ["linux": "the host's device moves the guest's"] {
        /// Its id.
        id "id": Id<InputId>,
        /// The host's device, such as `/dev/input/event3`.
        evdev "evdev": Val<Path>,
        /// Where a key switches between host and guest, all devices go along.
        grab_all "grab_all": Option<Val<OnOff>>,
        /// A key that is held comes again and again.
        repeat "repeat": Option<Val<OnOff>>,
    }
    opens object [(Kind::Object, "input-linux")]
}

impl Form for Linux {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-object")
            .word("input-linux")
            .set("id", &self.id)
            .set("evdev", &self.evdev)
            .set("grab_all", self.grab_all)
            .set("repeat", self.repeat)
            .written_out(&self.object);
    }
}

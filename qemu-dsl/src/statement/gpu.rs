//! `gpu`

use crate::model::ids::id_kinds;
use crate::statement::form::statement;
use crate::statement::pci::{OwnPlace, Pci, Virtio};
use crate::statement::single::single;
use crate::statement::vhost_user::behind_socket;

statement! {
    /// A graphics adapter with properties, or a second one. Its kind is QEMU's device.
    STATEMENT "gpu" many pluggable Devices [OfPci, OfVirtio, OfVhostUser, VgaOfVhostUser, OwnGpu]
    example "machine q35\nvga none\ngpu virtio-vga max_outputs=2"
}

id_kinds! {
    /// The ids of adapters that another process draws for.
    GpuId "gpu" of "chardev"
}

single! {
    /// An adapter on PCI.
    OfPci kinds [
        "ati-vga": "an ATI Rage 128 or Radeon, in part",
        "VGA": "VGA with VESA extensions, as `vga std`",
        "bochs-display": "what Bochs has, without VGA",
        "cirrus-vga": "Cirrus Logic GD5446, as `vga cirrus`",
        "qxl": "QXL without VGA: a second one",
        "qxl-vga": "QXL, for SPICE, as `vga qxl`",
        "secondary-vga": "`VGA` without its old ports: a second one",
        "virtio-vga": "virtio-gpu with VGA, as `vga virtio`",
        "virtio-vga-gl": "the same with OpenGL, which the display needs too: `gl=on`",
        "vmware-svga": "VMware SVGA-II, as `vga vmware`",
    ] prints "{}" {} with Pci;

    /// A virtio adapter without VGA.
    OfVirtio kinds [
        "virtio-gpu": "2D",
        "virtio-gpu-gl": "with OpenGL, which the display needs too: `gl=on`",
    ] prints "{}" {} with Virtio;

    /// An adapter that the machine has in one place.
    OwnGpu kinds [
        "isa-vga": "VGA on the ISA bus",
        "ramfb": "a part of the guest's memory, for firmware and as a start",
    ] settled "QEMU takes such an adapter at its start only: put it into the VM's text" prints "{}" {} with OwnPlace;
}

behind_socket! {
    /// A virtio adapter for which another process of the host draws. It needs to share the guest's memory: `memory 2G share`.
    OfVhostUser GpuId kinds ["vhost-user-gpu": "another process draws"] prints "{}" {} with Virtio;

    /// The same with VGA.
    VgaOfVhostUser GpuId kinds ["vhost-user-vga": "another process draws, and there is VGA"] prints "{}" {} with Pci;
}

//! `qemu`, `bios` and `vga`: the program, and what it is started with.

use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::types::{Path, choice};

form! {
    /// The program to run. Without it: `qemu-system-x86_64`, found by `PATH`.
    Qemu {
        /// The program: a path, or a name to be found by `PATH`.
        path "path": Node<Path> { head: true },
    }
}

impl Form for Qemu {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.program(&self.path.0);
    }
}

form! {
    /// The firmware, in place of the machine's own.
    Bios {
        /// The image: a path, or a name that QEMU finds in its data folder.
        path "path": Node<Path> { head: true },
    }
}

impl Form for Bios {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-bios", &self.path);
    }
}

choice! {
    /// A graphics adapter.
    Adapter {
        "none": "none",
        "std": "VGA with VESA extensions",
        "cirrus": "Cirrus Logic GD5446",
        "vmware": "VMware SVGA-II",
        "qxl": "QXL, for SPICE",
        "virtio": "virtio",
        "tcx": "Sun TCX",
        "cg3": "Sun CG3",
        "xenfb": "Xen's framebuffer"
    }
}

form! {
    /// The graphics adapter.
    Vga {
        /// Which one.
        adapter "adapter": Node<Adapter> { head: true },
    }
}

impl Form for Vga {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-vga", &self.adapter);
    }
}

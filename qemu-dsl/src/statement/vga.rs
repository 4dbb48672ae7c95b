//! `vga`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::choice;

statement! {
    /// The graphics adapter.
    STATEMENT reserved "vga" once settled Vga [Vga]
    example "vga none"
}

choice! {
    /// A graphics adapter.
    Adapter {
        None "none": "none",
        Std "std": "VGA with VESA extensions",
        Cirrus "cirrus": "Cirrus Logic GD5446",
        Vmware "vmware": "VMware SVGA-II",
        Qxl "qxl": "QXL, for SPICE",
        Virtio "virtio": "virtio",
        Tcx "tcx": "Sun TCX",
        Cg3 "cg3": "Sun CG3",
        Xenfb "xenfb": "Xen's framebuffer"
    }
}

form! {
    /// The graphics adapter.
    Vga {
        /// Which one.
        adapter "adapter": Val<Adapter> { positional: true },
    }
}

impl Form for Vga {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-vga", &self.adapter);
    }
}

//! `kernel`

use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::types::{AnyText, Path};

form! {
    /// The kernel to boot without a boot loader.
    Kernel {
        /// The kernel's image.
        path "path": Node<Path> { head: true },
        /// The initial ramdisk.
        initrd "initrd": Option<Node<Path>>,
        /// The kernel's command line.
        append "append": Option<Node<AnyText>>,
    }
}

impl Form for Kernel {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-kernel", &self.path);
        out.value("-initrd", &self.initrd);
        out.value("-append", &self.append);
    }
}

//! `kernel`

use crate::code::Code;
use crate::print::Lowering;
use crate::source::Node;
use crate::statement::form::{Form, form, statement};
use crate::value::{AnyText, Path};

statement! {
    /// The kernel to boot without a boot loader.
    STATEMENT reserved "kernel" once settled Kernel [Kernel]
    example "kernel \"/boot/vmlinuz\" initrd=\"/boot/initrd.img\" append=\"quiet\""
}

form! {
    /// The kernel to boot without a boot loader.
    Kernel {
        /// The kernel's image.
        path "path": Node<Path> { positional: true, missing: Some(Code::MissingKernel) },
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

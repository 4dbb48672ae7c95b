//! `kernel`

use crate::code::Code;
use crate::model::Val;
use crate::print::Lowering;
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
        path "path": Val<Path> { positional: true, missing: Some(Code::MissingKernel) },
        /// The initial ramdisk.
        initrd "initrd": Option<Val<Path>>,
        /// The kernel's command line.
        append "append": Option<Val<AnyText>>,
    }
}

impl Form for Kernel {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-kernel", &self.path);
        out.value("-initrd", &self.initrd);
        out.value("-append", &self.append);
    }
}

//! `kernel`

use crate::code::Code;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
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
        /// The description of the hardware that the kernel gets (device tree), on boards that have one.
        dtb "dtb": Option<Val<Path>>,
        /// The boot loader `shim`, which checks the kernel's signature where the firmware checks its own.
        shim "shim": Option<Val<Path>> { change: Some(&changes::SHIM) },
    }
}

impl Form for Kernel {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-kernel", &self.path);
        out.value("-initrd", &self.initrd);
        out.value("-append", &self.append);
        out.value("-dtb", &self.dtb);
        out.value("-shim", &self.shim);
    }
}

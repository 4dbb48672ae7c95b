//! `option-rom`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{Path, UInt};

statement! {
    /// Code for the firmware that belongs to no device.
    STATEMENT "option-rom" many settled OptionRoms [OptionRom]
    example "option-rom file=\"/usr/lib/ipxe/qemu/efi-virtio.rom\" bootindex=1"
}

form! {
    /// Code for the firmware that belongs to no device.
    OptionRom {
        /// The file.
        file "file": Val<Path>,
        /// Its place among what the firmware tries to boot, the least first.
        bootindex "bootindex": Option<Val<UInt<0, { i32::MAX as u64 }>>>,
    }
}

impl Form for OptionRom {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-option-rom").set("romfile", &self.file).set("bootindex", &self.bootindex);
    }
}

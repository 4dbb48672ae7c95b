//! `vmcoreinfo`

use crate::statement::form::statement;
use crate::statement::pci::OwnPlace;
use crate::statement::single::single;

statement! {
    /// Where the guest's kernel says how its memory is read (VMCOREINFO).
    STATEMENT "vmcoreinfo" many settled Devices [Vmcoreinfo]
    example "vmcoreinfo"
}

single! {
    /// Where the guest's kernel says how its memory is read (VMCOREINFO): QEMU adds it to a dump of that, and tools for
    /// crashes need it.
    Vmcoreinfo prints "vmcoreinfo" {} with OwnPlace;
}

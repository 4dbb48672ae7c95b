//! `vmgenid`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::pci::OwnPlace;
use crate::statement::single::single;
use crate::value::AnyUuid;

statement! {
    /// A number by which the guest sees that it is a copy, or was set back to an earlier state (VM generation ID).
    STATEMENT "vmgenid" many settled Devices [Vmgenid]
    example "vmgenid auto"
}

single! {
    /// A number by which the guest sees that it is a copy, or was set back to an earlier state (VM generation ID). Windows
    /// and Linux then make new random numbers.
    Vmgenid prints "vmgenid" {
        /// The number: `auto` is a new one at each start of QEMU.
        guid "guid": Val<AnyUuid> { positional: true },
    } with OwnPlace;
}

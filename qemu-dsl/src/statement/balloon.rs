//! `balloon`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::pci::Virtio;
use crate::statement::single::single;
use crate::value::OnOff;

statement! {
    /// A device by which the host asks the guest for memory that it doesn't need (virtio-balloon).
    STATEMENT "balloon" many pluggable Devices [Balloon]
    example "balloon deflate-on-oom free-page-reporting"
}

single! {
    /// A device by which the host asks the guest for memory that it doesn't need (virtio-balloon). How much, the monitor's or
    /// QMP's `balloon` says.
    Balloon prints "virtio-balloon" {
        /// The guest takes memory back where it would run out of it.
        deflate_on_oom "deflate-on-oom": Option<Val<OnOff>>,
        /// The guest tells which pages it has freed, and the host has them at once.
        free_page_reporting "free-page-reporting": Option<Val<OnOff>>,
    } with Virtio;
}

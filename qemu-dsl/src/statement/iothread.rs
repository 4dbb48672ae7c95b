//! `iothread`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::single::object;
use crate::value::UInt;

statement! {
    /// A thread that does the work of devices, beside the one that does all other.
    STATEMENT "iothread" many pluggable Devices [Iothread]
    example "iothread io0\ncontroller virtio-scsi iothread=io0"
}

object! {
    /// A thread that does the work of devices, beside the one that does all other: `iothread=ID` of a device.
    Iothread prints "iothread" {
        /// How long it asks again and again for work before it sleeps, in nanoseconds at most. 0: it sleeps at once.
        poll_max_ns "poll-max-ns": Option<Val<UInt<0, { i64::MAX as u64 }>>>,
    };
}

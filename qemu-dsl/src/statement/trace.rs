//! `trace`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{Path, Text};

statement! {
    /// The events in QEMU that are written down.
    STATEMENT "trace" once settled Behaviour [Trace]
    example "trace enable=\"usb_*\" enable=\"virtio_blk_*\""
}

form! {
    /// The events in QEMU that are written down.
    Trace {
        /// Events, as a pattern such as `usb_*`; `qemu-system-x86_64 -trace help` lists them.
        enable "enable": Vec<Val<Text>>,
        /// A file with such patterns, one a line.
        events "events": Option<Val<Path>>,
        /// The file for what is written, where this QEMU writes it to one.
        file "file": Option<Val<Path>>,
    } needs option
}

impl Form for Trace {
    fn lower(&self, out: &mut Lowering<'_>) {
        for pattern in &self.enable {
            out.option("-trace").set("enable", pattern);
        }
        if self.events.is_some() || self.file.is_some() {
            out.option("-trace").set("events", &self.events).set("file", &self.file);
        }
    }
}

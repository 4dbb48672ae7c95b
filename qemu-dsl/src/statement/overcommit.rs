//! `overcommit`

use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{OnOff, choice};

statement! {
    /// Whether the host may promise more memory and CPUs than it has.
    STATEMENT "overcommit" once settled Locking [Overcommit]
    example "overcommit mem-lock=on cpu-pm=on"
}

choice! {
    /// Whether memory is locked.
    Lock bare "on" {
        On "on": "all memory is kept in RAM",
        Off "off": "any may be swapped out",
        OnFault "on-fault": "memory is kept in RAM from its first use on",
    }
}

form! {
    /// Whether the host may promise more memory and CPUs than it has.
    Overcommit {
        /// Whether QEMU's and the guest's memory is kept in RAM.
        mem_lock "mem-lock": Option<Val<Lock>> { words: &[("on-fault", &changes::LOCK_ON_FAULT)] },
        /// The guest may put the host's CPUs to sleep: it alone has them.
        cpu_pm "cpu-pm": Option<Val<OnOff>> { change: Some(&changes::OVERCOMMIT) },
    } needs option
}

impl Form for Overcommit {
    fn lower(&self, out: &mut Lowering<'_>) {
        if out.has(&changes::REALTIME) {
            if self.mem_lock.is_some() {
                out.option("-realtime").set("mlock", &self.mem_lock);
            }
        } else {
            out.option("-overcommit").set("mem-lock", &self.mem_lock).set("cpu-pm", self.cpu_pm);
        }
    }
}

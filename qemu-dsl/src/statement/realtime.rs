//! `realtime`

use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::OnOff;

statement! {
    /// Whether QEMU's memory may be swapped out.
    STATEMENT reserved "realtime" once settled Locking [Realtime]
    example "realtime mlock=on"
}

form! {
    /// Whether QEMU's memory may be swapped out.
    Realtime {
        /// `on` keeps all of QEMU's and the guest's memory in RAM.
        mlock "mlock": Val<OnOff>,
    }
}

impl Form for Realtime {
    fn lower(&self, out: &mut Lowering<'_>) {
        if out.has(&changes::REALTIME) {
            out.option("-realtime").set("mlock", &self.mlock);
        } else {
            out.option("-overcommit").set("mem-lock", &self.mlock);
        }
    }
}

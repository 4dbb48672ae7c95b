//! `realtime`

use crate::changes;
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::types::OnOff;

form! {
    /// Whether QEMU's memory may be swapped out.
    Realtime {
        /// `on` keeps all of QEMU's and the guest's memory in RAM.
        mlock "mlock": Node<OnOff>,
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

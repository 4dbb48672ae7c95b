//! `name` and `uuid`

use crate::changes;
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::types;

form! {
    /// The VM's name.
    Name {
        /// What QEMU calls the VM: in its window's title, in logs, over QMP.
        name "name": Node<types::Text> { head: true },
    }
}

impl Form for Name {
    fn lower(&self, out: &mut Lowering<'_>) {
        // `-name a=b` would set an option called `a`.
        if out.has(&changes::BARE_NAME) && !self.name.0.contains('=') {
            out.option("-name").word(&self.name);
        } else {
            out.option("-name").set("guest", &self.name);
        }
    }
}

form! {
    /// The VM's UUID, which the guest sees too.
    Uuid {
        /// The UUID.
        uuid "uuid": Node<types::Uuid> { head: true },
    }
}

impl Form for Uuid {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-uuid", &self.uuid);
    }
}

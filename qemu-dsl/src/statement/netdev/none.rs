//! `netdev none`

use super::nic::NO_QUEUES;
use crate::print::Lowering;
use crate::statement::form::{Form, form};

form! {
    /// No network device: also not the one that QEMU adds where a VM names none.
    Nothing kinds ["none": "no network device"] settled "leave it out: nothing is plugged without being named" {}
    refuses [NO_QUEUES]
}

impl Form for Nothing {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-net", "none");
    }
}

//! `netdev none`

use crate::lowering::Lowering;
use crate::spec::{Form, form};

form! {
    /// No network device: also not the one that QEMU adds where a VM names none.
    Nothing kinds ["none": "no network device"] {}
}

impl Form for Nothing {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-net", "none");
    }
}

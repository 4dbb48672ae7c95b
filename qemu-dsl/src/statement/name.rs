//! `name` and `uuid`

use crate::model::Facts;
use crate::model::Val;
use crate::print::{Lowering, text};
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value;

statement! {
    /// The VM's name.
    STATEMENT reserved "name" once settled Name [Name]
    example "name web"
}

form! {
    /// The VM's name.
    Name {
        /// What QEMU calls the VM: in its window's title, in logs, over QMP.
        name "name": Val<value::Text> { positional: true },
    }
}

impl Form for Name {
    fn register(&self, facts: &mut Facts) {
        facts.name = Some(text(&self.name));
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        // `-name a=b` would set an option called `a`.
        if out.has(&changes::BARE_NAME) && self.name.known().is_some_and(|name| !name.0.contains('=')) {
            out.option("-name").word(&self.name);
        } else {
            out.option("-name").set("guest", &self.name);
        }
    }
}

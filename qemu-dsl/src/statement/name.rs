//! `name`

use crate::model::Facts;
use crate::model::Val;
use crate::print::{Lowering, text};
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{self, OnOff};

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
        /// What the host calls QEMU's process, as `ps` shows it.
        process "process": Option<Val<value::Text>>,
        /// QEMU's threads have names of their own, as `ps -T` shows them.
        debug_threads "debug-threads": Option<Val<OnOff>>,
    }
}

impl Form for Name {
    fn register(&self, facts: &mut Facts) {
        facts.name = Some(text(&self.name));
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        // `-name a=b` would set an option called `a`.
        let is_bare =
            out.has(&changes::BARE_NAME) && self.name.known().is_some_and(|name| !name.0.contains('='));
        let option = out.option("-name");
        let option = if is_bare { option.word(&self.name) } else { option.set("guest", &self.name) };
        option.set("process", &self.process).set("debug-threads", self.debug_threads);
    }
}

//! Checks that concern more than one statement: one file a noun.
//!
//! What concerns one statement alone stands in the statement's file.

mod address;
mod buses;
mod ids;
mod macs;

use crate::Version;
use crate::analyse::{Entry, Vm};
use crate::changes::Change;
use crate::diagnostic::Diagnostic;

/// What a check has at hand.
pub(crate) struct Checking<'a> {
    pub(crate) vm: &'a Vm,
    /// The statement that checks itself.
    pub(crate) entry: &'a Entry,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Checking<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether the target has it.
    pub(crate) fn has(&self, change: &Change) -> bool {
        change.is_in(self.vm.target)
    }

    pub(crate) fn target(&self) -> Version {
        self.vm.target
    }
}

/// Reports what is wrong with `vm` as a whole.
pub(crate) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    for entry in &vm.statements {
        entry.form.check(&mut Checking {
            vm,
            entry,
            diagnostics,
        });
    }
    ids::check(vm, diagnostics);
    buses::check(vm, diagnostics);
    address::check(vm, diagnostics);
    macs::check(vm, diagnostics);
}

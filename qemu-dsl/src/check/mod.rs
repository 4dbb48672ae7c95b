//! Checks that concern more than one statement: one file a noun.
//!
//! What concerns one statement alone stands in the statement's file.

mod address;
mod buses;
mod chassis;
mod cids;
mod controllers;
mod dimms;
mod ids;
mod macs;
mod schema;
mod sharing;

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

    /// Reports that `option` is missing, unless it is there and has an error of its own.
    pub(crate) fn missing(&mut self, option: &str, diagnostic: Diagnostic) {
        let flaws = &self.entry.flaws;
        if !flaws.all && !flaws.options.contains(&option) {
            self.report(diagnostic);
        }
    }

    /// Whether the statement has an error, so that what it says may not be what was meant.
    pub(crate) fn is_flawed(&self) -> bool {
        self.entry.flaws.any()
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
        entry.form.check(&mut Checking { vm, entry, diagnostics });
    }
    ids::check(vm, diagnostics);
    buses::check(vm, diagnostics);
    address::check(vm, diagnostics);
    macs::check(vm, diagnostics);
    chassis::check(vm, diagnostics);
    cids::check(vm, diagnostics);
    schema::check(vm, diagnostics);
    // What devices for a guest that runs need may be there.
    if !vm.is_fragment {
        controllers::check(vm, diagnostics);
        dimms::check(vm, diagnostics);
        sharing::check(vm, diagnostics);
    }
}

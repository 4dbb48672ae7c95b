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

use crate::diagnostic::Diagnostic;
use crate::model::{Checking, Vm};
use crate::statement;

/// Reports what is wrong with `vm` as a whole.
pub(crate) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    for entry in &vm.statements {
        if let Some(form) = statement::meaning(entry) {
            form.check(&mut Checking { vm, entry, diagnostics });
        }
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

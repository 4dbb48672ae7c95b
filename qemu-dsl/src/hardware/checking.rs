//! What a check has at hand.

use super::whole::Hardware;
use crate::diagnostic::Diagnostic;
use crate::model::{Entry, Vm};
use crate::qemu::changes::Change;
use crate::qemu::deviation;
use crate::{Span, Version};

/// What a check of a statement has at hand.
pub(crate) struct Checking<'a> {
    pub(crate) vm: &'a Vm,
    pub(crate) hardware: &'a Hardware<'a>,
    /// The statement that checks itself.
    pub(crate) entry: &'a Entry,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
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
        change.is_in(self.vm.target.version)
    }

    /// Reports what the target makes of something that came or went. `value` is what it is set to.
    pub(crate) fn version(&mut self, change: &Change, value: Option<&str>, span: Span) {
        self.diagnostics.extend(deviation(change, value, span, self.vm.target.version));
    }

    pub(crate) fn target(&self) -> Version {
        self.vm.target.version
    }
}

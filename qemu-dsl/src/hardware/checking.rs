//! What a check has at hand.

use std::fmt::Display;

use super::whole::Hardware;
use crate::diagnostic::Diagnostic;
use crate::model::{Entry, Val, Vm};
use crate::qemu::changes::Change;
use crate::qemu::deviation;
use crate::value::{Kind, ValueType};
use crate::{Span, Version};

/// What a check of a statement has at hand.
pub(crate) struct Checking<'a> {
    pub(crate) vm: &'a Vm,
    pub(crate) hardware: &'a Hardware<'a>,
    /// The statement that checks itself.
    pub(crate) entry: &'a Entry,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
    /// What values must be that come later, each by its blank, where that is more than the type of its option says.
    pub(crate) late: &'a mut Vec<(u32, Kind)>,
}

impl Checking<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a value that isn't of a type beside that of its option. One that comes later must be of it too.
    pub(crate) fn wants<T: ValueType>(&mut self, value: &Val<impl Display>) {
        match value {
            Val::Known(known) => {
                let text = known.to_string();
                let Err(refusal) = T::parse(&text) else { return };
                let (code, message, help) = refusal.say("this", T::TYPE.expects, false, &text);
                let help = help.unwrap_or_else(|| format!("write {}", T::TYPE.expects));
                self.report(Diagnostic::error(code, message).at(known.span).help(help));
            }
            Val::Open(open) => self.late.push((open.blank, T::KIND)),
        }
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

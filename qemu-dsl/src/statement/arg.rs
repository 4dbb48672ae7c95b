//! `arg`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Fix, Remedy};
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::ArgText;

statement! {
    /// Any argument of QEMU: one, or an option and its value. It stands behind all others and is not checked.
    /// Others can refer to what it defines.
    STATEMENT reserved "arg" many settled Args [Arg]
    example "arg \"-boot\" \"order=c\""
}

form! {
    /// Any argument of QEMU: one, or an option and its value. It stands behind all others and is not checked.
    /// Others can refer to what it defines.
    Arg {
        /// The argument, in quotes; a second string is a second argument.
        texts "text": Vec<Val<ArgText>> { positional: true },
    }
}

impl Form for Arg {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.texts.is_empty() {
            let diagnostic = Diagnostic::error(Code::MissingValue, "`arg` needs its argument")
                .at(cx.entry.head)
                .help("write one or two strings: `arg \"-boot\" \"order=c\"`");
            cx.missing("text", diagnostic);
        }
        if let Some(third) = self.texts.get(2) {
            // One in front of each two.
            let more = self.texts.iter().skip(2).step_by(2);
            let more = more.fold(Fix::default(), |fix, text| fix.insert(text.span().start, "arg "));
            let diagnostic = Diagnostic::error(Code::UnexpectedText, "`arg` takes one or two strings")
                .at(third.span())
                .help(Remedy::new("write another `arg` for more").or(more));
            cx.report(diagnostic);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        for text in &self.texts {
            out.span(text.span()).word(text);
        }
    }
}

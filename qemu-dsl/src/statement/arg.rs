//! `arg`

use crate::hardware::Checking;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::print::Lowering;
use crate::source::Node;
use crate::statement::form::{Form, form, statement};
use crate::value::AnyText;

statement! {
    /// Any argument of QEMU: one, or an option and its value. It stands behind all others and is not checked.
    STATEMENT "arg" many settled Args [Arg]
    example "arg \"-boot\" \"order=c\""
}

form! {
    /// Any argument of QEMU: one, or an option and its value. It stands behind all others and is not checked.
    Arg {
        /// The argument, in quotes; a second string is a second argument.
        texts "text": Vec<Node<AnyText>> { positional: true },
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
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        for text in &self.texts {
            out.span(text.span).flag(&text.0);
        }
    }
}

//! What QEMU rejects, as a diagnostic of the source.
//!
//! **QEMU's standard error is held back by `run`** until QEMU greets, each thing for a second at most: what it rejects
//! is shown once, at its statement. A message that could be about several arguments is shown as it is: better no place
//! than a wrong one. QEMU ends after its last message: where that names no argument, it is about the option or id that
//! it begins with, or about the one option of which QEMU says so, or about the one argument that has all its names,
//! paths, properties and types. What comes before it of the same argument is part of it.

use qemu_dsl::{Code, Diagnostic, Span};
use qemu_runtime::{PathError, Rejection};

use crate::cli::Run;
use crate::failure::Failure;
use crate::report::{JsonTo, Reporter};
use crate::source::Source;

/// Reports a rejection at the statement that it is about.
pub(crate) fn report(rejection: &Rejection, source: &Source, command: &Run) -> Result<(), Failure> {
    let message = format!("QEMU rejects this: {}", rejection.words);
    say(message, rejection.help.clone(), rejection.span, &rejection.option, source, command)
}

/// Reports why QEMU was not started with what an argument names.
pub(crate) fn report_path(error: &PathError, source: &Source, command: &Run) -> Result<(), Failure> {
    say(format!("QEMU was not started: {}", error.words()), None, error.span, &error.option, source, command)
}

fn say(
    message: String,
    help: Option<String>,
    span: Option<Span>,
    option: &str,
    source: &Source,
    command: &Run,
) -> Result<(), Failure> {
    let mut diagnostic = Diagnostic::error(Code::Rejected, message);
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, option);
    }
    if let Some(help) = help {
        diagnostic = diagnostic.help(help);
    }
    let mut reporter = Reporter::new(command.language.message_format, JsonTo::Stderr);
    reporter.report(source.map(), &[diagnostic])?;
    reporter.finish();
    Ok(())
}

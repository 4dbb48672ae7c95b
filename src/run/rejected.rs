//! What QEMU rejects, as a diagnostic of the source.

use qemu_dsl::{Code, Diagnostic, Label, Severity};
use qemu_runtime::Rejection;

use crate::cli::Run;
use crate::failure::Failure;
use crate::report::{JsonTo, Reporter};
use crate::source::Source;

/// Reports a rejection at the statement that it is about.
pub(crate) fn report(rejection: &Rejection, source: &Source, command: &Run) -> Result<(), Failure> {
    let label = |span| Label { span, text: rejection.option.clone() };
    let diagnostic = Diagnostic {
        code: Code::Rejected,
        severity: Severity::Error,
        message: format!("QEMU rejects this: {}", rejection.words),
        help: rejection.help.clone(),
        labels: rejection.span.map(label).into_iter().collect(),
    };
    let mut reporter = Reporter::new(command.language.message_format, JsonTo::Stderr);
    reporter.report(source, &[diagnostic])?;
    reporter.finish();
    Ok(())
}

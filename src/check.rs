//! `qemu-dslc check`.

use crate::cli::Check;
use crate::compile::{Purpose, compile};
use crate::failure::{Failure, status};
use crate::line::Line;
use crate::output;
use crate::report::{JsonTo, Reporter};
use crate::source::Source;

/// Reports all mistakes of all files, also behind a file that can't be read.
pub(crate) fn check(command: &Check) -> Result<u8, Failure> {
    let mut reporter = Reporter::new(command.language.message_format, JsonTo::Stdout);
    let mut unread = None;
    if !command.command.is_empty() {
        Line::of(&command.command).check(&command.language, &mut reporter)?;
    }
    for file in &command.files {
        let compiled = Source::read(file, command.language.no_include)
            .and_then(|source| compile(&source, &command.language, Purpose::Check, &mut reporter));
        if let Err(failure) = compiled {
            output::complain(&failure.message);
            unread = Some(failure.status);
        }
    }
    reporter.finish();
    let checked = if reporter.failed() { status::SOURCE_ERRORS } else { status::SUCCESS };
    Ok(unread.unwrap_or(checked))
}

//! From a file to a plan.

use std::path::Path;

use qemu_dsl::Options;
use qemu_dsl::plan::Plan;

use crate::cli::{Compile, Language, Target};
use crate::emit::emit;
use crate::failure::{Failure, status};
use crate::report::{JsonTo, Reporter};
use crate::source::Source;
use crate::{host, output};

/// Compiles a file and prints the result.
pub(crate) fn print(command: &Compile) -> Result<u8, Failure> {
    // clap requires it.
    let file = command.file.as_deref().unwrap_or(Path::new("-"));
    let Some(plan) = plan(file, &command.language)? else {
        return Ok(status::SOURCE_ERRORS);
    };
    output::print(&emit(&plan, command.emit))?;
    Ok(status::SUCCESS)
}

/// The plan of a file, or nothing where the file has errors. They have been reported then.
pub(crate) fn plan(file: &Path, language: &Language) -> Result<Option<Plan>, Failure> {
    let mut reporter = Reporter::new(language.message_format, JsonTo::Stderr);
    let plan = compile(file, language, &mut reporter)?;
    reporter.finish();
    Ok(plan)
}

/// The plan of one of many files, as [`plan`].
pub(crate) fn compile(
    file: &Path,
    language: &Language,
    reporter: &mut Reporter,
) -> Result<Option<Plan>, Failure> {
    let source = Source::read(file)?;
    let options = Options {
        target: match language.target {
            Some(Target::Version(version)) => Some(version),
            Some(Target::Host) => Some(host::version(&source.text, &language.set)?),
            None => None,
        },
        params: language.set.clone(),
    };
    let compilation = qemu_dsl::compile(&source.text, &options);
    reporter.report(&source, &compilation.diagnostics)?;
    Ok(compilation.template.map(Plan::of))
}

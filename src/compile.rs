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
fn plan(file: &Path, language: &Language) -> Result<Option<Plan>, Failure> {
    let mut reporter = Reporter::new(language.message_format, JsonTo::Stderr);
    let plan = compile(&Source::read(file)?, language, Unnamed::Newest, &mut reporter)?;
    reporter.finish();
    Ok(plan)
}

/// The QEMU for which a text is compiled where neither it nor the command line names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// The newest that is known.
    Newest,
    /// The one that would run it, as long as that says its version.
    Host,
}

/// The plan of a text, or nothing where it has errors. They have been reported then.
pub(crate) fn compile(
    source: &Source,
    language: &Language,
    unnamed: Unnamed,
    reporter: &mut Reporter,
) -> Result<Option<Plan>, Failure> {
    let host = || host::version(&source.text, &language.set);
    let mut options = Options {
        target: match language.target {
            Some(Target::Version(version)) => Some(version),
            Some(Target::Host) => {
                Some(host().map_err(|reason| Failure::not_started(format!("--target host: {reason}")))?)
            }
            None => None,
        },
        params: language.set.clone(),
    };
    let mut compilation = qemu_dsl::compile(&source.text, &options);
    if unnamed == Unnamed::Host
        && !compilation.names_target
        && let Ok(version) = host()
    {
        options.target = Some(version);
        compilation = qemu_dsl::compile(&source.text, &options);
    }
    reporter.report(source, &compilation.diagnostics)?;
    Ok(compilation.template.map(Plan::of))
}

//! From a file to a plan.

use std::ffi::OsStr;
use std::path::Path;

use qemu_dsl::plan::{Piece, Plan};
use qemu_dsl::{Options, Parsed, Version};

use crate::cli::{Compile, Language, Target};
use crate::emit::emit;
use crate::failure::{Failure, status};
use crate::report::{JsonTo, MessageFormat, Reporter};
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
    let plan = compile(&Source::read(file)?, language, Purpose::Look, &mut reporter)?;
    reporter.finish();
    Ok(plan)
}

/// What a text is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To look for mistakes. Parameters may be without a value.
    Check,
    /// To look at what comes out. Where nothing names a version or a QEMU, it is for the newest that is known.
    Look,
    /// To see what would run. Where nothing names a version, it is for the QEMU that is installed.
    Rehearsal,
    /// To run it: by this alone the program that the text names is executed.
    Run,
}

/// The plan of a text, or nothing where it has errors. They have been reported then.
pub(crate) fn compile(
    source: &Source,
    language: &Language,
    purpose: Purpose,
    reporter: &mut Reporter,
) -> Result<Option<Plan>, Failure> {
    let parsed = qemu_dsl::parse(source.text());
    let host = || host(&parsed, language, purpose);
    let mut options = Options {
        target: match language.target {
            Some(Target::Version(version)) => Some(version),
            Some(Target::Host) => {
                Some(host().map_err(|reason| Failure::not_started(format!("--target host: {reason}")))?)
            }
            None => None,
        },
        params: language.set.clone(),
        open_parameters: purpose == Purpose::Check,
        levels: language.levels.0.clone(),
    };
    let mut compilation = parsed.compile(&options);
    if !compilation.names_target {
        let version = match &language.qemu {
            Some(_) => host().map(Some).map_err(|reason| {
                Failure::not_started(format!(
                    "--qemu: {reason}: where it is right, `--target` names its version"
                ))
            })?,
            None if matches!(purpose, Purpose::Check | Purpose::Look) => None,
            None => host().ok(),
        };
        if version.is_some() {
            options.target = version;
            compilation = parsed.compile(&options);
        }
    }
    reporter.report(source.map(), &compilation.diagnostics)?;
    Ok(compilation.template.map(|mut template| {
        if let Some(qemu) = &language.qemu {
            template.program = vec![Piece::Text(qemu.clone().into())].into();
        }
        Plan::of(template)
    }))
}

/// The version of the QEMU that is installed: the one that the command line names, or that the text names which is to run,
/// or the default.
fn host(parsed: &Parsed<'_>, language: &Language, purpose: Purpose) -> Result<Version, String> {
    let named = host::program(parsed, &language.set);
    let asked = match (&language.qemu, purpose) {
        (Some(qemu), _) => qemu,
        (None, Purpose::Run) => &named,
        (None, Purpose::Check | Purpose::Look | Purpose::Rehearsal) => host::DEFAULT_PROGRAM,
    };
    let version = host::version(OsStr::new(asked), host::PATIENCE)?;
    if language.qemu.is_none() && named != asked && language.message_format == MessageFormat::Human {
        output::complain(&format!(
            "the version is that of `{asked}`: `{named}`, which the file names, is executed by `run` only, or where \
             `--qemu` names it"
        ));
    }
    Ok(version)
}

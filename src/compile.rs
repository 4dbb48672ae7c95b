//! From a file to a plan.

use std::ffi::OsStr;
use std::path::Path;

use qemu_dsl::bind::Value;
use qemu_dsl::plan::Plan;
use qemu_dsl::{Arch, Open, Options, Parsed, TargetSpec, import};

use crate::cli::{Compile, Language, Target};
use crate::emit::{self, Form};
use crate::failure::{Failure, status};
use crate::report::{JsonTo, MessageFormat, Reporter};
use crate::source::Source;
use crate::{host, output};

/// Compiles a file and prints the result.
pub(crate) fn print(command: &Compile) -> Result<u8, Failure> {
    // clap requires it.
    let file = command.file.as_deref().unwrap_or(Path::new("-"));
    let source = Source::read(file, command.language.no_include)?;
    let mut reporter = Reporter::new(command.language.message_format, JsonTo::Stderr);
    let plan = compile(&source, &command.language, Purpose::Look, &mut reporter)?;
    reporter.finish();
    let Some(plan) = plan else {
        return Ok(status::SOURCE_ERRORS);
    };
    let printed = match command.emit {
        Form::Shell => emit::shell(&plan),
        Form::Argv => emit::argv(&plan),
        Form::Json => emit::json(&plan).ok_or_else(|| {
            Failure::usage(
                "--emit json: a value that is not UTF-8 can't stand in JSON: `--emit argv` prints it",
            )
        })?,
        Form::Vm => written(&source, &command.language)?.into_bytes(),
    };
    output::print(&printed)?;
    Ok(status::SUCCESS)
}

/// The text with all of its values, blocks and files written out.
fn written(source: &Source, language: &Language) -> Result<String, Failure> {
    let params =
        language.set.iter().filter_map(|(name, value)| Some((name.clone(), value.to_str()?.to_owned())));
    let options = Options { params: params.collect(), ..Options::default() };
    let is_text = language.set.iter().all(|(_, value)| value.to_str().is_some());
    let written = source.parse().written(&options).filter(|_| is_text);
    written.ok_or_else(|| {
        Failure::usage("--emit vm: a value that is not UTF-8 can't stand in a text".to_owned())
    })
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
    let parsed = source.parse();
    // The compiler reads texts; what is none comes when its template is bound.
    let (mut params, mut late) = (Vec::new(), Vec::new());
    for (name, value) in &language.set {
        let all =
            || language.set.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_os_str());
        match value.to_str() {
            Some(text) if all().all(|value| value.to_str().is_some()) => {
                params.push((name.clone(), text.to_owned()));
            }
            _ if late.iter().any(|(known, _)| known == name) => {}
            // Of a list all values come in one.
            _ if all().count() > 1 => late.push((name.as_str(), all().collect())),
            _ => late.push((name.as_str(), Value::from(value.as_os_str()))),
        }
    }
    let open = match purpose {
        Purpose::Check => Open::Checked,
        _ if late.is_empty() => Open::Nothing,
        _ => Open::Named,
    };
    let mut options = Options {
        target: match language.target {
            Some(Target::Spec(spec)) => spec,
            Some(Target::Host) | None => TargetSpec::default(),
        },
        program: language.qemu.clone(),
        params,
        open,
        late: late.iter().map(|(name, _)| (*name).to_owned()).collect(),
        levels: language.levels.0.clone(),
    };
    if language.target == Some(Target::Host) {
        options.target = host(&parsed, &options, language, purpose)
            .map_err(|reason| Failure::not_started(format!("--target host: {reason}")))?;
    }
    let mut compilation = parsed.compile(&options);
    if !compilation.names_version {
        let host = || host(&parsed, &options, language, purpose);
        let target = match &language.qemu {
            Some(_) => host().map(Some).map_err(|reason| {
                Failure::not_started(format!(
                    "--qemu: {reason}: where it is right, `--target` names its version"
                ))
            })?,
            None if matches!(purpose, Purpose::Check | Purpose::Look) => None,
            None => host().ok(),
        };
        if let Some(target) = target {
            options.target = target;
            compilation = parsed.compile(&options);
        }
    }
    let mut diagnostics = compilation.diagnostics;
    if purpose == Purpose::Check {
        diagnostics.extend(import::advise(&parsed, &options));
        diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
    }
    reporter.report(source.map(), &diagnostics)?;
    if let Some(template) = compilation.open.filter(|_| purpose != Purpose::Check) {
        let bound = template.in_file(source.name()).bind_named(&late);
        return bound
            .map(Some)
            .map_err(|error| Failure { status: status::SOURCE_ERRORS, message: error.to_string() });
    }
    Ok(compilation.template.map(Plan::of))
}

/// The QEMU that is installed: the one that the command line names, or that the text names which is to run, or the default.
/// Its architecture is told where neither the command line nor its name does.
fn host(
    parsed: &Parsed<'_>,
    options: &Options,
    language: &Language,
    purpose: Purpose,
) -> Result<TargetSpec, String> {
    let (named, arch) = host::program(parsed, options);
    let asked = match (&language.qemu, purpose) {
        (None, Purpose::Check | Purpose::Look | Purpose::Rehearsal) => arch.program(),
        (Some(_), _) | (None, Purpose::Run) => &named,
    };
    let program = OsStr::new(asked);
    let version = host::version(program, host::PATIENCE)?;
    if language.qemu.is_none() && named != asked && language.message_format == MessageFormat::Human {
        output::complain(&format!(
            "the version is that of `{asked}`: `{named}`, which the file names, is executed by `run` only, or where \
             `--qemu` names it"
        ));
    }
    let is_open = options.target.arch.is_none() && Arch::of_program(asked).is_none();
    let arch = if is_open { host::arch(program, host::PATIENCE) } else { None };
    Ok(TargetSpec { arch: options.target.arch.or(arch), version: Some(version) })
}

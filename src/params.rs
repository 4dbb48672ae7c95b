//! `qemu-dslc params`.

use qemu_dsl::{Count, Declaration, Open, Options, Severity};
use serde::Serialize;

use crate::cli::Params;
use crate::failure::{Failure, status};
use crate::output;
use crate::printable::printable;
use crate::report::{JsonTo, MessageFormat, Reporter};
use crate::source::Source;

/// A parameter, for programs.
#[derive(Serialize)]
struct Listed<'d> {
    name: &'d str,
    r#type: &'d str,
    count: &'d str,
    default: Option<Default<'d>>,
    doc: &'d str,
}

/// What holds where no value is given.
#[derive(Serialize)]
#[serde(untagged)]
enum Default<'d> {
    One(&'d str),
    Many(&'d [String]),
}

/// Prints the parameters of a file. What is wrong with the file is reported.
pub(crate) fn params(command: &Params) -> Result<u8, Failure> {
    let source = Source::read(&command.file, command.no_include)?;
    let parsed = source.parse();
    let options = Options { open: Open::Checked, ..Options::default() };
    let mut diagnostics = parsed.compile(&options).diagnostics;
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    let mut reporter = Reporter::new(MessageFormat::Human, JsonTo::Stderr);
    reporter.report(source.map(), &diagnostics)?;
    reporter.finish();
    let declared = parsed.params();
    let printed = if command.json {
        let listed: Vec<_> = declared.iter().map(listed).collect();
        let json = serde_json::to_string(&listed).map_err(|error| Failure::usage(error.to_string()))?;
        format!("{json}\n")
    } else {
        declared.iter().map(described).collect()
    };
    output::print(printed.as_bytes())?;
    Ok(if reporter.failed() { status::SOURCE_ERRORS } else { status::SUCCESS })
}

fn listed(declaration: &Declaration) -> Listed<'_> {
    let Declaration { name, kind, count, defaults, doc, .. } = declaration;
    let default = match (count, defaults.as_slice()) {
        (_, []) => None,
        (Count::List, defaults) => Some(Default::Many(defaults)),
        (_, [default, ..]) => Some(Default::One(default)),
    };
    let count = match count {
        Count::One => "one",
        Count::Maybe => "maybe",
        Count::List => "list",
    };
    Listed { name, r#type: kind, count, default, doc }
}

/// A line for the parameter, and its description indented below.
fn described(declaration: &Declaration) -> String {
    let doc: String = declaration.doc.lines().map(|line| format!("    {}\n", printable(line))).collect();
    format!("{}\n{doc}", printable(&declaration.to_string()))
}

//! The QEMU that the output is for: what `target` says, and the program's name.

use super::params::{Params, Scope};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help, Remedy};
use crate::source::Node;
use crate::suggest::{meant, nearest};
use crate::syntax::{Item, Keyword, Statement, Tree, Value};
use crate::{Arch, Options, Span, TargetSpec, Version};

/// Which QEMU the output is for.
pub(super) struct Asked {
    pub(super) arch: Arch,
    /// Where the text says so.
    pub(super) span: Option<Span>,
    /// Where the options or the text say so.
    pub(super) version: Option<Version>,
    /// Whether something of it comes later.
    pub(super) is_open: bool,
}

/// What others call an architecture of QEMU's.
const OTHER_NAMES: &[(&str, Arch)] = &[
    ("amd64", Arch::X86_64),
    ("arm64", Arch::Aarch64),
    ("armhf", Arch::Arm),
    ("armv7l", Arch::Arm),
    ("i686", Arch::I386),
    ("powerpc64", Arch::Ppc64),
    ("ppc64le", Arch::Ppc64),
    ("x64", Arch::X86_64),
    ("x86", Arch::I386),
    ("x86-64", Arch::X86_64),
];

/// Reads what the statements `target` and `qemu` say, and the options in their place.
pub(super) fn read(
    tree: &Tree<'_>,
    params: &Params,
    options: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Asked {
    let found = statement(tree, params, diagnostics);
    let said = found.as_ref().map_or_else(TargetSpec::default, |found| found.value);
    let target = options.target.or(said);
    let place = |says: bool| found.as_ref().filter(|_| says).map(|found| found.span);

    let program = program(tree, params, options);
    let by_name = Arch::of_program(&program.value);
    // The program of the options runs whatever the text is for.
    let arch = match options.target.arch {
        None if options.program.is_some() => by_name.or(said.arch),
        _ => target.arch.or(by_name),
    };
    let span = place(options.target.arch.is_none() && said.arch.is_some());
    if let (Some(arch), Some(by_name)) = (arch, by_name)
        && arch != by_name
    {
        let message = format!("`{}` emulates {by_name}, and the target is {arch}", program.value);
        let mut wrong = Diagnostic::error(Code::WrongArchitecture, message);
        for (span, label) in [(program.span, ""), (span, "the target")] {
            if let Some(span) = span {
                wrong = wrong.label(span, label);
            }
        }
        diagnostics.push(wrong.help(format!("name `{}`, or another target", arch.program())));
    }
    if let Some(version) = target.version.filter(|version| *version > Version::NEWEST) {
        let warning = Diagnostic::warning(
            Code::FutureTarget,
            format!("QEMU {version} is newer than this compiler: the output is for {}", Version::NEWEST),
        )
        .help("look for a newer release of this compiler");
        diagnostics.push(match place(options.target.version.is_none()) {
            Some(span) => warning.at(span),
            None => warning,
        });
    }
    // Where neither says the architecture, the program's name would.
    let by_program = said.arch.is_none() && options.program.is_none() && is_open(tree, "qemu", params);
    let is_open = options.target.arch.is_none() && (is_open(tree, "target", params) || by_program);
    Asked {
        arch: arch.unwrap_or_default(),
        span: span.or(program.span),
        version: target.version.map(|version| version.max(Version::OLDEST)),
        is_open,
    }
}

/// Whether the value of a statement comes later.
fn is_open(tree: &Tree<'_>, keyword: &str, params: &Params) -> bool {
    let mut values = statements(tree, keyword).filter_map(|(_, keyword)| keyword.values.first());
    values.any(|value| params.peek(value, Scope::default()).is_none())
}

/// What the first `target` says that can be read.
fn statement(
    tree: &Tree<'_>,
    params: &Params,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node<TargetSpec>> {
    let mut found = None;
    for (statement, keyword) in statements(tree, "target") {
        for item in &statement.items {
            let diagnostic =
                Diagnostic::error(Code::UnknownOption, "`target` has no options").at(item.span());
            let version = keyword.values.first().and_then(Value::text);
            let arch = match item {
                Item::Option { name, value: Some(value) } if name.text == "arch" => value.text(),
                _ => None,
            };
            diagnostics.push(match version.zip(arch) {
                // The architecture stands before the version.
                Some((version, arch)) => {
                    let right = format!("{arch}-{version}");
                    let place =
                        keyword.values.first().map_or(item.span(), |value| value.span.to(item.span()));
                    diagnostic.help(Remedy::new(format!("write `target {right}`")).replace(place, right))
                }
                None => diagnostic.help("write `target 7.2`"),
            });
        }
        let Some(value) = keyword.values.first() else {
            if !statement.broken && statement.items.is_empty() {
                diagnostics.push(
                    Diagnostic::error(Code::MissingValue, "`target` needs its version")
                        .at(keyword.word.span)
                        .help("write `target 7.2`"),
                );
            }
            continue;
        };
        let Some(text) = params.literal(value, Scope::default(), diagnostics) else { continue };
        let Some(text) = text.known() else {
            diagnostics.extend(params.refuse_late("target", value.span));
            continue;
        };
        match text.parse::<TargetSpec>() {
            Ok(TargetSpec { version: Some(version), .. }) if version < Version::OLDEST => diagnostics.push(
                Diagnostic::error(Code::UnknownTarget, format!("QEMU {version} is too old"))
                    .at(value.span)
                    .help(format!("output can be made for {} and newer", Version::OLDEST)),
            ),
            Ok(spec) => found = found.or(Some(Node::new(spec, value.span))),
            Err(()) => {
                let (wrong, meant) = unknown(&text, value.span);
                diagnostics.push(wrong);
                found = found.or(meant.map(|meant| Node::new(meant, value.span)));
            }
        }
    }
    found
}

/// What is wrong with a target that can't be read, and what it is taken for.
fn unknown(text: &str, span: Span) -> (Diagnostic, Option<TargetSpec>) {
    let (arch, version) = match text.rsplit_once('-') {
        Some((arch, version)) if version.parse::<Version>().is_ok() => (arch, Some(version)),
        _ => (text, None),
    };
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == arch).map(|(_, arch)| arch.name());
    let near = other.or_else(|| nearest(arch, Arch::all().map(Arch::name)));
    if near.is_some() || version.is_some() {
        let message = format!("QEMU calls no architecture `{arch}`");
        let wrong = Diagnostic::error(Code::UnknownTarget, message).at(span);
        let Some(near) = near else {
            return (wrong.help("`qemu-system-aarch64` is for `aarch64`, and so on"), None);
        };
        let right = version.map_or_else(|| near.to_owned(), |version| format!("{near}-{version}"));
        return (wrong.help(meant(&right, span)), right.parse().ok());
    }
    let known: Vec<_> = Version::KNOWN.iter().map(ToString::to_string).collect();
    let help = if text == "host" {
        Help::AskHost
    } else {
        format!("write a version, such as {}", known.join(", ")).into()
    };
    let message = format!("`{text}` is not a version of QEMU");
    (Diagnostic::error(Code::UnknownTarget, message).at(span).help(help), None)
}

/// A program, and where the text names it.
struct Program {
    value: String,
    span: Option<Span>,
}

/// The program to run. It has no name where nothing says one.
fn program(tree: &Tree<'_>, params: &Params, options: &Options) -> Program {
    if let Some(program) = &options.program {
        return Program { value: program.clone(), span: None };
    }
    let named = statements(tree, "qemu").find_map(|(_, keyword)| {
        let value = keyword.values.first()?;
        Some(Program { value: params.peek(value, Scope::default())?.into_owned(), span: Some(value.span) })
    });
    named.unwrap_or(Program { value: String::new(), span: None })
}

/// The statements that a keyword begins.
fn statements<'t, 's>(
    tree: &'t Tree<'s>,
    name: &str,
) -> impl Iterator<Item = (&'t Statement<'s>, &'t Keyword<'s>)> {
    let statements = tree.statements.iter().filter(|statement| statement.block.is_none());
    statements
        .filter_map(|statement| Some((statement, statement.keyword()?)))
        .filter(move |(_, keyword)| keyword.word.text == name)
}

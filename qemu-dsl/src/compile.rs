//! The compiler as one function.

use std::collections::BTreeSet;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::Hardware;
use crate::model::{Entry, Vm};
use crate::plan::{Fragment, Place, Template};
use crate::print::{Lowering, Output};
use crate::read::{self, Language};
use crate::source::SourceMap;
use crate::{Options, Span, Version, check, lower, print, statement, syntax};

/// What came of a text.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The compiled VM. `None` where there was an error.
    pub template: Option<Template>,
    /// All that there is to say about the text, in the order of the places it is about.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the options or the text say which version of QEMU the output is for. Otherwise it is the newest known.
    pub names_target: bool,
}

/// Compiles the text of a VM.
///
/// It reads nothing but `source`, and writes nothing. The same text and options give the same bytes. It does not fail:
/// whatever is wrong is among the diagnostics, all of it.
///
/// ```
/// let compiled = qemu_dsl::compile("memory 512M", &qemu_dsl::Options::default());
/// let rendered = compiled.template.unwrap().render();
/// assert_eq!(rendered.args[1].to_str(), Some("512M"));
/// ```
pub fn compile(source: &str, options: &Options) -> Compilation {
    let Analysed { vm, output, names_target, diagnostics } = analyse(source, false, options);
    let template = output.map(|(output, order)| {
        let template = lower::template(&vm, output, &order);
        let places = places(template.args.iter().map(|arg| arg.span), source);
        Template { places: places.into(), ..template }
    });
    Compilation { template, diagnostics, names_target }
}

/// What came of the text of devices.
#[derive(Clone, Debug)]
pub struct CompiledDevices {
    /// The devices. `None` where there was an error.
    pub fragment: Option<Fragment>,
    /// As in [`Compilation::diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles the text of devices for a guest that runs. It otherwise does as [`compile`].
///
/// Only statements of devices and their backends can stand in it. What only the whole VM can tell is not looked at here,
/// but when the devices join it: whether an id is free, a bus is there, an address not taken.
///
/// ```
/// let text = "disk id=data file=\"/srv/data.img\" format=raw bus=rp0";
/// let compiled = qemu_dsl::compile_devices(text, &qemu_dsl::Options::default());
/// let commands: Vec<_> = compiled.fragment.unwrap().steps.iter().map(|step| step.action.command()).collect();
/// assert_eq!(commands, ["blockdev-add", "device_add"]);
/// ```
pub fn compile_devices(source: &str, options: &Options) -> CompiledDevices {
    let Analysed { vm, output, diagnostics, .. } = analyse(source, true, options);
    let fragment = output.map(|(output, order)| {
        let fragment = lower::fragment(&vm, output, &order);
        let places = places(fragment.steps.iter().map(|step| step.span), source);
        Fragment { places: places.into(), ..fragment }
    });
    CompiledDevices { fragment, diagnostics }
}

/// Where a text has what stands at `spans`.
fn places(spans: impl Iterator<Item = Span>, source: &str) -> Vec<Place> {
    let sources = SourceMap::of("", source);
    let spans: BTreeSet<_> = spans.map(|span| (span.start, span.end)).collect();
    let places = spans.into_iter().filter_map(|(start, end)| {
        let span = Span { start, end };
        let (_, position) = sources.locate(span)?;
        Some(Place { span, file: None, line: position.line, column: position.column })
    });
    places.collect()
}

/// What a text says.
struct Analysed {
    vm: Vm,
    /// What its statements print, and their order. Nothing where there is an error.
    output: Option<(Output, Vec<usize>)>,
    names_target: bool,
    diagnostics: Vec<Diagnostic>,
}

/// The whole language.
const LANGUAGE: Language = Language { table: statement::TABLE, reader: statement::reader };

/// Lets a statement print what it means.
fn print(entry: &Entry, out: &mut Lowering<'_>) {
    if let Some(form) = statement::meaning(entry) {
        form.lower(out);
    }
}

/// Reads and checks a text.
fn analyse(source: &str, is_fragment: bool, options: &Options) -> Analysed {
    let mut diagnostics = Vec::new();
    if u32::try_from(source.len()).is_err() {
        diagnostics.push(
            Diagnostic::error(Code::TooLong, "the text has more than 4 GiB")
                .at(Span::default())
                .help("describe one VM"),
        );
        let names_target = options.target.is_some();
        let vm = Vm::new(Version::NEWEST, names_target, is_fragment);
        return Analysed { vm, output: None, names_target, diagnostics };
    }
    let tree = syntax::parse(source, &mut diagnostics);
    let vm = read::read(source, &tree, LANGUAGE, is_fragment, options, &mut diagnostics);
    let output = print::print(&vm, print);
    let hardware = Hardware::new(&vm, &output);
    check::check(&hardware, &mut diagnostics);
    // Stable, so that of two at one place the one found first stands first.
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let order = (!failed).then(|| lower::order(&hardware));
    let names_target = vm.names_target;
    Analysed { output: order.map(|order| (output, order)), names_target, vm, diagnostics }
}

//! The compiler as one function, and as two: what a text says is parsed once, for as many targets as one likes.

use std::fmt;
use std::sync::Arc;

use crate::bind::{Blanks, Choice, OpenBase, OpenFragment, OpenPart, OpenTemplate, PartTemplate, Tie};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::{self, Hardware, QemuOption};
use crate::model::{Entry, Extent, Facts, Vm};
use crate::plan::{Fragment, Place, Template};
use crate::print::{Lowering, Output};
use crate::read::{self, Declaration, Language, Open, Reading};
use crate::scenario::{self, Scenario};
use crate::shape::Shaper;
use crate::source::SourceMap;
use crate::sources::Sources;
use crate::syntax::{Head, Tree, Value};
use crate::table::StatementSpec;
use crate::value::shown;
use crate::{Options, Span, Target, check, lower, print, statement, syntax};

/// What came of a text.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The compiled VM. `None` where there was an error, or where a value [comes later](Options::open).
    pub template: Option<Template>,
    /// The compiled VM where a value comes later, and [may](crate::Open).
    pub open: Option<OpenTemplate>,
    /// What values must be that come later, as far as that is known, where there was an error.
    pub wanted: Blanks,
    /// All that there is to say about the text, in the order of the places it is about.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the options or the text say which version of QEMU the output is for. Otherwise it is the newest known.
    pub names_version: bool,
}

/// Compiles the text of a VM.
///
/// It reads nothing but `source`, and writes nothing. The same text and options give the same bytes. It does not fail:
/// whatever is wrong is among the diagnostics, all of it.
///
/// ```
/// let compiled = qemu_dsl::compile("memory 512M", &qemu_dsl::Options::default());
/// let plan = qemu_dsl::plan::Plan::of(compiled.template.unwrap());
/// assert_eq!(plan.args().nth(1).unwrap(), "512M");
/// ```
pub fn compile(source: &str, options: &Options) -> Compilation {
    parse(source).compile(options)
}

/// What came of the text of devices.
#[derive(Clone, Debug)]
pub struct CompiledDevices {
    /// The devices. `None` where there was an error, or where a value [comes later](Options::open).
    pub fragment: Option<Fragment>,
    /// The devices where a value comes later, and [may](crate::Open).
    pub open: Option<OpenFragment>,
    /// As in [`Compilation::wanted`].
    pub wanted: Blanks,
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
    parse(source).compile_devices(options)
}

/// What came of the text of a VM to which parts are added.
#[derive(Clone, Debug)]
pub struct CompiledBase {
    /// The base. `None` where there was an error, or where a value comes later and [may not](crate::Open).
    pub open: Option<OpenBase>,
    /// As in [`Compilation::wanted`].
    pub wanted: Blanks,
    /// As in [`Compilation::diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
}

/// What came of the text of a part of a VM.
#[derive(Clone, Debug)]
pub struct CompiledPart {
    /// The part. `None` where there was an error, or where a value comes later and [may not](crate::Open).
    pub open: Option<OpenPart>,
    /// As in [`Compilation::wanted`].
    pub wanted: Blanks,
    /// As in [`Compilation::diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles the text of a VM to which [parts](compile_part) are added. It otherwise does as [`compile`].
///
/// What it lacks the parts may have: so an id or a bus that nothing here has is looked for when they are
/// [joined](crate::bind::Base::plan).
pub fn compile_base(source: &str, options: &Options) -> CompiledBase {
    parse(source).compile_base(options)
}

/// Compiles the text of a part of a VM: any statements but those on which others hang (`machine`, `memory`, `name`, `qemu`).
pub fn compile_part(source: &str, options: &Options) -> CompiledPart {
    parse(source).compile_part(options)
}

/// Parses a text, to compile it for several targets or with several values.
///
/// ```
/// use qemu_dsl::plan::Plan;
/// use qemu_dsl::{Options, Version};
///
/// let parsed = qemu_dsl::parse("qmp unix \"/q\" server nowait");
/// let qmp = |target: Version| {
///     let options = Options { target: target.into(), ..Options::default() };
///     let plan = Plan::of(parsed.compile(&options).template.unwrap());
///     plan.args().nth(1).unwrap().to_owned()
/// };
/// assert_eq!(qmp(Version::new(2, 10)), "unix:/q,server,nowait");
/// assert_eq!(qmp(Version::new(7, 2)), "unix:/q,server=on,wait=off");
/// ```
pub fn parse(source: &str) -> Parsed<'_> {
    let mut diagnostics = Vec::new();
    let tree = if u32::try_from(source.len()).is_ok() {
        let tree = syntax::parse(source, LANGUAGE.table, &mut diagnostics);
        let inclusions = tree.statements.iter().filter_map(|statement| match &statement.head {
            Head::Include(inclusion) => inclusion.path(),
            _ => None,
        });
        diagnostics.extend(inclusions.map(|(_, at)| {
            Diagnostic::error(Code::BadInclude, "this text is compiled alone, and includes nothing")
                .at(at)
                .help("`qemu_dsl::Sources` takes what reads the file")
        }));
        Ok(tree)
    } else {
        diagnostics.push(too_long());
        Err(source)
    };
    Parsed { tree, files: None, diagnostics }
}

fn too_long() -> Diagnostic {
    Diagnostic::error(Code::TooLong, "the text has more than 4 GiB")
        .at(Span::default())
        .help("describe one VM")
}

impl Sources {
    /// Parses the text with all that it includes.
    pub fn parse(&self) -> Parsed<'_> {
        let mut diagnostics = Vec::new();
        let tree = if u32::try_from(self.text().len()).is_ok() {
            Ok(self.tree(LANGUAGE.table, &mut diagnostics))
        } else {
            diagnostics.push(too_long());
            Err(self.text())
        };
        Parsed { tree, files: Some(self.map()), diagnostics }
    }
}

/// A text that is parsed. Shown, it is that text again, printed from its tree: byte for byte what was parsed.
#[derive(Debug)]
pub struct Parsed<'s> {
    /// The tree; in its place a text that is too long to have one.
    tree: Result<Tree<'s>, &'s str>,
    /// The files that it is of, where it may include others.
    files: Option<&'s SourceMap<'static>>,
    /// What is wrong with its form.
    diagnostics: Vec<Diagnostic>,
}

impl Parsed<'_> {
    /// The text and its statements that stand in no block, where it includes no other texts.
    pub(crate) fn alone(&self) -> Option<(&str, impl Iterator<Item = (Span, &'static StatementSpec)>)> {
        let is_alone = self.files.is_none_or(|files| files.files().len() == 1);
        let tree = self.tree.as_ref().ok().filter(|_| is_alone)?;
        let outside = tree.statements.iter().filter(|statement| statement.block.is_none());
        let statements = outside.filter_map(|statement| {
            let Head::Keyword(keyword) = &statement.head else { return None };
            Some((statement.span()?, keyword.spec))
        });
        Some((tree.source, statements))
    }

    /// Does as [`compile()`].
    pub fn compile(&self, options: &Options) -> Compilation {
        let Analysed { vm, printed, wanted, names_version, diagnostics } =
            self.analyse(Extent::Whole, options);
        let (mut template, mut open) = (None, None);
        if let Some(Ordered { output, order, choices }) = printed {
            let (ties, _) = if vm.is_open { ties(&vm, &output) } else { (Vec::new(), false) };
            let printed = lower::template(&vm, output, &order);
            if vm.is_open {
                let holes = lower::blanks(&vm, &printed.ids, choices, lower::late_ties(ties));
                let places = self.places(printed.args.iter().map(|arg| arg.span).chain(holes.spans()));
                open = Some(OpenTemplate {
                    template: Template { places: places.into(), ..printed },
                    open: holes,
                });
            } else {
                let places = self.places(printed.args.iter().map(|arg| arg.span));
                template = Some(Template { places: places.into(), ..printed });
            }
        }
        Compilation { template, open, wanted, diagnostics, names_version }
    }

    /// Does as [`compile_devices`].
    pub fn compile_devices(&self, options: &Options) -> CompiledDevices {
        let Analysed { vm, printed, wanted, diagnostics, .. } = self.analyse(Extent::Devices, options);
        let (mut fragment, mut open) = (None, None);
        if let Some(Ordered { output, order, choices }) = printed {
            let (ties, _) = if vm.is_open { ties(&vm, &output) } else { (Vec::new(), false) };
            let printed = lower::fragment(&vm, output, &order);
            let spans = printed.steps.iter().map(|step| step.span);
            if vm.is_open {
                let holes = lower::blanks(&vm, &printed.ids, choices, lower::late_ties(ties));
                let places = self.places(spans.chain(holes.spans()));
                open = Some(OpenFragment {
                    fragment: Fragment { places: places.into(), ..printed },
                    open: holes,
                });
            } else {
                let places = self.places(spans);
                fragment = Some(Fragment { places: places.into(), ..printed });
            }
        }
        CompiledDevices { fragment, open, wanted, diagnostics }
    }

    /// Does as [`compile_base`].
    pub fn compile_base(&self, options: &Options) -> CompiledBase {
        let (part, wanted, diagnostics) = self.compile_to_join(Extent::Base, options);
        CompiledBase { open: part.map(|part| OpenBase { part }), wanted, diagnostics }
    }

    /// Does as [`compile_part`].
    pub fn compile_part(&self, options: &Options) -> CompiledPart {
        let (part, wanted, diagnostics) = self.compile_to_join(Extent::Part, options);
        CompiledPart { open: part.map(|part| OpenPart { part }), wanted, diagnostics }
    }

    fn compile_to_join(
        &self,
        extent: Extent,
        options: &Options,
    ) -> (Option<Arc<PartTemplate>>, Blanks, Vec<Diagnostic>) {
        let Analysed { vm, printed, wanted, diagnostics, .. } = self.analyse(extent, options);
        let part = printed.map(|Ordered { output, order, choices }| {
            let (ties, uncertain) = ties(&vm, &output);
            let template = lower::template(&vm, output, &order);
            let open = lower::blanks(&vm, &template.ids, choices, ties);
            let places = self.places(template.args.iter().map(|arg| arg.span).chain(open.spans()));
            Arc::new(PartTemplate {
                template: Template { places: places.into(), ..template },
                open,
                name: vm.facts.name.clone(),
                uncertain,
            })
        });
        (part, wanted, diagnostics)
    }

    /// What the text declares, in its order, as far as that is right.
    ///
    /// ```
    /// let parsed = qemu_dsl::parse("/// How much RAM.\nparam ram: size = 1G\nparam disks: list of path");
    /// let declared: Vec<_> = parsed.params().iter().map(ToString::to_string).collect();
    /// assert_eq!(declared, ["ram: size = 1G", "disks: list of path"]);
    /// assert_eq!(parsed.params()[0].doc, "How much RAM.");
    /// ```
    pub fn params(&self) -> Vec<Declaration> {
        let options = Options { open: Open::Checked, ..Options::default() };
        self.tree.as_ref().map_or_else(|_| Vec::new(), |tree| Reading::declared(tree, &options))
    }

    /// The text with all of its values, blocks and files written out, a statement a line, each with its place as a comment.
    /// Nothing where a value is missing or comes later.
    ///
    /// ```
    /// let parsed = qemu_dsl::parse("param n: string = web\nparam on: bool = on\nif {on} { name {n} }");
    /// let written = parsed.written(&qemu_dsl::Options::default()).unwrap();
    /// assert_eq!(written, "name \"web\"  // line 3, column 11\n");
    /// ```
    pub fn written(&self, options: &Options) -> Option<String> {
        let tree = self.tree.as_ref().ok()?;
        let lines = Reading::new(tree, LANGUAGE, Extent::Whole, options, &mut Vec::new()).written()?;
        let places = self.places(lines.iter().map(|line| line.at));
        let lines = lines.iter().map(|line| {
            let place = places.iter().find(|place| place.span == line.at);
            // A file's name may have a line end in it.
            format!("{}  // {}\n", line.text, place.map_or(String::new(), |place| shown(&place.to_string())))
        });
        Some(lines.collect())
    }

    /// Reads and checks the text. Where it is only checked, a default is one case: what is wrong whatever the parameters are is
    /// found as well.
    fn analyse(&self, extent: Extent, options: &Options) -> Analysed {
        let mut analysed = self.analyse_one(extent, options);
        let Some(others) = self.without_defaults(options) else { return analysed };
        let diagnostics = &mut analysed.diagnostics;
        for diagnostic in self.analyse_one(extent, &others).diagnostics {
            let is_known =
                |known: &Diagnostic| known.code == diagnostic.code && known.span() == diagnostic.span();
            if !diagnostics.iter().any(is_known) {
                diagnostics.push(diagnostic);
            }
        }
        diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
        analysed
    }

    /// The options by which nothing is known of what has a default, where a text that has such is only checked. For which QEMU it
    /// is stays as it is: what is right at all hangs on that.
    fn without_defaults(&self, options: &Options) -> Option<Options> {
        let tree = self.tree.as_ref().ok().filter(|_| options.open == Open::Checked)?;
        let settled = settled(tree);
        let mut late = options.late.clone();
        for statement in &tree.statements {
            if let Head::Declaration(_, Some(parameter)) = &statement.head
                && !parameter.defaults.is_empty()
                && !options.params.iter().any(|(set, _)| set == parameter.name.text)
                && !settled.contains(&parameter.name.text)
            {
                late.push(parameter.name.text.to_owned());
            }
        }
        (late.len() > options.late.len()).then(|| Options { late, ..options.clone() })
    }

    /// Reads and checks the text, by the values that are there.
    fn analyse_one(&self, extent: Extent, options: &Options) -> Analysed {
        let mut diagnostics = self.diagnostics.clone();
        let Ok(tree) = &self.tree else {
            let vm = Vm::new(Target::DEFAULT, extent);
            let names_version = options.target.version.is_some();
            return Analysed { vm, printed: None, wanted: Blanks::default(), names_version, diagnostics };
        };
        let reading = Reading::new(tree, LANGUAGE, extent, options, &mut diagnostics);
        let mut vm = reading.read(options, &mut diagnostics);
        let branches = !vm.rounds.blocks().is_empty();
        if branches {
            scenarios(&mut vm, options.open.is_template(), &mut diagnostics);
            vm.truncate(vm.printed);
        } else {
            vm.facts = scenario::facts(&vm);
        }
        let output = print::print(&vm, print);
        let printed = hardware::options(&vm, &output);
        let hardware = Hardware::new(&vm, &output, &printed);
        if !branches {
            let mut found = Vec::new();
            wrong(&hardware, &mut found);
            if vm.rounds.len() > 1 {
                scenario::told_once(&mut found);
            }
            diagnostics.extend(found);
        }
        read::quote(tree, &mut diagnostics);
        diagnostics.iter_mut().for_each(|diagnostic| no_change(diagnostic, &tree.apart));
        let failed = |diagnostics: &[Diagnostic]| diagnostics.iter().any(is_error);
        // Stable, so that of two at one place the one found first stands first.
        diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
        options.levels.apply(&mut diagnostics);
        let is_wanted = !failed(&diagnostics) && (!vm.is_open || options.open.is_template());
        let order = is_wanted.then(|| lower::order(&hardware));
        let late = if is_wanted && vm.is_open {
            check::late(&hardware, options.levels.deny_by_schema(Code::WrongType))
        } else {
            Vec::new()
        };
        let printed = order.map(|order| {
            if !vm.is_open {
                return Ordered { output, order, choices: Vec::new() };
            }
            late.into_iter().for_each(|(blank, kind)| vm.blanks.is_of(blank, kind));
            if let Some(span) = lower::late_in_json(&output, vm.target).filter(|_| extent != Extent::Devices)
            {
                let message = "a value can't come later in an option that is JSON";
                let help = "write it out: a device has members, and so this one and all behind it are JSON";
                diagnostics.push(Diagnostic::error(Code::LateValue, message).at(span).help(help));
            }
            if let Some(span) = lower::late_option(&output) {
                let diagnostic =
                    Diagnostic::error(Code::LateValue, "which option it is can't come later").at(span);
                diagnostics.push(diagnostic.help("write the option, and let its values come later"));
            }
            let shapes = Shaper { reading: &reading, print, levels: &options.levels }
                .shapes(&mut vm, &mut diagnostics);
            Ordered { output: shapes.print(&vm, print), order, choices: shapes.choices }
        });
        let printed = printed.filter(|_| !failed(&diagnostics));
        // Whatever hangs on values, nothing is missing.
        vm.complete |= printed.is_some() && extent != Extent::Part;
        let wanted = match printed {
            None if vm.is_open => lower::blanks(&vm, &[], Vec::new(), Vec::new()),
            _ => Blanks::default(),
        };
        let names_version = vm.names_version;
        Analysed { printed, wanted, names_version, vm, diagnostics }
    }

    /// Where the text has what stands at `spans`.
    fn places(&self, spans: impl Iterator<Item = Span>) -> Vec<Place> {
        let alone;
        let sources = match self.files {
            Some(files) => files,
            None => {
                alone = SourceMap::of("", self.tree.as_ref().map_or("", |tree| tree.source));
                &alone
            }
        };
        let mut names: Vec<(u32, Arc<str>)> = Vec::new();
        let mut spans: Vec<_> = spans.collect();
        spans.sort_unstable_by_key(|span| (span.start, span.end));
        spans.dedup();
        let places = spans.into_iter().filter_map(|span| {
            let (file, position) = sources.locate(span)?;
            let name = self.files.map(|_| {
                let start = file.span().start;
                let known = names.iter().find(|(known, _)| *known == start).map(|(_, name)| name.clone());
                known.unwrap_or_else(|| {
                    let name: Arc<str> = file.name().into();
                    names.push((start, name.clone()));
                    name
                })
            });
            Some(Place { span, file: name, line: position.line, column: position.column })
        });
        places.collect()
    }
}

impl fmt::Display for Parsed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.tree, self.files.and_then(|map| map.files().first())) {
            (_, Some(file)) => f.write_str(file.text()),
            (Ok(tree), None) => tree.fmt(f),
            (Err(source), None) => f.write_str(source),
        }
    }
}

/// The parameters that say for which QEMU a text is, and those of which their defaults are made.
fn settled<'s>(tree: &Tree<'s>) -> Vec<&'s str> {
    let keywords = tree.statements.iter().filter_map(|statement| statement.keyword());
    let settling = keywords.filter(|keyword| matches!(keyword.spec.keyword, "target" | "qemu"));
    let mut settled: Vec<_> = settling.flat_map(|keyword| &keyword.values).flat_map(Value::holes).collect();
    let mut next = 0;
    while let Some(name) = settled.get(next).copied() {
        let declared = tree.statements.iter().find_map(|statement| match &statement.head {
            Head::Declaration(_, Some(parameter)) if parameter.name.text == name => Some(parameter),
            _ => None,
        });
        let of_default = declared.iter().flat_map(|parameter| &parameter.defaults).flat_map(Value::holes);
        let more: Vec<_> = of_default.filter(|name| !settled.contains(name)).collect();
        settled.extend(more);
        next += 1;
    }
    settled
}

/// Reports what is wrong with a VM.
fn wrong(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    scenario::repeated(&hardware.vm.once, diagnostics);
    check::check(hardware, diagnostics);
}

/// Reports what is wrong with the VMs that a text can be. The first of them, which is looked at last, is what its statements
/// are printed for, where they are: in each of the others they must print the same.
fn scenarios(vm: &mut Vm, is_template: bool, diagnostics: &mut Vec<Diagnostic>) {
    let mut found = Vec::new();
    let all = Scenario::all(&vm.rounds);
    let first = all.first().filter(|_| is_template);
    let facts = first.map(|first| first.within(vm, |vm| vm.facts.clone()));
    let mut varies = None;
    for scenario in all.iter().rev() {
        let mut of_this = Vec::new();
        scenario.within(vm, |vm| {
            let output = print::print(vm, print);
            let printed = hardware::options(vm, &output);
            wrong(&Hardware::new(vm, &output, &printed), &mut of_this);
            let Some(facts) = facts.as_ref().filter(|_| varies.is_none()) else { return };
            // How a part is joined hangs on these.
            let is_other = vm.extent.is_partial()
                && (facts.name != vm.facts.name || facts.board.root() != vm.facts.board.root());
            varies = is_other.then(|| scenario::telling(vm)).or_else(|| otherwise(vm, &output, facts));
        });
        found.push(of_this);
    }
    let mut found: Vec<_> = found.into_iter().rev().flatten().collect();
    scenario::told_once(&mut found);
    if let Some(at) = varies.filter(|_| !found.iter().chain(&*diagnostics).any(is_error)) {
        found.push(scenario::varying(at.or_else(|| scenario::telling(vm)).unwrap_or_default()));
    }
    diagnostics.extend(found);
}

/// Whether statements print otherwise by other facts, and which of them tells those, if one of them does.
fn otherwise(vm: &mut Vm, output: &Output, facts: &Facts) -> Option<Option<Span>> {
    if vm.facts == *facts {
        return None;
    }
    let own = std::mem::replace(&mut vm.facts, facts.clone());
    let others = print::print(vm, print);
    let found = (others != *output).then(|| {
        let open: Vec<_> = (0..vm.statements.len()).filter(|number| vm.block_of(*number) > 0).collect();
        let number = open.into_iter().find(|number| {
            vm.facts = scenario::facts_with(facts, vm.statements.get(*number));
            vm.facts != *facts && print::print(vm, print) != others
        });
        vm.statements.get(number?).map(|entry| entry.head)
    });
    vm.facts = own;
    found
}

/// Says why what stands twice, in a file and in one that it includes, is no change.
fn no_change(diagnostic: &mut Diagnostic, apart: &[(Span, Span)]) {
    let ([again, first], Code::RepeatedStatement | Code::DuplicateId) =
        (diagnostic.labels.as_slice(), diagnostic.code)
    else {
        return;
    };
    let is_in = |place: Span, of: Span| of.start <= place.start && place.end <= of.end;
    let is_it = |(change, base): &(Span, Span)| {
        let is_it = |one, other| is_in(one, *change) && is_in(other, *base);
        is_it(again.span, first.span) || is_it(first.span, again.span)
    };
    if apart.iter().any(is_it) {
        let help = "it is a change only in the block in which what it changes stands; let what varies be a `param` of the file that is included";
        diagnostic.remedy = Some(help.into());
    }
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

/// What a text says.
struct Analysed {
    vm: Vm,
    /// What its statements print. Nothing where there is an error.
    printed: Option<Ordered>,
    /// What its values must be that come later, where it prints nothing.
    wanted: Blanks,
    names_version: bool,
    diagnostics: Vec<Diagnostic>,
}

/// What a text's statements print, in all their shapes.
struct Ordered {
    output: Output,
    /// The order of the statements.
    order: Vec<usize>,
    choices: Vec<Choice>,
}

/// What the statements, in all of their shapes, have to do with each other, and whether there may be more than can be seen.
fn ties(vm: &Vm, output: &Output) -> (Vec<Tie>, bool) {
    let options = hardware::options(vm, output);
    let mut hardware = Hardware::new(vm, output, &options);
    // Names will be there when they are compared.
    hardware.is_uncertain = vm.target_is_open || options.iter().any(QemuOption::is_unseen);
    (lower::ties(&hardware), hardware.is_uncertain)
}

/// The whole language.
const LANGUAGE: Language = Language { table: statement::TABLE, reader: statement::reader };

/// Lets a statement print what it means.
fn print(entry: &Entry, out: &mut Lowering<'_>) {
    if let Some(form) = statement::meaning(entry) {
        form.lower(out);
    }
}

/// What the statements of a text print, where all of them can be read. The VM as a whole is not looked at: what they refer to
/// need not be there. The error has the codes of what is wrong with the statements, each by itself.
pub(crate) fn printed(source: &str, target: Target) -> Result<(Vm, Output), Vec<Code>> {
    let mut diagnostics = Vec::new();
    let tree = syntax::parse(source, LANGUAGE.table, &mut diagnostics);
    let options = Options { target: target.into(), ..Options::default() };
    let reading = Reading::new(&tree, LANGUAGE, Extent::Whole, &options, &mut diagnostics);
    let mut vm = reading.read(&options, &mut diagnostics);
    let errors: Vec<_> = diagnostics
        .iter()
        .filter(|diagnostic| is_error(diagnostic))
        .map(|diagnostic| diagnostic.code)
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    vm.facts = scenario::facts(&vm);
    let output = print::print(&vm, print);
    Ok((vm, output))
}

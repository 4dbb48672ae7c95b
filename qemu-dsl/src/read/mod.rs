//! From the syntax tree to a typed VM.
//!
//! Reads each statement by the table: its kind, its options, their types. Everything that is wrong is reported; a
//! statement with an error is left out of the VM, and what depends on it is not blamed.
//!
//! Nothing stops at the first error. A statement with an error in one option is still in the VM, with its `Flaws`; a
//! check that would miss something asks `Checking::missing`, which keeps silent where that has an error of its own. A
//! statement without a required value is left out, and its ids count as lost: nobody is blamed for referring to them.

mod args;
mod cx;
mod field;
mod foreign;
mod hints;
mod options;
pub(crate) mod params;
mod recover;
mod script;
mod spaces;
mod target;
mod written;

use std::mem;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::ids::{Blocks, Ids, Taken};
use crate::model::{Entry, Extent, Flaws, Once, States, Values, Vm};
use crate::plan::optlist;
use crate::source::Node;
use crate::suggest::{did_you_mean, meant};
use crate::syntax::{Head, Item, Keyword, Statement, Tree, Value, ValueForm};
use crate::table::{FormSpec, Kinds, OptionSpec, Section, StatementSpec, Table};
use crate::{Target, Version};

pub(crate) use args::Args;
pub(crate) use cx::Cx;
use cx::{Resolved, names_an_id};
pub(crate) use field::{Field, Slot};
pub use options::{Open, Options};
pub use params::{Count, Declaration};
use params::{Params, Scope};
use recover::orphan;
use script::{Script, Step};
pub(crate) use spaces::quote;

/// What reads a form's values.
pub(crate) type ReadForm = fn(&mut Args<'_, '_>, &mut Cx<'_>) -> Option<Box<dyn Values>>;

/// The statements that can be read, and what reads each of their forms, by its number.
#[derive(Clone, Copy)]
pub(crate) struct Language {
    pub(crate) table: Table,
    pub(crate) reader: fn(&StatementSpec, usize) -> Option<ReadForm>,
}

/// The reading of a text.
pub(crate) struct Reading<'t> {
    tree: &'t Tree<'t>,
    language: Language,
    params: Params,
    script: Script,
    extent: Extent,
}

impl<'t> Reading<'t> {
    /// Reads the text's parameters.
    pub(crate) fn new(
        tree: &'t Tree<'t>,
        language: Language,
        extent: Extent,
        options: &Options,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let params = Params::new(tree, options, diagnostics);
        let script = Script::of(tree, &params, diagnostics);
        Self { tree, language, params, script, extent }
    }

    /// What the reading of a statement has at hand.
    fn cx<'c>(&'c self, vm: &mut Vm, states: &'c States, diagnostics: &'c mut Vec<Diagnostic>) -> Cx<'c> {
        Cx {
            source: self.tree.source,
            table: self.language.table,
            target: vm.target,
            extent: self.extent,
            ids: mem::take(&mut vm.ids),
            flaws: Flaws::default(),
            shape_is_open: false,
            blanks: mem::take(&mut vm.blanks),
            rounds: &self.script.rounds,
            round: 0,
            states,
            params: &self.params,
            diagnostics,
        }
    }

    /// Reads the statement of an entry again, by its step; `states` being taken for what comes later. Gives what it says, and what is wrong
    /// with it.
    pub(crate) fn again(
        &self,
        vm: &mut Vm,
        number: usize,
        states: &States,
    ) -> (Option<Entry>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut cx = self.cx(vm, states, &mut diagnostics);
        let entry = self.script.steps.get(number).and_then(|step| {
            cx.enter(number, step.round);
            let read = self.tree.statements.get(step.statement)?;
            statement_of(read.keyword()?, read, number, self.language, &mut cx)
        });
        let Cx { ids, blanks, .. } = cx;
        vm.ids = ids;
        vm.blanks = blanks;
        (entry, diagnostics)
    }

    /// Reads the statements for the target: those that are printed, and behind them the copies.
    pub(crate) fn read(&self, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Vm {
        let Self { tree, params, script, extent, .. } = self;
        let asked = target::read(tree, params, options, diagnostics);
        let asked_target = Target::new(asked.arch, asked.version.unwrap_or(Version::NEWEST));
        let target = Target::new(asked.arch, asked_target.version.min(Version::NEWEST));
        let mut vm = Vm::new(target, *extent);
        vm.asked_target = asked_target;
        vm.target_is_open = asked.is_open;
        vm.names_version = asked.version.is_some();
        vm.has_expressions = options.open == Open::Holes;
        vm.arch = asked.span;
        vm.program.clone_from(&options.program);
        vm.rounds = script.rounds.clone();
        // Where others define what this text refers to, no generated id is in its way here.
        let referred = extent.is_partial().then(|| named(tree, params, script, false));
        vm.ids = Ids::new(named(tree, params, script, true), referred.unwrap_or_default());
        // What a part lacks others may have.
        vm.complete = *extent != Extent::Part;
        self.steps(&mut vm, &script.steps, diagnostics);
        vm.printed = vm.counts();
        // What is wrong with them was said of the first ones.
        self.steps(&mut vm, &script.copies, &mut Vec::new());
        self.never(&mut vm, diagnostics);
        vm.is_open = params.are_open() || !script.rounds.blocks().is_empty();
        vm
    }

    /// Reads statements into the VM.
    fn steps(&self, vm: &mut Vm, steps: &[Step], diagnostics: &mut Vec<Diagnostic>) {
        let states = States::default();
        let mut statements = mem::take(&mut vm.statements);
        let mut once = mem::take(&mut vm.once);
        statements.reserve(steps.len());
        let mut complete = vm.complete;
        let mut cx = self.cx(vm, &states, diagnostics);
        for (number, Step { statement: index, round }) in steps.iter().copied().enumerate() {
            let Some(statement) = self.tree.statements.get(index) else { continue };
            cx.flaws = Flaws::default();
            cx.enter(number, round);
            let entry = match &statement.head {
                Head::Keyword(keyword) => {
                    if keyword.spec.once && (self.extent != Extent::Devices || keyword.spec.pluggable) {
                        once.push(Once { keyword: keyword.spec.keyword, span: keyword.word.span, round });
                    }
                    if keyword.word.text == "target" {
                        // It was read before.
                        continue;
                    }
                    statement_of(keyword, statement, number, self.language, &mut cx)
                }
                // They were read before: they say something about the text, not about the VM.
                Head::Declaration(..) | Head::Block(_) | Head::Include(_) => continue,
                // It has been reported.
                Head::Reserved(_) => None,
                Head::CommandLine(line) => {
                    recover::command_line(*line, &mut cx);
                    None
                }
                Head::Orphan => {
                    if let Some(first) = statement.items.first() {
                        orphan(first, statement.broken, &mut cx);
                    }
                    None
                }
            };
            match entry {
                Some(entry) => {
                    if entry.flaws.any() {
                        complete = false;
                        cx.ids.lose(lost(statement));
                    }
                    statements.push(entry);
                }
                None => {
                    complete = false;
                    cx.ids.lose(lost(statement));
                }
            }
        }
        vm.complete = complete && !cx.shape_is_open;
        vm.shape_is_open |= cx.shape_is_open;
        vm.ids = cx.ids;
        vm.blanks = cx.blanks;
        vm.statements = statements;
        vm.once = once;
    }

    /// Reports what of blocks that are never there isn't the language's. The rest hangs on what never holds.
    fn never(&self, vm: &mut Vm, diagnostics: &mut Vec<Diagnostic>) {
        if self.script.never.is_empty() {
            return;
        }
        let (complete, shape_is_open) = (vm.complete, vm.shape_is_open);
        let (before, once) = (vm.counts(), vm.once.len());
        let mut found = Vec::new();
        self.steps(vm, &self.script.never, &mut found);
        vm.truncate(before);
        vm.once.truncate(once);
        let of_form = found.into_iter().filter(|diagnostic| diagnostic.code.is_of_form());
        let before = diagnostics.len();
        for diagnostic in of_form {
            let is_known =
                |known: &Diagnostic| known.code == diagnostic.code && known.span() == diagnostic.span();
            if !diagnostics.iter().any(is_known) {
                diagnostics.push(diagnostic);
            }
        }
        vm.complete = complete && before == diagnostics.len();
        vm.shape_is_open = shape_is_open;
    }
}

fn statement_of(
    keyword: &Keyword<'_>,
    statement: &Statement<'_>,
    step: usize,
    language: Language,
    cx: &mut Cx<'_>,
) -> Option<Entry> {
    let Keyword { word, spec, .. } = *keyword;
    let kind = match &keyword.kind {
        Some(kind) => match cx.resolve(kind)? {
            Resolved::Known { text, .. } => Some(Node::new(text.into_owned(), kind.span)),
            // What the statement is hangs on it.
            // It may have none: then it is as if it weren't written.
            Resolved::Absent => None,
            Resolved::Open(_) => {
                let refusal = cx.params.refuse_late(&format!("kind of `{}`", spec.keyword), kind.span);
                refusal.into_iter().for_each(|refusal| cx.report(refusal));
                cx.shape_is_open = true;
                return None;
            }
        },
        None => None,
    };
    if cx.extent == Extent::Part && OF_BASE.contains(&spec.keyword) {
        cx.report(
            Diagnostic::error(Code::OfBase, format!("`{}` is the base's to say", spec.keyword))
                .at(word.span)
                .help("let it stand in the VM to which this part is added: what other statements print hangs on it"),
        );
        return None;
    }
    if cx.extent == Extent::Devices
        && let Some(help) = not_pluggable(spec, kind.as_ref().map(|kind| kind.as_str()))
    {
        let what = kind.filter(|_| spec.pluggable);
        let span = what.as_ref().map_or(word.span, |kind| word.span.to(kind.span));
        let what = what.map_or(String::new(), |kind| format!(" {kind}"));
        cx.report(
            Diagnostic::error(
                Code::NotPluggable,
                format!("`{}{what}` can't be plugged into a guest that runs", spec.keyword),
            )
            .at(span)
            .help(help),
        );
        return None;
    }
    let form = spec.form(kind.as_ref().map(|kind| kind.as_str()));
    let Some((form, form_spec)) = form.and_then(|form| Some((form, spec.forms.get(form)?))) else {
        match &kind {
            Some(kind) => {
                let names: Vec<_> = spec.kinds().map(|kind| format!("`{}`", kind.name)).collect();
                // Another number is as near as any.
                let is_number = kind.bytes().all(|byte| byte.is_ascii_digit());
                // `mouse` for `usb-mouse`.
                let ending = format!("-{}", kind.as_str());
                let whole = || spec.kinds().find(|kind| kind.name.ends_with(&ending));
                let without = spec.form(None).and_then(|form| spec.forms.get(form));
                // `hda` for `model=hda`.
                let options = || spec.forms.iter().flat_map(FormSpec::options);
                let takes =
                    |option: &&OptionSpec| option.ty.choices.iter().any(|(word, _)| *word == kind.as_str());
                let near = || {
                    let names = without.into_iter().flat_map(FormSpec::names);
                    let names = spec.kinds().map(|kind| kind.name).chain(names);
                    let whole = whole().map(|whole| meant(whole.name, kind.span));
                    let of_option = || {
                        let name = options().find(takes)?.name;
                        Some(format!("behind a kind, write `{name}={}`", kind.as_str()).into())
                    };
                    whole.or_else(|| did_you_mean(kind, kind.span, names)).or_else(of_option)
                };
                let near = if is_number { None } else { near() };
                let help = near.unwrap_or_else(|| {
                    format!("the kinds of `{}` are {}", spec.keyword, names.join(", ")).into()
                });
                cx.report(
                    Diagnostic::error(Code::UnknownKind, format!("`{}` has no kind `{kind}`", spec.keyword))
                        .at(kind.span)
                        .help(help),
                );
            }
            None if statement.broken => {}
            None => {
                let names: Vec<_> = spec.kinds().map(|kind| format!("`{}`", kind.name)).collect();
                let help = match spec.forms.first().map(|form| &form.kinds) {
                    Some(Kinds::Any(what)) => format!("behind `{}` stands {what}", spec.keyword),
                    _ if matches!(
                        statement.items.first(),
                        Some(Item::Loose(Value { form: ValueForm::Hole(_), .. }))
                    ) =>
                    {
                        format!(
                            "a value that comes later can't be the kind, as the options hang on it: write one of {}",
                            names.join(", ")
                        )
                    }
                    _ => match hints::alone(spec.keyword) {
                        Some(line) => format!(
                            "write `{line}`, or behind `{}` one of {}",
                            spec.keyword,
                            names.join(", ")
                        ),
                        None => format!("behind `{}` stands one of {}", spec.keyword, names.join(", ")),
                    },
                };
                let help = hints::kinds(spec, word.span, statement.items.first(), cx.source)
                    .unwrap_or_else(|| help.into());
                cx.report(
                    Diagnostic::error(Code::MissingKind, format!("`{}` needs its kind", spec.keyword))
                        .at(word.span)
                        .help(help),
                );
            }
        }
        return None;
    };
    let mut head = word.span;
    if let Some(kind) = &kind {
        head = head.to(kind.span);
        let change = spec.kinds().find(|other| other.name == kind.value).and_then(|kind| kind.change);
        if let Some(change) = change {
            cx.version(change, None, kind.span);
        }
    }
    let mut args = Args::new(form_spec, keyword, kind, statement, cx);
    let values = (language.reader)(spec, form)?(&mut args, cx)?;
    let end = statement
        .items
        .last()
        .map(Item::span)
        .or_else(|| keyword.values.last().map(|value| value.span))
        .unwrap_or(head);
    // What is joined may stand in several files.
    let end = if statement.joined { head } else { end };
    let flaws = std::mem::take(&mut cx.flaws);
    Some(Entry { spec, form, values, step, round: cx.round, head, span: head.to(end), flaws })
}

/// Statements on which others hang that may be in other parts.
const OF_BASE: &[&str] = &["firmware", "machine", "memory", "name", "qemu"];

/// What to do about a statement that has no place among devices for a guest that runs.
fn not_pluggable(spec: &StatementSpec, kind: Option<&str>) -> Option<&'static str> {
    if !spec.pluggable {
        return Some("it is settled when QEMU starts: put it into the VM's text");
    }
    spec.forms.get(spec.form(kind)?)?.settled
}

/// Every id that the text gives to something, also by a parameter's value or in an `arg`, so that a generated one takes none of
/// them, and in which open blocks it does. Also what it refers to, unless it is only what it `gives`.
fn named(tree: &Tree<'_>, params: &Params, script: &Script, gives: bool) -> Taken {
    let mut named = Taken::new();
    for Step { statement, round } in &script.steps {
        let Some(statement) = tree.statements.get(*statement) else { continue };
        let scope = Scope { rounds: Some(&script.rounds), round: *round };
        let mut add = |id: String| {
            let block = script.rounds.block(*round);
            named.entry(id).and_modify(|blocks| blocks.add(block)).or_insert_with(|| Blocks::of(block));
        };
        let ids = ids_in(statement, gives);
        ids.filter_map(|value| params.peek(value, scope)).for_each(|id| add(id.into_owned()));
        for list in statement.keyword().map_or(&[][..], |keyword| &keyword.values) {
            let Some(list) = params.peek(list, scope) else { continue };
            let items = optlist::read(&list).filter(|(name, _)| matches!(name, Some("id" | "node-name")));
            items.for_each(|(_, id)| add(id.into_owned()));
        }
    }
    named
}

/// The ids that a statement names, where they are written out. `None` where they are inside of what can't be read.
fn lost<'t>(statement: &'t Statement<'_>) -> Option<impl Iterator<Item = String> + use<'t>> {
    let hides_ids = match &statement.head {
        Head::Keyword(keyword) if keyword.spec.section == Section::Args => true,
        Head::CommandLine(_) => true,
        // `-netdev user,id=n0`
        _ => statement.broken,
    };
    (!hides_ids).then(|| ids_in(statement, false).filter_map(Value::text).map(str::to_owned))
}

/// The values that are ids, of a statement that need not be understood: those that it gives, or all that its options know as ids.
fn ids_in<'t, 's>(statement: &'t Statement<'s>, gives: bool) -> impl Iterator<Item = &'t Value<'s>> {
    let forms = statement.keyword().map_or(&[][..], |keyword| keyword.spec.forms);
    let form = statement.keyword().and_then(|Keyword { spec, kind, .. }| {
        let kind = kind.as_ref().map(|kind| kind.text().unwrap_or_default());
        spec.forms.get(spec.form(kind)?)
    });
    let names = move |option: &str| match form.and_then(|form| form.option(option)) {
        _ if matches!(option, "id" | "node-name") => true,
        Some(own) if gives || option == "chassis" => own.defines,
        _ => {
            let is_id = |form: &FormSpec| form.option(option).is_some_and(|own| own.ty.name == "id");
            names_an_id(option) || forms.iter().any(is_id)
        }
    };
    let named = statement.items.iter().filter_map(move |item| match item {
        Item::Option { name, value: Some(value) } if names(name.text) => Some(value),
        _ => None,
    });
    let heads = statement.keyword().into_iter().flat_map(Keyword::heads);
    // `iothread io0`
    named.chain(heads.filter(|(head, _)| head.ty.name == "id").map(|(_, value)| value))
}

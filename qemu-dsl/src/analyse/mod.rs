//! From the syntax tree to a typed VM.
//!
//! Reads each statement by the table: its kind, its options, their types. Everything that is wrong is reported; a
//! statement with an error is left out of the VM, and what depends on it is not blamed.

pub(crate) mod args;
mod hints;
pub(crate) mod ids;
pub(crate) mod params;

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::changes::Change;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::lowering::Section;
use crate::node::Node;
use crate::spec::{Form, Kinds, Spec};
use crate::statement::pci::Placement;
use crate::suggest::did_you_mean;
use crate::syntax::{Item, Part, Statement, Tree, Value, ValueForm, Word};
use crate::{Options, Span, Version};

use args::{Args, Resolved, statement_like, unknown_statement};
use ids::Ids;
use params::Params;

/// What is wrong with a statement that could be read nevertheless.
#[derive(Debug, Default)]
pub(crate) struct Flaws {
    /// Options that have an error, or that something unknown was most likely meant as.
    pub(crate) options: Vec<&'static str>,
    /// Whether anything in it may be other than it was meant.
    pub(crate) all: bool,
}

impl Flaws {
    pub(crate) fn any(&self) -> bool {
        self.all || !self.options.is_empty()
    }
}

/// What the reading of a statement has at hand.
pub(crate) struct Cx<'a> {
    pub(crate) source: &'a str,
    pub(crate) target: Version,
    /// Whether these are devices for a guest that runs, not a VM.
    pub(crate) is_fragment: bool,
    pub(crate) ids: Ids,
    pub(crate) placements: Vec<Placement>,
    /// The number of the statement that is being read.
    pub(crate) statement: usize,
    /// What is wrong with it so far.
    pub(crate) flaws: Flaws,
    /// Whether a reserved word has just been reported: `for x in y` is one mistake.
    after_reserved: bool,
    params: &'a Params,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Cx<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The text of a value, its holes filled. `None` where an error has been reported.
    pub(crate) fn resolve<'v>(&mut self, value: &'v Value<'_>) -> Option<Resolved<'v>> {
        let resolved = match &value.form {
            ValueForm::Broken => return None,
            ValueForm::Bare(text) => Resolved { text: Cow::Borrowed(*text), declared: None },
            ValueForm::Quoted(parts) => match parts.as_slice() {
                [] => Resolved { text: Cow::Borrowed(""), declared: None },
                [Part::Text(text)] => Resolved { text: Cow::Borrowed(text), declared: None },
                _ => {
                    Resolved { text: Cow::Owned(self.params.join(parts, self.diagnostics)?), declared: None }
                }
            },
            ValueForm::Hole(hole) => {
                let filled = self.params.fill(*hole, self.diagnostics)?;
                Resolved { text: Cow::Owned(filled.value.to_owned()), declared: Some(filled.declared) }
            }
        };
        if resolved.text.contains('\0') {
            self.report(
                Diagnostic::error(Code::Inexpressible, "no argument of a program can contain a zero byte")
                    .at(value.span)
                    .help("leave it out"),
            );
            return None;
        }
        Some(resolved)
    }

    /// The source's own text.
    pub(crate) fn source_of(&self, span: Option<Span>) -> &str {
        span.and_then(|span| self.source.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Reports what the target makes of something that came or went. `value` is what it is set to.
    pub(crate) fn version(&mut self, change: &Change, value: Option<&str>, span: Span) {
        if let Some(diagnostic) = version_diagnostic(change, value, span, self.target) {
            self.report(diagnostic);
        }
    }
}

fn version_diagnostic(
    change: &Change,
    value: Option<&str>,
    span: Span,
    target: Version,
) -> Option<Diagnostic> {
    let what = change.what.trim_end_matches(',');
    let help = (!change.instead.is_empty()).then_some(change.instead);
    if let (Some(becomes), Some(deprecated)) = (change.becomes, change.deprecated)
        && deprecated <= target
    {
        return Some(
            Diagnostic::warning(Code::Deprecated, format!("{what} is deprecated since QEMU {deprecated}"))
                .at(span)
                .help(format!("the output says `{becomes}`: write that")),
        );
    }
    if let (true, Some(removed)) = (change.is_removed(target), change.removed) {
        return Some(if value.is_some() && value == change.default {
            Diagnostic::advice(Code::Removed, format!("{what} is left out: QEMU {removed} removed it"))
                .at(span)
                .help("it says what is the default there, and can be taken out of the text")
        } else {
            Diagnostic::error(
                Code::Removed,
                format!("QEMU {target} no longer has {what} (removed in {removed})"),
            )
            .at(span)
            .maybe_help(help)
        });
    }
    if let (true, Some(deprecated)) = (change.is_deprecated(target), change.deprecated) {
        return Some(
            Diagnostic::warning(Code::Deprecated, format!("{what} is deprecated since QEMU {deprecated}"))
                .at(span)
                .maybe_help(help),
        );
    }
    match change.since {
        Some(since) if since > target => Some(
            Diagnostic::error(Code::NotYet, format!("QEMU {target} has no {what} yet (since {since})"))
                .at(span)
                .help(format!("leave it out, or write `target {since}` or newer")),
        ),
        _ => None,
    }
}

/// A statement that was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) spec: &'static Spec,
    pub(crate) form: Box<dyn Form>,
    /// Its keyword and kind.
    pub(crate) head: Span,
    /// All of it.
    pub(crate) span: Span,
    pub(crate) flaws: Flaws,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.keyword)
    }
}

/// A typed VM.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) target: Version,
    /// Whether the options or the text say so.
    pub(crate) names_target: bool,
    /// Whether these are devices for a guest that runs: what they refer to may be there.
    pub(crate) is_fragment: bool,
    pub(crate) statements: Vec<Entry>,
    pub(crate) ids: Ids,
    pub(crate) placements: Vec<Placement>,
    /// Whether all statements could be read without an error: where not, what is missing may be among the errors.
    pub(crate) complete: bool,
    firsts: HashMap<TypeId, usize>,
}

impl Vm {
    /// The first statement of this form.
    pub(crate) fn entry<F: Form>(&self) -> Option<(&Entry, &F)> {
        let entry = self.statements.get(*self.firsts.get(&TypeId::of::<F>())?)?;
        Some((entry, downcast(&*entry.form)?))
    }

    /// The first statement of this form.
    pub(crate) fn get<F: Form>(&self) -> Option<&F> {
        self.entry().map(|(_, form)| form)
    }

    /// All statements of this form.
    pub(crate) fn all<F: Form>(&self) -> impl Iterator<Item = (&Entry, &F)> {
        self.statements.iter().filter_map(|entry| Some((entry, downcast(&*entry.form)?)))
    }
}

fn downcast<F: Form>(form: &dyn Form) -> Option<&F> {
    (form as &dyn std::any::Any).downcast_ref()
}

/// Reads the statements of `tree` for the target. Those of a fragment are devices for a guest that runs.
pub(crate) fn analyse(
    source: &str,
    tree: &Tree<'_>,
    is_fragment: bool,
    options: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vm {
    let params = Params::new(&tree.statements, options, diagnostics);
    let named_target = target(tree, &params, options, diagnostics);
    let target = named_target.unwrap_or(Version::NEWEST);
    let mut cx = Cx {
        source,
        target,
        is_fragment,
        ids: Ids::new(named(tree)),
        placements: Vec::new(),
        statement: 0,
        flaws: Flaws::default(),
        after_reserved: false,
        params: &params,
        diagnostics,
    };
    let mut vm = Vm {
        target,
        names_target: named_target.is_some(),
        is_fragment,
        statements: Vec::new(),
        ids: Ids::default(),
        placements: Vec::new(),
        complete: true,
        firsts: HashMap::new(),
    };
    // Where a statement that may stand once stands first.
    let mut once: HashMap<&str, Span> = HashMap::new();
    for statement in &tree.statements {
        cx.statement = vm.statements.len();
        cx.flaws = Flaws::default();
        let entry = match statement.keyword {
            Some(keyword) => {
                if let Some(spec) = crate::statement::find(keyword.text).filter(|spec| spec.once)
                    && let Some(first) = once.insert(spec.keyword, keyword.span)
                {
                    once.insert(spec.keyword, first);
                    cx.report(
                        Diagnostic::error(
                            Code::RepeatedStatement,
                            format!("`{}` stands twice", spec.keyword),
                        )
                        .label(keyword.span, "again here")
                        .label(first, "first here")
                        .help("a VM has one: leave out one of them, or join them"),
                    );
                }
                if is_directive(keyword.text) {
                    continue;
                }
                read(keyword, statement, &mut cx)
            }
            None => {
                if let Some(first) = statement.items.first() {
                    orphan(first, statement.broken, &mut cx);
                }
                None
            }
        };
        match entry {
            Some(entry) => {
                if entry.flaws.any() {
                    vm.complete = false;
                    cx.ids.lost.extend(ids_in(statement).map(str::to_owned));
                }
                vm.firsts.entry((*entry.form).type_id()).or_insert(vm.statements.len());
                vm.statements.push(entry);
            }
            None => {
                vm.complete = false;
                cx.ids.lost.extend(ids_in(statement).map(str::to_owned));
                cx.placements.retain(|placement| placement.statement != cx.statement);
            }
        }
    }
    vm.ids = cx.ids;
    vm.placements = cx.placements;
    vm
}

/// Statements that say something about the text, not about the VM: they were read before.
fn is_directive(keyword: &str) -> bool {
    matches!(keyword, "param" | "target")
}

fn read(keyword: Word<'_>, statement: &Statement<'_>, cx: &mut Cx<'_>) -> Option<Entry> {
    let Some(spec) = crate::statement::find(keyword.text) else {
        if std::mem::replace(&mut cx.after_reserved, true) {
            return None;
        }
        cx.report(
            Diagnostic::error(Code::ReservedWord, format!("`{}` is reserved for later", keyword.text))
                .at(keyword.span)
                .help(format!(
                    "the language has no `{}` yet; quote it if it is meant as a value",
                    keyword.text
                )),
        );
        return None;
    };
    cx.after_reserved = false;
    let begins_line = |word: &Word<'_>| crate::syntax::indentation(cx.source, word.span.start).is_some();
    // A kind may be spelt like a keyword, but not where the next statement most likely begins.
    let kind = statement.kind.filter(|kind| {
        let is_keyword = crate::statement::find(kind.text).is_some();
        let is_kind = spec.kinds().any(|other| other.name == kind.text);
        is_kind || !is_keyword || !begins_line(kind)
    });
    if cx.is_fragment
        && let Some(help) = not_pluggable(spec, kind.map_or("", |kind| kind.text))
    {
        let what = kind.filter(|_| spec.section == Section::Devices);
        let span = what.map_or(keyword.span, |kind| keyword.span.to(kind.span));
        let what = what.map_or(String::new(), |kind| format!(" {}", kind.text));
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
    let form = spec.form(kind.map(|kind| kind.text));
    let Some(form) = form else {
        match kind {
            Some(kind) => {
                let names: Vec<_> = spec.kinds().map(|kind| format!("`{}`", kind.name)).collect();
                let help = did_you_mean(kind.text, spec.kinds().map(|kind| kind.name))
                    .unwrap_or_else(|| format!("the kinds of `{}` are {}", spec.keyword, names.join(", ")));
                cx.report(
                    Diagnostic::error(
                        Code::UnknownKind,
                        format!("`{}` has no kind `{}`", spec.keyword, kind.text),
                    )
                    .at(kind.span)
                    .help(help),
                );
            }
            None if statement.broken => {}
            None => {
                let names: Vec<_> = spec.kinds().map(|kind| format!("`{}`", kind.name)).collect();
                let help = match spec.forms.first().map(|form| &form.spec.kinds) {
                    Some(Kinds::Any(what)) => format!("behind `{}` stands {what}", spec.keyword),
                    _ => format!("behind `{}` stands one of {}", spec.keyword, names.join(", ")),
                };
                cx.report(
                    Diagnostic::error(Code::MissingKind, format!("`{}` needs its kind", spec.keyword))
                        .at(keyword.span)
                        .help(help),
                );
            }
        }
        return None;
    };
    let mut what = format!("`{}`", spec.keyword);
    let mut head = keyword.span;
    if let Some(kind) = kind {
        what = format!("`{} {}`", spec.keyword, kind.text);
        head = head.to(kind.span);
        let change = spec.kinds().find(|other| other.name == kind.text).and_then(|kind| kind.change);
        if let Some(change) = change {
            cx.version(change, None, kind.span);
        }
    }
    let mut args = Args::new(form.spec, what, keyword, statement, cx);
    let form = (form.read)(&mut args, cx)?;
    form.register(cx);
    let end = statement
        .items
        .last()
        .map(Item::span)
        .or_else(|| statement.heads.last().map(|value| value.span))
        .unwrap_or(head);
    let flaws = std::mem::take(&mut cx.flaws);
    Some(Entry { spec, form, head, span: head.to(end), flaws })
}

/// What to do about a statement that has no place among devices for a guest that runs.
fn not_pluggable(spec: &Spec, kind: &str) -> Option<&'static str> {
    match (spec.keyword, kind) {
        ("fs", _) => Some(
            "QEMU takes `fs` at its start only: put it into the VM's text, or use virtiofs \
             (`chardev socket` and `device vhost-user-fs-pci`)",
        ),
        ("netdev", "none") => Some("leave it out: nothing is plugged without being named"),
        _ if spec.section == Section::Devices => None,
        _ => Some("it is settled when QEMU starts: put it into the VM's text"),
    }
}

/// Reports words that no keyword precedes, by the first of them. `broken` says that something else has been reported.
fn orphan(item: &Item<'_>, broken: bool, cx: &mut Cx<'_>) {
    match item {
        Item::Flag(name) => cx.report(unknown_statement(*name, None, [].into_iter())),
        Item::Option { name, value } => {
            let value = cx.source_of(value.as_ref().map(|value| value.span)).to_owned();
            cx.report(unknown_statement(*name, Some(('=', &value)), [].into_iter()));
        }
        Item::Loose(Value { form: ValueForm::Broken, .. }) => {}
        // `memory: 2G`
        Item::Loose(Value { form: ValueForm::Bare(text), span })
            if text.split_once(':').is_some_and(|(word, _)| statement_like(word)) =>
        {
            let (word, value) = text.split_once(':').unwrap_or((text, ""));
            // The value stands behind it, or in the rest of the line.
            let line = cx.source.get(span.end as usize..).unwrap_or("").lines().next().unwrap_or("");
            let value = if value.is_empty() { line.trim() } else { value }.to_owned();
            let name = Word { text: word, span: Span::new(span.start, span.start + word.len() as u32) };
            cx.report(unknown_statement(name, Some((':', &value)), [].into_iter()));
        }
        // A misspelt keyword of odd characters (`net:dev`), or a value that lost its statement.
        Item::Loose(_) | Item::Feature { .. } if broken => {}
        Item::Loose(Value { form: ValueForm::Bare(text), .. }) if text.starts_with('#') => cx.report(
            Diagnostic::error(Code::UnexpectedText, "`#` begins no comment")
                .at(item.span())
                .help(hints::COMMENT),
        ),
        Item::Feature { name, .. } => cx.report(
            Diagnostic::error(Code::UnknownStatement, "a statement begins with its keyword")
                .at(item.span())
                .help(match crate::statement::find(name.text) {
                    Some(spec) => hints::write(spec.keyword),
                    None => hints::alias(name.text).unwrap_or_else(|| {
                        format!("QEMU's own arguments are passed on: `arg \"-{}\"`", name.text)
                    }),
                }),
        ),
        Item::Loose(_) => cx.report(
            Diagnostic::error(Code::UnknownStatement, "a statement begins with its keyword")
                .at(item.span())
                .help("write a keyword, such as `disk` or `netdev`, before it"),
        ),
    }
}

/// Reports what follows a misspelt statement, which began at `first` and owns everything up to the next keyword, but the
/// lines that are misspelt statements of their own.
fn orphans(items: &[Item<'_>], first: u32, cx: &mut Cx<'_>) {
    for item in items {
        let name = match item {
            Item::Option { name, .. } => name.text,
            // What has no name is no option of the misspelt one.
            _ => "",
        };
        if crate::syntax::begins_anew(cx.source, item.span().start, first)
            && (name.is_empty() || statement_like(name))
        {
            orphan(item, false, cx);
        }
    }
}

/// The QEMU that the output is for, where the options or the text say so.
fn target(
    tree: &Tree<'_>,
    params: &Params,
    options: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Version> {
    let mut found: Option<Node<Version>> = None;
    for statement in &tree.statements {
        let Some(keyword) = statement.keyword.filter(|keyword| keyword.text == "target") else {
            continue;
        };
        for item in &statement.items {
            diagnostics.push(
                Diagnostic::error(Code::UnknownOption, "`target` has no options")
                    .at(item.span())
                    .help("write `target 7.2`"),
            );
        }
        let Some(value) = statement.heads.first() else {
            if !statement.broken && statement.items.is_empty() {
                diagnostics.push(
                    Diagnostic::error(Code::MissingValue, "`target` needs its version")
                        .at(keyword.span)
                        .help("write `target 7.2`"),
                );
            }
            continue;
        };
        let text = match &value.form {
            ValueForm::Bare(text) => Some((*text).to_owned()),
            ValueForm::Broken => None,
            ValueForm::Hole(hole) => params.fill(*hole, diagnostics).map(|filled| filled.value.to_owned()),
            ValueForm::Quoted(parts) => params.join(parts, diagnostics),
        };
        let Some(text) = text else { continue };
        match text.parse::<Version>() {
            Ok(version) if version < Version::OLDEST => diagnostics.push(
                Diagnostic::error(Code::UnknownTarget, format!("QEMU {version} is too old"))
                    .at(value.span)
                    .help(format!("output can be made for {} and newer", Version::OLDEST)),
            ),
            Ok(version) => found = found.or(Some(Node::new(version, value.span))),
            Err(()) => {
                let known: Vec<_> = Version::KNOWN.iter().map(ToString::to_string).collect();
                let help = if text == "host" {
                    "`host` asks the installed QEMU, which only the command line can do: `--target host`"
                        .to_owned()
                } else {
                    format!("write a version, such as {}", known.join(", "))
                };
                diagnostics.push(
                    Diagnostic::error(Code::UnknownTarget, format!("`{text}` is not a version of QEMU"))
                        .at(value.span)
                        .help(help),
                );
            }
        }
    }
    let (version, span) = match (options.target, &found) {
        (Some(version), _) => (version, None),
        (None, Some(found)) => (found.value, Some(found.span)),
        (None, None) => return None,
    };
    if version > Version::NEWEST {
        let warning = Diagnostic::warning(
            Code::FutureTarget,
            format!("QEMU {version} is newer than this compiler: the output is for {}", Version::NEWEST),
        )
        .help("look for a newer release of this compiler");
        diagnostics.push(match span {
            Some(span) => warning.at(span),
            None => warning,
        });
    }
    Some(version.clamp(Version::OLDEST, Version::NEWEST))
}

/// Every id that the text names, so that a generated one takes none of them.
fn named(tree: &Tree<'_>) -> HashSet<String> {
    tree.statements.iter().flat_map(ids_in).map(str::to_owned).collect()
}

fn ids_in<'t>(statement: &'t Statement<'_>) -> impl Iterator<Item = &'t str> {
    statement.items.iter().filter_map(|item| match item {
        Item::Option { name, value: Some(value) }
            if matches!(name.text, "id" | "chardev" | "memdev" | "node-name") =>
        {
            match &value.form {
                ValueForm::Bare(text) => Some(*text),
                ValueForm::Quoted(parts) => match parts.as_slice() {
                    [Part::Text(text)] => Some(text),
                    _ => None,
                },
                ValueForm::Hole(_) | ValueForm::Broken => None,
            }
        }
        _ => None,
    })
}

//! A file's parameters: `param disk: path = "root.qcow2"`, and the values they are given.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use super::options::{Open, Options};
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help, Remedy};
use crate::model::{Bound, OpenPart, Rounds};
use crate::source::{quoted, spell};
use crate::suggest::{Suggestions, did_you_mean};
use crate::syntax::{Condition, Head, Parameter, Part, Statement, Tree, Value, ValueForm, Word};
use crate::value::{
    AnyText, HostPci, MacText, OnOff, Path, PciAddr, Refusal, Size, UInt, Uuid, ValueType as _,
};

/// The types a parameter can have, and what reads a value of each.
type Parse = fn(&str) -> Result<(), Refusal>;

pub(crate) const TYPES: &[(&str, &str, Parse)] = &[
    ("path", "a file's path", |text| Path::parse(text).map(drop)),
    ("string", "any text", |text| AnyText::parse(text).map(drop)),
    ("int", "a whole number", |text| UInt::<0, { u64::MAX }>::parse(text).map(drop)),
    ("size", "a number of bytes, such as `2G`", |text| Size::parse(text).map(drop)),
    ("bool", "`on` or `off`", |text| OnOff::parse(text).map(drop)),
    ("mac", "a MAC address", |text| MacText::parse(text).map(drop)),
    ("pci", "a PCI address, of the guest (`1f.2`) or of the host (`02:10.0`)", |text| {
        HostPci::parse(text).map(drop).or_else(|_| PciAddr::parse(text).map(drop))
    }),
    ("uuid", "a UUID", |text| Uuid::parse(text).map(drop)),
];

/// A parameter that was declared.
#[derive(Debug)]
struct Declared {
    span: Span,
    /// Of which type it is.
    kind: &'static str,
    form: Count,
    value: Given,
}

/// How many values a parameter can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One: `path`.
    One,
    /// One or none: `path?`.
    Maybe,
    /// Any number: `list of path`.
    List,
}

/// A parameter that a text declares.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// The type of a value: `path`.
    pub kind: &'static str,
    /// How many values it can have.
    pub count: Count,
    /// The value that it has where none is given, if there is one and it is known. A list may have several.
    pub defaults: Vec<String>,
    /// What the lines `/// ...` before it say.
    pub doc: String,
    /// Where its name stands.
    pub span: Span,
}

/// Its name, its type, and its default.
impl fmt::Display for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, count, defaults, .. } = self;
        let (before, behind) = match count {
            Count::One => ("", ""),
            Count::Maybe => ("", "?"),
            Count::List => ("list of ", ""),
        };
        write!(f, "{name}: {before}{kind}{behind}")?;
        match defaults.as_slice() {
            [] => Ok(()),
            [default] => write!(f, " = {}", spell(default)),
            defaults => {
                f.write_str(" =")?;
                defaults.iter().try_for_each(|default| write!(f, " {}", quoted(default)))
            }
        }
    }
}

/// The value of a parameter.
#[derive(Debug)]
enum Given {
    /// It has been refused.
    Refused,
    /// There is none.
    Unset,
    /// There is none yet.
    Later,
    /// There is none, and need be none.
    Absent,
    One(Text<'static>),
    Many(Vec<String>),
}

/// Where a hole stands: in a round, where loops have variables.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scope<'r> {
    /// Without any it is the whole text.
    pub(crate) rounds: Option<&'r Rounds>,
    pub(crate) round: u32,
}

impl<'r> Scope<'r> {
    fn variable(self, name: &str) -> Option<Bound<'r>> {
        self.rounds?.variable(self.round, name)
    }

    fn is_never(self) -> bool {
        self.rounds.is_some_and(|rounds| rounds.is_never(self.round))
    }
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Known(bool),
    /// It is told by a value that comes later.
    Later,
    /// It is wrong, which has been reported.
    Wrong,
}

/// What a loop goes through.
pub(super) enum List {
    Known(Vec<String>),
    Later,
    /// It is wrong, which has been reported.
    Wrong,
}

/// The parameters of a text, with their values.
#[derive(Debug, Default)]
pub(crate) struct Params {
    declared: HashMap<String, Declared>,
    open: Open,
    /// Where the text itself ends, behind which are the files that it includes.
    own_end: u32,
    /// Whether a value is used that comes later.
    is_open: Cell<bool>,
    suggestions: Suggestions,
}

/// A text with its holes filled, as far as they can be.
#[derive(Clone, Debug)]
pub(crate) enum Text<'t> {
    Known(Cow<'t, str>),
    /// A value in it comes later.
    Open(Vec<OpenPart>),
}

impl<'t> Text<'t> {
    /// The text, where it is known.
    pub(crate) fn known(self) -> Option<Cow<'t, str>> {
        match self {
            Self::Known(text) => Some(text),
            Self::Open(_) => None,
        }
    }

    fn into_owned(self) -> Text<'static> {
        match self {
            Self::Known(text) => Text::Known(text.into_owned().into()),
            Self::Open(parts) => Text::Open(parts),
        }
    }
}

/// What a hole stands for.
pub(crate) enum Fill<'p> {
    Known(Filled<'p>),
    /// There is no value, and need be none.
    Absent,
    Open(Vec<OpenPart>),
}

/// A hole that is filled.
pub(crate) struct Filled<'p> {
    /// The parameter's name.
    pub(crate) name: String,
    /// Where the hole stands.
    pub(crate) at: Span,
    pub(crate) value: &'p str,
    /// Where the parameter is declared.
    pub(crate) declared: Span,
}

impl Params {
    /// Reads the declarations, and the values that `options` give.
    pub(crate) fn new(tree: &Tree<'_>, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut params = Self { open: options.open, own_end: tree.end, ..Self::default() };
        for statement in &tree.statements {
            let Head::Declaration(keyword, parameter) = &statement.head else { continue };
            if statement.block.is_some() {
                diagnostics.push(outside("param", keyword.span));
                continue;
            }
            if params.is_rust(keyword.span) {
                diagnostics.push(
                    Diagnostic::error(
                        Code::UnexpectedText,
                        "`param` has no place here: a hole takes the program's values",
                    )
                    .at(keyword.span)
                    .help(
                        "give the value a name by a `let` in the program, and write that name into the hole",
                    ),
                );
                continue;
            }
            if let Some(item) = statement.items.first().filter(|_| !statement.broken) {
                diagnostics.push(
                    Diagnostic::error(Code::UnexpectedText, "nothing can follow a parameter's declaration")
                        .at(item.span())
                        .help("write `param NAME: TYPE = DEFAULT`; a default with spaces is quoted, and so are several of a list"),
                );
            }
            match parameter {
                Some(parameter) => params.declare(parameter, options, statement.broken, diagnostics),
                None if statement.broken => {}
                None => diagnostics.push(
                    Diagnostic::error(Code::MissingValue, "`param` without a name")
                        .at(keyword.span)
                        .help("write `param disk: path = \"root.qcow2\"`"),
                ),
            }
        }
        for (name, _) in &options.params {
            if !params.declared.contains_key(name) {
                let names = params.declared.keys().map(String::as_str);
                let help = params
                    .suggestions
                    .nearest(name, names)
                    .map_or_else(|| params.declares().into(), |name| Help::DidYouMean(name.to_owned()));
                diagnostics.push(
                    Diagnostic::error(
                        Code::UnknownParameter,
                        format!("a value is set for `{name}`, which the text does not declare"),
                    )
                    .help(help),
                );
            }
        }
        params
    }

    fn declare(
        &mut self,
        parameter: &Parameter<'_>,
        options: &Options,
        broken: bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let name = parameter.name;
        if let Some(first) = self.declared.get(name.text) {
            diagnostics.push(
                Diagnostic::error(
                    Code::RepeatedParameter,
                    format!("the parameter `{}` is declared twice", name.text),
                )
                .label(name.span, "again here")
                .label(first.span, "first here")
                .help("give one of them another name"),
            );
            return;
        }
        let mut refused = false;
        if !is_identifier(name.text) {
            diagnostics.push(
                Diagnostic::error(
                    Code::WrongType,
                    format!("`{}` can't be the name of a parameter", name.text),
                )
                .at(name.span)
                .help("a parameter's name consists of letters, digits and `_`, and begins with no digit"),
            );
        }
        let form = match (&parameter.list, parameter.kind) {
            (Some(_), _) => Count::List,
            (None, Some(kind)) if kind.text.ends_with('?') => Count::Maybe,
            (None, _) => Count::One,
        };
        let kind = parameter.kind.and_then(|kind| type_of(kind, form, diagnostics));
        if parameter.kind.is_none() && !broken {
            diagnostics.push(
                Diagnostic::error(Code::ParameterType, format!("the parameter `{}` has no type", name.text))
                    .at(name.span)
                    .help(format!("write `param {}: path`, or another type", name.text)),
            );
        }
        let set =
            || options.params.iter().filter(|(set, _)| set == name.text).map(|(_, value)| value.clone());
        let is_late = options.late.iter().any(|late| late == name.text);
        let is_set = set().next().is_some();
        let default_at = parameter.defaults.first().map(|default| default.span);
        let value = match (parameter.defaults.as_slice(), set().next_back()) {
            (_, Some(_)) if form == Count::List => Given::Many(set().collect()),
            (_, Some(value)) => Given::One(Text::Known(value.into())),
            _ if is_late => Given::Later,
            ([], None) => match (form, self.open) {
                (_, Open::Checked | Open::Parameters) => Given::Later,
                (Count::One, _) => Given::Unset,
                (Count::Maybe, _) => Given::Absent,
                (Count::List, _) => Given::Many(Vec::new()),
            },
            (defaults, None) if form == Count::List => {
                let texts = defaults.iter().map(|default| {
                    Some(self.literal(default, Scope::default(), diagnostics)?.known()?.into_owned())
                });
                texts.collect::<Option<_>>().map_or(Given::Refused, Given::Many)
            }
            ([default, ..], None) => match self.literal(default, Scope::default(), diagnostics) {
                Some(text) => Given::One(text.into_owned()),
                None => Given::Refused,
            },
        };
        let at = default_at.filter(|_| !is_set).unwrap_or(name.span);
        // Where a declaration is wrong, its holes are not to blame.
        refused |= kind.is_none();
        if let Some((kind, expects, parse)) = kind {
            let values = match &value {
                Given::One(Text::Known(value)) => {
                    std::slice::from_ref(value).iter().map(|value| &**value).collect()
                }
                Given::Many(values) => values.iter().map(String::as_str).collect(),
                _ => Vec::new(),
            };
            for value in values {
                let Err(refusal) = parse(value) else { continue };
                refused = true;
                let message = if is_set {
                    format!("`{value}`, the value set for `{}`, is not {expects}", name.text)
                } else {
                    format!("`{value}` is not {expects}")
                };
                diagnostics.push(
                    Diagnostic::error(Code::ParameterType, message)
                        .label(at, format!("of type `{kind}`"))
                        .help(refusal.help.unwrap_or_else(|| format!("write {expects}"))),
                );
            }
        }
        let kind = kind.map_or("", |(kind, ..)| kind);
        let value = if refused { Given::Refused } else { value };
        self.declared.insert(name.text.to_owned(), Declared { span: name.span, kind, form, value });
    }

    /// The text of a value, its holes filled: a default may use the parameters declared before it. Nothing where an error has
    /// been reported.
    pub(crate) fn literal<'v>(
        &'v self,
        value: &'v Value<'_>,
        scope: Scope<'v>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Text<'v>> {
        Some(match &value.form {
            ValueForm::Bare(text) => Text::Known(Cow::Borrowed(text)),
            ValueForm::Text(text) => Text::Known(Cow::Borrowed(text)),
            ValueForm::Parts(parts) => self.join(parts, scope, diagnostics)?,
            ValueForm::Hole(hole) => match self.fill(*hole, scope, diagnostics)? {
                Fill::Known(filled) => Text::Known(filled.value.into()),
                Fill::Open(parts) => Text::Open(parts),
                Fill::Absent => {
                    diagnostics.push(self.absent(*hole));
                    return None;
                }
            },
            ValueForm::Broken => return None,
        })
    }

    /// The text of a string, its holes filled, as of [`Self::literal`].
    pub(crate) fn join(
        &self,
        parts: &[Part<'_>],
        scope: Scope<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Text<'static>> {
        let mut joined = vec![OpenPart::Text(String::new())];
        let mut is_right = true;
        for part in parts {
            match part {
                Part::Text(text) => append(&mut joined, text),
                Part::Hole(hole) => match self.fill(*hole, scope, diagnostics) {
                    Some(Fill::Known(filled)) => append(&mut joined, filled.value),
                    Some(Fill::Absent) => {
                        diagnostics.push(self.absent(*hole));
                        is_right = false;
                    }
                    Some(Fill::Open(parts)) => {
                        for part in parts {
                            match part {
                                OpenPart::Text(text) => append(&mut joined, &text),
                                hole @ OpenPart::Hole { .. } => joined.push(hole),
                            }
                        }
                    }
                    None => is_right = false,
                },
            }
        }
        is_right.then(|| match joined.as_mut_slice() {
            [OpenPart::Text(text)] => Text::Known(std::mem::take(text).into()),
            _ => {
                joined.retain(|part| !matches!(part, OpenPart::Text(text) if text.is_empty()));
                Text::Open(joined)
            }
        })
    }

    /// The text of a value, as far as it can be told without a word about what is wrong with it.
    pub(crate) fn peek<'v>(&'v self, value: &'v Value<'_>, scope: Scope<'v>) -> Option<Cow<'v, str>> {
        self.literal(value, scope, &mut Vec::new())?.known()
    }

    /// What a hole stands for. Nothing where an error has been reported.
    pub(crate) fn fill<'p>(
        &'p self,
        hole: Word<'_>,
        scope: Scope<'p>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Fill<'p>> {
        let name = hole.text;
        let open = |optional: bool| {
            // What never is there doesn't come.
            if !scope.is_never() {
                self.is_open.set(true);
            }
            Some(Fill::Open(vec![OpenPart::Hole { name: hole.text.to_owned(), span: hole.span, optional }]))
        };
        if self.is_rust(hole.span) {
            return open(false);
        }
        match scope.variable(name) {
            Some(Bound::Known(value, declared)) => {
                return Some(Fill::Known(Filled { name: name.to_owned(), at: hole.span, value, declared }));
            }
            // What a program's loop goes through isn't seen in a file that it includes.
            Some(Bound::Later(variable)) if !self.is_rust(variable) => return open(false),
            Some(Bound::Later(_)) | None => {}
        }
        let declared = self.find(hole, "string", diagnostics)?;
        match &declared.value {
            Given::Refused => None,
            Given::Later | Given::Many(_) if declared.form == Count::List => {
                diagnostics.push(
                    Diagnostic::error(
                        Code::ParameterType,
                        format!("`{name}` is a list, and here stands one value"),
                    )
                    .label(hole.span, "used here")
                    .label(declared.span, "a list")
                    .help(format!("go through it: `for x in {{{name}}} {{ ... }}`, and use `{{x}}`")),
                );
                None
            }
            // What never is there needs no value.
            Given::Unset | Given::Later | Given::Absent if scope.is_never() => open(false),
            Given::Unset => {
                diagnostics.push(unset(hole, declared));
                None
            }
            Given::Later => open(declared.form == Count::Maybe),
            Given::Absent => Some(Fill::Absent),
            Given::One(Text::Open(parts)) => {
                if !scope.is_never() {
                    self.is_open.set(true);
                }
                Some(Fill::Open(parts.clone()))
            }
            Given::One(Text::Known(value)) => {
                let name = name.to_owned();
                Some(Fill::Known(Filled { name, at: hole.span, value, declared: declared.span }))
            }
            Given::Many(_) => None,
        }
    }

    /// The parameter that a hole names. Nothing where an error has been reported.
    fn find(&self, hole: Word<'_>, kind: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<&Declared> {
        let name = hole.text;
        let declared = self.declared.get(name);
        if declared.is_none() {
            let names = self.declared.keys().map(String::as_str);
            let help = self.suggestions.did_you_mean(name, hole.span, names).unwrap_or_else(|| {
                if is_identifier(name) {
                    format!("declare it: `param {name}: {kind}`").into()
                } else {
                    format!("a hole names a parameter, and `{name}` can't be the name of one").into()
                }
            });
            diagnostics.push(
                Diagnostic::error(Code::UnknownParameter, format!("unknown parameter `{name}`"))
                    .at(hole.span)
                    .help(help),
            );
        }
        declared
    }

    /// Whether a condition asks whether something is on, not whether it is there.
    pub(super) fn is_flag(&self, condition: &Condition<'_>) -> bool {
        self.declared.get(condition.name.text).is_none_or(|declared| declared.kind == "bool")
    }

    /// What a condition comes to.
    pub(super) fn truth(
        &self,
        condition: &Condition<'_>,
        scope: Scope<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Truth {
        if self.is_rust(condition.span) {
            return Truth::Later;
        }
        let of = |holds: bool| Truth::Known(holds != condition.negated);
        let hole = condition.name;
        match scope.variable(hole.text) {
            Some(Bound::Known(value, _)) => {
                return match OnOff::parse(value) {
                    Ok(is_on) => of(is_on.0),
                    Err(_) => {
                        diagnostics.push(
                            Diagnostic::error(
                                Code::ParameterType,
                                format!("`{}` is `{value}` here, which is neither `on` nor `off`", hole.text),
                            )
                            .at(hole.span)
                            .help("a condition is a `bool`"),
                        );
                        Truth::Wrong
                    }
                };
            }
            Some(Bound::Later(variable)) if !self.is_rust(variable) => return Truth::Later,
            Some(Bound::Later(_)) | None => {}
        }
        let Some(declared) = self.find(hole, "bool", diagnostics) else { return Truth::Wrong };
        if declared.form == Count::One && declared.kind != "bool" && !matches!(declared.value, Given::Refused)
        {
            let kind = declared.kind;
            diagnostics.push(
                Diagnostic::error(
                    Code::ParameterType,
                    format!("`{}` is of type `{kind}`, and always there", hole.text),
                )
                .label(hole.span, "a condition")
                .label(declared.span, "declared here")
                .help(format!("let it be a `bool`, or `{kind}?`, which may be absent")),
            );
            return Truth::Wrong;
        }
        match &declared.value {
            Given::Refused => Truth::Wrong,
            Given::Unset | Given::Later if scope.is_never() => Truth::Wrong,
            Given::Unset => {
                diagnostics.push(unset(hole, declared));
                Truth::Wrong
            }
            Given::Later | Given::One(Text::Open(_)) => Truth::Later,
            Given::Absent => of(false),
            Given::One(Text::Known(value)) if declared.kind == "bool" => {
                of(OnOff::parse(value).is_ok_and(|is_on| is_on.0))
            }
            Given::One(Text::Known(_)) => of(true),
            Given::Many(values) => of(!values.is_empty()),
        }
    }

    /// What a loop goes through.
    pub(super) fn list(
        &self,
        condition: &Condition<'_>,
        scope: Scope<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> List {
        if self.is_rust(condition.span) {
            return List::Later;
        }
        let hole = condition.name;
        let no_list = |kind: &str, span: Span| {
            Diagnostic::error(Code::ParameterType, format!("`{}` is no list", hole.text))
                .label(hole.span, "a loop goes through a list")
                .label(span, "declared here")
                .help(format!("declare it so: `param {}: list of {kind}`", hole.text))
        };
        match scope.variable(hole.text) {
            Some(Bound::Known(_, span)) => {
                diagnostics.push(no_list("path", span));
                return List::Wrong;
            }
            Some(Bound::Later(variable)) if !self.is_rust(variable) => {
                diagnostics.push(no_list("path", variable));
                return List::Wrong;
            }
            Some(Bound::Later(_)) | None => {}
        }
        let Some(declared) = self.find(hole, "list of path", diagnostics) else { return List::Wrong };
        match &declared.value {
            Given::Refused => List::Wrong,
            _ if declared.form != Count::List => {
                diagnostics.push(no_list(declared.kind, declared.span));
                List::Wrong
            }
            Given::Many(values) => List::Known(values.clone()),
            Given::Unset | Given::Later | Given::Absent | Given::One(_) => List::Later,
        }
    }

    /// Whether there is no value, and need be none.
    pub(super) fn is_absent(&self, value: &Value<'_>, scope: Scope<'_>) -> bool {
        let ValueForm::Hole(hole) = value.form else { return false };
        matches!(self.fill(hole, scope, &mut Vec::new()), Some(Fill::Absent))
    }

    /// What a text declares, in its order, as far as it is right.
    pub(super) fn declarations(&self, tree: &Tree<'_>) -> Vec<Declaration> {
        let of = |statement: &Statement<'_>| {
            let Head::Declaration(keyword, Some(parameter)) = &statement.head else { return None };
            let Declared { span, kind, form, .. } = self.declared.get(parameter.name.text)?;
            Some(Declaration {
                name: parameter.name.text.to_owned(),
                kind,
                count: *form,
                defaults: parameter
                    .defaults
                    .iter()
                    .filter_map(|value| Some(self.peek(value, Scope::default())?.into_owned()))
                    .collect(),
                doc: doc(tree.source, keyword.span.start),
                span: *span,
            })
        };
        tree.statements.iter().filter_map(of).collect()
    }

    /// That there is no value where one must be.
    fn absent(&self, hole: Word<'_>) -> Diagnostic {
        let name = hole.text;
        let diagnostic =
            Diagnostic::error(Code::UnsetParameter, format!("the parameter `{name}` has no value"))
                .label(hole.span, "needed here");
        let diagnostic = match self.declared.get(name) {
            Some(declared) => diagnostic.label(declared.span, "it may have none"),
            None => diagnostic,
        };
        diagnostic.help(format!("put what needs it into `if {{{name}}} {{ ... }}`"))
    }

    /// That a value can't come later on which hangs what is printed elsewhere, where a template is wanted.
    pub(crate) fn refuse_late(&self, what: &str, span: Span) -> Option<Diagnostic> {
        let refusal = Diagnostic::error(Code::LateValue, format!("the {what} can't come later"))
            .at(span)
            .help("write it out: what else is printed hangs on it");
        self.open.is_template().then_some(refusal)
    }

    /// Whether what stands here is an expression of a program. Files that a program's text includes have parameters, as others
    /// do.
    pub(crate) fn is_rust(&self, span: Span) -> bool {
        self.open == Open::Holes && span.start <= self.own_end
    }

    /// Whether a parameter that is used comes later.
    pub(crate) fn are_open(&self) -> bool {
        self.is_open.get()
    }

    fn declares(&self) -> String {
        if self.declared.is_empty() {
            return "the text declares no parameters: declare one by `param name: type`".into();
        }
        let mut names: Vec<_> = self.declared.keys().map(|name| format!("`{name}`")).collect();
        names.sort();
        format!("the text declares {}", names.join(", "))
    }
}

/// The type of a parameter.
fn type_of(
    kind: Word<'_>,
    form: Count,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'static (&'static str, &'static str, Parse)> {
    let name = kind.text.strip_suffix('?').unwrap_or(kind.text);
    if form == Count::List && kind.text.ends_with('?') {
        diagnostics.push(
            Diagnostic::error(Code::ParameterType, "each value of a list is there").at(kind.span).help(
                Remedy::new("leave the `?` out: a list without a value is empty").replace(kind.span, name),
            ),
        );
        return None;
    }
    let found = TYPES.iter().find(|(own, ..)| *own == name);
    if found.is_none() {
        let names: Vec<_> = TYPES.iter().map(|(name, ..)| format!("`{name}`")).collect();
        let help: Remedy = if name == "list" {
            "say of what: `list of path`".into()
        } else {
            did_you_mean(name, kind.span, TYPES.iter().map(|(name, ..)| *name))
                .unwrap_or_else(|| format!("the types are {}", names.join(", ")).into())
        };
        diagnostics.push(
            Diagnostic::error(Code::ParameterType, format!("unknown type `{name}`")).at(kind.span).help(help),
        );
    }
    found
}

/// That a parameter is used which has no value.
fn unset(hole: Word<'_>, declared: &Declared) -> Diagnostic {
    let name = hole.text;
    Diagnostic::error(Code::UnsetParameter, format!("the parameter `{name}` has no value"))
        .label(hole.span, "used here")
        .label(declared.span, "declared without a default")
        .help(Help::SetParameter { name: name.to_owned() })
}

/// That a statement can't stand in a block.
pub(super) fn outside(keyword: &str, at: Span) -> Diagnostic {
    Diagnostic::error(Code::BadBlock, format!("`{keyword}` stands outside of blocks"))
        .at(at)
        .help("what it says holds for the whole text: let it stand before them")
}

/// What the lines that begin with `///` say before what stands at `at`.
fn doc(source: &str, at: u32) -> String {
    let before = source.get(..at as usize).unwrap_or("");
    // Before it, its own line has nothing but white space.
    let (lines, own) = before.rsplit_once('\n').unwrap_or(("", before));
    if !own.trim().is_empty() {
        return String::new();
    }
    let docs = lines.lines().rev().map_while(|line| line.trim_start().strip_prefix("///"));
    let mut docs: Vec<_> = docs.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    docs.reverse();
    docs.join("\n")
}

/// Appends text to parts.
fn append(parts: &mut Vec<OpenPart>, more: &str) {
    match parts.last_mut() {
        Some(OpenPart::Text(text)) => text.push_str(more),
        _ => parts.push(OpenPart::Text(more.to_owned())),
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

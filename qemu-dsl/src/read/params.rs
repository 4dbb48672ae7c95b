//! A file's parameters: `param disk: path = "root.qcow2"`, and the values they are given.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use super::options::{Open, Options};
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help};
use crate::model::OpenPart;
use crate::suggest::{Suggestions, did_you_mean};
use crate::syntax::{Head, Parameter, Part, Statement, Value, ValueForm, Word};
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
    /// Its value. `None` where it has none, or where it was refused already.
    value: Option<Text<'static>>,
    refused: bool,
}

/// The parameters of a text, with their values.
#[derive(Debug, Default)]
pub(crate) struct Params {
    declared: HashMap<String, Declared>,
    open: Open,
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
    pub(crate) fn new(
        statements: &[Statement<'_>],
        options: &Options,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut params = Self { open: options.open, ..Self::default() };
        for statement in statements {
            let Head::Declaration(keyword, parameter) = &statement.head else { continue };
            if statement.block.is_some() {
                continue;
            }
            if params.open == Open::Holes {
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
                        .help("write `param NAME: TYPE = DEFAULT`; a default with spaces is quoted"),
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
                    .map_or_else(|| params.list().into(), |name| Help::DidYouMean(name.to_owned()));
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
        let mut declared = Declared { span: name.span, value: None, refused: false };
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
        let kind = parameter.kind.and_then(|kind| {
            let found = TYPES.iter().find(|(name, ..)| *name == kind.text);
            if found.is_none() {
                let names: Vec<_> = TYPES.iter().map(|(name, ..)| format!("`{name}`")).collect();
                diagnostics.push(
                    Diagnostic::error(Code::ParameterType, format!("unknown type `{}`", kind.text))
                        .at(kind.span)
                        .help(
                            did_you_mean(kind.text, kind.span, TYPES.iter().map(|(name, ..)| *name))
                                .unwrap_or_else(|| format!("the types are {}", names.join(", ")).into()),
                        ),
                );
            }
            found
        });
        if parameter.kind.is_none() && !broken {
            diagnostics.push(
                Diagnostic::error(Code::ParameterType, format!("the parameter `{}` has no type", name.text))
                    .at(name.span)
                    .help(format!("write `param {}: path`, or another type", name.text)),
            );
        }
        let set = options.params.iter().rev().find(|(set, _)| set == name.text);
        let (value, at) = match (set, &parameter.default) {
            (Some((_, value)), _) => (Some(Text::Known(value.clone().into())), name.span),
            (None, Some(_)) if options.late.iter().any(|late| late == name.text) => (None, name.span),
            (None, Some(default)) => match self.literal(default, diagnostics) {
                Some(default_text) => (Some(default_text.into_owned()), default.span),
                None => {
                    declared.refused = true;
                    (None, default.span)
                }
            },
            (None, None) => (None, name.span),
        };
        // Where a declaration is wrong, its holes are not to blame.
        declared.refused |= kind.is_none();
        if let (Some((kind, expects, parse)), Some(value)) = (kind, &value)
            && let Text::Known(value) = value
            && let Err(refusal) = parse(value)
        {
            declared.refused = true;
            let message = if set.is_some() {
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
        declared.value = value;
        self.declared.insert(name.text.to_owned(), declared);
    }

    /// The text of a value, its holes filled: a default may use the parameters declared before it. Nothing where an error has
    /// been reported.
    pub(crate) fn literal<'v>(
        &'v self,
        value: &'v Value<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Text<'v>> {
        Some(match &value.form {
            ValueForm::Bare(text) => Text::Known(Cow::Borrowed(text)),
            ValueForm::Text(text) => Text::Known(Cow::Borrowed(text)),
            ValueForm::Parts(parts) => self.join(parts, diagnostics)?,
            ValueForm::Hole(hole) => match self.fill(*hole, diagnostics)? {
                Fill::Known(filled) => Text::Known(filled.value.into()),
                Fill::Open(parts) => Text::Open(parts),
            },
            ValueForm::Broken => return None,
        })
    }

    /// The text of a string, its holes filled, as of [`Self::literal`].
    pub(crate) fn join(
        &self,
        parts: &[Part<'_>],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Text<'static>> {
        let mut joined = vec![OpenPart::Text(String::new())];
        let mut is_right = true;
        for part in parts {
            match part {
                Part::Text(text) => append(&mut joined, text),
                Part::Hole(hole) => match self.fill(*hole, diagnostics) {
                    Some(Fill::Known(filled)) => append(&mut joined, filled.value),
                    Some(Fill::Open(parts)) => {
                        for part in parts {
                            match part {
                                OpenPart::Text(text) => append(&mut joined, &text),
                                hole @ OpenPart::Hole(..) => joined.push(hole),
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
    pub(crate) fn peek<'v>(&'v self, value: &'v Value<'_>) -> Option<Cow<'v, str>> {
        self.literal(value, &mut Vec::new())?.known()
    }

    /// What a hole stands for. Nothing where an error has been reported.
    pub(crate) fn fill(&self, hole: Word<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Fill<'_>> {
        let name = hole.text;
        let open = |hole: Word<'_>| {
            self.is_open.set(true);
            Some(Fill::Open(vec![OpenPart::Hole(hole.text.to_owned(), hole.span)]))
        };
        if self.open == Open::Holes {
            return open(hole);
        }
        let Some(declared) = self.declared.get(name) else {
            let names = self.declared.keys().map(String::as_str);
            let help = self.suggestions.did_you_mean(name, hole.span, names).unwrap_or_else(|| {
                if is_identifier(name) {
                    format!("declare it: `param {name}: string`").into()
                } else {
                    format!("a hole names a parameter, and `{name}` can't be the name of one").into()
                }
            });
            diagnostics.push(
                Diagnostic::error(Code::UnknownParameter, format!("unknown parameter `{name}`"))
                    .at(hole.span)
                    .help(help),
            );
            return None;
        };
        match &declared.value {
            _ if declared.refused => None,
            None if self.open == Open::Nothing => {
                diagnostics.push(
                    Diagnostic::error(Code::UnsetParameter, format!("the parameter `{name}` has no value"))
                        .label(hole.span, "used here")
                        .label(declared.span, "declared without a default")
                        .help(Help::SetParameter { name: name.to_owned() }),
                );
                None
            }
            None => open(hole),
            Some(Text::Open(parts)) => {
                self.is_open.set(true);
                Some(Fill::Open(parts.clone()))
            }
            Some(Text::Known(value)) => {
                let name = name.to_owned();
                Some(Fill::Known(Filled { name, at: hole.span, value, declared: declared.span }))
            }
        }
    }

    /// That a value can't come later on which hangs what is printed elsewhere, where a template is wanted.
    pub(crate) fn refuse_late(&self, what: &str, span: Span) -> Option<Diagnostic> {
        let refusal = Diagnostic::error(Code::LateValue, format!("the {what} can't come later"))
            .at(span)
            .help("write it out: what else is printed hangs on it");
        self.open.is_template().then_some(refusal)
    }

    /// Whether a parameter that is used comes later.
    pub(crate) fn are_open(&self) -> bool {
        self.is_open.get()
    }

    fn list(&self) -> String {
        if self.declared.is_empty() {
            return "the text declares no parameters: declare one by `param name: type`".into();
        }
        let mut names: Vec<_> = self.declared.keys().map(|name| format!("`{name}`")).collect();
        names.sort();
        format!("the text declares {}", names.join(", "))
    }
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

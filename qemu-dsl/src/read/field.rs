//! What is given for an option, and how it becomes a value of the option's type.

use std::borrow::Cow;

use super::args::{Args, Given};
use super::cx::{Cx, Resolved};
use super::foreign::foreign;
use super::params::Filled;
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Label, Remedy};
use crate::model::ids::{Id, IdKind, Numbered, OptionalId};
use crate::model::{Extent, Open, OpenPart, State, Val};
use crate::source::Node;
use crate::suggest::{did_you_mean, meant};
use crate::syntax::{Part, Value, ValueForm};
use crate::table::{OptionSpec, Typed};
use crate::value::{IdText, Kind, MOST_FDS, Refusal, Type, ValueType, shown};

/// A value in Rust that an option gives, and how it is read.
pub(crate) trait Field: Typed + Sized {
    /// Its value, or `None` where an error has been reported.
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self>;

    /// Where the text gives it, if it does.
    fn said(&self) -> Option<Span>;
}

/// What is given for one option.
pub(crate) struct Slot<'a, 's> {
    args: &'a Args<'a, 's>,
    name: &'static str,
}

/// What a message calls an option: a positional has no name that anyone writes.
fn shown_as(option: &OptionSpec, args: &Args<'_, '_>) -> String {
    if option.positional { args.what() } else { format!("`{}`", option.name) }
}

impl<'a, 's> Slot<'a, 's> {
    /// What is given for the option of this name.
    pub(crate) fn of(args: &'a Args<'a, 's>, name: &'static str) -> Self {
        Self { args, name }
    }

    /// All that is given for it.
    fn all(&self) -> impl Iterator<Item = Given<'a, 's>> {
        self.args.given.iter().filter(|given| given.option.name == self.name).copied()
    }

    fn first(&self) -> Option<Given<'a, 's>> {
        self.all().next()
    }

    /// What stands in for it where it isn't given: the slot, and the name.
    fn generate(&self, prefix: &'static str, cx: &mut Cx<'_>) -> (u32, String) {
        let absent = self.args.absent.iter().find(|(name, _)| *name == self.name);
        let unless = absent.map(|(_, blank)| *blank);
        cx.ids.generate(prefix, self.args.head, unless)
    }

    /// Reports that a required value is missing.
    fn missing(&self, cx: &mut Cx<'_>) {
        let Some(option) = self.args.missed(self.name) else { return };
        let what = self.args.what();
        let expects = option.ty.expects;
        cx.report(if option.positional {
            Diagnostic::error(
                option.missing.unwrap_or(Code::MissingValue),
                format!("{what} needs its {}", option.name),
            )
            .at(self.args.head)
            .help(format!("behind {what} stands {expects}"))
        } else {
            Diagnostic::error(Code::MissingOption, format!("{what} needs `{}=`", option.name))
                .at(self.args.head)
                .help(match option.instead.first() {
                    Some(instead) => format!("add `{}=` and {expects}, or `{instead}=`", option.name),
                    None => format!("add `{}=` and {expects}", option.name),
                })
        });
    }

    /// Whether the statement is nothing without it.
    fn is_needed(&self) -> bool {
        let is_given = |name: &&str| {
            self.args.seen.contains_key(*name)
                || self.args.given.iter().any(|given| given.option.name == *name)
        };
        let option = self.args.spec.options().find(|option| option.name == self.name);
        option.is_some_and(|option| option.required && !option.instead.iter().any(is_given))
    }

    fn read<T: ValueType>(&self, given: Given<'_, '_>, cx: &mut Cx<'_>) -> Option<Val<T>> {
        let value = self.parse(given, cx);
        if value.is_none() {
            cx.flaws.options.push(self.name);
        }
        value
    }

    /// How the backend is called, where the statement says so. Whether that is right, its own option tells.
    fn backend<K: IdKind>(&self, cx: &mut Cx<'_>) -> Option<Val<String>> {
        let given = Slot::of(self.args, K::BACKEND).first()?;
        let reported = cx.diagnostics.len();
        let id = Slot::of(self.args, K::BACKEND).parse::<IdText>(given, cx);
        cx.diagnostics.truncate(reported);
        Some(id?.map(|id| id.0))
    }

    fn parse<T: ValueType>(&self, given: Given<'_, '_>, cx: &mut Cx<'_>) -> Option<Val<T>> {
        let wanted = Wanted { ty: T::TYPE, kind: T::KIND, refusal: |text| T::parse(text).err() };
        Some(match self.text(&wanted, given, cx)? {
            Right::Text(text, span) => Val::Known(Node::new(T::parse(&text).ok()?, span)),
            Right::Open(open) => Val::Open(open),
        })
    }

    /// What is given, where it is a value of the type.
    fn text<'g, 'c: 'g>(&self, wanted: &Wanted, given: Given<'g, '_>, cx: &mut Cx<'c>) -> Option<Right<'g>> {
        let Some(value) = given.value else {
            let text = wanted.ty.bare?;
            return self.accept(wanted, text.into(), given.name, given, cx);
        };
        let (text, holes) = match cx.resolve(value)? {
            Resolved::Known { text, holes } => (text, holes),
            Resolved::Open(parts) => {
                foreign(value, Some(wanted.ty)).into_iter().for_each(|diagnostic| cx.report(diagnostic));
                return self.open(wanted, parts, value.span, given, cx);
            }
            Resolved::Absent => return None,
        };
        let refusal = (wanted.refusal)(&text);
        if refusal.is_none() {
            foreign(value, Some(wanted.ty)).into_iter().for_each(|diagnostic| cx.report(diagnostic));
        } else if let Some(hole) = to_blame(wanted, value, &holes) {
            let (at, declared) = (hole.at, hole.declared);
            let brings = format!("`{}` is `{}`", hole.name, shown(hole.value));
            let refusal = refusal?;
            let at = if matches!(value.form, ValueForm::Hole(_)) { value.span } else { at };
            let refused = refuse(&shown_as(given.option, self.args), wanted.ty, &text, refusal, value.span);
            let labels = vec![
                Label { span: at, text: if at == value.span { String::new() } else { brings } },
                Label { span: declared, text: "the parameter's declaration".to_owned() },
            ];
            cx.report(Diagnostic { labels, ..refused });
            return None;
        }
        self.accept(wanted, text, value.span, given, cx)
    }

    /// A value that comes later, or what is taken for it.
    fn open<'g>(
        &self,
        wanted: &Wanted,
        parts: Vec<OpenPart>,
        span: Span,
        given: Given<'_, '_>,
        cx: &mut Cx<'_>,
    ) -> Option<Right<'g>> {
        if wanted.kind == Kind::MachineType
            && let Some(refusal) = cx.params.refuse_late("machine type", span)
        {
            cx.report(refusal);
            cx.shape_is_open = true;
            return None;
        }
        let is_alone = given.value.is_some_and(|value| matches!(value.form, ValueForm::Hole(_)));
        let refusal = match wanted.kind {
            // What a string joins is a text.
            Kind::Fd | Kind::Fds if cx.params.is_rust(span) => (!is_alone).then(|| {
                Refusal::because(
                    Code::WrongType,
                    "a file descriptor is no text",
                    "write the braces without quotes",
                )
            }),
            // What no text is, no parameter is either.
            Kind::Fds => (wanted.refusal)("1"),
            _ => None,
        };
        if let Some(refusal) = refusal {
            cx.report(refuse(&shown_as(given.option, self.args), wanted.ty, "", refusal, span));
            return None;
        }
        if let Some(State::Word(word)) = cx.state(span) {
            return self.accept(wanted, word.into(), span, given, cx);
        }
        cx.shape_is_open |= wanted.ty.shapes();
        let optional = !given.option.required;
        // A parameter is their number.
        let kind = if wanted.kind == Kind::Fds && !cx.params.is_rust(span) {
            Kind::Integer { min: 0, max: MOST_FDS }
        } else {
            wanted.kind
        };
        let is_id = given.option.defines || matches!(self.name, "id" | "node-name");
        Some(Right::Open(cx.open(parts, kind, (self.name, is_id), optional, span)))
    }

    /// A text that is a value of the type, or a word about why it is none.
    fn accept<'g>(
        &self,
        wanted: &Wanted,
        text: Cow<'g, str>,
        span: Span,
        given: Given<'_, '_>,
        cx: &mut Cx<'_>,
    ) -> Option<Right<'g>> {
        if let Some(refusal) = (wanted.refusal)(&text) {
            cx.report(refuse(&shown_as(given.option, self.args), wanted.ty, &text, refusal, span));
            return None;
        }
        let reported = cx.diagnostics.len();
        if let Some(change) = given.option.change {
            cx.version(change, Some(&text), given.name);
        }
        if cx.diagnostics.len() == reported {
            let is_there = |word: &str| text.split(',').any(|own| own == word);
            for (_, change) in given.option.words.iter().filter(|(word, _)| is_there(word)) {
                cx.version(change, None, span);
            }
        }
        Some(Right::Text(text, span))
    }
}

/// A type of values as data: whatever the type in Rust, a value is looked at by one function.
struct Wanted {
    ty: &'static Type,
    kind: Kind,
    /// Why a text is none.
    refusal: fn(&str) -> Option<Refusal>,
}

/// What is right as a value.
enum Right<'g> {
    Text(Cow<'g, str>, Span),
    Open(Open),
}

/// The hole that a value is none for: with another value in its place it would be one.
fn to_blame<'h, 'p>(wanted: &Wanted, value: &Value<'_>, holes: &'h [Filled<'p>]) -> Option<&'h Filled<'p>> {
    let ValueForm::Parts(parts) = &value.form else {
        return holes.first();
    };
    let with = |blamed: usize, other: &str| {
        let mut filled = holes.iter().map(|hole| hole.value).enumerate();
        let texts = parts.iter().map(|part| match part {
            Part::Text(text) => &**text,
            Part::Hole(_) => match filled.next() {
                Some((at, value)) if at != blamed => value,
                _ => other,
            },
        });
        texts.collect::<String>()
    };
    let likely = ["1", "00", "x", "127.0.0.1", ""];
    let is_right = |text: String| (wanted.refusal)(&text).is_none();
    let is_to_blame = |at: &usize| likely.into_iter().any(|other| is_right(with(*at, other)));
    (0..holes.len()).find(is_to_blame).and_then(|at| holes.get(at))
}

fn refuse(name: &str, ty: &'static Type, text: &str, refusal: Refusal, span: Span) -> Diagnostic {
    let (code, message, help) = refusal.say(name, ty.expects, !ty.choices.is_empty(), text);
    let choices = || ty.choices.iter().map(|(choice, _)| *choice);
    // No number is another one misspelt.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let switch = match text {
        "1" | "true" | "yes" | "y" => Some("on"),
        "0" | "false" | "no" | "n" => Some("off"),
        _ => None,
    };
    let switch = switch.filter(|switch| choices().any(|choice| choice == *switch));
    let help = help
        .map(Remedy::from)
        .or_else(|| switch.map(|switch| meant(switch, span)))
        .or_else(|| did_you_mean(text, span, choices().filter(|_| !is_number)))
        .unwrap_or_else(|| format!("write {}", ty.expects).into());
    Diagnostic::error(code, message).at(span).help(help)
}

/// An optional value that has an error is as good as absent: the statement's other checks still run, but for those
/// that would miss it.
impl<T: ValueType> Typed for Option<Val<T>> {
    const TYPE: &'static Type = T::TYPE;
    const REQUIRED: bool = false;
    const LIST: bool = false;
}

impl<T: ValueType> Field for Option<Val<T>> {
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        if slot.is_needed() {
            return Val::take(slot, cx).map(Some);
        }
        match slot.first() {
            Some(given) => Some(slot.read(given, cx)),
            None => Some(None),
        }
    }

    fn said(&self) -> Option<Span> {
        self.as_ref().map(Val::span)
    }
}

impl<T: ValueType> Typed for Val<T> {
    const TYPE: &'static Type = T::TYPE;
    const REQUIRED: bool = true;
    const LIST: bool = false;
}

impl<T: ValueType> Field for Val<T> {
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        match slot.first() {
            Some(given) => slot.read(given, cx),
            None => {
                slot.missing(cx);
                None
            }
        }
    }

    fn said(&self) -> Option<Span> {
        Some(self.span())
    }
}

impl<T: ValueType> Typed for Vec<Val<T>> {
    const TYPE: &'static Type = T::TYPE;
    const REQUIRED: bool = false;
    const LIST: bool = true;
}

impl<T: ValueType> Field for Vec<Val<T>> {
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        Some(slot.all().filter_map(|given| slot.read(given, cx)).collect())
    }

    fn said(&self) -> Option<Span> {
        self.first().map(Val::span)
    }
}

impl<K: IdKind> Typed for Id<K> {
    const TYPE: &'static Type = IdText::TYPE;
    const REQUIRED: bool = false;
    const LIST: bool = false;
    const DEFINES: bool = true;
}

impl<K: IdKind> Field for Id<K> {
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        let given: Option<Option<Val<IdText>>> = slot.first().map(|given| slot.read(given, cx));
        Some(match given {
            Some(Some(id)) => Self::given(id.map(|id| id.0)),
            // That of its backend.
            None if let Some(backend) = slot.backend::<K>(cx) => Self::of_backend(backend),
            // Another in place of the one that was refused.
            Some(None) | None => {
                let (number, name) = slot.generate(K::PREFIX, cx);
                Self::generated(name, slot.args.head, number)
            }
        })
    }

    fn said(&self) -> Option<Span> {
        self.written().map(|id| id.name.span())
    }
}

impl<T: ValueType> Typed for Numbered<T> {
    const TYPE: &'static Type = T::TYPE;
    const REQUIRED: bool = false;
    const LIST: bool = false;
    const DEFINES: bool = true;
}

impl<T: ValueType> Field for Numbered<T> {
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        let given: Option<Val<T>> = slot.first().and_then(|given| slot.read(given, cx));
        // What a guest has isn't known here.
        if given.is_some() || cx.extent == Extent::Devices {
            return Some(Self { given, slot: None });
        }
        let (number, _) = slot.generate("", cx);
        Some(Self { given, slot: Some(number) })
    }

    fn said(&self) -> Option<Span> {
        self.given.as_ref().map(Val::span)
    }
}

impl<K: IdKind> Typed for OptionalId<K> {
    const TYPE: &'static Type = IdText::TYPE;
    const REQUIRED: bool = false;
    const LIST: bool = false;
    const DEFINES: bool = true;
}

impl<K: IdKind> Field for OptionalId<K> {
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        let Some(given) = slot.first() else {
            return Some(Self::new(None));
        };
        let id: Val<IdText> = slot.read(given, cx)?;
        Some(Self::new(Some(id.map(|id| id.0))))
    }

    fn said(&self) -> Option<Span> {
        self.0.as_ref().map(Val::span)
    }
}

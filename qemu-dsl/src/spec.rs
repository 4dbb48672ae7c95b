//! The table of statements and options: what can be written, and what it means.
//!
//! It is made of the [`form!`](crate::spec::form) declarations in `statement/` and of the list in `statement/mod.rs`. Validation,
//! suggestions, `explain` and the language reference all read it.

use std::any::Any;
use std::fmt::Debug;

use crate::Span;
use crate::analyse::Cx;
use crate::analyse::args::{Args, Slot};
use crate::changes::Change;
use crate::check::Checking;
use crate::lowering::{Lowering, Section};
use crate::node::Node;

/// A type of values.
#[derive(Debug)]
pub(crate) struct Type {
    /// Its name in the language reference: `path`, `size`, `mac`.
    pub(crate) name: &'static str,
    /// What a message expects: "a MAC address such as `52:54:00:12:34:56`".
    pub(crate) expects: &'static str,
    /// Its words and their meanings, where it is one of some words.
    pub(crate) choices: &'static [(&'static str, &'static str)],
    /// What the option's bare name stands for, where it may stand alone.
    pub(crate) bare: Option<&'static str>,
}

impl Type {
    /// Whether any text will do.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.name, "text" | "path")
    }
}

/// An option of a statement, or the value between its keyword and its options.
#[derive(Debug)]
pub(crate) struct Opt {
    /// How it is written. For a head: what the reference calls it.
    pub(crate) name: &'static str,
    pub(crate) ty: &'static Type,
    pub(crate) required: bool,
    /// Whether it may be given again and again.
    pub(crate) list: bool,
    /// Whether it stands between the keyword and the options, without its name.
    pub(crate) head: bool,
    /// The options that can't stand beside it.
    pub(crate) excludes: &'static [&'static str],
    /// What holds where it is absent, if that isn't QEMU's own default.
    pub(crate) default: &'static str,
    /// Since and until when QEMU has it.
    pub(crate) change: Option<&'static Change>,
    /// Its meaning.
    pub(crate) doc: &'static str,
}

impl Opt {
    pub(crate) const fn of<F: Field>(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            ty: F::TYPE,
            required: F::REQUIRED,
            list: F::LIST,
            head: false,
            excludes: &[],
            default: "",
            change: None,
            doc,
        }
    }
}

/// A kind of a statement: `tap` of `netdev`.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) change: Option<&'static Change>,
}

impl Kind {
    pub(crate) const fn of(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, change: None }
    }
}

/// The word behind the keyword.
#[derive(Debug)]
pub(crate) enum Kinds {
    None,
    /// One of these.
    Of(&'static [Kind]),
    /// Any of QEMU's names of this sort.
    Any(&'static str),
}

/// What a form takes beside its own options: properties that it passes on to QEMU.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) doc: &'static str,
    pub(crate) bare: Bare,
}

/// What a property without a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// Nothing: each property is `name=value`.
    Nothing,
    /// `name`: it is on.
    Flag,
    /// `+name` or `-name` too.
    Feature,
}

/// A form of a statement: the kinds that share their options.
#[derive(Debug)]
pub(crate) struct FormSpec {
    pub(crate) kinds: Kinds,
    pub(crate) options: &'static [&'static [Opt]],
    /// What other names may stand as options.
    pub(crate) open: Option<Open>,
    pub(crate) doc: &'static str,
}

impl FormSpec {
    /// The options and heads.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> + use<> {
        self.options.iter().flat_map(|group| group.iter())
    }

    /// The heads, in their order.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &'static Opt> + use<> {
        self.options().filter(|option| option.head)
    }

    /// The names of the options.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.options().filter(|option| !option.head).map(|option| option.name)
    }

    pub(crate) fn option(&self, name: &str) -> Option<&'static Opt> {
        self.options().find(|option| !option.head && option.name == name)
    }

    fn kind(&self, name: &str) -> bool {
        match self.kinds {
            Kinds::None => false,
            Kinds::Of(kinds) => kinds.iter().any(|kind| kind.name == name),
            Kinds::Any(_) => true,
        }
    }
}

/// A form and how to read it.
pub(crate) struct FormEntry {
    pub(crate) spec: &'static FormSpec,
    pub(crate) read: fn(&mut Args<'_, '_>, &mut Cx<'_>) -> Option<Box<dyn Form>>,
}

/// A statement.
pub(crate) struct Spec {
    pub(crate) keyword: &'static str,
    /// Whether it may stand but once.
    pub(crate) once: bool,
    /// Where its arguments stand among the others.
    pub(crate) section: Section,
    pub(crate) doc: &'static str,
    /// A statement that compiles, for the reference.
    pub(crate) example: &'static str,
    pub(crate) forms: &'static [FormEntry],
}

impl Spec {
    /// The form with this kind.
    pub(crate) fn form(&self, kind: Option<&str>) -> Option<&'static FormEntry> {
        self.forms.iter().find(|form| match kind {
            Some(kind) => form.spec.kind(kind),
            None => matches!(form.spec.kinds, Kinds::None),
        })
    }

    /// All kinds, for a suggestion.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static Kind> + use<> {
        self.forms.iter().flat_map(|form| match form.spec.kinds {
            Kinds::Of(kinds) => kinds.iter(),
            Kinds::None | Kinds::Any(_) => [].iter(),
        })
    }
}

/// A field of a form: a type of values, and how often it stands.
pub(crate) trait Field: Sized {
    const TYPE: &'static Type;
    const REQUIRED: bool;
    const LIST: bool;

    /// Its value, or `None` where an error has been reported.
    fn take(slot: Slot<'_, '_>, cx: &mut Cx<'_>) -> Option<Self>;
}

/// What a statement became.
pub(crate) trait Form: Any + Debug {
    /// Tells which ids, buses and addresses its properties name, for a form whose table can't tell.
    fn register(&self, _cx: &mut Cx<'_>) {}

    /// Reports what is wrong with this statement in this VM.
    fn check(&self, _cx: &mut Checking<'_>) {}

    /// Prints it.
    fn lower(&self, out: &mut Lowering<'_>);
}

/// A property that a statement passes on to QEMU: `name=value`, a bare `name`, `+name` or `-name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) name: Node<String>,
    pub(crate) value: PropertyValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PropertyValue {
    Text(Node<String>),
    Flag,
    Feature { on: bool },
}

impl Property {
    /// The value as text: a flag is `on`.
    pub(crate) fn text(&self) -> &str {
        match &self.value {
            PropertyValue::Text(text) => text,
            PropertyValue::Flag | PropertyValue::Feature { on: true } => "on",
            PropertyValue::Feature { on: false } => "off",
        }
    }

    pub(crate) fn value_span(&self) -> Span {
        match &self.value {
            PropertyValue::Text(text) => text.span,
            PropertyValue::Flag | PropertyValue::Feature { .. } => self.name.span,
        }
    }
}

/// Declares a form: its options with their types and docs. It makes a struct of the options' values, the form's part
/// of the table, and the code that fills the one by the other.
///
/// `field "option": Type` is an option; `{ ... }` behind it sets more of its [`Opt`]. `with Pci` adds where the
/// device sits on its bus; `open rest: Bare::Flag, "..."` lets any other property through.
macro_rules! form {
    (
        $(#[doc = $doc:literal])+
        $name:ident
        $(kinds [$($kind:literal : $kind_doc:literal $({ $change:expr })?),+ $(,)?])?
        $(any $any:literal)?
        {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($key:ident : $value:expr),+ $(,)? })?
            ),* $(,)?
        }
        $(with $pci:ident)?
        $(open $rest:ident : $bare:expr, $open:literal)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name {
            $($(#[doc = $kind_doc])+ pub(crate) kind: $crate::node::Node<String>,)?
            $(#[doc = $any] pub(crate) kind: $crate::node::Node<String>,)?
            $(pub(crate) $field: $ty,)*
            $(pub(crate) pci: $pci,)?
            $(pub(crate) $rest: Vec<$crate::spec::Property>,)?
        }

        impl $name {
            const SPEC: $crate::spec::FormSpec = $crate::spec::FormSpec {
                kinds: $crate::spec::form!(@kinds
                    $(of [$($kind, $kind_doc, ($($change)?)),+])?
                    $(any $any)?
                ),
                options: &[
                    &[$(
                        $crate::spec::Opt {
                            $($($key: $value,)+)?
                            ..$crate::spec::Opt::of::<$ty>($option, concat!($($field_doc, "\n"),+))
                        }
                    ),*],
                    $($pci::OPTIONS,)?
                ],
                open: $crate::spec::form!(@open $($bare, $open)?),
                doc: concat!($($doc, "\n"),+),
            };

            pub(crate) const ENTRY: $crate::spec::FormEntry =
                $crate::spec::FormEntry { spec: &Self::SPEC, read: Self::read };

            fn read(
                args: &mut $crate::analyse::args::Args<'_, '_>,
                cx: &mut $crate::analyse::Cx<'_>,
            ) -> Option<Box<dyn $crate::spec::Form>> {
                // All are read before any is missed, so that all errors are reported.
                $(let $field = <$ty as $crate::spec::Field>::take(args.slot($option), cx);)*
                $(let pci = $pci::read(args, cx);)?
                $(let $rest = args.rest(cx);)?
                let _ = (&args, &cx);
                let form = Self {
                    $(kind: { let _ = [$($kind),+]; args.kind()? },)?
                    $(kind: { let _ = $any; args.kind()? },)?
                    $($field: $field?,)*
                    $(pci: <Option<$pci>>::from(pci)?,)?
                    $($rest: <Option<Vec<$crate::spec::Property>>>::from($rest)?,)?
                };
                // A form with one kind need not look which it is.
                $(let _ = ([$($kind),+], &form.kind);)?
                Some(Box::new(form))
            }
        }
    };
    (@kinds) => { $crate::spec::Kinds::None };
    (@kinds any $any:literal) => { $crate::spec::Kinds::Any($any) };
    (@kinds of [$($kind:literal, $doc:literal, ($($change:expr)?)),+]) => {
        $crate::spec::Kinds::Of(&[$(
            $crate::spec::Kind { $(change: Some($change),)? ..$crate::spec::Kind::of($kind, $doc) }
        ),+])
    };
    (@open) => { None };
    (@open $bare:expr, $open:literal) => { Some($crate::spec::Open { doc: $open, bare: $bare }) };
}
pub(crate) use form;

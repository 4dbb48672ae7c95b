//! What a statement's file declares: the statement, its forms, and what they mean.
//!
//! **A struct a form, written by one macro.** The table and the typed values come from the same lines, so they can't
//! differ; lowering reads fields, not strings.

use crate::Span;
use crate::hardware::Checking;
use crate::model::{Entry, Facts, Values};
use crate::print::Lowering;
use crate::read::ReadForm;
use crate::statement::pci::Virtio;
use crate::table::StatementSpec;

/// What `form!` tells of each form.
pub(crate) trait Placed {
    /// Where its virtio device sits, if it prints one.
    fn place(&self) -> Option<&Virtio>;
}

/// What a statement's values mean.
pub(crate) trait Form: Values + Placed {
    /// Tells what the printing of other statements hangs on.
    fn register(&self, _facts: &mut Facts) {}

    /// Reports what is wrong with this statement in this VM.
    fn check(&self, _cx: &mut Checking<'_>) {}

    /// Prints it.
    fn lower(&self, out: &mut Lowering<'_>);
}

/// A statement of the table, with what reads its forms and tells what they mean.
pub(crate) struct Statement {
    pub(crate) spec: &'static StatementSpec,
    pub(crate) declared: &'static [Behaviour],
}

/// What goes with a form that is declared.
pub(crate) struct Behaviour {
    pub(crate) read: ReadForm,
    pub(crate) form: fn(&Entry) -> Option<&dyn Form>,
}

impl Behaviour {
    pub(crate) const fn of<F: Form>(read: ReadForm) -> Self {
        Self { read, form: |entry| Some(entry.values::<F>()?) }
    }
}

/// Declares a statement: its keyword, how often it may stand, where its arguments stand among the others, and its forms.
///
/// `pluggable` says that it is a device or the backend of one, which a guest that runs can be given; `settled` that QEMU's
/// start settles it. `reserved` stands with the keywords of the language's beginning: a new one gets by without it.
macro_rules! statement {
    (
        $(#[doc = $doc:literal])+
        $name:ident $($reserved:ident)? $keyword:literal $often:ident $plug:ident $section:ident [$($form:ty),+ $(,)?]
        example $example:literal
    ) => {
        $(#[doc = $doc])+
        pub(crate) static $name: $crate::statement::form::Statement = $crate::statement::form::Statement {
            spec: &$crate::table::StatementSpec {
                keyword: $keyword,
                reserved: $crate::statement::form::statement!(@reserved $($reserved)?),
                once: $crate::statement::form::statement!(@ $often),
                section: $crate::table::Section::$section,
                pluggable: $crate::statement::form::statement!(@ $plug),
                doc: concat!($($doc, "\n"),+),
                example: $example,
                forms: {
                    const DECLARED: &[$crate::table::FormSpec] = &[$(<$form>::SPEC),+];
                    const FORMS: [$crate::table::FormSpec; $crate::table::count(DECLARED)] =
                        $crate::table::by_kind(DECLARED);
                    &FORMS
                },
            },
            declared: &[$($crate::statement::form::Behaviour::of::<$form>(<$form>::read)),+],
        };
    };
    (@reserved) => { false };
    (@reserved reserved) => { true };
    (@ once) => { true };
    (@ many) => { false };
    (@ pluggable) => { true };
    (@ settled) => { false };
}
pub(crate) use statement;

/// Declares a form: its options with their types and docs. It makes a struct of the options' values, the form's part
/// of the table, and the code that fills the one by the other.
///
/// `field "option": Type` is an option; `{ ... }` behind it sets more of its [`Opt`]. `with Pci` adds where the
/// device sits on its bus, `groups [backend: Backend]` other options that forms share; `kinds of Backend` takes the kinds of
/// such a group. `{ kinds: &["random"] }` is an option of these kinds only: then the table has a form for each kind. `opens rest [(Kind::Device, "virtio-rng-pci")]` takes the properties of what it prints,
/// and with `also NAMES` those that no schema has,
/// `open rest: Bare::Flag, "..."` any. A form that `needs option` says nothing where none stands.
macro_rules! form {
    (
        $(#[doc = $doc:literal])+
        $name:ident
        $(kinds [$($kind:literal : $kind_doc:literal $({ $change:expr })?),+ $(,)?])?
        $(kinds of $family:ident)?
        $(any $any:literal)?
        $(settled $settled:literal)?
        {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($key:ident : $value:expr),+ $(,)? })?
            ),* $(,)?
        }
        $(with $pci:ident)?
        $(groups [$($group:ident : $more:ident),+ $(,)?])?
        $(open $rest:ident : $bare:expr, $open:literal)?
        $(opens $own:ident [$($of:expr),+ $(,)?] $(also $also:ident)?)?
        $(refuses [$($refused:expr),+ $(,)?])?
        $(needs $needs:ident)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name {
            $($(#[doc = $kind_doc])+ pub(crate) kind: $crate::source::Node<String>,)?
            $(#[doc = stringify!($family)] pub(crate) kind: $crate::source::Node<String>,)?
            $(#[doc = $any] pub(crate) kind: $crate::source::Node<String>,)?
            $(pub(crate) $field: $ty,)*
            $(pub(crate) pci: $pci,)?
            $($(pub(crate) $group: $more,)+)?
            $(pub(crate) $rest: Vec<$crate::model::Property>,)?
            $(pub(crate) $own: Vec<$crate::model::Property>,)?
        }

        impl $name {
            pub(crate) const SPEC: $crate::table::FormSpec = $crate::table::FormSpec {
                kinds: $crate::statement::form::form!(@kinds
                    $(of [$($kind, $kind_doc, ($($change)?)),+])?
                    $(family $family)?
                    $(any $any)?
                ),
                options: &[
                    &[$(
                        $crate::table::OptionSpec {
                            $($($key: $value,)+)?
                            ..$crate::table::OptionSpec::of::<$ty>($option, concat!($($field_doc, "\n"),+))
                        }
                    ),*],
                    $($pci::OPTIONS,)?
                    $($($more::OPTIONS,)+)?
                ],
                family: $crate::statement::form::form!(@family $($family)?),
                declared: 0,
                settled: $crate::statement::form::form!(@settled $($settled)?),
                refused: &[$($($refused),+)?],
                needs_option: $crate::statement::form::form!(@needs $($needs)?),
                open: $crate::statement::form::form!(@open $($bare, $open)? $([$($of),+] $($also)?)?),
                doc: concat!($($doc, "\n"),+),
            };

            pub(crate) fn read(
                args: &mut $crate::read::Args<'_, '_>,
                cx: &mut $crate::read::Cx<'_>,
            ) -> Option<Box<dyn $crate::model::Values>> {
                // All are read before any is missed, so that all errors are reported.
                $(let $field = <$ty as $crate::read::Field>::take($crate::read::Slot::of(args, $option), cx);)*
                $(let pci = $pci::read(args, cx);)?
                $($(let $group = $more::read(args, cx);)+)?
                $(let $rest = args.rest(cx);)?
                $(let $own = args.rest(cx);)?
                let _ = (&args, &cx);
                let form = Self {
                    $(kind: { let _ = [$($kind),+]; args.kind()? },)?
                    $(kind: { let _ = $family::FAMILY.kinds; args.kind()? },)?
                    $(kind: { let _ = $any; args.kind()? },)?
                    $($field: $field?,)*
                    $(pci: <Option<$pci>>::from(pci)?,)?
                    $($($group: $group?,)+)?
                    $($rest: <Option<Vec<$crate::model::Property>>>::from($rest)?,)?
                    $($own: <Option<Vec<$crate::model::Property>>>::from($own)?,)?
                };
                // A form with one kind need not look which it is.
                $(let _ = ([$($kind),+], &form.kind);)?
                Some(Box::new(form))
            }
        }

        impl $crate::statement::form::Placed for $name {
            fn place(&self) -> Option<&$crate::statement::pci::Virtio> {
                $crate::statement::form::form!(@place self $($pci)?)
            }
        }
    };
    (@place $form:ident Virtio) => { Some(&$form.pci) };
    (@place $form:ident $($pci:ident)?) => { None };
    (@kinds) => { $crate::table::Kinds::None };
    (@kinds family $family:ident) => { $crate::table::Kinds::Of($family::FAMILY.kinds) };
    (@kinds any $any:literal) => { $crate::table::Kinds::Any($any) };
    (@kinds of [$($kind:literal, $doc:literal, ($($change:expr)?)),+]) => {
        $crate::table::Kinds::Of(&[$(
            $crate::table::KindSpec { $(change: Some($change),)? ..$crate::table::KindSpec::of($kind, $doc) }
        ),+])
    };
    (@family) => { None };
    (@family $family:ident) => { Some(&$family::FAMILY) };
    (@settled) => { None };
    (@settled $settled:literal) => { Some($settled) };
    (@needs) => { false };
    (@needs option) => { true };
    (@open) => { None };
    (@open [$($of:expr),+] $($also:ident)?) => { Some($crate::table::Open::of(&[$($of),+]) $(.and($also))?) };
    (@open $bare:expr, $open:literal) => { Some($crate::table::Open::new($bare, $open)) };
}
pub(crate) use form;

/// What `group!` tells of the options that several forms share.
pub(crate) trait Group {
    /// Those that the text gives, each with its place.
    fn said(&self) -> Vec<(&'static str, Span)>;
}

/// Declares options that several forms share: a struct of their values, and what `form!` needs of it. Each is written as an
/// option of a form is.
macro_rules! group {
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($key:ident : $value:expr),+ $(,)? })?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name {
            $(pub(crate) $field: $ty,)*
        }

        impl $name {
            pub(crate) const OPTIONS: &'static [$crate::table::OptionSpec] = &[$(
                $crate::table::OptionSpec {
                    $($($key: $value,)+)?
                    ..$crate::table::OptionSpec::of::<$ty>($option, concat!($($field_doc, "\n"),+))
                }
            ),*];

            pub(crate) fn read(
                args: &mut $crate::read::Args<'_, '_>,
                cx: &mut $crate::read::Cx<'_>,
            ) -> Option<Self> {
                $(let $field = <$ty as $crate::read::Field>::take($crate::read::Slot::of(args, $option), cx);)*
                Some(Self { $($field: $field?,)* })
            }
        }

        impl $crate::statement::form::Group for $name {
            fn said(&self) -> Vec<(&'static str, $crate::Span)> {
                let said = [$(($option, $crate::read::Field::said(&self.$field))),*];
                said.into_iter().filter_map(|(name, at)| Some((name, at?))).collect()
            }
        }
    };
}
pub(crate) use group;

//! A VM of parts: a base, and what functions add to it.
//!
//! **Nothing is decided before all of it is there.** A part keeps its template and its values; adding one puts it behind the
//! others. [`Base::plan`] joins the templates as if all had stood in one text, in this order: ids, MAC addresses, numbers of file
//! descriptors and the order of the arguments come out so. What parts have, need and take was written down when each was
//! compiled ([`Tie`](super::Tie)), and is compared then.

use std::borrow::Cow;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::equipped::Equipped;
use super::error::{BindError, BindProblem};
use super::fill::Purpose;
use super::join::{Joined, PartTemplate, arrange, devices_as_json};
use super::tied::Tied;
use super::value::{Said, Value, Values};
use crate::code::Code;
use crate::plan::packed::packed;
use crate::plan::{Packed, Plan, Template};

/// A base that is compiled, and whose values come later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenBase {
    /// What was compiled.
    pub part: Arc<PartTemplate>,
}

/// A part that is compiled, and whose values come later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenPart {
    /// What was compiled.
    pub part: Arc<PartTemplate>,
}

packed! {
    struct OpenBase { part }
    struct OpenPart { part }
}

/// A part with its values.
#[derive(Clone, Debug)]
struct Bound {
    part: Arc<PartTemplate>,
    said: Said,
}

/// A VM to which parts are added: its machine, and whatever else it has itself.
///
/// It is data: a copy of it can be another VM.
///
/// ```
/// use qemu_dsl::bind::{Base, Part};
/// use qemu_dsl::{Options, compile_base, compile_part};
///
/// let options = Options::default();
/// let base = compile_base("machine q35\nmemory 1G", &options).open.unwrap();
/// let card = compile_part("netdev user", &options).open.unwrap();
/// let base = base.bind_named(&[]).unwrap();
/// let plan = base.with(card.bind_named(&[]).unwrap()).with(card.bind_named(&[]).unwrap()).plan().unwrap();
/// assert!(plan.args().any(|arg| arg == "user,id=net1"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Base(Vec<Bound>);

/// Statements that are added to a VM, or several such parts.
///
/// What a VM has one of, and what other statements hang on, is not among them: its name, machine, memory and program are the
/// [base](Base)'s.
#[derive(Clone, Debug, Default)]
pub struct Part(Vec<Bound>);

/// What can be added to a [`Base`] or a [`Part`]: a part, also one with file descriptors, which the sum then has, too.
pub trait Addition: sealed::Sealed {
    /// What comes of it.
    type Sum<T: Assembly>: From<T>;

    /// Puts it behind the others.
    fn add_to<T: Assembly>(self, sum: Self::Sum<T>) -> Self::Sum<T>;
}

/// What consists of parts: a [`Base`] or a [`Part`].
pub trait Assembly: Clone + sealed::Sealed + 'static {
    /// Puts a part behind the others.
    fn push(&mut self, part: Part);

    /// How many values it has.
    fn values(&self) -> u32;
}

mod sealed {
    use super::{Base, Equipped, Part};

    pub trait Sealed {}

    impl Sealed for Base {}
    impl Sealed for Part {}
    impl Sealed for Equipped<'static, Part> {}
}

impl Addition for Part {
    type Sum<T: Assembly> = T;

    fn add_to<T: Assembly>(self, mut sum: T) -> T {
        sum.push(self);
        sum
    }
}

impl Addition for Equipped<'static, Part> {
    type Sum<T: Assembly> = Equipped<'static, T>;

    fn add_to<T: Assembly>(self, sum: Equipped<'static, T>) -> Equipped<'static, T> {
        sum.with(self)
    }
}

/// Declares what consists of parts, and what its template is.
macro_rules! assemblies {
    ($($name:ident of $open:ident;)+) => {$(
        impl $name {
            /// The same with a part behind it. With file descriptors in the part it is [`Equipped`] with these.
            ///
            /// What doesn't go together is told by [`Base::plan`].
            #[must_use]
            pub fn with<P: Addition>(self, part: P) -> P::Sum<Self> {
                part.add_to(self.into())
            }

            /// The same with parts behind it, in their order: a list of them, or an `Option`.
            #[must_use]
            pub fn with_all<P: Addition>(self, parts: impl IntoIterator<Item = P>) -> P::Sum<Self> {
                parts.into_iter().fold(self.into(), |sum, part| part.add_to(sum))
            }
        }

        impl Assembly for $name {
            fn push(&mut self, part: Part) {
                self.0.extend(part.0);
            }

            fn values(&self) -> u32 {
                self.0.iter().map(|bound| bound.said.len()).sum()
            }
        }

        impl $open {
            /// It with these values for its parameters. What they are is checked by [`Base::plan`].
            ///
            /// # Errors
            ///
            /// Where a parameter has no value, or there is none of a name.
            pub fn bind_named(&self, values: &[(&str, Value)]) -> Result<$name, BindError> {
                Ok(self.bind(self.part.open.named(values, &self.part.template.places).given()?))
            }

            /// It with a value for each hole, in their order. File descriptors among them are closed.
            pub fn bind(&self, values: Values) -> $name {
                let (said, _) = values.into_parts();
                $name(vec![Bound { part: self.part.clone(), said }])
            }

            /// It with a value for each hole, in their order, and with the file descriptors among them.
            pub fn equip(&self, values: Values) -> Equipped<'static, $name> {
                let (said, fds) = values.into_parts();
                Equipped::new(Cow::Owned($name(vec![Bound { part: self.part.clone(), said }])), fds)
            }

            /// Says which file the text is from, as [`Template::in_file`] does.
            #[must_use]
            pub fn in_file(self, file: impl Into<Arc<str>>) -> Self {
                let part = Arc::unwrap_or_clone(self.part);
                Self { part: Arc::new(PartTemplate { template: part.template.in_file(file), ..part }) }
            }
        }
    )+};
}

assemblies! {
    Base of OpenBase;
    Part of OpenPart;
}

impl<T: Assembly> Equipped<'static, T> {
    /// The same with a part behind it, and the part's file descriptors.
    #[must_use]
    pub fn with(self, part: impl Into<Equipped<'static, Part>>) -> Self {
        let (what, mut fds) = self.into_parts();
        let (part, more) = part.into().into_parts();
        let mut what = what.into_owned();
        let values = what.values();
        fds.extend(more.into_iter().map(|(value, fd)| (values + value, fd)));
        what.push(part.into_owned());
        Self::new(Cow::Owned(what), fds)
    }

    /// The same with parts behind it, in their order.
    #[must_use]
    pub fn with_all(self, parts: impl IntoIterator<Item: Into<Equipped<'static, Part>>>) -> Self {
        parts.into_iter().fold(self, Self::with)
    }
}

impl Base {
    /// The plan of the VM, as if all parts stood in one text.
    ///
    /// # Errors
    ///
    /// Where a value isn't what its place wants, where parts have what one alone may have, or lack what they need: all of it.
    pub fn plan(&self) -> Result<Plan, BindError> {
        Ok(self.joined(Vec::new())?.into_parts().0.into_owned())
    }

    fn joined(&self, fds: Vec<(u32, OwnedFd)>) -> Result<Equipped<'static, Plan>, BindError> {
        let mut said = Said::new();
        let mut joined = Joined::default();
        for Bound { part, said: own } in &self.0 {
            said.add(own, joined.open.blocks.len() as u32);
            joined.add(part);
        }
        let Joined { mut template, open, ties, .. } = joined;
        let values = Values::of_parts(said, fds);
        let mut problems = self.other_targets(&template);
        let Template { ids, fds: slots, places, .. } = &template;
        let mut filled = match open.fill(&values, ids, slots, places, Purpose::Joined) {
            Ok(filled) => filled,
            Err(BindError { problems: more }) => {
                problems.extend(more);
                return Err(BindError { problems });
            }
        };
        let tied = Tied::new(
            ties.iter().map(|(part, tie)| (*part, tie)),
            (&open.blanks, &open.holes),
            &filled,
            ids,
            places,
        );
        // What can't be seen may be there.
        tied.check(!self.0.iter().any(|bound| bound.part.uncertain), &mut problems);
        BindError::of(&mut problems)?;
        let needs = tied.needs();
        drop(tied);
        arrange(&mut template, &needs);
        if let Some(span) = devices_as_json(&mut template) {
            let problem = BindProblem {
                place: template.place(span).cloned(),
                first: None,
                hole: String::new(),
                code: Code::LateValue.as_str().to_owned(),
                message: "a value can't come later in an option that is JSON".to_owned(),
                help: "write it out: a device has members, and so this one and all behind it are JSON"
                    .to_owned(),
            };
            return Err(BindError { problems: vec![problem] });
        }
        filled.lines = open.lines_of(&values, &template.fds, &filled);
        let plan = Plan::filled(&template, &filled);
        let lines = filled.lines;
        Ok(Equipped::new(Cow::Owned(plan), values.into_fds(&lines)))
    }

    /// What is wrong with parts that are for another QEMU than the base.
    fn other_targets(&self, joined: &Template) -> Vec<BindProblem> {
        let target = joined.target;
        let others = self.0.iter().filter(|bound| bound.part.template.target != target);
        let problem = |bound: &Bound| BindProblem {
            place: bound.part.template.places.first().cloned(),
            first: None,
            hole: String::new(),
            code: Code::OtherTarget.as_str().to_owned(),
            message: format!(
                "a part for QEMU {} is added to a base for QEMU {target}",
                bound.part.template.target
            ),
            help: "compile both for one: `target` says which".to_owned(),
        };
        others.map(problem).collect()
    }
}

impl Equipped<'static, Base> {
    /// The plan of the VM, as if all parts stood in one text, and the file descriptors.
    ///
    /// # Errors
    ///
    /// As of [`Base::plan`], and where file descriptors are too many or too few. They are closed then.
    pub fn plan(self) -> Result<Equipped<'static, Plan>, BindError> {
        let (base, fds) = self.into_parts();
        base.joined(fds)
    }
}

/// For `base!` and `part!`, whose statics are read when they are first needed.
impl Packed<OpenBase> {
    /// The base with a value for each hole, in their order.
    pub fn bind(&self, values: Values) -> Base {
        OpenBase::bind(self, values)
    }

    /// The same with the file descriptors among them.
    pub fn equip(&self, values: Values) -> Equipped<'static, Base> {
        OpenBase::equip(self, values)
    }
}

impl Packed<OpenPart> {
    /// The part with a value for each hole, in their order.
    pub fn bind(&self, values: Values) -> Part {
        OpenPart::bind(self, values)
    }

    /// The same with the file descriptors among them.
    pub fn equip(&self, values: Values) -> Equipped<'static, Part> {
        OpenPart::equip(self, values)
    }
}

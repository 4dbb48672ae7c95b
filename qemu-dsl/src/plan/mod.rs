//! What a compiled VM is: a [`Template`], and the [`Plan`] that it becomes.
//!
//! A template holds QEMU's arguments in pieces: text, and slots for what is numbered late (file descriptors and
//! generated ids), so that fragments can be joined. A plan is complete: final arguments and a table of file
//! descriptors. It can be `static` data, and knows no template: whatever `vm!` compiles costs nothing at run time, and as
//! little as can be to build. A [`Fragment`] is devices for a guest that runs: commands in place of arguments.
//!
//! These types depend on nothing. They know no language and no QEMU, they open nothing and start nothing.

mod arch;
pub mod arguments;
mod blank;
mod escape;
mod fd;
mod fragment;
mod json;
mod mac;
pub mod optlist;
mod os_text;
mod place;
mod rendered;
mod span;
mod target;
mod template;
mod version;

pub use arch::Arch;
pub use blank::{Number, Show, When};
pub use fd::{FIRST_FD, Fd, FdSource};
pub use fragment::{Action, Filling, Fragment, Step};
pub use json::{Json, JsonType, Member};
pub use mac::Mac;
pub use os_text::OsText;
pub use place::Place;
pub use rendered::{Origin, Rendered};
pub use span::Span;
pub use target::{Target, TargetSpec};
pub(crate) use template::Filled;
pub use template::{Arg, FdSlot, GeneratedId, Piece, Template, Text};
pub use version::Version;

use std::borrow::Cow;
use std::ffi::OsStr;

/// A virtual machine that is ready to be run: a program, its arguments, its file descriptors.
///
/// It comes from the compiler, from `vm!`, or, for arguments of one's own, from [`Plan::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    origin: Option<Cow<'static, Origin>>,
    rendered: Cow<'static, Rendered>,
}

impl Plan {
    /// A plan of arguments of one's own, which no compiler has seen.
    pub fn new(
        program: impl Into<OsText>,
        args: impl IntoIterator<Item = impl Into<OsText>>,
        fds: Vec<Fd>,
    ) -> Self {
        Self {
            origin: None,
            rendered: Cow::Owned(Rendered {
                program: program.into(),
                args: args.into_iter().map(Into::into).collect(),
                fds: Cow::Owned(fds),
            }),
        }
    }

    /// The plan of a template.
    pub fn of(template: Template) -> Self {
        Self::filled(&template, &Filled::default())
    }

    /// The plan of a template whose values are there.
    pub(crate) fn filled(template: &Template, filled: &Filled<'_>) -> Self {
        let (origin, rendered) = (template.origin_with(filled), template.fill(filled));
        Self { origin: Some(Cow::Owned(origin)), rendered: Cow::Owned(rendered) }
    }

    /// The plan of a template that was compiled, and rendered, at build time.
    pub const fn of_static(origin: &'static Origin, rendered: &'static Rendered) -> Self {
        Self { origin: Some(Cow::Borrowed(origin)), rendered: Cow::Borrowed(rendered) }
    }

    /// Adds arguments behind the others. They come from nowhere in the source.
    #[must_use]
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<OsText>>) -> Self {
        self.rendered.to_mut().args.to_mut().extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds lines to the table of file descriptors. Their numbers are the next ones, whatever they say.
    ///
    /// ```
    /// use qemu_dsl::plan::{Fd, FdSource, Plan};
    ///
    /// let vhost = |queue| Fd { number: 0, source: FdSource::VhostNet, device: "net0".into(), queue };
    /// let plan = Plan::new("qemu-system-x86_64", ["-S"], vec![]).with_fds([vhost(0)]).with_fds([vhost(1)]);
    /// assert_eq!(plan.fds().iter().map(|fd| fd.number).collect::<Vec<_>>(), [3, 4]);
    /// ```
    #[must_use]
    pub fn with_fds(mut self, fds: impl IntoIterator<Item = Fd>) -> Self {
        let table = self.rendered.to_mut().fds.to_mut();
        let next = table.last().map_or(FIRST_FD, |fd| fd.number + 1);
        table.extend(fds.into_iter().zip(next..).map(|(fd, number)| Fd { number, ..fd }));
        self
    }

    /// The program to run: a path, or a name to be found by `PATH`.
    pub fn program(&self) -> &OsStr {
        self.rendered.program.as_os_str()
    }

    /// The program's arguments, without its own name.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &OsStr> + Clone {
        self.rendered.args.iter().map(OsText::as_os_str)
    }

    /// The file descriptors that the program needs, by rising number from [`FIRST_FD`].
    pub fn fds(&self) -> &[Fd] {
        &self.rendered.fds
    }

    /// The version of QEMU that the arguments are for. Unknown for a plan of [`Plan::new`].
    pub fn target(&self) -> Option<Target> {
        self.origin.as_ref().map(|origin| origin.target)
    }

    /// Where the source says what became the argument at `index`.
    pub fn arg_span(&self, index: usize) -> Option<Span> {
        self.origin.as_ref()?.spans.get(index).copied()
    }

    /// The same by line and column: in the source code of the program for what `vm!` has compiled, in the text for what
    /// the program has.
    pub fn arg_place(&self, index: usize) -> Option<&Place> {
        Place::find(&self.origin.as_ref()?.places, self.arg_span(index)?)
    }
}

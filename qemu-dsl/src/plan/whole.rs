//! A plan: final arguments and file descriptors, as bytes.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;

use super::fd::{FIRST_FD, Fd};
use super::packed::{Items, List, Pack, Unpack, packed};
use super::place::Place;
use super::span::Span;
use super::target::Target;

/// A virtual machine that is ready to be run: a program, its arguments, its file descriptors.
///
/// It comes from the compiler, from `vm!`, or, for arguments of one's own, from [`Plan::new`].
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    packed: Cow<'static, [u8]>,
}

/// What the bytes of a plan are. Each part has the form that it is written or read in.
#[derive(Default)]
pub(super) struct Parts<P, A, F, O> {
    pub(super) program: P,
    pub(super) args: A,
    pub(super) fds: F,
    pub(super) origin: Option<O>,
}

/// Where the arguments of a compiled VM come from.
#[derive(Default)]
pub(super) struct Origin<S, L> {
    /// The version of QEMU that they are for.
    pub(super) target: Target,
    /// Where the source says what became each of them.
    pub(super) spans: S,
    /// The same by line and column.
    pub(super) places: L,
}

packed! {
    struct Parts<'a, P, A, F, O> { program, args, fds, origin }
    struct Origin<'a, S, L> { target, spans, places }
}

/// What is seen of them.
type View<'p> = Parts<&'p OsStr, List<'p, &'p OsStr>, List<'p, Fd<&'p OsStr>>, OriginView<'p>>;
type OriginView<'p> = Origin<List<'p, Span>, List<'p, Place>>;

impl Plan {
    /// A plan of arguments of one's own, which no compiler has seen.
    pub fn new(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        fds: Vec<Fd>,
    ) -> Self {
        let args: Vec<_> = args.into_iter().collect();
        Self::written(
            0,
            &Parts {
                program: program.as_ref(),
                args: Items(args.iter().map(AsRef::as_ref)),
                fds: Items(fds.iter().map(|fd| fd.map(OsString::as_os_str))),
                origin: None::<OriginView<'_>>,
            },
        )
    }

    /// The plan whose bytes these are: what `vm!` has written.
    pub const fn packed(packed: &'static [u8]) -> Self {
        Self { packed: Cow::Borrowed(packed) }
    }

    /// The plan of these parts, for whose bytes there is so much room.
    pub(super) fn written(room: usize, parts: &impl Pack) -> Self {
        let mut packed = Vec::with_capacity(room);
        parts.pack(&mut packed);
        Self { packed: Cow::Owned(packed) }
    }

    /// The bytes of a plan, as `vm!` writes them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.packed
    }

    fn view(&self) -> View<'_> {
        View::unpack(&self.packed).unwrap_or_default()
    }

    /// Says for which QEMU the arguments are, and where a text says each of them.
    ///
    /// ```
    /// use qemu_dsl::plan::Plan;
    /// use qemu_dsl::{Arch, Span, Target, Version};
    ///
    /// let target = Target::new(Arch::X86_64, Version::new(7, 2));
    /// let plan = Plan::new("kvm", ["-S"], vec![]).located(target, [Span::new(4, 6)]);
    /// assert_eq!((plan.target(), plan.arg_span(0)), (Some(target), Some(Span::new(4, 6))));
    /// ```
    #[must_use]
    pub fn located(self, target: Target, spans: impl IntoIterator<Item = Span>) -> Self {
        let Parts { program, args, fds, .. } = self.view();
        let spans: Vec<_> = spans.into_iter().collect();
        let places = Items(std::iter::empty::<Place>());
        let origin = Origin { target, spans: Items(spans.iter().copied()), places };
        Self::written(self.packed.len(), &Parts { program, args, fds, origin: Some(origin) })
    }

    /// Adds arguments behind the others. They come from nowhere in the source.
    #[must_use]
    pub fn with_args(self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let Parts { program, args: own, fds, origin } = self.view();
        let more: Vec<_> = args.into_iter().collect();
        let args = Items(own.chain(more.iter().map(AsRef::as_ref)));
        Self::written(self.packed.len(), &Parts { program, args, fds, origin })
    }

    /// The plan with another argument in the place of the one at `index`.
    pub(super) fn with_arg(&self, index: usize, arg: &OsStr) -> Self {
        let Parts { program, args, fds, origin } = self.view();
        let args = Items(args.enumerate().map(|(at, own)| if at == index { arg } else { own }));
        Self::written(self.packed.len() + arg.len(), &Parts { program, args, fds, origin })
    }

    /// Adds lines to the table of file descriptors. Their numbers are the next ones, whatever they say.
    ///
    /// ```
    /// use qemu_dsl::plan::{Fd, FdSource, Plan};
    ///
    /// let vhost = |queue| Fd { number: 0, source: FdSource::VhostNet, device: "net0".into(), queue };
    /// let plan = Plan::new("qemu-system-x86_64", ["-S"], vec![]).with_fds([vhost(0)]).with_fds([vhost(1)]);
    /// assert_eq!(plan.fds().map(|fd| fd.number).collect::<Vec<_>>(), [3, 4]);
    /// ```
    #[must_use]
    pub fn with_fds(self, fds: impl IntoIterator<Item = Fd>) -> Self {
        let Parts { program, args, fds: own, origin } = self.view();
        let next = own.clone().last().map_or(FIRST_FD, |fd| fd.number.saturating_add(1));
        let numbers = (0..).map(|further| next.saturating_add(further));
        let more: Vec<_> = fds.into_iter().zip(numbers).map(|(fd, number)| Fd { number, ..fd }).collect();
        let fds = Items(own.chain(more.iter().map(|fd| fd.map(OsString::as_os_str))));
        Self::written(self.packed.len(), &Parts { program, args, fds, origin })
    }

    /// The program to run: a path, or a name to be found by `PATH`.
    pub fn program(&self) -> &OsStr {
        self.view().program
    }

    /// The program's arguments, without its own name.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &OsStr> + Clone {
        self.view().args
    }

    /// The file descriptors that the program needs, by rising number from [`FIRST_FD`].
    pub fn fds(&self) -> impl ExactSizeIterator<Item = Fd<&OsStr>> + Clone {
        self.view().fds
    }

    /// The version of QEMU that the arguments are for. Unknown for a plan of [`Plan::new`].
    pub fn target(&self) -> Option<Target> {
        self.view().origin.map(|origin| origin.target)
    }

    /// Where the source says what became the argument at `index`.
    pub fn arg_span(&self, index: usize) -> Option<Span> {
        self.view().origin?.spans.nth(index)
    }

    /// The same by line and column: in the source code of the program for what `vm!` has compiled, in the text for what
    /// the program has.
    pub fn arg_place(&self, index: usize) -> Option<Place> {
        let Origin { mut spans, mut places, .. } = self.view().origin?;
        let span = spans.nth(index)?;
        places.find(|place| place.span == span)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { program, args, fds, origin } = self.view();
        let target = origin.map(|origin| origin.target);
        let mut plan = f.debug_struct("Plan");
        plan.field("program", &program).field("args", &args).field("fds", &fds).field("target", &target);
        plan.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fd, Plan};
    use crate::plan::FdSource;

    #[test]
    fn what_is_added_stands_behind_the_rest() {
        let line = |number| Fd { number, source: FdSource::VhostNet, device: "net0".into(), queue: 0 };
        let plan =
            Plan::new("qemu", ["-S"], vec![line(7)]).with_args(["-m", "1G"]).with_fds([line(0), line(0)]);
        assert_eq!(plan.program(), "qemu");
        assert!(plan.args().eq(["-S", "-m", "1G"]));
        assert!(plan.fds().map(|fd| fd.number).eq([7, 8, 9]));
        assert_eq!((plan.target(), plan.arg_span(0), plan.arg_place(0)), (None, None, None));
        // No process can have it: whoever starts the plan says so.
        let last = Plan::new("qemu", [""; 0], vec![line(u32::MAX)]).with_fds([line(0), line(0)]);
        assert_eq!(last.fds().len(), 3);
    }
}

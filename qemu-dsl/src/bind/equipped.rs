//! Plans, devices and parts together with file descriptors that are open already.

use std::borrow::Cow;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::plan::{Fragment, Packed, Plan};

/// A plan, devices or a part of a VM, with open file descriptors of the program's own: what `vm!` and its kin are with `fds={..}`,
/// `vhostfds={..}` or `fd={..}` in them.
///
/// Whoever starts it, or plugs it in, takes it and what it holds. It can't be cloned: each file descriptor is closed once, also
/// where it is never used. A plan without any becomes one by `from`, so that a function can take both.
#[derive(Debug)]
pub struct Equipped<'a, T: Clone> {
    what: Cow<'a, T>,
    fds: Vec<(u32, OwnedFd)>,
}

impl<'a, T: Clone> Equipped<'a, T> {
    /// What there is, with file descriptors for these lines of its table, counted from 0. Of a part, which has none yet, it is
    /// the number of the value.
    pub(super) const fn new(what: Cow<'a, T>, fds: Vec<(u32, OwnedFd)>) -> Self {
        Self { what, fds }
    }

    /// The file descriptors, and for which lines of the table they are, counted from 0; of a [`Base`](super::Base) or a
    /// [`Part`](super::Part), which have no table yet, of which value.
    pub fn fds(&self) -> impl ExactSizeIterator<Item = (u32, BorrowedFd<'_>)> {
        self.fds.iter().map(|(line, fd)| (*line, fd.as_fd()))
    }

    /// The same with a copy of what it borrows.
    pub fn into_owned(self) -> Equipped<'static, T> {
        Equipped { what: Cow::Owned(self.what.into_owned()), fds: self.fds }
    }

    /// Both.
    pub fn into_parts(self) -> (Cow<'a, T>, Vec<(u32, OwnedFd)>) {
        (self.what, self.fds)
    }
}

impl Equipped<'_, Plan> {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.what
    }
}

impl Equipped<'_, Fragment> {
    /// The devices.
    pub fn fragment(&self) -> &Fragment {
        &self.what
    }
}

impl<'a, T: Clone> From<&'a T> for Equipped<'a, T> {
    fn from(what: &'a T) -> Self {
        Self::new(Cow::Borrowed(what), Vec::new())
    }
}

impl<T: Clone> From<T> for Equipped<'_, T> {
    fn from(what: T) -> Self {
        Self::new(Cow::Owned(what), Vec::new())
    }
}

impl<'a> From<&'a Packed<Fragment>> for Equipped<'a, Fragment> {
    fn from(fragment: &'a Packed<Fragment>) -> Self {
        Self::from(&**fragment)
    }
}

//! Values that options give: known ones, and such as come later.

use crate::Span;
use crate::source::Node;

/// A value that comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// Where it stands.
    pub(crate) span: Span,
    /// The number of its blank.
    pub(crate) blank: u32,
    /// Whether there may be none: then what it is printed in is left out.
    pub(crate) optional: bool,
}

/// The value of an option. What looks at one decides what holds while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Val<T> {
    Known(Node<T>),
    Open(Open),
}

impl<T> Val<T> {
    /// The value, where it is known.
    pub(crate) const fn known(&self) -> Option<&Node<T>> {
        match self {
            Self::Known(node) => Some(node),
            Self::Open(_) => None,
        }
    }

    /// Where it stands.
    pub(crate) const fn span(&self) -> Span {
        match self {
            Self::Known(node) => node.span,
            Self::Open(open) => open.span,
        }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Val<U> {
        match self {
            Self::Known(Node { value, span }) => Val::Known(Node::new(map(value), span)),
            Self::Open(open) => Val::Open(open),
        }
    }
}

/// The value of an option that may be absent.
pub(crate) trait Maybe<T> {
    /// The value, where there is one and it is known.
    fn known(&self) -> Option<&Node<T>>;

    /// Whether there is a value that is known, and of which this holds.
    fn is(&self, what: impl FnOnce(&T) -> bool) -> bool {
        self.known().is_some_and(|node| what(node))
    }

    /// Whether there is a value that comes later.
    fn is_open(&self) -> bool;
}

impl<T> Maybe<T> for Option<Val<T>> {
    fn known(&self) -> Option<&Node<T>> {
        self.as_ref().and_then(Val::known)
    }

    fn is_open(&self) -> bool {
        matches!(self, Some(Val::Open(_)))
    }
}

//! Values that options give: known ones, and such as come later.

use crate::Span;
use crate::source::Node;

/// The value of an option. What looks at one decides what holds while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Val<T> {
    Known(Node<T>),
    /// It comes later: a parameter that has no value yet stands there.
    Open(Span),
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
            Self::Open(span) => *span,
        }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Val<U> {
        match self {
            Self::Known(Node { value, span }) => Val::Known(Node::new(map(value), span)),
            Self::Open(span) => Val::Open(span),
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

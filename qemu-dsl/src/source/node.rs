//! A value and where it stands.

use std::fmt;
use std::ops::Deref;

use crate::Span;

/// A value with its place in the source. Two are equal where the values are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Node<T> {
    pub(crate) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T> Deref for Node<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Node<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Node<T> {}

impl<T: fmt::Display> fmt::Display for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

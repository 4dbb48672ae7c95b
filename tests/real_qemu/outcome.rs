//! How a trial ends.

use std::fmt::Display;

use libtest_mimic::{Completion, Failed};

pub(crate) type Outcome<T = ()> = Result<T, Stop>;

/// Why a trial ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The machine lacks what it needs.
    Lacking(String),
    /// Something is not as it should be.
    Failed(String),
}

impl Stop {
    pub(crate) fn failed(what: impl Display) -> Self {
        Self::Failed(what.to_string())
    }

    pub(crate) fn lacking(what: impl Display) -> Self {
        Self::Lacking(what.to_string())
    }

    /// Adds to a failure. What says more already stays as it is.
    pub(crate) fn with(self, more: &str) -> Self {
        match self {
            Self::Failed(text) if !text.contains("--- ") => Self::Failed(format!("{text}\n{more}")),
            other => other,
        }
    }
}

/// What goes wrong on this side is a failure, too.
impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::failed(error)
    }
}

/// In the words of libtest-mimic.
pub(crate) fn completion(outcome: Outcome) -> Result<Completion, Failed> {
    match outcome {
        Ok(()) => Ok(Completion::Completed),
        Err(Stop::Lacking(what)) => Ok(Completion::ignored_with(what)),
        Err(Stop::Failed(what)) => Err(what.into()),
    }
}

/// Fails unless something is so.
macro_rules! ensure {
    ($so:expr, $($text:tt)+) => {
        if $so { Ok(()) } else { Err($crate::outcome::Stop::failed(format!($($text)+))) }
    };
}
pub(crate) use ensure;

/// Fails unless two values are equal.
pub(crate) fn equal<A: PartialEq<B> + std::fmt::Debug, B: std::fmt::Debug>(
    what: &str,
    found: A,
    expected: B,
) -> Outcome {
    ensure!(found == expected, "{what}: found {found:?}, expected {expected:?}")
}

/// Fails on nothing.
pub(crate) fn some<T>(value: Option<T>, what: impl Display) -> Outcome<T> {
    value.ok_or_else(|| Stop::failed(format!("there is no {what}")))
}

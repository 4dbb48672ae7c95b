//! What is wrong with values.

use std::error::Error;
use std::fmt;

use crate::plan::Place;

/// No plan can be made with these values. All that is wrong is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindError {
    /// What is wrong, in the order of the text.
    pub problems: Vec<BindProblem>,
}

impl BindError {
    /// All problems, in the order of the text, if there are any.
    pub(super) fn of(problems: &mut Vec<BindProblem>) -> Result<(), Self> {
        problems.sort_by_key(|problem| problem.place.as_ref().map(|place| place.span.start));
        if problems.is_empty() { Ok(()) } else { Err(Self { problems: std::mem::take(problems) }) }
    }
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BindProblem {
    /// Where its hole stands: in the program's source for `vm!`. Of what parts of a VM don't agree about, where the later one
    /// says it.
    pub place: Option<Place>,
    /// Where an earlier part says the same.
    pub first: Option<Place>,
    /// What stands in the hole: Rust, or a parameter's name.
    pub hole: String,
    /// The code of the mistake, as `qemu-dslc explain` takes it.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for BindProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.hole.is_empty() {
            write!(f, "{{{}}}: ", self.hole)?;
        }
        write!(f, "{} [{}]", self.message, self.code)?;
        if let Some(first) = &self.first {
            write!(f, ", first at {first}")?;
        }
        write!(f, "; {}", self.help)
    }
}

/// One problem a line.
impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl Error for BindError {}

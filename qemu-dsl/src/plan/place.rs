//! Places in the source code of a program, or in a text.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::packed::packed;
use super::span::Span;

/// A place in the source code of a program, or in a text that it has compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stands there, in the text that was compiled.
    pub span: Span,
    /// The file, as `file!()` has it. A text that the program compiles has none, unless it [says](super::Template::in_file) so.
    pub file: Option<Arc<str>>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

packed! { struct Place<'a> { span, file, line, column } }

impl Place {
    /// The one of what stands at `span`.
    pub(crate) fn find(places: &[Self], span: Span) -> Option<&Self> {
        places.iter().find(|place| place.span == span)
    }

    /// The places, in this file where they are in none.
    pub(super) fn in_file(places: &mut Cow<'static, [Self]>, file: Arc<str>) {
        for place in places.to_mut().iter_mut().filter(|place| place.file.is_none()) {
            place.file = Some(file.clone());
        }
    }
}

/// `src/main.rs:12:9`, or without a file `line 12, column 9`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, .. } = self;
        match file {
            Some(file) => write!(f, "{file}:{line}:{column}"),
            None => write!(f, "line {line}, column {column}"),
        }
    }
}

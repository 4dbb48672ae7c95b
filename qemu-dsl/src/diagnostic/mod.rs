//! What the compiler has to say about a source text.

mod remedy;

use std::fmt;

use crate::Span;
use crate::code::Code;

pub use remedy::{Edit, Fix, Help, Remedy};

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something could be better.
    Advice,
    /// It works, but is deprecated, ambiguous or unsafe.
    Warning,
    /// Nothing is emitted.
    Error,
}

impl Severity {
    /// Its name, as the command line's JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in the source that a diagnostic points at, and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The text beside it. Empty where the message says it all.
    pub text: String,
}

/// One thing that is wrong, or could be better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of mistake it is. Each has a page that explains it.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that can be said.
    pub remedy: Option<Remedy>,
    /// Where: the first is the place to blame. Only what concerns no place in the text (a parameter set from outside
    /// that the text doesn't declare) has none.
    pub labels: Vec<Label>,
    /// Whether it only follows from what the target's schema says of QEMU's own names, which another build of that
    /// version may have otherwise. Such an error can be [lowered](crate::Levels).
    pub by_schema: bool,
}

impl Diagnostic {
    /// One of this code, about no place yet.
    pub fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), remedy: None, labels: Vec::new(), by_schema: false }
    }

    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub(crate) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    pub(crate) fn advice(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Advice, code, message)
    }

    /// Points at `span` without a word: the message says it.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        self.label(span, "")
    }

    /// Points at `span` with something to say about it.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do about it: words, or a remedy that can do it, too.
    #[must_use]
    pub fn help(self, remedy: impl Into<Remedy>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    pub(crate) fn maybe_help(self, remedy: Option<impl Into<Remedy>>) -> Self {
        Self { remedy: remedy.map(Into::into).or(self.remedy), ..self }
    }

    /// The place to blame.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(feature = "miette")]
impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.as_str()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Advice => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.remedy.as_ref().map(|remedy| Box::new(&remedy.help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        if self.labels.is_empty() {
            return None;
        }
        Some(Box::new(self.labels.iter().enumerate().map(|(index, label)| {
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            let span = (label.span.start as usize, label.span.len());
            if index == 0 {
                miette::LabeledSpan::new_primary_with_span(text, span)
            } else {
                miette::LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

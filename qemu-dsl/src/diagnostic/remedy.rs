//! What to do about a diagnostic: in words, and as edits of the text.

use std::fmt;

use crate::Span;
use crate::source::{SourceFile, SourceMap};

/// What to do about a diagnostic.
///
/// ```
/// use qemu_dsl::source::SourceMap;
///
/// let sources = SourceMap::of("web.vm", "memroy 2G");
/// let web = &sources.files()[0];
/// let compiled = qemu_dsl::compile(web.text(), &qemu_dsl::Options::default());
/// let remedy = compiled.diagnostics[0].remedy.as_ref().unwrap();
/// assert_eq!(remedy.help.to_string(), "did you mean `memory`?");
/// assert_eq!(remedy.fixes[0].title(&sources), "write `memory` in place of `memroy`");
/// assert_eq!(remedy.fixes[0].apply(web).unwrap(), "memory 2G");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// In words.
    pub help: Help,
    /// What an editor can do by itself: one of these. Empty where only the text's author knows what is right.
    pub fixes: Vec<Fix>,
}

/// What to do, in words. Its text is that of no front end in particular: one with options and commands of its own
/// words these kinds in its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Help {
    /// What is right everywhere.
    Text(String),
    /// This is most likely what was meant.
    DidYouMean(String),
    /// This statement says it.
    Statement {
        /// Its keyword.
        keyword: &'static str,
        /// A line with it.
        example: &'static str,
    },
    /// The statement is written in another way.
    Form {
        /// Its keyword.
        keyword: &'static str,
        /// A line with it.
        example: &'static str,
    },
    /// Some statement.
    AnyStatement,
    /// Set the parameter from outside, or give it a default.
    SetParameter {
        /// Its name.
        name: String,
    },
    /// Have the text from outside, which the language doesn't take from there by itself.
    Variable {
        /// What to write otherwise.
        text: &'static str,
        /// What it is called.
        name: String,
    },
    /// These parts are one word.
    OneWord(String),
    /// Put braces round what decides about a block.
    Braces {
        /// What stands there, on one line.
        inside: Box<str>,
        /// What to do where no expression can be a condition.
        otherwise: &'static str,
    },
    /// Say outside the text [how grave](crate::Levels) its mistakes are taken.
    SetLevels,
    /// Ask the QEMU that is installed for its version, which the compiler can't.
    AskHost,
}

/// One way to mend the text: all its edits at once. They don't overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// What is changed, in the order of the places.
    pub edits: Vec<Edit>,
}

/// Other text in place of some, or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is taken out. It is empty where text is only added.
    pub span: Span,
    /// What is put there.
    pub text: String,
}

impl Remedy {
    /// Words alone.
    pub fn new(help: impl Into<Help>) -> Self {
        Self { help: help.into(), fixes: Vec::new() }
    }

    /// With one more fix to choose from.
    pub(crate) fn or(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Or put `text` in the place of what stands at `span`.
    pub(crate) fn replace(self, span: Span, text: impl Into<String>) -> Self {
        self.or(Fix::default().replace(span, text))
    }

    /// Or add `text` before the byte `at`.
    pub(crate) fn insert(self, at: u32, text: impl Into<String>) -> Self {
        self.or(Fix::default().insert(at, text))
    }

    /// Or take out what stands at `span`.
    pub(crate) fn remove(self, span: Span) -> Self {
        self.or(Fix::default().remove(span))
    }
}

impl Fix {
    pub(crate) fn replace(mut self, span: Span, text: impl Into<String>) -> Self {
        let at = self.edits.partition_point(|edit| edit.span.start <= span.start);
        self.edits.insert(at, Edit { span, text: text.into() });
        self
    }

    pub(crate) fn insert(self, at: u32, text: impl Into<String>) -> Self {
        self.replace(Span::new(at, at), text)
    }

    pub(crate) fn remove(self, span: Span) -> Self {
        self.replace(span, "")
    }

    /// The text of a file with all edits done that are in it. `None` where they don't fit: it is another text than the
    /// one that was compiled.
    pub fn apply(&self, file: &SourceFile<'_>) -> Option<String> {
        let all = file.span();
        let mut mended = String::with_capacity(all.len());
        let mut done = all.start;
        for Edit { span, text } in &self.edits {
            if (all.start..=all.end).contains(&span.start) {
                mended.push_str(file.slice(Span::new(done, span.start))?);
                mended.push_str(text);
                done = span.end;
            }
        }
        mended.push_str(file.slice(Span::new(done, all.end))?);
        Some(mended)
    }

    /// What it does, as an editor offers it: ``write `memory` in place of `memroy` ``.
    pub fn title(&self, sources: &SourceMap<'_>) -> String {
        let titles: Vec<_> = self.edits.iter().map(|edit| edit.title(sources)).collect();
        titles.join(", ")
    }
}

impl Edit {
    fn title(&self, sources: &SourceMap<'_>) -> String {
        match (sources.text(self.span).unwrap_or_default().trim(), self.text.trim()) {
            ("", new) => format!("add `{new}`"),
            (old, "") => format!("leave out `{old}`"),
            (old, new) => format!("write `{new}` in place of `{old}`"),
        }
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::DidYouMean(meant) => write!(f, "did you mean `{meant}`?"),
            Self::Statement { keyword, example } => write!(f, "write `{keyword}`, as in `{example}`"),
            Self::Form { example, .. } => write!(f, "it is written as in `{example}`"),
            Self::AnyStatement => {
                f.write_str("a statement begins with a keyword, such as `disk` or `netdev`")
            }
            Self::SetParameter { name: _ } => f.write_str("set it, or give it a default"),
            Self::Variable { text, name } => write!(
                f,
                "write {text} itself, or a parameter: `param {name}: string`, and `{{{name}}}` in its place"
            ),
            Self::Braces { otherwise, .. } => f.write_str(otherwise),
            Self::OneWord(word) => write!(f, "`{word}` is one word: write it without a space"),
            Self::SetLevels => {
                f.write_str("leave it out: how grave its mistakes are taken is no part of the text")
            }
            Self::AskHost => {
                f.write_str("write the version of the installed QEMU, which the compiler can't ask")
            }
        }
    }
}

impl From<Help> for Remedy {
    fn from(help: Help) -> Self {
        Self::new(help)
    }
}

impl From<String> for Help {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Help {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::Fix;
    use crate::Span;
    use crate::source::SourceMap;

    fn applied(fix: &Fix, text: &str) -> Option<String> {
        fix.apply(SourceMap::of("", text).files().first().unwrap())
    }

    #[test]
    fn edits_are_done_at_once_in_any_order_of_writing() {
        let fix =
            Fix::default().insert(9, " share").replace(Span::new(0, 6), "memory").remove(Span::new(10, 14));
        assert_eq!(applied(&fix, "memroy 2G fast").as_deref(), Some("memory 2G share "));
        let sources = SourceMap::of("", "memroy 2G fast");
        assert_eq!(fix.title(&sources), "write `memory` in place of `memroy`, add `share`, leave out `fast`");
    }

    #[test]
    fn another_text_is_not_edited() {
        let fix = Fix::default().replace(Span::new(1, 3), "x");
        assert_eq!(applied(&fix, "ab"), None);
        assert_eq!(applied(&fix, "aé"), Some("ax".into()));
        assert_eq!(applied(&fix, "éb"), None);
    }

    #[test]
    fn each_file_has_its_own_edits() {
        let mut sources = SourceMap::of("a", "name a");
        sources.add("b", "name b");
        let fix = Fix::default().replace(Span::new(5, 6), "x").replace(Span::new(12, 13), "y");
        let mended: Vec<_> = sources.files().iter().map(|file| fix.apply(file).unwrap()).collect();
        assert_eq!(mended, ["name x", "name y"]);
    }
}

//! Diagnostics for people and for programs.

use std::fmt;
use std::io::{self, IsTerminal as _};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles};
use qemu_dsl::source::SourceMap;
use qemu_dsl::{Diagnostic, Severity, Span};
use serde::Serialize;
use textwrap::{WordSeparator, WordSplitter};

use crate::emit::line;
use crate::failure::Failure;
use crate::output;
use crate::printable::printable;
use crate::snippet::Snippets;
use crate::wording;

/// How many diagnostics a person is shown.
const SHOWN: usize = 50;

/// The form of the diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// For people: with the lines of the source that they are about
    Human,
    /// For programs: one JSON object a line
    Json,
}

/// Where diagnostics for programs go. Those for people go to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonTo {
    Stdout,
    Stderr,
}

/// Prints the diagnostics of one text after another, and counts them.
#[derive(Debug)]
pub(crate) struct Reporter {
    format: MessageFormat,
    json_to: JsonTo,
    all: Tally,
    shown: Tally,
}

impl Reporter {
    pub(crate) const fn new(format: MessageFormat, json_to: JsonTo) -> Self {
        Self { format, json_to, all: Tally::NONE, shown: Tally::NONE }
    }

    /// Reports on `sources`.
    pub(crate) fn report(
        &mut self,
        sources: &SourceMap<'_>,
        diagnostics: &[Diagnostic],
    ) -> Result<(), Failure> {
        diagnostics.iter().for_each(|diagnostic| self.all.add(diagnostic));
        match self.format {
            MessageFormat::Json => self.json(sources, diagnostics),
            MessageFormat::Human => {
                self.human(sources, diagnostics);
                Ok(())
            }
        }
    }

    /// Whether there was an error.
    pub(crate) const fn failed(&self) -> bool {
        self.all.errors > 0
    }

    /// Prints how many diagnostics there were in all.
    pub(crate) fn finish(&self) {
        if self.format == MessageFormat::Json || self.all == Tally::NONE {
            return;
        }
        let hidden = self.all.without(self.shown);
        if hidden != Tally::NONE {
            output::report(&format!("... and {}\n\n", hidden.words(" more")));
        }
        output::report(&format!("{}\n", self.all.words("")));
    }

    fn json(&self, sources: &SourceMap<'_>, diagnostics: &[Diagnostic]) -> Result<(), Failure> {
        let lines = diagnostics
            .iter()
            .map(|diagnostic| line(&Json::new(sources, diagnostic)))
            .collect::<Vec<_>>()
            .concat();
        match self.json_to {
            JsonTo::Stdout => output::print(&lines),
            JsonTo::Stderr => {
                output::report(&String::from_utf8_lossy(&lines));
                Ok(())
            }
        }
    }

    fn human(&mut self, sources: &SourceMap<'_>, diagnostics: &[Diagnostic]) {
        let chosen = choose(diagnostics, SHOWN.saturating_sub(self.shown.count()));
        if chosen.is_empty() {
            return;
        }
        let snippets = Snippets::new(sources);
        let handler = handler();
        let mut text = String::new();
        for diagnostic in chosen {
            self.shown.add(diagnostic);
            let located = Located {
                diagnostic,
                snippets: &snippets,
                // Where no snippet says which file it is about, the message does.
                message: if diagnostic.labels.is_empty() {
                    printable(&format!("{}: {}", file(sources, diagnostic), diagnostic.message)).into_owned()
                } else {
                    printable(&diagnostic.message).into_owned()
                },
            };
            // Writing to a string doesn't fail, and a snippet that can't be shown leaves the message.
            let _ = handler.render_report(&mut text, &located);
            text.push('\n');
        }
        output::report(&text);
    }
}

/// The file that it is about.
fn file<'s>(sources: &'s SourceMap<'_>, diagnostic: &Diagnostic) -> &'s str {
    let place = diagnostic.span().unwrap_or_default();
    sources.file(place).map_or("", |file| file.name())
}

/// At most `limit` of the diagnostics, errors before the rest, all in the order they have.
fn choose(diagnostics: &[Diagnostic], limit: usize) -> Vec<&Diagnostic> {
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
    let mut others = limit.saturating_sub(diagnostics.iter().filter(is_error).count());
    let worth = |diagnostic: &&Diagnostic| {
        is_error(diagnostic) || {
            let left = others > 0;
            others = others.saturating_sub(1);
            left
        }
    };
    diagnostics.iter().filter(worth).take(limit).collect()
}

/// What suits standard error: colours and line drawings only where it is a terminal, and wrapped lines likewise.
fn handler() -> GraphicalReportHandler {
    let terminal = io::stderr().is_terminal();
    let theme = GraphicalTheme {
        characters: if terminal && supports_unicode::supports_unicode() {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        // This knows NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        styles: if AutoStream::choice(&io::stderr()) == ColorChoice::Never {
            ThemeStyles::none()
        } else {
            ThemeStyles::ansi()
        },
    };
    let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
    GraphicalReportHandler::new_themed(theme)
        .with_width(width.max(40))
        .with_wrap_lines(terminal)
        // What is to be written, or a path, is one word, to be copied in one piece.
        .with_break_words(false)
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation)
}

/// A diagnostic and the text that it is about.
#[derive(Debug)]
struct Located<'d> {
    diagnostic: &'d Diagnostic,
    snippets: &'d Snippets<'d>,
    message: String,
}

impl fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Located<'_> {}

impl miette::Diagnostic for Located<'_> {
    /// With the severity's name: a sign alone says little where there are no colours.
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let Diagnostic { severity, code, .. } = self.diagnostic;
        Some(Box::new(format!("{}: {}", severity.name(), code.as_str())))
    }

    fn severity(&self) -> Option<miette::Severity> {
        miette::Diagnostic::severity(self.diagnostic)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = wording::help(&self.diagnostic.remedy.as_ref()?.help);
        Some(Box::new(printable(&help).into_owned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.snippets)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.diagnostic.labels.iter().enumerate().map(|(index, label)| {
            let text = (!label.text.is_empty()).then(|| printable(&label.text).into_owned());
            let span = self.snippets.visible(label.span);
            match index {
                0 => LabeledSpan::new_primary_with_span(text, span),
                _ => LabeledSpan::new_with_span(text, span),
            }
        });
        Some(Box::new(labels))
    }
}

/// The members' order is part of the format.
#[derive(Serialize)]
struct Json<'d> {
    code: &'static str,
    severity: &'static str,
    message: &'d str,
    help: Option<String>,
    labels: Vec<JsonText<'d>>,
    file: &'d str,
    remedies: Vec<JsonRemedy<'d>>,
}

/// A text at a place in a file.
#[derive(Serialize)]
struct JsonText<'d> {
    start: u32,
    end: u32,
    text: &'d str,
    line: u32,
    column: u32,
    file: &'d str,
}

/// One way to mend the file: all its edits.
#[derive(Serialize)]
struct JsonRemedy<'d> {
    title: String,
    edits: Vec<JsonText<'d>>,
}

impl<'d> Json<'d> {
    fn new(sources: &'d SourceMap<'_>, diagnostic: &'d Diagnostic) -> Self {
        let text = |span, text| JsonText::new(sources, span, text);
        let remedy = diagnostic.remedy.as_ref();
        let fixes = remedy.map_or(&[][..], |remedy| &remedy.fixes).iter();
        Self {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.name(),
            message: &diagnostic.message,
            help: remedy.map(|remedy| wording::help(&remedy.help)),
            labels: diagnostic.labels.iter().map(|label| text(label.span, &label.text)).collect(),
            file: file(sources, diagnostic),
            remedies: fixes
                .map(|fix| JsonRemedy {
                    title: fix.title(sources),
                    edits: fix.edits.iter().map(|edit| text(edit.span, &edit.text)).collect(),
                })
                .collect(),
        }
    }
}

impl<'d> JsonText<'d> {
    fn new(sources: &'d SourceMap<'_>, span: Span, text: &'d str) -> Self {
        let (base, line, column, file) = sources.locate(span).map_or((0, 0, 0, ""), |(file, position)| {
            (file.span().start, position.line, position.column, file.name())
        });
        Self { start: span.start - base, end: span.end - base, text, line, column, file }
    }
}

/// Numbers of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    errors: usize,
    warnings: usize,
    advice: usize,
}

impl Tally {
    const NONE: Self = Self { errors: 0, warnings: 0, advice: 0 };

    fn add(&mut self, diagnostic: &Diagnostic) {
        match diagnostic.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Advice => self.advice += 1,
        }
    }

    const fn count(self) -> usize {
        self.errors + self.warnings + self.advice
    }

    const fn without(self, other: Self) -> Self {
        Self {
            errors: self.errors - other.errors,
            warnings: self.warnings - other.warnings,
            advice: self.advice - other.advice,
        }
    }

    /// `2 more errors, 1 more warning`.
    fn words(self, more: &str) -> String {
        let kinds = [
            (self.errors, "error", "errors"),
            (self.warnings, "warning", "warnings"),
            (self.advice, "piece of advice", "pieces of advice"),
        ];
        let words: Vec<_> = kinds
            .iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count}{more} {}", if *count == 1 { one } else { many }))
            .collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use miette::{GraphicalReportHandler, GraphicalTheme};
    use qemu_dsl::source::SourceMap;
    use qemu_dsl::{Code, Diagnostic, Severity, Span};

    use super::{Json, Located, Tally, choose};
    use crate::snippet::Snippets;

    fn diagnostic(severity: Severity, spans: &[(usize, usize)]) -> Diagnostic {
        let diagnostic = Diagnostic::new(severity, Code::Comma, "message");
        spans.iter().fold(diagnostic, |diagnostic, &(start, end)| {
            diagnostic.label(Span::new(start as u32, end as u32), "label")
        })
    }

    fn plain() -> GraphicalReportHandler {
        GraphicalReportHandler::new_themed(GraphicalTheme::none())
    }

    fn render(text: &str, spans: &[(usize, usize)]) -> String {
        render_with(&plain(), &SourceMap::of("a.vm", text), spans)
    }

    fn render_with(
        handler: &GraphicalReportHandler,
        sources: &SourceMap<'_>,
        spans: &[(usize, usize)],
    ) -> String {
        let mut out = String::new();
        let located = Located {
            diagnostic: &diagnostic(Severity::Error, spans),
            snippets: &Snippets::new(sources),
            message: "message".into(),
        };
        let rendered = handler.render_report(&mut out, &located);
        assert!(rendered.is_ok(), "{sources:?} {spans:?}");
        out
    }

    #[test]
    fn counts_read_well() {
        let tally = Tally { errors: 2, warnings: 1, advice: 0 };
        assert_eq!(tally.words(""), "2 errors, 1 warning");
        assert_eq!(tally.words(" more"), "2 more errors, 1 more warning");
    }

    #[test]
    fn errors_come_before_warnings_when_not_all_are_shown() {
        let mut diagnostics = vec![diagnostic(Severity::Warning, &[]); 3];
        diagnostics.push(diagnostic(Severity::Error, &[]));
        diagnostics.push(diagnostic(Severity::Advice, &[]));
        let chosen = |limit| -> Vec<_> {
            choose(&diagnostics, limit).iter().map(|diagnostic| diagnostic.severity).collect()
        };
        assert_eq!(chosen(1), [Severity::Error]);
        assert_eq!(chosen(2), [Severity::Warning, Severity::Error]);
        assert_eq!(chosen(9).len(), 5);
        assert_eq!(chosen(0), []);
    }

    #[test]
    fn places_far_apart_are_two_snippets() {
        let text = format!("first\n{}last\n", "between\n".repeat(40));
        let report = render(&text, &[(0, 5), (text.len() - 5, text.len() - 1)]);
        assert!(report.contains("[a.vm:1:1]") && report.contains("[a.vm:42:1]"), "{report}");
        assert_eq!(report.matches("between").count(), 2, "{report}");
    }

    #[test]
    fn a_long_line_is_cut_round_the_place() {
        let text = format!("{}wrong {}", "ä ".repeat(50_000), "b ".repeat(50_000));
        let report = render(&text, &[(150_000, 150_005)]);
        assert!(report.len() < 1000, "{report}");
        assert!(report.contains("wrong") && report.contains("[a.vm:1:100001]"), "{report}");
    }

    #[test]
    fn a_place_of_many_lines_is_shown_by_its_first() {
        let text = "/* open\n".repeat(1000);
        let report = render(&text, &[(0, text.len())]);
        assert!(report.lines().count() < 12, "{report}");
    }

    #[test]
    fn the_end_of_the_text_can_be_pointed_at() {
        let report = render("disk id=", &[(8, 8)]);
        assert!(report.contains("[a.vm:1:8]") && report.contains("label"), "{report}");
        render("", &[(0, 0)]);
    }

    #[test]
    fn labels_in_two_files_are_two_snippets() {
        let mut sources = SourceMap::of("a.vm", "name a\nmemory 1G\n");
        let b = sources.add("b.vm", "\nmemory 2G\n");
        let report =
            render_with(&plain(), &sources, &[(7, 13), (b.start as usize + 1, b.start as usize + 7)]);
        assert!(report.contains("[a.vm:2:1]") && report.contains("[b.vm:2:1]"), "{report}");
        assert!(report.contains("1G") && report.contains("2G") && report.contains("name a"), "{report}");
    }

    #[test]
    fn programs_are_told_offsets_in_the_file() {
        let mut sources = SourceMap::of("a.vm", "name a");
        let b = sources.add("b.vm", "ö memory");
        let diagnostic = diagnostic(Severity::Error, &[(b.start as usize + 3, b.start as usize + 9)]);
        let json = serde_json::to_value(Json::new(&sources, &diagnostic)).unwrap_or_default();
        let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!((at("/file"), at("/labels/0/file")), ("b.vm".into(), "b.vm".into()));
        assert_eq!([at("/labels/0/start"), at("/labels/0/end")], [3, 9]);
        assert_eq!([at("/labels/0/line"), at("/labels/0/column")], [1, 3]);
    }

    /// Also spans that no compiler should give: a report must never be worse than the mistake.
    #[test]
    fn no_text_and_no_span_breaks_a_report() {
        let handler = plain();
        let mut rng = Rng::with_seed(1);
        for _ in 0..3000 {
            let pieces = ["a", "word ", "\n", "\r\n", "\r", "\t", "ö", "日本", "\u{1b}[1m", "\u{202e}"];
            let text: String = (0..rng.usize(0..40))
                .filter_map(|_| Some(rng.choice(pieces)?.repeat(if rng.u8(0..20) == 0 { 300 } else { 1 })))
                .collect();
            let mut offset = || rng.usize(0..text.len() + 3);
            let spans: Vec<_> = (0..3).map(|_| (offset(), offset())).collect();
            let mut sources = SourceMap::of("a.vm", text);
            sources.add("b.vm", "name b");
            let report = render_with(&handler, &sources, &spans);
            assert!(!report.contains(['\u{1b}', '\u{202e}']));
        }
    }
}

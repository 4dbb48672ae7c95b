//! The part of a text that a report shows.

use std::borrow::Cow;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::printable::printable;
use crate::source::Source;

/// The longest part of a text that is shown. Beyond it, two places are shown apart.
const LONGEST: usize = 2000;
/// How much of a line, or of the lines round it, is shown before and after a place.
const MARGIN: usize = 400;
/// Where that is more, the line is cut this far from the place.
const CUT: usize = 60;

/// A text, ready to be quoted from.
///
/// miette's own reading of a text counts its lines from the start for every place, shows lines of any length in full,
/// and takes what lies between two labels for one snippet unless they are as far apart as the first is from the
/// start. This one has a table of lines, cuts long ones, and shows only what is near.
#[derive(Debug)]
pub(crate) struct Snippets<'s> {
    name: Cow<'s, str>,
    text: Cow<'s, str>,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl<'s> Snippets<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        let text = printable(&source.text);
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = [0].into_iter().chain(ends.map(|(end, _)| end + 1)).collect();
        Self { name: printable(&source.name), text, lines }
    }

    /// The part of a span that is underlined: from its start, not beyond the text, and not for pages.
    pub(crate) fn visible(&self, start: usize, end: usize) -> SourceSpan {
        // At the very end there is no character to point at but the last.
        let start = self.text.floor_char_boundary(start.min(self.text.len().saturating_sub(1)));
        let end = self.text.ceil_char_boundary(end.clamp(start, self.text.len()));
        let line = self.line_at(start);
        let end = if self.line_at(end) > line + 5 {
            self.end_of(line).saturating_sub(1).max(start)
        } else {
            self.text.floor_char_boundary(end.min(start + MARGIN))
        };
        (start, end - start).into()
    }

    /// The index of the line that `offset` is in.
    fn line_at(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn start_of(&self, line: usize) -> usize {
        self.lines.get(line).copied().unwrap_or(self.text.len())
    }

    /// Behind the line's end.
    fn end_of(&self, line: usize) -> usize {
        self.start_of(line + 1)
    }
}

impl SourceCode for Snippets<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        if end > self.text.len() || span.len() > LONGEST {
            return Err(MietteError::OutOfBounds);
        }
        let line = self.line_at(start);
        let last = self.line_at(end.saturating_sub(1).max(start));

        let mut first = line.saturating_sub(lines_before);
        if start - self.start_of(first) > MARGIN {
            first = line;
        }
        let mut from = self.start_of(first);
        if start - from > MARGIN {
            from = self.text.floor_char_boundary(start - CUT);
        }
        let mut to = self.end_of(last + lines_after);
        if to - end > MARGIN {
            to = self.end_of(last);
        }
        if to.saturating_sub(end) > MARGIN {
            to = self.text.ceil_char_boundary(end + CUT);
        }

        let quoted = self.text.get(from..to).ok_or(MietteError::OutOfBounds)?;
        // Asked for a place without its surroundings, miette wants to print where it is.
        let column = match lines_before {
            0 => self.text.get(self.start_of(line)..start).unwrap_or_default().chars().count(),
            _ => 0,
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone().into_owned(),
            quoted.as_bytes(),
            (from, to - from).into(),
            first,
            column,
            self.line_at(to.saturating_sub(1).max(from)) + 1 - first,
        )))
    }
}

//! The part of a text that a report shows.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use qemu_dsl::Span;
use qemu_dsl::source::{SourceFile, SourceMap};

use crate::printable::printable;

/// The longest part of a text that is shown. Beyond it, two places are shown apart.
const LONGEST: u32 = 2000;
/// How much of a line, or of the lines round it, is shown before and after a place.
const MARGIN: u32 = 400;
/// Where that is more, the line is cut this far from the place.
const CUT: u32 = 60;

/// Texts, ready to be quoted from.
///
/// A [`SourceMap`] by itself shows lines of any length in full, and takes what lies between two labels for one snippet,
/// however far apart they are. This cuts long lines, and shows only what is near.
#[derive(Debug)]
pub(crate) struct Snippets<'s> {
    sources: SourceMap<'s>,
}

impl<'s> Snippets<'s> {
    pub(crate) fn new(sources: &'s SourceMap<'_>) -> Self {
        let mut printed = SourceMap::new();
        for file in sources.files() {
            // As many bytes as before, so that spans stay right.
            printed.add(printable(file.name()), printable(file.text()));
        }
        Self { sources: printed }
    }

    /// The part of a span that is underlined: from its start, not beyond the file, and not for pages.
    pub(crate) fn visible(&self, span: Span) -> SourceSpan {
        let Some(file) = self.sources.file(span).or(self.sources.files().last()) else {
            return (0, 0).into();
        };
        let all = file.span();
        // At the very end there is no character to point at but the last.
        let start = floor(file, span.start.min(all.end.saturating_sub(1)).max(all.start));
        let end = ceil(file, span.end.clamp(start, all.end));
        let line = file.line_of(start);
        let end = if file.line_of(end) > line + 5 {
            end_of(file, line).saturating_sub(1).max(start)
        } else {
            floor(file, end.min(start.saturating_add(MARGIN)))
        };
        (start as usize, (end - start) as usize).into()
    }
}

/// The character's start that `offset` is in.
fn floor(file: &SourceFile<'_>, offset: u32) -> u32 {
    let start = file.span().start;
    start + file.text().floor_char_boundary((offset - start) as usize) as u32
}

/// The character's end that `offset` is in.
fn ceil(file: &SourceFile<'_>, offset: u32) -> u32 {
    let start = file.span().start;
    start + file.text().ceil_char_boundary((offset - start) as usize) as u32
}

fn start_of(file: &SourceFile<'_>, line: usize) -> u32 {
    file.line(line).map_or(file.span().end, |line| line.start)
}

/// Behind the line's end.
fn end_of(file: &SourceFile<'_>, line: usize) -> u32 {
    start_of(file, line + 1)
}

impl SourceCode for Snippets<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let offset = |at: usize| u32::try_from(at).map_err(|_| MietteError::OutOfBounds);
        let (start, end) = (offset(span.offset())?, offset(span.offset() + span.len())?);
        let file = self.sources.file(Span::new(start, end)).ok_or(MietteError::OutOfBounds)?;
        if end > file.span().end || end - start > LONGEST {
            return Err(MietteError::OutOfBounds);
        }
        let line = file.line_of(start);
        let last = file.line_of(end.saturating_sub(1).max(start));

        let mut first = line.saturating_sub(lines_before);
        if start - start_of(file, first) > MARGIN {
            first = line;
        }
        let mut from = start_of(file, first);
        if start - from > MARGIN {
            from = floor(file, start - CUT);
        }
        let mut to = end_of(file, last + lines_after);
        if to - end > MARGIN {
            to = end_of(file, last);
        }
        if to.saturating_sub(end) > MARGIN {
            to = ceil(file, end + CUT);
        }

        let quoted = file.slice(Span::new(from, to)).ok_or(MietteError::OutOfBounds)?;
        // Asked for a place without its surroundings, miette wants to print where it is.
        let column = match lines_before {
            0 => file.position(start).column as usize - 1,
            _ => 0,
        };
        Ok(Box::new(MietteSpanContents::new_named(
            file.name().to_owned(),
            quoted.as_bytes(),
            (from as usize, quoted.len()).into(),
            first,
            column,
            file.line_of(to.saturating_sub(1).max(from)) + 1 - first,
        )))
    }
}

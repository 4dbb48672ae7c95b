//! Texts in one space of offsets: where a span is, in which file, line and column.

use std::borrow::Cow;

use crate::Span;

/// The files of a VM's text. Their offsets follow each other, so that a [`Span`] tells which of them it is in.
///
/// The first file's begin at 0: a text that is compiled alone has the spans that it has in a map of its own.
///
/// ```
/// use qemu_dsl::source::{Position, SourceMap};
///
/// let sources = SourceMap::of("web.vm", "name web\nmemroy 2G\n");
/// let compiled = qemu_dsl::compile("name web\nmemroy 2G\n", &qemu_dsl::Options::default());
/// let (file, position) = sources.locate(compiled.diagnostics[0].span().unwrap()).unwrap();
/// assert_eq!((file.name(), position), ("web.vm", Position { line: 2, column: 1 }));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SourceMap<'t> {
    files: Vec<SourceFile<'t>>,
}

/// A file of a [`SourceMap`].
#[derive(Clone, Debug)]
pub struct SourceFile<'t> {
    name: Cow<'t, str>,
    text: Cow<'t, str>,
    start: u32,
    /// Where each line starts, from the file's start.
    lines: Vec<u32>,
    /// How many characters there are before each so-and-so-many bytes. Empty where each byte is a character.
    characters: Vec<u32>,
}

/// So many bytes are between two of the counts of characters: no more need be looked at for one, however long the line.
const STRIDE: usize = 256;

/// A place in a file, as people count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
}

impl<'t> SourceMap<'t> {
    /// A map without files.
    pub const fn new() -> Self {
        Self { files: Vec::new() }
    }

    /// A map of one file.
    pub fn of(name: impl Into<Cow<'t, str>>, text: impl Into<Cow<'t, str>>) -> Self {
        let mut map = Self::new();
        map.add(name, text);
        map
    }

    /// Adds a file, and tells its span. What there is of all files beyond 4 GiB has no place.
    pub fn add(&mut self, name: impl Into<Cow<'t, str>>, text: impl Into<Cow<'t, str>>) -> Span {
        // One apart, so that the end of a file is not the start of the next.
        let start = self.files.last().map_or(0, |last| last.span().end.saturating_add(1));
        let text = text.into();
        let starts = text.match_indices('\n').filter_map(|(end, _)| u32::try_from(end + 1).ok());
        let lines = [0].into_iter().chain(starts).collect();
        let mut characters = Vec::new();
        if !text.is_ascii() {
            let mut before = 0;
            for bytes in text.as_bytes().chunks(STRIDE) {
                characters.push(before);
                before += count(bytes);
            }
        }
        let file = SourceFile { name: name.into(), text, start, lines, characters };
        let span = file.span();
        self.files.push(file);
        span
    }

    /// The files, in the order of their offsets.
    pub fn files(&self) -> &[SourceFile<'t>] {
        &self.files
    }

    /// The file that `span` starts in.
    pub fn file(&self, span: Span) -> Option<&SourceFile<'t>> {
        let beyond = self.files.partition_point(|file| file.start <= span.start);
        self.files.get(beyond.checked_sub(1)?).filter(|file| span.start <= file.span().end)
    }

    /// The file and the position where `span` starts.
    pub fn locate(&self, span: Span) -> Option<(&SourceFile<'t>, Position)> {
        let file = self.file(span)?;
        Some((file, file.position(span.start)))
    }

    /// What stands at `span`.
    pub fn text(&self, span: Span) -> Option<&str> {
        self.file(span)?.slice(span)
    }
}

/// For miette's reports: the lines of the file that a label is in.
#[cfg(feature = "miette")]
impl miette::SourceCode for SourceMap<'_> {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let beyond = || miette::MietteError::OutOfBounds;
        let offset = |at: usize| u32::try_from(at).map_err(|_| beyond());
        let span = Span::new(offset(span.offset())?, offset(span.offset() + span.len())?);
        let file = self.file(span).filter(|file| span.end <= file.span().end).ok_or_else(beyond)?;
        let line = file.line_of(span.start);
        let first = line.saturating_sub(lines_before);
        let last = file.line_of(span.end.saturating_sub(1).max(span.start)) + lines_after;
        let start = file.line(first).ok_or_else(beyond)?.start;
        let end = file.line(last).map_or(file.span().end, |line| line.end);
        // Asked for a place without its surroundings, miette wants to print where it is.
        let (start, column) = match lines_before {
            0 => (span.start, file.position(span.start).column as usize - 1),
            _ => (start, 0),
        };
        let shown = Span::new(start, end);
        Ok(Box::new(miette::MietteSpanContents::new_named(
            file.name().to_owned(),
            file.slice(shown).ok_or_else(beyond)?.as_bytes(),
            (start as usize, shown.len()).into(),
            first,
            column,
            file.line_of(end.saturating_sub(1).max(start)) + 1 - first,
        )))
    }
}

impl SourceFile<'_> {
    /// What its author calls it: most often its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All of it.
    pub fn span(&self) -> Span {
        let length = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        Span::new(self.start, self.start.saturating_add(length))
    }

    /// What stands at `span`, where that is in this file.
    pub fn slice(&self, span: Span) -> Option<&str> {
        let local = |offset: u32| Some(offset.checked_sub(self.start)? as usize);
        self.text.get(local(span.start)?..local(span.end)?)
    }

    /// Where a byte is. What lies beyond the file is at its end.
    pub fn position(&self, offset: u32) -> Position {
        let local = offset.saturating_sub(self.start).min(self.span().len() as u32);
        let line = self.line_of(offset);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.characters_before(local) - self.characters_before(start);
        Position { line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1), column: column + 1 }
    }

    /// How many characters begin before a byte, counted from the file's start as that is.
    fn characters_before(&self, local: u32) -> u32 {
        let stride = local as usize / STRIDE;
        let Some(before) = self.characters.get(stride).or(self.characters.last()) else { return local };
        let counted = stride.min(self.characters.len() - 1) * STRIDE;
        before + count(self.text.as_bytes().get(counted..local as usize).unwrap_or_default())
    }

    /// The byte at a position, or the end of its line where that is shorter. `None` where there is no such line.
    pub fn offset(&self, position: Position) -> Option<u32> {
        let line = self.line(position.line.checked_sub(1)? as usize)?;
        let text = self.slice(line)?;
        let end = line.end - u32::from(text.ends_with('\n'));
        let columns = position.column.checked_sub(1)?;
        if self.characters.is_empty() {
            return Some(line.start.saturating_add(columns).min(end));
        }
        // From the last count before it on.
        let wanted = self.characters_before(line.start - self.start).saturating_add(columns);
        let stride = self.characters.partition_point(|before| *before <= wanted).saturating_sub(1);
        let counted = stride * STRIDE;
        let rest = self.text.as_bytes().get(counted..)?;
        let missing = (wanted - self.characters.get(stride)?) as usize;
        let begins = rest.iter().enumerate().filter(|(_, byte)| begins_character(**byte));
        let at = begins.map(|(at, _)| counted + at).nth(missing).unwrap_or(self.text.len());
        Some(u32::try_from(at).ok()?.saturating_add(self.start).min(end))
    }

    /// The index of the line, from 0, that a byte is in.
    pub fn line_of(&self, offset: u32) -> usize {
        let local = offset.saturating_sub(self.start);
        self.lines.partition_point(|start| *start <= local).saturating_sub(1)
    }

    /// The line of this index, from 0, with its end.
    pub fn line(&self, index: usize) -> Option<Span> {
        let start = self.start + self.lines.get(index)?;
        let end = self.lines.get(index + 1).map_or(self.span().end, |next| self.start + next);
        Some(Span::new(start, end))
    }
}

/// How many characters begin in a piece of a text.
fn count(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| begins_character(**byte)).count() as u32
}

const fn begins_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Position, SourceMap};
    use crate::Span;

    fn two() -> SourceMap<'static> {
        let mut map = SourceMap::of("a.vm", "name größe\nmemory 1G");
        assert_eq!(map.add("b.vm", "\nrtc\n"), Span::new(23, 28));
        map
    }

    #[test]
    fn a_span_is_in_one_file() {
        let map = two();
        let name = |start, end| map.file(Span::new(start, end)).map(|file| file.name().to_owned());
        assert_eq!(name(0, 4).as_deref(), Some("a.vm"));
        assert_eq!(name(22, 22).as_deref(), Some("a.vm"));
        assert_eq!(name(23, 23).as_deref(), Some("b.vm"));
        assert_eq!(name(28, 28).as_deref(), Some("b.vm"));
        assert_eq!(name(29, 30), None);
        assert_eq!(map.text(Span::new(24, 27)), Some("rtc"));
        assert_eq!(map.text(Span::new(20, 25)), None);
        assert_eq!(SourceMap::new().locate(Span::new(0, 0)).map(|(_, at)| at), None);
    }

    #[test]
    fn places_are_counted_in_characters_and_lines() {
        let map = two();
        let at = |offset| {
            let (file, position) = map.locate(Span::new(offset, offset)).unwrap();
            assert_eq!(file.offset(position), Some(offset));
            (position.line, position.column)
        };
        assert_eq!([0, 7, 9, 12].map(at), [(1, 1), (1, 8), (1, 9), (1, 11)]);
        assert_eq!([13, 22, 23, 24, 27, 28].map(at), [(2, 1), (2, 10), (1, 1), (2, 1), (2, 4), (3, 1)]);
    }

    /// Lines of all lengths, so that the counts lie before, in and behind them, and in the middle of characters.
    #[test]
    fn long_lines_are_counted_like_short_ones() {
        for (word, lines) in [("memory ", 3), ("größe", 40), ("日本", 300), ("🦀\n", 200), ("", 1)] {
            let text = format!("{}\n", word.repeat(97)).repeat(lines);
            let map = SourceMap::of("a.vm", text.as_str());
            let file = map.files().first().unwrap();
            let mut expected = Position { line: 1, column: 1 };
            for (at, c) in text.char_indices().step_by(7).take(3000) {
                let before = text.get(..at).unwrap();
                expected.line = before.matches('\n').count() as u32 + 1;
                expected.column = before.rsplit('\n').next().unwrap().chars().count() as u32 + 1;
                assert_eq!(file.position(at as u32), expected, "{at} {c}");
                assert_eq!(file.offset(expected), Some(at as u32), "{at} {c}");
            }
        }
    }

    #[test]
    fn a_position_beyond_its_line_is_at_the_end_of_that() {
        let map = two();
        let file = map.files().first().unwrap();
        assert_eq!(file.offset(Position { line: 1, column: 99 }), Some(12));
        assert_eq!(file.offset(Position { line: 2, column: 99 }), Some(22));
        assert_eq!(file.offset(Position { line: 3, column: 1 }), None);
        assert_eq!(file.offset(Position { line: 0, column: 0 }), None);
        assert_eq!(file.position(99), Position { line: 2, column: 10 });
    }
}

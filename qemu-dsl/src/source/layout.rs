//! Lines. They mean nothing to the language, but where its words make no sense they tell what was meant.

/// How far what begins at `at` is indented, where it is the first of its line.
pub(crate) fn indentation(source: &str, at: u32) -> Option<usize> {
    let before = source.as_bytes().get(..at as usize)?;
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = before.len() - blanks;
    (start == 0 || matches!(before.get(start - 1), Some(b'\n' | b'\r'))).then_some(blanks)
}

/// Whether what begins at `at` most likely begins a statement, behind one that begins at `first` and makes no sense: it
/// begins a line that is indented no deeper.
pub(crate) fn begins_anew(source: &str, at: u32, first: u32) -> bool {
    let Some(indent) = indentation(source, at) else { return false };
    // The text of `vm!` begins with its first word: how far that is indented it doesn't tell.
    let reference = indentation(source, first).filter(|indent| (first as usize) > *indent);
    reference.is_none_or(|reference| indent <= reference)
}

/// Whether there is no line end between two places.
pub(crate) fn same_line(source: &str, from: u32, to: u32) -> bool {
    source.get(from as usize..to as usize).is_some_and(|between| !between.contains(['\n', '\r']))
}

//! Where a text has values, told without the compiler.

use std::ops::Range;

use qemu_dsl::TABLE;

/// The values of a text that a parameter can stand for: behind `=`, and behind a keyword that takes one.
pub(crate) fn values(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut takes = false;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.starts_with("//") || line.starts_with("param") {
            continue;
        }
        let bytes = line.as_bytes();
        let mut i = 0;
        while let Some(byte) = bytes.get(i) {
            if byte.is_ascii_whitespace() {
                i += 1;
                continue;
            }
            let begin = i;
            let mut quoted = false;
            while bytes.get(i).is_some_and(|byte| quoted || !byte.is_ascii_whitespace()) {
                quoted ^= bytes.get(i) == Some(&b'"');
                // An escaped quote ends nothing.
                i += if bytes.get(i) == Some(&b'\\') { 2 } else { 1 };
            }
            let word = line.get(begin..i).unwrap();
            let value = word.find('=').filter(|equals| !word.get(..*equals).unwrap().contains('"'));
            match value {
                Some(equals) => found.push(start + begin + equals + 1..start + i),
                None if takes => found.push(start + begin..start + i),
                None => {}
            }
            let spec = TABLE.find(word);
            takes = spec.is_some_and(|spec| {
                spec.keyword != "arg"
                    && spec
                        .forms
                        .iter()
                        .any(|form| form.positionals().next().is_some() && form.kinds().next().is_none())
            });
        }
    }
    found
}

/// A value as it is written, without its quotes. Those with escapes or holes are left out.
pub(crate) fn unquoted(value: &str) -> Option<&str> {
    let text = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (!text.contains(['"', '\\', '{', '}', '#'])).then_some(text)
}

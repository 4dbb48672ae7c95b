//! Text that may be shown on a terminal.

use std::borrow::Cow;

/// `text` with a stand-in of as many bytes for every character that would steer a terminal or reorder what it shows.
/// Line ends, also `\r\n`, and tabs stay. As no byte moves, spans stay right.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '\r' || steers(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let harmless = !steers(c) && (c != '\r' || chars.peek() == Some(&'\n'));
        out.push(match c.len_utf8() {
            _ if harmless => c,
            1 => '?',
            2 => '\u{b7}',
            _ => char::REPLACEMENT_CHARACTER,
        });
    }
    Cow::Owned(out)
}

/// Whether `c` is a control character other than white space, or one that overrides the direction of text.
fn steers(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::printable;

    #[test]
    fn what_steers_a_terminal_is_replaced_in_place() {
        for (text, shown) in [
            ("a\x1b[31mb", "a?[31mb"),
            ("one\rtwo", "one?two"),
            ("\u{9b}1m", "·1m"),
            ("a\u{202e}b", "a\u{fffd}b"),
            ("\0\x7f", "??"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(text).len(), text.len());
        }
    }

    #[test]
    fn the_rest_stays_and_is_not_copied() {
        assert!(matches!(printable("memory 2G\n\tname größe"), Cow::Borrowed(_)));
        assert_eq!(printable("a\r\nb"), "a\r\nb");
    }
}

//! Quoting for the shell. Nothing else in the program does it.

use std::borrow::Cow;

use shlex::bytes::Quoter;

/// `word` as a POSIX shell reads it back. Whatever its bytes are, it stays one word, and nothing in it is expanded.
///
/// A zero byte is the exception, which no argument can have: it is dropped.
pub(crate) fn quote(word: &[u8]) -> Cow<'_, [u8]> {
    if is_plain(word) {
        return Cow::Borrowed(word);
    }
    Quoter::new().quote(word).unwrap_or_else(|_| {
        let word: Vec<_> = word.iter().copied().filter(|byte| *byte != 0).collect();
        // It had but this one reason to refuse.
        Cow::Owned(Quoter::new().allow_nul(true).quote(&word).unwrap_or_default().into_owned())
    })
}

/// Whether no shell sees anything special in `word`. Beside what shlex leaves alone, that is `,` and `=` inside a
/// word that has no braces: without them, hardly an option of QEMU's would go unquoted.
fn is_plain(word: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-./:@_,=".contains(byte);
    word.first().is_some_and(|first| *first != b'=') && word.iter().all(plain)
}

/// `word` as the name of the program to run, where `a=b` would be an assignment.
pub(crate) fn quote_program(word: &[u8]) -> Cow<'_, [u8]> {
    if word.contains(&b'=') { Quoter::new().quote(word).unwrap_or_else(|_| quote(word)) } else { quote(word) }
}

#[cfg(test)]
mod tests {
    use super::{quote, quote_program};

    #[test]
    fn options_stay_readable_and_the_rest_is_quoted() {
        for (word, quoted) in [
            ("tap,id=net0,vhostfds=3:4", "tap,id=net0,vhostfds=3:4"),
            ("-netdev", "-netdev"),
            ("", "''"),
            ("a b", "'a b'"),
            ("=b", "'=b'"),
            ("a;b", "'a;b'"),
            ("it's", "\"it's\""),
            ("$HOME`id`", "'$HOME`id`'"),
            ("{a,b}", "'{a,b}'"),
            ("line\nend", "'line\nend'"),
            ("größe", "'größe'"),
        ] {
            assert_eq!(
                quote(word.as_bytes()).escape_ascii().to_string(),
                quoted.as_bytes().escape_ascii().to_string()
            );
        }
        assert_eq!(*quote(b"a\0b c"), *b"'ab c'");
        assert_eq!(*quote_program(b"FOO=1"), *b"'FOO=1'");
        assert_eq!(*quote_program(b"/usr/bin/qemu"), *b"/usr/bin/qemu");
    }
}

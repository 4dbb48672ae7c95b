//! QEMU's lists of options, `driver,name=value,...`: written and read here, and nowhere else.

use std::borrow::Cow;

#[cfg(feature = "compiler")]
use super::Piece;
pub use super::escape::Escape;

/// Writes a list of names and values, each with the blank without whose value it isn't there. The first may have no name,
/// and is always there. `text` is room that is used again.
#[cfg(feature = "compiler")]
pub(crate) fn write<'n, V: IntoIterator<Item = Piece>>(
    escape: Escape,
    items: impl IntoIterator<Item = (Option<Cow<'n, str>>, V, Option<u32>)>,
    text: &mut String,
) -> Vec<Piece> {
    let mut list = Vec::new();
    for (at, (name, value, given)) in items.into_iter().enumerate() {
        let mut item = Vec::new();
        if given.is_some() {
            flush(text, &mut list);
        }
        let to = if given.is_some() { &mut item } else { &mut list };
        if at > 0 {
            text.push(',');
        }
        if let Some(name) = name {
            text.push_str(&name);
            text.push('=');
        }
        for piece in value {
            match piece {
                Piece::Text(more) => text.push_str(&escape.apply(&more)),
                piece => {
                    flush(text, to);
                    push(
                        to,
                        match piece {
                            Piece::Blank { blank, show, .. } => Piece::Blank { blank, escape, show },
                            piece => piece,
                        },
                    );
                }
            }
        }
        if let Some(blank) = given {
            flush(text, &mut item);
            push(&mut list, Piece::Given { blank, text: item.into() });
        }
    }
    flush(text, &mut list);
    if list.is_empty() {
        push(&mut list, Piece::Text(Cow::Borrowed("")));
    }
    list
}

/// Makes a piece of a text, where there is one.
#[cfg(feature = "compiler")]
fn flush(text: &mut String, to: &mut Vec<Piece>) {
    if !text.is_empty() {
        push(to, Piece::Text(text.clone().into()));
        text.clear();
    }
}

/// Appends text to pieces.
#[cfg(feature = "compiler")]
pub(crate) fn append(pieces: &mut Vec<Piece>, more: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.to_mut().push_str(more),
        _ => push(pieces, Piece::Text(more.to_owned().into())),
    }
}

/// The same of a text that nobody else needs.
#[cfg(feature = "compiler")]
pub(crate) fn append_own(pieces: &mut Vec<Piece>, more: String) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.to_mut().push_str(&more),
        _ => push(pieces, Piece::Text(more.into())),
    }
}

/// Adds a piece. Most texts have no other, and most of the rest three.
#[cfg(feature = "compiler")]
pub(crate) fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match pieces.len() {
        0 => pieces.reserve_exact(1),
        1 => pieces.reserve_exact(2),
        _ => {}
    }
    pieces.push(piece);
}

/// The items of a list, name and value, the commas in them no longer doubled. One without `=` has no name.
///
/// ```
/// use qemu_dsl::plan::optlist;
///
/// let items: Vec<_> = optlist::read("socket,path=/a,,b,server=on").collect();
/// assert_eq!(items, [(None, "socket".into()), (Some("path"), "/a,b".into()), (Some("server"), "on".into())]);
/// ```
pub fn read(list: &str) -> impl Iterator<Item = (Option<&str>, Cow<'_, str>)> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let text = rest?;
        // Commas and `=` are no part of another character.
        let end = end_of_item(text.as_bytes());
        rest = text.get(end + 1..);
        let item = text.get(..end).unwrap_or_default();
        Some(match item.split_once('=') {
            Some((name, value)) => (Some(name), one_comma_text(value)),
            None => (None, one_comma_text(item)),
        })
    })
}

fn one_comma_text(text: &str) -> Cow<'_, str> {
    if text.contains(",,") { Cow::Owned(text.replace(",,", ",")) } else { Cow::Borrowed(text) }
}

/// The same of a list that need not be UTF-8. An item without a name has an empty one.
pub fn fields(value: &[u8]) -> impl Iterator<Item = (&[u8], Cow<'_, [u8]>)> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = end_of_item(text);
        rest = text.get(end + 1..);
        let field = text.get(..end).unwrap_or_default();
        let (key, own) = match field.iter().position(|byte| *byte == b'=') {
            Some(at) => (field.get(..at)?, field.get(at + 1..)?),
            None => (&b""[..], field),
        };
        Some((key, one_comma(own)))
    })
}

/// Where the first comma is that isn't doubled, or the text's end.
fn end_of_item(text: &[u8]) -> usize {
    let mut commas = text.iter().enumerate().filter(|(_, byte)| **byte == b',').map(|(at, _)| at);
    while let Some(at) = commas.next() {
        if text.get(at + 1) != Some(&b',') {
            return at;
        }
        // The other one.
        commas.next();
    }
    text.len()
}

/// A text without the second of each two commas.
fn one_comma(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.windows(2).any(|pair| pair == b",,") {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.iter();
    let mut one = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        one.push(*byte);
        if *byte == b',' {
            bytes.next();
        }
    }
    Cow::Owned(one)
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn a_value_has_fields_between_commas_that_are_not_doubled() {
        let of = |value: &'static str| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            fields(value.as_bytes()).map(|(key, own)| (text(key), text(&own))).collect::<Vec<_>>()
        };
        let field = |key: &str, own: &str| (key.to_owned(), own.to_owned());
        assert_eq!(
            of("socket,path=/a,,b,server"),
            [field("", "socket"), field("path", "/a,b"), field("", "server")]
        );
        assert_eq!(of("a=b=c,,,d="), [field("a", "b=c,"), field("d", "")]);
        assert_eq!(of("a,,,,b"), [field("", "a,,b")]);
        assert_eq!(
            of("tap,id=a,,b,,,x=,y=1"),
            [field("", "tap"), field("id", "a,b,"), field("x", ""), field("y", "1")]
        );
        assert_eq!(of(""), [field("", "")]);
    }
}

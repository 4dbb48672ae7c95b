//! JSON as QEMU's options have it, read into names and values: a member of a member has a dotted name.
//!
//! Members keep their order, and of two of one name both are there: nothing of a command line is dropped.

use std::iter::Peekable;
use std::str::Chars;

/// So deep QEMU's options are nested at most.
const DEEPEST: usize = 32;

/// The members of an object, each with its dotted name. Nothing where the text is no object.
pub(super) fn members(text: &str) -> Option<Vec<(String, String)>> {
    let mut reader = Reader { chars: text.trim().chars().peekable(), members: Vec::new() };
    let is_object = reader.chars.peek() == Some(&'{');
    reader.value(&mut Vec::new())?;
    reader.space();
    (is_object && reader.chars.next().is_none()).then_some(reader.members)
}

struct Reader<'t> {
    chars: Peekable<Chars<'t>>,
    members: Vec<(String, String)>,
}

impl Reader<'_> {
    fn space(&mut self) {
        while self.chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.space();
        self.chars.next_if_eq(&wanted).map(drop)
    }

    fn value(&mut self, path: &mut Vec<String>) -> Option<()> {
        self.space();
        match self.chars.peek()? {
            '{' | '[' if path.len() > DEEPEST => None,
            '{' => {
                self.chars.next();
                if self.take('}').is_some() {
                    return self.empty(path);
                }
                loop {
                    self.space();
                    path.push(self.string()?);
                    self.take(':')?;
                    self.value(path)?;
                    path.pop();
                    if self.take(',').is_none() {
                        return self.take('}');
                    }
                }
            }
            '[' => {
                self.chars.next();
                if self.take(']').is_some() {
                    return self.empty(path);
                }
                for index in 0.. {
                    path.push(index.to_string());
                    self.value(path)?;
                    path.pop();
                    if self.take(',').is_none() {
                        return self.take(']');
                    }
                }
                None
            }
            '"' | '\'' => {
                let text = self.string()?;
                // A list means by it that there is none.
                if text == "null" && is_backing(path) {
                    return None;
                }
                self.add(path, text);
                Some(())
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c)) {
                    word.push(c);
                }
                let text = match word.as_str() {
                    "true" => "on",
                    "false" => "off",
                    "null" if is_backing(path) => "null",
                    // There is no way to say it in a list.
                    "null" | "" => return None,
                    _ => &word,
                };
                self.add(path, text.to_owned());
                Some(())
            }
        }
    }

    /// A list can say nothing of what has no members: but the whole may be so.
    fn empty(&self, path: &[String]) -> Option<()> {
        path.is_empty().then_some(())
    }

    fn add(&mut self, path: &[String], value: String) {
        self.members.push((path.join("."), value));
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.chars.next_if(|c| matches!(c, '"' | '\''))?;
        let mut text = String::new();
        loop {
            match self.chars.next()? {
                c if c == quote => return Some(text),
                '\\' => text.push(match self.chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => self.escaped()?,
                    c => c,
                }),
                c => text.push(c),
            }
        }
    }

    /// The character of `\u` and what follows it, which are two where it needs more than 16 bits.
    fn escaped(&mut self) -> Option<char> {
        let unit = self.unit()?;
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit);
        }
        self.chars.next_if_eq(&'\\')?;
        self.chars.next_if_eq(&'u')?;
        let low = self.unit()?.checked_sub(0xdc00)?;
        char::from_u32(0x10000 + ((unit - 0xd800) << 10) + low)
    }

    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.chars.next()?.to_digit(16)?))
    }
}

/// Whether a block node's backing file is named here, which can be none.
fn is_backing(path: &[String]) -> bool {
    path.last().is_some_and(|name| name == "backing")
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn members_have_dotted_names() {
        let text = r#" {"driver": "virtio-blk-pci", "id":"a\"\u00e9\ud83d\ude00", "q":[{"io":"x"},{"io":"y","n":-1}], "on":true} "#;
        let members = members(text).unwrap_or_default();
        let expected = [
            ("driver", "virtio-blk-pci"),
            ("id", "a\"é😀"),
            ("q.0.io", "x"),
            ("q.1.io", "y"),
            ("q.1.n", "-1"),
            ("on", "on"),
        ];
        let members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(members, expected);
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in [
            "",
            "{",
            "[]",
            "{\"a\"}",
            "{\"a\":}",
            "{} x",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":null}",
            "{\"a\":{}}",
            "{\"a\":[]}",
        ] {
            assert_eq!(members(text), None, "{text}");
        }
        assert_eq!(members(&"{\"a\":".repeat(100_000)), None);
    }
}

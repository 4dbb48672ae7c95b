//! JSON with slots: what QEMU's commands take, and its options where their own syntax can't say something.

use std::borrow::Cow;

use super::Text;
use super::packed::packed;
#[cfg(feature = "compiler")]
use super::{Piece, optlist::append};

/// A member of a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Json,
}

/// A value of a command's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// Nothing: `backing=null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A text.
    Text(Text),
    /// The id of something that is there when the command comes.
    Id(Text),
    /// The name of the block driver for the host's file at this path, or behind the file descriptor in it: `host_device`
    /// for a block device, `file` for others.
    FileDriver(Text),
    /// A text with a value in it that comes later, and what it is then.
    Late(Text, JsonType),
    /// A list.
    List(Cow<'static, [Json]>),
    /// An object.
    Object(Cow<'static, [Member]>),
}

/// What a text becomes in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number, of bytes where it has a unit.
    Number,
    /// A text.
    Text,
    /// What it looks like.
    Guess,
}

packed! {
    struct Member { name, value }
    enum Json {
        Null, Bool(value), Int(value), Text(text), Id(text), FileDriver(path), Late(text, ty), List(list), Object(members)
    }
    enum JsonType { Bool, Int, Number, Text, Guess }
}

#[cfg(feature = "compiler")]
impl Json {
    /// It as text in an argument.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.write(&mut pieces);
        pieces
    }

    fn write(&self, to: &mut Vec<Piece>) {
        match self {
            Self::Null => append(to, "null"),
            Self::Bool(value) => append(to, if *value { "true" } else { "false" }),
            Self::Int(value) => append(to, &value.to_string()),
            // A number has no quotes. Other values that come later don't stand in an argument's JSON.
            Self::Late(text, JsonType::Int) => to.extend(text.iter().cloned()),
            Self::Text(text) | Self::Id(text) | Self::Late(text, _) => {
                append(to, "\"");
                for piece in text.iter() {
                    match piece {
                        Piece::Text(more) => append(to, &escaped(more)),
                        // Numbers, ids and addresses have nothing to escape.
                        piece => to.push(piece.clone()),
                    }
                }
                append(to, "\"");
            }
            Self::FileDriver(_) => append(to, "\"file\""),
            Self::List(list) => {
                append(to, "[");
                for (index, value) in list.iter().enumerate() {
                    append(to, if index > 0 { "," } else { "" });
                    value.write(to);
                }
                append(to, "]");
            }
            Self::Object(members) => {
                append(to, "{");
                for (index, member) in members.iter().enumerate() {
                    append(to, if index > 0 { ",\"" } else { "\"" });
                    append(to, &escaped(&member.name));
                    append(to, "\":");
                    member.value.write(to);
                }
                append(to, "}");
            }
        }
    }
}

/// A text between the quotes of JSON.
#[cfg(feature = "compiler")]
fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c >= ' ' && c != '"' && c != '\\';
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c < ' ' {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            if !is_plain(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use std::borrow::Cow;

    use super::{Json, Member};
    use crate::plan::Piece;

    #[test]
    fn json_is_written_with_its_slots() {
        let text = |text: &'static str| Piece::Text(text.into());
        let member = |name: &'static str, value| Member { name: name.into(), value };
        let json = Json::Object(Cow::Owned(vec![
            member("a", Json::List(vec![Json::Bool(true), Json::Int(-5)].into())),
            member("b\"", Json::Text(vec![text("\\x\n\u{1}é"), Piece::Fd(0), text("\"")].into())),
            member("c", Json::Id(vec![Piece::Id(1)].into())),
            member("d", Json::Object(Cow::Borrowed(&[]))),
        ]));
        assert_eq!(
            json.pieces(),
            [
                text(r#"{"a":[true,-5],"b\"":"\\x\u000a\u0001é"#),
                Piece::Fd(0),
                text(r#"\"","c":""#),
                Piece::Id(1),
                text(r#"","d":{}}"#),
            ]
        );
    }
}

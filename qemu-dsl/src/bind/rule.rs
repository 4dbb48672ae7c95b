//! What must hold between values.

use std::borrow::Cow;

use super::blank::Blank;
use crate::code::Code;
use crate::plan::Filled;
use crate::plan::packed::packed;
use crate::value::{Kind, MacText, MemorySize, ValueType as _};

/// What must hold between values, or between a value and what the text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// No two are equal.
    Distinct {
        /// What they are: "id".
        what: Cow<'static, str>,
        /// The values.
        blanks: Cow<'static, [u32]>,
        /// Those that the text has.
        written: Cow<'static, [Cow<'static, str>]>,
    },
    /// The first size of memory is at most the second.
    AtMost(Operand, Operand),
}

/// A size of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The text has it.
    Written(Cow<'static, str>),
    /// It is a value.
    Blank(u32),
}

packed! {
    enum Rule { Distinct { what, blanks, written }, AtMost(size, most) }
    enum Operand { Written(text), Blank(blank) }
}

impl Rule {
    /// Reports what doesn't hold: the blank to blame, a code, a message and a remedy.
    pub(super) fn check(
        &self,
        all: &[Blank],
        filled: &Filled<'_>,
        mut report: impl FnMut(&Blank, Code, String, String),
    ) {
        let text = |number: u32| filled.blank(number).and_then(|value| value.to_str());
        match self {
            Self::Distinct { what, blanks, written } => {
                let mut seen: Vec<String> = Vec::new();
                for number in &**blanks {
                    let (Some(blank), Some(value)) = (all.get(*number as usize), text(*number)) else {
                        continue;
                    };
                    let own = key(blank.kind, value);
                    let is_written = written.iter().any(|other| key(blank.kind, other) == own);
                    if is_written || seen.contains(&own) {
                        let code = match blank.kind {
                            Kind::Mac => Code::EqualMacs,
                            Kind::Id => Code::DuplicateId,
                            _ => Code::AddressInUse,
                        };
                        report(
                            blank,
                            code,
                            format!("the {what} `{value}` is another one's in this VM"),
                            format!("give each its own {what}"),
                        );
                    }
                    seen.push(own);
                }
            }
            Self::AtMost(size, most) => {
                let of = |operand: &Operand| match operand {
                    Operand::Written(text) => Some((None, text.clone().into_owned())),
                    Operand::Blank(number) => Some((all.get(*number as usize), text(*number)?.to_owned())),
                };
                let (Some((size_blank, size)), Some((most_blank, most))) = (of(size), of(most)) else {
                    return;
                };
                let bytes = |text: &str| MemorySize::parse(text).map_or(0, |size| size.bytes);
                if bytes(&size) > bytes(&most)
                    && let Some(blank) = most_blank.or(size_blank)
                {
                    report(
                        blank,
                        Code::MemoryMax,
                        format!("{size} at the start is more than at most ({most})"),
                        "raise `max`, or lower the size".to_owned(),
                    );
                }
            }
        }
    }
}

/// What is the same for values that mean the same.
fn key(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Mac => MacText::parse(value).map_or_else(|_| value.to_owned(), |mac| mac.mac.to_string()),
        Kind::Pci => value.strip_suffix(".0").unwrap_or(value).to_owned(),
        _ => value.to_owned(),
    }
}

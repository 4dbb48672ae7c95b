//! What must hold between values.

use std::borrow::Cow;
use std::collections::HashSet;

use super::blank::{Blank, Written};
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
        written: Cow<'static, [Written]>,
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
        let text = |round: u32, number: u32| filled.blank(round, number).and_then(|value| value.to_str());
        let block = |number: u32| all.get(number as usize).map_or(0, |blank| blank.block);
        match self {
            Self::Distinct { what, blanks, written } => {
                let written = written.iter().filter(|written| filled.rounds.has(written.block));
                let written: Vec<&str> = written.map(|written| &*written.text).collect();
                let mut seen: HashSet<String> = HashSet::new();
                for number in &**blanks {
                    let Some(blank) = all.get(*number as usize) else { continue };
                    for round in filled.rounds.of(blank.block) {
                        let Some(value) = text(round, *number) else { continue };
                        let own = key(blank.kind, value);
                        let is_written = written.iter().any(|other| key(blank.kind, other) == own);
                        if !seen.insert(own) || is_written {
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
                    }
                }
            }
            Self::AtMost(size, most) => {
                // Both stand in one statement.
                let blocks = [size, most].map(|operand| match operand {
                    Operand::Blank(number) => Some(block(*number)),
                    Operand::Written(_) => None,
                });
                let own = blocks.into_iter().flatten().next().unwrap_or(0);
                for round in filled.rounds.of(own) {
                    let of = |operand: &Operand| match operand {
                        Operand::Written(text) => Some((None, text.clone().into_owned())),
                        Operand::Blank(number) => {
                            Some((all.get(*number as usize), text(round, *number)?.to_owned()))
                        }
                    };
                    let (Some((size_blank, size)), Some((most_blank, most))) = (of(size), of(most)) else {
                        continue;
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
}

/// What is the same for values that mean the same.
fn key(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Mac => MacText::parse(value).map_or_else(|_| value.to_owned(), |mac| mac.mac.to_string()),
        Kind::Pci => value.strip_suffix(".0").unwrap_or(value).to_owned(),
        _ => value.to_owned(),
    }
}

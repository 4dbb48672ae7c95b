//! The values of blanks: read and checked, and what follows from them.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::blank::{Blank, Choice, Hole, Part, place_of};
use super::error::{BindError, BindProblem};
use super::rule::Rule;
use super::value::{self, Values};
use crate::Span;
use crate::plan::packed::packed;
use crate::plan::{Filled, GeneratedId, Place};
use crate::value::{Kind, Refusal};

/// What hangs on values, of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blanks {
    /// The holes, in the order of the text.
    pub holes: Cow<'static, [Hole]>,
    /// The places for their values.
    pub blanks: Cow<'static, [Blank]>,
    /// The statements that have several shapes.
    pub choices: Cow<'static, [Choice]>,
    /// What must hold between values.
    pub rules: Cow<'static, [Rule]>,
    /// The ids that the text names itself.
    pub taken: Cow<'static, [Cow<'static, str>]>,
    /// The slots of generated ids, in the order of the text.
    pub order: Cow<'static, [u32]>,
}

packed! { struct Blanks { holes, blanks, choices, rules, taken, order } }

impl Blanks {
    /// Reads and checks the values. Those of commands are text.
    pub(super) fn fill<'v>(
        &self,
        values: &'v Values,
        generated: &[GeneratedId],
        places: &[Place],
        is_command: bool,
    ) -> Result<Filled<'v>, BindError> {
        let mut problems = Vec::new();
        let mut blanks = Vec::with_capacity(self.blanks.len());
        for blank in &*self.blanks {
            let read = self.read(blank, values).and_then(|value| match value {
                Some(value) if is_command && value.to_str().is_none() => Err((
                    value.to_string_lossy().into_owned(),
                    Refusal::no_text("a command can only say text"),
                )),
                value => Ok(value),
            });
            blanks.push(match read {
                Ok(value) => value,
                Err((shown, refusal)) => {
                    let expects = blank.kind.expects();
                    let of_words = blank.kind.words().is_some();
                    let (code, message, help) = refusal.say(&blank.name, &expects, of_words, &shown);
                    let help = help.unwrap_or_else(|| format!("give {expects}"));
                    problems.push(self.problem(blank, places, code.as_str(), message, help));
                    None
                }
            });
        }
        BindError::of(&mut problems)?;
        let numbers = self.blanks.iter().zip(&blanks).map(|(blank, value)| {
            value.as_deref().and_then(|value| blank.kind.number(value.to_str()?)).unwrap_or(0)
        });
        let mut filled = Filled { numbers: numbers.collect(), blanks, ..Filled::default() };
        for choice in &*self.choices {
            let deciding =
                choice.blanks.iter().filter_map(|number| Some((*number, self.blanks.get(*number as usize)?)));
            let shape = deciding
                .fold(0, |shape, (number, blank)| shape * blank.states() + blank.state(filled.blank(number)));
            filled.shapes.push(shape);
            if let Some(refused) = choice.refused.iter().find(|refused| refused.shape == shape)
                && let Some(blank) =
                    choice.blanks.first().and_then(|number| self.blanks.get(*number as usize))
            {
                let (message, help) = (refused.message.to_string(), refused.help.to_string());
                problems.push(self.problem(blank, places, &refused.code, message, help));
            }
        }
        for rule in &*self.rules {
            rule.check(&self.blanks, &filled, |blank, code, message, help| {
                problems.push(self.problem(blank, places, code.as_str(), message, help));
            });
        }
        BindError::of(&mut problems)?;
        filled.ids = self.ids(&filled, generated);
        Ok(filled)
    }

    /// The value of a blank, as it is printed. The error has what was given.
    fn read<'v>(
        &self,
        blank: &Blank,
        values: &'v Values,
    ) -> Result<Option<Cow<'v, OsStr>>, (String, Refusal)> {
        let none = || (String::new(), Refusal::none());
        let text = match *blank.parts {
            [Part::Hole(hole)] => match values.get(hole) {
                Some(value) => Cow::Borrowed(value),
                None if blank.optional => return Ok(None),
                None => return Err(none()),
            },
            _ => {
                let mut text = Vec::new();
                for part in &*blank.parts {
                    match part {
                        Part::Text(known) => text.extend_from_slice(known.as_bytes()),
                        Part::Hole(hole) => {
                            let value = values.get(*hole).ok_or_else(none)?.as_bytes();
                            // The list that it is in is QEMU's, and not known here.
                            if blank.kind == Kind::Argument && value.contains(&b',') {
                                return Err((String::from_utf8_lossy(value).into_owned(), Refusal::comma()));
                            }
                            text.extend_from_slice(value);
                        }
                    }
                }
                Cow::Owned(OsString::from_vec(text))
            }
        };
        let refuse = |refusal| (text.to_string_lossy().into_owned(), refusal);
        if text.as_bytes().contains(&0) {
            return Err(refuse(Refusal::zero_byte()));
        }
        let printed = match &text {
            Cow::Borrowed(text) => blank.kind.print_os(text),
            Cow::Owned(text) => blank.kind.print_os(text).map(|printed| Cow::Owned(printed.into_owned())),
        };
        printed.map(Some).map_err(refuse)
    }

    /// The generated ids: the first ones that are free beside those that the text and the values name.
    fn ids(&self, filled: &Filled<'_>, generated: &[GeneratedId]) -> Vec<String> {
        let bound = |id: &str| {
            let is_it = |(number, blank): (usize, &Blank)| {
                blank.is_id && filled.blank(number as u32).is_some_and(|value| value == id)
            };
            self.blanks.iter().enumerate().any(is_it)
        };
        let mut ids = vec![String::new(); generated.len()];
        let mut next: Vec<(&str, u32)> = Vec::new();
        for slot in &*self.order {
            let slot = *slot as usize;
            let (Some(id), Some(place)) = (generated.get(slot), ids.get_mut(slot)) else { continue };
            // Another stands in its place.
            if id.unless.is_some_and(|blank| filled.blank(blank).is_some()) {
                continue;
            }
            let at = next.iter().position(|(prefix, _)| *prefix == id.prefix).unwrap_or_else(|| {
                next.push((&id.prefix, 0));
                next.len() - 1
            });
            let Some((prefix, number)) = next.get_mut(at) else { continue };
            loop {
                let name = format!("{prefix}{number}");
                *number += 1;
                if !self.taken.contains(&Cow::Borrowed(&name)) && !bound(&name) {
                    *place = name;
                    break;
                }
            }
        }
        ids
    }

    /// What is wrong with a value, told of the first hole in it.
    fn problem(
        &self,
        blank: &Blank,
        places: &[Place],
        code: &str,
        message: String,
        help: String,
    ) -> BindProblem {
        let hole = blank.parts.iter().find_map(|part| match part {
            Part::Hole(hole) => self.holes.get(*hole as usize),
            Part::Text(_) => None,
        });
        BindProblem {
            place: hole.and_then(|hole| place_of(places, hole)).cloned(),
            hole: hole.map_or_else(String::new, |hole| hole.name.clone().into_owned()),
            code: code.to_owned(),
            message,
            help,
        }
    }

    /// The function of [`Values`] that adds the value of a hole.
    pub fn adds(&self, hole: u32) -> &'static str {
        let blank = self.blanks.iter().find(|blank| blank.parts.contains(&Part::Hole(hole)));
        let Some(blank) = blank else { return "text" };
        if blank.hole().is_none() {
            return "needed_text";
        }
        value::adds(blank.kind, blank.optional)
    }

    /// The spans of which a message tells the place.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.holes.iter().map(|hole| hole.span)
    }
}

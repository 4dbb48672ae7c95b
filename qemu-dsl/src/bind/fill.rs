//! The values of blanks: read and checked, and what follows from them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::blank::{Blank, BlankPart, Choice, Hole, Written, place_of};
use super::error::{BindError, BindProblem};
use super::tie::{Relation, Tie};
use super::tied::Tied;
use super::value::{self, Held, Values};
use crate::Span;
use crate::code::Code;
use crate::plan::packed::packed;
use crate::plan::{Block, Bound, FdSlot, Filled, GeneratedId, PerRound, Place, Rounds};
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
    /// What must hold between values, and between these and what the text says.
    pub ties: Cow<'static, [Tie]>,
    /// The parts of the text that are there or not, or repeat. They are numbered from 1.
    pub blocks: Cow<'static, [Block]>,
    /// The ids that the text names itself.
    pub taken: Cow<'static, [Written]>,
    /// The slots of generated ids, in the order of the text.
    pub order: Cow<'static, [u32]>,
}

packed! { struct Blanks { holes, blanks, choices, ties, blocks, taken, order } }

/// What values are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A plan of one text.
    Plan,
    /// A plan of several, whose generated ids have been numbered for each alone.
    Joined,
    /// Commands, which can only say text.
    Commands,
}

impl Blanks {
    /// Reads and checks the values.
    pub(super) fn fill<'v>(
        &'v self,
        values: &'v Values,
        generated: &[GeneratedId],
        fds: &[FdSlot],
        places: &[Place],
        purpose: Purpose,
    ) -> Result<Filled<'v>, BindError> {
        let mut problems = values.problems.clone();
        // The values that are none. Of what hangs on them nothing is said.
        let mut unread: Vec<u32> = Vec::new();
        let rounds = Rounds::new(&self.blocks, &values.said.rounds);
        let held = values.held(&rounds, &self.holes);
        let of_blanks = || self.blanks.iter().map(|blank| blank.block);
        let mut filled = Filled {
            blanks: PerRound::new(&rounds, of_blanks(), Bound::default()),
            shapes: PerRound::new(&rounds, self.choices.iter().map(|choice| choice.block), 0),
            ids: PerRound::default(),
            lines: Vec::new(),
            needs: Vec::new(),
            rounds,
        };
        let rounds = &filled.rounds;
        for (round, block) in rounds.iter() {
            let own = (0..).zip(&*self.blanks).filter(|(_, blank)| blank.block == block);
            for (number, blank) in own {
                let get = |hole: u32| values.text_of(held.get(rounds, round, hole)?);
                let read = self.read(blank, get).and_then(|value| match value {
                    Some(value) if purpose == Purpose::Commands && value.to_str().is_none() => Err((
                        value.to_string_lossy().into_owned(),
                        Refusal::no_text("a command can only say text"),
                    )),
                    value => Ok(value),
                });
                match read {
                    Ok(value) => {
                        let text = value.as_deref().and_then(OsStr::to_str);
                        let as_number = text.and_then(|text| blank.kind.number(text)).unwrap_or(0);
                        filled.blanks.set(rounds, round, number, Bound { text: value, number: as_number });
                    }
                    Err((shown, refusal)) => {
                        unread.push(number);
                        let hole = blank.first_hole(&self.holes).map(|hole| &*hole.name);
                        if refusal.code == Code::MissingValue
                            && values.problems.iter().any(|one| Some(&*one.hole) == hole)
                        {
                            // Why there is none has been told.
                            continue;
                        }
                        let expects = blank.kind.expects();
                        let of_words = blank.kind.is_of_words();
                        let (code, message, help) = refusal.say(&blank.name, &expects, of_words, &shown);
                        let help = help.unwrap_or_else(|| format!("give {expects}"));
                        problems.push(self.problem(blank, places, code.as_str(), message, help));
                    }
                }
            }
        }
        for (round, block) in rounds.iter() {
            for (number, choice) in (0..).zip(&*self.choices).filter(|(_, choice)| choice.block == block) {
                let deciding = choice
                    .blanks
                    .iter()
                    .filter_map(|number| Some((*number, self.blanks.get(*number as usize)?)));
                let shape = deciding.fold(0, |shape, (number, blank)| {
                    let value = filled.blank(round, number);
                    shape * blank.states() + blank.state(value)
                });
                filled.shapes.set(rounds, round, number, shape);
                if choice.blanks.iter().any(|blank| unread.contains(blank)) {
                    continue;
                }
                if let Some(refused) = choice.refused.iter().find(|refused| refused.shape == shape)
                    && let Some(blank) =
                        choice.blanks.first().and_then(|number| self.blanks.get(*number as usize))
                {
                    let (message, help) = (refused.message.to_string(), refused.help.to_string());
                    problems.push(self.problem(blank, places, &refused.code, message, help));
                }
            }
        }
        self.ids(&mut filled, generated, purpose);
        if !self.ties.is_empty() {
            let tied = Tied::new(
                self.ties.iter().map(|tie| (0, tie)),
                (&self.blanks, &self.holes),
                &filled,
                generated,
                places,
            );
            // What a value that is none would have been may be what is lacking.
            tied.check(unread.is_empty(), &mut problems);
            // Otherwise the compiler has seen to the order.
            if self
                .ties
                .iter()
                .any(|tie| tie.is_late() && matches!(tie.relation, Relation::Needs { first: true, .. }))
            {
                filled.needs = tied.needs();
            }
        }
        // What is wrong with a statement's shape may be why nothing takes them.
        if values.has_fds() && problems.is_empty() {
            filled.lines = self.lines(values, fds, &filled, &held);
            self.check_fds(values, &filled, &held, |blank, code, message, help| {
                problems.push(self.problem(blank, places, code.as_str(), message, help));
            });
        }
        BindError::of(&mut problems)?;
        Ok(filled)
    }

    /// The same for slots in another order.
    pub(super) fn lines_of(&self, values: &Values, fds: &[FdSlot], filled: &Filled<'_>) -> Vec<(u32, u32)> {
        let held = values.held(&filled.rounds, &self.holes);
        self.lines(values, fds, filled, &held)
    }

    /// The lines of the table for which the program has given file descriptors: the number of the value, and the line's.
    fn lines(&self, values: &Values, fds: &[FdSlot], filled: &Filled<'_>, held: &Held) -> Vec<(u32, u32)> {
        let mut lines = Vec::new();
        FdSlot::lines(fds, filled, |_, slot, round, own| {
            let hole = slot.given.and_then(|blank| self.blanks.get(blank as usize)?.hole());
            let value = hole.and_then(|hole| held.get(&filled.rounds, round, hole));
            // It may only have said that there is to be one.
            if let Some(value) = value.filter(|value| values.fds_of(*value).is_some()) {
                lines.extend(own.map(|line| (value, line)));
            }
        });
        lines
    }

    /// Reports file descriptors that are more or fewer than what takes them.
    fn check_fds(
        &self,
        values: &Values,
        filled: &Filled<'_>,
        held: &Held,
        mut report: impl FnMut(&Blank, Code, String, String),
    ) {
        for (round, block) in filled.rounds.iter() {
            for blank in self.blanks.iter().filter(|blank| blank.block == block) {
                let value = blank.hole().and_then(|hole| held.get(&filled.rounds, round, hole));
                let Some((value, given)) = value.and_then(|value| Some((value, values.fds_of(value)?)))
                else {
                    continue;
                };
                let name = &blank.name;
                match filled.lines.iter().filter(|(own, _)| *own == value).count() {
                    taken if taken == given => {}
                    0 => report(
                        blank,
                        Code::IgnoredOption,
                        format!("nothing takes the file descriptor of {name}"),
                        "leave it out".to_owned(),
                    ),
                    queues => report(
                        blank,
                        Code::OutOfRange,
                        format!("{name} has {given} of the file descriptors, and there are {queues} queues"),
                        "give one for each queue".to_owned(),
                    ),
                }
            }
        }
    }

    /// The value of a blank, as it is printed. The error has what was given.
    fn read<'v>(
        &self,
        blank: &Blank,
        get: impl Fn(u32) -> Option<&'v OsStr>,
    ) -> Result<Option<Cow<'v, OsStr>>, (String, Refusal)> {
        let none = || (String::new(), Refusal::none());
        let text = match *blank.parts {
            [BlankPart::Hole(hole)] => match get(hole) {
                Some(value) => Cow::Borrowed(value),
                None if blank.optional => return Ok(None),
                None => return Err(none()),
            },
            _ => {
                let len = |part: &BlankPart| match part {
                    BlankPart::Text(known) => known.len(),
                    BlankPart::Hole(hole) => get(*hole).map_or(0, OsStr::len),
                };
                let mut text = Vec::with_capacity(blank.parts.iter().map(len).sum());
                for part in &*blank.parts {
                    match part {
                        BlankPart::Text(known) => text.extend_from_slice(known.as_bytes()),
                        BlankPart::Hole(hole) => {
                            let value = get(*hole).ok_or_else(none)?.as_bytes();
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
        let refuse = |text: &OsStr, refusal| (text.to_string_lossy().into_owned(), refusal);
        if text.as_bytes().contains(&0) {
            return Err(refuse(&text, Refusal::zero_byte()));
        }
        match text {
            Cow::Borrowed(text) => {
                blank.kind.print_os(text).map(Some).map_err(|refusal| refuse(text, refusal))
            }
            Cow::Owned(text) => {
                let printed = blank.kind.print_os(&text).map_err(|refusal| refuse(&text, refusal))?;
                // Most texts are printed as they are.
                let other = match printed {
                    Cow::Borrowed(same) if same == text => None,
                    other => Some(other.into_owned()),
                };
                Ok(Some(Cow::Owned(other.unwrap_or(text))))
            }
        }
    }

    /// Fills in the numbers of the generated ids, where they hang on values: the first ones that are free beside those ids that
    /// the text and the values name.
    fn ids(&self, filled: &mut Filled<'_>, generated: &[GeneratedId], purpose: Purpose) {
        let is_late = purpose == Purpose::Joined
            || self.blanks.iter().any(|blank| blank.is_id)
            || generated.iter().any(|id| id.block > 0 || id.unless.is_some())
            || self.taken.iter().any(|id| id.block > 0);
        if generated.is_empty() || !is_late {
            return;
        }
        let mut ids = PerRound::new(&filled.rounds, generated.iter().map(|id| id.block), 0);
        let rounds = &filled.rounds;
        // What begins otherwise takes none of them.
        let may_be_one = |id: &str| generated.iter().any(|one| id.starts_with(&*one.prefix));
        let written = self.taken.iter().filter(|id| rounds.has(id.block)).map(|id| &*id.text);
        let mut taken: HashSet<&str> = written.filter(|id| may_be_one(id)).collect();
        for (number, blank) in (0..).zip(&*self.blanks).filter(|(_, blank)| blank.is_id) {
            let bound = rounds.of(blank.block).filter_map(|round| filled.blank(round, number)?.to_str());
            taken.extend(bound.filter(|id| may_be_one(id)));
        }
        let is_taken =
            |prefix: &str, number: u32| !taken.is_empty() && taken.contains(&*format!("{prefix}{number}"));
        let block = |slot: &u32| (generated.get(*slot as usize).map_or(0, |id| id.block), 0);
        let mut next: Vec<(&str, u32)> = Vec::new();
        rounds.walk(&self.order, block, |_, slot, round| {
            let Some(id) = generated.get(*slot as usize) else { return };
            // Another stands in its place.
            if id.unless.is_some_and(|blank| filled.blank(round, blank).is_some()) {
                return;
            }
            let at = next.iter().position(|(prefix, _)| *prefix == id.prefix).unwrap_or_else(|| {
                next.push((&id.prefix, GeneratedId::first(&id.prefix)));
                next.len() - 1
            });
            let Some((prefix, number)) = next.get_mut(at) else { return };
            while is_taken(prefix, *number) {
                *number += 1;
            }
            ids.set(rounds, round, *slot, *number);
            *number += 1;
        });
        filled.ids = ids;
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
        let hole = blank.first_hole(&self.holes);
        BindProblem {
            place: hole.and_then(|hole| place_of(places, hole)).cloned(),
            first: None,
            hole: hole.map_or_else(String::new, |hole| hole.name.clone().into_owned()),
            code: code.to_owned(),
            message,
            help,
        }
    }

    /// The function of [`Values`] that adds the value of a hole, of which it takes a reference, but of file descriptors: see
    /// [`Self::takes`].
    pub fn adds(&self, hole: u32) -> &'static str {
        let blank = self.blanks.iter().find(|blank| blank.parts.contains(&BlankPart::Hole(hole)));
        let Some(blank) = blank else { return "text" };
        if blank.hole().is_none() {
            return "needed_text";
        }
        value::adds(blank.kind, blank.optional)
    }

    /// Whether a hole's value is taken itself, not a reference to it.
    pub fn takes(&self, hole: u32) -> bool {
        let is_of = |blank: &&Blank| blank.hole() == Some(hole);
        self.blanks.iter().find(is_of).is_some_and(|blank| matches!(blank.kind, Kind::Fd | Kind::Fds))
    }

    /// The spans of which a message tells the place.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.holes.iter().map(|hole| hole.span).chain(self.ties.iter().map(|tie| tie.span))
    }
}

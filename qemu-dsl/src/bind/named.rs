//! Values by their names: those of a text's parameters, with what its conditions and loops make of them.

use super::blank::{Blank, place_of};
use super::error::BindProblem;
use super::fill::Blanks;
use super::value::{Form, Single, Value, Values};
use crate::code::Code;
use crate::plan::{Condition, Guard, Place};
use crate::value::{Kind, OnOff, ValueType as _};

/// What names stand for in a round.
struct Scope<'v> {
    given: &'v [(&'v str, Value)],
    /// The variables of the loops round it, the innermost last.
    variables: Vec<(&'v str, &'v Single)>,
}

impl<'v> Scope<'v> {
    fn given(&self, name: &str) -> Option<&'v Form> {
        let (_, value) = self.given.iter().rev().find(|(own, _)| *own == name)?;
        Some(&value.0)
    }

    fn variable(&self, name: &str) -> Option<&'v Single> {
        self.variables.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }
}

struct Writer<'v> {
    blanks: &'v Blanks,
    places: &'v [Place],
    scope: Scope<'v>,
    values: Values,
    problems: Vec<BindProblem>,
}

impl Blanks {
    /// The values of holes that have names. Each must have one, but those that may be left away: what is wrong is told with what
    /// is wrong with the values.
    pub(super) fn named(&self, values: &[(&str, Value)], places: &[Place]) -> Values {
        let scope = Scope { given: values, variables: Vec::new() };
        let mut writer = Writer { blanks: self, places, scope, values: Values::new(), problems: Vec::new() };
        writer.block(0);
        let Writer { values: mut own, mut problems, .. } = writer;
        for (name, _) in values.iter().filter(|(name, _)| !self.names().any(|own| own == *name)) {
            problems.push(BindProblem {
                place: None,
                first: None,
                hole: String::new(),
                code: Code::UnknownParameter.as_str().to_owned(),
                message: format!("a value is given for `{name}`, which no hole names"),
                help: "leave it out".to_owned(),
            });
        }
        own.problems = problems;
        own
    }

    /// Whether a hole's value is a size.
    fn is_size(&self, hole: u32) -> bool {
        let is_of = |blank: &&Blank| blank.hole() == Some(hole);
        self.blanks.iter().find(is_of).is_some_and(|blank| {
            matches!(blank.kind, Kind::Size | Kind::SomeSize | Kind::PowerSize | Kind::MemorySize)
        })
    }

    /// The names that have values, or may have.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let guards = self.blocks.iter().filter_map(|block| match &block.guard {
            Guard::If(condition) | Guard::ElseIf(condition) => Some(&*condition.name),
            Guard::For { list, .. } => Some(&**list),
            Guard::Else => None,
        });
        self.holes.iter().map(|hole| &*hole.name).chain(guards)
    }
}

impl<'v> Writer<'v> {
    /// Adds the values of a round, and of all in it. Blocks don't nest deep.
    fn block(&mut self, block: u32) {
        let Blanks { holes, blocks, .. } = self.blanks;
        for (number, hole) in (0..).zip(holes.iter()).filter(|(_, hole)| hole.block == block) {
            let value = match (self.scope.variable(&hole.name), self.scope.given(&hole.name)) {
                (Some(value), _) => Some(value),
                (None, Some(Form::One(value))) => Some(value),
                (None, Some(Form::None)) => None,
                (None, Some(Form::List(_))) => {
                    let message = format!("`{}` is a list, and here stands one value", hole.name);
                    self.problem(hole.name.as_ref(), Code::ParameterType, message, "give it one value");
                    None
                }
                (None, None) if hole.optional => None,
                (None, None) => {
                    self.unset(&hole.name);
                    None
                }
            };
            if let Some(value) = value.filter(|value| value.is_number && self.blanks.is_size(number)) {
                let message =
                    format!("`{}` is a number without a unit, and here stands a size", value.text.display());
                self.problem(
                    &hole.name,
                    Code::ParameterType,
                    message,
                    "give a `Size`, such as `Size::mib(512)`",
                );
            }
            self.values.value(value.map(|value| &*value.text));
        }
        // Whether a branch is there, of those that are alternatives.
        let mut is_decided = false;
        for (number, inner) in (1..).zip(blocks.iter()).filter(|(_, inner)| inner.parent == block) {
            let is_there = match &inner.guard {
                Guard::If(condition) => self.holds(condition),
                Guard::ElseIf(condition) => !is_decided && self.holds(condition),
                Guard::Else => !is_decided,
                Guard::For { variable, list } => {
                    self.repeat(number, variable, list);
                    continue;
                }
            };
            is_decided = is_there || is_decided && !matches!(inner.guard, Guard::If(_));
            if is_there {
                self.values.begin(number);
                self.block(number);
                self.values.end();
            }
        }
    }

    fn repeat(&mut self, block: u32, variable: &'v str, list: &'v str) {
        let values = match self.scope.given(list) {
            Some(Form::List(values)) => values.as_slice(),
            Some(Form::One(value)) => std::slice::from_ref(value),
            Some(Form::None) | None => &[],
        };
        for value in values {
            self.values.begin(block);
            self.scope.variables.push((variable, value));
            self.block(block);
            self.scope.variables.pop();
            self.values.end();
        }
    }

    fn holds(&mut self, condition: &Condition) -> bool {
        let name = &*condition.name;
        let value = match (self.scope.variable(name), self.scope.given(name)) {
            (Some(value), _) => Some(value),
            (None, Some(Form::One(value))) => Some(value),
            (None, Some(Form::List(values))) => return values.is_empty() == condition.negated,
            (None, Some(Form::None)) => None,
            (None, None) => {
                if condition.is_flag {
                    self.unset(name);
                }
                None
            }
        };
        let holds = match value {
            None => false,
            Some(_) if !condition.is_flag => true,
            Some(Single { text: value, .. }) => match value.to_str().map(OnOff::parse) {
                Some(Ok(is_on)) => is_on.0,
                _ => {
                    let message = format!("`{}` is neither `on` nor `off`", value.display());
                    self.problem(name, Code::ParameterType, message, "a condition is a `bool`");
                    false
                }
            },
        };
        holds != condition.negated
    }

    fn unset(&mut self, name: &str) {
        let message = format!("the parameter `{name}` has no value");
        self.problem(name, Code::UnsetParameter, message, "give it one");
    }

    /// Each once.
    fn problem(&mut self, name: &str, code: Code, message: String, help: &str) {
        let hole = self.blanks.holes.iter().find(|hole| hole.name == name);
        let problem = BindProblem {
            place: hole.and_then(|hole| place_of(self.places, hole)).cloned(),
            first: None,
            hole: name.to_owned(),
            code: code.as_str().to_owned(),
            message,
            help: help.to_owned(),
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

//! A typed VM: its statements.

use std::any::Any;
use std::fmt;

use super::blank::Blanks;
use super::ids::Ids;
use super::rounds::Rounds;
use super::val::Open;
use crate::plan::{Piece, Text};
use crate::qemu::board::Board;
use crate::table::StatementSpec;
use crate::{Span, Target};

/// The values of a statement: the struct of its form.
pub(crate) trait Values: Any + fmt::Debug {}

impl<T: Any + fmt::Debug> Values for T {}

/// What is wrong with a statement that could be read nevertheless.
#[derive(Debug, Default)]
pub(crate) struct Flaws {
    /// Options that have an error, or that something unknown was most likely meant as.
    pub(crate) options: Vec<&'static str>,
    /// Whether anything in it may be other than it was meant.
    pub(crate) all: bool,
}

impl Flaws {
    pub(crate) fn any(&self) -> bool {
        self.all || !self.options.is_empty()
    }
}

/// A statement that was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) spec: &'static StatementSpec,
    /// The number of its form.
    pub(crate) form: usize,
    pub(crate) values: Box<dyn Values>,
    /// Its number among those that are read.
    pub(crate) step: usize,
    /// The round in which it stands.
    pub(crate) round: u32,
    /// Its keyword and kind.
    pub(crate) head: Span,
    /// All of it.
    pub(crate) span: Span,
    pub(crate) flaws: Flaws,
}

impl Entry {
    /// The values, where the statement is of this form.
    pub(crate) fn values<F: Values>(&self) -> Option<&F> {
        (&*self.values as &dyn Any).downcast_ref()
    }
}

/// What a statement says that the printing of others hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The VM's name, which generated MAC addresses hang on.
    pub(crate) name: Option<Text>,
    pub(crate) board: Board,
    /// Whether a statement names the machine.
    pub(crate) names_machine: bool,
    /// The id of the object that holds the RAM, where one does.
    pub(crate) ram: Option<Vec<Piece>>,
    /// The id of the object that keeps the memory from the host, where one does.
    pub(crate) guard: Option<Vec<Piece>>,
    /// What is in the machine's flash memory, where a statement says so.
    pub(crate) flash: Option<Flash>,
}

/// What is in the machine's flash memory beside the firmware's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flash {
    pub(crate) vars: Vars,
    /// Whether only System Management Mode can write the variables.
    pub(crate) is_secure: bool,
}

/// Whether the firmware's variables have a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Vars {
    None,
    Known,
    /// If this value is there.
    Open(Open),
}

/// What is printed of a value that comes later leaves itself out where there is none: both print the same.
impl PartialEq for Vars {
    fn eq(&self, other: &Self) -> bool {
        matches!(self, Self::Known) == matches!(other, Self::Known)
    }
}

impl Eq for Vars {}

impl Facts {
    /// What holds where nothing is said.
    pub(crate) fn new(target: Target, extent: Extent) -> Self {
        let board = match extent {
            Extent::Part => Board::new(target, "", |_| false),
            Extent::Whole | Extent::Base | Extent::Devices => Board::default_of(target),
        };
        Self { name: None, board, names_machine: false, ram: None, guard: None, flash: None }
    }
}

/// The keyword of a statement that may stand once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Once {
    pub(crate) keyword: &'static str,
    pub(crate) span: Span,
    pub(crate) round: u32,
}

/// How many there are of what was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) statements: usize,
    pub(crate) ids: usize,
    pub(crate) blanks: usize,
}

/// What a text describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A VM.
    Whole,
    /// A VM to which parts are added.
    Base,
    /// A part that is added.
    Part,
    /// Devices for a guest that runs.
    Devices,
}

impl Extent {
    /// Whether other texts say more about the same VM.
    pub(crate) const fn is_partial(self) -> bool {
        matches!(self, Self::Base | Self::Part)
    }

    /// Whether the machine is said here, if anywhere.
    pub(crate) const fn has_machine(self) -> bool {
        matches!(self, Self::Whole | Self::Base)
    }
}

/// A typed VM.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) extent: Extent,
    pub(crate) target: Target,
    /// The same, or of a version newer than all that are known, where such a one is asked for.
    pub(crate) asked_target: Target,
    /// Whether the target comes later, or the program, which says it too.
    pub(crate) target_is_open: bool,
    /// Whether the options or the text say which version.
    pub(crate) names_version: bool,
    /// Whether its holes are expressions of a program.
    pub(crate) has_expressions: bool,
    /// Where the text says which architecture, if it does.
    pub(crate) arch: Option<Span>,
    /// The program to run, whatever the text says.
    pub(crate) program: Option<String>,
    /// Whether these are devices for a guest that runs: what they refer to may be there.
    pub(crate) is_fragment: bool,
    pub(crate) facts: Facts,
    pub(crate) statements: Vec<Entry>,
    /// How many are printed. Behind these stands what was read for the checks alone.
    pub(crate) printed: Counts,
    /// Each that may stand once, and was begun.
    pub(crate) once: Vec<Once>,
    pub(crate) ids: Ids,
    pub(crate) rounds: Rounds,
    /// The values that come later.
    pub(crate) blanks: Blanks,
    /// Whether all statements could be read without an error: where not, what is missing may be among the errors.
    pub(crate) complete: bool,
    /// Whether a value comes later.
    pub(crate) is_open: bool,
    /// Whether what the VM consists of hangs on a value that comes later.
    pub(crate) shape_is_open: bool,
}

impl Vm {
    /// The block that comes later in which a statement stands.
    pub(crate) fn block_of(&self, statement: usize) -> u32 {
        self.statements.get(statement).map_or(0, |entry| self.rounds.block(entry.round))
    }

    /// How many there are of what was read.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            statements: self.statements.len(),
            ids: self.ids.generated.len(),
            blanks: self.blanks.iter().len(),
        }
    }

    /// Leaves out all but so many.
    pub(crate) fn truncate(&mut self, to: Counts) {
        let Counts { statements, ids, blanks } = to;
        self.statements.truncate(statements);
        self.ids.truncate(ids);
        self.blanks.truncate(blanks);
    }

    pub(crate) fn new(target: Target, extent: Extent) -> Self {
        Self {
            extent,
            target,
            asked_target: target,
            target_is_open: false,
            names_version: false,
            has_expressions: false,
            arch: None,
            program: None,
            is_fragment: extent == Extent::Devices,
            facts: Facts::new(target, extent),
            statements: Vec::new(),
            printed: Counts::default(),
            once: Vec::new(),
            rounds: Rounds::default(),
            ids: Ids::default(),
            blanks: Blanks::default(),
            complete: true,
            is_open: false,
            shape_is_open: false,
        }
    }
}

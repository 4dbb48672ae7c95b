//! A typed VM: its statements, and what they define.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

use super::ids::Ids;
use crate::source::Node;
use crate::table::StatementSpec;
use crate::value::PciAddr;
use crate::{Span, Version};

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

/// A device's place on a PCI bus.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) statement: usize,
    pub(crate) bus: Option<Node<String>>,
    pub(crate) addr: Node<PciAddr>,
    /// Whether other functions of its slot may have devices.
    pub(crate) multifunction: bool,
}

/// A typed VM.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) target: Version,
    /// Whether the options or the text say so.
    pub(crate) names_target: bool,
    /// Whether these are devices for a guest that runs: what they refer to may be there.
    pub(crate) is_fragment: bool,
    /// Its name, which the generated MAC addresses hang on.
    pub(crate) name: Option<String>,
    pub(crate) statements: Vec<Entry>,
    pub(crate) ids: Ids,
    pub(crate) placements: Vec<Placement>,
    /// Whether all statements could be read without an error: where not, what is missing may be among the errors.
    pub(crate) complete: bool,
    firsts: HashMap<TypeId, usize>,
}

impl Vm {
    pub(crate) fn new(target: Version, names_target: bool, is_fragment: bool) -> Self {
        Self {
            target,
            names_target,
            is_fragment,
            name: None,
            statements: Vec::new(),
            ids: Ids::default(),
            placements: Vec::new(),
            complete: true,
            firsts: HashMap::new(),
        }
    }

    /// Adds a statement behind the others.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.firsts.entry((*entry.values).type_id()).or_insert(self.statements.len());
        self.statements.push(entry);
    }

    /// The first statement of this form.
    pub(crate) fn entry<F: Values>(&self) -> Option<(&Entry, &F)> {
        let entry = self.statements.get(*self.firsts.get(&TypeId::of::<F>())?)?;
        Some((entry, entry.values()?))
    }

    /// The first statement of this form.
    pub(crate) fn get<F: Values>(&self) -> Option<&F> {
        self.entry().map(|(_, form)| form)
    }

    /// All statements of this form.
    pub(crate) fn all<F: Values>(&self) -> impl Iterator<Item = (&Entry, &F)> {
        self.statements.iter().filter_map(|entry| Some((entry, entry.values()?)))
    }
}

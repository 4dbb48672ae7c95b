//! A statement that is being written.

use super::given::Item;
use crate::source::{quoted, spell};
use crate::table::{FormSpec, OptionSpec, StatementSpec, Table};

/// A statement that is being written.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) spec: &'static StatementSpec,
    pub(super) form: &'static FormSpec,
    pub(super) kind: Option<String>,
    pub(super) options: Vec<(&'static OptionSpec, String)>,
    pub(super) properties: Vec<Item>,
}

/// Whether it is the same option of one form.
pub(super) fn is_same(a: &OptionSpec, b: &OptionSpec) -> bool {
    std::ptr::eq(a, b) || (a.name == b.name && a.positional == b.positional)
}

impl Draft {
    pub(super) const fn new(
        spec: &'static StatementSpec,
        form: &'static FormSpec,
        kind: Option<String>,
    ) -> Self {
        Self { spec, form, kind, options: Vec::new(), properties: Vec::new() }
    }

    /// Whether it has a value for the option.
    pub(super) fn has(&self, option: &OptionSpec) -> bool {
        self.options.iter().any(|(own, _)| is_same(own, option))
    }

    /// Gives the option another value; one that may stand again and again gets one more.
    pub(super) fn set(&mut self, option: &'static OptionSpec, value: impl Into<String>) {
        let given = self.options.iter_mut().find(|(own, _)| is_same(own, option) && !option.list);
        match given {
            Some((_, own)) => *own = value.into(),
            None => self.options.push((option, value.into())),
        }
    }

    /// Takes the option's values away.
    pub(super) fn unset(&mut self, option: &OptionSpec) {
        self.options.retain(|(own, _)| !is_same(own, option));
    }

    /// How many words it has: of two that say the same, the one with fewer is the better.
    pub(super) fn len(&self) -> usize {
        self.options.len() + self.properties.len()
    }

    /// The statement as it is written. Nothing where a value can't stand in it.
    pub(super) fn words(&self, table: Table) -> Option<Vec<String>> {
        let mut words = vec![self.spec.keyword.to_owned()];
        words.extend(self.kind.as_deref().map(|kind| unlike_keywords(kind, table)));
        let values = |option: &OptionSpec| {
            let given: Vec<_> = self
                .options
                .iter()
                .filter(|(own, _)| is_same(own, option))
                .map(|(_, value)| value.as_str())
                .collect();
            given
        };
        let mut is_missing = false;
        for option in self.form.positionals() {
            let given = values(option);
            if is_missing && !given.is_empty() {
                return None;
            }
            is_missing |= given.is_empty();
            for value in given {
                words.push(match self.form.option(value) {
                    Some(_) => quoted(value),
                    None => unlike_keywords(value, table),
                });
            }
        }
        for option in self.form.options().filter(|option| !option.positional) {
            for value in values(option) {
                let is_bare = option.ty.bare == Some(value) && table.find(option.name).is_none();
                words.push(if is_bare {
                    option.name.to_owned()
                } else {
                    format!("{}={}", option.name, spell(value))
                });
            }
        }
        for property in &self.properties {
            words.push(match property.name.strip_prefix(['+', '-']) {
                Some(_) => property.name.clone(),
                None => format!("{}={}", property.name, spell(&property.value)),
            });
        }
        Some(words)
    }
}

/// A word that begins no statement of its own.
fn unlike_keywords(text: &str, table: Table) -> String {
    if table.find(text).is_some() { quoted(text) } else { spell(text).into_owned() }
}

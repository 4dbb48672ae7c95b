//! Where a text has parameters.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;

use super::given::{Given, Item, items};
use crate::source::{quoted, spell};

/// Stand around the number of a variable and its value.
pub(super) const MARKS: [char; 3] = ['\u{e010}', '\u{e011}', '\u{e012}'];

/// What of a command line is a variable.
#[derive(Clone, Debug, Default)]
pub(super) struct Holes {
    variables: Vec<Hole>,
    /// The arguments with their variables marked.
    marked: HashMap<usize, String>,
    /// The variables of which the text makes parameters.
    used: RefCell<Vec<usize>>,
}

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Hole {
    /// The parameter's name.
    pub(super) name: String,
    /// What the script calls it.
    pub(super) variable: String,
    /// Its value, or one that stands in for it.
    pub(super) value: String,
    pub(super) is_known: bool,
}

impl Holes {
    /// `marked` are the arguments that have variables, by their places.
    pub(super) fn new(variables: Vec<Hole>, marked: HashMap<usize, String>) -> Self {
        Self { variables, marked, used: RefCell::default() }
    }

    /// The words of a statement, with holes where its options have a variable.
    pub(super) fn filled(&self, words: &[String], takes: &[usize], givens: &[Given]) -> Vec<String> {
        let mut words = words.to_vec();
        let taken = takes.iter().filter_map(|number| givens.get(*number));
        for given in taken {
            let Some(marked) = self.marked.get(&given.last()) else { continue };
            let whole = [Item::new("", marked.clone())];
            for item in items(&given.flag, marked).iter().chain(&whole) {
                let Some((plain, hole, used)) = self.parted(&item.value) else { continue };
                let spelt = [spell(&plain).into_owned(), quoted(&plain)];
                for word in words.iter_mut().skip(1) {
                    let (before, value) = match word.split_once('=') {
                        Some((name, value)) if !word.starts_with('"') => (format!("{name}="), value),
                        _ => (String::new(), word.as_str()),
                    };
                    if spelt.iter().any(|spelt| spelt == value) {
                        *word = format!("{before}{hole}");
                        self.used.borrow_mut().extend(&used);
                    }
                }
            }
        }
        words
    }

    /// A marked value as it is, as it is written with holes, and the variables in it. Nothing where a variable is not
    /// wholly in it, or none at all.
    fn parted(&self, marked: &str) -> Option<(String, String, Vec<usize>)> {
        let (mut plain, mut written, mut used) = (String::new(), String::new(), Vec::new());
        let mut rest = marked;
        let mut is_alone = true;
        while let Some((before, behind)) = rest.split_once(MARKS[0]) {
            let (number, behind) = behind.split_once(MARKS[1])?;
            let (value, behind) = behind.split_once(MARKS[2])?;
            let hole = self.variables.get(number.parse::<usize>().ok()?)?;
            is_alone &= before.is_empty();
            plain.push_str(before);
            plain.push_str(value);
            written.push_str(inner(before)?.as_str());
            let _ = write!(written, "{{{}}}", hole.name);
            used.push(number.parse().ok()?);
            rest = behind;
        }
        if used.is_empty() || rest.contains(MARKS) {
            return None;
        }
        is_alone &= rest.is_empty() && used.len() == 1;
        plain.push_str(rest);
        written.push_str(inner(rest)?.as_str());
        let written = if is_alone { written } else { format!("\"{written}\"") };
        Some((plain, written, used))
    }

    /// The parameters' declarations.
    pub(super) fn declarations(&self) -> String {
        let mut text = String::new();
        for (number, hole) in self.variables.iter().enumerate() {
            if !self.used.borrow().contains(&number) {
                continue;
            }
            let _ = writeln!(text, "/// `{}` of the script", hole.variable);
            let _ = write!(text, "param {}: string", hole.name);
            if hole.is_known {
                let _ = write!(text, " = {}", quoted(&hole.value));
            }
            text.push('\n');
        }
        text
    }

    /// Values for the parameters that have none.
    pub(super) fn values(&self) -> Vec<(String, String)> {
        let used = self.used.borrow();
        let unknown = self
            .variables
            .iter()
            .enumerate()
            .filter(|(number, hole)| !hole.is_known && used.contains(number));
        unknown.map(|(_, hole)| (hole.name.clone(), hole.value.clone())).collect()
    }
}

/// A text as it stands within quotes.
fn inner(text: &str) -> Option<String> {
    let quoted = quoted(text);
    Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

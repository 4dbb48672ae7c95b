//! Where a text has parameters.

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
        Self { variables, marked }
    }

    /// The words of a statement, with holes where its options have a variable, and these variables.
    ///
    /// A word is that of the item with its name, or else that of the first with its value.
    pub(super) fn filled(
        &self,
        words: &[String],
        takes: &[usize],
        givens: &[Given],
    ) -> (Vec<String>, Vec<usize>) {
        let mut words: Vec<_> = words.iter().map(|word| Place::of(word)).collect();
        let mut used = Vec::new();
        if self.marked.is_empty() {
            return (words.into_iter().map(Place::written).collect(), used);
        }
        let mut items: Vec<(Item, Option<Parted>)> = Vec::new();
        for given in takes.iter().filter_map(|number| givens.get(*number)) {
            // An image has no option, though it may have become one that has.
            let places = if given.at == given.last() { vec![given.at] } else { vec![given.at, given.last()] };
            let marks: Vec<_> = places.iter().filter_map(|at| self.marked.get(at)).collect();
            if marks.is_empty() {
                items.extend(given.items.iter().map(|item| (item.clone(), None)));
            }
            for marked in marks {
                // The option's whole value, where it is no list.
                let whole = self.parted(marked);
                let is_whole = whole.as_ref().is_some_and(|whole| {
                    words.iter().skip(1).any(|word| word.is(&whole.plain)) && whole.plain.contains([',', '='])
                });
                let list =
                    if is_whole { vec![Item::new("", marked.clone())] } else { list(&given.flag, marked) };
                items.extend(list.into_iter().map(|item| match self.parted(&item.value) {
                    Some(parted) => (Item::new(item.name, parted.plain.clone()), Some(parted)),
                    None => (item, None),
                }));
            }
        }
        for by_name in [true, false] {
            items.retain(|(item, parted)| {
                let is_it = |word: &&mut Place| {
                    word.is(&item.value) && (!by_name || word.name.as_deref() == Some(item.name.as_str()))
                };
                let free = words.iter_mut().skip(1).filter(|word| word.hole.is_none()).find(is_it);
                let Some(word) = free else { return true };
                word.hole =
                    Some(parted.as_ref().map_or_else(|| word.value.clone(), |parted| parted.written.clone()));
                used.extend(parted.iter().flat_map(|parted| &parted.used).copied());
                false
            });
        }
        (words.into_iter().map(Place::written).collect(), used)
    }

    /// A marked value as it is, as it is written with holes, and the variables in it. Nothing where a variable is not
    /// wholly in it, or none at all.
    fn parted(&self, marked: &str) -> Option<Parted> {
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
        Some(Parted { plain, written, used })
    }

    /// The declarations of the parameters that are used. Of a variable that is none, and of which nothing is known, it says what
    /// stands in for it.
    pub(super) fn declarations(&self, used: &[usize]) -> String {
        let mut text = String::new();
        for (number, hole) in self.variables.iter().enumerate() {
            let variable = hole.variable.split_whitespace().collect::<Vec<_>>().join(" ");
            if !used.contains(&number) {
                if !hole.is_known && self.is_marked(number) {
                    let value = quoted(&hole.value);
                    let _ = writeln!(
                        text,
                        "// Nothing is known of `{variable}` of the script: {value} stands in for it."
                    );
                }
                continue;
            }
            let _ = writeln!(text, "/// `{variable}` of the script");
            let _ = write!(text, "param {}: string", hole.name);
            if hole.is_known {
                let _ = write!(text, " = {}", quoted(&hole.value));
            }
            text.push('\n');
        }
        text
    }

    /// A comment in which variables stand as the script has them, rather than the paths that stand in for them.
    pub(super) fn commented(&self, text: &str) -> String {
        let unknown = self.variables.iter().filter(|hole| !hole.is_known && hole.value.starts_with('/'));
        unknown.fold(text.to_owned(), |text, hole| {
            let sign = if hole.variable.starts_with(['$', '<', '>']) { "" } else { "$" };
            text.replace(&hole.value, &format!("{sign}{}", hole.variable))
        })
    }

    /// Whether a variable is in an argument.
    fn is_marked(&self, number: usize) -> bool {
        let mark = format!("{}{number}{}", MARKS[0], MARKS[1]);
        self.marked.values().any(|marked| marked.contains(&mark))
    }

    /// Values for the parameters, of those that are used, that have none.
    pub(super) fn values(&self, used: &[usize]) -> Vec<(String, String)> {
        let all = self.variables.iter().enumerate();
        let unknown = all.filter(|(number, hole)| !hole.is_known && used.contains(number));
        unknown.map(|(_, hole)| (hole.name.clone(), hole.value.clone())).collect()
    }

    /// A text with the values of its variables in place of their marks.
    pub(super) fn unmarked(text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(MARKS[0]) {
            let (_, behind) = behind.split_once(MARKS[1]).unwrap_or(("", behind));
            plain.push_str(before);
            rest = behind;
        }
        plain.push_str(rest);
        plain.replace(MARKS[2], "")
    }
}

/// What an option's marked list has, each name unmarked.
fn list(flag: &str, marked: &str) -> Vec<Item> {
    let items = items(flag, marked).into_iter();
    items.map(|item| Item::new(Holes::unmarked(&item.name), item.value)).collect()
}

/// A marked value: as it is, as it is written with holes, and the variables in it.
struct Parted {
    plain: String,
    written: String,
    used: Vec<usize>,
}

/// A word of a statement: what stands before its value, that, and what takes its place.
struct Place {
    name: Option<String>,
    value: String,
    hole: Option<String>,
}

impl Place {
    fn of(word: &str) -> Self {
        match word.split_once('=') {
            Some((name, value)) if !word.starts_with('"') => {
                Self { name: Some(name.to_owned()), value: value.to_owned(), hole: None }
            }
            _ => Self { name: None, value: word.to_owned(), hole: None },
        }
    }

    /// Whether its value is this text.
    fn is(&self, plain: &str) -> bool {
        self.value == spell(plain) || self.value == quoted(plain)
    }

    fn written(self) -> String {
        let value = self.hole.unwrap_or(self.value);
        match self.name {
            Some(name) => format!("{name}={value}"),
            None => value,
        }
    }
}

/// A text as it stands within quotes.
fn inner(text: &str) -> Option<String> {
    let quoted = quoted(text);
    Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

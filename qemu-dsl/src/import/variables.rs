//! Variables of a script become parameters of the text.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::given::{Given, items};
use super::script::{Script, Segment, Word};
use super::{Import, ImportError, Importer, Placed};
use crate::TargetSpec;
use crate::plan::Plan;
use crate::source::{quoted, spell};

/// Stand around the number of a variable and its value.
const MARKS: [char; 3] = ['\u{e010}', '\u{e011}', '\u{e012}'];

/// What of a command line is a variable.
#[derive(Clone, Debug, Default)]
pub(super) struct Holes {
    variables: Vec<Hole>,
    /// The arguments with their variables marked.
    marked: HashMap<usize, String>,
    /// The variables of which the text makes parameters.
    used: std::cell::RefCell<Vec<usize>>,
}

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Hole {
    /// The parameter's name.
    name: String,
    /// What the script calls it.
    variable: String,
    /// Its value, or one that stands in for it.
    value: String,
    is_known: bool,
}

impl Holes {
    /// The words of a statement, with holes where its options have a variable.
    pub(super) fn filled(&self, placed: &Placed, givens: &[Given]) -> Vec<String> {
        let mut words = placed.words.clone();
        let taken = placed.takes.iter().filter_map(|number| givens.get(*number));
        for given in taken {
            let Some(marked) = self.marked.get(&given.last()) else { continue };
            let whole = [super::given::Item::new("", marked.clone())];
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

/// What may stand for a variable of which nothing is known.
const STAND_INS: [&str; 5] = ["1G", "2", "52:54:00:12:34:56", "127.0.0.1", "on"];

/// Writes the command line of a script as a text. Its variables become parameters, with the values that the script gives
/// them as defaults.
///
/// # Errors
///
/// As [`import()`](super::import()).
///
/// ```
/// use qemu_dsl::Version;
/// use qemu_dsl::import::{Script, of_script};
///
/// let script = Script::read("RAM=2G\nqemu-system-x86_64 -m $RAM -bios $HOME/bios.bin").unwrap();
/// let import = of_script(&script, Version::new(7, 2).into()).unwrap();
/// assert_eq!(
///     import.text,
///     "target 7.2\n/// `RAM` of the script\nparam ram: string = \"2G\"\n/// `HOME` of the script\n\
///      param home: string\nmemory {ram}\nbios \"{home}/bios.bin\"\n"
/// );
/// ```
pub fn of_script(script: &Script, target: TargetSpec) -> Result<Import, ImportError> {
    let mut variables: Vec<Hole> = Vec::new();
    for segment in script.words.iter().flatten() {
        let Segment::Variable(variable) = segment else { continue };
        if variables.iter().any(|known| known.variable == *variable) {
            continue;
        }
        let mut name = variable.to_ascii_lowercase();
        while variables.iter().any(|known| known.name == name) {
            name.push('_');
        }
        let value = script.values.get(variable).cloned();
        let is_known = value.is_some();
        let value = value.unwrap_or_else(|| format!("/{name}"));
        variables.push(Hole { name, variable: variable.clone(), value, is_known });
    }
    // The fewer arguments have to be passed on, the better a value stands in.
    let mut best = attempt(script, &variables, target)?;
    for number in 0..variables.len() {
        if variables.get(number).is_none_or(|hole| hole.is_known)
            || best.passed.is_empty() && best.errors.is_empty()
        {
            continue;
        }
        for value in STAND_INS {
            let mut others = variables.clone();
            if let Some(hole) = others.get_mut(number) {
                hole.value = value.to_owned();
            }
            let other = attempt(script, &others, target)?;
            if (other.errors.len(), other.passed.len()) < (best.errors.len(), best.passed.len()) {
                (best, variables) = (other, others);
            }
        }
    }
    Ok(best)
}

fn attempt(script: &Script, variables: &[Hole], target: TargetSpec) -> Result<Import, ImportError> {
    let number_of = |name: &str| variables.iter().position(|hole| hole.variable == name);
    let value = |word: &Word| -> String {
        let values = word.iter().map(|segment| match segment {
            Segment::Text(text) => text.as_str(),
            Segment::Variable(name) => number_of(name)
                .and_then(|number| variables.get(number))
                .map_or("", |hole| hole.value.as_str()),
        });
        values.collect()
    };
    let mut marked = HashMap::new();
    for (at, word) in script.words.iter().skip(1).enumerate() {
        if word.iter().all(|segment| matches!(segment, Segment::Text(_))) {
            continue;
        }
        let texts = word.iter().map(|segment| match segment {
            Segment::Text(text) => text.clone(),
            Segment::Variable(name) => {
                let number = number_of(name).unwrap_or_default();
                let value = variables.get(number).map_or("", |hole| hole.value.as_str());
                let [start, behind, end] = MARKS;
                format!("{start}{number}{behind}{value}{end}")
            }
        });
        marked.insert(at, texts.collect());
    }
    let program = script.words.first().map(value).unwrap_or_default();
    // What only a variable names is the default program.
    let is_variable = matches!(script.words.first().map(Vec::as_slice), Some([Segment::Variable(name)]) if !script.values.contains_key(name));
    let program = if is_variable { String::new() } else { program };
    let args: Vec<String> = script.words.iter().skip(1).map(value).collect();
    let plan = Plan::new(&program, &args, Vec::new());
    let holes = Holes { variables: variables.to_vec(), marked, ..Holes::default() };
    Ok(Importer::new(&plan, target, holes)?.import())
}

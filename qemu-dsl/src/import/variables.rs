//! Variables of a script become parameters of the text.

use std::collections::HashMap;

use super::holes::{Hole, Holes, MARKS};
use super::importer::{Import, ImportError, Importer};
use super::script::{Script, Segment, Word};
use crate::TargetSpec;
use crate::plan::Plan;

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
    let holes = Holes::new(variables.to_vec(), marked);
    Ok(Importer::new(&plan, target, holes)?.import())
}

//! Variables of a script become parameters of the text.

use std::collections::HashMap;

use super::holes::{Hole, Holes, MARKS};
use super::importer::{Import, ImportError, Importer};
use super::script::{Script, Segment, Word};
use crate::TargetSpec;
use crate::plan::Plan;

/// What may stand for a variable of which nothing is known, one after the other: each by its name and its number.
const STAND_INS: [fn(&Hole, usize) -> String; 6] = [
    |hole, _| hole.name.clone(),
    |_, _| "1G".to_owned(),
    |_, _| "2".to_owned(),
    |_, number| format!("52:54:00:12:35:{:02x}", number % 256),
    |_, _| "127.0.0.1".to_owned(),
    |_, _| "on".to_owned(),
];

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
        let mut name = name_of(variable);
        while variables.iter().any(|known| known.name == name) {
            name.push('_');
        }
        let value = script.values.get(variable).cloned();
        let is_known = value.is_some();
        let value = value.unwrap_or_else(|| format!("/{name}"));
        variables.push(Hole { name, variable: variable.clone(), value, is_known });
    }
    let first = attempt(script, &variables, target)?;
    let is_unknown = |number: &usize| variables.get(*number).is_some_and(|hole| !hole.is_known);
    let mut doubtful: Vec<usize> = (0..variables.len()).filter(is_unknown).collect();
    doubtful.retain(|number| is_passed(script, &variables, *number, &first));
    if doubtful.is_empty() {
        return Ok(first);
    }
    // All at once: what stands in for one variable hardly hangs on what does for another.
    let mut chosen = variables.clone();
    for stand_in in STAND_INS {
        let mut others = chosen.clone();
        for number in &doubtful {
            if let Some(hole) = others.get_mut(*number) {
                hole.value = stand_in(hole, *number);
            }
        }
        let import = attempt(script, &others, target)?;
        doubtful.retain(|number| {
            let is_passed = is_passed(script, &others, *number, &import);
            if let (false, Some(hole), Some(other)) =
                (is_passed, chosen.get_mut(*number), others.get(*number))
            {
                hole.value.clone_from(&other.value);
            }
            is_passed
        });
        if doubtful.is_empty() {
            break;
        }
    }
    let best = attempt(script, &chosen, target)?;
    let is_better = (best.errors.len(), best.passed.len()) < (first.errors.len(), first.passed.len());
    Ok(if is_better { best } else { first })
}

/// Whether no statement says an option in which a variable is.
fn is_passed(script: &Script, variables: &[Hole], number: usize, import: &Import) -> bool {
    let Some(hole) = variables.get(number) else { return false };
    let is_it = |segment: &Segment| matches!(segment, Segment::Variable(name) if *name == hole.variable);
    let args = script.words.iter().skip(1).enumerate();
    args.filter(|(_, word)| word.iter().any(is_it))
        .any(|(at, _)| import.passed.iter().any(|passed| passed.at == at || passed.at + 1 == at))
}

/// The parameter's name of a variable.
fn name_of(variable: &str) -> String {
    if variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return variable.to_ascii_lowercase();
    }
    if let Some(number) = variable.strip_prefix('$').filter(|rest| !rest.starts_with(['(', '{'])) {
        let is_argument = number.bytes().all(|byte| byte.is_ascii_digit());
        return if is_argument { format!("arg{number}") } else { "shell".to_owned() };
    }
    let words = variable.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(3);
    let name = words.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("shell_{name}") }
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
    Ok(Importer::new(&plan, target, holes)?.with_notes(&script.notes).import())
}

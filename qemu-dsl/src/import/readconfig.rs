//! Files of `-readconfig`: options by groups, as an INI file has them.

use std::fmt;

use crate::plan::optlist::Escape;

/// A line of such a file that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadConfig {
    /// Its number, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `{}` is neither `[group]` nor `name = \"value\"`", self.line, self.text)
    }
}

impl std::error::Error for BadConfig {}

/// The groups of such files that have another name as options.
const RENAMED: &[(&str, &str)] =
    &[("memory", "m"), ("smp-opts", "smp"), ("boot-opts", "boot"), ("rtc", "rtc")];

/// The arguments that say what a file for `-readconfig` says.
///
/// # Errors
///
/// A line is neither a group's head nor a name with a value.
///
/// ```
/// let file = "[device \"rng0\"]\n  driver = \"virtio-rng-pci\"\n[machine]\n  accel = \"kvm\"\n";
/// let args = qemu_dsl::import::readconfig(file).unwrap();
/// assert_eq!(args, ["-device", "driver=virtio-rng-pci,id=rng0", "-machine", "accel=kvm"]);
/// ```
pub fn readconfig(text: &str) -> Result<Vec<String>, BadConfig> {
    let mut groups: Vec<(String, Option<String>, Vec<String>)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let bad = || BadConfig { line: number + 1, text: line.to_owned() };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (group, id) = match head.split_once(char::is_whitespace) {
                Some((group, id)) => (group, Some(unquoted(id.trim()).ok_or_else(bad)?.to_owned())),
                None => (head, None),
            };
            groups.push((group.to_owned(), id, Vec::new()));
            continue;
        }
        let (name, value) = line.split_once('=').ok_or_else(bad)?;
        let value = unquoted(value.trim()).ok_or_else(bad)?;
        let (.., items) = groups.last_mut().ok_or_else(bad)?;
        items.push(format!("{}={}", name.trim(), Escape::Comma.apply(value)));
    }
    let args = groups.into_iter().flat_map(|(group, id, mut items)| {
        let name = RENAMED.iter().find(|(own, _)| *own == group).map_or(group.as_str(), |(_, option)| option);
        items.extend(id.map(|id| format!("id={}", Escape::Comma.apply(&id))));
        [format!("-{name}"), items.join(",")]
    });
    Ok(args.collect())
}

fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

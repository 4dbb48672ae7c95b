//! No value leaves its place: whatever a string says, QEMU finds it unchanged where it stands, or it is refused when it is bound.
//!
//! Each value of each case of `real_qemu`, which have all of the language, is one that comes later, and is bound to hostile strings.
//! What the arguments say then is read without the compiler. `QEMU_DSL_SEED` says which strings, `QEMU_DSL_INPUTS` how many a place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use qemu_dsl::bind::{BindError, OpenTemplate, Value};
use qemu_dsl::plan::{Fact, Plan};
use qemu_dsl::{Code, Open, Options, TargetSpec, Version, compile};

#[path = "real_qemu/arguments.rs"]
#[expect(dead_code, reason = "more of it is for what QEMU answers")]
mod arguments;
#[path = "injection/hostile.rs"]
mod hostile;
#[path = "../qemu-dsl/tests/open/values.rs"]
mod values;

use values::{unquoted, values};

/// Options that are one text.
const WHOLE: &[&str] = &[
    "-append",
    "-bios",
    "-cdrom",
    "-chroot",
    "-dtb",
    "-fda",
    "-global",
    "-hda",
    "-incoming",
    "-initrd",
    "-kernel",
    "-loadvm",
    "-pidfile",
    "-runas",
    "-set",
];

/// Options whose commas can't be escaped.
const UNESCAPED: &[&str] = &["-cpu", "-d"];

#[test]
fn no_value_leaves_its_place() {
    each_place(number("QEMU_DSL_SEED").unwrap_or(1), number("QEMU_DSL_INPUTS").unwrap_or(3));
}

#[test]
#[ignore = "it takes minutes"]
fn no_value_of_many_leaves_its_place() {
    each_place(number("QEMU_DSL_SEED").unwrap_or(2), number("QEMU_DSL_INPUTS").unwrap_or(1000));
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// An option and what it is.
type Leaf = (String, String);

/// All that the program gets, as QEMU takes it apart.
fn leaves(plan: &Plan) -> Vec<Leaf> {
    let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
    let mut leaves = vec![("program".to_owned(), text(plan.program()))];
    let args: Vec<_> = plan.args().map(text).collect();
    for arguments::Argument { flag, value, list } in arguments::read(&args) {
        if WHOLE.contains(&&*flag) {
            leaves.push((flag, value));
        } else if UNESCAPED.contains(&&*flag) {
            leaves.extend(value.split(',').map(|item| (flag.clone(), item.to_owned())));
        } else if let Ok(json @ serde_json::Value::Object(_)) = serde_json::from_str(&value) {
            members(&flag, &json, &mut leaves);
        } else {
            leaves.push((format!("{flag} first"), list.first));
            leaves.extend(list.items.into_iter().map(|(name, value)| (format!("{flag} {name}"), value)));
        }
    }
    for fd in plan.fds() {
        leaves.push((format!("{} of", fd.source.kind()), text(fd.device)));
        leaves.extend(fd.source.facts().map(|(name, fact)| {
            let value = match fact {
                Fact::Name(name) => text(name),
                Fact::Number(number) => number.to_string(),
                Fact::Switch(is_on) => is_on.to_string(),
            };
            (format!("{} {name}", fd.source.kind()), value)
        }));
    }
    leaves
}

fn members(path: &str, json: &serde_json::Value, leaves: &mut Vec<Leaf>) {
    match json {
        serde_json::Value::Object(object) => {
            object.iter().for_each(|(name, value)| members(&format!("{path} {name}"), value, leaves));
        }
        serde_json::Value::Array(array) => {
            array.iter().for_each(|value| members(&format!("{path} []"), value, leaves));
        }
        serde_json::Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        other => leaves.push((path.to_owned(), other.to_string())),
    }
}

/// A place of a text for a value that comes later.
struct Tried {
    template: OpenTemplate,
    /// What all is with a value that harms nobody, and that value.
    harmless: Vec<Leaf>,
    value: String,
    /// What stands before the hole in the same value.
    before: String,
    /// Whether a warning says that nothing comes of it.
    is_ignored: bool,
}

impl Tried {
    /// The place of the hole that stands at `range`, behind `before` in the same value.
    fn new(text: &str, range: Range<usize>, before: &str, value: &str, target: TargetSpec) -> Option<Self> {
        let mut open = text.to_owned();
        let hole = if before.is_empty() { "{later}".to_owned() } else { format!("\"{before}{{later}}\"") };
        open.replace_range(range.clone(), &hole);
        open += "\nparam later: string";
        let options = Options { target, open: Open::Parameters, ..Options::default() };
        let template = compile(&open, &options).open?;
        let harmless = leaves(&bind(&template, value).ok()?);
        let mut written = text.to_owned();
        written.replace_range(range, "\"/x\"");
        let said = compile(&written, &Options { target, ..Options::default() }).diagnostics;
        let is_ignored = said.iter().any(|one| one.code == Code::IgnoredOption);
        Some(Self { template, harmless, value: value.to_owned(), before: before.to_owned(), is_ignored })
    }

    /// What is wrong with the plan of this value, if anything is. Whether it is one here.
    fn takes(&self, value: &str) -> Result<bool, String> {
        let Ok(plan) = bind(&self.template, value) else { return Ok(false) };
        let found = leaves(&plan);
        let is_right = self.harmless.len() == found.len()
            && self.harmless.iter().zip(&found).all(|(harmless, found)| self.is_same(harmless, found, value));
        let is_there = self.is_ignored || self.harmless != found || self.value == value;
        if is_right && is_there { Ok(true) } else { Err(format!("{found:?}")) }
    }

    /// Whether a leaf is as it was, or has the value in place of the harmless one.
    fn is_same(&self, (name, harmless): &Leaf, (own_name, own): &Leaf, value: &str) -> bool {
        // With `./` before it a path is no protocol.
        let plain = |text: &'_ str| text.strip_prefix("./").unwrap_or(text).to_owned();
        let (was, is) = (plain(harmless), plain(own));
        let has_value = was.match_indices(&self.value).any(|(at, found)| {
            let (before, behind) = (was.get(..at), was.get(at + found.len()..));
            let kept = before.and_then(|before| is.strip_prefix(before));
            kept.and_then(|is| is.strip_suffix(behind?)) == Some(value)
        });
        // What is a number in the text is printed as one.
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = is_digits(&is) || is_digits(&was) && is.strip_prefix(&self.before) == Some(value);
        // A generated address hangs on the VM's name and the device's.
        let is_mac = name.ends_with("mac") && is.len() == 17 && is.split(':').count() == 6;
        name == own_name && (was == is || has_value || is_number || is_mac)
    }
}

fn bind(template: &OpenTemplate, value: &str) -> Result<Plan, BindError> {
    template.bind_named(&[("later", Value::from(value))])
}

fn each_place(seed: u64, inputs: u64) {
    println!("QEMU_DSL_SEED={seed} QEMU_DSL_INPUTS={inputs}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut wrong = Vec::new();
    // Of each sort of place how many values were taken, and how many refused.
    let mut sorts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut files: Vec<_> =
        fs::read_dir("tests/real_qemu/cases").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "vm")) {
        let text = fs::read_to_string(path).unwrap();
        if text.contains(['<', '{']) {
            continue;
        }
        for target in [None, Some(Version::new(7, 2))] {
            let target = TargetSpec { version: target, arch: None };
            for range in values(&text) {
                let Some(given) = text.get(range.clone()).and_then(unquoted) else { continue };
                // All of the value, and the end of it.
                let half = given.char_indices().nth(given.chars().count() / 2).map_or(0, |(at, _)| at);
                for half in [0, half] {
                    let (before, value) = given.split_at(half);
                    let Some(place) = Tried::new(&text, range.clone(), before, value, target) else {
                        continue;
                    };
                    let Some(blank) = place.template.open.blanks.first() else { continue };
                    let sort =
                        format!("{:?}", blank.kind).split([' ', '(']).next().unwrap_or_default().to_owned();
                    let (taken, refused) = sorts.entry(sort).or_default();
                    for _ in 0..inputs {
                        let hostile = hostile::string(&mut random);
                        match place.takes(&hostile) {
                            Ok(true) => *taken += 1,
                            Ok(false) => *refused += 1,
                            Err(found) => wrong.push(format!(
                                "{}: `{before}` and {hostile:.200?} for `{given}`\n{found:.2000}\nwhere there should be\n{:?}",
                                path.file_name().unwrap().display(),
                                place.harmless
                            )),
                        }
                    }
                }
            }
        }
    }
    println!("{sorts:#?}");
    assert!(
        wrong.is_empty(),
        "{}\n{} are wrong",
        wrong.get(..wrong.len().min(20)).unwrap().join("\n\n"),
        wrong.len()
    );
    // What any text is for takes some, and what wants more than that refuses some.
    for sort in ["AnyText", "Path", "Text"] {
        assert!(sorts.get(sort).is_some_and(|(taken, _)| *taken > 0), "{sort}: {sorts:#?}");
    }
    for sort in ["CpuText", "Driver", "Id", "Ifname", "Integer", "Mac", "MemorySize", "Pci", "Uuid", "Word"] {
        assert!(sorts.get(sort).is_some_and(|(_, refused)| *refused > 0), "{sort}: {sorts:#?}");
    }
}

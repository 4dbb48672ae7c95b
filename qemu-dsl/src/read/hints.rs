//! Cures for what people write who know other languages, QEMU's own among them.

use crate::Span;
use crate::diagnostic::{Help, Remedy};
use crate::plan::arguments;
use crate::source::{quoted, spell};
use crate::syntax::Item;
use crate::table::{StatementSpec, Table};

/// What a word of another language is here.
enum Meant {
    /// This statement.
    Statement(&'static str),
    /// These lines, one or several. Where braces stand, the value comes that stands behind the word, or what is within them.
    Lines(&'static [&'static str]),
    /// An option of QEMU's that `arg` passes on.
    Argument,
}

/// The words, and what each of them is here.
const WORDS: &[(&[&str], Meant)] = &[
    (&["drive", "hda", "hdb", "hdc", "hdd", "harddisk"], Meant::Statement("disk")),
    (&["iso", "cd", "dvd"], Meant::Statement("cdrom")),
    (&["net", "nic", "network"], Meant::Statement("netdev")),
    (&["m", "mem", "ram"], Meant::Statement("memory")),
    (&["M"], Meant::Statement("machine")),
    (&["cpus", "vcpus", "cores"], Meant::Statement("smp")),
    (&["initrd", "append"], Meant::Statement("kernel")),
    (&["mem-lock"], Meant::Statement("overcommit")),
    (&["S"], Meant::Statement("paused")),
    (&["D", "d", "dfilter"], Meant::Statement("log")),
    (&["async-teardown"], Meant::Statement("run-with")),
    (&["chroot"], Meant::Lines(&["run-with chroot={/var/empty}"])),
    (&["runas"], Meant::Lines(&["run-with user={nobody}"])),
    (&["curses"], Meant::Lines(&["display curses"])),
    (&["gtk"], Meant::Lines(&["display gtk"])),
    (&["sdl"], Meant::Lines(&["display sdl"])),
    (&["vnc"], Meant::Lines(&["display vnc {127.0.0.1:0}"])),
    (&["spice"], Meant::Lines(&["display spice addr=127.0.0.1 port=5900 disable-ticketing"])),
    (&["k", "keymap"], Meant::Lines(&["display gtk keymap={de}"])),
    (&["dtb", "shim"], Meant::Statement("kernel")),
    (&["watchdog-action"], Meant::Statement("action")),
    (&["fsdev", "virtfs"], Meant::Statement("fs")),
    (&["enable-kvm", "kvm", "no-kvm"], Meant::Lines(&["accel kvm"])),
    (&["acpi", "no-acpi"], Meant::Lines(&["machine q35 acpi=off"])),
    (&["hpet", "no-hpet"], Meant::Lines(&["machine q35 hpet=off"])),
    (&["video"], Meant::Statement("gpu")),
    (&["edk2", "ovmf", "pflash", "uefi"], Meant::Lines(&["firmware uefi vars=\"VARS.fd\""])),
    (&["import", "require", "source"], Meant::Lines(&["include \"common.vm\""])),
    (&["unless"], Meant::Lines(&["if {!debug} { ... }"])),
    (&["scsi", "virtio-scsi"], Meant::Lines(&["controller virtio-scsi"])),
    (&["xhci", "ehci", "uhci"], Meant::Lines(&["controller qemu-xhci"])),
    (&["audiodev", "sound", "soundhw"], Meant::Lines(&["audio none model=hda"])),
    (&["nvme"], Meant::Lines(&["controller nvme"])),
    (&["keyboard"], Meant::Lines(&["controller qemu-xhci", "input usb-kbd"])),
    (&["mouse"], Meant::Lines(&["controller qemu-xhci", "input usb-mouse"])),
    (&["tablet"], Meant::Lines(&["controller qemu-xhci", "input usb-tablet"])),
    (&["tpmdev"], Meant::Lines(&["tpm emulator socket=\"/run/swtpm.sock\""])),
    (
        &["virtiofs", "virtiofsd"],
        Meant::Lines(&["memory 1G share", "fs virtiofs socket=\"/run/fs.sock\" tag=share"]),
    ),
    (&["usbdevice"], Meant::Lines(&["controller qemu-xhci", "input usb-{tablet}"])),
    (&["add-fd", "compat", "mon", "snapshot"], Meant::Argument),
];

/// Statements whose keyword people write alone, and what that means here.
const ALONE: &[(&str, &str)] = &[
    ("controller", "controller qemu-xhci"),
    ("gpu", "gpu virtio-vga"),
    ("input", "input usb-tablet"),
    ("tpm", "tpm emulator socket=\"/run/swtpm.sock\""),
    ("usb", "controller qemu-xhci"),
];

/// What a statement without its kind most likely means.
pub(super) fn alone(keyword: &str) -> Option<&'static str> {
    ALONE.iter().find(|(own, _)| *own == keyword).map(|(_, line)| *line)
}

fn meant(word: &str) -> Option<&'static Meant> {
    WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, meant)| meant)
}

/// What stands behind a word, up to the end of its line.
#[derive(Clone, Copy)]
pub(super) struct Said<'s> {
    /// The value, where it is one.
    value: Option<&'s str>,
    /// Whether nothing stands there.
    is_alone: bool,
    /// The word and that.
    whole: Span,
}

impl<'s> Said<'s> {
    /// Of a word at `word` in a source.
    pub(super) fn behind(word: Span, source: &'s str) -> Self {
        let rest = source.get(word.end as usize..).unwrap_or_default();
        let line = rest.split(['\n', ';', '}']).next().unwrap_or_default();
        let line = line.split("//").next().unwrap_or_default().trim_end();
        let text = line.strip_prefix(':').unwrap_or(line).trim_start();
        let text = text.strip_prefix('=').unwrap_or(text).trim_start();
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let inner = inner.filter(|inner| !inner.contains(['"', '\\', '{']));
        let is_one = !text.is_empty() && !text.contains([' ', '\t', '"', '\'', '{', '=']);
        let value = inner.or_else(|| Some(text).filter(|_| is_one));
        let whole = Span::new(word.start, word.end + line.len() as u32);
        Self { value, is_alone: text.is_empty(), whole }
    }
}

/// Whether it is a word of another language that is known here.
pub(super) fn is_alias(word: &str) -> bool {
    meant(word).is_some()
}

/// What says here what an option of QEMU's, or of another language, says there.
pub(super) fn alias(word: &str, said: Said<'_>, table: Table) -> Option<Remedy> {
    let (lines, takes_value) = match meant(word)? {
        Meant::Statement(keyword) => return Some(write(table.find(keyword)?)),
        Meant::Lines(lines) => {
            let takes_value = lines.iter().any(|line| line.contains('{'));
            (lines.iter().map(|line| filled(line, said.value)).collect::<Vec<_>>(), takes_value)
        }
        Meant::Argument if arguments::is_flag(word) => (vec![format!("arg \"-{word}\"")], false),
        Meant::Argument => {
            let value = quoted(said.value.unwrap_or("..."));
            (vec![format!("arg \"-{word}\" {value}")], true)
        }
    };
    let shown: Vec<_> = lines.iter().map(|line| format!("`{line}`")).collect();
    let help = Remedy::new(format!("write {}", shown.join(", ")));
    // What else is said would be lost.
    let invents = lines.iter().any(|line| line.contains(['=', '"'])) || lines.len() > 1;
    let is_all = if takes_value { said.value.is_some() } else { said.is_alone && !invents };
    Some(if is_all { help.replace(said.whole, lines.join("\n")) } else { help })
}

/// A line with a value in the place of its braces.
fn filled(line: &str, value: Option<&str>) -> String {
    let parts = line.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (default, behind))) = parts else { return line.to_owned() };
    let value = value.unwrap_or(default);
    // A part of a word stands as it is.
    let value = if before.ends_with('-') { value.into() } else { spell(value) };
    format!("{before}{value}{behind}")
}

/// The statement for one of QEMU's own options.
pub(super) fn statement(option: &str, table: Table) -> Option<&'static StatementSpec> {
    let keyword = match meant(option) {
        Some(Meant::Statement(keyword)) => keyword,
        Some(Meant::Lines([line, ..])) => line.split(' ').next()?,
        Some(Meant::Lines([]) | Meant::Argument) => return None,
        None => option,
    };
    table.find(keyword)
}

/// The options that QEMU takes a value without a name for, by the statements.
const IMPLIED: &[(&str, &str)] =
    &[("boot", "order"), ("fw_cfg", "name"), ("icount", "shift"), ("loadvm", "tag"), ("trace", "enable")];

/// What to write where the kind stands in `first` in another way: `vnc=:5`, `kvm:tcg`.
pub(super) fn kinds(
    spec: &StatementSpec,
    word: Span,
    first: Option<&Item<'_>>,
    source: &str,
) -> Option<Remedy> {
    let is_kind = |text: &str| spec.kinds().any(|kind| kind.name == text);
    match first? {
        Item::Option { name, value: Some(value) } if is_kind(name.text) => {
            let text = value.text()?;
            let form = spec.forms.get(spec.form(Some(name.text))?)?;
            form.positionals().next()?;
            let right = format!("{} {}", name.text, quoted(text));
            let help = Remedy::new(format!("write `{} {right}`", spec.keyword));
            Some(help.replace(name.span.to(value.span), right))
        }
        Item::Loose(value) if !spec.once => {
            let kinds: Vec<_> = value.text()?.split(':').collect();
            let is_list = kinds.len() > 1 && kinds.iter().all(|kind| is_kind(kind));
            let alone = source.get(value.span.end as usize..)?.lines().next().unwrap_or_default();
            is_list.then(|| {
                let lines: Vec<_> = kinds.iter().map(|kind| format!("{} {kind}", spec.keyword)).collect();
                let shown: Vec<_> = lines.iter().map(|line| format!("`{line}`")).collect();
                let help = Remedy::new(format!("write a statement for each: {}", shown.join(", ")));
                match alone.trim().is_empty() {
                    true => help.replace(word.to(value.span), lines.join("\n")),
                    false => help,
                }
            })
        }
        _ => None,
    }
}

/// What others call the value that stands behind a keyword without a name.
pub(super) const HEADS: &[&str] =
    &["cpus", "file", "filename", "guest", "model", "name", "path", "size", "tag", "type", "uri", "value"];

/// The option for which QEMU takes a value without a name.
pub(super) fn implied(spec: &StatementSpec) -> Option<&'static str> {
    IMPLIED.iter().find(|(keyword, _)| *keyword == spec.keyword).map(|(_, option)| *option)
}

/// For a statement that is meant by QEMU's own option and what stands behind that.
pub(super) fn statement_for(spec: &StatementSpec, said: Said<'_>) -> Remedy {
    let takes = |option: &str| spec.forms.iter().any(|form| form.option(option).is_some());
    let has_kind = |value: &str| spec.kinds().any(|kind| kind.name == value);
    let line = match said.value {
        None if said.is_alone && spec.stands_alone() => Some(spec.keyword.to_owned()),
        None => None,
        Some(value) => match implied(spec).filter(|option| takes(option)) {
            Some(option) => Some(format!("{} {option}={}", spec.keyword, spell(value))),
            None if has_kind(value) || spec.forms.iter().any(|form| form.positionals().next().is_some()) => {
                Some(format!("{} {}", spec.keyword, spell(value)))
            }
            None => None,
        },
    };
    match line.filter(|line| !line.contains(',')) {
        Some(line) => Remedy::new(format!("write `{line}`")).replace(said.whole, line),
        None => write(spec),
    }
}

/// A shell's line that runs QEMU as statements which say exactly that: where the shell would pass on its words as they are.
pub(super) fn shell_line(line: &str) -> Option<String> {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "-_.,:=/@%+\\".contains(c);
    let mut words = line.split_whitespace().filter(|word| *word != "\\");
    let program = words.by_ref().find(|word| word.contains("qemu-") || word.ends_with("kvm"))?;
    let rest: Vec<_> = words.collect();
    if !line.chars().all(is_plain) || rest.iter().any(|word| word.contains('\\')) {
        return None;
    }
    let mut out = format!("qemu {}", spell(program));
    for word in rest {
        if word.starts_with('-') {
            out += "\narg";
        } else if !out.contains("\narg") {
            return None;
        }
        out += &format!(" \"{word}\"");
    }
    Some(out)
}

/// For a statement that is meant by another word.
pub(super) fn write(spec: &StatementSpec) -> Remedy {
    Help::Statement { keyword: spec.keyword, example: example(spec) }.into()
}

/// For a statement that is written in another way.
pub(super) fn form(spec: &StatementSpec) -> Remedy {
    Help::Form { keyword: spec.keyword, example: example(spec) }.into()
}

/// A line with a statement.
fn example(spec: &StatementSpec) -> &'static str {
    let mut lines = spec.example.lines();
    lines.find(|line| line.starts_with(spec.keyword)).unwrap_or(spec.keyword)
}

#[cfg(test)]
mod tests {
    use super::{Meant, WORDS, filled, shell_line};
    use crate::statement::TABLE;
    use crate::{Options, Version, compile};

    #[test]
    fn what_is_recommended_compiles() {
        for (words, meant) in WORDS {
            for word in *words {
                let others = WORDS.iter().filter(|(words, _)| words.contains(word));
                assert_eq!(others.count(), 1, "{word}");
                assert!(TABLE.find(word).is_none(), "{word}");
            }
            let Meant::Lines(lines) = meant else { continue };
            // What hangs on another file, or on a parameter.
            if lines.iter().any(|line| line.starts_with("include") || line.starts_with("if")) {
                continue;
            }
            for target in Version::KNOWN.into_iter().filter(|version| *version >= Version::new(5, 2)) {
                let filled: Vec<_> = lines.iter().map(|line| filled(line, None)).collect();
                let mut text = filled.join("\n");
                if !text.contains("machine") {
                    text.insert_str(0, "machine q35\n");
                }
                let compiled = compile(&text, &Options { target: target.into(), ..Options::default() });
                assert!(compiled.diagnostics.is_empty(), "{target}: {text}: {:#?}", compiled.diagnostics);
            }
        }
    }

    #[test]
    fn a_shell_s_line_becomes_arguments() {
        let expected = "qemu qemu-kvm\narg \"-m\" \"2G\"\narg \"-nographic\"";
        assert_eq!(shell_line("sudo qemu-kvm -m 2G \\\n  -nographic").as_deref(), Some(expected));
        for other in ["qemu-kvm -m $RAM", "qemu-kvm -name 'a b'", "qemu-kvm disk.img", "ls -l"] {
            assert_eq!(shell_line(other), None, "{other}");
        }
    }
}

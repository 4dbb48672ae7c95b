//! Which argument QEMU has rejected, from what it says on standard error.
//!
//! Most messages name the argument: `qemu-system-x86_64: -device nosuch: 'nosuch' is not a valid device model name`. Others
//! name a file, an id or a name that stands in one argument, or are about what one option alone decides. A message that
//! could be about several arguments is about none: better no place than a wrong one.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use qemu_dsl::Span;
use qemu_dsl::plan::{arguments, optlist};

use crate::Exit;
use crate::plan::{Place, Plan};

/// An argument that QEMU has rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// Its index among the [arguments](Plan::args) of the plan: that of the option's name, where it has one.
    pub arg: usize,
    /// The option with its value, as QEMU got it: `-device nosuch`.
    pub option: String,
    /// Where the source says so, where there is one.
    pub span: Option<Span>,
    /// The same by line and column: in the program's own source for what `vm!` has compiled, in the text for what the
    /// program has.
    pub place: Option<Place>,
    /// QEMU's words, without the argument.
    pub words: String,
    /// What to do about it, in QEMU's words or ours, where that is known.
    pub help: Option<String>,
    /// Where in [`Exit::stderr_text`] it says so.
    pub said: Range<usize>,
}

/// `src/main.rs:12:9: QEMU rejects ...`: where, what, why, and what to do.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "QEMU rejects `{}`: {}", self.option, self.words)?;
        match &self.help {
            Some(help) => write!(f, ": {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

impl Exit {
    /// The argument of `plan`, from which this guest was started, that QEMU has ended over, as far as its standard error
    /// tells. There can only be one where that was [captured](crate::Stderr::Captured); and where QEMU had
    /// [greeted](crate::qmp::Qmp::ready), it had taken its arguments, and what it said since may be about anything.
    pub fn rejection(&self, plan: &Plan) -> Option<Rejection> {
        if self.success() {
            return None;
        }
        find(plan, &self.stderr_text())
    }
}

/// The last message decides: QEMU ends after it. What comes before may be about what it has lived with.
fn find(plan: &Plan, text: &str) -> Option<Rejection> {
    let program = Path::new(plan.program()).file_name().unwrap_or_default().to_string_lossy();
    let args: Vec<_> = plan.args().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let all = arguments(&args);
    messages(text, &program).into_iter().rev().find_map(|said| {
        let message = text.get(said.clone())?.trim_end();
        let body = header(message, &program).and_then(|header| message.get(header..)).unwrap_or(message);
        let (argument, words) = locate(body, &all)?;
        let (words, hints) = words.split_once('\n').unwrap_or((words, ""));
        let own = (!hints.trim().is_empty()).then(|| hints.trim().replace('\n', " "));
        let option = argument.to_string();
        let last = argument.at + usize::from(!argument.name.is_empty() && argument.value.is_some());
        let span = plan.arg_span(argument.at);
        let span = span.map(|span| plan.arg_span(last).map_or(span, |value| span.to(value)));
        Some(Rejection {
            help: own.or_else(|| help(words, &option, &plan.program().to_string_lossy())),
            arg: argument.at,
            option,
            span,
            place: plan.arg_place(argument.at).cloned(),
            words: words.to_owned(),
            said,
        })
    })
}

/// One of QEMU's options with its value, or an image of a disk, which stands without an option.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Argument<'a> {
    /// Its index among all.
    at: usize,
    /// With its hyphen; empty for an image.
    name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Argument<'a> {
    fn fields(self) -> impl Iterator<Item = (&'a str, String)> {
        let fields = self.value.into_iter().flat_map(|value| optlist::fields(value.as_bytes()));
        // A part of a text, as it is between its commas.
        fields.map(|(key, own)| {
            (std::str::from_utf8(key).unwrap_or_default(), String::from_utf8_lossy(&own).into_owned())
        })
    }

    /// Whether a text is its value, or one of the values in it.
    fn has(self, text: &str) -> bool {
        self.value == Some(text) || self.fields().any(|(_, own)| own == text)
    }

    fn has_id(self, id: &str) -> bool {
        self.fields().any(|(key, own)| matches!(key, "id" | "node-name") && own == id)
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.name.is_empty() || self.value.is_none() { "" } else { " " };
        write!(f, "{}{space}{}", self.name, self.value.unwrap_or_default())
    }
}

/// The arguments as QEMU takes them apart.
fn arguments(args: &[String]) -> Vec<Argument<'_>> {
    let all = arguments::split(args.iter().map(String::as_str));
    all.map(|arguments::Argument { at, name, value }| Argument { at, name: name.unwrap_or_default(), value })
        .collect()
}

/// The messages in `text`: each begins with a program's name, and goes on in lines without.
fn messages(text: &str, program: &str) -> Vec<Range<usize>> {
    let mut messages: Vec<Range<usize>> = Vec::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let start = end;
        end += line.len();
        match messages.last_mut() {
            Some(last) if header(line, program).is_none() => last.end = end,
            _ => messages.push(start..end),
        }
    }
    messages
}

/// The length of the program's name at the beginning of a message. QEMU calls itself by the name that it was executed by,
/// which behind a wrapper isn't the plan's, and in some places just `qemu`.
fn header(line: &str, program: &str) -> Option<usize> {
    let (name, _) = line.split_once(": ")?;
    let own = name == program || (name.starts_with("qemu") && !name.contains(char::is_whitespace));
    own.then_some(name.len() + 2)
}

/// The argument that a message is about, and the rest of the message. Nothing for a warning.
fn locate<'a, 'm>(body: &'m str, all: &[Argument<'a>]) -> Option<(Argument<'a>, &'m str)> {
    // Of equal ones it is the last: if not by itself, it is wrong because of the other.
    let named = all.iter().rev().filter_map(|argument| {
        let rest = |text: &str| body.strip_prefix(text)?.strip_prefix(": ");
        let alone = Argument { value: None, ..*argument };
        rest(&argument.to_string())
            .map(|words| (*argument, words))
            // Of an unknown option there is only the name.
            .or_else(|| Some((alone, rest(argument.name).filter(|_| !argument.name.is_empty())?)))
    });
    // The one with the most text in common: `-device a` is the beginning of `-device a: b`.
    let named = named.min_by_key(|(_, words)| words.len());
    let words = named.map_or(body, |(_, words)| words);
    let harmless = ["warning: ", "info: ", "terminating on signal "];
    if harmless.iter().any(|beginning| words.starts_with(beginning)) {
        return None;
    }
    named.or_else(|| Some((implied(words.lines().next()?, all)?, words)))
}

/// What a message is about that names no argument, but something that only one has. What says more comes first.
fn implied<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    let (names, rest) = names(line, all);
    option_in(line, all)
        .or_else(|| subject(line, all))
        .or_else(|| agreed(names.iter().map(|name| having(name, all))))
        .or_else(|| topic(&rest, all))
        .or_else(|| agreed(traits(line).map(|word| with_trait(&word, all))))
        // `mem0 backing store size 0x100000 is too small`.
        .or_else(|| with_id(line.split_whitespace().next()?, all))
}

/// `-append only allowed with -kernel option`.
fn option_in<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    let words = line.split_whitespace().map(|word| word.trim_matches(is_quote));
    words.filter(|word| word.starts_with('-')).find_map(|word| {
        // What QEMU calls `-m` in one place.
        let name = if word == "-memory" { "-m" } else { word };
        let mut having = all.iter().rev().filter(|argument| argument.name == name);
        let last = having.next()?;
        (MERGED.contains(&name) || having.next().is_none()).then_some(*last)
    })
}

/// Options of which QEMU joins several to one, or takes the last.
const MERGED: &[&str] = &["-append", "-cpu", "-initrd", "-kernel", "-m", "-machine", "-M", "-smp"];

/// What has the id that a message is plainly about: `net0: can't use file descriptor 7`, `guest memory 'mem0'`.
fn subject<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    let before_colon = line.split_once(": ").map(|(before, _)| before);
    let memory = line.split_once("guest memory ").and_then(|(_, behind)| quoted(behind).next());
    before_colon.and_then(|id| with_id(id, all)).or_else(|| with_id(memory?, all))
}

fn with_id<'a>(id: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    all.iter().rev().find(|argument| argument.has_id(id)).copied()
}

/// The argument on which all agree that have an opinion.
fn agreed<'a>(opinions: impl Iterator<Item = Vec<Argument<'a>>>) -> Option<Argument<'a>> {
    let common = opinions.filter(|opinion| !opinion.is_empty()).reduce(|mut common, opinion| {
        common.retain(|argument| opinion.contains(argument));
        common
    })?;
    match common.as_slice() {
        [argument] => Some(*argument),
        _ => None,
    }
}

/// The arguments that a name stands in, as it is written, or as one of their values.
fn having<'a>(name: &str, all: &[Argument<'a>]) -> Vec<Argument<'a>> {
    all.iter().filter(|argument| argument.has(name) || argument.to_string() == name).copied().collect()
}

/// What a message has in quotes, the paths of arguments in it, and the global property; and what is left without them.
fn names(line: &str, all: &[Argument<'_>]) -> (Vec<String>, String) {
    let (mut names, mut rest): (Vec<String>, _) = (Vec::new(), line.to_owned());
    let global = line.split_once("can't apply global ").and_then(|(_, global)| global.split_once(": "));
    names.extend(global.map(|(global, _)| global.to_owned()));
    let paths = all.iter().flat_map(|argument| argument.fields().filter(|(_, own)| own.starts_with('/')));
    let mut paths: Vec<_> =
        paths.filter(|(key, own)| mentions(line, own, *key == "dir")).map(|(_, own)| own).collect();
    // One may be the beginning of another.
    paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
    for path in paths {
        if rest.contains(&path) {
            rest = rest.replace(&path, "");
            names.push(path);
        }
    }
    let quoted: Vec<_> =
        quoted(&rest).filter(|name| !matches!(*name, "" | "on" | "off")).map(str::to_owned).collect();
    for name in quoted {
        rest = rest.replace(&name, "");
        names.push(name);
    }
    let rest = rest.split_whitespace().filter(|word| !word.starts_with('/')).collect::<Vec<_>>().join(" ");
    (names, rest)
}

/// Whether a path stands in a line, and not as a part of another. In a folder there may be something.
fn mentions(line: &str, path: &str, is_folder: bool) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let behind = line.get(at + path.len()..).unwrap_or_default();
        let goes_on = behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_'))
            || behind.strip_prefix('.').is_some_and(|more| more.starts_with(char::is_alphanumeric));
        !goes_on || (is_folder && behind.starts_with('/'))
    })
}

/// Words by which a message is known to be about one option: the option's name, and what must be in its value.
type Topic = (&'static [&'static str], &'static [(&'static str, &'static str)]);

const TOPICS: &[Topic] = &[
    (&["machine type"], &[("-machine", ""), ("-M", "")]),
    (&["CPU model", "requested features", "phys-bits=", "-cpu."], &[("-cpu", "")]),
    (&["SMP", "CPU topology", "cpu topology", "maxcpus"], &[("-smp", "")]),
    (&["KVM", "kvm"], &[("-accel", "kvm"), ("-machine", "kvm"), ("-enable-kvm", "")]),
    (&["accelerator"], &[("-machine", "accel="), ("-M", "accel=")]),
    (&["guest memory", "RAM size", "ram size", "memory size"], &[("-m", "")]),
    (&["datetime"], &[("-rtc", "")]),
    (&["BIOS"], &[("-bios", "")]),
    (&["initrd"], &[("-initrd", "")]),
    (&["kernel"], &[("-kernel", "")]),
    (&["vga type", "VGA not available", "framebuffer not available"], &[("-vga", "")]),
];

/// What a message without its names is about. Of several options the last counts.
fn topic<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    let about = TOPICS.iter().filter(|(phrases, _)| phrases.iter().any(|phrase| line.contains(phrase)));
    about.flat_map(|(_, options)| *options).find_map(|(name, part)| {
        let is_it = |argument: &&Argument<'_>| {
            argument.name == *name && argument.value.unwrap_or_default().contains(part)
        };
        all.iter().rev().find(is_it).copied()
    })
}

/// The words of a message that may be a type or a property: in quotes, or with a hyphen in them. What a value is set to is
/// none.
fn traits(line: &str) -> impl Iterator<Item = String> {
    let hyphened = line
        .split_whitespace()
        .filter(|word| word.trim_matches(is_quote).trim_start_matches('-').contains('-'));
    let words = quoted(line).chain(hyphened).filter_map(|word| word.split('=').next());
    words
        .flat_map(|word| word.split(['.', '/', '|']))
        .map(|word| word.trim_matches(|c: char| is_quote(c) || matches!(c, ':' | ',' | '(' | ')')).to_owned())
}

/// The arguments of a type, or with a property, of those that QEMU reads apart from the others: it no longer knows then
/// which it is at.
fn with_trait<'a>(word: &str, all: &[Argument<'a>]) -> Vec<Argument<'a>> {
    const READ_APART: &[&str] = &["-object", "-cpu", "-machine", "-M", "-m", "-smp"];

    let has = |argument: &&Argument<'_>| {
        READ_APART.contains(&argument.name)
            && argument.fields().enumerate().any(|(index, (key, own))| {
                (index == 0 && argument.name == "-object" && own == word)
                    || (key == word && !matches!(key, "" | "id" | "qom-type"))
            })
    };
    all.iter().filter(has).copied().collect()
}

/// What a line has in quotes, which an apostrophe is not.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(is_quote)?;
            let (before, from) = rest.split_at(at);
            let open = from.chars().next()?;
            let inside = from.get(open.len_utf8()..)?;
            let is_apostrophe = before.ends_with(char::is_alphanumeric);
            let close = match open {
                '`' => '\'',
                '“' => '”',
                other => other,
            };
            if let (false, Some((inside, behind))) = (is_apostrophe, inside.split_once(close)) {
                rest = behind;
                return Some(inside);
            }
            rest = inside;
        }
    })
}

const fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"' | '`' | '“' | '”')
}

/// What to do about it, where QEMU doesn't say.
fn help(words: &str, option: &str, program: &str) -> Option<String> {
    const NO_KVM: &str =
        "load the module kvm_intel or kvm_amd and be allowed to use /dev/kvm, or write `accel=tcg`";

    let device = option.strip_prefix("-device ").and_then(|value| {
        let first = value.split(',').next()?;
        Some(first.strip_prefix("driver=").unwrap_or(first))
    });
    let says = |text: &str| words.contains(text);
    if says("is not a valid device model name") {
        return Some(format!("`{program} -device help` lists the devices it has"));
    }
    if let (true, Some(device)) = (words.starts_with("Property '") && says("' not found"), device) {
        return Some(format!("`{program} -device {device},help` lists the properties it has"));
    }
    let known = [
        ("KVM kernel module", NO_KVM),
        ("initialize kvm", NO_KVM),
        (" lock", "another process uses it, another VM perhaps: end that first"),
        ("no such host device", "`lspci -D` lists the host's devices by their addresses"),
        ("no iommu_group", "the host's IOMMU must be on: `intel_iommu=on` or `amd_iommu=on` for its kernel"),
        (
            "No such file or directory",
            "it must exist, or its folder where QEMU makes it; a relative path is read from QEMU's working directory",
        ),
        ("driver requires '/dev/fdset/", "a block device can't be had as a file descriptor: leave out `fd`"),
        ("Permission denied", "the user that QEMU runs as must be allowed to use it"),
        ("Address already in use", "another program listens there: end that, or choose another address"),
        ("invalid option", "this QEMU doesn't have it, or no longer: compile for its version"),
        ("Cannot allocate memory", "the host has less memory than that to give"),
    ];
    known.into_iter().find(|(text, _)| says(text)).map(|(_, help)| help.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use super::{find, quoted};
    use crate::Plan;

    const ARGS: &[&str] = &[
        "-name",
        "guest=a",
        "-machine",
        "pc,accel=kvm",
        "-m",
        "1G",
        "-netdev",
        "tap,id=net0,fd=7",
        "-device",
        "virtio-net-pci,netdev=net0",
        "-drive",
        "id=d,file=/a,,b.img,if=none",
        "-device",
        "virtio-net-pci,netdev=net0,mq=on",
        "-nodefaults",
        "-append",
        "a\nb",
    ];

    fn found(text: &str) -> Option<(usize, String)> {
        let plan = Plan::new("/usr/bin/kvm", ARGS.iter().copied(), vec![]);
        find(&plan, text).map(|rejection| (rejection.arg, rejection.words))
    }

    #[test]
    fn the_argument_is_named_or_implied() {
        for (text, arg, words) in [
            ("qemu-system-x86_64: -device virtio-net-pci,netdev=net0,mq=on: No", 12, "No"),
            ("kvm: -device virtio-net-pci,netdev=net0: No: x\n", 8, "No: x"),
            ("kvm: -nodefaults: No", 14, "No"),
            ("kvm: -append a\nb: No", 15, "No"),
            ("qemu: net0: Can't use file descriptor 7: Bad file descriptor", 6, "net0: Can't use"),
            ("kvm: Could not open '/a,b.img': No such file", 10, "Could not open"),
            ("kvm: cannot open /a,b.img: No such file", 10, "cannot open"),
            ("kvm: -append only allowed with -kernel option", 15, "-append only"),
            ("Could not access KVM kernel module: No such file", 2, "Could not access"),
            ("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory", 4, "cannot set up"),
        ] {
            let (at, said) = found(text).unwrap();
            assert!(at == arg && said.starts_with(words), "{text}: {at} {said}");
        }
    }

    /// What QEMU says of a command line, and which argument that is about.
    #[test]
    fn a_message_without_its_argument_is_about_what_it_says_most_of() {
        let object = "-object rng-random,id=r,filename=/no/kernel/BIOS";
        let ram = "-object memory-backend-ram,id=m0,size=900T -device pc-dimm,memdev=m0";
        let thread = "-object iothread,id=i,poll-max-ns=-1";
        for (args, text, about) in [
            // Names come before what a message is about in general, and paths are not what it is about.
            (&*format!("{object} -kernel /k"), "Could not open '/no/kernel/BIOS': No such file", object),
            (
                &*format!("-bios /b {object}"),
                "can't open backing store /no/kernel/BIOS for guest RAM: No",
                object,
            ),
            ("-name /a -bios /b", "can't open backing store /a/kernel/BIOS for guest RAM: No", ""),
            (
                "-object x,dir=/etc/kernel -kernel /k",
                "Unable to access credentials /etc/kernel/ca.pem: No",
                "-object x,dir=/etc/kernel",
            ),
            (
                "-object secret,file=/etc/initrd.key -initrd /i",
                "Unable to read /etc/initrd.key: Failed to open file “/etc/initrd.key”: No such file",
                "-object secret,file=/etc/initrd.key",
            ),
            (
                &*format!("-m 64M {ram}"),
                "cannot set up guest memory 'm0': Cannot",
                "-object memory-backend-ram,id=m0,size=900T",
            ),
            ("-m 64M", "cannot set up guest memory 'pc.ram': Cannot", "-m 64M"),
            (
                &*format!("-m 64M {ram}"),
                "m0 backing store size 0x1 is too small for 'size' option 0x2",
                "-object memory-backend-ram,id=m0,size=900T",
            ),
            // Two may be to blame.
            (ram, "Device 'm0' is in use", ""),
            // The last counts of equal ones, and of those that are joined to one.
            ("-chardev null,id=d -S -chardev null,id=d", "-chardev null,id=d: Duplicate ID 'd'", "3"),
            (
                "-m 64M -m 1G,maxmem=512M",
                "invalid value of maxmem: maximum memory size (0x1) must be",
                "-m 1G,maxmem=512M",
            ),
            // Properties and types, of what is read apart.
            (&*format!("-m 1 {thread}"), "poll-max-ns value must be in range [0, 1]", thread),
            (&*format!("{thread} {thread}0"), "poll-max-ns value must be in range [0, 1]", ""),
            (
                &*format!("{thread} {ram}"),
                "property 'size' of memory-backend-ram doesn't take value '0'",
                "-object memory-backend-ram,id=m0,size=900T",
            ),
            (
                "-machine pc,max-ram-below-4g=8G",
                "Machine option 'max-ram-below-4g=8' expects",
                "-machine pc,max-ram-below-4g=8G",
            ),
            (
                "-cpu qemu64,phys-bits=99",
                "phys-bits should be between 32 and 52 (but is 99)",
                "-cpu qemu64,phys-bits=99",
            ),
            ("-m 1,slots=2", "\"-memory 'slots|maxmem'\" is not supported by: isapc", "-m 1,slots=2"),
            ("-cpu max", "TCG doesn't support requested features", "-cpu max"),
            ("-machine pc,accel=no -m 1", "invalid accelerator no", "-machine pc,accel=no"),
            ("-vga qxl", "QXL VGA not available.", "-vga qxl"),
            (
                "-global a-cpu.b=c -cpu a",
                "can't apply global a-cpu.b=c: value of property 'b' must",
                "-global a-cpu.b=c",
            ),
            ("-cpu a,b=c", "can't apply global a-x86_64-cpu.b=c: value of property 'b' must", "-cpu a,b=c"),
            // What belongs to which option is as QEMU sees it.
            ("-S stray.img", "stray.img: Could not open 'stray.img': No such file", "stray.img"),
            ("-L -display none", "none: Could not open 'none': No such file", "none"),
            ("-no-such -display none", "-no-such: invalid option", "-no-such"),
            ("-append -S -S", "-append -S: no", "-append -S"),
        ] {
            let plan = Plan::new("kvm", args.split(' '), vec![]);
            let found = find(&plan, &format!("kvm: {text}\n"));
            match (about.parse::<usize>(), found) {
                (Ok(index), Some(found)) => assert_eq!(found.arg, index, "{text}"),
                (_, found) => {
                    assert_eq!(found.map(|found| found.option).unwrap_or_default(), about, "{text}");
                }
            }
        }
    }

    #[test]
    fn an_apostrophe_quotes_nothing() {
        let line = "can't apply 'a b' to `c' or “d”, which isn't \"e\"";
        assert_eq!(quoted(line).collect::<Vec<_>>(), ["a b", "c", "d", "e"]);
    }

    #[test]
    fn warnings_and_what_could_be_about_several_are_about_nothing() {
        for text in [
            "",
            "kvm: warning: host doesn't support requested feature",
            "kvm: -m 1G: warning: short-form boolean option 'a' deprecated\nPlease use a=on instead\n",
            "kvm: -netdev tap,id=net0,fd=7: info: QEMU waiting for connection",
            "kvm: terminating on signal 15 from pid 1 (x)",
            "kvm: 'virtio-net-pci' is strange",
            "kvm: mq is neither 'on' nor 'off'",
            "kvm: something else",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_rejection_counts_with_its_hints() {
        let text = "kvm: -m 1G: warning: odd\nmore of it\nkvm: -m 1G: No\nTry 2G\nkvm: warning: bye\n";
        let plan = Plan::new("kvm", ARGS.iter().copied(), vec![]);
        let rejection = find(&plan, text).unwrap();
        assert_eq!(rejection.to_string(), "QEMU rejects `-m 1G`: No: Try 2G");
        assert_eq!(&text[rejection.said], "kvm: -m 1G: No\nTry 2G\n");
        let help =
            find(&plan, "kvm: -device virtio-net-pci,netdev=net0: Property 'x.y' not found").unwrap().help;
        assert_eq!(help.unwrap(), "`kvm -device virtio-net-pci,help` lists the properties it has");
    }
}

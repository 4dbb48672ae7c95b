//! Which argument QEMU has rejected, from what it says on standard error.
//!
//! Most messages name the argument: `qemu-system-x86_64: -device nosuch: 'nosuch' is not a valid device model name`. Others
//! name a file, an id or a name that stands in one argument, or are about what one option alone decides. A message that
//! could be about several arguments is about none: better no place than a wrong one.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use qemu_dsl::Span;

use crate::Exit;
use crate::plan::{Place, Plan};

/// An argument that QEMU has rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// Its index among the [arguments](Plan::args) of the plan: that of the option's name.
    pub arg: usize,
    /// The option with its value, as QEMU got it: `-device nosuch`.
    pub option: String,
    /// Where the source says so, where there is one.
    pub span: Option<Span>,
    /// The same in the program's own source, for what `vm!` has compiled.
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
    messages(text, &program).into_iter().rev().find_map(|said| {
        let message = text.get(said.clone())?.trim_end();
        let body = header(message, &program).and_then(|header| message.get(header..)).unwrap_or(message);
        let (arg, words) = locate(body, &args)?;
        let (words, hints) = words.split_once('\n').unwrap_or((words, ""));
        let value = (!is_option(&args, arg + 1)).then_some(arg + 1).filter(|value| *value < args.len());
        let option = [Some(arg), value].into_iter().flatten().filter_map(|index| args.get(index).cloned());
        let option = option.collect::<Vec<_>>().join(" ");
        let span = plan
            .arg_span(arg)
            .map(|span| value.and_then(|value| plan.arg_span(value)).map_or(span, |value| span.to(value)));
        let own = (!hints.trim().is_empty()).then(|| hints.trim().replace('\n', " "));
        Some(Rejection {
            help: own.or_else(|| help(words, &option, &plan.program().to_string_lossy())),
            arg,
            option,
            span,
            place: plan.arg_place(arg).cloned(),
            words: words.to_owned(),
            said,
        })
    })
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
fn locate<'m>(body: &'m str, args: &[String]) -> Option<(usize, &'m str)> {
    let named = (0..args.len()).filter(|index| is_option(args, *index)).filter_map(|index| {
        let name = args.get(index)?;
        let rest = body.strip_prefix(name.as_str())?;
        let value =
            args.get(index + 1).and_then(|value| rest.strip_prefix(' ')?.strip_prefix(value.as_str()));
        let words = value.and_then(|rest| rest.strip_prefix(": ")).or_else(|| rest.strip_prefix(": "))?;
        Some((index, words))
    });
    // The one with the most text in common: `-device a` is the beginning of `-device a: b`.
    let named = named.min_by_key(|(_, words)| words.len());
    let words = named.map_or(body, |(_, words)| words);
    let harmless = ["warning: ", "info: ", "terminating on signal "];
    if harmless.iter().any(|beginning| words.starts_with(beginning)) {
        return None;
    }
    named.or_else(|| Some((implied(words, args)?, words)))
}

/// What a message is about that names no argument, but something that only one has.
fn implied(words: &str, args: &[String]) -> Option<usize> {
    let line = words.lines().next().unwrap_or_default();
    let options = || (0..args.len()).filter(|index| is_option(args, *index));
    let value = |index: usize| args.get(index + 1).map_or("", String::as_str);
    // `-append only allowed with -kernel option`.
    for word in line.split_whitespace().filter(|word| word.starts_with('-')) {
        let option = options().find(|index| args.get(*index).is_some_and(|arg| arg == word));
        if option.is_some() {
            return option;
        }
    }
    for (phrases, names) in TOPICS {
        if phrases.iter().any(|phrase| line.contains(phrase)) {
            let option = names.iter().find_map(|(name, part)| {
                options().find(|index| {
                    args.get(*index).is_some_and(|arg| arg == name) && value(*index).contains(part)
                })
            });
            if option.is_some() {
                return option;
            }
        }
    }
    // `net0: can't use file descriptor 7`: what is in the way has the id itself.
    if let Some((id, _)) = line.split_once(": ")
        && let Some(option) = options().find(|index| {
            fields(value(*index)).any(|(key, own)| matches!(key, "id" | "node-name") && own == id)
        })
    {
        return Some(option);
    }
    let names: Vec<_> = named(line).collect();
    names.into_iter().find_map(|name| {
        let mut having = options()
            .filter(|index| value(*index) == name || fields(value(*index)).any(|(_, own)| own == name));
        having.next().filter(|_| having.next().is_none())
    })
}

/// Words by which a message is known to be about one option: the option's name, and what must be in its value.
type Topic = (&'static [&'static str], &'static [(&'static str, &'static str)]);

const TOPICS: &[Topic] = &[
    (&["machine type"], &[("-machine", ""), ("-M", "")]),
    (&["CPU model"], &[("-cpu", "")]),
    (&["SMP", "CPU topology", "cpu topology", "maxcpus"], &[("-smp", "")]),
    (&["KVM", "kvm"], &[("-accel", "kvm"), ("-machine", "kvm"), ("-enable-kvm", "")]),
    (&["guest memory", "RAM size", "ram size", "memory size"], &[("-m", "")]),
    (&["datetime"], &[("-rtc", "")]),
    (&["BIOS"], &[("-bios", "")]),
    (&["initrd"], &[("-initrd", "")]),
    (&["kernel"], &[("-kernel", "")]),
    (&["vga type"], &[("-vga", "")]),
];

/// What a message has in quotes, and the paths in it.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split(['\'', '"', '`']).skip(1).step_by(2);
    let paths = line.split_whitespace().map(|word| word.trim_end_matches([':', ',', '.']));
    quoted
        .chain(paths.filter(|word| word.starts_with('/')))
        .filter(|name| !matches!(*name, "" | "on" | "off"))
}

/// The parts of an option's value, `key=value`, the commas in them no longer doubled.
fn fields(value: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        let end = loop {
            match text.get(from..).and_then(|behind| behind.find(',')) {
                None => break text.len(),
                Some(at) if text.get(from + at + 1..).is_some_and(|behind| behind.starts_with(',')) => {
                    from += at + 2;
                }
                Some(at) => break from + at,
            }
        };
        rest = text.get(end + 1..);
        let field = text.get(..end).unwrap_or_default();
        let (key, own) = field.split_once('=').unwrap_or(("", field));
        Some((key, own.replace(",,", ",")))
    })
}

/// Whether it is an option's name.
fn is_option(args: &[String], index: usize) -> bool {
    args.get(index).is_some_and(|arg| arg.starts_with('-') && arg.len() > 1)
}

/// What to do about it, where QEMU doesn't say.
fn help(words: &str, option: &str, program: &str) -> Option<String> {
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
        ("KVM", "load the module kvm_intel or kvm_amd and be allowed to use /dev/kvm, or write `accel=tcg`"),
        (" lock", "another process uses it, another VM perhaps: end that first"),
        ("no such host device", "`lspci -D` lists the host's devices by their addresses"),
        ("No such file or directory", "it must exist; a relative path is read from QEMU's working directory"),
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

    use super::{fields, find};
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

    #[test]
    fn doubled_commas_part_nothing() {
        let parts: Vec<_> = fields("tap,id=a,,b,,,x=,y=1").collect();
        let expected = [("", "tap"), ("id", "a,b,"), ("x", ""), ("y", "1")];
        assert_eq!(parts, expected.map(|(key, value)| (key, value.to_owned())));
    }
}

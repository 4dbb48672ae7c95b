//! Which argument QEMU has rejected, from what it says on standard error.
//!
//! Most messages name the argument: `qemu-system-x86_64: -device nosuch: 'nosuch' is not a valid device model name`. Others
//! name a file, an id or a name that stands in one argument, or are about what one option alone decides. A message that
//! could be about several arguments is about none: better no place than a wrong one.

mod argument;
mod help;
mod implied;
mod message;
mod topic;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use qemu_dsl::Span;

use crate::plan::{Place, Plan};
use crate::supervisor::Exit;

use argument::arguments;
use help::help;
use implied::{global, implied};
use message::messages;

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
    let messages = messages(text, &program, &all);
    let end = messages.iter().rposition(|message| !message.is_remark())?;
    let last = messages.get(end).filter(|last| !last.words.starts_with("terminating on signal "))?;
    let line = last.words.lines().next()?;
    let argument = global(line, &all).or(last.argument).or_else(|| implied(line, &all))?;
    // What comes before of the same is part of it: QEMU says what went wrong, and then what it could not do for that.
    let before = messages.get(..end)?.iter().rev();
    let parts = 1 + before.take_while(|message| message.belongs_to(&argument)).count();
    let parts = messages.get(end + 1 - parts..=end)?;

    let (mut words, mut advice): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for part in parts {
        let mut lines = part.words.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default();
        if part.is_question() { &mut advice } else { &mut words }.push(first);
        advice.extend(lines);
    }
    if words.is_empty() {
        words.append(&mut advice);
    }
    let words = words.join("; ");
    let option = argument.to_string();
    let end = argument.at + usize::from(!argument.name.is_empty() && argument.value.is_some());
    let span = plan.arg_span(argument.at);
    let span = span.map(|span| plan.arg_span(end).map_or(span, |value| span.to(value)));
    let own = (!advice.is_empty()).then(|| advice.join(" "));
    Some(Rejection {
        help: own.or_else(|| help(&words, &option, &plan.program().to_string_lossy())),
        arg: argument.at,
        option,
        span,
        place: plan.arg_place(argument.at),
        words,
        said: parts.first()?.said.start..last.said.end,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use super::find;
    use super::implied::quoted;
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
            ("-mem-path /kernel -bios /b", "can't open backing store /a/kernel for guest RAM: No", ""),
            (
                "-object x,dir=/a/kernel -kernel /a/kernel",
                "Unable to access credentials /a/kernel/ca.pem: Not a directory",
                "-object x,dir=/a/kernel",
            ),
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

    /// The cause first, as QEMU has it, and nothing of it outside. A question is advice.
    #[test]
    fn what_is_said_of_one_argument_is_one_rejection() {
        for (option, said, words, help) in [
            (
                "-spice port=1",
                "kvm: -spice port=1: There is no option group 'spice'\n\
                 kvm: -spice port=1: Perhaps you want to install qemu-system-modules-spice package?\n",
                "There is no option group 'spice'",
                Some("Perhaps you want to install qemu-system-modules-spice package?"),
            ),
            (
                "-serial no",
                "kvm: -serial no: 'no' is not a valid char driver\n\
                 kvm: -serial no: could not connect serial device to character backend 'no'\n",
                "'no' is not a valid char driver; could not connect serial device to character backend 'no'",
                None,
            ),
            (
                "-blockdev driver=https",
                "kvm: -blockdev driver=https: Unable to load module curl. Perhaps you want to install it?\n\
                 kvm: -blockdev driver=https: Unknown driver 'https'\n",
                "Unknown driver 'https'",
                Some("Unable to load module curl. Perhaps you want to install it?"),
            ),
            (
                "-drive file=ssh:x",
                "qemu: module block-block-ssh not found, do you want to install qemu-block-extra package?\n\
                 kvm: -drive file=ssh:x: Unknown protocol 'ssh'\n",
                "Unknown protocol 'ssh'",
                Some("module block-block-ssh not found, do you want to install qemu-block-extra package?"),
            ),
            (
                "-display gtk",
                "kvm: Display 'gtk' is not available. Perhaps you want to install it?\n",
                "Display 'gtk' is not available. Perhaps you want to install it?",
                None,
            ),
        ] {
            let plan = Plan::new("kvm", ["-m", "1G"].into_iter().chain(option.splitn(2, ' ')), vec![]);
            let text = format!("kvm: -m 1G: odd\nkvm: warning: odd\n{said}kvm: warning: bye\n");
            let rejection = find(&plan, &text).unwrap();
            assert_eq!((&*rejection.option, &*rejection.words), (option, words));
            assert_eq!(rejection.help.as_deref(), help);
            assert_eq!(&text[rejection.said], said);
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
            // It has lived with the first.
            "kvm: -m 1G: odd\nkvm: something else",
            "kvm: -m 1G: odd\nkvm: terminating on signal 15 from pid 1 (x)",
            // The host's kernel, another's RAM, what QEMU proposes.
            "kvm: kernel doesn't allow setting HyperV VP_INDEX",
            "kvm: Invalid cirrus_vga ram size '1'",
            "kvm: cannot set up guest memory 'vga.vram': Cannot allocate memory",
            "kvm: SMBIOS 2.0 doesn't support it, use -machine smbios-entry-point-type=64 option",
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

    /// A machine in which each topic of QEMU's messages could be about something: an option and its value each.
    const MACHINE: &[&str] = &[
        "-name guest=web",
        "-machine pc,accel=tcg",
        "-cpu qemu64",
        "-smp 2",
        "-m 64M",
        "-bios /vm/seabios.bin",
        "-kernel /vm/bzImage",
        "-initrd /vm/rd.img",
        "-append quiet",
        "-rtc base=utc",
        "-vga std",
        "-netdev user,id=net0",
        "-device virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56",
        "-drive file=/vm/d.img,id=disk0,if=none,format=raw",
        "-device virtio-blk-pci,drive=disk0",
        "-object rng-random,id=rng0,filename=/dev/urandom",
        "-device virtio-rng-pci,rng=rng0,id=rngdev0",
        "-object iothread,id=io0",
        "-object memory-backend-ram,id=mb0,size=16M",
        "-chardev null,id=char0",
        "-device isa-serial,chardev=char0,id=ser0",
        "-device qemu-xhci,id=xhci",
        "-fsdev local,id=fs0,path=/vm/share,security_model=none",
        "-device virtio-9p-pci,fsdev=fs0,mount_tag=share",
        "-global virtio-rng-pci.max-bytes=1024",
        "-display none",
    ];
    /// The same with all that a message could take for what it is about.
    const SIBLINGS: &[&str] = &[
        "-machine pc-i440fx-7.2,accel=tcg,usb=on,hpet=off,vmport=off,nvdimm=off,smm=off,mem-merge=on",
        "-cpu qemu64,phys-bits=40,+sse3",
        "-smp cpus=2,sockets=2,cores=1,threads=1,maxcpus=2",
        "-m size=64M,slots=2,maxmem=1G",
        "-append root=/dev/vda,kernel",
        "-boot order=c,menu=off",
        "-object secret,id=key,file=/vm/text",
        "-object secret,id=kernel,data=0",
        "-object iothread,id=memory,poll-max-ns=32768,poll-grow=0",
        "-object filter-buffer,id=device,netdev=net0,interval=1000",
        "-object filter-mirror,id=object,netdev=net0,outdev=char0",
        "-object tls-creds-psk,id=machine,dir=/vm/share,priority=NORMAL",
        "-object cryptodev-backend-builtin,id=cpu,queues=1",
        "-object memory-backend-memfd,id=size,size=16M,policy=default,host-nodes=0",
    ];
    /// Those of which QEMU has one.
    const SINGLE: &[&str] = &[
        "-machine", "-cpu", "-smp", "-m", "-bios", "-kernel", "-initrd", "-append", "-rtc", "-vga",
        "-display",
    ];

    /// What QEMU 5.2, 7.2, 10.0 and 11.1 said when one option of a machine was wrong: the version, that option, and behind
    /// it what QEMU said. It begins with `-` where it is about no option, as far as can be told.
    const SAID: &str = include_str!("said.txt");

    #[test]
    fn nothing_is_shown_at_a_wrong_place() {
        let name = |option: &str| option.split(' ').next().unwrap_or_default().to_owned();
        let mut told = 0;
        for entry in SAID.split("\n\n").map(str::trim).filter(|entry| !entry.is_empty()) {
            let (head, said) = entry.split_once('\n').unwrap();
            let (is_nowhere, head) = head.strip_prefix("- ").map_or((false, head), |head| (true, head));
            let (version, wrong) = head.split_once(' ').unwrap();
            for siblings in [&[][..], SIBLINGS] {
                let mut options: Vec<_> = MACHINE.to_vec();
                for sibling in siblings {
                    match options
                        .iter_mut()
                        .find(|own| SINGLE.contains(&&*name(sibling)) && name(own) == name(sibling))
                    {
                        Some(own) => *own = sibling,
                        None => options.insert(15, sibling),
                    }
                }
                match options
                    .iter_mut()
                    .find(|own| SINGLE.contains(&&*name(wrong)) && name(own) == name(wrong))
                {
                    Some(own) => *own = wrong,
                    None => options.insert(18, wrong),
                }
                let args = options.iter().flat_map(|option| option.splitn(2, ' '));
                let plan = Plan::new("qemu-system-x86_64", args, vec![]);
                let place = find(&plan, said);
                if let Some(place) = &place {
                    assert!(
                        place.option == wrong || wrong.starts_with(&place.option),
                        "{version} {wrong}: {place}"
                    );
                    assert!(place.words.lines().count() == 1 && place.said.end <= said.len(), "{place:?}");
                    told += 1;
                }
                // Beside others it may be about one of these.
                assert!(
                    place.is_some() != is_nowhere || !siblings.is_empty(),
                    "{version} {wrong}: {place:?}"
                );
            }
        }
        assert!(told > 500, "{told}");
    }
}

//! What QEMU rejects comes back to the statement that it is about.

use std::process::{Command, Stdio};

use qemu_dsl::{Level, Levels, Options};
use qemu_runtime::{Guest, Plan, Rejection, StartError};

use crate::outcome::{Outcome, Stop, ensure, equal, some};
use crate::qemu::Qemu;
use crate::world::{World, quoted};

/// A statement that QEMU rejects among others that it doesn't, and what its words have in all versions.
pub(crate) const REJECTED: &[(&str, &str)] = &[
    // With the argument.
    ("device virtio-blk-pci id=b", "drive property not set"),
    ("device isa-serial id=s index=9", "ISA serial ports"),
    ("device virtio-rng-pci id=r addr=1.0", "not available for virtio-rng-pci"),
    ("device no-such-device", "not a valid device model name"),
    ("disk id=d file=\"{dir}/none.img\" format=raw", "none.img"),
    ("disk id=d file=\"{dir}/disk.img\" format=qcow2", "not in qcow2 format"),
    ("chardev socket id=s path=\"{dir}/none/s\"", "Failed to connect"),
    ("qmp unix \"{dir}/none/q\" server nowait", "Failed to bind"),
    ("fs local id=w path=\"{dir}/none\" tag=w security=none", "none"),
    ("blockdev file node-name=n filename=\"{dir}/none,at,all\"", "none,at,all"),
    ("object memory-backend-memfd id=huge size=900T", "unable to map backing store"),
    ("arg \"-no-such-option\"", "invalid option"),
    ("arg \"-uuid\" \"x\"", "UUID"),
    // Without it.
    ("object rng-random id=rng filename=\"{dir}/none\"", "none"),
    ("machine no-such-machine accel=tcg", "unsupported machine type"),
    ("cpu no-such-cpu", "unable to find CPU model"),
    ("smp 5000", "Invalid SMP CPUs 5000"),
    ("bios \"{dir}/none\"", "could not load PC BIOS"),
    ("kernel \"{dir}/none\"", "could not open kernel file"),
    ("kernel \"{dir}/initrd\" append=\"x\"", "kernel"),
    ("arg \"-append\" \"x\"", "-append only allowed with -kernel"),
    ("arg \"-rtc\" \"base=x\"", "invalid datetime format"),
    ("arg \"-vga\" \"x\"", "unknown vga type"),
    ("arg \"-netdev\" \"tap,id=n,fd=77\"", "file descriptor"),
    ("object rng-random id=rng filename=\"{dir}/kernel BIOS\"", "kernel BIOS"),
    ("object memory-backend-ram id=m0 size=900T", "guest memory 'm0'"),
    ("object memory-backend-ram id=m0 size=0", "property 'size'"),
    ("object iothread id=i poll-max-ns=-1", "poll-max-ns value must be in range"),
    ("object tls-creds-x509 id=t dir=\"{dir}/kernel\" endpoint=server", "Unable to access credentials"),
    ("machine pc accel=no-such", "invalid accelerator no-such"),
    ("machine pc accel=tcg max-ram-below-4g=8G", "expects size less than or equal to 4G"),
    ("cpu Haswell enforce=on", "requested features"),
    ("cpu qemu64 phys-bits=1", "phys-bits"),
    ("vga tcx", "not available"),
    ("arg \"-global\" \"mc146818rtc.lost_tick_policy=no-such\"", "no-such"),
    ("arg \"-device\" \"virtio-rng-pci,max-bytes=no\"", "max-bytes"),
    ("arg \"{dir}/stray.img\"", "stray.img"),
];

/// Of these, what `qemu-dslc run` shows is compared: of each sort some.
pub(crate) const SHOWN: &[&str] = &[
    "device virtio-blk-pci id=b",
    "device no-such-device",
    "disk id=d file=\"{dir}/none.img\" format=raw",
    "chardev socket id=s path=\"{dir}/none/s\"",
    "arg \"-no-such-option\"",
    "object rng-random id=rng filename=\"{dir}/kernel BIOS\"",
    "machine no-such-machine accel=tcg",
    "cpu no-such-cpu",
    "smp 5000",
    "bios \"{dir}/none\"",
    "kernel \"{dir}/none\"",
    "arg \"-rtc\" \"base=x\"",
];

/// A statement that some QEMU rejects in words that could be about another.
const NOWHERE_ELSE: &[&str] = &[
    "cpu max hv_vpindex",
    "cpu max hv_vpindex hv_synic",
    "cpu max phys-bits=99",
    "machine pc accel=tcg memory-backend=ram0",
    "arg \"-m\" \"64M,slots=300,maxmem=1G\"",
    "object secret id=x",
    "object memory-backend-ram id=x size=16M policy=bind",
    "object filter-redirector id=x netdev=net0",
    "object tls-creds-psk id=x endpoint=server",
    "object memory-backend-memfd id=x size=900T",
    "arg \"-spice\" \"unix=on,addr={dir}/none/s,disable-ticketing=on\"",
    "arg \"-serial\" \"no-such\"",
    "arg \"-usbdevice\" \"braille\"",
    "arg \"-netdev\" \"user,id=x,dns=\"",
    "arg \"-numa\" \"node,memdev=ram0\"",
    "arg \"-boot\" \"splash-time=99999\"",
    "arg \"-loadvm\" \"kernel\"",
    "arg \"-trace\" \"events={dir}/kernel BIOS\"",
    "arg \"-global\" \"virtio-rng-pci.max-bytes=x\"",
    "arg \"-global\" \"qemu64-x86_64-cpu.phys-bits=1\"",
    "arg \"-device\" \"cirrus-vga,vgamem_mb=1\"",
];

/// What the compiler finds, and only QEMU is to.
const LET_THROUGH: [&str; 3] = ["missing-option", "too-many-cpus", "wrong-type"];

/// What QEMU makes of a text: nothing where it takes it, or does not tell what it is about.
fn told(qemu: &Qemu, text: &str, world: &World) -> Outcome<Result<Rejection, Option<StartError>>> {
    let params = world.params().into_iter().filter(|(name, _)| text.contains(&format!("param {name}:")));
    let mut levels = Levels::default();
    for code in LET_THROUGH {
        levels.set(Level::Allow, code)?;
    }
    let params = params.collect();
    let options = Options { target: qemu.version.into(), params, levels, ..Options::default() };
    let compiled = qemu_dsl::compile(text, &options);
    let template = some(compiled.template, format!("plan: {:#?}", compiled.diagnostics))?;
    let plan = Plan::of(template.in_file("a.vm"));
    match Guest::start(&plan) {
        Err(StartError::Rejected { rejection, error }) => {
            equal("QEMU's exit code", error.exit().and_then(|exit| exit.code()), Some(1))?;
            Ok(Ok(*rejection))
        }
        Err(error) => Ok(Err(Some(error))),
        Ok(_) => Ok(Err(None)),
    }
}

fn rejection(qemu: &Qemu, text: &str, world: &World) -> Outcome<Rejection> {
    told(qemu, text, world)?.map_err(|error| match error {
        Some(error) => Stop::failed(format!("not told: {error}")),
        None => Stop::failed("QEMU takes it"),
    })
}

/// What stands in each text, but for what the statement is there for.
const OTHERS: &[&str] = &[
    "machine pc accel=tcg",
    "cpu qemu64",
    "smp 2",
    "memory 64M",
    "bios \"{dir}/flash.img\"",
    "kernel \"{dir}/kernel\" initrd=\"{dir}/initrd\" append=\"quiet\"",
    "rtc base=utc",
    "vga std",
    "netdev user",
    "object memory-backend-ram id=ram0 size=16M",
    "object rng-random id=entropy filename=\"/dev/urandom\"",
    "device virtio-rng-pci id=before",
];

/// A text around `statement`.
fn text(qemu: &Qemu, statement: &str) -> Outcome<String> {
    let program = quoted(&qemu.program)?;
    let takes_place = |other: &&&str| {
        let keyword = other.split(' ').next().unwrap_or_default();
        let option = format!("arg \"-{keyword}\"");
        let is_append = keyword == "kernel" && statement.starts_with("arg \"-append\"");
        is_append
            || (!["object", "device", "netdev"].contains(&keyword)
                && (statement.starts_with(&format!("{keyword} ")) || statement.starts_with(&option)))
    };
    let others: Vec<_> = OTHERS.iter().filter(|other| !takes_place(other)).copied().collect();
    Ok(format!(
        "param dir: path\nqemu {program}\nname \"{{dir}}\"\n{}\n{statement}\n\
         device virtio-rng-pci id=behind\nnodefaults\nno-user-config\n\
         arg \"-display\" \"none\"\narg \"-S\"\n",
        others.join("\n")
    ))
}

/// What QEMU rejects is shown at its statement, or nowhere.
pub(crate) fn nowhere_else(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let mut rejected = 0;
    for statement in NOWHERE_ELSE {
        let text = text(qemu, statement)?;
        match told(qemu, &text, &world)? {
            Ok(rejection) => {
                let span = some(rejection.span, "span")?;
                let shown = text.get(span.start as usize..span.end as usize).unwrap_or_default();
                ensure!(statement.contains(shown), "{statement} is shown at {shown}: {rejection:#?}")?;
                rejected += 1;
            }
            Err(error) => rejected += u32::from(error.is_some()),
        }
    }
    ensure!(rejected > 10, "only {rejected} are rejected")
}

/// The command line shows the same as a program gets, as a report at the statement.
pub(crate) fn is_shown(qemu: &Qemu, statement: &str) -> Outcome {
    let world = World::new()?;
    let text = text(qemu, statement)?;
    let expected = rejection(qemu, &text, &world)?;
    let file = world.path().join("a.vm");
    std::fs::write(&file, &text).map_err(Stop::failed)?;
    let mut run = Command::new(env!("CARGO_BIN_EXE_qemu-dslc"));
    run.args(["run", "a.vm", "--target", &qemu.version.to_string()]).current_dir(world.path());
    for code in LET_THROUGH {
        run.args(["--allow", code]);
    }
    for (name, value) in world.params().iter().filter(|(name, _)| text.contains(&format!("param {name}:"))) {
        run.args(["--set", &format!("{name}={value}")]);
    }
    let ran = run.stdin(Stdio::null()).output().map_err(Stop::failed)?;
    equal("the status", ran.status.code(), Some(1))?;
    let shown = String::from_utf8_lossy(&ran.stderr).into_owned();
    let (line, _) =
        some(text.lines().enumerate().find(|(_, line)| *line == statement), "the statement's line")?;
    let column = if statement.starts_with("arg ") { 5 } else { 1 };
    // Lines are broken where the report ends: what counts is what stands in it, and in which order.
    let report = some(shown.find("error: rejected").and_then(|at| shown.get(at..)), &*shown)?;
    let frame =
        |word: &&str| !matches!(*word, "|" | ":" | "x" | "`----" | "`--" | "│" | "×" | "·" | "╰────" | "╰──");
    let words = |text: &str| text.split_whitespace().filter(frame).collect::<Vec<_>>().join(" ");
    let report = words(report);
    let parts = [
        "error: rejected".to_owned(),
        format!("QEMU rejects this: {}", expected.words),
        format!("[a.vm:{}:{column}]", line + 1),
        format!("{} | {statement}", line + 1),
        expected.option,
    ];
    let help = expected.help.map(|help| format!("help: {help}"));
    let mut rest = report.as_str();
    for part in parts.into_iter().chain(help).chain(["1 error".to_owned()]) {
        let part = words(&part);
        let at = rest.find(&part).ok_or_else(|| Stop::failed(format!("no `{part}` in\n{shown}")))?;
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    equal("what comes behind", rest, "")
}

pub(crate) fn comes_back(qemu: &Qemu, statement: &str, words: &str) -> Outcome {
    let world = World::new()?;
    let text = text(qemu, statement)?;
    let rejection = rejection(qemu, &text, &world)?;
    let span = some(rejection.span, "span")?;
    // Of an `arg`, it is its strings.
    let expected = statement.strip_prefix("arg ").unwrap_or(statement);
    equal("the statement", text.get(span.start as usize..span.end as usize), Some(expected))?;
    let before = text.get(..span.start as usize).unwrap_or_default();
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    let place = format!("a.vm:{}:{column}", before.matches('\n').count() + 1);
    equal("the place", rejection.place.as_ref().map(ToString::to_string), Some(place.clone()))?;
    ensure!(rejection.to_string().starts_with(&format!("{place}: QEMU rejects `")), "{rejection}")?;
    ensure!(rejection.words.contains(words), "{rejection:#?}")?;
    ensure!(!rejection.words.contains('\n') && !rejection.words.starts_with("qemu"), "{rejection:#?}")
}

/// A warning is no rejection, whether something is rejected later or not.
pub(crate) fn warnings_are_none(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let warned = "arg \"-global\" \"no-such-device.x=1\"";
    let text = text(qemu, &format!("{warned}\narg \"-uuid\" \"x\""))?;
    let rejection = rejection(qemu, &text, &world)?;
    equal("the option", rejection.option.as_str(), "-uuid x")
}

//! What QEMU rejects comes back to the statement that it is about.

use qemu_dsl::Options;
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
];

/// What QEMU makes of a text.
fn rejection(qemu: &Qemu, text: &str, world: &World) -> Outcome<Rejection> {
    let params = world.params().into_iter().filter(|(name, _)| text.contains(&format!("param {name}:")));
    let options = Options { target: Some(qemu.version), params: params.collect() };
    let compiled = qemu_dsl::compile(text, &options);
    let plan = Plan::of(some(compiled.template, format!("plan: {:#?}", compiled.diagnostics))?);
    match Guest::start(&plan) {
        Err(StartError::Rejected { rejection, error }) => {
            equal("QEMU's exit code", error.exit().and_then(|exit| exit.code()), Some(1))?;
            Ok(*rejection)
        }
        Err(error) => Err(Stop::failed(format!("not told: {error}"))),
        Ok(_) => Err(Stop::failed("QEMU takes it")),
    }
}

/// A text around `statement`.
fn text(qemu: &Qemu, statement: &str) -> Outcome<String> {
    let program = quoted(&qemu.program)?;
    let machine = if statement.starts_with("machine ") { "" } else { "machine pc accel=tcg" };
    Ok(format!(
        "param dir: path\nqemu {program}\nname \"{{dir}}\"\n{machine}\nmemory 64M\n\
         device virtio-rng-pci id=before\n{statement}\ndevice virtio-rng-pci id=behind\nnodefaults\nno-user-config\n\
         arg \"-display\" \"none\"\narg \"-S\"\n"
    ))
}

pub(crate) fn comes_back(qemu: &Qemu, statement: &str, words: &str) -> Outcome {
    let world = World::new()?;
    let text = text(qemu, statement)?;
    let rejection = rejection(qemu, &text, &world)?;
    let span = some(rejection.span, "span")?;
    // Of an `arg`, it is its strings.
    let expected = statement.strip_prefix("arg ").unwrap_or(statement);
    equal("the statement", text.get(span.start as usize..span.end as usize), Some(expected))?;
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

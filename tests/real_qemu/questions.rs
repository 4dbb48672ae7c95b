//! QEMU takes `help` and `?` in many places for a question, which it answers with a list before it ends with success. Of
//! a text that compiles it never gets one.

use std::io::Read as _;

use qemu_runtime::qmp::QmpOptions;
use qemu_runtime::{Fd, Plan, Spawn, Stdio};

use crate::outcome::{Outcome, ensure, some};
use crate::qemu::{PATIENCE, Qemu, compile};
use crate::world::World;

/// Statements that take a name of QEMU's, a text or a property: `@` is the word. What takes one of a few words takes no
/// other.
const STATEMENTS: &[&str] = &[
    "machine @",
    "machine pc @",
    "machine pc @=on",
    "machine pc accel=@",
    "machine pc usb=@",
    "cpu @",
    "cpu @ +aes",
    "cpu max @",
    "cpu max +@",
    "cpu max @=on",
    "cpu max vendor=@",
    "name @",
    "bios @",
    "kernel @",
    "kernel \"{dir}/kernel\" initrd=@",
    "kernel \"{dir}/kernel\" append=@",
    "memory 64M fd backend=@",
    "memory 64M path=@",
    "disk file=@ format=raw",
    "disk file=\"{dir}/disk.img\" format=@",
    "disk file=\"{dir}/disk.img\" format=@ fd",
    "disk file=\"{dir}/disk.img\" format=raw driver=@",
    "disk file=\"{dir}/disk.img\" format=raw serial=@",
    "disk file=\"{dir}/disk.img\" format=raw id=@",
    "netdev user driver=@",
    "netdev user id=@",
    "netdev user hostname=@",
    "netdev user bootfile=@",
    "netdev user tftp=@",
    "netdev user net=@",
    "netdev user dns=@",
    "netdev user guestfwd=@",
    "netdev tap mq=1 driver=@",
    "netdev tap ifname=@ script=no downscript=no",
    "fs local path=\"{dir}/share\" security=none tag=@",
    "fs local path=\"{dir}/share\" security=none tag=t driver=@",
    "fs local path=@ security=none tag=t",
    "virtio-serial driver=@",
    "virtio-serial port pty name=@",
    "virtio-serial port pty driver=@",
    "virtio-serial port socket path=@",
    "virtio-serial console pty driver=@",
    "qmp unix @ server nowait",
    "global e1000.@=on",
    "global @.mac=on",
    "device @",
    "device @ id=a",
    "device e1000 @",
    "device e1000 @=on",
    "device e1000 mac=@",
    "device e1000 bus=@",
    "device e1000 id=@",
    "object @ id=a",
    "object rng-random id=a @=on",
    "object rng-random id=a filename=@",
    "object rng-random id=@",
    "chardev @ id=a",
    "chardev null id=a @",
    "chardev null id=a @=on",
    "chardev null id=@",
    "chardev file id=a path=@",
    "blockdev @ node-name=a",
    "blockdev null-co node-name=a @=on",
    "blockdev null-co node-name=@",
    "blockdev file node-name=a filename=@",
];

pub(crate) fn are_none(qemu: &Qemu) -> Outcome {
    for statement in STATEMENTS {
        for word in ["help", "?", "\"help\"", "\"?\"", "{word}"] {
            let mut world = World::new()?;
            world.set("word", "help");
            let text = format!("param dir: path\nparam word: string\n{}", statement.replace('@', word));
            is_none(qemu, &text, &world)?;
        }
    }
    Ok(())
}

fn is_none(qemu: &Qemu, text: &str, world: &World) -> Outcome {
    let Some(compiled) = compile(text, qemu.version, world).plan else {
        return Ok(());
    };
    let args = compiled.args().map(|arg| arg.to_str().unwrap_or_default().to_owned());
    let args: Vec<_> = args.chain(["-S", "-nodefaults", "-display", "none"].map(str::to_owned)).collect();
    let plan = Plan::new(
        &*qemu.program.to_string_lossy(),
        args.iter().cloned(),
        compiled.fds().map(Fd::from).collect(),
    );
    let spawn = Spawn::new(&plan).current_dir(world.path()).stdout(Stdio::Pipe);
    // What can't be opened here says no more.
    let Ok(mut guest) = spawn.qmp_with(QmpOptions::new().timeout(PATIENCE)).spawn() else {
        return Ok(());
    };
    let mut stdout = some(guest.take_stdout(), "pipe")?;
    if guest.qmp().is_some_and(|qmp| qmp.ready(PATIENCE).is_ok()) {
        guest.kill()?;
    }
    let exit = guest.wait();
    let mut said = String::new();
    stdout.read_to_string(&mut said)?;
    ensure!(!exit.success(), "QEMU {} ends with success: {text}\n{said}", qemu.version)?;
    let lists = said.lines().any(|line| !line.starts_with("char device redirected to "));
    ensure!(!lists, "QEMU {} prints a list: {text}\n{said}", qemu.version)
}

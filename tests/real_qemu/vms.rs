//! The whole VMs of `examples/vms`: each compiles for all versions without a word, and starts.

use std::fs;
use std::path::{Path, PathBuf};

use qemu_dsl::plan::Plan;
use qemu_dsl::{Arch, Included, Inclusion, Options, Sources, Target, Version};

use crate::host;
use crate::outcome::{Outcome, Stop, ensure, equal};
use crate::qemu::{Compiled, Qemu};
use crate::world::World;

/// A VM of the examples.
pub(crate) struct Vm {
    pub(crate) name: &'static str,
    /// Its file.
    file: &'static str,
    /// The values of its parameters, in which `{dir}` is the folder with a world's files.
    set: &'static [(&'static str, &'static str)],
    /// The first version of QEMU that has all of it.
    from: Version,
    start: Start,
}

/// Whether a VM can be started here.
#[derive(Clone, Copy)]
enum Start {
    Always,
    /// With the encrypted image that `qemu-img` makes.
    WithVault,
    /// In a network namespace where this was run.
    With(&'static [&'static str]),
    /// It needs what no test has, with the word for it.
    Never(&'static str),
}

const ACCEL: (&str, &str) = ("accel", "tcg");
const ANY: Version = Version::new(5, 2);

const BRIDGE: &[&str] = &[
    "link add br0 type bridge",
    "tuntap add web mode tap",
    "tuntap add app mode tap",
    "tuntap add db mode tap",
    "link set web master br0 up",
    "link set app master br0 up",
    "link set db master br0 up",
    "link set br0 up",
];

pub(crate) const VMS: &[Vm] = &[
    Vm {
        name: "the VM desktop",
        file: "desktop.vm",
        set: &[
            ACCEL,
            ("disk", "{dir}/disk.qcow2"),
            ("iso", "{dir}/disk.img"),
            ("code", "{dir}/flash.img"),
            ("vars", "{dir}/vars.img"),
            ("vnc", "{dir}/vnc.sock"),
        ],
        from: ANY,
        start: Start::Always,
    },
    Vm {
        name: "the VM microvm",
        file: "microvm.vm",
        set: &[ACCEL, ("kernel", "{dir}/kernel"), ("initrd", "{dir}/initrd")],
        from: ANY,
        start: Start::Always,
    },
    Vm {
        name: "the VM microvm with a disk",
        file: "microvm.vm",
        set: &[ACCEL, ("kernel", "{dir}/kernel"), ("root", "{dir}/disk.img")],
        from: ANY,
        start: Start::Always,
    },
    Vm {
        name: "the VM kernel-tests",
        file: "kernel-tests.vm",
        set: &[("kernel", "{dir}/kernel"), ("append", "test=all"), ("trace", "{dir}/trace.log")],
        from: ANY,
        start: Start::Always,
    },
    Vm {
        name: "the VM storage",
        file: "storage.vm",
        set: &[
            ACCEL,
            ("root", "{dir}/disk.img"),
            ("vault", "{dir}/vault.img"),
            ("passphrase", "{dir}/secret"),
            ("first", "{dir}/other,1.img"),
            ("second", "{dir}/other,2.img"),
        ],
        from: ANY,
        start: Start::WithVault,
    },
    Vm {
        name: "the VM bridged/web",
        file: "bridged/web.vm",
        set: &[ACCEL],
        from: ANY,
        start: Start::With(BRIDGE),
    },
    Vm {
        name: "the VM bridged/app",
        file: "bridged/app.vm",
        set: &[ACCEL],
        from: ANY,
        start: Start::With(BRIDGE),
    },
    Vm {
        name: "the VM bridged/db",
        file: "bridged/db.vm",
        set: &[ACCEL, ("data", "{dir}/disk.img")],
        from: ANY,
        start: Start::With(BRIDGE),
    },
    Vm {
        name: "the VM windows-11",
        file: "windows-11.vm",
        set: &[
            ACCEL,
            ("disk", "{dir}/disk.qcow2"),
            ("drivers", "{dir}/disk.img"),
            ("code", "{dir}/flash.img"),
            ("vars", "{dir}/vars.img"),
            ("tpm", "{dir}/tpm.sock"),
            ("vnc", "{dir}/vnc.sock"),
        ],
        from: ANY,
        start: Start::Never("swtpm"),
    },
    Vm {
        name: "the VM cloud",
        file: "cloud.vm",
        set: &[ACCEL, ("disk", "{dir}/disk.qcow2"), ("seed", "{dir}/disk.img")],
        from: ANY,
        start: Start::Always,
    },
    Vm {
        name: "the VM kata",
        file: "kata.vm",
        set: &[
            ("kernel", "{dir}/kernel"),
            ("root", "{dir}/fs.sock"),
            ("cid", "42"),
            ("qmp", "{dir}/kata.qmp"),
        ],
        from: ANY,
        start: Start::Never("virtiofsd and /dev/vhost-vsock"),
    },
    Vm {
        name: "the VM numa",
        file: "numa.vm",
        set: &[ACCEL, ("disk", "{dir}/disk.img")],
        from: ANY,
        start: Start::Always,
    },
    Vm {
        name: "the VM gpu",
        file: "gpu.vm",
        set: &[("disk", "{dir}/disk.img"), ("vars", "{dir}/vars.img")],
        from: ANY,
        start: Start::Never("a graphics card to give away"),
    },
    Vm {
        name: "the VM confidential",
        file: "confidential.vm",
        set: &[("disk", "{dir}/disk.qcow2")],
        from: Version::new(9, 1),
        start: Start::Never("a host with SEV-SNP"),
    },
];

/// The VMs for other architectures.
pub(crate) const ELSEWHERE: &[(Arch, Vm)] = &[
    (
        Arch::Aarch64,
        Vm {
            name: "the VM arm",
            file: "arm.vm",
            set: &[
                ("disk", "{dir}/disk.qcow2"),
                ("code", "{dir}/flash-64M.img"),
                ("vars", "{dir}/flash-64M-vars.img"),
            ],
            from: ANY,
            start: Start::Always,
        },
    ),
    (
        Arch::Riscv64,
        Vm {
            name: "the VM riscv",
            file: "riscv.vm",
            set: &[
                ("disk", "{dir}/disk.qcow2"),
                ("code", "{dir}/flash-32M.img"),
                ("vars", "{dir}/flash-32M-vars.img"),
            ],
            // The machine of those before has its flash memory by another option, and for another firmware.
            from: Version::new(8, 1),
            start: Start::Always,
        },
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/vms")
}

/// Fails unless each file in the folder is one that is started here.
pub(crate) fn are_all() -> Outcome {
    let listed: Vec<_> = VMS.iter().chain(ELSEWHERE.iter().map(|(_, vm)| vm)).map(|vm| vm.file).collect();
    let mut missing = Vec::new();
    for folder in [folder(), folder().join("bridged")] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(self::folder()).map_err(Stop::failed)?.display().to_string();
            if path.is_file() && name != "bridged/common.vm" && !listed.contains(&name.as_str()) {
                missing.push(name);
            }
        }
    }
    equal("what no test starts", missing, Vec::<String>::new())
}

/// Compiles a VM, and starts it where that can be.
pub(crate) fn starts(qemu: &Qemu, vm: &Vm) -> Outcome {
    let world = World::new()?;
    // What the machines `virt` want.
    for size in [32, 64] {
        for name in [format!("flash-{size}M.img"), format!("flash-{size}M-vars.img")] {
            fs::File::create(world.file(&name))?.set_len(size << 20)?;
        }
    }
    let compiled = compile(qemu, vm, &world)?;
    if qemu.version < vm.from {
        return ensure!(!compiled.diagnostics.is_empty(), "{} is taken by {}", vm.file, qemu.version);
    }
    equal("what the compiler says", compiled.codes(), Vec::<&str>::new())
        .map_err(|stop| stop.with(&format!("{:#?}", compiled.diagnostics)))?;
    let run = || qemu.run(&compiled, &world)?.quit();
    match vm.start {
        Start::Always => run(),
        Start::WithVault if qemu.version < Version::new(6, 0) => Err(Stop::lacking(
            "needs a QEMU that doesn't hang at two threads and an encrypted disk, as 5.2 may",
        )),
        Start::WithVault => {
            host::make_vault(&world.file("vault.img"), &world.file("secret"))?;
            run()
        }
        Start::With(commands) => {
            let commands: Vec<_> = commands.iter().map(|command| (*command).to_owned()).collect();
            host::in_network_namespace(&commands, run)
        }
        Start::Never(what) => Err(Stop::lacking(format!("needs {what}"))),
    }
}

fn compile(qemu: &Qemu, vm: &Vm, world: &World) -> Outcome<Compiled> {
    let path = folder().join(vm.file);
    let source = fs::read_to_string(&path)?;
    let mut load = |inclusion: Inclusion<'_>| {
        let other = path.with_file_name(inclusion.path);
        let text = fs::read_to_string(&other).map_err(|error| error.to_string())?;
        Ok(Included { name: other.display().to_string(), text })
    };
    let sources = Sources::load(vm.file, &*source, &mut load);
    let dir = world.path().display().to_string();
    let set = |(name, value): &(&str, &str)| ((*name).to_owned(), value.replace("{dir}", &dir));
    let target = Target::new(qemu.arch, qemu.version);
    let params = vm.set.iter().map(set).collect();
    let options = Options { target: target.into(), params, ..Options::default() };
    let compiled = sources.parse().compile(&options);
    Ok(Compiled { source, plan: compiled.template.map(Plan::of), diagnostics: compiled.diagnostics })
}

//! The target: what says it, and what follows.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use qemu_dsl::{Arch, Code, Compilation, Options, Target, TargetSpec, Version, compile};

fn with(text: &str, target: TargetSpec, program: Option<&str>) -> Compilation {
    compile(text, &Options { target, program: program.map(str::to_owned), ..Options::default() })
}

/// The program, and the target.
fn made(compiled: Compilation) -> (String, Target) {
    let template = compiled.template.unwrap();
    (template.text(&template.program), template.target)
}

const NOTHING: TargetSpec = TargetSpec { arch: None, version: None };
const ARM: &str = "qemu-system-aarch64";

#[test]
fn the_text_the_program_or_the_options_say_it() {
    let arm = |version| Target::new(Arch::Aarch64, version);
    let old = Version::new(7, 2);
    for (text, target, program, expected) in [
        ("", NOTHING, None, ("qemu-system-x86_64", Target::DEFAULT)),
        ("target aarch64 machine virt", NOTHING, None, (ARM, arm(Version::NEWEST))),
        ("target aarch64-7.2 machine virt", NOTHING, None, (ARM, arm(old))),
        ("target 7.2 machine virt", Arch::Aarch64.into(), None, (ARM, arm(old))),
        ("target aarch64-11.1 machine virt", old.into(), None, (ARM, arm(old))),
        (
            "target 7.2 qemu \"/q/qemu-system-aarch64\" machine virt",
            NOTHING,
            None,
            ("/q/qemu-system-aarch64", arm(old)),
        ),
        ("target aarch64-7.2 qemu kvm machine virt", NOTHING, None, ("kvm", arm(old))),
        ("target 7.2 qemu kvm", NOTHING, None, ("kvm", Target::new(Arch::X86_64, old))),
        ("target 7.2 qemu kvm machine virt", NOTHING, Some(ARM), (ARM, arm(old))),
        ("target 7.2 qemu \"qemu-system-x86_64\" machine virt", NOTHING, Some(ARM), (ARM, arm(old))),
        ("target aarch64-7.2 machine virt", NOTHING, Some("./q"), ("./q", arm(old))),
    ] {
        let (program, target) = made(with(text, target, program));
        assert_eq!((program.as_str(), target), expected, "{text}");
    }
}

#[test]
fn the_two_must_agree() {
    let codes = |text: &str, target: TargetSpec, program: Option<&str>| -> Vec<Code> {
        with(text, target, program).diagnostics.into_iter().map(|one| one.code).collect()
    };
    let wrong = [Code::WrongArchitecture];
    assert_eq!(codes("target aarch64 qemu \"qemu-system-x86_64\" machine virt", NOTHING, None), wrong);
    assert_eq!(codes("qemu \"qemu-system-x86_64\" machine virt", Arch::Aarch64.into(), None), wrong);
    assert_eq!(codes("machine virt", Arch::Aarch64.into(), Some("qemu-system-x86_64")), wrong);
    assert_eq!(codes("target aarch64 qemu \"qemu-system-aarch64\" machine virt", NOTHING, None), []);
}

#[test]
fn an_architecture_without_a_schema_is_told_of_once() {
    for text in [
        "target ppc64 machine pseries device nosuch cpu power9 x=y",
        "qemu \"qemu-system-hppa\" device nosuch",
    ] {
        let compiled = compile(text, &Options::default());
        let codes: Vec<_> = compiled.diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::Unchecked], "{text}");
        assert!(compiled.template.is_some());
    }
}

#[test]
fn a_target_that_comes_later_says_nothing_of_names() {
    let open = |text: &str| compile(text, &Options { open: qemu_dsl::Open::Checked, ..Options::default() });
    for text in [
        "param t: string target {t} machine virt cpu cortex-a57",
        "param q: path qemu {q} machine virt cpu cortex-a57",
    ] {
        assert_eq!(open(text).diagnostics, [], "{text}");
    }
    assert!(!open("param d: path machine virt disk file={d} format=raw").diagnostics.is_empty());
}

#[test]
fn what_only_other_machines_have_is_printed_for_them() {
    for (text, devices) in [
        (
            "target s390x-7.2 machine s390-ccw-virtio\nvfio ccw sysfsdev=\"/sys/a\" devno=fe.0.0001",
            &["vfio-ccw,sysfsdev=/sys/a,devno=fe.0.0001"][..],
        ),
        (
            "target s390x-9.0 machine s390-ccw-virtio\nvfio ap id=a mdev=123e4567-e89b-12d3-a456-426614174000 iommufd",
            &["vfio-ap,sysfsdev=/sys/bus/mdev/devices/123e4567-e89b-12d3-a456-426614174000,id=a,iommufd=a"],
        ),
        // Whichever stands first.
        (
            "target s390x-7.2 machine s390-ccw-virtio\nrng id=r transport=pci\nzpci uid=1 fid=2 target=r",
            &["zpci,uid=1,fid=2,target=r", "virtio-rng-pci,id=r"],
        ),
        (
            "target ppc64-7.2 machine pseries\nbridge phb id=p index=1 numa_node=0",
            &["spapr-pci-host-bridge,id=p,index=1,numa_node=0"],
        ),
        ("target ppc64-7.2 machine pseries\ntpm emulator socket=\"/a\"", &["tpm-spapr,tpmdev=tpm0"]),
        ("target aarch64-7.2 machine virt\ntpm emulator socket=\"/a\"", &["tpm-tis-device,tpmdev=tpm0"]),
    ] {
        let template = with(text, NOTHING, None).template.unwrap();
        let args: Vec<_> = template.args.iter().map(|arg| template.text(&arg.text)).collect();
        let options = args.iter().zip(args.iter().skip(1));
        let printed = options.filter(|(option, _)| *option == "-device").map(|(_, device)| device.as_str());
        assert_eq!(printed.collect::<Vec<_>>(), devices, "{text}");
    }
}

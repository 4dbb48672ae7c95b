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
    for text in
        ["target riscv64 machine virt device nosuch cpu rv64 x=y", "qemu \"qemu-system-s390x\" device nosuch"]
    {
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

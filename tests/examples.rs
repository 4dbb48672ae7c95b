//! The examples run, and say what they should.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Trial};

#[path = "real_qemu/outcome.rs"]
#[expect(dead_code, unused_imports, reason = "more of it is for other tests")]
mod outcome;

use outcome::{Outcome, Stop, completion};

/// The tests, by name.
macro_rules! tests {
    ($($name:ident)*) => { &[$((stringify!($name), $name)),*] };
}

type Test = fn() -> Outcome;

const TESTS: &[(&str, Test)] = tests! {
    the_boot_sector_is_what_its_source_says
    hello_says_hello_and_leaves_by_debug_exit
    linux_boots_to_the_output_of_a_command
    the_program_boots_the_same_guest
    a_life_is_told_by_threads_and_by_tasks
    ten_guests_say_hello
    the_instructions_of_the_arm_guest_are_what_their_source_says
    an_arm_guest_says_hello_and_powers_off
    an_arm_guest_answers_qmp
    tests_of_a_kernel_have_a_guest_each
    a_configuration_says_how_many_disks_and_cards_there_are
    variants_share_a_base
    a_launcher_hands_taps_to_one_without_rights
};

fn main() -> ExitCode {
    let trial = |(name, test): &(&'static str, Test)| {
        let test = *test;
        Trial::ignorable_test(*name, move || completion(test()))
    };
    libtest_mimic::run(&Arguments::from_args(), TESTS.iter().map(trial).collect()).exit_code()
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qemu-dslc")).arg("run").args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn the_boot_sector_is_what_its_source_says() -> Outcome {
    let built = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new("examples/hello/build").arg(built.path()).status().unwrap();
    assert!(status.success());
    let image = fs::read("examples/hello/hello.img").unwrap();
    assert_eq!(image.len(), 512);
    assert_eq!(fs::read(built.path()).unwrap(), image, "examples/hello/build makes it anew");
    Ok(())
}

fn hello_says_hello_and_leaves_by_debug_exit() -> Outcome {
    let output = run(&["examples/hello.vm"]);
    assert_eq!(stdout(&output), "hello from qemu-dsl\n");
    assert_eq!(output.status.code(), Some(33));
    Ok(())
}

fn linux_boots_to_the_output_of_a_command() -> Outcome {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // What was fetched is kept between runs.
    let prepared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linux-example");
    drop(dir);
    let status = Command::new("examples/linux/prepare").arg(&prepared).status().unwrap();
    assert!(status.success());
    let set = |name: &str| {
        format!("{name}={}", prepared.join(if name == "kernel" { "vmlinuz" } else { name }).display())
    };
    let output = run(&["examples/linux.vm", "--set", &set("kernel"), "--set", &set("initrd")]);
    let said = stdout(&output);
    assert!(said.contains("guest says: 42"), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    Ok(())
}

/// A program of the examples.
fn built(name: &str) -> PathBuf {
    // As the tests are built by `scripts/test`: with other features all would be compiled again.
    let build = ["build", "--quiet", "--workspace", "--all-features", "--example", name];
    assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    Path::new(env!("CARGO_BIN_EXE_qemu-dslc")).parent().unwrap().join("examples").join(name)
}

/// What a program of the examples prints.
fn example(name: &str) -> String {
    let output = Command::new(built(name)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    said
}

fn the_program_boots_the_same_guest() -> Outcome {
    let said = example("hello");
    assert!(said.starts_with("hello from qemu-dsl\n"), "{said}");
    assert!(said.contains("33"), "{said}");
    Ok(())
}

fn a_life_is_told_by_threads_and_by_tasks() -> Outcome {
    for name in ["lifecycle", "tasks"] {
        let said = example(name);
        for line in [
            "it is in the state prelaunch",
            "RESUME",
            "its entropy comes from \"/dev/urandom\"",
            "plugged: disk0, net0, port0",
            "unplugged: port0",
            "Quit ended it: Shutdown(Quit)",
        ] {
            assert!(said.lines().any(|own| own == line), "{name}: no {line:?} in\n{said}");
        }
    }
    Ok(())
}

fn ten_guests_say_hello() -> Outcome {
    let said = example("ten_guests");
    assert!(said.ends_with("10 guests have said hello\n"), "{said}");
    Ok(())
}

fn the_instructions_of_the_arm_guest_are_what_their_source_says() -> Outcome {
    let built = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new("examples/virt/build").arg(built.path()).status().unwrap();
    assert!(status.success());
    let image = fs::read("examples/virt/hello.img").unwrap();
    assert_eq!(fs::read(built.path()).unwrap(), image, "examples/virt/build makes it anew");
    Ok(())
}

fn an_arm_guest_says_hello_and_powers_off() -> Outcome {
    let output = run(&["examples/virt.vm"]);
    assert_eq!(stdout(&output), "hello from aarch64\n");
    assert_eq!(output.status.code(), Some(0));
    Ok(())
}

fn an_arm_guest_answers_qmp() -> Outcome {
    let text = fs::read_to_string("examples/virt.vm").unwrap();
    let text = text.replace("target aarch64", "target aarch64-7.2");
    let compiled = qemu_dsl::compile(&text, &qemu_dsl::Options::default());
    let plan = qemu_runtime::Plan::of(compiled.template.unwrap());
    assert_eq!(plan.target().map(|target| target.to_string()).as_deref(), Some("aarch64-7.2"));
    let guest = qemu_runtime::Guest::start(&plan.with_args(["-S"])).unwrap();
    assert_eq!(guest.status().unwrap().status, "prelaunch");
    let target = guest.qmp().unwrap().execute_raw("query-target", serde_json::json!({})).unwrap();
    assert_eq!(target, serde_json::json!({ "arch": "aarch64" }));
    guest.resume().unwrap();
    assert!(guest.wait().success());
    Ok(())
}

fn tests_of_a_kernel_have_a_guest_each() -> Outcome {
    let said = example("kernel_tests");
    for test in ["boots", "reads_a_disk", "reads_a_large_disk"] {
        assert!(said.contains(&format!("test {test} ... ok: hello from qemu-dsl")), "{said}");
    }
    Ok(())
}

fn a_configuration_says_how_many_disks_and_cards_there_are() -> Outcome {
    let said = example("from_toml");
    assert!(said.starts_with("web has 2 disks"), "{said}");
    Ok(())
}

fn variants_share_a_base() -> Outcome {
    let log = tempfile::NamedTempFile::new().unwrap();
    let log_is = format!("log={}", log.path().display());
    let cases: [(&str, &[&str]); 3] = [
        ("quick", &[]),
        ("logged", &["--set", &log_is]),
        (
            "networked",
            &["--set", "cards=52:54:00:00:00:01", "--set", "cards=52:54:00:00:00:02", "--set", "ram=24M"],
        ),
    ];
    for (name, set) in cases {
        let file = format!("examples/variants/{name}.vm");
        let output = run(&[&[file.as_str()], set].concat());
        assert_eq!(stdout(&output), "hello from qemu-dsl\n", "{name}");
        assert_eq!(output.status.code(), Some(33), "{name}");
        for target in ["5.2", "7.2", "10.0", "11.1"] {
            let compiled = Command::new(env!("CARGO_BIN_EXE_qemu-dslc"))
                .args([&[file.as_str(), "--target", target], set].concat())
                .output()
                .unwrap();
            let command = String::from_utf8(compiled.stdout).unwrap();
            assert!(
                compiled.status.success() && command.contains(&format!("guest={name}")),
                "{target}: {command}"
            );
        }
    }
    assert!(fs::read_to_string(log.path()).unwrap().contains("hello from qemu-dsl"));
    Ok(())
}

fn a_launcher_hands_taps_to_one_without_rights() -> Outcome {
    let is_allowed =
        Command::new("unshare").args(["--net", "true"]).output().is_ok_and(|output| output.status.success());
    if !is_allowed || !Path::new("/dev/net/tun").exists() {
        return Err(Stop::lacking("needs root, a network namespace, and /dev/net/tun"));
    }
    // Where anybody may execute it.
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    let program = folder.path().join("launcher");
    fs::copy(built("launcher"), &program)?;
    let output = Command::new("unshare").arg("--net").arg(&program).output()?;
    assert_eq!(stdout(&output), "QEMU runs as user 65534, with 4 queues\n");
    assert!(output.status.success(), "{output:?}");
    Ok(())
}

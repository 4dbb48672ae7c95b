//! The QEMU that is installed.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use qemu_dsl::plan::Plan;
use qemu_dsl::{Arch, Levels, Options, Parsed, TargetSpec, Version};
use qemu_runtime::{Spawn, Stdio};

/// How long QEMU may take to tell its version.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// No line with a version is longer.
const LONGEST_LINE: u64 = 4096;

/// The program of a text, and its architecture. It is known once the text compiles, which it may for some versions
/// only: for the oldest whatever QEMU's names are, as there is no schema of it.
pub(crate) fn program(text: &Parsed<'_>, options: &Options) -> (String, Arch) {
    let known = Version::KNOWN.iter().rev().copied().map(Some);
    let program = [None].into_iter().chain(known).find_map(|version| {
        let target = TargetSpec { version, ..options.target };
        let template =
            text.compile(&Options { target, levels: Levels::default(), ..options.clone() }).template?;
        Some((template.text(&template.program), template.target.arch))
    });
    program.unwrap_or_else(|| {
        let arch = options.target.arch.unwrap_or_default();
        (arch.program().to_owned(), arch)
    })
}

/// What a QEMU emulates, as it says itself. None where it doesn't start.
pub(crate) fn arch(program: &OsStr, patience: Duration) -> Option<Arch> {
    let nothing = ["-M", "none", "-S", "-nodefaults", "-display", "none"];
    let plan = Plan::new(program, nothing, Vec::new());
    let guest = Spawn::new(&plan).stdin(Stdio::Null).stdout(Stdio::Null).qmp().spawn().ok()?;
    let qmp = guest.qmp()?;
    qmp.ready(patience).ok()?;
    let told = qmp.execute_raw("query-target", serde_json::json!({})).ok()?;
    told.get("arch")?.as_str()?.parse().ok()
}

/// The version of a QEMU: what `program --version` says.
pub(crate) fn version(program: &OsStr, patience: Duration) -> Result<Version, String> {
    let plan = Plan::new(program, ["--version"], Vec::new());
    let mut guest = Spawn::new(&plan).stdout(Stdio::Pipe).spawn().map_err(|error| error.to_string())?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = guest.take_stdout() {
        thread::spawn(move || {
            let mut line = Vec::new();
            let read = BufReader::new(stdout.take(LONGEST_LINE)).read_until(b'\n', &mut line);
            // Where nobody waits for it any more, it is too late.
            let _ = sender.send(read.map(|_| line));
        });
    }
    let asked = format!("`{} --version`", program.display());
    match receiver.recv_timeout(patience) {
        Err(_) => Err(format!("{asked} said nothing for {} seconds", patience.as_secs())),
        Ok(Err(error)) => Err(format!("{asked}: {error}")),
        Ok(Ok(line)) if line.is_empty() => {
            let exit = guest.wait_timeout(patience);
            let complaint = exit.map(|exit| exit.stderr_text().trim_end().replace('\n', "; "));
            let complaint = complaint.filter(|complaint| !complaint.is_empty());
            Err(match complaint {
                Some(complaint) => format!("{asked}: {complaint}"),
                None => format!("{asked} said nothing"),
            })
        }
        Ok(Ok(line)) => {
            let line = String::from_utf8_lossy(&line);
            let version = parse(&line).ok_or_else(|| {
                format!("{asked} said `{}`, which tells no version of QEMU", line.trim_end())
            })?;
            if version < Version::OLDEST {
                return Err(format!(
                    "{asked} says {version}, which is too old: output can be made for {} and newer",
                    Version::OLDEST
                ));
            }
            Ok(version)
        }
    }
}

/// The version in `QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)`.
fn parse(line: &str) -> Option<Version> {
    let (_, rest) = line.split_once("QEMU emulator version ")?;
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::ffi::OsStr;
    use std::process::Command;
    use std::time::Duration;

    use qemu_dsl::{Arch, Options, Version};

    use super::{PATIENCE, parse, program, version};

    #[test]
    fn the_version_is_read_from_what_qemus_say() {
        for (line, expected) in [
            ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\n", Version::new(7, 2)),
            ("QEMU emulator version 10.0.2(Debian)", Version::new(10, 0)),
            ("QEMU emulator version 9.1.0-rc2 (v9.1.0-rc2)", Version::new(9, 1)),
            ("QEMU emulator version 2.10.1", Version::new(2, 10)),
        ] {
            assert_eq!(parse(line), Some(expected), "{line}");
        }
        assert_eq!(parse("bash 5.2"), None);
        assert_eq!(parse("QEMU emulator version x"), None);
    }

    #[test]
    fn a_text_names_its_program_even_where_it_has_errors_for_some_versions() {
        for (text, named, arch) in [
            ("qemu \"/q\"", "/q", Arch::X86_64),
            ("qemu \"/q\" device virtio-rng-pci acme=1", "/q", Arch::X86_64),
            ("memory 1G", "qemu-system-x86_64", Arch::X86_64),
            ("memory oops", "qemu-system-x86_64", Arch::X86_64),
            ("target aarch64 machine virt", "qemu-system-aarch64", Arch::Aarch64),
            ("qemu \"/bin/qemu-system-riscv64\" machine virt", "/bin/qemu-system-riscv64", Arch::Riscv64),
        ] {
            let told = program(&qemu_dsl::parse(text), &Options::default());
            assert_eq!(told, (named.to_owned(), arch), "{text}");
        }
        let options = Options { target: Arch::Aarch64.into(), ..Options::default() };
        let told = program(&qemu_dsl::parse("memory oops"), &options);
        assert_eq!(told, ("qemu-system-aarch64".to_owned(), Arch::Aarch64));
    }

    #[test]
    fn what_is_no_qemu_is_named() {
        for (program, reason) in
            [("echo", "which tells no version of QEMU"), ("/no/such/qemu", "/no/such/qemu")]
        {
            let told = version(OsStr::new(program), PATIENCE);
            assert!(told.as_ref().is_err_and(|told| told.contains(reason)), "{told:?}");
        }
    }

    #[test]
    fn what_hangs_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("hangs");
        // By another process: a file that this one has open for writing, maybe in a child of another test, is busy.
        let write = "printf '#!/bin/sh\\nexec sleep 1000\\n' >\"$0\" && chmod +x \"$0\"";
        assert!(Command::new("sh").args(["-c", write]).arg(&program).status().unwrap().success());
        let told = version(program.as_os_str(), Duration::from_millis(50));
        assert!(told.as_ref().is_err_and(|told| told.contains("said nothing for")), "{told:?}");
    }
}

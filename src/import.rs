//! `qemu-dslc import`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use qemu_dsl::import::{self, Import, Script};
use qemu_dsl::plan::{Fd, FdSource, Plan, arguments};
use qemu_dsl::{Arch, TargetSpec};
use serde::Deserialize;

use crate::cli::{self, Target};
use crate::failure::{Failure, reason, status};
use crate::{host, output};

/// A command line, and where it is from.
pub(crate) enum Line {
    Plan(Plan),
    Script(Script),
}

/// Prints a command line as the text of a VM.
pub(crate) fn import(command: &cli::Import) -> Result<u8, Failure> {
    let line = read(command)?;
    let program = match &line {
        Line::Plan(plan) => plan.program().to_owned(),
        Line::Script(_) => OsString::from("qemu-system-x86_64"),
    };
    let named = command.command.first().map(OsString::as_os_str);
    let target = target(command.target, &program, named)?;
    let imported = match &line {
        Line::Script(_) if command.exact => {
            return Err(Failure::usage("--exact: a script has variables, and no arguments of its own"));
        }
        Line::Plan(plan) if command.exact => import::exact(plan, target),
        Line::Plan(plan) => import::import(plan, target),
        Line::Script(script) => import::of_script(script, target),
    };
    let Import { text, passed, errors, .. } = imported.map_err(|error| Failure::usage(error.to_string()))?;
    output::print(text.as_bytes())?;
    if !passed.is_empty() {
        let options: Vec<_> = passed.iter().filter_map(|passed| passed.words.first().cloned()).collect();
        let shown = options.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
        output::complain(&format!("no statement says {shown}: `arg` passes on what is not checked"));
    }
    for error in &errors {
        output::complain(&format!("the text has an error, as the command line may: {error}"));
    }
    Ok(if errors.is_empty() { status::SUCCESS } else { status::SOURCE_ERRORS })
}

/// The QEMU that the text is for: the one that is asked for, or that is installed. The one that the user has `named` is asked
/// itself; of one that a file names its name is all that counts.
pub(crate) fn target(
    asked: Option<Target>,
    program: &OsStr,
    named: Option<&OsStr>,
) -> Result<TargetSpec, Failure> {
    let arch = program.to_str().and_then(Arch::of_program);
    let asked_spec = match asked {
        Some(Target::Spec(spec)) => spec,
        Some(Target::Host) | None => TargetSpec::default(),
    };
    let arch = asked_spec.arch.or(arch);
    if asked_spec.version.is_some() {
        return Ok(TargetSpec { arch, ..asked_spec });
    }
    let installed = named.unwrap_or_else(|| OsStr::new(arch.unwrap_or_default().program()));
    match host::version(installed, host::PATIENCE) {
        Ok(version) => Ok(TargetSpec { arch, version: Some(version) }),
        Err(reason) if asked == Some(Target::Host) => {
            Err(Failure::not_started(format!("--target host: {reason}")))
        }
        Err(_) => {
            output::complain(&format!(
                "`{}` tells no version: the text is for the newest QEMU that is known",
                installed.display()
            ));
            Ok(TargetSpec { arch, version: None })
        }
    }
}

/// Reads the command line from where the program's arguments say.
fn read(command: &cli::Import) -> Result<Line, Failure> {
    if let Some((program, args)) = command.command.split_first() {
        return configured(Line::Plan(Plan::new(program, args, Vec::new())));
    }
    if let Some(pid) = command.pid {
        let path = format!("/proc/{pid}/cmdline");
        let bytes = fs::read(&path).map_err(|error| Failure::file(Path::new(&path), reason(&error)))?;
        let line = words(&bytes)
            .ok_or_else(|| Failure::usage(format!("{path}: the process has no command line")))?;
        return configured(line);
    }
    let file = command.file.as_deref().unwrap_or(Path::new("-"));
    let name = if file.as_os_str() == "-" { Path::new("<stdin>") } else { file };
    let mut bytes = Vec::new();
    let read = match name == file {
        true => fs::read(file).map(|read| bytes = read),
        false => io::stdin().read_to_end(&mut bytes).map(drop),
    };
    read.map_err(|error| Failure::file(name, reason(&error)))?;
    configured(parse(&bytes).map_err(|reason| Failure::file(name, reason))?)
}

/// A command line as JSON, its words each with a NUL behind it, or in a shell's script.
pub(crate) fn parse(bytes: &[u8]) -> Result<Line, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.contains(&0) {
        return words(bytes).ok_or_else(|| "no command line".to_owned());
    }
    let text = str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
    let script = || Script::read(text).map(Line::Script).map_err(|none| none.to_string());
    // A script may begin with a bracket too.
    match text.trim_start().chars().next() {
        Some('[') => list(text).or_else(|reason| script().map_err(|_| reason)),
        Some('{') => object(text).or_else(|reason| script().map_err(|_| reason)),
        _ => script(),
    }
}

fn list(text: &str) -> Result<Line, String> {
    let words: Vec<String> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (program, args) = words.split_first().ok_or("an empty list is no command line")?;
    Ok(Line::Plan(Plan::new(program, args, Vec::new())))
}

fn object(text: &str) -> Result<Line, String> {
    let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let fds = json.fds.into_iter().map(JsonFd::fd).collect::<Option<Vec<_>>>();
    let fds = fds.ok_or("a file descriptor lacks what it is open on")?;
    Ok(Line::Plan(Plan::new(json.program, json.args, fds)))
}

fn words(bytes: &[u8]) -> Option<Line> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let mut words = bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_owned()));
    let program = words.next().filter(|program| !program.is_empty())?;
    Some(Line::Plan(Plan::new(program, words, Vec::new())))
}

/// A command line with what files of `-readconfig` say in their place.
fn configured(line: Line) -> Result<Line, Failure> {
    let Line::Plan(plan) = line else { return Ok(line) };
    let is_config = |arg: &OsStr| matches!(arg.as_bytes(), b"-readconfig" | b"--readconfig");
    if !plan.args().any(is_config) {
        return Ok(Line::Plan(plan));
    }
    let mut out: Vec<OsString> = Vec::new();
    for argument in arguments::split(plan.args()) {
        let (Some(name), Some(value)) = (argument.name, argument.value) else {
            out.extend(argument.name.into_iter().chain(argument.value).map(OsStr::to_owned));
            continue;
        };
        if !is_config(name) {
            out.extend([name.to_owned(), value.to_owned()]);
            continue;
        }
        let path = Path::new(value);
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, reason(&error)))?;
        let read = import::readconfig(&text).map_err(|bad| Failure::file(path, bad))?;
        out.extend(read.into_iter().map(OsString::from));
    }
    let fds = plan.fds().map(Fd::from).collect();
    Ok(Line::Plan(Plan::new(plan.program(), out, fds)))
}

/// What `--emit json` prints.
#[derive(Deserialize)]
struct Json {
    program: String,
    args: Vec<String>,
    #[serde(default)]
    fds: Vec<JsonFd>,
}

#[derive(Deserialize)]
struct JsonFd {
    fd: u32,
    kind: String,
    device: String,
    queue: u32,
    ifname: Option<String>,
    path: Option<String>,
    readonly: Option<bool>,
    direct: Option<bool>,
    cid: Option<u64>,
    size: Option<u64>,
    hugetlb: Option<bool>,
    seal: Option<bool>,
}

impl JsonFd {
    fn fd(self) -> Option<Fd> {
        let Self { fd, kind, device, queue, ifname, path, readonly, direct, cid, size, hugetlb, seal } = self;
        let (ifname, path) = (ifname.map(OsString::from), path.map(OsString::from));
        let source = match kind.as_str() {
            "tap" => FdSource::Tap { ifname },
            "macvtap" => FdSource::Macvtap { ifname: ifname? },
            "ipvtap" => FdSource::Ipvtap { ifname: ifname? },
            "vhost-net" => FdSource::VhostNet,
            "vhost-vsock" => FdSource::VhostVsock { cid: cid? },
            "file" => FdSource::File {
                path: path?,
                readonly: readonly.unwrap_or_default(),
                direct: direct.unwrap_or_default(),
            },
            "unix-listen" => FdSource::UnixListen { path: path? },
            "unix-connect" => FdSource::UnixConnect { path: path? },
            "memfd" => FdSource::Memfd {
                size: size?,
                hugetlb: hugetlb.unwrap_or_default(),
                seal: seal.unwrap_or_default(),
            },
            _ => return None,
        };
        Some(Fd { number: fd, source, device: device.into(), queue })
    }
}

#[cfg(test)]
mod tests {
    use qemu_dsl::plan::Plan;

    use super::{Line, parse};

    fn args(text: &str) -> Option<Vec<String>> {
        let Ok(Line::Plan(plan)) = parse(text.as_bytes()) else { return None };
        Some(Plan::args(&plan).map(|arg| arg.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn command_lines_come_in_several_forms() {
        let expected = Some(vec!["-m".to_owned(), "1 G".to_owned()]);
        assert_eq!(args("qemu\0-m\x001 G\0"), expected);
        assert_eq!(args(" [\"qemu\", \"-m\", \"1 G\"]"), expected);
        assert_eq!(args(r#"{"version":1,"program":"qemu","args":["-m","1 G"],"fds":[]}"#), expected);
        assert!(matches!(parse(b"exec qemu-kvm -m '1 G'"), Ok(Line::Script(_))));
        for wrong in ["", "ls", "[]", "{}", "[1]", "\0", "\u{1}\0"] {
            assert!(parse(wrong.as_bytes()).is_err() || wrong == "\u{1}\0", "{wrong:?}");
        }
    }
}

//! The forms in which a plan is printed.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use clap::ValueEnum;
use qemu_dsl::plan::{Fact, Fd, FdSource, Firmware, FirmwareCode, Plan};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::printable::printable;
use crate::quote::{quote, quote_program};

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A command for the shell, quoted, an option a line; its file descriptors as comments
    Shell,
    /// The program and its arguments, each followed by a NUL, as in /proc/PID/cmdline
    Argv,
    /// One JSON object: program, arguments, and the table of file descriptors
    Json,
    /// The text itself, its values, blocks and included files written out, with the place of each line as a comment
    Vm,
}

/// A command for the shell.
pub(crate) fn shell(plan: &Plan) -> Vec<u8> {
    let mut out = Vec::new();
    if plan.fds().len() > 0 {
        out.extend_from_slice(b"# The program expects these file descriptors; `qemu-dslc run` opens them.\n");
    }
    for fd in plan.fds() {
        out.extend_from_slice(comment(fd).as_bytes());
    }
    if let Some(Firmware { code: FirmwareCode::Slot { .. }, .. }) = plan.firmware() {
        out.extend_from_slice(SLOT_COMMENT.as_bytes());
    }
    out.extend_from_slice(&quote_program(plan.program().as_bytes()));
    for arg in plan.args() {
        let option = arg.as_bytes().starts_with(b"-");
        out.extend_from_slice(if option { b" \\\n  " } else { b" " });
        out.extend_from_slice(&quote(arg.as_bytes()));
    }
    out.push(b'\n');
    out
}

/// What stands above a command that leaves its firmware to the host.
const SLOT_COMMENT: &str = "# `uefi:code` or `uefi:stateless` stands for the firmware's file, which the host's descriptors tell; `qemu-dslc run` finds it.\n";

/// A line of the table. Nothing in it may end the comment.
fn comment(fd: Fd<&OsStr>) -> String {
    let what = match fd.source {
        FdSource::File { path, readonly: true, .. } => format!(" {} (read-only)", text(path)),
        FdSource::VhostVsock { cid } => format!(" cid {cid}"),
        FdSource::Memfd { size, .. } => format!(" of {size} bytes"),
        source @ (FdSource::Tap { .. }
        | FdSource::Macvtap { .. }
        | FdSource::Ipvtap { .. }
        | FdSource::VhostNet
        | FdSource::File { .. }
        | FdSource::UnixListen { .. }
        | FdSource::UnixConnect { .. }) => {
            let name = source.ifname().or(source.path()).copied();
            name.map(|name| format!(" {}", text(name))).unwrap_or_default()
        }
    };
    let line = format!("fd {}, {}: {}{what}", fd.number, fd.name(), fd.source.kind());
    format!("# {}\n", printable(&line).replace('\n', "?"))
}

/// The program and its arguments, each followed by a NUL.
pub(crate) fn argv(plan: &Plan) -> Vec<u8> {
    let mut out = Vec::new();
    for arg in [plan.program()].into_iter().chain(plan.args()) {
        out.extend_from_slice(arg.as_bytes());
        out.push(0);
    }
    out
}

/// The members' order is part of the format.
#[derive(Serialize)]
struct Json<'p> {
    version: u32,
    program: Cow<'p, str>,
    args: Vec<Cow<'p, str>>,
    fds: Vec<JsonFd<'p>>,
}

#[derive(Serialize)]
struct JsonFd<'p> {
    fd: u32,
    kind: &'static str,
    device: Cow<'p, str>,
    queue: u32,
    #[serde(flatten)]
    facts: Facts<'p>,
}

/// What there is to know of a source, in its order.
struct Facts<'p>(FdSource<&'p OsStr>);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (what, fact) in self.0.facts() {
            match fact {
                Fact::Name(name) => map.serialize_entry(what, &text(name))?,
                Fact::Number(number) => map.serialize_entry(what, number)?,
                Fact::Switch(is_on) => map.serialize_entry(what, &is_on)?,
            }
        }
        map.end()
    }
}

/// One JSON object. Nothing where something in it is not UTF-8, which JSON can't have.
pub(crate) fn json(plan: &Plan) -> Option<Vec<u8>> {
    let names = plan.fds().flat_map(|fd| {
        let names = fd.source.facts().filter_map(|(_, fact)| match fact {
            Fact::Name(name) => Some(*name),
            Fact::Number(_) | Fact::Switch(_) => None,
        });
        names.collect::<Vec<_>>().into_iter().chain([fd.device])
    });
    let mut texts = [plan.program()].into_iter().chain(plan.args()).chain(names);
    if texts.any(|text| text.to_str().is_none()) {
        return None;
    }
    let json = Json {
        version: 1,
        program: plan.program().to_string_lossy(),
        args: plan.args().map(OsStr::to_string_lossy).collect(),
        fds: plan.fds().map(json_fd).collect(),
    };
    Some(line(&json))
}

fn json_fd(fd: Fd<&OsStr>) -> JsonFd<'_> {
    let Fd { number, source, device, queue } = fd;
    JsonFd { fd: number, kind: source.kind(), device: text(device), queue, facts: Facts(source) }
}

fn text(text: &OsStr) -> Cow<'_, str> {
    text.to_string_lossy()
}

/// `value` as JSON, in a line of its own.
pub(crate) fn line(value: &impl Serialize) -> Vec<u8> {
    // Only a map with keys that are no strings could fail, and there is none.
    let mut out = serde_json::to_vec(value).unwrap_or_default();
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use qemu_dsl::plan::{Fd, FdSource, Plan};

    use super::{json, shell};

    fn file(path: &str, readonly: bool) -> Plan {
        let fd = Fd {
            number: 3,
            source: FdSource::File { path: path.into(), readonly, direct: false },
            device: "disk0".into(),
            queue: 0,
        };
        Plan::new("qemu", ["-S"], vec![fd])
    }

    #[test]
    fn a_file_has_its_path() {
        assert_eq!(
            String::from_utf8_lossy(&json(&file("/a", true)).unwrap_or_default()),
            "{\"version\":1,\"program\":\"qemu\",\"args\":[\"-S\"],\"fds\":[{\"fd\":3,\"kind\":\"file\",\
             \"device\":\"disk0\",\"queue\":0,\"path\":\"/a\",\"readonly\":true,\"direct\":false}]}\n"
        );
    }

    /// Another name in its place would be that of another file.
    #[test]
    fn what_is_no_text_is_not_replaced() {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"/a\xff");
        assert_eq!(json(&Plan::new("qemu", [name], vec![])), None);
        let source = FdSource::File { path: name.into(), readonly: true, direct: false };
        let fd = Fd { number: 3, source, device: "disk0".into(), queue: 0 };
        assert_eq!(json(&Plan::new("qemu", ["-S"], vec![fd])), None);
    }

    #[test]
    fn no_name_leaves_its_comment() {
        let shell = shell(&file("/a\nrm -rf \x1b[2J/", false));
        let lines: Vec<_> = shell.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 5, "{}", String::from_utf8_lossy(&shell));
        assert!(lines.iter().take(2).all(|line| line.starts_with(b"# ")));
        assert!(!shell.contains(&0x1b));
    }
}

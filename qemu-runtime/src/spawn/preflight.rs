//! What is looked at before QEMU starts: paths that its arguments name, where it would do harm.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use qemu_dsl::Span;

use super::options::Properties;
use crate::fd::{Occupied, SocketFile};
use crate::host::{FileSystem, reason};
use crate::plan::arguments::{Argument, split};
use crate::plan::{Place, Plan};

/// What is at a path that an argument names is not what QEMU needs there, and QEMU doesn't see to it: it would remove what is
/// there, or make something else.
#[derive(Debug)]
#[non_exhaustive]
pub struct PathError {
    /// The argument's index among the [arguments](Plan::args) of the plan: that of the option's name.
    pub arg: usize,
    /// The option with its value, as QEMU would get it: `-qmp unix:/run/vm.qmp,server=on`.
    pub option: String,
    /// Where the source says so, where there is one.
    pub span: Option<Span>,
    /// The same in the program's own source, for what `vm!` has compiled.
    pub place: Option<Place>,
    /// The path, from this process's working directory.
    pub path: PathBuf,
    /// What is wrong there, and what to do about it.
    pub problem: &'static str,
    /// The kernel's reason, where it was the kernel that refused.
    pub source: Option<io::Error>,
}

impl PathError {
    fn new(plan: &Plan, argument: &Argument<'_>, path: PathBuf, problem: &'static str) -> Self {
        let Argument { at, name, value } = *argument;
        let span = plan.arg_span(at);
        let option: Vec<_> = name.into_iter().chain(value).map(OsStr::to_string_lossy).collect();
        Self {
            arg: at,
            option: option.join(" "),
            span: span.map(|span| plan.arg_span(argument.last()).map_or(span, |value| span.to(value))),
            place: plan.arg_place(at).cloned(),
            path,
            problem,
            source: None,
        }
    }

    /// What is wrong, without the argument.
    pub fn words(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            write!(f, "{}: ", self.path.display())?;
            if let Some(source) = &self.source {
                write!(f, "{}: ", reason(source))?;
            }
            f.write_str(self.problem)
        })
    }
}

impl Error for PathError {}

/// `src/main.rs:12:9: ...`: where, the argument, the path, and what to do.
impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "`{}`: {}", self.option, self.words())
    }
}

/// The sockets that QEMU is going to make itself. It removes what stands in the way, whatever that is: here only a file
/// makes way whose socket nobody has any more.
///
/// `current_dir` is QEMU's working directory, where it isn't this process's.
pub(crate) fn sockets(plan: &Plan, current_dir: Option<&Path>) -> Result<Vec<SocketFile>, Box<PathError>> {
    let mut files: Vec<SocketFile> = Vec::new();
    for argument in split(plan.args()) {
        for path in listening(&argument) {
            let path = in_folder(current_dir, &path);
            let file = if files.iter().any(|file| file.path() == path) {
                Err(Occupied {
                    cure: "another argument has a socket there: choose another path",
                    source: None,
                })
            } else {
                SocketFile::of_qemu(path.clone())
            };
            files.push(file.map_err(|Occupied { cure, source }| {
                Box::new(PathError { source, ..PathError::new(plan, &argument, path, cure) })
            })?);
        }
    }
    Ok(files)
}

/// Refuses a pid file that is none. QEMU follows a link, writes over what is there, and removes it at its end.
pub(crate) fn pid_file(plan: &Plan, current_dir: Option<&Path>) -> Result<(), Box<PathError>> {
    const NO_FILE: &str =
        "what is there is no regular file, and QEMU would remove it at its end: choose another path";
    const NO_NUMBER: &str = "what is there is no file with a process's number, and QEMU would write over it: remove it, or \
                             choose another path";

    // It takes the last.
    let Some(argument) = split(plan.args()).filter(|argument| argument.option() == Some("pidfile")).last()
    else {
        return Ok(());
    };
    let path = in_folder(current_dir, argument.value.map(OsStr::as_bytes).unwrap_or_default());
    let problem = match fs::symlink_metadata(&path) {
        // Whatever keeps this process from looking keeps QEMU from making it.
        Err(_) => return Ok(()),
        Ok(file) if !file.is_file() => NO_FILE,
        // One that was just made is empty.
        Ok(file) if file.len() <= LONGEST_NUMBER && has_number(&path) => return Ok(()),
        Ok(_) => NO_NUMBER,
    };
    Err(Box::new(PathError::new(plan, &argument, path, problem)))
}

/// More than a process's number and the end of its line have.
const LONGEST_NUMBER: u64 = 32;

/// Whether there is nothing but a number in a short file, as far as this process may read it.
fn has_number(path: &Path) -> bool {
    // It may be something else by now, and be waited for.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut content = Vec::new();
    let read = File::options()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .and_then(|file| file.take(LONGEST_NUMBER).read_to_end(&mut content));
    read.is_err() || content.trim_ascii().iter().all(u8::is_ascii_digit)
}

/// Refuses the folder of huge pages where it has none: QEMU makes a file of ordinary memory there, which the next VM that
/// names it gets too.
pub(crate) fn hugepages(plan: &Plan, current_dir: Option<&Path>) -> Result<(), Box<PathError>> {
    const NO_HUGEPAGES: &str = "no hugetlbfs is mounted there: mount one (`mount -t hugetlbfs hugetlbfs /dev/hugepages`), or \
                                take what needs none: `memory ... hugepages fd`, or the object `memory-backend-memfd` with \
                                `hugetlb=on`";

    for argument in split(plan.args()) {
        let Some(path) = backing(&argument).filter(|path| path.starts_with(b"/dev/hugepages")) else {
            continue;
        };
        let path = in_folder(current_dir, &path);
        if !FileSystem::HugePages.has_path(&path) {
            return Err(Box::new(PathError::new(plan, &argument, path, NO_HUGEPAGES)));
        }
    }
    Ok(())
}

/// The file that QEMU takes RAM from, for an argument.
fn backing(argument: &Argument<'_>) -> Option<Vec<u8>> {
    let value = argument.value?.as_bytes();
    match argument.option()? {
        "mem-path" => Some(value.to_owned()),
        "object" => {
            let object = Properties::of(value, "qom-type");
            let path = object.get("mem-path").filter(|_| object.is("qom-type", "memory-backend-file"));
            path.map(Cow::into_owned)
        }
        _ => None,
    }
}

fn in_folder(folder: Option<&Path>, path: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path));
    match folder {
        Some(folder) => folder.join(path),
        None => path.into(),
    }
}

/// The paths at which QEMU makes sockets for an argument, those that it only connects to left out.
fn listening(argument: &Argument<'_>) -> Vec<Vec<u8>> {
    let (Some(option), Some(value)) = (argument.option(), argument.value) else {
        return Vec::new();
    };
    let value = value.as_bytes();
    let paths: Vec<Cow<'_, [u8]>> = match option {
        "chardev" => socket_of_chardev(&Properties::of(value, "backend")).into_iter().collect(),
        "debugcon" | "gdb" | "monitor" | "parallel" | "qmp" | "qmp-pretty" | "qtest" | "serial" => {
            socket_of_device(value).into_iter().collect()
        }
        "vnc" => sockets_of_vnc(value),
        "display" => value.strip_prefix(b"vnc=").map(sockets_of_vnc).unwrap_or_default(),
        "spice" => {
            let spice = Properties::of(value, "");
            spice.get("addr").filter(|_| spice.is_on("unix")).into_iter().collect()
        }
        "incoming" => socket_of_migration(value).into_iter().collect(),
        "net" | "netdev" | "nic" => sockets_of_network(&Properties::of(value, "type")),
        _ => Vec::new(),
    };
    paths.into_iter().map(Cow::into_owned).filter(|path| !path.is_empty()).collect()
}

fn socket_of_chardev<'a>(chardev: &Properties<'a>) -> Option<Cow<'a, [u8]>> {
    let listens = chardev.is("backend", "socket") && chardev.is_on("server");
    chardev.get("path").filter(|_| listens)
}

/// The short form of a character device, of a port or a monitor: `mon:unix:PATH,server=on`.
fn socket_of_device(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let value = value.strip_prefix(b"mon:").unwrap_or(value);
    let device = Properties::of(value.strip_prefix(b"unix:")?, "path");
    device.get("path").filter(|_| device.is_on("server"))
}

fn sockets_of_vnc(value: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let vnc = Properties::of(value, "vnc");
    if vnc.is_on("reverse") {
        return Vec::new();
    }
    vnc.all("vnc").filter_map(|address| behind(address, b"unix:")).collect()
}

fn socket_of_migration(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    if let Some(path) = value.strip_prefix(b"unix:") {
        return Some(Cow::Borrowed(path));
    }
    let channel = Properties::of(value, "");
    channel.get("addr.path").filter(|_| channel.is("addr.type", "unix"))
}

fn sockets_of_network<'a>(network: &Properties<'a>) -> Vec<Cow<'a, [u8]>> {
    let unix = |address: &str| {
        let path = network.get(&format!("{address}.path"));
        path.filter(|_| network.is(&format!("{address}.type"), "unix"))
    };
    if network.is("type", "stream") {
        return unix("addr").filter(|_| network.is_on("server")).into_iter().collect();
    }
    if network.is("type", "dgram") {
        return unix("local").into_iter().collect();
    }
    if !network.is("type", "user") {
        return Vec::new();
    }
    // `unix:PATH-:22`, and `tcp:10.0.2.100:80-DEVICE`.
    let from_host = network.all("hostfwd").filter_map(|rule| {
        let rule = behind(rule, b"unix:")?;
        Some(Cow::Owned(rule.split(|byte| *byte == b'-').next()?.to_owned()))
    });
    let from_guest = network.all("guestfwd").filter_map(|rule| {
        let at = rule.iter().position(|byte| *byte == b'-')?;
        Some(Cow::Owned(socket_of_device(rule.get(at + 1..)?)?.into_owned()))
    });
    from_host.chain(from_guest).collect()
}

/// A text without its beginning, where it has that.
fn behind<'a>(text: Cow<'a, [u8]>, beginning: &[u8]) -> Option<Cow<'a, [u8]>> {
    match text {
        Cow::Borrowed(text) => text.strip_prefix(beginning).map(Cow::Borrowed),
        Cow::Owned(text) => text.strip_prefix(beginning).map(|rest| Cow::Owned(rest.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{backing, listening};
    use crate::plan::arguments::split;

    fn of(option: &str, value: &str) -> Vec<String> {
        let argument = split([option, value].map(OsStr::new)).next();
        let paths = argument.map(|argument| listening(&argument)).unwrap_or_default();
        paths.into_iter().map(|path| String::from_utf8_lossy(&path).into_owned()).collect()
    }

    #[test]
    fn the_sockets_that_qemu_makes_are_found() {
        for (option, value) in [
            ("-chardev", "socket,id=c,path=/s,server=on,wait=off"),
            ("-chardev", "socket,server,nowait,path=/other,path=/s,id=c"),
            ("-chardev", "id=c,backend=socket,path=/s,server=yes"),
            ("--chardev", "socket,id=c,path=/s,server=off,server=true"),
            // QEMU removes a file of that name, though the socket has none.
            ("-chardev", "socket,id=c,path=/s,server=on,abstract=on"),
            ("-qmp", "unix:/s,server,nowait"),
            ("-qmp-pretty", "unix:/s,server=on"),
            ("-monitor", "unix:/s,server=on"),
            ("-serial", "mon:unix:/s,server=on"),
            ("-serial", "unix:path=/s,server=on"),
            ("-parallel", "unix:/s,server=on,telnet=on"),
            ("-debugcon", "unix:/s,server"),
            ("-gdb", "unix:/s,server,nowait"),
            ("-qtest", "unix:/s,server=y"),
            ("-vnc", "unix:/s"),
            ("-vnc", "unix:/s,password=on"),
            ("-vnc", ":1,vnc=unix:/s"),
            ("-display", "vnc=unix:/s,lossy=on"),
            ("-spice", "unix=on,addr=/s,disable-ticketing=on"),
            ("-spice", "addr=/s,unix"),
            ("-incoming", "unix:/s"),
            (
                "-incoming",
                r#"{"channel-type":"main","addr":{"transport":"socket","type":"unix","path":"/s"}}"#,
            ),
            ("-netdev", "stream,id=n,server=on,addr.type=unix,addr.path=/s"),
            ("-netdev", r#"{"type":"stream","id":"n","server":true,"addr":{"type":"unix","path":"/s"}}"#),
            ("-netdev", "dgram,id=n,local.type=unix,local.path=/s,remote.type=unix,remote.path=/r"),
            ("-netdev", "user,id=n,hostfwd=unix:/s-:22"),
            ("-nic", "user,guestfwd=tcp:10.0.2.100:80-unix:/s,,server=on,,wait=off"),
        ] {
            assert_eq!(of(option, value), ["/s"], "{option} {value}");
        }
        assert_eq!(of("-chardev", "socket,path=/a,,b=c,server"), ["/a,b=c"]);
        assert_eq!(of("-incoming", "unix:/a,b"), ["/a,b"]);
        assert_eq!(of("-vnc", "unix:/a,vnc=unix:/b"), ["/a", "/b"]);
        assert_eq!(of("-net", "user,hostfwd=unix:/a-:1,hostfwd=tcp::1-:2,hostfwd=unix:/b-:2"), ["/a", "/b"]);
    }

    #[test]
    fn the_file_that_holds_the_ram_is_found() {
        let of = |option, value| {
            let argument = split([option, value].map(OsStr::new)).next();
            let path = argument.and_then(|argument| backing(&argument));
            path.map(|path| String::from_utf8_lossy(&path).into_owned())
        };
        let path = Some("/dev/hugepages/a,b".to_owned());
        assert_eq!(of("-mem-path", "/dev/hugepages/a,b"), path);
        let object = "memory-backend-file,id=m,size=1G,mem-path=/dev/hugepages/a,,b";
        assert_eq!(of("-object", object), path);
        let object =
            r#"{"qom-type":"memory-backend-file","id":"m","size":1,"mem-path":"/dev/hugepages/a,b"}"#;
        assert_eq!(of("-object", object), path);
        assert_eq!(of("-object", "memory-backend-memfd,id=m,size=1G,hugetlb=on"), None);
    }

    #[test]
    fn what_it_only_connects_to_is_none() {
        for (option, value) in [
            ("-chardev", "socket,id=c,path=/s"),
            ("-chardev", "socket,id=c,path=/s,server=on,server=off"),
            ("-chardev", "socket,id=c,path=/s,server,noserver"),
            ("-chardev", "socket,id=c,host=h,port=1,server=on"),
            ("-chardev", "socket,id=c,fd=3,server=on"),
            ("-chardev", "socket,id=c,path=,server=on"),
            ("-chardev", "pipe,id=c,path=/s"),
            ("-qmp", "unix:/s"),
            ("-qmp", "tcp::1,server=on"),
            ("-gdb", "tcp::1234"),
            ("-vnc", ":1"),
            ("-vnc", "unix:/s,reverse=on"),
            ("-spice", "addr=127.0.0.1,port=1"),
            ("-incoming", "defer"),
            (
                "-incoming",
                r#"{"channel-type":"main","addr":{"transport":"socket","type":"inet","host":"h","port":"1"}}"#,
            ),
            ("-netdev", "stream,id=n,addr.type=unix,addr.path=/s"),
            ("-netdev", "stream,id=n,server=on,addr.type=inet,addr.host=h,addr.port=1"),
            ("-netdev", "user,id=n,guestfwd=tcp:10.0.2.100:80-unix:/s"),
            ("-netdev", "user,id=n,hostfwd=tcp::1-:2"),
            ("-append", "unix:/s,server=on"),
        ] {
            assert_eq!(of(option, value), [""; 0], "{option} {value}");
        }
    }
}

//! What is looked at before QEMU starts: paths that its arguments name, where it would do harm.
//!
//! **The files of a guest's sockets go with its handle**, once QEMU has ended: it leaves some however it ends, and all
//! of them where it rejects an argument or is killed. Whether somebody has a socket is asked by connecting one of
//! another kind: the kernel answers before it looks at the kinds, and nobody gets a connection. A guest that lives on
//! keeps them.

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
use serde_json::Value;

use super::listening::{listening, listening_command};
use super::options::Properties;
use crate::fd::{Occupied, SocketFile};
use crate::host::{FileSystem, reason};
use crate::plan::arguments::{Argument, split};
use crate::plan::{Action, Place, Plan};

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
            place: plan.arg_place(at),
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

/// All of this for a command that adds something to a QEMU that runs, with the sockets that it is going to make. `folder` is
/// QEMU's working directory; `others` are sockets that are to be made with these.
pub(crate) fn command(
    action: Action,
    arguments: &Value,
    folder: &Path,
    others: &[SocketFile],
) -> Result<Vec<SocketFile>, (PathBuf, Occupied)> {
    let refused = |cure| Occupied { cure, source: None };
    if let Some(path) = backing_command(action, arguments).filter(|path| path.starts_with(HUGEPAGES)) {
        let path = in_folder(Some(folder), &path);
        if !FileSystem::HugePages.has_path(&path) {
            return Err((path, refused(NO_HUGEPAGES)));
        }
    }
    let paths = listening_command(action, arguments).into_iter();
    let files = paths.map(|path| {
        let path = in_folder(Some(folder), &path);
        if others.iter().any(|file| file.path() == path) {
            return Err((path, refused("another device has a socket there: choose another path")));
        }
        SocketFile::of_qemu(path.clone()).map_err(|occupied| (path, occupied))
    });
    files.collect()
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

/// Where a hugetlbfs is mounted on most hosts.
const HUGEPAGES: &[u8] = b"/dev/hugepages";
/// What to do where there are none.
const NO_HUGEPAGES: &str = "no hugetlbfs is mounted there: mount one (`mount -t hugetlbfs hugetlbfs /dev/hugepages`), or \
                            take what needs none: `memory ... hugepages fd`, or the object `memory-backend-memfd` with \
                            `hugetlb=on`";

/// Refuses the folder of huge pages where it has none: QEMU makes a file of ordinary memory there, which the next VM that
/// names it gets too.
pub(crate) fn hugepages(plan: &Plan, current_dir: Option<&Path>) -> Result<(), Box<PathError>> {
    for argument in split(plan.args()) {
        let Some(path) = backing(&argument).filter(|path| path.starts_with(HUGEPAGES)) else {
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

/// The same for a command: before QEMU 6.0 an object's properties are together.
fn backing_command(action: Action, arguments: &Value) -> Option<Vec<u8>> {
    let object = Properties::of_json(arguments);
    let is_file = action == Action::Object && object.is("qom-type", "memory-backend-file");
    let path = object.get("mem-path").or_else(|| object.get("props.mem-path")).filter(|_| is_file);
    path.map(Cow::into_owned)
}

fn in_folder(folder: Option<&Path>, path: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path));
    match folder {
        Some(folder) => folder.join(path),
        None => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use serde_json::json;

    use super::{Action, backing, backing_command};
    use crate::plan::arguments::split;

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
        let path = Some(b"/dev/hugepages".to_vec());
        let flat = json!({ "qom-type": "memory-backend-file", "id": "m", "mem-path": "/dev/hugepages" });
        assert_eq!(backing_command(Action::Object, &flat), path);
        let props = json!({ "mem-path": "/dev/hugepages" });
        let nested = json!({ "qom-type": "memory-backend-file", "id": "m", "props": props });
        assert_eq!(backing_command(Action::Object, &nested), path);
        assert_eq!(backing_command(Action::Device, &flat), None);
    }
}

//! What `qemu-dslc run` makes beside a guest, and removes with it.

use std::borrow::Cow;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use qemu_dsl::plan::{Piece, Plan, Template};
use qemu_dsl::{Options, Version};
use qemu_runtime::SpawnError;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::failure::{Failure, reason};

/// The file with the number of QEMU's process. It is removed when this is dropped, unless another has taken its place.
pub(crate) struct PidFile {
    path: PathBuf,
    content: String,
}

impl PidFile {
    /// Removes the file of a run that left it behind, and nothing else.
    pub(crate) fn make_way(path: &Path) -> Result<(), Failure> {
        let failed = |reason: &str| Failure::usage(format!("--pidfile {}: {reason}", path.display()));
        let Some(content) = pid_in(path).map_err(|error| failed(&reason(&error)))? else {
            return Ok(());
        };
        let pid = match content.trim() {
            "" => None,
            text => Some(text.parse().ok().and_then(Pid::from_raw).ok_or_else(|| {
                failed("what is there is no file with a process's number: choose another path")
            })?),
        };
        match pid.map(test_kill_process) {
            None | Some(Err(Errno::SRCH)) => fs::remove_file(path).map_err(|error| failed(&reason(&error))),
            Some(_) => Err(failed(&format!(
                "the process {} runs, whose number is there: choose another path, or remove the file where that is no VM",
                content.trim()
            ))),
        }
    }

    /// Another may have taken the place meanwhile, whose file stays.
    pub(crate) fn write(path: &Path, pid: u32) -> Result<Self, Failure> {
        // The file comes into being with its content: whoever waits for it never reads half of it.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{pid}"));
        let content = format!("{pid}\n");
        let written = fs::write(&unfinished, &content).and_then(|()| fs::hard_link(&unfinished, path));
        let _ = fs::remove_file(&unfinished);
        match written {
            Ok(()) => Ok(Self { path: path.to_owned(), content }),
            Err(error) => Err(Failure::usage(format!("--pidfile {}: {}", path.display(), reason(&error)))),
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if pid_in(&self.path).is_ok_and(|content| content.as_ref() == Some(&self.content)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What is in a file, as far as a number can go. Nothing where there is no file; what can't be one with a number fails.
fn pid_in(path: &Path) -> io::Result<Option<String>> {
    /// More than a number has.
    const MOST: u64 = 32;

    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        // Nothing else is opened: that could last, or do something.
        Ok(metadata) if !metadata.is_file() => return Ok(Some("no file".to_owned())),
        Ok(_) => {}
    }
    let mut content = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut content)?;
    Ok(Some(String::from_utf8_lossy(&content).into_owned()))
}

/// The file of the socket by which others manage the VM. It is removed when this is dropped: a QEMU that is killed leaves it.
pub(crate) struct QmpSocket {
    path: PathBuf,
    id: Option<(u64, u64)>,
}

impl QmpSocket {
    /// The id of QEMU's end, by which the runtime calls the socket too.
    const ID: &str = "qemu-dslc-qmp";

    /// The plan with this socket: what a statement says becomes arguments as it does in a file. The runtime makes the socket,
    /// as of two that start at once only one may have it, which QEMU doesn't see to.
    pub(crate) fn add(plan: Plan, path: &str) -> Result<Plan, Failure> {
        const STATEMENT: &str = "param path: path\nqmp unix {path} server nowait fd chardev=qemu-dslc-qmp\n";
        /// The first that takes a socket so.
        const SOCKET_FDS: Version = Version::new(2, 12);

        let target = plan.target().max(Some(SOCKET_FDS));
        let options = Options { target, params: vec![("path".to_owned(), path.to_owned())] };
        let compilation = qemu_dsl::compile(STATEMENT, &options);
        match (compilation.template, plan.template()) {
            (Some(added), Some(own)) => Ok(join(own, added)),
            _ => {
                let reasons: Vec<_> =
                    compilation.diagnostics.into_iter().map(|error| error.message).collect();
                Err(Failure::usage(format!("--qmp {path}: {}", reasons.join("; "))))
            }
        }
    }

    /// Why it could not be made, where that is what went wrong.
    pub(crate) fn failure(error: &SpawnError) -> Option<Failure> {
        match error {
            SpawnError::Fd(error) if error.fd.device.as_os_str() == Self::ID => {
                Some(Failure::usage(format!("--qmp {}", error.problem)))
            }
            _ => None,
        }
    }

    /// What is at the path by now.
    pub(crate) fn at(path: &str) -> Self {
        // QEMU may change its working directory, not this program.
        Self { path: path.into(), id: fs::symlink_metadata(path).ok().map(|file| id(&file)) }
    }
}

/// A plan with the arguments and file descriptors of another, which generates no ids.
fn join(own: &Template, mut added: Template) -> Plan {
    let taken = u32::try_from(own.fds.len()).unwrap_or(u32::MAX);
    for piece in added.args.to_mut().iter_mut().flat_map(|arg| arg.text.to_mut()) {
        if let Piece::Fd(slot) = piece {
            *slot += taken;
        }
    }
    let fds: Vec<_> = own.fds.iter().chain(&*added.fds).cloned().collect();
    added.fds = Cow::Owned(fds.clone());
    // Their spans are another text's: the arguments come from nowhere in this one.
    let args = added.render().args.into_owned();
    Plan::of(Template { fds: Cow::Owned(fds), ..own.clone() }).with_args(args)
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for QmpSocket {
    fn drop(&mut self) {
        // Not what somebody else has put there since.
        if self.id.is_some() && fs::symlink_metadata(&self.path).ok().map(|file| id(&file)) == self.id {
            let _ = fs::remove_file(&self.path);
        }
    }
}

//! What `qemu-dslc run` makes beside a guest, and removes with it.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use qemu_dsl::Options;
use qemu_dsl::plan::Plan;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::failure::{Failure, reason};

/// The file with the number of QEMU's process. It is removed when this is dropped, unless another has taken its place.
pub(crate) struct PidFile {
    path: PathBuf,
    content: String,
}

impl PidFile {
    pub(crate) fn write(path: &Path, pid: u32) -> Result<Self, Failure> {
        // The file comes into being with its content: whoever waits for it never reads half of it.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{pid}"));
        let content = format!("{pid}\n");
        fs::write(&unfinished, &content).and_then(|()| fs::rename(&unfinished, path)).map_err(|error| {
            let _ = fs::remove_file(&unfinished);
            Failure::usage(format!("--pidfile {}: {}", path.display(), reason(&error)))
        })?;
        Ok(Self { path: path.to_owned(), content })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if fs::read_to_string(&self.path).is_ok_and(|content| content == self.content) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The socket by which others manage the VM. It is removed when this is dropped: a QEMU that is killed leaves it.
pub(crate) struct QmpSocket(PathBuf);

impl QmpSocket {
    /// The plan with this socket: what a statement says becomes arguments as it does in a file.
    pub(crate) fn add(plan: Plan, path: &str) -> Result<Plan, Failure> {
        const STATEMENT: &str = "param path: path\nqmp unix {path} server nowait chardev=qemu-dslc-qmp\n";

        let options = Options { target: plan.target(), params: vec![("path".to_owned(), path.to_owned())] };
        let compilation = qemu_dsl::compile(STATEMENT, &options);
        match compilation.template {
            Some(template) => Ok(plan.with_args(template.render().args.iter().cloned())),
            None => {
                let reasons: Vec<_> =
                    compilation.diagnostics.into_iter().map(|error| error.message).collect();
                Err(Failure::usage(format!("--qmp {path}: {}", reasons.join("; "))))
            }
        }
    }

    /// Makes sure that the path is free, or has a socket that nobody listens on any more: QEMU replaces whatever is there.
    pub(crate) fn at(path: &str) -> Result<Self, Failure> {
        let refused = |what: &str| Err(Failure::usage(format!("--qmp {path}: {what}")));
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.file_type().is_socket() => refused("there is a file that is no socket"),
            Ok(_) if somebody_listens(path) => refused("another program listens there"),
            Err(error) if error.kind() != io::ErrorKind::NotFound => refused(&reason(&error)),
            _ => Ok(Self(path.into())),
        }
    }
}

/// Doesn't wait for one who has no time for another connection.
fn somebody_listens(path: impl AsRef<Path>) -> bool {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connected = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .and_then(|socket| connect(&socket, &SocketAddrUnix::new(path.as_ref())?));
    matches!(connected, Ok(()) | Err(Errno::AGAIN))
}

impl Drop for QmpSocket {
    fn drop(&mut self) {
        // Not what somebody else has put there since.
        let is_socket = fs::symlink_metadata(&self.0).is_ok_and(|metadata| metadata.file_type().is_socket());
        if is_socket && !somebody_listens(&self.0) {
            let _ = fs::remove_file(&self.0);
        }
    }
}

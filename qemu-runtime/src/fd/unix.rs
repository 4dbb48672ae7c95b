//! Unix sockets.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::FdProblem;

/// The file of a socket that was made here. It goes with the value.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Another one may have taken its place.
    id: Option<(u64, u64)>,
}

impl SocketFile {
    fn new(path: &Path) -> Self {
        Self { path: path.into(), id: fs::symlink_metadata(path).ok().map(|file| id(&file)) }
    }

    /// Leaves it where it is.
    pub(crate) fn keep(mut self) {
        self.id = None;
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Ok(file) = fs::symlink_metadata(&self.path)
            && self.id == Some(id(&file))
        {
            // Where it can't be removed, the next one to listen there replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// What to do about a path that no socket can have.
const TOO_LONG: &str = "a socket's path has at most 107 bytes";

/// Makes a socket and listens on it.
pub(super) fn listen(path: &Path) -> Result<(OwnedFd, SocketFile), FdProblem> {
    // QEMU ends by removing the file, of whose path it asks the kernel, and its working directory may be another.
    let path = &std::path::absolute(path).map_err(|source| FdProblem::Open {
        path: path.into(),
        cure: None,
        source,
    })?;
    // A socket is bound before it is listened on, and looks dead in between: those who start guests take turns. There
    // are none where the folder can't be read, or its file system has no locks.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let turn = File::open(folder).ok();
    if let Some(folder) = &turn {
        take_turn(folder);
    }
    let listener = match UnixListener::bind(path) {
        Err(in_use) if in_use.kind() == io::ErrorKind::AddrInUse => {
            make_way(path, in_use)?;
            UnixListener::bind(path)
        }
        bound => bound,
    };
    let listener = listener.map_err(|source| {
        let cure = match source.kind() {
            io::ErrorKind::InvalidInput => Some(TOO_LONG),
            io::ErrorKind::NotFound => Some("make its folder"),
            io::ErrorKind::PermissionDenied => Some("this user needs to be allowed to write to its folder"),
            _ => None,
        };
        FdProblem::Open { path: path.into(), cure, source }
    })?;
    Ok((listener.into(), SocketFile::new(path)))
}

/// Anybody may lock a folder that everybody may read, and for ever: that is no reason to wait as long.
fn take_turn(folder: &File) {
    let end = Instant::now() + PATIENCE;
    while let Err(Errno::AGAIN | Errno::INTR) = flock(folder, FlockOperation::NonBlockingLockExclusive)
        && Instant::now() < end
    {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Removes the file of a socket on which nobody listens any more, and nothing else.
fn make_way(path: &Path, in_use: io::Error) -> Result<(), FdProblem> {
    let problem = |source, cure| Err(FdProblem::Open { path: path.into(), cure: Some(cure), source });
    let is_socket = fs::symlink_metadata(path).map_or(true, |file| file.file_type().is_socket());
    if !is_socket {
        return problem(in_use, "what is there is no socket: remove it, or choose another path");
    }
    match answer(path) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).or_else(|source| {
            problem(source, "nobody listens there any more, and this user may not remove it")
        }),
        // It has gone in the meantime.
        Err(Errno::NOENT) => Ok(()),
        _ => problem(in_use, "somebody listens there, perhaps a guest that still runs: choose another path"),
    }
}

/// Whether somebody listens. It doesn't wait for one who has enough to do with others.
fn answer(path: &Path) -> Result<(), Errno> {
    let socket = socket(SocketFlags::NONBLOCK)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)
}

fn socket(flags: SocketFlags) -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC | flags, None)
}

/// How long a connection may take, which the other side makes by itself unless it has its hands full, or another's turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to a socket on which somebody listens.
pub(super) fn connect(path: &Path) -> Result<OwnedFd, FdProblem> {
    let connected = socket(SocketFlags::empty()).and_then(|socket| {
        set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
        set_socket_timeout(&socket, Timeout::Send, None)?;
        Ok(socket)
    });
    connected.map_err(|errno| {
        let cure = match errno {
            Errno::NOENT => Some("start the program that listens there before"),
            Errno::CONNREFUSED => Some("nobody listens there: start the program that does before"),
            Errno::AGAIN => Some("the program that listens there takes no more connections"),
            Errno::ACCESS => Some("this user needs to be allowed to write to it"),
            Errno::NAMETOOLONG => Some(TOO_LONG),
            _ => None,
        };
        FdProblem::Open { path: path.into(), cure, source: errno.into() }
    })
}

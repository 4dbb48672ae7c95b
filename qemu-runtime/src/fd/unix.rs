//! Unix sockets.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, fchmod, flock};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::FdProblem;

/// The file of a socket. It goes with the value.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    maker: Maker,
}

#[derive(Debug)]
enum Maker {
    /// This process has made it, with this id: another one may have taken its place.
    Us((u64, u64)),
    /// QEMU makes it: it is whatever socket is there, if nobody has it any more.
    Qemu,
    /// It isn't this value's.
    Nobody,
}

impl SocketFile {
    fn made(path: &Path) -> Self {
        let id = fs::symlink_metadata(path).map(|file| id(&file));
        Self { path: path.into(), maker: id.map_or(Maker::Nobody, Maker::Us) }
    }

    /// That of a socket which QEMU is going to make. What it would remove there is looked at before: nothing but a dead
    /// one's file makes way.
    pub(crate) fn of_qemu(path: PathBuf) -> Result<Self, Occupied> {
        let _turn = Turn::take(&path);
        make_way(&path)?;
        Ok(Self { path, maker: Maker::Qemu })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits a while for those to end who have the socket.
    pub(crate) fn settle(&self) {
        let end = Instant::now() + PATIENCE;
        while matches!(Occupant::at(&self.path), Occupant::Live) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether somebody has the socket, as far as this user may see.
    pub(crate) fn is_used(&self) -> bool {
        matches!(Occupant::at(&self.path), Occupant::Live | Occupant::Unknown)
    }

    /// Leaves it where it is.
    pub(crate) fn keep(mut self) {
        self.maker = Maker::Nobody;
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_left = || match self.maker {
            Maker::Us(own) => fs::symlink_metadata(&self.path).is_ok_and(|file| own == id(&file)),
            Maker::Qemu => matches!(Occupant::at(&self.path), Occupant::Dead),
            Maker::Nobody => false,
        };
        // There seldom is one, as QEMU has removed it.
        if is_left() {
            // The next one to listen there may be replacing it, as it does where it can't be removed here.
            let _turn = Turn::take(&self.path);
            if is_left() {
                let _ = fs::remove_file(&self.path);
            }
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
    let _turn = Turn::take(path);
    let listener = match bind(path) {
        Err(in_use @ Errno::ADDRINUSE) => {
            make_way(path).map_err(|Occupied { cure, source }| FdProblem::Open {
                path: path.into(),
                cure: Some(cure),
                source: source.unwrap_or_else(|| in_use.into()),
            })?;
            bind(path)
        }
        bound => bound,
    };
    let listener = listener.map_err(|errno| {
        let cure = match errno {
            Errno::NAMETOOLONG => Some(TOO_LONG),
            Errno::NOENT => Some("make its folder"),
            Errno::ACCESS => Some("this user needs to be allowed to write to its folder"),
            _ => None,
        };
        FdProblem::Open { path: path.into(), cure, source: errno.into() }
    })?;
    Ok((listener, SocketFile::made(path)))
}

/// A socket at a path that is listened on. It is its user's alone, whatever this process's umask lets through: who may write
/// to a monitor's socket has all that QEMU has.
fn bind(path: &Path) -> Result<OwnedFd, Errno> {
    let listener = socket(SocketType::STREAM)?;
    // The file gets the socket's own mode: it never has another.
    fchmod(&listener, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&listener, &SocketAddrUnix::new(path)?)?;
    // As many may wait as the kernel allows.
    rustix::net::listen(&listener, i32::MAX)?;
    Ok(listener)
}

/// The turn of whoever looks at the files of a folder's sockets, and removes or makes one.
struct Turn(#[expect(dead_code, reason = "the lock goes with it")] Option<File>);

impl Turn {
    /// There are no turns where the folder can't be read, or its file system has no locks.
    fn take(path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // It may be none: a pipe would be waited for.
        let folder = File::options().read(true).custom_flags(libc::O_DIRECTORY).open(folder).ok();
        // Anybody may lock a folder that everybody may read, and for ever: that is no reason to wait as long.
        let end = Instant::now() + PATIENCE;
        while let Some(folder) = &folder
            && let Err(Errno::AGAIN | Errno::INTR) = flock(folder, FlockOperation::NonBlockingLockExclusive)
            && Instant::now() < end
        {
            thread::sleep(Duration::from_millis(5));
        }
        Self(folder)
    }
}

/// What stands where a socket is to be made, and may not go.
#[derive(Debug)]
pub(crate) struct Occupied {
    /// What is wrong, and what to do about it.
    pub(crate) cure: &'static str,
    /// The kernel's reason, where it refused to remove it.
    pub(crate) source: Option<io::Error>,
}

/// Removes the file of a socket that nobody has any more, and nothing else.
fn make_way(path: &Path) -> Result<(), Occupied> {
    let occupied = |cure| Err(Occupied { cure, source: None });
    match Occupant::at(path) {
        Occupant::Nothing => Ok(()),
        Occupant::Dead => match fs::remove_file(path) {
            // It has gone in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|source| Occupied {
                cure: "nobody listens there any more, and this user may not remove it",
                source: Some(source),
            }),
        },
        Occupant::Live => {
            occupied("somebody listens there, perhaps a guest that still runs: choose another path")
        }
        Occupant::Unknown => occupied(
            "this user may not see whether somebody listens there: remove it where nobody does, or choose another path",
        ),
        Occupant::NoSocket => occupied("what is there is no socket: remove it, or choose another path"),
    }
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occupant {
    /// Nothing that is seen from here.
    Nothing,
    /// A socket's file that nobody has any more.
    Dead,
    /// That of a socket which somebody has, and may listen on.
    Live,
    /// That of a socket which this user may not try.
    Unknown,
    /// Another file, or a link to one.
    NoSocket,
}

impl Occupant {
    fn at(path: &Path) -> Self {
        match fs::symlink_metadata(path) {
            Err(_) => return Self::Nothing,
            Ok(file) if !file.file_type().is_socket() => return Self::NoSocket,
            Ok(_) => {}
        }
        // The kernel looks whether somebody has the file before it looks whether the kinds agree, which those of QEMU's sockets
        // and this don't: nobody gets a connection that he would take for his client's.
        let probe = socket(SocketType::DGRAM)
            .and_then(|socket| rustix::net::connect(&socket, &SocketAddrUnix::new(path)?));
        match probe {
            Err(Errno::CONNREFUSED) => Self::Dead,
            Err(Errno::NOENT) => Self::Nothing,
            // Of its own kind there are sockets that talk with one other only.
            Ok(()) | Err(Errno::PROTOTYPE | Errno::PERM) => Self::Live,
            Err(_) => Self::Unknown,
        }
    }
}

fn socket(kind: SocketType) -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
}

/// How long a connection may take, which the other side makes by itself unless it has its hands full; or another's turn, or
/// end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to a socket on which somebody listens.
pub(super) fn connect(path: &Path) -> Result<OwnedFd, FdProblem> {
    let connected = socket(SocketType::STREAM).and_then(|socket| {
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

//! Opens what a plan's table of file descriptors names.

mod error;
mod handed;
mod image;
mod inherited;
mod interface;
mod macvtap;
mod memfd;
mod tap;
mod unix;
mod vhost;

pub use error::{FdError, FdProblem};
pub(crate) use handed::assign;
pub use inherited::{InheritedFdError, inherited_fd};
pub(crate) use inherited::{LISTEN_VARIABLES, listen_fds};
pub(crate) use interface::is_network_namespace;
pub(crate) use unix::{Occupied, SocketFile};

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{ffi::OsStr, io, thread};

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::plan::{Fd, FdSource};
use crate::process::Step;
use crate::{HostPaths, SpawnError};

/// A table that is open.
pub(crate) struct Opened {
    /// In the table's order.
    pub(crate) fds: Vec<OwnedFd>,
    /// The files of its sockets, which go with this unless they are kept.
    pub(crate) socket_files: Vec<SocketFile>,
}

/// Opens the table: all of it, or nothing. What is `handed` over for a line takes the place of what it names. What is
/// opened is closed on exec, and lies above the number `above`, so that the child can give each its number without
/// overwriting another. Its interfaces are those of the network namespace, if one is given.
pub(crate) fn open_table(
    table: &[Fd],
    handed: Vec<Option<OwnedFd>>,
    paths: &HostPaths,
    above: RawFd,
    namespace: Option<&OwnedFd>,
) -> Result<Opened, SpawnError> {
    let open = || open_all(table, handed, paths, above).map_err(SpawnError::Fd);
    let Some(namespace) = namespace else {
        return open();
    };
    // A namespace is a thread's.
    thread::scope(|scope| {
        let entered = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).map_err(
                |error| SpawnError::System { action: Step::NetworkNamespace.action(), source: error.into() },
            )?;
            open()
        };
        let opening = thread::Builder::new()
            .spawn_scoped(scope, entered)
            .map_err(|source| SpawnError::System { action: "starting a thread", source })?;
        opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn open_all(
    table: &[Fd],
    handed: Vec<Option<OwnedFd>>,
    paths: &HostPaths,
    above: RawFd,
) -> Result<Opened, Box<FdError>> {
    let mut taps = tap::Taps::new(table, &paths.tun);
    let mut socket_files = Vec::new();
    let place = |opened| {
        move_above(opened, above).map_err(|source| FdProblem::Place { above: above.unsigned_abs(), source })
    };
    let fds = table.iter().zip(handed).map(|(fd, handed)| {
        let opened = match handed {
            Some(handed) => handed::take(fd, handed, &mut taps),
            None => open(fd, &mut taps, &mut socket_files, paths),
        };
        opened.and_then(place).map_err(|problem| Box::new(FdError { fd: fd.clone(), problem }))
    });
    let fds = fds.collect::<Result<_, _>>()?;
    Ok(Opened { fds, socket_files })
}

/// The same open file under a number above `above`.
pub(crate) fn move_above(fd: OwnedFd, above: RawFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > above {
        return Ok(fd);
    }
    match fcntl_dupfd_cloexec(&fd, above.saturating_add(1)) {
        // The numbers to choose from begin beyond the limit: it is as if none of them were free.
        Err(Errno::INVAL) => Err(Errno::MFILE.into()),
        moved => Ok(moved?),
    }
}

/// One that this process keeps for a guest. Where the program has closed its standard input or output, it doesn't take their
/// place: what the program prints is not meant for it.
pub(crate) fn kept<T: Into<OwnedFd> + From<OwnedFd>>(fd: T) -> io::Result<T> {
    Ok(move_above(fd.into(), 2)?.into())
}

fn open<'a>(
    fd: &'a Fd,
    taps: &mut tap::Taps<'a>,
    socket_files: &mut Vec<SocketFile>,
    paths: &HostPaths,
) -> Result<OwnedFd, FdProblem> {
    match &fd.source {
        FdSource::Tap { ifname } => {
            taps.open(fd.device.as_os_str(), ifname.as_ref().map(AsRef::<OsStr>::as_ref))
        }
        FdSource::Macvtap { ifname } | FdSource::Ipvtap { ifname } => {
            macvtap::open(ifname.as_os_str(), fd.source.kind(), &paths.tap_dir)
        }
        FdSource::VhostNet => vhost::open_net(&paths.vhost_net),
        FdSource::VhostVsock { cid } => vhost::open_vsock(&paths.vhost_vsock, *cid),
        FdSource::File { path, readonly, direct } => image::open(path.as_ref(), *readonly, *direct),
        FdSource::UnixListen { path } => {
            let (socket, file) = unix::listen(path.as_ref())?;
            socket_files.push(file);
            Ok(socket)
        }
        FdSource::UnixConnect { path } => unix::connect(path.as_ref()),
        FdSource::Memfd { size, hugetlb, seal } => memfd::make(fd.device.as_os_str(), *size, *hugetlb, *seal)
            .map_err(|source| FdProblem::Memory { size: *size, hugetlb: *hugetlb, source }),
    }
}

/// Opens a device node for reading and writing. `missing` is what to do where there is none.
fn open_device(path: &Path, missing: &'static str) -> Result<OwnedFd, FdProblem> {
    open_file(path, false, 0).map_err(|source| {
        let cure = match source.kind() {
            io::ErrorKind::NotFound => Some(missing),
            io::ErrorKind::PermissionDenied => Some("this user needs to be allowed to read and write it"),
            // The node stands there without a driver behind it.
            _ if matches!(source.raw_os_error(), Some(libc::ENODEV | libc::ENXIO)) => Some(missing),
            _ => None,
        };
        FdProblem::Open { path: path.into(), cure, source }
    })
}

fn open_file(path: &Path, readonly: bool, flags: libc::c_int) -> io::Result<OwnedFd> {
    // A terminal that is handed to a guest is not to become the caller's.
    let mut options = OpenOptions::new();
    options.read(true).write(!readonly).custom_flags(libc::O_NOCTTY | flags);
    options.open(path).map(File::into)
}

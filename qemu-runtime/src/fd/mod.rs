//! Opens what a plan's table of file descriptors names.
//!
//! A line of the table has one name (`Fd::name`), by which it is handed over; what is handed over isn't opened, but
//! must be of the line's sort: QEMU finds out late, and a guest that runs may end over it.
//!
//! `fd` means the same on every statement: opened before QEMU starts, and in the table; for a guest that runs, before
//! its commands. What it prints is the statement's.

mod error;
mod handed;
mod image;
mod inherited;
mod interface;
mod macvtap;
mod memfd;
mod node;
mod tap;
mod unix;
mod vhost;

pub(crate) use error::TableError;
pub use error::{FdError, FdProblem};
pub(crate) use handed::assign;
pub use inherited::{InheritedFdError, inherited_fd};
pub(crate) use inherited::{LISTEN_VARIABLES, listen_fds};
pub(crate) use interface::is_network_namespace;
pub(crate) use unix::{Occupied, SocketFile};

use std::ffi::OsStr;
use std::os::fd::{AsFd as _, OwnedFd, RawFd};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::host::{HostPaths, move_above};
use crate::plan::{Fd, FdSource};

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
    table: &[Fd<&OsStr>],
    handed: Vec<Option<OwnedFd>>,
    paths: &HostPaths,
    above: RawFd,
    namespace: Option<&OwnedFd>,
) -> Result<Opened, TableError> {
    let open = || open_all(table, handed, paths, above).map_err(TableError::Fd);
    let Some(namespace) = namespace else {
        return open();
    };
    // A namespace is a thread's.
    thread::scope(|scope| {
        let entered = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .map_err(|error| TableError::Namespace(error.into()))?;
            open()
        };
        let opening = thread::Builder::new().spawn_scoped(scope, entered).map_err(TableError::Thread)?;
        opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn open_all(
    table: &[Fd<&OsStr>],
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
        opened.and_then(place).map_err(|problem| Box::new(FdError { fd: (*fd).into(), problem }))
    });
    let fds = fds.collect::<Result<_, _>>()?;
    Ok(Opened { fds, socket_files })
}

fn open<'a>(
    fd: &Fd<&'a OsStr>,
    taps: &mut tap::Taps<'a>,
    socket_files: &mut Vec<SocketFile>,
    paths: &HostPaths,
) -> Result<OwnedFd, FdProblem> {
    match fd.source {
        FdSource::Tap { ifname } => taps.open(fd.device, ifname),
        FdSource::Macvtap { ifname } | FdSource::Ipvtap { ifname } => {
            macvtap::open(ifname, fd.source.kind(), &paths.tap_dir)
        }
        FdSource::VhostNet => vhost::open_net(&paths.vhost_net),
        FdSource::VhostVsock { cid } => vhost::open_vsock(&paths.vhost_vsock, cid),
        FdSource::File { path, readonly, direct } => image::open(path.as_ref(), readonly, direct),
        FdSource::UnixListen { path } => {
            let (socket, file) = unix::listen(path.as_ref())?;
            socket_files.push(file);
            Ok(socket)
        }
        FdSource::UnixConnect { path } => unix::connect(path.as_ref()),
        FdSource::Memfd { size, hugetlb, seal } => memfd::make(fd.device, size, hugetlb, seal)
            .map_err(|source| FdProblem::Memory { size, hugetlb, source }),
    }
}

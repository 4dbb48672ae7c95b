//! File descriptors that the caller hands over in place of what the table's lines name.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::net::getpeername;
use rustix::net::sockopt::socket_acceptconn;

use super::error::{FdProblem, NO_IMAGE, TableError};
use super::image::{NO_DIRECT, is_image, set_direct};
use super::interface::{attach_queue, interface_of};
use super::tap::Taps;
use super::vhost;
use crate::plan::{Fd, FdSource};

/// What was handed over, by a line's number in the table or by its name, in the order of the lines.
pub(crate) fn assign(
    table: &[Fd<&OsStr>],
    own: Vec<(u32, OwnedFd)>,
    handed: Vec<(String, OwnedFd)>,
) -> Result<Vec<Option<OwnedFd>>, TableError> {
    let mut lines: Vec<_> = table.iter().map(|_| None).collect();
    for (line, fd) in own {
        if let Some(place) = lines.get_mut(line as usize) {
            *place = Some(fd);
        }
    }
    if handed.is_empty() {
        return Ok(lines);
    }
    let mut named = HashMap::<_, Vec<_>>::new();
    for (line, fd) in table.iter().enumerate() {
        named.entry(fd.name()).or_default().push(line);
    }
    for (name, fd) in handed {
        let own = named.get(&name).map(Vec::as_slice).unwrap_or_default();
        match own {
            [line] => match lines.get_mut(*line) {
                Some(place @ None) => *place = Some(fd),
                _ => return Err(TableError::Twice { name }),
            },
            _ => {
                let lines = own.len();
                let known = table.iter().map(Fd::name).collect();
                return Err(TableError::Name { name, lines, known });
            }
        }
    }
    Ok(lines)
}

/// Why something can't be what a line names: what is wrong with it, and what to do about it.
struct Unfit(&'static str, Option<io::Error>);

/// Makes ready what was handed over for a line, which must be of the line's sort: QEMU finds that out late or never, and
/// a guest that runs may end over it.
pub(super) fn take<'a>(
    fd: &Fd<&'a OsStr>,
    handed: OwnedFd,
    taps: &mut Taps<'a>,
) -> Result<OwnedFd, FdProblem> {
    let ready = match &fd.source {
        FdSource::Tap { .. } | FdSource::Macvtap { .. } | FdSource::Ipvtap { .. } => queue(fd, &handed, taps),
        FdSource::VhostNet => vhost::check_net(&handed)
            .map_err(because("it is no vhost-net device: hand over an open `/dev/vhost-net`")),
        FdSource::VhostVsock { cid } => {
            vhost::reserve(&handed, *cid).map_err(|source| FdProblem::Cid {
                cid: *cid,
                path: None,
                source,
            })?;
            Ok(())
        }
        FdSource::File { readonly, direct, .. } => image(&handed, *readonly, *direct),
        FdSource::UnixListen { .. } => listener(&handed),
        FdSource::UnixConnect { .. } => connection(&handed),
        FdSource::Memfd { .. } => memory(&handed),
    };
    match ready {
        Ok(()) => Ok(handed),
        Err(Unfit(problem, source)) => Err(FdProblem::Unfit { name: fd.name(), problem, source }),
    }
}

fn because<E: Into<io::Error>>(problem: &'static str) -> impl Fn(E) -> Unfit {
    move |error| Unfit(problem, Some(error.into()))
}

fn unless(right: bool, problem: &'static str) -> Result<(), Unfit> {
    if right { Ok(()) } else { Err(Unfit(problem, None)) }
}

fn queue<'a>(fd: &Fd<&'a OsStr>, queue: &OwnedFd, taps: &mut Taps<'a>) -> Result<(), Unfit> {
    let (interface, flags) = interface_of(queue).map_err(|error| {
        let problem = match error.raw_os_error() {
            Some(libc::EBADFD) => "it has no interface: TUNSETIFF chooses one, which must be there still",
            _ => {
                "it is no queue of a tap: such are `/dev/net/tun` after TUNSETIFF and a macvtap's `/dev/tapN`"
            }
        };
        Unfit(problem, Some(error))
    })?;
    // Whether IFF_NO_PI was given isn't said: its bit is IFF_NOFILTER's here.
    unless(flags & libc::IFF_TAP != 0, "its interface is a tun, without Ethernet: make a tap (IFF_TAP)")?;
    let alike = taps.join(fd, interface, flags & libc::IFF_VNET_HDR != 0);
    unless(alike, "of the device's queues some have IFF_VNET_HDR and some have not: they must be alike")?;
    // A QEMU that ends leaves the queues that its guest did not use detached, and the next one fails over that.
    attach_queue(queue).map_err(because("it is detached and can't be attached again: hand over a new one"))
}

/// QEMU takes from a set what is open exactly as it would open the file itself, and looks no further.
fn image(image: &OwnedFd, readonly: bool, direct: bool) -> Result<(), Unfit> {
    let sort = is_image(image).map_err(because("hand over an open image"))?;
    unless(sort, NO_IMAGE)?;
    let flags = fcntl_getfl(image).map_err(because("hand over an open image"))?;
    let opened = flags.intersection(OFlags::RWMODE | OFlags::PATH);
    if readonly {
        unless(opened == OFlags::RDONLY, "the disk is `readonly`: open it for reading and no more")?;
    } else {
        unless(opened == OFlags::RDWR, "the disk is not `readonly`: open it for reading and writing")?;
    }
    let sync = flags.intersects(OFlags::SYNC | OFlags::DSYNC);
    unless(!sync, "open it without O_SYNC and O_DSYNC: how the host caches, `cache=` says")?;
    set_direct(image, direct).map_err(because(NO_DIRECT))
}

fn listener(socket: &OwnedFd) -> Result<(), Unfit> {
    let listens = socket_acceptconn(socket).map_err(because(NO_SOCKET))?;
    unless(listens, "nobody listens on it: call `listen` before")
}

fn connection(socket: &OwnedFd) -> Result<(), Unfit> {
    let listens = socket_acceptconn(socket).map_err(because(NO_SOCKET))?;
    unless(!listens, "it is listened on: hand over one that is connected")?;
    getpeername(socket).map(drop).map_err(because("it must be connected before"))
}

const NO_SOCKET: &str = "hand over a socket";

fn memory(memory: &OwnedFd) -> Result<(), Unfit> {
    let problem = "it is no file in memory: `memfd_create` makes one";
    let found = fstat(memory).map_err(because(problem))?;
    unless(FileType::from_raw_mode(found.st_mode).is_file(), problem)
}

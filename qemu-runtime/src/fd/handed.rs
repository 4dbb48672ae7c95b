//! File descriptors that the caller hands over in place of what the table's lines name.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use super::FdProblem;
use super::interface::attach_queue;
use super::tap::Taps;
use crate::SpawnError;
use crate::plan::{Fd, FdSource};

/// What was handed over, by name, in the order of the table's lines.
pub(crate) fn assign(
    table: &[Fd],
    handed: Vec<(String, OwnedFd)>,
) -> Result<Vec<Option<OwnedFd>>, SpawnError> {
    let mut lines: Vec<_> = table.iter().map(|_| None).collect();
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
                _ => return Err(SpawnError::FdTwice { name }),
            },
            _ => {
                let lines = own.len();
                let known = table.iter().map(Fd::name).collect();
                return Err(SpawnError::FdName { name, lines, known });
            }
        }
    }
    Ok(lines)
}

/// Makes ready what was handed over for a line.
pub(super) fn take<'a>(fd: &'a Fd, handed: OwnedFd, taps: &mut Taps<'a>) -> Result<OwnedFd, FdProblem> {
    if matches!(fd.source, FdSource::Tap { .. } | FdSource::Macvtap { .. } | FdSource::Ipvtap { .. }) {
        // A QEMU that ends leaves the queues that its guest did not use detached, and the next one fails over that.
        attach_queue(&handed).map_err(|source| FdProblem::NoQueue { name: fd.name(), source })?;
    }
    if let FdSource::Tap { ifname: None } = fd.source {
        taps.join(fd.device.as_os_str(), &handed);
    }
    Ok(handed)
}

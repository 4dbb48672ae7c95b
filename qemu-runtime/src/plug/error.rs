//! Why devices could not be plugged or unplugged.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use qemu_dsl::{Arch, Target};

use crate::host::reason;
use crate::plan::Place;
use crate::plugged::Left;
use crate::qmp::QmpError;
use crate::spawn::SpawnError;

/// Devices could not be plugged into a guest. What had been done for them was undone, but for what is
/// [left](Self::left).
#[derive(Debug)]
pub struct PlugError {
    /// Where the source says what could not be done, if it is about one of the devices.
    pub place: Option<Place>,
    /// What went wrong.
    pub problem: Box<PlugProblem>,
    /// What could not be undone, and what was to go with earlier calls and is there still.
    pub left: Vec<Left>,
}

/// What went wrong with devices that were to join a guest.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlugProblem {
    /// The devices are compiled for another QEMU than the guest.
    Target {
        /// Theirs.
        fragment: Target,
        /// The guest's.
        plan: Target,
    },
    /// An id is taken in the guest.
    Taken {
        /// What has it there, in words.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// An id that is referred to is not there.
    Missing {
        /// The id.
        id: String,
    },
    /// The guest has no such bus.
    NoBus {
        /// Its name.
        bus: String,
        /// Ports that are free.
        free: Vec<String>,
    },
    /// The bus takes no devices while the guest runs.
    NoHotPlug {
        /// Its name.
        bus: String,
        /// Whether the source names it. Otherwise it is where QEMU would put the device.
        named: bool,
        /// Ports that are free.
        free: Vec<String>,
    },
    /// The bus has room for one device, or the address is taken.
    Occupied {
        /// The bus.
        bus: String,
        /// The address, where one is asked for.
        addr: Option<String>,
        /// The device that is there: its id, or its path in QEMU's tree.
        by: String,
        /// Ports that are free.
        free: Vec<String>,
    },
    /// The bus has no such address: behind a port there is one slot.
    NoSlot {
        /// The bus.
        bus: String,
        /// The address that is asked for.
        addr: String,
    },
    /// Another network card of the guest has this MAC address.
    EqualMacs {
        /// The address.
        mac: String,
        /// The other card: its id, or its path in QEMU's tree.
        by: String,
    },
    /// A backend that another process of the host serves can't reach the guest's memory.
    UnsharedMemory,
    /// A file descriptor could not be opened, or what was handed over is none that the devices ask for.
    Fds(SpawnError),
    /// What is at a path that a device names is not what QEMU needs there, and would not survive it: see
    /// [`PathError`](crate::PathError).
    Path {
        /// The path, from this process's working directory.
        path: PathBuf,
        /// What is wrong there, and what to do about it.
        problem: &'static str,
        /// The kernel's reason, where it was the kernel that refused.
        source: Option<io::Error>,
    },
    /// QEMU could not be asked what the guest has.
    Qmp(QmpError),
    /// QEMU did not do a step.
    Step {
        /// Its command.
        command: &'static str,
        /// The id of what it adds: for a file descriptor that of its device.
        id: String,
        /// QEMU's words.
        source: QmpError,
    },
}

impl PlugProblem {
    /// What QEMU answered, where it was QEMU that refused.
    pub const fn qmp_error(&self) -> Option<&QmpError> {
        match self {
            Self::Qmp(source) | Self::Step { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Error for PlugError {}

impl fmt::Display for PlugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        self.problem.fmt(f)?;
        for Left { what, id, reason } in &self.left {
            write!(f, "; {what} `{id}` is left: {reason}")?;
        }
        Ok(())
    }
}

impl Error for PlugProblem {}

impl fmt::Display for PlugProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target { fragment, plan } => {
                let is_plain = [fragment, plan].iter().all(|target| target.arch == Arch::default());
                let shown = |target: &Target| {
                    if is_plain { target.version.to_string() } else { target.to_string() }
                };
                let (fragment, plan) = (shown(fragment), shown(plan));
                write!(
                    f,
                    "the devices are compiled for QEMU {fragment}, and the guest for {plan}: compile both for one \
                     (`target {plan}` among the devices)"
                )
            }
            Self::Taken { what, id } => {
                write!(f, "`{id}` is already the id of {what} in the guest: give this another, or none")
            }
            Self::Missing { id } => write!(f, "nothing in the guest has the id `{id}`"),
            Self::NoBus { bus, free } => {
                write!(f, "the guest has no bus `{bus}`")?;
                some_port(f, free, "name one that it has")
            }
            Self::NoHotPlug { bus, named, free } => {
                let sits = if *named { "" } else { ", where a device without `bus=` goes," };
                write!(f, "the bus `{bus}`{sits} takes no device while the guest runs")?;
                some_port(
                    f,
                    free,
                    "give the VM a port for each device to come (`device pcie-root-port id=rp0 chassis=1`), and the device \
                     `bus=rp0`",
                )
            }
            Self::Occupied { bus, addr, by, free } => {
                match addr {
                    Some(addr) => write!(f, "`{by}` is at the address `{addr}` of the bus `{bus}`")?,
                    None => write!(f, "the bus `{bus}` has room for one device, and `{by}` is there")?,
                }
                some_port(f, free, "name another")
            }
            Self::NoSlot { bus, addr } => {
                write!(f, "the bus `{bus}` has one slot, `0`, and none at the address `{addr}`: leave out `addr=`")
            }
            Self::EqualMacs { mac, by } => {
                write!(f, "`{by}` has the MAC address `{mac}`: leave out `mac=` for an address of its own")
            }
            Self::UnsharedMemory => f.write_str(
                "the process behind `netdev vhost-user` can't reach the guest's memory: start the VM with `memory 2G share`, or \
                 `hugepages`",
            ),
            Self::Fds(error) => error.fmt(f),
            Self::Path { path, problem, source } => {
                write!(f, "{}: ", path.display())?;
                if let Some(source) = source {
                    write!(f, "{}: ", reason(source))?;
                }
                f.write_str(problem)
            }
            Self::Qmp(error) => error.fmt(f),
            // QEMU's words begin with the command.
            Self::Step { id, source, .. } => write!(f, "`{id}`: {source}"),
        }
    }
}

fn some_port(f: &mut fmt::Formatter<'_>, free: &[String], otherwise: &str) -> fmt::Result {
    match free {
        [] => write!(f, ": {otherwise}"),
        free => {
            write!(f, ": write `bus={}` (free: {})", free.first().map_or("", String::as_str), free.join(", "))
        }
    }
}

/// A device could not be unplugged, or what belongs to it not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnplugError {
    /// There is no such device.
    Missing {
        /// The id.
        id: String,
    },
    /// The guest did not release the device in time. It was asked to, and may do so later: the device then goes, and another
    /// call removes what belongs to it.
    NoAnswer {
        /// The device's id.
        id: String,
        /// How long the guest had.
        timeout: Duration,
        /// QEMU's word for the guest's state.
        status: String,
    },
    /// The guest refused to release the device.
    Refused {
        /// The device's id.
        id: String,
        /// QEMU's event that says so.
        event: String,
    },
    /// QEMU did not do what it should.
    Qmp(QmpError),
    /// The device is gone, and what belongs to it isn't, or what belonged to one before it. QEMU 5.2 and 7.2 close a disk's
    /// file descriptor only while the guest runs: until then every call asks again, and says so.
    Left(Vec<Left>),
}

impl Error for UnplugError {}

impl fmt::Display for UnplugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { id } => write!(f, "the guest has no device `{id}`"),
            Self::NoAnswer { id, timeout, status } => {
                write!(f, "the guest has not released `{id}` within {timeout:?}: ")?;
                match status.as_str() {
                    "running" => f.write_str(
                        "it needs a system that has booted and knows hot plug (Linux: ACPI's, or PCI Express's), or a reset",
                    ),
                    status => write!(f, "it can't while it is in the state {status}: let it run, or reset it"),
                }
            }
            Self::Refused { id, event } => write!(f, "the guest refuses to release `{id}` ({event})"),
            Self::Qmp(error) => error.fmt(f),
            Self::Left(left) => {
                for (index, Left { what, id, reason }) in left.iter().enumerate() {
                    let comma = if index > 0 { "; " } else { "" };
                    write!(f, "{comma}{what} `{id}` is left: {reason}")?;
                }
                Ok(())
            }
        }
    }
}

//! The types of values, one file a noun, each with its own reading of a text.
//!
//! A value that has been read can be printed: what QEMU's syntax can't say is refused here.

mod choice;
mod date;
mod fd;
mod flag;
mod id;
mod kind;
mod late;
mod net;
mod number;
mod pci;
mod size;
mod text;
mod types;

pub(crate) use choice::choice;
pub(crate) use date::ClockBase;
pub(crate) use fd::{FdFlag, Fds, MOST_FDS, VhostFds};
pub(crate) use flag::OnOff;
pub(crate) use id::{IdText, IommuFd, is_id};
pub use kind::Kind;
pub(crate) use net::{Forwarded, HostForward, Ifname, MacText, VncAddress, WebSocket};
pub(crate) use number::{Numbers, PowerOfTwo, Timeout, UInt};
pub(crate) use pci::{ChannelDevice, HostPci, PciAddr, PciSlot};
pub(crate) use size::{MemorySize, Size, unit_letter};
pub(crate) use text::{
    AnyText, AnyUuid, ArgText, BootOrder, BusName, CpuText, Driver, FileMode, Format, FwCfgName, LogItems,
    MachineType, MountTag, Path, Ranges, Release, SocketPath, Text, Uuid, VirtioFsTag, asks_for_help,
    is_windows_path,
};
pub use types::Type;
pub(crate) use types::{Refusal, ValueType, shown};

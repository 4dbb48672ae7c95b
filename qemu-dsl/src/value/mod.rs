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
mod property;
mod size;
mod text;
mod types;

pub(crate) use crate::plan::PciAddr;
pub(crate) use choice::choice;
pub(crate) use date::ClockBase;
pub(crate) use fd::{FdFlag, Fds, MOST_FDS, VhostFds};
pub(crate) use flag::OnOff;
pub(crate) use id::{IdText, IommuFd, is_id};
pub use kind::Kind;
pub(crate) use net::{
    FIRST_PORT, Forwarded, HostForward, Ifname, MacText, VncAddress, VncDisplay, WebSocket,
};
pub(crate) use number::{Numbers, PowerOfTwo, Timeout, UInt};
pub(crate) use pci::{ChannelDevice, HostPci, PciSlot};
pub(crate) use property::whole_number;
pub use property::{Element, PropertyType, Takes};
pub(crate) use size::{MemorySize, PowerSize, Size, SomeSize, unit_letter};
pub(crate) use text::{
    AnyText, AnyUuid, ArgText, BootOrder, BusName, CpuText, DiskSerial, Driver, FileMode, Format, FwCfgName,
    IncomingUri, LogItems, MachineType, MountTag, Path, PcBootOrder, Ranges, Release, SocketPath, Text, Uuid,
    VirtioFsTag, WholePath, asks_for_help, is_windows_path,
};
pub use types::Type;
pub(crate) use types::{Refusal, ValueType, shown};

//! Types of values as data: what a value that comes later must be.

use super::property::Takes;
use crate::plan::packed::packed;

/// What a value must be that comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text of at least one character.
    Text,
    /// Any text.
    AnyText,
    /// The name of a bus.
    Bus,
    /// A file's path.
    Path,
    /// A file's path, or none.
    AnyPath,
    /// A machine type.
    MachineType,
    /// A device of QEMU.
    Driver,
    /// The format of a disk.
    Format,
    /// A file's path, from `/` on.
    WholePath,
    /// The path of a unix socket.
    SocketPath,
    /// The serial number of a virtio-blk device.
    DiskSerial,
    /// From where a guest comes.
    IncomingUri,
    /// The tag of a file system.
    MountTag,
    /// The tag of a file system of virtiofs.
    VirtioFsTag,
    /// The mode of a file.
    FileMode,
    /// A CPU model.
    CpuText,
    /// Something else in `-cpu`.
    CpuValue,
    /// An argument of QEMU's.
    Argument,
    /// A UUID.
    Uuid,
    /// A UUID, or that QEMU makes one.
    AnyUuid,
    /// The order of boot devices.
    BootOrder,
    /// The same of a PC.
    PcBootOrder,
    /// A firmware's release.
    Release,
    /// The name of a file for the firmware.
    FwCfgName,
    /// Where clients of VNC connect, or which of them is connected to.
    VncAddress,
    /// Where clients of VNC connect.
    VncDisplay,
    /// Where clients in browsers connect.
    WebSocket,
    /// What is written down.
    LogItems,
    /// A network interface of the host.
    Ifname,
    /// A rule that forwards a port.
    HostForward,
    /// A MAC address.
    Mac,
    /// A PCI device of the host.
    HostPci,
    /// The place of a device on its PCI bus.
    Pci,
    /// A slot of a PCI bus.
    Slot,
    /// The number of a device of channels.
    Channel,
    /// An id.
    Id,
    /// A number of bytes.
    Size,
    /// A number of bytes that isn't 0.
    SomeSize,
    /// A number of bytes that is a power of two.
    PowerSize,
    /// A size of memory.
    MemorySize,
    /// On or off.
    Flag,
    /// A file descriptor of the program's, or whether one is opened: on or off.
    Fd,
    /// File descriptors of the program's: their number.
    Fds,
    /// Where a clock starts.
    ClockBase,
    /// A whole number.
    Integer {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// Milliseconds, or -1.
    Timeout,
    /// A power of two.
    PowerOfTwo,
    /// Ranges of addresses.
    Ranges,
    /// A number, or several that follow each other.
    Numbers,
    /// What a property of QEMU's takes.
    Property(Takes),
    /// One of some words, which stand here with spaces between.
    Word(&'static str),
}

packed! {
    enum Kind {
        Text, AnyText, Bus, Path, AnyPath, MachineType, Driver, Format, WholePath, SocketPath, DiskSerial, IncomingUri, MountTag, VirtioFsTag, FileMode, CpuText, CpuValue, Argument, Uuid, AnyUuid, BootOrder, PcBootOrder,
        Release, FwCfgName, VncAddress, VncDisplay, WebSocket, LogItems, Ifname, HostForward, Mac, HostPci, Pci, Slot, Channel, Id, Size, SomeSize, PowerSize, MemorySize, Flag, Fd, Fds, ClockBase, Integer { min, max }, Timeout, PowerOfTwo, Ranges, Numbers, Property(takes), Word(words)
    }
}

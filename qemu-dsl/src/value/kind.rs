//! Types of values as data: what a value that comes later must be.

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
    /// A machine type.
    MachineType,
    /// A device of QEMU.
    Driver,
    /// The format of a disk.
    Format,
    /// The path of a unix socket.
    SocketPath,
    /// The tag of a file system.
    MountTag,
    /// The tag of a file system of virtiofs.
    VirtioFsTag,
    /// The mode of a file.
    FileMode,
    /// Something in `-cpu`.
    CpuText,
    /// An argument of QEMU's.
    Argument,
    /// A UUID.
    Uuid,
    /// A UUID, or that QEMU makes one.
    AnyUuid,
    /// The order of boot devices.
    BootOrder,
    /// A firmware's release.
    Release,
    /// The name of a file for the firmware.
    FwCfgName,
    /// Where clients of VNC connect.
    VncAddress,
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
    /// A number, also one of bytes with a unit, where QEMU reads none.
    Number,
    /// One of some words, which stand here with spaces between.
    Word(&'static str),
}

packed! {
    enum Kind {
        Text, AnyText, Bus, Path, MachineType, Driver, Format, SocketPath, MountTag, VirtioFsTag, FileMode, CpuText, Argument, Uuid, AnyUuid, BootOrder,
        Release, FwCfgName, VncAddress, WebSocket, LogItems, Ifname, HostForward, Mac, HostPci, Pci, Slot, Channel, Id, Size, MemorySize, Flag, Fd, Fds, ClockBase, Integer { min, max }, Timeout, PowerOfTwo, Ranges, Numbers, Number, Word(words)
    }
}

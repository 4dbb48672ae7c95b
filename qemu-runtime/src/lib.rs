#![doc = include_str!("../README.md")]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "qemu-runtime runs on Linux: it needs its tap interfaces, its process file descriptors and its clone"
);

mod confine;
mod fd;
mod guest;
mod host;
mod plug;
mod plugged;
mod process;
pub mod qmp;
mod rejection;
mod shutdown;
mod spawn;
mod supervisor;
#[cfg(feature = "tokio")]
pub mod tokio;
mod watch;

pub use confine::{Limit, Resource, Sandbox, User};
pub use fd::{FdError, FdProblem, InheritedFdError, inherited_fd};
pub use guest::{Guest, OlderQemu};
pub use host::HostPaths;
pub use plug::{PlugError, PlugProblem, Plugged, UnplugError};
pub use plugged::Left;
pub use qemu_dsl::bind::{self, Base, BindError, Equipped, Part, Size};
pub use qemu_dsl::plan::{self, Fd, FdSource, Fragment, Place, Plan};
pub use qemu_dsl::{Arch, Target, Version};
pub use qemu_dsl_macros::{base, base_file, devices, devices_file, part, part_file, vm, vm_file};
pub use rejection::Rejection;
pub use shutdown::{Shutdown, ShutdownPolicy, ShutdownStep};
pub use spawn::{FirmwareError, Lines, PathError, Spawn, SpawnError, StartError, Stderr, Stdio};
pub use supervisor::{Cause, Exit, ShutdownReason, daemonizes};

/// What `vm!` expands to names. It is no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use qemu_dsl::bind::{
        Base, BindError, Equipped, NamedValues, OpenBase, OpenFragment, OpenPart, OpenTemplate, Part, Values,
    };
    pub use qemu_dsl::plan::{Fragment, Packed, Plan};
    pub use std::result::Result;
    pub use std::vec::Vec;
}

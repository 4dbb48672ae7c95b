#![doc = include_str!("../README.md")]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "qemu-runtime runs on Linux: it needs its tap interfaces, its process file descriptors and its clone"
);

mod attendant;
mod confine;
mod daemon;
mod descendants;
mod error;
mod fd;
mod file_system;
mod guest;
mod host_paths;
mod incoming;
mod lines;
mod options;
mod plug;
mod preflight;
mod process;
mod program;
pub mod qmp;
mod rejection;
mod shutdown;
mod spawn;
mod stdio;
mod supervisor;
mod tail;
mod texts;
#[cfg(feature = "tokio")]
pub mod tokio;
mod watch;

pub use confine::{Limit, Resource, Sandbox, User};
pub use daemon::daemonizes;
pub use error::{SpawnError, StartError};
pub use fd::{FdError, FdProblem, InheritedFdError, inherited_fd};
pub use guest::{Cause, Exit, Guest, OlderQemu, ShutdownReason};
pub use host_paths::HostPaths;
pub use lines::Lines;
pub use plug::{Left, PlugError, PlugProblem, Plugged, UnplugError};
pub use preflight::PathError;
pub use qemu_dsl::Version;
pub use qemu_dsl::plan::{self, Fd, FdSource, Fragment, OsText, Place, Plan};
pub use qemu_dsl_macros::{devices, vm};
pub use rejection::Rejection;
pub use shutdown::{Shutdown, ShutdownPolicy, ShutdownStep};
pub use spawn::Spawn;
pub use stdio::{Stderr, Stdio};

/// What `vm!` expands to names. It is no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use qemu_dsl::plan::{
        Action, Arg, Fd, FdSlot, FdSource, Fragment, GeneratedId, Json, Member, OsText, Piece, Place, Plan,
        Rendered, Step, Template,
    };
    pub use qemu_dsl::{Span, Version};
    pub use std::borrow::Cow;
    pub use std::option::Option::{self, None, Some};
}

#![doc = include_str!("../README.md")]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "qemu-runtime runs on Linux: it needs its tap interfaces, its process file descriptors and its clone"
);

mod error;
mod fd;
mod guest;
mod host_paths;
mod process;
mod program;
mod spawn;
mod stdio;
mod supervisor;
mod tail;

pub use error::SpawnError;
pub use fd::{FdError, FdProblem};
pub use guest::{Exit, Guest};
pub use host_paths::HostPaths;
pub use qemu_dsl::plan::{self, Fd, FdSource, OsText, Plan};
pub use spawn::Spawn;
pub use stdio::{Stderr, Stdio};

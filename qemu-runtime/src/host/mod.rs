//! What this host is like: its kernel's words, files and file descriptors, as all rooms of the crate need them.

mod descriptor;
mod file_system;
mod folder;
mod paths;
mod texts;

pub(crate) use descriptor::{is_ready, kept, move_above};
pub(crate) use file_system::FileSystem;
pub(crate) use folder::Folder;
pub use paths::HostPaths;
pub(crate) use texts::{HasZero, Texts};

use std::io;

/// The kernel's words for an error, without the number that Rust puts behind them.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_owned()
}

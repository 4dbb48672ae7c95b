//! Starts guests, takes what they write, and knows how they ended.

mod attendant;
mod daemon;
mod descendants;
mod exit;
mod incoming;
mod shared;
mod start;
mod tail;

pub use daemon::daemonizes;
pub(crate) use daemon::{DaemonFailure, PidFile, is_kept, start_daemon};
pub use exit::{Cause, Exit, ShutdownReason};
pub(crate) use exit::{Ended, Observed};
pub(crate) use incoming::{Incoming, Sink};
pub(crate) use shared::Shared;
pub(crate) use start::{OwnThread, start};

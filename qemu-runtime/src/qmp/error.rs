//! Why a command has no answer.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use crate::host::reason;
use crate::supervisor::Exit;

/// A command has no answer that it should have, or an event didn't come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QmpError {
    /// QEMU refused the command.
    Refused {
        /// The command.
        command: String,
        /// QEMU's class of the error: `GenericError`, `CommandNotFound`, `DeviceNotFound`, ...
        class: String,
        /// QEMU's words.
        desc: String,
    },
    /// There was no answer in time, or none that could be read in time. The command may still be carried out: what QEMU had
    /// begun to read is sent to its end.
    Timeout {
        /// What was waited for: a command's name, an event's, or `QEMU's greeting`.
        what: String,
        /// How long.
        timeout: Duration,
    },
    /// The connection has ended, and with it every command that was on its way.
    Ended {
        /// What was waited for, as in [`Timeout`](Self::Timeout).
        what: String,
        /// Why it has ended.
        end: Arc<QmpEnd>,
    },
    /// The arguments can't be written as JSON, or are more than QEMU reads at once: deeper than 1024 levels, for instance.
    /// Or the answer isn't of the command's type, or can't be a value, as it is deeper than 128 levels: then the command
    /// was carried out.
    Type {
        /// The command.
        command: String,
        /// What is wrong.
        source: Arc<serde_json::Error>,
    },
    /// The answer is longer than the [call](super::Call::answer_limit) or the
    /// [connection](super::QmpOptions::answer_limit) allows. The command was carried out.
    TooLong {
        /// The command.
        command: String,
        /// How many bytes it may have.
        limit: usize,
    },
    /// What an event says isn't of the type that it was [read](super::Event::data) as, or can't be read.
    Event {
        /// The event.
        event: String,
        /// What is wrong.
        source: Arc<serde_json::Error>,
    },
    /// This QEMU takes no commands out of band.
    NoOob {
        /// The command.
        command: String,
    },
    /// A command can't be sent with its file descriptors.
    Send {
        /// The command.
        command: String,
        /// The kernel's reason.
        source: Arc<io::Error>,
    },
    /// More events came than are kept, and these were lost to a reader who took none meanwhile. Those after them come
    /// next.
    Lagged {
        /// How many.
        missed: u64,
    },
    /// The guest was started without QMP: see [`Spawn::qmp`](crate::Spawn::qmp).
    NoQmp,
}

/// Why a connection has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum QmpEnd {
    /// QEMU has ended.
    Exited(Exit),
    /// QEMU closed it and had not ended by the deadline, or is not a process that is known here.
    Closed {
        /// Whether this was in the middle of a line.
        partial: bool,
    },
    /// QEMU sent what is not QMP.
    Garbage {
        /// Whether its greeting was expected.
        greeting: bool,
        /// The beginning of what it sent.
        line: String,
    },
    /// QEMU refused what every conversation begins with.
    Negotiation {
        /// QEMU's words.
        desc: String,
    },
    /// The kernel's reason.
    Io(io::Error),
    /// This side has closed it.
    Dropped,
}

impl QmpError {
    /// What can't be read, here or by QEMU.
    pub(super) fn unreadable(command: &str, source: serde_json::Error) -> Self {
        Self::Type { command: command.to_owned(), source: Arc::new(source) }
    }

    /// How QEMU ended, where it did.
    pub fn exit(&self) -> Option<&Exit> {
        match self {
            Self::Ended { end, .. } => match &**end {
                QmpEnd::Exited(exit) => Some(exit),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Error for QmpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The others are in the text.
        match self {
            Self::Type { source, .. } | Self::Event { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

impl fmt::Display for QmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { command, class, desc } => {
                write!(f, "{command}: {desc}")?;
                if class == "GenericError" { Ok(()) } else { write!(f, " ({class})") }
            }
            Self::Timeout { what, timeout } => write!(f, "{what}: no answer within {timeout:?}"),
            Self::Ended { what, end } => write!(f, "{what}: {end}"),
            Self::Type { command, .. } => {
                write!(f, "{command}: its arguments or its answer can't be read")
            }
            Self::TooLong { command, limit } => {
                write!(f, "{command}: its answer has more than {limit} bytes: allow it more (`answer_limit`)")
            }
            Self::Event { event, .. } => write!(f, "{event}: what the event says can't be read"),
            Self::NoOob { command } => {
                write!(f, "{command}: this QEMU takes no commands out of band: execute it as others")
            }
            Self::Send { command, source } => write!(f, "{command}: sending it: {}", reason(source)),
            Self::Lagged { missed } => {
                write!(f, "{missed} events were lost, as nobody took them: take them sooner, or keep more")
            }
            Self::NoQmp => f.write_str("the guest was started without QMP: start it with `Spawn::qmp`"),
        }
    }
}

impl fmt::Display for QmpEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(exit) => write!(f, "QEMU has ended: {exit}"),
            Self::Closed { partial: false } => f.write_str("QEMU closed QMP"),
            Self::Closed { partial: true } => f.write_str("QEMU closed QMP in the middle of a line"),
            Self::Garbage { greeting, line } => {
                let expected = if *greeting { "QEMU's greeting" } else { "an answer or an event" };
                write!(f, "{line:?} came in place of {expected}: is the program QEMU?")
            }
            Self::Negotiation { desc } => write!(f, "QEMU refused `qmp_capabilities`: {desc}"),
            Self::Io(error) => f.write_str(&reason(error)),
            Self::Dropped => f.write_str("QMP was closed on this side"),
        }
    }
}

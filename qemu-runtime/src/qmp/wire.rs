//! What goes over the connection: lines of JSON.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;

use serde::Deserialize;
use serde::ser::Error as _;
use serde_json::Value;
use serde_json::value::RawValue;

use super::outgoing::Outgoing;
use super::{Event, Greeting};

/// What comes of a command. QEMU's payload is read by whoever waits for it: one that can't be is nobody else's matter.
pub(super) type Reply = Result<Box<RawValue>, Failure>;

/// Why a command has no answer but an error.
pub(super) enum Failure {
    Refused(Refusal),
    /// The kernel doesn't send its file descriptors.
    Unsent(io::Error),
}

/// QEMU's class and description of an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) class: String,
    pub(super) desc: String,
}

/// What a line of QEMU's says.
pub(super) enum Message {
    Greeting(Greeting),
    Event(Event),
    Answer {
        id: u64,
        reply: Reply,
    },
    /// It answers a line that QEMU couldn't read, and so not its id either.
    Unread(Failure),
    /// It answers nothing that was sent here.
    Foreign,
}

impl Message {
    /// Reads a line, unless it is no QMP. Of what it carries only the form is looked at.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let parts: HashMap<String, &RawValue> = serde_json::from_str(&line).ok()?;
        let part = |name| parts.get(name).copied();
        if let Some(greeting) = part("QMP") {
            return read(greeting).map(Self::Greeting);
        }
        if let Some(name) = part("event") {
            return Some(Self::Event(Event::of(read(name)?, part("data"), part("timestamp"))));
        }
        let reply = match (part("return"), part("error")) {
            (Some(payload), _) => Ok(payload.to_owned()),
            (None, Some(refusal)) => Err(Failure::Refused(read(refusal).unwrap_or_default())),
            (None, None) => return None,
        };
        Some(match (part("id"), reply) {
            (None, Err(failure)) => Self::Unread(failure),
            (id, reply) => id.and_then(read).map_or(Self::Foreign, |id| Self::Answer { id, reply }),
        })
    }
}

/// Reads a part of a line, if it is what it should be.
pub(super) fn read<T: for<'de> Deserialize<'de>>(part: &RawValue) -> Option<T> {
    serde_json::from_str(part.get()).ok()
}

/// A command to send.
pub(super) struct Request<'a> {
    /// Whether it is to overtake others.
    pub(super) oob: bool,
    pub(super) name: &'a str,
    /// An object, or null for none.
    pub(super) arguments: Value,
    pub(super) fds: Vec<OwnedFd>,
}

impl Request<'_> {
    /// What is to be sent, but for the id.
    ///
    /// # Errors
    ///
    /// Where QEMU wouldn't read it as one line.
    pub(super) fn outgoing(self) -> Result<Outgoing, serde_json::Error> {
        /// QEMU's `MAX_TOKEN_COUNT` and `MAX_TOKEN_SIZE`, less what the rest of the line takes.
        const TOKENS: usize = (2 << 20) - 100;
        const BYTES: usize = (64 << 20) - 100;

        let tokens = tokens(&self.arguments, 1)?;
        let mut line = format!("{{\"{}\":", if self.oob { "exec-oob" } else { "execute" }).into_bytes();
        serde_json::to_writer(&mut line, self.name)?;
        // What has no arguments may say so in several ways, of which QEMU takes one.
        if !self.arguments.is_null() {
            line.extend_from_slice(b",\"arguments\":");
            serde_json::to_writer(&mut line, &self.arguments)?;
        }
        if tokens > TOKENS || line.len() + tokens > BYTES {
            return Err(serde_json::Error::custom("the command is larger than QEMU reads"));
        }
        Ok(Outgoing::new(self.oob, line, self.fds))
    }
}

/// How many tokens a value has for QEMU.
///
/// # Errors
///
/// Where it lies deeper than QEMU reads: that takes what follows for further lines, of which each may be answered, or
/// be a command.
fn tokens(value: &Value, depth: usize) -> Result<usize, serde_json::Error> {
    /// QEMU's `MAX_NESTING`.
    const DEPTH: usize = 1024;

    let add = |sum, part| Ok(sum + tokens(part, depth + 1)?);
    match value {
        Value::Array(_) | Value::Object(_) if depth >= DEPTH => {
            Err(serde_json::Error::custom("the arguments are deeper than QEMU reads"))
        }
        Value::Array(values) => values.iter().try_fold(2 + values.len(), add),
        // Each has a name, a colon and a comma.
        Value::Object(values) => values.values().try_fold(2 + 3 * values.len(), add),
        _ => Ok(1),
    }
}

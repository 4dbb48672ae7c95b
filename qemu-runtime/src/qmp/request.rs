//! What is asked of QEMU.

use std::os::fd::OwnedFd;

use serde_core::ser::Error as _;
use serde_json::Value;

use super::outgoing::Outgoing;

/// A command to send.
#[derive(Default)]
pub(super) struct Request<'a> {
    pub(super) name: &'a str,
    /// Whether it is to overtake others.
    pub(super) oob: bool,
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

//! A command on its way to QEMU.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// A command's line, and the file descriptors that go in front of it.
#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) oob: bool,
    pub(super) fds: Vec<OwnedFd>,
    id: u64,
    line: Vec<u8>,
    /// How many of its bytes are sent.
    sent: usize,
}

impl Outgoing {
    /// From a line without its end, which is the id.
    pub(super) fn new(oob: bool, line: Vec<u8>, fds: Vec<OwnedFd>) -> Self {
        Self { oob, fds, line, ..Self::default() }
    }

    /// Ends the line by the command's id.
    pub(super) fn with_id(mut self, id: u64) -> Self {
        self.line.extend_from_slice(format!(",\"id\":{id}}}\n").as_bytes());
        Self { id, ..self }
    }

    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// Whether a part of it is sent: what follows would be read as its rest.
    pub(super) const fn is_begun(&self) -> bool {
        self.sent > 0
    }

    /// Sends as much as the socket has room for. Says whether that was all.
    pub(super) fn send(&mut self, socket: &UnixStream) -> Result<bool, Errno> {
        while let Some(rest) = self.line.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let fds: Vec<_> = self.fds.iter().map(AsFd::as_fd).collect();
            let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&fds)) {
                return Err(Errno::TOOMANYREFS);
            }
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match sendmsg(socket, &[IoSlice::new(rest)], &mut control, flags) {
                Ok(sent) => {
                    self.sent += sent;
                    self.fds.clear();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

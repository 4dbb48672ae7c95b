//! Unix sockets: those of `qmp unix` and `monitor unix`, and those of processes that do a device's work.

use crate::model::{Maybe, Val};
use crate::plan::{FdSource, Piece};
use crate::print::{Emit, Lowering, OptionArg, text};
use crate::value::FdFlag;

/// A unix socket.
pub(crate) struct Socket<'a> {
    /// The id of its backend.
    pub(crate) id: &'a dyn Emit,
    pub(crate) path: &'a dyn Emit,
    /// Whether it is listened on. Otherwise it is connected to.
    pub(crate) server: bool,
    /// Whether it is there before QEMU starts.
    pub(crate) fd: Option<Val<FdFlag>>,
}

impl<'a> Socket<'a> {
    /// One on which another process listens.
    pub(crate) const fn of_process(id: &'a dyn Emit, path: &'a dyn Emit) -> Self {
        Self { id, path, server: false, fd: None }
    }

    /// Adds its file descriptor, where it has one.
    pub(crate) fn open(&self, out: &mut Lowering<'_>) -> Option<Piece> {
        let path = text(self.path);
        let source = if self.server { FdSource::UnixListen { path } } else { FdSource::UnixConnect { path } };
        out.fd(self.fd, source, self.id)
    }

    /// Prints the backend.
    pub(crate) fn lower<'o>(&self, out: &'o mut Lowering<'_>) -> OptionArg<'o> {
        let fd = self.open(out);
        let path = fd.is_none().then_some(self.path);
        let option = out.option("-chardev").word("socket").set("id", self.id).set("fd", fd).set("path", path);
        if self.server { option.on("server") } else { option }
    }

    pub(crate) fn is_fd(&self) -> bool {
        self.fd.is(|fd| fd.0)
    }
}

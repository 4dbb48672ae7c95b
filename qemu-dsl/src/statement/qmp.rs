//! `qmp`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, IdKind};
use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::source::Node;
use crate::statement::form::{Form, form, statement};
use crate::statement::socket::Socket;
use crate::value::{FdFlag, OnOff, SocketPath};

statement! {
    /// A socket by which others can manage the VM (QMP).
    STATEMENT reserved "qmp" many settled Qmp [Qmp]
    example "qmp unix \"/run/qmp.sock\" server nowait"
}

/// The ids of the sockets' backends.
#[derive(Debug)]
pub(crate) struct QmpBackend;

impl IdKind for QmpBackend {
    const PREFIX: &'static str = "qmp";
}

form! {
    /// A socket by which others can manage the VM (QMP).
    Qmp kinds ["unix": "a unix socket"] {
        /// The socket.
        path "path": Val<SocketPath> { positional: true },
        /// QEMU makes the socket and listens on it. Otherwise it connects to one that exists.
        server "server": Option<Val<OnOff>>,
        /// QEMU starts the guest without waiting for a client.
        nowait "nowait": Option<Val<OnOff>>,
        /// The socket is there before QEMU starts, which gets it as a file descriptor: a client can connect at once.
        /// It is its user's alone (0600). The file of one on which nobody listens any more is replaced.
        fd "fd": Option<Val<FdFlag>> { change: Some(&changes::CHARDEV_FD) },
        /// The id of the backend that QEMU needs with `fd`, and where the path contains `=`.
        chardev "chardev": Id<QmpBackend>,
    }
}

impl Qmp {
    fn server(&self) -> bool {
        self.server.is(|server| server.0)
    }

    fn nowait(&self) -> bool {
        self.nowait.is(|nowait| nowait.0)
    }
}

impl Form for Qmp {
    fn check(&self, cx: &mut Checking<'_>) {
        if let Some(nowait) =
            self.nowait.known().filter(|nowait| nowait.0 && !self.server() && !self.server.is_open())
        {
            let diagnostic =
                Diagnostic::error(Code::NowaitWithoutServer, "`nowait` is for a socket that QEMU listens on")
                    .at(nowait.span)
                    .help("add `server`, or leave out `nowait`");
            cx.missing("server", diagnostic);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let socket = Socket { id: &self.chardev, path: &self.path, server: self.server(), fd: self.fd };
        // In `unix:a=b` QEMU would look for an option called `unix:a`, as it may where the path comes later.
        let is_plain =
            |path: &Node<SocketPath>| path.0.split(',').next().is_none_or(|first| !first.contains('='));
        let plain = !socket.is_fd() && self.path.known().is_some_and(is_plain);
        let option = if plain {
            let option = out.option("-qmp").prefixed("unix:", &self.path);
            if self.server() { option.on("server") } else { option }
        } else {
            socket.lower(out)
        };
        if self.server() && self.nowait() {
            option.off("wait", "nowait");
        }
        if !plain {
            out.option("-qmp").prefixed("chardev:", &self.chardev);
        }
    }
}

//! `qmp`, `monitor` and `gdb`: how others manage the VM, and debug the guest.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::source::Node;
use crate::statement::backend::{Backend, CHANNELS};
use crate::statement::form::{Form, form, statement};
use crate::statement::socket::Socket;
use crate::value::{FdFlag, IdText, OnOff, SocketPath, Text};

statement! {
    /// A way by which programs can manage the VM (QMP).
    QMP reserved "qmp" many settled Qmp [QmpUnix, Qmp, QmpOf]
    example "qmp unix \"/run/qmp.sock\" server nowait"
}

statement! {
    /// A way by which people can manage the VM: QEMU's monitor (HMP).
    MONITOR "monitor" many settled Qmp [MonitorUnix, Monitor, MonitorOf, NoMonitor]
    example "monitor socket path=\"/run/monitor.sock\""
}

statement! {
    /// A way by which gdb can debug the guest. With nothing behind it: TCP, at the port 1234 of any address.
    GDB "gdb" many settled Qmp [Gdb, GdbOf]
    example "gdb socket path=\"/run/gdb.sock\""
}

id_kinds! {
    /// The ids of what QMP is connected to.
    QmpId "qmp" of "chardev"
    /// The ids of what the monitor is connected to.
    MonitorId "monitor" of "chardev"
    /// The ids of what gdb is connected to.
    GdbId "gdb" of "chardev"
}

/// QMP and the monitor, which differ by QEMU's names and by the options that one of them has.
macro_rules! monitors {
    ($(
        $(#[doc = $doc:literal])+
        $unix:ident $name:ident $refer:ident $id:ident $flag:literal
        { $($(#[doc = $own_doc:literal])+ $own:ident $option:literal : $ty:ty $(=> $other:literal)?)? }
    )+) => {$(
        form! {
            $(#[doc = $doc])+
            $unix kinds ["unix": "a unix socket"] {
                /// The socket.
                path "path": Val<SocketPath> { positional: true },
                /// QEMU makes the socket and listens on it. Otherwise it connects to one that exists.
                server "server": Option<Val<OnOff>>,
                /// QEMU starts the guest without waiting for a client.
                nowait "nowait": Option<Val<OnOff>>,
                /// The socket is there before QEMU starts, which gets it as a file descriptor: a client can connect at
                /// once. It is its user's alone (0600). The file of one on which nobody listens any more is replaced.
                fd "fd": Option<Val<FdFlag>> { change: Some(&changes::CHARDEV_FD) },
                /// The id of the backend that QEMU needs with `fd`, and where the path contains `=`.
                chardev "chardev": Id<$id>,
            }
        }

        form! {
            $(#[doc = $doc])+
            $name kinds of Backend {
                /// The backend's id.
                id "id": Id<$id>,
                /// The backend's id, where that isn't `id`.
                chardev "chardev": OptionalId<$id>,
                /// The name of the backend's channel.
                name "name": Option<Val<Text>> { kinds: CHANNELS },
                $($(#[doc = $own_doc])+ $own $option: $ty,)?
            }
            groups [backend: Backend]
        }

        form! {
            /// The same, connected to a backend that another statement makes.
            $refer {
                /// The backend's id.
                chardev "chardev": Val<IdText>,
                $($(#[doc = $own_doc])+ $own $option: $ty,)?
            }
        }

        impl Form for $unix {
            fn check(&self, cx: &mut Checking<'_>) {
                check_nowait(&self.server, &self.nowait, cx);
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                let socket = Socket {
                    id: &self.chardev,
                    path: &self.path,
                    server: self.server.is(|server| server.0),
                    fd: self.fd,
                };
                lower_unix($flag, &socket, &self.path, self.nowait.is(|nowait| nowait.0), out);
            }
        }

        impl Form for $name {
            fn check(&self, cx: &mut Checking<'_>) {
                self.backend.check(&self.kind, ("name", &self.name), cx);
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                let chardev = self.chardev.or(&self.id);
                self.backend.lower(&self.kind, &chardev, &self.name, out);
                let flag = $flag;
                $($(let flag = if self.$own.is(|own| own.0) { $other } else { flag };)?)?
                out.option(flag).prefixed("chardev:", &chardev);
            }
        }

        impl Form for $refer {
            fn lower(&self, out: &mut Lowering<'_>) {
                let flag = $flag;
                $($(let flag = if self.$own.is(|own| own.0) { $other } else { flag };)?)?
                out.option(flag).prefixed("chardev:", &self.chardev);
            }
        }
    )+};
}

monitors! {
    /// A way by which programs can manage the VM (QMP).
    QmpUnix Qmp QmpOf QmpId "-qmp" {
        /// What QEMU sends is laid out for people.
        pretty "pretty": Option<Val<OnOff>> => "-qmp-pretty"
    }
    /// A way by which people can manage the VM: QEMU's monitor (HMP).
    MonitorUnix Monitor MonitorOf MonitorId "-monitor" {}
}

form! {
    /// There is no monitor, not even the one that QEMU makes where no statement does.
    NoMonitor kinds ["none": "no monitor"] {}
}

impl Form for NoMonitor {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-monitor").word("none");
    }
}

fn check_nowait(server: &Option<Val<OnOff>>, nowait: &Option<Val<OnOff>>, cx: &mut Checking<'_>) {
    let is_server = server.is(|server| server.0) || server.is_open();
    if let Some(nowait) = nowait.known().filter(|nowait| nowait.0 && !is_server) {
        let message = "`nowait` is for a socket that QEMU listens on";
        let diagnostic = Diagnostic::error(Code::NowaitWithoutServer, message).at(nowait.span);
        cx.missing("server", diagnostic.help("add `server`, or leave out `nowait`"));
    }
}

fn lower_unix(
    flag: &'static str,
    socket: &Socket<'_>,
    path: &Val<SocketPath>,
    nowait: bool,
    out: &mut Lowering<'_>,
) {
    // In `unix:a=b` QEMU would look for an option called `unix:a`, as it may where the path comes later.
    let is_plain =
        |path: &Node<SocketPath>| path.0.split(',').next().is_none_or(|first| !first.contains('='));
    let plain = !socket.is_fd() && path.known().is_some_and(is_plain);
    let option = if plain {
        let option = out.option(flag).prefixed("unix:", path);
        if socket.server { option.on("server") } else { option }
    } else {
        socket.lower(out)
    };
    if socket.server && nowait {
        option.off("wait", "nowait");
    }
    if !plain {
        out.option(flag).prefixed("chardev:", socket.id);
    }
}

form! {
    /// A way by which gdb can debug the guest.
    Gdb kinds of Backend {
        /// The backend's id.
        id "id": Id<GdbId>,
        /// The backend's id, where that isn't `id`.
        chardev "chardev": OptionalId<GdbId>,
        /// The name of the backend's channel.
        name "name": Option<Val<Text>> { kinds: CHANNELS },
    }
    groups [backend: Backend]
}

form! {
    /// The same by TCP, at the port 1234 of any address, or by a backend that another statement makes.
    GdbOf {
        /// The backend's id.
        chardev "chardev": Option<Val<IdText>>,
    }
}

impl Form for Gdb {
    fn check(&self, cx: &mut Checking<'_>) {
        self.backend.check(&self.kind, ("name", &self.name), cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let chardev = self.chardev.or(&self.id);
        self.backend.lower(&self.kind, &chardev, &self.name, out);
        out.option("-gdb").prefixed("chardev:", &chardev);
    }
}

impl Form for GdbOf {
    fn lower(&self, out: &mut Lowering<'_>) {
        match &self.chardev {
            Some(chardev) => out.option("-gdb").prefixed("chardev:", chardev),
            None => out.option("-gdb").word("tcp::1234"),
        };
    }
}

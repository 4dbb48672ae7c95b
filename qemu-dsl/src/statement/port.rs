//! `port` and `console`: a character device in the guest, and its backend on the host.

use crate::model::ids::{Id, IdKind};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::socket::Socket;
use crate::value::{BusName, Driver, FdFlag, OnOff, Path, SocketPath, Text, ValueType as _};

statement! {
    /// A virtio-serial port (or another serial device) and what it is connected to.
    PORT reserved "port" many pluggable Devices [Port]
    example "virtio-serial id=serial0\nport socket bus=serial0.0 path=\"/run/agent\" name=agent.0"
}

statement! {
    /// A virtio console and what it is connected to.
    CONSOLE reserved "console" many pluggable Devices [Console]
    example "virtio-serial id=serial0\nconsole socket path=\"/run/console\""
}

macro_rules! id_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $prefix:literal)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name;

        impl IdKind for $name {
                    const PREFIX: &'static str = $prefix;
        }
    )+};
}

id_kinds! {
    /// The ids of ports.
    PortId "port"
    /// The ids of consoles.
    ConsoleId "console"
    /// The ids of backends.
    ChardevId "char"
}

/// Two statements of one shape, which differ by device and prefix.
macro_rules! ports {
    ($($(#[doc = $doc:literal])+ $name:ident $id:ident $driver:literal)+) => {$(
        form! {
            $(#[doc = $doc])+
            $name kinds [
                "socket": "a unix socket that QEMU listens on",
                "pipe": "two named pipes, `PATH.in` and `PATH.out`",
                "pty": "a pseudo-terminal that QEMU makes",
                "serial": "a serial device of the host",
                "tty": "an older name of `serial`" { &changes::CHARDEV_TTY },
                "console": "QEMU's own console window" { &changes::CHARDEV_CONSOLE },
            ] {
                /// The device's id.
                id "id": Id<$id>,
                /// The backend's id.
                chardev "chardev": Id<ChardevId>,
                /// The socket, the pipe or the host's device.
                path "path": Option<Val<Path>>,
                /// The socket is there before QEMU starts, which gets it as a file descriptor: a client can connect at
                /// once. It is its user's alone (0600). The file of one on which nobody listens any more is replaced.
                fd "fd": Option<Val<FdFlag>> { change: Some(&changes::CHARDEV_FD) },
                /// The name by which the guest finds it: `/dev/virtio-ports/NAME`.
                name "name": Option<Val<Text>>,
                /// The bus it sits on: `ID.0` of a `virtio-serial`. Without it: the first one.
                bus "bus": Option<Val<BusName>>,
                /// The device.
                driver "driver": Option<Val<Driver>> { default: $driver },
                /// Speaks only the protocol of virtio before 1.0.
                disable_modern "disable-modern": Option<Val<OnOff>>,
            }
            opens device [(Kind::Device, $driver)]
        }

        impl Form for $name {
            fn check(&self, cx: &mut Checking<'_>) {
                check(&self.kind, &self.path, self.fd, cx);
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                out.option("-device")
                    .word_or(&self.driver, $driver)
                    .truth("disable-modern", &self.disable_modern)
                    .set("bus", &self.bus)
                    .set("chardev", &self.chardev)
                    .set("id", &self.id)
                    .set("name", &self.name)
                    .written_out(&self.device);
                let becomes = changes::CHARDEV_TTY.becomes_in(out.target());
                let kind = becomes.filter(|_| self.kind.value == "tty").unwrap_or(&self.kind);
                if let ("socket", Some(path)) = (kind, &self.path) {
                    let socket = Socket { id: &self.chardev, path, server: true, fd: self.fd };
                    socket.lower(out).off("wait", "nowait");
                } else {
                    out.option("-chardev").word(kind).set("id", &self.chardev).set("path", &self.path);
                }
            }
        }
    )+};
}

ports! {
    /// A virtio-serial port (or another serial device) and what it is connected to.
    Port PortId "virtserialport"
    /// A virtio console and what it is connected to.
    Console ConsoleId "virtconsole"
}

/// What is checked of both.
fn check(kind: &str, path: &Option<Val<Path>>, fd: Option<Val<FdFlag>>, cx: &mut Checking<'_>) {
    // One that comes later may be a file descriptor.
    if let Some(fd) = fd.filter(|fd| kind != "socket" && fd.known().is_none_or(|fd| fd.0)) {
        let keyword = cx.entry.spec.keyword;
        cx.report(
            Diagnostic::warning(Code::IgnoredOption, format!("`fd` is for `{keyword} socket`"))
                .at(fd.span())
                .help(format!("leave it out: QEMU opens what a `{kind}` is connected to itself")),
        );
    }
    match path {
        None if !matches!(kind, "pty" | "console") => {
            let diagnostic = Diagnostic::error(
                Code::MissingOption,
                format!("`{} {}` needs `path=`", cx.entry.spec.keyword, kind),
            )
            .at(cx.entry.head)
            .help("add `path=` and a file's path");
            cx.missing("path", diagnostic);
        }
        Some(Val::Known(path)) if kind == "socket" => {
            if let Err(refusal) = SocketPath::parse(&path.0) {
                cx.report(
                    Diagnostic::error(refusal.code, refusal.message.unwrap_or_default())
                        .at(path.span)
                        .maybe_help(refusal.help),
                );
            }
        }
        _ => {}
    }
}

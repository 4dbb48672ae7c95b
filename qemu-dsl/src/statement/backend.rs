//! A character device's backend: what of the host `serial`, `monitor`, `port` and their like are connected to.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
use crate::plan::Show;
use crate::print::{As, Emit, Lowering};
use crate::qemu::changes;
use crate::source::Node;
use crate::statement::form::group;
use crate::statement::socket::Socket;
use crate::table::{Family, KindSpec};
use crate::value::{FdFlag, IdText, OnOff, Path, PowerSize, Size, SocketPath, Text, UInt};

group! {
    /// A character device's backend.
    Backend {
        /// The socket, file, pipe, or the host's device; of `pty` a link to it, which QEMU makes from 10.0 on.
        path "path": Option<Val<Path>> {
            kinds: &["socket", "file", "pipe", "pty", "console", "serial", "tty", "parallel", "parport"],
            excludes: &["host", "port", "to", "ipv4", "ipv6"],
        },
        /// The socket is there before QEMU starts, which gets it as a file descriptor: a client can connect at
        /// once. It is its user's alone (0600). The file of one on which nobody listens any more is replaced.
        fd "fd": Option<Val<FdFlag>> { kinds: SOCKET, change: Some(&changes::CHARDEV_FD), excludes: &["host", "port"] },
        /// The host's address where QEMU listens, or that of the other side; of `udp` that of the other side.
        host "host": Option<Val<Text>> { kinds: NETWORK },
        /// The port there: a number, or a service's name. Where QEMU listens, `0` is a free one.
        port "port": Option<Val<Text>> { kinds: NETWORK },
        /// The last port that is tried where the first is taken.
        to "to": Option<Val<Port>> { kinds: SOCKET },
        /// The address from which QEMU sends.
        localaddr "localaddr": Option<Val<Text>> { kinds: &["udp"] },
        /// The port from which QEMU sends, and where it hears.
        localport "localport": Option<Val<Text>> { kinds: &["udp"] },
        /// Whether addresses of IPv4 are taken.
        ipv4 "ipv4": Option<Val<OnOff>> { kinds: NETWORK },
        /// Whether addresses of IPv6 are taken.
        ipv6 "ipv6": Option<Val<OnOff>> { kinds: NETWORK },
        /// QEMU makes the socket and listens on it. Otherwise it connects to one that exists.
        server "server": Option<Val<OnOff>> { kinds: SOCKET, default: "on" },
        /// QEMU starts the guest no sooner than a client has connected.
        wait "wait": Option<Val<OnOff>> { kinds: SOCKET, default: "off" },
        /// The client speaks TELNET.
        telnet "telnet": Option<Val<OnOff>> { kinds: SOCKET },
        /// The client speaks TN3270, as terminals of s390x do.
        tn3270 "tn3270": Option<Val<OnOff>> { kinds: SOCKET, excludes: &["telnet"] },
        /// The client speaks WebSocket.
        websocket "websocket": Option<Val<OnOff>> { kinds: SOCKET },
        /// What is written goes out at once (`TCP_NODELAY`).
        nodelay "nodelay": Option<Val<OnOff>> { kinds: SOCKET, default: "on" },
        /// After so many milliseconds QEMU connects again where the connection has broken. Not where it listens.
        reconnect_ms "reconnect-ms": Option<Val<UInt<0, { u32::MAX as u64 }>>> { kinds: SOCKET },
        /// The id of the `object` with TLS's credentials: the connection is encrypted.
        tls_creds "tls-creds": Option<Val<IdText>> { kinds: SOCKET },
        /// The id of the `object` that says which clients' certificates are let in.
        tls_authz "tls-authz": Option<Val<IdText>> { kinds: SOCKET },
        /// The socket's name is in Linux' abstract namespace: it is no file.
        is_abstract "abstract": Option<Val<OnOff>> {
            kinds: SOCKET,
            change: Some(&changes::CHARDEV_ABSTRACT),
            excludes: &["host", "port"],
        },
        /// The name of such a socket ends where it ends. Otherwise zeros follow.
        tight "tight": Option<Val<OnOff>> { kinds: SOCKET, change: Some(&changes::CHARDEV_ABSTRACT), default: "on" },
        /// What the guest reads.
        input_path "input-path": Option<Val<Path>> { kinds: &["file"], change: Some(&changes::CHARDEV_INPUT) },
        /// What is in the file stays. Otherwise it is emptied first.
        append "append": Option<Val<OnOff>> { kinds: &["file"] },
        /// Whether the keys for signals, such as Ctrl-C, end QEMU. Otherwise the guest gets them.
        signal "signal": Option<Val<OnOff>> { kinds: &["stdio"], default: "on" },
        /// So many bytes are kept: a power of two. Without it QEMU takes 64 KiB.
        size "size": Option<Val<Size>> { kinds: &["ringbuf"] },
        /// The width of the screen in pixels.
        width "width": Option<Val<Pixels>> { kinds: &["vc"], excludes: &["cols", "rows"] },
        /// The height of the screen in pixels.
        height "height": Option<Val<Pixels>> { kinds: &["vc"], excludes: &["cols", "rows"] },
        /// The width of the screen in letters.
        cols "cols": Option<Val<Pixels>> { kinds: &["vc"] },
        /// The height of the screen in lines.
        rows "rows": Option<Val<Pixels>> { kinds: &["vc"] },
        /// Client and guest have the clipboard in common.
        clipboard "clipboard": Option<Val<OnOff>> { kinds: &["qemu-vdagent"] },
        /// The client's mouse moves the guest's.
        mouse "mouse": Option<Val<OnOff>> { kinds: &["qemu-vdagent"] },
        /// The id of a `chardev`, one of those that all see the same.
        chardevs "chardevs": Vec<Val<IdText>> { kinds: &["hub"] },
        /// Several can use it: Ctrl-A and `c` switches between them.
        mux "mux": Option<Val<OnOff>>,
        /// What the guest writes is written to this file, too.
        logfile "logfile": Option<Val<Path>>,
        /// What is in that file stays. Otherwise it is emptied first.
        logappend "logappend": Option<Val<OnOff>>,
    }
}

const SOCKET: &[&str] = &["socket"];
const NETWORK: &[&str] = &["socket", "udp"];

/// The kinds that go to a channel with a name.
pub(crate) const CHANNELS: &[&str] = &["spicevmc", "spiceport", "dbus", "qemu-vdagent"];

type Port = UInt<1, 65535>;
type Pixels = UInt<1, { u32::MAX as u64 }>;

impl Backend {
    pub(crate) const FAMILY: Family = Family {
        name: "BACKEND",
        doc: "What of the host a character device is connected to. Each has a backend of its own; several can use one that has \
              `mux`: the others name it by `chardev=`.",
        kinds: &[
            KindSpec::of("socket", "a socket: a unix one by `path=`, or one of TCP by `host=` and `port=`"),
            KindSpec::of("stdio", "QEMU's own standard input and output"),
            KindSpec::of("pty", "a pseudo-terminal that QEMU makes"),
            KindSpec::of("file", "a file that is written"),
            KindSpec::of("null", "nothing: what is written is lost"),
            KindSpec::of("pipe", "two named pipes, `PATH.in` and `PATH.out`, or one of both ways, `PATH`"),
            KindSpec::of("serial", "a serial device of the host"),
            KindSpec {
                change: Some(&changes::CHARDEV_TTY),
                ..KindSpec::of("tty", "an older name of `serial`")
            },
            KindSpec::of("parallel", "a parallel port of the host"),
            KindSpec {
                change: Some(&changes::CHARDEV_PARPORT),
                ..KindSpec::of("parport", "an older name of `parallel`")
            },
            KindSpec::of("udp", "packets of UDP"),
            KindSpec::of("ringbuf", "memory, which QMP reads"),
            KindSpec::of("vc", "a text screen in QEMU's window"),
            KindSpec {
                change: Some(&changes::CHARDEV_CONSOLE),
                ..KindSpec::of("console", "QEMU's own console window")
            },
            KindSpec::of("spicevmc", "a channel of `display spice`"),
            KindSpec::of("spiceport", "a channel of `display spice` with a name of one's own"),
            KindSpec {
                change: Some(&changes::CHARDEV_DBUS),
                ..KindSpec::of("dbus", "a channel of `display dbus`")
            },
            KindSpec {
                change: Some(&changes::CHARDEV_VDAGENT),
                ..KindSpec::of(
                    "qemu-vdagent",
                    "the agent in the guest, for the clipboard and mouse of `display vnc` and windows",
                )
            },
            KindSpec {
                change: Some(&changes::CHARDEV_HUB),
                ..KindSpec::of("hub", "several other backends at once")
            },
            KindSpec::of("braille", "a Braille display of the host"),
            KindSpec::of("msmouse", "a serial mouse, moved by the host's"),
            KindSpec::of("wctablet", "a Wacom tablet, moved by the host's mouse"),
            KindSpec::of("testdev", "QEMU's own tests"),
        ],
        options: Self::OPTIONS,
    };

    /// Whether QEMU listens on the socket.
    fn is_server(&self) -> bool {
        self.server.as_ref().is_none_or(|server| server.known().is_some_and(|server| server.0))
    }

    /// Reports what is wrong with a backend of this kind. `channel` is its channel's name, which is the option `named`.
    pub(crate) fn check(
        &self,
        kind: &str,
        (named, channel): (&'static str, &Option<Val<Text>>),
        cx: &mut Checking<'_>,
    ) {
        let what = format!("`{} {kind}`", cx.entry.spec.keyword);
        let head = cx.entry.head;
        let missing =
            |message: String, help: &str| Diagnostic::error(Code::MissingOption, message).at(head).help(help);
        match kind {
            "socket" => match (&self.path, &self.host, &self.port) {
                (None, None, None) => {
                    let message = format!("{what} needs `path=`, or `host=` and `port=`");
                    cx.missing("path", missing(message, "add `path=` and a file's path"));
                }
                (None, None, Some(_)) => {
                    let message = format!("{what} needs `host=` beside `port=`");
                    cx.missing(
                        "host",
                        missing(message, "add `host=127.0.0.1`, or another address of the host"),
                    );
                }
                (None, Some(_), None) => {
                    let message = format!("{what} needs `port=` beside `host=`");
                    cx.missing("port", missing(message, "add `port=` and its number"));
                }
                _ => {}
            },
            "udp" if self.port.is_none() => {
                let message = format!("{what} needs `port=`");
                cx.missing("port", missing(message, "add `port=`, to which QEMU sends"));
            }
            "file" | "pipe" | "serial" | "tty" | "parallel" | "parport" if self.path.is_none() => {
                let message = format!("{what} needs `path=`");
                cx.missing("path", missing(message, "add `path=` and a file's path"));
            }
            "spiceport" | "dbus" if channel.is_none() => {
                let message = format!("{what} needs `{named}=`");
                let help =
                    format!("add `{named}=` and the channel's name, such as `org.qemu.console.serial.0`");
                cx.missing(named, missing(message, &help));
            }
            "hub" if self.chardevs.is_empty() => {
                let message = format!("{what} needs `chardevs=`");
                cx.missing(
                    "chardevs",
                    missing(message, "add `chardevs=` and the id of a `chardev`, once for each"),
                );
            }
            _ => {}
        }
        // The kernel's limit, whoever makes the socket.
        if let (Some(path), "socket") = (&self.path, kind) {
            cx.wants::<SocketPath>(path);
        }
        if let Some(size) = &self.size {
            cx.wants::<PowerSize>(size);
        }
        self.check_connection(cx);
    }

    /// What is wrong with how a socket connects.
    fn check_connection(&self, cx: &mut Checking<'_>) {
        let is_server = self.is_server();
        if let Some(wait) = self.wait.known().filter(|wait| wait.0 && !is_server && !self.server.is_open()) {
            let message = "`wait` is for a socket that QEMU listens on";
            cx.report(
                Diagnostic::error(Code::NowaitWithoutServer, message)
                    .at(wait.span)
                    .help("leave it out, or leave out `server=off`"),
            );
        }
        let Some(reconnect) = &self.reconnect_ms else { return };
        if is_server {
            let message = "`reconnect-ms` is for a socket that QEMU connects to";
            cx.report(
                Diagnostic::error(Code::ExclusiveOptions, message)
                    .at(reconnect.span())
                    .help("add `server=off`, or leave it out: who connects to QEMU connects again by itself"),
            );
        }
    }

    /// Prints it, with this id. `channel` is its channel's name.
    pub(crate) fn lower(
        &self,
        kind: &Node<String>,
        id: &dyn Emit,
        channel: &dyn Emit,
        out: &mut Lowering<'_>,
    ) {
        let is_socket = kind.as_str() == "socket";
        let is_server = is_socket && self.is_server();
        let fd = self.path.as_ref().filter(|_| is_socket).and_then(|path| {
            let socket = Socket { id, path, server: is_server, fd: self.fd };
            socket.open(out)
        });
        let path = self.path.as_ref().filter(|_| fd.is_none());
        let becomes = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT]
            .into_iter()
            .find(|change| change.is_about(kind))
            .and_then(|change| change.becomes_in(out.target()));
        let is_new = out.has(&changes::CHARDEV_NODELAY);
        let in_ms = out.has(&changes::RECONNECT_MS);
        let option = out.option("-chardev");
        let option = match becomes {
            Some(becomes) => option.word(becomes),
            // Which versions have it, the table tells.
            None => option.word(kind.as_str()),
        };
        let option = option
            .set("id", id)
            .set("fd", fd)
            .set("name", channel)
            .set("path", path)
            .set("input-path", &self.input_path)
            .set("append", self.append)
            .set("abstract", self.is_abstract)
            .set("tight", self.tight)
            .set("host", &self.host)
            .set("port", &self.port)
            .set("to", self.to)
            .set("localaddr", &self.localaddr)
            .set("localport", &self.localport)
            .set("ipv4", self.ipv4)
            .set("ipv6", self.ipv6);
        let option = match (is_server, self.wait.is(|wait| wait.0)) {
            (true, true) => option.on("server").on("wait"),
            (true, false) => option.on("server").off("wait", "nowait"),
            (false, _) => option.set("server", self.server),
        };
        let option = option
            .set("telnet", self.telnet)
            .set("tn3270", self.tn3270)
            .set("websocket", self.websocket)
            .set("nodelay", self.nodelay.filter(|_| is_new))
            .set(
                "delay",
                self.nodelay.filter(|_| !is_new).map(|nodelay| nodelay.map(|is_on| OnOff(!is_on.0))),
            )
            .set("reconnect-ms", self.reconnect_ms.filter(|_| in_ms))
            .set("reconnect", self.reconnect_ms.as_ref().filter(|_| !in_ms).map(|ms| As(Show::Seconds, ms)))
            .set("tls-creds", &self.tls_creds)
            .set("tls-authz", &self.tls_authz)
            .set("signal", self.signal)
            .set("size", &self.size)
            .set("width", self.width)
            .set("height", self.height)
            .set("cols", self.cols)
            .set("rows", self.rows)
            .set("clipboard", self.clipboard)
            .set("mouse", self.mouse);
        let hub = self.chardevs.iter().enumerate();
        hub.fold(option, |option, (number, chardev)| option.set(format!("chardevs.{number}"), chardev))
            .set("mux", self.mux)
            .set("logfile", &self.logfile)
            .set("logappend", self.logappend);
    }
}

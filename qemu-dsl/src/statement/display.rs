//! `display`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{FIRST_PORT, IdText, OnOff, Path, Text, UInt, VncAddress, VncDisplay, WebSocket, choice};

statement! {
    /// Where the guest's screen is seen: in a window, over the network, or nowhere.
    STATEMENT "display" many settled Display [Window, Vnc, Spice]
    example "display none\ndisplay vnc \"127.0.0.1:7\""
}

choice! {
    /// What draws.
    Gl bare "on" {
        On "on": "OpenGL, of whichever sort",
        Off "off": "not OpenGL",
        Core "core": "OpenGL as on a desktop",
        Es "es": "OpenGL as on a small device",
    }
}

choice! {
    /// Keys that are held while another one is pressed.
    GrabMod {
        LeftCtrlAlt "lctrl-lalt": "left Ctrl and left Alt",
        LeftShiftCtrlAlt "lshift-lctrl-lalt": "left Shift, left Ctrl and left Alt",
        RightCtrl "rctrl": "right Ctrl",
    }
}

form! {
    /// A window, or none. A VM has one.
    Window kinds [
        "none": "nowhere: the guest has its screen, and nobody sees it",
        "gtk": "a window by GTK",
        "sdl": "a window by SDL",
        "curses": "text in the terminal",
        "egl-headless": "nowhere by itself; OpenGL draws for `display vnc` or `display spice`" { &changes::DISPLAY_EGL },
        "dbus": "whoever asks for it over D-Bus" { &changes::DISPLAY_DBUS },
        "spice-app": "the desktop's program for SPICE" { &changes::DISPLAY_SPICE_APP },
        "default": "the first window that this QEMU has",
    ] {
        /// OpenGL draws.
        gl "gl": Option<Val<Gl>> {
            kinds: &["gtk", "sdl", "egl-headless", "dbus", "spice-app", "default"],
            words: &[("core", &changes::GL_MODES), ("es", &changes::GL_MODES)],
        },
        /// The window has the whole screen.
        full_screen "full-screen": Option<Val<OnOff>> { kinds: &["gtk", "sdl", "default"] },
        /// Who closes the window ends QEMU.
        window_close "window-close": Option<Val<OnOff>> { kinds: &["gtk", "sdl", "default"], default: "on" },
        /// The mouse's pointer is seen in the window.
        show_cursor "show-cursor": Option<Val<OnOff>> {
            kinds: &["gtk", "sdl", "egl-headless", "default"], change: Some(&changes::SHOW_CURSOR)
        },
        /// The screen is scaled with the window.
        zoom_to_fit "zoom-to-fit": Option<Val<OnOff>> { kinds: &["gtk"], change: Some(&changes::ZOOM_TO_FIT) },
        /// The guest has the keyboard where the pointer is in the window.
        grab_on_hover "grab-on-hover": Option<Val<OnOff>> { kinds: &["gtk"] },
        /// The tabs are shown, of which one has the screen.
        show_tabs "show-tabs": Option<Val<OnOff>> { kinds: &["gtk"], change: Some(&changes::SHOW_TABS) },
        /// The menu is shown.
        show_menubar "show-menubar": Option<Val<OnOff>> { kinds: &["gtk"], change: Some(&changes::SHOW_MENUBAR) },
        /// What is held while `g` is pressed, so that the guest has the mouse no more.
        grab_mod "grab-mod": Option<Val<GrabMod>> { kinds: &["sdl"], change: Some(&changes::GRAB_MOD) },
        /// The guest's set of characters. Without it QEMU takes `CP437`.
        charset "charset": Option<Val<Text>> { kinds: &["curses"], change: Some(&changes::CURSES_CHARSET) },
        /// What draws, such as `/dev/dri/renderD128`.
        rendernode "rendernode": Option<Val<Path>> { kinds: &["egl-headless", "dbus"] },
        /// The bus, where that is not the session's.
        addr "addr": Option<Val<Text>> { kinds: &["dbus"] },
        /// Without a bus, over a socket that a client hands over by QMP.
        p2p "p2p": Option<Val<OnOff>> { kinds: &["dbus"] },
        /// The id of the audio backend that is heard there.
        audiodev "audiodev": Option<Val<IdText>> { kinds: &["dbus"] },
        /// The layout of the keyboard that is typed on, such as `de` or `en-us`.
        keymap "keymap": Option<Val<Text>>,
    }
}

impl Form for Window {
    fn check(&self, cx: &mut Checking<'_>) {
        if let (Some(addr), Some(p2p)) = (&self.addr, self.p2p.known().filter(|p2p| p2p.value.0)) {
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, "with `p2p` there is no bus");
            let diagnostic = diagnostic.label(p2p.span, "no bus").label(addr.span(), "a bus");
            cx.report(diagnostic.help("leave out one of them"));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        // Before, each window had options of its own, and these two their own spelling.
        let is_older = self.kind.as_str() == "sdl" && !out.has(&changes::SDL_OPTIONS);
        if is_older && self.full_screen.is(|full_screen| full_screen.0) {
            out.flag("-full-screen");
        }
        out.option("-display")
            .word(&self.kind)
            .set("gl", &self.gl)
            .set("full-screen", self.full_screen.filter(|_| !is_older))
            .set(if is_older { "window_close" } else { "window-close" }, self.window_close)
            .set("show-cursor", self.show_cursor)
            .set("zoom-to-fit", self.zoom_to_fit)
            .set("grab-on-hover", self.grab_on_hover)
            .set("show-tabs", self.show_tabs)
            .set("show-menubar", self.show_menubar)
            .set("grab-mod", &self.grab_mod)
            .set("charset", &self.charset)
            .set("rendernode", &self.rendernode)
            .set("addr", &self.addr)
            .set("p2p", self.p2p)
            .set("audiodev", &self.audiodev);
        out.value("-k", &self.keymap);
    }
}

choice! {
    /// What becomes of others where a client connects.
    Share {
        AllowExclusive "allow-exclusive": "they stay, unless the client asks to be alone",
        ForceShared "force-shared": "they stay; who asks to be alone is refused",
        Ignore "ignore": "they stay, whatever the client asks for",
    }
}

form! {
    /// A server for clients of VNC.
    Vnc kinds ["vnc": "whoever connects by VNC"] {
        /// Where they connect: `HOST:N` is the port 5900 + N, without a host of any network; `unix:PATH` is a socket, `none`
        /// what QMP or the monitor sets later.
        address "address": Val<VncAddress> { positional: true },
        /// Its id.
        id "id": Option<Val<IdText>>,
        /// Clients need a password, which QMP or the monitor sets: before that nobody can connect.
        password "password": Option<Val<OnOff>>,
        /// The id of the `secret` with the password.
        password_secret "password-secret": Option<Val<IdText>> {
            change: Some(&changes::PASSWORD_SECRET), excludes: &["password"]
        },
        /// The id of the `object` with TLS's credentials: the connections are encrypted.
        tls_creds "tls-creds": Option<Val<IdText>>,
        /// The id of the `object` that says which clients' certificates are let in.
        tls_authz "tls-authz": Option<Val<IdText>> { change: Some(&changes::VNC_AUTHZ) },
        /// Clients say who they are by SASL.
        sasl "sasl": Option<Val<OnOff>>,
        /// The id of the `object` that says which of these are let in.
        sasl_authz "sasl-authz": Option<Val<IdText>> { change: Some(&changes::VNC_AUTHZ) },
        /// What becomes of others where a client connects.
        share "share": Option<Val<Share>>,
        /// How many clients connect at once.
        connections "connections": Option<Val<UInt<1, { u32::MAX as u64 }>>>,
        /// Clients in browsers can connect too: `on` at the port 5700 + N, or at a port or an address of their own.
        websocket "websocket": Option<Val<WebSocket>>,
        /// QEMU connects to a client that waits there.
        reverse "reverse": Option<Val<OnOff>>,
        /// Pictures may lose detail.
        lossy "lossy": Option<Val<OnOff>>,
        /// How pictures are sent never changes with what they show.
        non_adaptive "non-adaptive": Option<Val<OnOff>>,
        /// How long a key that a client has pressed is held, in milliseconds.
        key_delay_ms "key-delay-ms": Option<Val<UInt<0, { u32::MAX as u64 }>>>,
        /// Clients may switch the guest off.
        power_control "power-control": Option<Val<OnOff>> { change: Some(&changes::POWER_CONTROL) },
        /// The id of the audio backend that is heard there.
        audiodev "audiodev": Option<Val<IdText>>,
        /// The id of the graphics adapter whose screen is shown, where there are several.
        display "display": Option<Val<IdText>>,
        /// Which of that one's screens.
        head "head": Option<Val<UInt<0, { u32::MAX as u64 }>>>,
        /// The last N that is tried where the first is taken.
        to "to": Option<Val<UInt<0, 59635>>>,
        /// The layout of the keyboard that is typed on, such as `de` or `en-us`.
        keymap "keymap": Option<Val<Text>>,
    }
}

impl Vnc {
    /// Who is let in is asked of those alone who say who they are.
    fn lets_in(&self, cx: &mut Checking<'_>) {
        let sasl = self.sasl.as_ref().filter(|sasl| sasl.known().is_none_or(|sasl| sasl.0));
        let pairs = [
            ("tls-authz", &self.tls_authz, "tls-creds", self.tls_creds.is_some()),
            ("sasl-authz", &self.sasl_authz, "sasl", sasl.is_some()),
        ];
        for (name, authz, needed, is_there) in pairs {
            if let (Some(authz), false) = (authz, is_there) {
                let message = format!("`{name}` needs `{needed}`");
                let diagnostic = Diagnostic::error(Code::MissingOption, message).at(authz.span());
                cx.missing(needed, diagnostic.help(format!("add `{needed}`, or leave it out")));
            }
        }
    }
}

impl Form for Vnc {
    fn check(&self, cx: &mut Checking<'_>) {
        self.lets_in(cx);
        if let (Some(to), Some(address)) = (&self.to, self.address.known())
            && address.0.starts_with("unix:")
        {
            let message = "a socket has no number that could be another one";
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message);
            let diagnostic = diagnostic.label(to.span(), "another number").label(address.span, "a socket");
            cx.report(diagnostic.help("leave out `to=`"));
        }
        let is_reverse = self.reverse.is_open() || self.reverse.is(|reverse| reverse.0);
        if !is_reverse {
            cx.wants::<VncDisplay>(&self.address);
        }
        let Some(address) = self.address.known().filter(|_| !is_reverse) else { return };
        let Some(number) = address.number() else { return };
        let port = number + FIRST_PORT;
        if let Some(display) = number.checked_sub(FIRST_PORT).filter(|display| *display < 100) {
            // Who writes it means the port.
            let host = address.0.strip_suffix(&number.to_string()).unwrap_or_default();
            let help =
                Remedy::new(format!("display {display} is the port {number}: write `\"{host}{display}\"`"));
            let diagnostic =
                Diagnostic::warning(Code::OutOfRange, format!("display {number} is the port {port}"));
            cx.report(
                diagnostic.at(address.span).help(help.replace(address.span, format!("\"{host}{display}\""))),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let option = out.option("-vnc");
        // In `unix:a=b` QEMU would look for an option called `unix:a`, as it may where the address comes later.
        let is_plain = self.address.known().is_some_and(|address| !address.0.contains('='));
        let option = if is_plain { option.word(&self.address) } else { option.set("vnc", &self.address) };
        option
            .set("id", &self.id)
            .set("password", self.password)
            .set("password-secret", &self.password_secret)
            .set("tls-creds", &self.tls_creds)
            .set("tls-authz", &self.tls_authz)
            .set("sasl", self.sasl)
            .set("sasl-authz", &self.sasl_authz)
            .set("share", &self.share)
            .set("connections", &self.connections)
            .set("websocket", &self.websocket)
            .set("reverse", self.reverse)
            .set("lossy", self.lossy)
            .set("non-adaptive", self.non_adaptive)
            .set("key-delay-ms", &self.key_delay_ms)
            .set("power-control", self.power_control)
            .set("audiodev", &self.audiodev)
            .set("display", &self.display)
            .set("head", &self.head)
            .set("to", &self.to);
        out.value("-k", &self.keymap);
    }
}

choice! {
    /// How pictures are compressed.
    Images {
        Off "off": "not at all",
        AutoGlz "auto_glz": "by GLZ or QUIC, as it suits a picture",
        AutoLz "auto_lz": "by LZ or QUIC, as it suits a picture",
        Quic "quic": "by QUIC",
        Glz "glz": "by GLZ",
        Lz "lz": "by LZ",
    }
}

choice! {
    /// Whether something is compressed more where the network is slow.
    Wan { Auto "auto": "as the network is", Never "never": "not", Always "always": "always" }
}

choice! {
    /// One of the connections that a client makes.
    Channel {
        Main "main": "what all else hangs on",
        Display "display": "the screen",
        Inputs "inputs": "keyboard and mouse",
        Cursor "cursor": "the mouse's pointer",
        Playback "playback": "what is heard",
        Record "record": "the microphone",
        Smartcard "smartcard": "smart cards",
        UsbRedirection "usbredir": "the client's USB devices",
        WebDav "webdav": "a folder of the client's",
        Port "port": "ports that both ends know by their names",
        Default "default": "all that are not named",
    }
}

choice! {
    /// What is sent as a video.
    Streaming { Off "off": "nothing", All "all": "whatever changes quickly", Filter "filter": "what seems to be one" }
}

form! {
    /// A server for clients of SPICE.
    Spice kinds ["spice": "whoever connects by SPICE"] {
        /// The port where clients connect.
        port "port": Option<Val<UInt<0, 65535>>>,
        /// The port where they connect by TLS.
        tls_port "tls-port": Option<Val<UInt<0, 65535>>>,
        /// The host's address where they connect; with `unix` the socket. Without it any.
        addr "addr": Option<Val<Text>>,
        /// It is a socket, at `addr`.
        unix "unix": Option<Val<OnOff>>,
        /// Clients need no password.
        disable_ticketing "disable-ticketing": Option<Val<OnOff>>,
        /// The id of the `secret` with the password.
        password_secret "password-secret": Option<Val<IdText>> { change: Some(&changes::PASSWORD_SECRET) },
        /// The password, which anyone on the host can read in the list of processes.
        password "password": Option<Val<Text>> { change: Some(&changes::SPICE_PASSWORD), excludes: &["password-secret"] },
        /// Clients say who they are by SASL.
        sasl "sasl": Option<Val<OnOff>>,
        /// The folder with TLS's files.
        x509_dir "x509-dir": Option<Val<Path>>,
        /// The server's private key.
        x509_key_file "x509-key-file": Option<Val<Path>>,
        /// That key's password.
        x509_key_password "x509-key-password": Option<Val<Text>>,
        /// The server's certificate.
        x509_cert_file "x509-cert-file": Option<Val<Path>>,
        /// The certificates of who signs.
        x509_cacert_file "x509-cacert-file": Option<Val<Path>>,
        /// The key for Diffie and Hellman's exchange.
        x509_dh_key_file "x509-dh-key-file": Option<Val<Path>>,
        /// TLS's ciphers.
        tls_ciphers "tls-ciphers": Option<Val<Text>>,
        /// A channel that goes by TLS only,.
        tls_channel "tls-channel": Vec<Val<Channel>>,
        /// A channel that doesn't go by TLS.
        plaintext_channel "plaintext-channel": Vec<Val<Channel>>,
        /// How pictures are compressed.
        image_compression "image-compression": Option<Val<Images>>,
        /// Whether pictures are compressed with loss.
        jpeg_wan_compression "jpeg-wan-compression": Option<Val<Wan>>,
        /// Whether pictures are compressed a second time.
        zlib_glz_wan_compression "zlib-glz-wan-compression": Option<Val<Wan>>,
        /// What is sent as a video.
        streaming_video "streaming-video": Option<Val<Streaming>>,
        /// The agent in the guest moves the mouse.
        agent_mouse "agent-mouse": Option<Val<OnOff>> { default: "on" },
        /// Sound is compressed.
        playback_compression "playback-compression": Option<Val<OnOff>> { default: "on" },
        /// Client and guest have no clipboard in common.
        disable_copy_paste "disable-copy-paste": Option<Val<OnOff>>,
        /// Clients send no files to the guest.
        disable_agent_file_xfer "disable-agent-file-xfer": Option<Val<OnOff>>,
        /// Clients go on with the guest that a migration moves.
        seamless_migration "seamless-migration": Option<Val<OnOff>>,
        /// OpenGL draws, for a client on the same host.
        gl "gl": Option<Val<OnOff>>,
        /// What draws, such as `/dev/dri/renderD128`.
        rendernode "rendernode": Option<Val<Path>>,
        /// The layout of the keyboard that is typed on, such as `de` or `en-us`.
        keymap "keymap": Option<Val<Text>>,
    }
}

impl Spice {
    /// What goes by TLS needs a port for that, and OpenGL's pictures never leave the host.
    fn ports(&self, cx: &mut Checking<'_>) {
        if let (Some(channel), None) = (self.tls_channel.first(), &self.tls_port) {
            let message = "no channel goes by TLS without a port for it";
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(channel.span());
            cx.missing("tls-port", diagnostic.help("add `tls-port=`, or leave it out"));
        }
        let port = self
            .port
            .as_ref()
            .or(self.tls_port.as_ref())
            .filter(|port| port.known().is_none_or(|port| port.0 > 0));
        if let (Some(gl), Some(port), false) =
            (self.gl.known().filter(|gl| gl.value.0), port, cx.has(&changes::SPICE_GL_REMOTE))
        {
            let message = "OpenGL's pictures go to a client on the same host alone, and `gl` takes no port";
            let help = "leave out the port, and write `unix` and the socket's path as `addr=`";
            cx.report(
                Diagnostic::error(Code::ExclusiveOptions, message)
                    .label(gl.span, "OpenGL draws")
                    .label(port.span(), "a port")
                    .help(help),
            );
        }
    }
}

impl Form for Spice {
    fn check(&self, cx: &mut Checking<'_>) {
        self.ports(cx);
        let is_socket = self.unix.is_open() || self.unix.is(|unix| unix.0);
        let needed = match () {
            () if is_socket && self.addr.is_none() => "addr",
            () if is_socket || self.port.is_some() || self.tls_port.is_some() => return,
            () => "port",
        };
        let (message, help) = match needed {
            "addr" => ("a socket of SPICE needs its path", "add `addr=` and the path"),
            _ => (
                "no client of SPICE can connect",
                "add `port=` or `tls-port=`, or `unix` and the socket's path as `addr=`",
            ),
        };
        cx.missing(needed, Diagnostic::warning(Code::MissingOption, message).at(cx.entry.head).help(help));
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let option = out
            .option("-spice")
            .set("port", &self.port)
            .set("tls-port", &self.tls_port)
            .set("addr", &self.addr)
            .set("unix", self.unix)
            .set("disable-ticketing", self.disable_ticketing)
            .set("password-secret", &self.password_secret)
            .set("password", &self.password)
            .set("sasl", self.sasl)
            .set("x509-dir", &self.x509_dir)
            .set("x509-key-file", &self.x509_key_file)
            .set("x509-key-password", &self.x509_key_password)
            .set("x509-cert-file", &self.x509_cert_file)
            .set("x509-cacert-file", &self.x509_cacert_file)
            .set("x509-dh-key-file", &self.x509_dh_key_file)
            .set("tls-ciphers", &self.tls_ciphers)
            .set("image-compression", &self.image_compression)
            .set("jpeg-wan-compression", &self.jpeg_wan_compression)
            .set("zlib-glz-wan-compression", &self.zlib_glz_wan_compression)
            .set("streaming-video", &self.streaming_video)
            .set("agent-mouse", self.agent_mouse)
            .set("playback-compression", self.playback_compression)
            .set("disable-copy-paste", self.disable_copy_paste)
            .set("disable-agent-file-xfer", self.disable_agent_file_xfer)
            .set("seamless-migration", self.seamless_migration)
            .set("gl", self.gl)
            .set("rendernode", &self.rendernode);
        let option =
            self.tls_channel.iter().fold(option, |option, channel| option.set("tls-channel", channel));
        self.plaintext_channel
            .iter()
            .fold(option, |option, channel| option.set("plaintext-channel", channel));
        out.value("-k", &self.keymap);
    }
}

//! Where the guest's screen is seen: one window, one server of SPICE, and no server that is open to any network.

use std::collections::HashMap;

use crate::Span;
use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Device, Hardware, QemuOption};
use crate::model::Extent;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    once(hardware, diagnostics);
    without_window(hardware, diagnostics);
    same_address(hardware, diagnostics);
    without_gl(hardware, diagnostics);
    for vnc in hardware.all("vnc") {
        diagnostics.extend(open_vnc(vnc, hardware));
    }
    for spice in hardware.all("spice") {
        diagnostics.extend(open_spice(spice, hardware));
    }
}

/// What QEMU takes the last of, where there are several.
fn once(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (name, what) in
        [("display", "windows"), ("spice", "servers of SPICE"), ("k", "layouts of the keyboard")]
    {
        let mut all = hardware.all(name).filter(|option| !option.is_arg);
        let Some(first) = all.next() else { continue };
        let at = |option: &QemuOption<'_>| hardware.head(option.statement);
        for again in all {
            let help = Remedy::new("leave out one of them");
            let help = match hardware.entry(again.statement).filter(|_| name != "k") {
                Some(entry) => help.remove(entry.span),
                None => help,
            };
            diagnostics.push(
                Diagnostic::error(Code::RepeatedStatement, format!("a VM has no two {what}"))
                    .label(at(again), "again here")
                    .label(at(first), "first here")
                    .help(help),
            );
        }
    }
}

/// A window where there can be none.
fn without_window(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let windows = hardware.all("display").filter(|option| !option.is_arg);
    for (window, kind) in windows.filter_map(|option| Some((option, option.first()?.text))) {
        let head = hardware.head(window.statement);
        let leaves = hardware.all("daemonize").next().filter(|_| kind == "curses");
        if let Some(daemonize) = leaves {
            let message = "`display curses` uses the terminal, `daemonize` leaves it";
            let whole = hardware.entry(window.statement).map_or(head, |entry| entry.span);
            diagnostics.push(
                Diagnostic::error(Code::NographicDaemonize, message)
                    .label(head, "uses the terminal")
                    .label(hardware.head(daemonize.statement), "leaves it")
                    .help(
                        Remedy::new("write `display none`, or leave out `daemonize`")
                            .replace(whole, "display none"),
                    ),
            );
        } else if let Some(nographic) = hardware.all("nographic").next().filter(|_| kind != "none") {
            let without = hardware.entry(nographic.statement).filter(|_| !nographic.is_arg);
            let help = Remedy::new("leave out one of them");
            diagnostics.push(
                Diagnostic::warning(
                    Code::IgnoredOption,
                    format!("`nographic` takes the place of `display {kind}`"),
                )
                .label(head, "is not seen")
                .label(hardware.head(nographic.statement), "no window")
                .help(match without {
                    Some(entry) => help.remove(entry.span),
                    None => help,
                }),
            );
        }
    }
}

/// Whether a server listens at the address that is its own: not at another one's, nor at a free one.
pub(crate) fn listens(vnc: &QemuOption<'_>) -> bool {
    !["reverse", "to"].into_iter().any(|name| vnc.mentions(name))
}

/// Servers that would listen at one address.
fn same_address(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for vnc in hardware.all("vnc") {
        let Some(address) = vnc.first().or_else(|| vnc.get("vnc")).filter(|_| listens(vnc)) else {
            continue;
        };
        let at = address.span_or(hardware.head(vnc.statement));
        if address.text == "none" {
            continue;
        }
        if let Some(first) = seen.insert(address.text, at) {
            let (code, message, help) = Sort::Vnc.twice(address.text);
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(at, "again here")
                    .label(first, "first here")
                    .help(help),
            );
        }
    }
}

/// An adapter that draws by OpenGL where no display does.
fn without_gl(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let vm = hardware.vm;
    if vm.extent != Extent::Whole || !vm.complete || hardware.is_uncertain {
        return;
    }
    let draws = |display: &QemuOption<'_>| {
        let gl = display.get("gl");
        display.is_open("gl")
            || gl.is_some_and(|gl| gl.text != "off")
            || display.first().is_some_and(|window| window.text == "egl-headless")
    };
    if ["display", "spice"].into_iter().any(|name| hardware.all(name).any(draws)) {
        return;
    }
    let is_gl = |device: &&Device<'_>| {
        !device.is_arg && (device.name() == "virtio-vga-gl" || device.name().starts_with("virtio-gpu-gl-"))
    };
    diagnostics.extend(hardware.devices.iter().filter(is_gl).map(|device| {
        let message = format!("`{}` draws by OpenGL, and no display does", device.name());
        Diagnostic::error(Code::MissingOption, message)
            .at(hardware.head(device.statement))
            .help("add `display egl-headless`, or `gl=on` to another `display`")
    }));
}

/// What is said of a server that anyone can connect to who reaches the host.
fn open_vnc(vnc: &QemuOption<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let address = vnc.first().or_else(|| vnc.get("vnc"))?;
    let (host, number) = address.text.rsplit_once(':')?;
    let protecting = ["password", "password-secret", "tls-creds", "sasl", "reverse"];
    let protects = |name: &&str| vnc.is_open(name) || vnc.get(name).is_some_and(|value| value.text != "off");
    if is_local(host) || protecting.iter().any(protects) {
        return None;
    }
    let at = address.span_or(hardware.head(vnc.statement));
    let here = format!("\"127.0.0.1:{number}\"");
    let help = Remedy::new(format!(
        "let only this host connect, {here}, or ask for a password: `password-secret=` and a `secret`"
    ));
    let message = "whoever reaches this host can use the VM: VNC asks for no password";
    // Where a port stands for the number, that is mended first.
    let is_mended = number.parse::<u32>().is_ok_and(|number| number >= 5900);
    Some(Diagnostic::warning(Code::OpenDisplay, message).at(at).help(match vnc.is_arg || is_mended {
        true => help,
        false => help.replace(at, here),
    }))
}

/// The same of SPICE.
fn open_spice(spice: &QemuOption<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let is_on = |name: &str| spice.is_open(name) || spice.get(name).is_some_and(|value| value.is_on());
    let listens = ["port", "tls-port"].into_iter().any(|name| spice.mentions(name));
    let is_local = spice.is_open("addr") || spice.get("addr").is_some_and(|addr| is_local(addr.text));
    let ticketing = spice.get("disable-ticketing").filter(|value| value.is_on())?;
    if is_on("unix") || is_on("sasl") || !listens || is_local {
        return None;
    }
    let head = hardware.head(spice.statement);
    let help = Remedy::new(
        "let only this host connect, `addr=127.0.0.1`, or ask for a password: `password-secret=`",
    );
    let end = hardware.entry(spice.statement).map_or(head.end, |entry| entry.span.end);
    let message = "whoever reaches this host can use the VM: SPICE asks for no password";
    let has_addr = spice.get("addr").and_then(|addr| addr.written);
    let diagnostic = Diagnostic::warning(Code::OpenDisplay, message).at(ticketing.span_or(head));
    Some(diagnostic.help(match has_addr {
        _ if spice.is_arg => help,
        Some(addr) => help.replace(addr.value, "127.0.0.1"),
        None => help.insert(end, " addr=127.0.0.1"),
    }))
}

/// Whether nobody outside the host reaches what listens there.
fn is_local(host: &str) -> bool {
    host.starts_with("127.")
        || matches!(host, "localhost" | "::1" | "[::1]")
        || host.starts_with("unix:")
        || host == "unix"
}

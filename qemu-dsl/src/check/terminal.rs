//! What QEMU's own terminal is used for, and the ports that the machine has.

use crate::Span;
use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy, Severity};
use crate::hardware::{Hardware, QemuOption};
use crate::model::Extent;
use crate::plan::arguments;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    terminal(hardware, diagnostics);
    diagnostics.extend(nographic(hardware));
    let board = &hardware.board;
    for (flag, has) in [("serial", board.serial_ports()), ("parallel", board.parallel_ports())] {
        let Some(has) = has else { continue };
        let is_none = |option: &&QemuOption<'_>| option.first().is_some_and(|first| first.text == "none");
        for option in hardware.all(flag).skip(has).filter(|option| !is_none(option)) {
            let sort = Sort::Ports { of: flag.into() };
            let (code, message, help) = sort.beyond(&board.name, has as u64, has as u64 + 1);
            // QEMU takes it without a word.
            let severity = if option.is_arg { Severity::Warning } else { Severity::Error };
            let diagnostic = Diagnostic::new(severity, code, message);
            diagnostics.push(diagnostic.at(hardware.head(option.statement)).help(help));
        }
    }
}

/// Whether an option uses the terminal.
pub(crate) fn uses(option: &QemuOption<'_>) -> bool {
    let first = option.first().map(|first| first.text);
    match option.name {
        "chardev" => first == Some("stdio"),
        name => arguments::is_connecting(name) && matches!(first, Some("stdio" | "mon:stdio")),
    }
}

/// That QEMU leaves what something uses.
pub(crate) fn leaves() -> Diagnostic {
    Diagnostic::error(Code::NographicDaemonize, "`daemonize` leaves the terminal that this uses")
        .help("leave out `daemonize`, or connect it to something else: a `file` or a `socket`")
}

/// The same of what `nographic` has there.
pub(crate) fn without_screen() -> Diagnostic {
    Diagnostic::error(Code::NographicDaemonize, "`nographic` uses the terminal, `daemonize` leaves it")
        .help("write `display none` in place of `nographic`")
}

fn nographic(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let (nographic, daemonize) = (hardware.all("nographic").next()?, hardware.all("daemonize").next()?);
    // Without its default devices nothing is left that would use the terminal.
    if hardware.is_bare() {
        return None;
    }
    let at = hardware.head(nographic.statement);
    let wrong = without_screen()
        .label(at, "uses the terminal")
        .label(hardware.head(daemonize.statement), "leaves it");
    let entry = hardware.entry(nographic.statement).filter(|_| !nographic.is_arg);
    let help = Remedy::new("write `display none` in place of `nographic`");
    Some(match entry {
        Some(entry) => wrong.help(help.replace(entry.span, "display none")),
        None => wrong,
    })
}

fn terminal(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut users = hardware.options.iter().filter(|option| uses(option));
    let Some(first) = users.next() else { return };
    let at = |option: &QemuOption<'_>| hardware.head(option.statement);
    for second in users {
        let id = first.get("id").map_or("serial0", |id| id.text);
        let help = format!(
            "let both use one: `mux` behind the first, and `chardev={id}` in place of the second's `stdio`"
        );
        let (code, message, _) = Sort::Terminal.twice("");
        diagnostics.push(
            Diagnostic::error(code, message)
                .label(at(second), "the second one")
                .label(at(first), "the first one")
                .help(help),
        );
    }
    if let Some(daemonize) = hardware.all("daemonize").next() {
        diagnostics.push(leaves().label(at(first), "uses the terminal").label(at(daemonize), "leaves it"));
    }
    // By itself it has the serial port and the monitor there, whichever of them nothing is said of.
    let Some(nographic) = hardware.all("nographic").next() else { return };
    let has_serial =
        hardware.has("serial") || hardware.devices.iter().any(|device| device.driver == "isa-serial");
    // `mon:stdio` is both.
    let is_both =
        |option: &QemuOption<'_>| option.first().is_some_and(|first| first.text.starts_with("mon:"));
    let has_monitor = hardware.has("monitor")
        || hardware.has("mon")
        || ["serial", "parallel"].into_iter().flat_map(|flag| hardware.all(flag)).any(is_both);
    let missing = match (has_serial, has_monitor) {
        (false, _) => Some("serial"),
        (true, false) => Some("monitor"),
        (true, true) => None,
    };
    let is_whole = hardware.vm.extent == Extent::Whole && hardware.vm.complete && !hardware.is_uncertain;
    if let Some(what) = missing.filter(|_| is_whole && !hardware.is_bare()) {
        let place: Span = at(nographic);
        let help =
            format!("write `display none` in place of `nographic`, or say what becomes of it: `{what} none`");
        let help = Remedy::new(help);
        let message = format!("`nographic` has its {what} on the terminal, too");
        diagnostics.push(
            Diagnostic::error(Code::InUse, message)
                .label(at(first), "uses the terminal")
                .label(place, "the second one")
                .help(if nographic.is_arg { help } else { help.replace(place, "display none") }),
        );
    }
}

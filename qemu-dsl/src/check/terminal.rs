//! What QEMU's own terminal is used for, and the ports that the machine has.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy, Severity};
use crate::hardware::{Hardware, QemuOption};
use crate::model::Extent;
use crate::plan::arguments;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    terminal(hardware, diagnostics);
    let board = &hardware.board;
    for (flag, has, what, other) in [
        ("serial", board.serial_ports(), "serial", "pci-serial"),
        ("parallel", board.parallel_ports(), "parallel", ""),
    ] {
        let Some(has) = has else { continue };
        let is_none = |option: &&QemuOption<'_>| option.first().is_some_and(|first| first.text == "none");
        for option in hardware.all(flag).skip(has).filter(|option| !is_none(option)) {
            let number = match has {
                0 => format!("no {what} port"),
                1 => format!("one {what} port"),
                has => format!("{has} {what} ports"),
            };
            let message = format!("`{}` has {number}: this one isn't there", board.name);
            let help = if other.is_empty() {
                "leave it out".to_owned()
            } else {
                format!("leave it out, or plug one in: `{what} ... driver={other}`")
            };
            // QEMU takes it without a word.
            let severity = if option.is_arg { Severity::Warning } else { Severity::Error };
            let diagnostic = Diagnostic::new(severity, Code::OutOfRange, message);
            diagnostics.push(diagnostic.at(hardware.head(option.statement)).help(help));
        }
    }
}

/// Whether an option uses the terminal.
fn uses(option: &QemuOption<'_>) -> bool {
    let first = option.first().map(|first| first.text);
    match option.name {
        "chardev" => first == Some("stdio"),
        name => arguments::is_connecting(name) && matches!(first, Some("stdio" | "mon:stdio")),
    }
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
        diagnostics.push(
            Diagnostic::error(Code::InUse, "two can't have QEMU's standard input and output")
                .label(at(second), "the second one")
                .label(at(first), "the first one")
                .help(help),
        );
    }
    if let Some(daemonize) = hardware.all("daemonize").next() {
        diagnostics.push(
            Diagnostic::error(Code::NographicDaemonize, "`daemonize` leaves the terminal that this uses")
                .label(at(first), "uses the terminal")
                .label(at(daemonize), "leaves it")
                .help("leave out `daemonize`, or connect it to something else: a `file` or a `socket`"),
        );
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

//! `no-user-config`, `nodefaults`, `nographic` and `daemonize`

use crate::check::Checking;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::lowering::Lowering;
use crate::spec::{Form, form};

form! {
    /// Reads no configuration file of the user.
    NoUserConfig {}
}

impl Form for NoUserConfig {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.flag("-no-user-config");
    }
}

form! {
    /// Creates none of the devices that QEMU adds by itself: serial port, monitor, graphics, network, drives.
    NoDefaults {}
}

impl Form for NoDefaults {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.flag("-nodefaults");
    }
}

form! {
    /// No window: the serial port and the monitor use the terminal.
    NoGraphic {}
}

impl Form for NoGraphic {
    fn check(&self, cx: &mut Checking<'_>) {
        if let Some((daemonize, _)) = cx.vm.entry::<Daemonize>() {
            let diagnostic = Diagnostic::error(
                Code::NographicDaemonize,
                "`nographic` uses the terminal, `daemonize` leaves it",
            )
            .label(cx.entry.head, "uses the terminal")
            .label(daemonize.head, "leaves it")
            .help("write `arg \"-display\" \"none\"` in place of `nographic`");
            cx.report(diagnostic);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.flag("-nographic");
    }
}

form! {
    /// QEMU goes to the background as soon as it is ready.
    Daemonize {}
}

impl Form for Daemonize {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.flag("-daemonize");
    }
}

//! `no-user-config`, `nodefaults`, `nographic` and `daemonize`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};

statement! {
    /// Reads no configuration file of the user.
    NO_USER_CONFIG reserved "no-user-config" once settled NoUserConfig [NoUserConfig]
    example "no-user-config"
}

statement! {
    /// Creates none of the devices that QEMU adds by itself: serial port, monitor, graphics, network, drives.
    NODEFAULTS reserved "nodefaults" once settled NoDefaults [NoDefaults]
    example "nodefaults"
}

statement! {
    /// No window: the serial port and the monitor use the terminal.
    NOGRAPHIC reserved "nographic" once settled NoGraphic [NoGraphic]
    example "nographic"
}

statement! {
    /// QEMU goes to the background as soon as it is ready.
    DAEMONIZE reserved "daemonize" once settled Daemonize [Daemonize]
    example "daemonize"
}

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
        // Without its default devices nothing is left that would use the terminal.
        let daemonize = cx.hardware.all("daemonize").next().filter(|_| !cx.hardware.is_bare());
        if let Some(daemonize) = daemonize {
            let diagnostic = Diagnostic::error(
                Code::NographicDaemonize,
                "`nographic` uses the terminal, `daemonize` leaves it",
            )
            .label(cx.entry.head, "uses the terminal")
            .label(cx.hardware.head(daemonize.statement), "leaves it")
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

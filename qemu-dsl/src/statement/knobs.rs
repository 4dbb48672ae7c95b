//! Statements that are a flag of QEMU's: `nographic`, `paused` and the like.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};

/// Declares such statements: the keyword, the flag, its place among the arguments, and what can be wrong with it.
macro_rules! flags {
    ($(
        $(#[doc = $doc:literal])+
        $statement:ident $form:ident $($reserved:ident)? $keyword:literal $flag:literal $section:ident
        $(check $check:path)?;
    )+) => {$(
        statement! {
            $(#[doc = $doc])+
            $statement $($reserved)? $keyword once settled $section [$form]
            example $keyword
        }

        form! {
            $(#[doc = $doc])+
            $form {}
        }

        impl Form for $form {
            $(fn check(&self, cx: &mut Checking<'_>) {
                $check(cx);
            })?

            fn lower(&self, out: &mut Lowering<'_>) {
                out.flag($flag);
            }
        }
    )+};
}

flags! {
    /// Reads no configuration file of the user.
    NO_USER_CONFIG NoUserConfig reserved "no-user-config" "-no-user-config" NoUserConfig;

    /// Creates none of the devices that QEMU adds by itself: serial port, monitor, graphics, network, drives.
    NODEFAULTS NoDefaults reserved "nodefaults" "-nodefaults" NoDefaults;

    /// No window: the serial port and the monitor use the terminal.
    NOGRAPHIC NoGraphic reserved "nographic" "-nographic" NoGraphic check terminal;

    /// QEMU goes to the background as soon as it is ready.
    DAEMONIZE Daemonize reserved "daemonize" "-daemonize" Daemonize;

    /// The guest doesn't run before somebody lets it, by the monitor's or QMP's `cont`.
    PAUSED Paused "paused" "-S" Behaviour;

    /// QEMU ends where the guest would start again.
    NO_REBOOT NoReboot "no-reboot" "-no-reboot" Behaviour;

    /// QEMU stays, with the guest stopped, where that switches itself off.
    NO_SHUTDOWN NoShutdown "no-shutdown" "-no-shutdown" Behaviour;
}

/// Without its default devices nothing is left that would use the terminal.
fn terminal(cx: &mut Checking<'_>) {
    let daemonize = cx.hardware.all("daemonize").next().filter(|_| !cx.hardware.is_bare());
    if let Some(daemonize) = daemonize {
        let diagnostic = Diagnostic::error(
            Code::NographicDaemonize,
            "`nographic` uses the terminal, `daemonize` leaves it",
        )
        .label(cx.entry.head, "uses the terminal")
        .label(cx.hardware.head(daemonize.statement), "leaves it")
        .help(
            Remedy::new("write `display none` in place of `nographic`")
                .replace(cx.entry.span, "display none"),
        );
        cx.report(diagnostic);
    }
}

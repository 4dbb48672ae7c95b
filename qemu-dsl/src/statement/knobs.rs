//! Statements that are a flag of QEMU's: `nographic`, `paused` and the like.

use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};

/// Declares such statements: the keyword, the flag, and its place among the arguments.
macro_rules! flags {
    ($(
        $(#[doc = $doc:literal])+
        $statement:ident $form:ident $($reserved:ident)? $keyword:literal $flag:literal $section:ident;
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
    NOGRAPHIC NoGraphic reserved "nographic" "-nographic" NoGraphic;

    /// QEMU goes to the background as soon as it is ready.
    DAEMONIZE Daemonize reserved "daemonize" "-daemonize" Daemonize;

    /// The guest doesn't run before somebody lets it, by the monitor's or QMP's `cont`.
    PAUSED Paused "paused" "-S" Behaviour;

    /// QEMU ends where the guest would start again.
    NO_REBOOT NoReboot "no-reboot" "-no-reboot" Behaviour;

    /// QEMU stays, with the guest stopped, where that switches itself off.
    NO_SHUTDOWN NoShutdown "no-shutdown" "-no-shutdown" Behaviour;
}

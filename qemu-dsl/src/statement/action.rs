//! `action`

use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::choice;

statement! {
    /// What QEMU does where the guest ends, starts again or breaks down.
    STATEMENT "action" once settled Behaviour [Action]
    example "action reboot=shutdown panic=pause"
}

choice! {
    /// What is done where the guest starts again.
    Reboot { Reset "reset": "it starts again", Shutdown "shutdown": "QEMU ends" }
}

choice! {
    /// What is done where the guest switches itself off.
    Shutdown { Poweroff "poweroff": "QEMU ends", Pause "pause": "the guest is stopped, and QEMU stays" }
}

choice! {
    /// What is done where the guest panics.
    Panic {
        None "none": "nothing, the guest goes on",
        Pause "pause": "the guest is stopped, and QEMU stays",
        Shutdown "shutdown": "QEMU ends",
        ExitFailure "exit-failure": "QEMU ends as one that has failed",
    }
}

choice! {
    /// What is done where nobody resets the guest's watchdog.
    Watchdog {
        Reset "reset": "the guest starts again",
        Shutdown "shutdown": "the guest is asked to switch itself off",
        Poweroff "poweroff": "QEMU ends",
        InjectNmi "inject-nmi": "the guest gets an interrupt that it can't mask",
        Pause "pause": "the guest is stopped, and QEMU stays",
        Debug "debug": "QEMU writes that it happened",
        None "none": "nothing",
    }
}

form! {
    /// What QEMU does where the guest ends, starts again or breaks down.
    Action {
        /// Where the guest starts again.
        reboot "reboot": Option<Val<Reboot>>,
        /// Where the guest switches itself off.
        shutdown "shutdown": Option<Val<Shutdown>>,
        /// Where the guest tells of its panic, which takes a device such as `device pvpanic`.
        panic "panic": Option<Val<Panic>> {
            change: Some(&changes::ACTION_PANIC),
            words: &[("exit-failure", &changes::EXIT_FAILURE)],
        },
        /// Where nobody resets the guest's watchdog in time, which is a device such as `device i6300esb`.
        watchdog "watchdog": Option<Val<Watchdog>>,
    } needs option
}

impl Form for Action {
    fn lower(&self, out: &mut Lowering<'_>) {
        if out.has(&changes::ACTION) {
            out.option("-action")
                .set("reboot", &self.reboot)
                .set("shutdown", &self.shutdown)
                .set("panic", &self.panic)
                .set("watchdog", &self.watchdog);
            return;
        }
        if self.reboot.is(|reboot| *reboot == Reboot::Shutdown) {
            out.flag("-no-reboot");
        }
        if self.shutdown.is(|shutdown| *shutdown == Shutdown::Pause) {
            out.flag("-no-shutdown");
        }
        out.value("-watchdog-action", &self.watchdog);
    }
}

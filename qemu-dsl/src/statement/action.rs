//! `action`

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
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

impl Action {
    /// Reports another statement that says the same, or something else, of what `said` is about.
    fn again(&self, other: &str, value: &str, said: Span, is_same: bool, cx: &mut Checking<'_>) {
        let own = cx.entry.head;
        let flags = cx.hardware.all(other);
        let Some(flag) = flags.filter(|flag| cx.hardware.head(flag.statement) != own).last() else { return };
        let message = match is_same {
            true => format!("`{other}` says the same as `{value}`"),
            false => format!("`{other}` says something else than `{value}`: QEMU heeds the last"),
        };
        let diagnostic = match is_same {
            true => Diagnostic::advice(Code::IgnoredOption, message),
            false => Diagnostic::warning(Code::IgnoredOption, message),
        };
        let diagnostic = diagnostic.label(said, "this").label(cx.hardware.head(flag.statement), "and this");
        let help = Remedy::new(format!("leave out `{other}`"));
        let entry = cx.hardware.entry(flag.statement).filter(|_| !flag.is_arg);
        cx.report(diagnostic.help(match entry {
            Some(entry) => help.remove(entry.span),
            None => help,
        }));
    }
}

impl Form for Action {
    fn check(&self, cx: &mut Checking<'_>) {
        if let Some(reboot) = self.reboot.known() {
            let value = format!("reboot={}", reboot.value);
            self.again("no-reboot", &value, reboot.span, reboot.value == Reboot::Shutdown, cx);
        }
        if let Some(shutdown) = self.shutdown.known() {
            let value = format!("shutdown={}", shutdown.value);
            self.again("no-shutdown", &value, shutdown.span, shutdown.value == Shutdown::Pause, cx);
        }
    }

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

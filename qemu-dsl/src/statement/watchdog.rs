//! `watchdog`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::Val;
use crate::model::ids::OptionalId;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::action::Watchdog as Action;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Pci;
use crate::statement::single::DeviceId;

statement! {
    /// A watchdog: where the guest doesn't reset it in time, something is done.
    STATEMENT "watchdog" many settled Devices [OfPci, Other, Itco]
    example "watchdog i6300esb action=reset"
}

form! {
    /// A watchdog on PCI.
    OfPci kinds ["i6300esb": "Intel's 6300ESB, on PCI"] {
        /// Its id.
        id "id": OptionalId<DeviceId>,
        /// What is done. Without it the guest starts again. All watchdogs have it in common.
        action "action": Option<Val<Action>>,
    } with Pci
    opens device [(Kind::Device, "i6300esb")]
}

form! {
    /// A watchdog that the machine has in one place.
    Other kinds [
        "ib700": "iBASE 700, on the ISA bus",
        "diag288": "a machine's own of s390x",
    ] {
        /// Its id.
        id "id": OptionalId<DeviceId>,
        /// What is done. Without it the guest starts again. All watchdogs have it in common.
        action "action": Option<Val<Action>>,
    }
    opens device [(Kind::Device, "{}")]
}

form! {
    /// The watchdog of Intel's ICH9, which `machine q35` has in any case. QEMU does nothing where it isn't reset, unless this
    /// statement stands.
    Itco kinds ["itco": "that of `machine q35` itself"] {
        /// What is done. Without it the guest starts again. All watchdogs have it in common.
        action "action": Option<Val<Action>>,
    }
}

impl Form for OfPci {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device(&self.kind).set("id", &self.id.0).pci(&self.pci).written_out(&self.device);
        out.value("-watchdog-action", &self.action);
    }
}

impl Form for Other {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device(&self.kind).set("id", &self.id.0).written_out(&self.device);
        out.value("-watchdog-action", &self.action);
    }
}

impl Form for Itco {
    fn check(&self, cx: &mut Checking<'_>) {
        let board = &cx.hardware.board;
        if cx.vm.extent.has_machine() && !cx.hardware.is_uncertain && board.is_known() && !board.is_q35() {
            let message = format!("the machine `{}` has no watchdog `itco`", board.name);
            let diagnostic = Diagnostic::error(Code::NotCreatable, message).at(cx.entry.head);
            let help = Remedy::new("choose `machine q35`, or write `watchdog i6300esb`");
            cx.report(diagnostic.help(help.replace(self.kind.span, "i6300esb")));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-global").set("driver", "ICH9-LPC").set("property", "noreboot").set("value", "off");
        out.value("-watchdog-action", &self.action);
    }
}

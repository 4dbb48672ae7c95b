//! `icount`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{OnOff, Path, Text, choice};

statement! {
    /// The guest's time is how many instructions it has run (TCG).
    STATEMENT "icount" once settled Behaviour [ICount]
    example "machine q35 accel=tcg\nicount shift=auto"
}

choice! {
    /// How long an instruction takes.
    Shift {
        Auto "auto": "so long that the guest's time is about the host's",
        N0 "0": "1 ns",
        N1 "1": "2 ns",
        N2 "2": "4 ns",
        N3 "3": "8 ns",
        N4 "4": "16 ns",
        N5 "5": "32 ns",
        N6 "6": "64 ns",
        N7 "7": "128 ns",
        N8 "8": "256 ns",
        N9 "9": "512 ns",
        N10 "10": "1,024 ns",
    }
}

choice! {
    /// What is done with what the guest is told by others.
    Replay { Record "record": "it is written down", Replay "replay": "what is written down happens again" }
}

form! {
    /// The guest's time is how many instructions it has run (TCG).
    ICount {
        /// How long an instruction takes.
        shift "shift": Val<Shift>,
        /// The guest waits where its time is before the host's.
        align "align": Option<Val<OnOff>>,
        /// QEMU sleeps while the guest does, rather than go on to its next event at once.
        sleep "sleep": Option<Val<OnOff>> { default: "on" },
        /// What is done with what the guest is told by others: with it, a run can be had again.
        rr "rr": Option<Val<Replay>>,
        /// The file for that.
        rrfile "rrfile": Option<Val<Path>>,
        /// The snapshot of the VM that is made, or where it begins.
        rrsnapshot "rrsnapshot": Option<Val<Text>>,
    }
}

impl Form for ICount {
    fn check(&self, cx: &mut Checking<'_>) {
        let others: Vec<_> = cx.hardware.accelerators().into_iter().filter(|name| *name != "tcg").collect();
        if let Some(other) = others.first().filter(|_| !cx.hardware.is_uncertain) {
            let diagnostic =
                Diagnostic::error(Code::ExclusiveOptions, format!("`icount` needs TCG, and not `{other}`"));
            cx.report(
                diagnostic.at(cx.entry.head).help("write `accel=tcg` for the machine, or leave out `icount`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-icount")
            .set("shift", &self.shift)
            .set("align", self.align)
            .set("sleep", self.sleep)
            .set("rr", &self.rr)
            .set("rrfile", &self.rrfile)
            .set("rrsnapshot", &self.rrsnapshot);
    }
}

//! `icount`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
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

impl ICount {
    /// QEMU can't both wait for the host's time and go on at once.
    fn times(&self, cx: &mut Checking<'_>) {
        let align = self.align.known().filter(|align| align.value.0);
        let sleep = self.sleep.known().filter(|sleep| !sleep.value.0);
        if let (Some(align), Some(sleep)) = (align, sleep) {
            let message = "`align` waits for the host's time, and `sleep=off` never waits";
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message);
            let diagnostic = diagnostic.label(sleep.span, "this").label(align.span, "and this");
            cx.report(diagnostic.help("leave out one of them"));
        }
    }

    /// What is written down needs a file.
    fn replays(&self, cx: &mut Checking<'_>) {
        match (&self.rr, &self.rrfile, &self.rrsnapshot) {
            (Some(rr), None, _) => {
                let diagnostic = Diagnostic::error(Code::MissingOption, "`rr` needs `rrfile=`").at(rr.span());
                cx.missing("rrfile", diagnostic.help("add `rrfile=` and a file's path"));
            }
            (None, Some(file), _) => {
                let message = "nothing is written to `rrfile` or read from it";
                let diagnostic = Diagnostic::warning(Code::IgnoredOption, message).at(file.span());
                cx.missing("rr", diagnostic.help("add `rr=record` or `rr=replay`, or leave it out"));
            }
            (None, None, Some(snapshot)) => {
                let message = "there is no snapshot without `rr=`";
                let diagnostic = Diagnostic::warning(Code::IgnoredOption, message).at(snapshot.span());
                cx.missing("rr", diagnostic.help("add `rr=record` or `rr=replay`, or leave it out"));
            }
            _ => {}
        }
    }
}

impl Form for ICount {
    fn check(&self, cx: &mut Checking<'_>) {
        let hardware = cx.hardware;
        // Others are tried where this one can't be had.
        let first = hardware.accelerators().into_iter().next();
        if let Some(other) = first.filter(|first| *first != "tcg" && !hardware.is_uncertain) {
            let message = format!("`icount` needs TCG, and not `{other}`");
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message).at(cx.entry.head);
            let (accel, machine) = (hardware.all("accel").next(), hardware.written_machine("accel"));
            cx.report(match (accel.filter(|accel| !accel.is_arg), machine) {
                (Some(accel), _) => {
                    let kind = accel.first().map_or(hardware.head(accel.statement), |kind| {
                        kind.span_or(hardware.head(accel.statement))
                    });
                    let help = Remedy::new("write `accel tcg` first, or leave out `icount`");
                    diagnostic.label(kind, "the first that is tried").help(help)
                }
                (None, Some(machine)) => diagnostic.help(
                    Remedy::new("write `accel=tcg` for the machine, or leave out `icount`")
                        .replace(machine.value, "tcg"),
                ),
                (None, None) => diagnostic.help("write `accel tcg`, or leave out `icount`"),
            });
        }
        let threads = hardware.all("accel").filter_map(|accel| accel.get("thread"));
        if let Some(threads) = threads.into_iter().find(|threads| threads.text == "multi") {
            let diagnostic = Diagnostic::error(
                Code::ExclusiveOptions,
                "`icount` counts one thread, and `thread=multi` has one a CPU",
            );
            let diagnostic = diagnostic.label(cx.entry.head, "this");
            cx.report(match threads.written {
                Some(written) => diagnostic.label(written.value, "and this").help(
                    Remedy::new("write `thread=single`, or leave it out").replace(written.value, "single"),
                ),
                None => diagnostic.help("leave out one of them"),
            });
        }
        self.times(cx);
        self.replays(cx);
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

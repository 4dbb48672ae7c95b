//! `firmware`

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::{Facts, Flash, Maybe as _, Open, Val, Vars};
use crate::plan::{Arch, FIRMWARE_SLOT, Piece, STATELESS_FIRMWARE_SLOT};
use crate::print::{Emit, Lowering};
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup};
use crate::statement::form::{Form, form, statement};
use crate::table::Section;
use crate::value::{Format, OnOff, Path};

statement! {
    /// The firmware in the machine's flash memory: UEFI.
    STATEMENT "firmware" once settled Bios [Firmware]
    example "machine q35 accel=kvm\nfirmware uefi vars=\"web_VARS.fd\""
}

form! {
    /// The firmware in the machine's flash memory: UEFI.
    Firmware kinds ["uefi": "UEFI, such as OVMF (x86) or AAVMF (ARM)"] {
        /// The file with its code, which the guest can't write. Without it the host chooses: its descriptors, as QEMU's
        /// `firmware.json` has them, tell which file fits the machine. `qemu-dslc run` and the runtime look for it; what is
        /// printed has `uefi:code` in its place.
        code "code": Option<Val<Path>>,
        /// The file with its variables, such as the order of booting. Where it is missing, it is made from the template that
        /// belongs to the code. Without it the variables are gone when QEMU ends, or the code's file has them.
        vars "vars": Option<Val<Path>>,
        /// The format of these files.
        format "format": Option<Val<Format>> { default: "raw" },
        /// The host chooses a code that keeps no variables.
        stateless "stateless": Option<Val<OnOff>> { excludes: &["code", "vars", "secure"] },
        /// Only System Management Mode can write the variables, as Secure Boot needs it. It switches on the machine's `smm`.
        secure "secure": Option<Val<OnOff>>,
    }
}

/// The name of the node with a file's content, which the text may have for something else.
fn node(name: &'static str, out: &Lowering<'_>) -> String {
    let names = std::iter::once(name.to_owned()).chain((0..).map(|number| format!("{name}{number}")));
    let mut free = names.filter(|name| !out.vm.ids.names(name));
    free.next().unwrap_or_default()
}

impl Lowering<'_> {
    /// The names of the nodes that the machine has in its flash memory: that of the code, and that of the variables.
    pub(crate) fn flash(&self) -> Option<(String, Option<VarsNode>)> {
        let flash = self.vm.facts.flash.filter(|_| self.has(&changes::FLASH_NODES))?;
        let vars = |open| Some(VarsNode { name: node("vars", self), open });
        let vars = match flash.vars {
            Vars::None => None,
            Vars::Known => vars(None),
            Vars::Open(open) => vars(Some(open)),
        };
        Some((node("code", self), vars))
    }
}

/// The name of the node with the variables, and the value without which there is none.
pub(crate) struct VarsNode {
    name: String,
    open: Option<Open>,
}

impl Emit for VarsNode {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.name.emit(text)
    }

    fn open(&self) -> Option<Open> {
        self.open
    }
}

/// The file of the code.
enum CodeFile<'f> {
    File(&'f Val<Path>),
    Slot(&'static str),
}

impl Emit for CodeFile<'_> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self {
            Self::File(file) => file.emit(text),
            Self::Slot(slot) => slot.emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        match self {
            Self::File(file) => Some(Val::span(file)),
            Self::Slot(_) => None,
        }
    }

    fn open(&self) -> Option<Open> {
        match self {
            Self::File(file) => Emit::open(*file),
            Self::Slot(_) => None,
        }
    }
}

impl Firmware {
    fn code(&self) -> CodeFile<'_> {
        match &self.code {
            Some(file) => CodeFile::File(file),
            None if self.stateless.is(|stateless| stateless.0) => CodeFile::Slot(STATELESS_FIRMWARE_SLOT),
            None => CodeFile::Slot(FIRMWARE_SLOT),
        }
    }

    fn is_secure(&self) -> bool {
        self.secure.is(|secure| secure.0)
    }
}

impl Form for Firmware {
    fn register(&self, facts: &mut Facts) {
        let vars = match self.vars {
            None => Vars::None,
            Some(Val::Known(_)) => Vars::Known,
            Some(Val::Open(open)) => Vars::Open(open),
        };
        facts.flash = Some(Flash { vars, is_secure: self.is_secure() });
    }

    fn check(&self, cx: &mut Checking<'_>) {
        let head = cx.entry.head;
        if let Some(bios) = cx.hardware.all("bios").next() {
            let at = cx.hardware.head(bios.statement);
            let without = cx.hardware.entry(bios.statement).map_or(at, |entry| entry.span);
            let help = Remedy::new("leave out one of them");
            cx.report(
                Diagnostic::error(
                    Code::ExclusiveOptions,
                    "`bios` and `firmware` both say what the firmware is",
                )
                .label(at, "this")
                .label(head, "and this")
                .help(if bios.is_arg { help } else { help.remove(without) }),
            );
        }
        let board = &cx.hardware.board;
        let machine = schema::nearest(cx.vm.target).find(Kind::Machine, &board.name);
        if machine.is_some_and(|machine| machine.property("pflash0") == Lookup::Unknown) {
            let message = format!("`{}` has no flash memory for a firmware", board.name);
            cx.report(
                Diagnostic::error(Code::IgnoredOption, message)
                    .at(head)
                    .help("write `bios` and the firmware's image, or take `q35` or `pc`"),
            );
        }
        if let Some(secure) = self.secure.known().filter(|secure| secure.0) {
            if self.vars.is_none() {
                let diagnostic = Diagnostic::error(
                    Code::MissingOption,
                    "`secure` is about the variables, and there are none",
                )
                .at(secure.span)
                .help("add `vars=` and a copy of the firmware's template for them");
                cx.missing("vars", diagnostic);
            }
            let smm = cx
                .hardware
                .written_machine("smm")
                .filter(|_| cx.hardware.machine("smm").is_some_and(|smm| !smm.is_on() && smm.text != "auto"));
            if let Some(smm) = smm {
                cx.report(
                    Diagnostic::error(Code::ExclusiveOptions, "`secure` needs the machine's `smm`")
                        .label(secure.span, "needs it")
                        .label(smm.value, "is off")
                        .help(Remedy::new("write `smm=on`").replace(smm.value, "on")),
                );
            }
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        if self.is_secure() {
            out.section(Section::Global)
                .option("-global")
                .set("driver", "cfi.pflash01")
                .set("property", "secure")
                .set("value", "on");
        }
        out.section(Section::Devices);
        let Some((code, vars)) = out.flash() else {
            // Before, a machine knew them by their drives.
            let drive = |unit: &str, out: &mut Lowering<'_>, file: &dyn Emit, is_readonly: bool| {
                out.option("-drive")
                    .set("if", "pflash")
                    .set("unit", unit)
                    .set_or("format", &self.format, "raw")
                    .set("readonly", is_readonly.then_some("on"))
                    .set("file", file);
            };
            drive("0", out, &self.code(), true);
            self.vars.iter().for_each(|vars| drive("1", out, vars, false));
            return;
        };
        out.option("-blockdev")
            .set_or("driver", &self.format, "raw")
            .set("node-name", &code)
            .set("read-only", "on")
            .set("file.driver", "file")
            .set("file.filename", self.code());
        if let (Some(file), Some(node)) = (&self.vars, &vars) {
            out.option("-blockdev")
                .set_or("driver", &self.format, "raw")
                .set("node-name", &node.name)
                .set("file.driver", "file")
                .set("file.filename", file);
        }
        // The machine's own statement names them, where there is one.
        if !out.vm.facts.names_machine {
            let smm = out.smm();
            out.section(Section::Machine)
                .option("-machine")
                .set("smm", smm)
                .set("pflash0", &code)
                .set("pflash1", vars.as_ref());
        }
    }
}

impl Lowering<'_> {
    /// What the machine's `smm` must be for the firmware, where only x86 has it.
    pub(crate) fn smm(&self) -> Option<&'static str> {
        let is_x86 = matches!(self.vm.target.arch, Arch::X86_64 | Arch::I386);
        self.vm.facts.flash.filter(|flash| flash.is_secure && is_x86).map(|_| "on")
    }
}

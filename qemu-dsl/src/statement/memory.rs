//! `memory`
//!
//! **`memory 512` is in MiB**, as for `-m`; elsewhere a bare number counts bytes, as in QEMU.
//!
//! **RAM goes by `/proc/self/fd/N`**: QEMU opens `mem-path` past its sets of fds. A disk goes by a set, which must have
//! what is open exactly as QEMU would open it: hence `direct` of a file, and `auto-read-only=off`.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Facts;
use crate::model::ids::{Id, id_kinds};
use crate::model::{Maybe, Val};
use crate::plan::{FdSource, Show};
use crate::print::{As, Emit, Lowering, number, text};
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::statement::ram::{Object, Ram, on};
use crate::table::Section;
use crate::value::{FdFlag, MemorySize, OnOff, UInt};

statement! {
    /// The guest's RAM.
    STATEMENT reserved "memory" once settled Memory [Memory]
    example "memory 2G slots=2 max=4G"
}

id_kinds! {
    /// The ids of what holds the RAM.
    RamId "ram"
}

form! {
    /// The guest's RAM.
    Memory {
        /// How much at the start. A number without a suffix is in MiB.
        size "size": Val<MemorySize> { positional: true },
        /// How many memory modules can be added.
        slots "slots": Option<Val<UInt<0, 256>>>,
        /// The most that there can be, with the modules.
        max "max": Option<Val<MemorySize>>,
        /// All of it is taken from the host at once, in huge pages: a file in `/dev/hugepages`, which must be mounted there.
        /// They are shared. `hugetlb` needs no such folder.
        hugepages "hugepages": Option<Val<OnOff>> { excludes: OBJECTS },
        /// It is a file in memory (memfd) that is made before QEMU starts, which gets it as a file descriptor: whoever
        /// hands one over in its place has the guest's RAM too. It is shared.
        fd "fd": Option<Val<FdFlag>> { excludes: OBJECTS },
        /// The id of the object that holds it, where one does: where more is said of it than how much.
        backend "backend": Id<RamId>,
    }
    groups [ram: Ram]
}

/// What says which object holds it.
const OBJECTS: &[&str] = &["path", "memfd", "hugetlb", "hugetlbsize", "seal", "shm"];

/// The folder where Linux has its huge pages.
const HUGEPAGES: &str = "/dev/hugepages";
/// The id that the object had before the machine knew it by name.
const OLD_BACKEND: &str = "dimm1";

impl Memory {
    fn fd(&self) -> Option<Val<OnOff>> {
        self.fd.map(|fd| fd.map(|fd| OnOff(fd.0)))
    }

    fn has_backend(&self) -> bool {
        let is_named = self.backend.written().is_some();
        is_named || on(self.hugepages) || on(self.fd()) || self.ram.asks_for_object().is_some()
    }

    /// Whether other processes can have the RAM.
    fn is_shared(&self) -> bool {
        on(self.hugepages) || on(self.ram.share) || on(self.fd())
    }

    /// The size for an object, which counts a bare number in bytes.
    fn backend_size(&self) -> As<'_, MemorySize> {
        As(Show::MemoryBytes, &self.size)
    }
}

impl Form for Memory {
    fn register(&self, facts: &mut Facts) {
        facts.ram = self.has_backend().then(|| text(&self.backend).into_owned());
    }

    fn check(&self, cx: &mut Checking<'_>) {
        if let (Some(size), Some(max)) = (self.size.known(), self.max.known())
            && max.bytes < size.bytes
        {
            cx.report(
                Diagnostic::error(
                    Code::MemoryMax,
                    format!("{size} at the start is more than at most ({max})"),
                )
                .label(max.span, "at most")
                .label(size.span, "at the start")
                .help("raise `max`, or lower the size"),
            );
        }
        if let Some(slots) = self.slots.known().filter(|slots| slots.0 > 0 && self.max.is_none()) {
            cx.missing(
                "max",
                Diagnostic::error(Code::SlotsWithoutMax, "slots need a maximum")
                    .at(slots.span)
                    .help("add `max=` and the most memory that there can be, with all slots filled"),
            );
        }
        let by_machine = cx.hardware.written_machine("memory-backend");
        let own = [("hugepages", self.hugepages), ("fd", self.fd())];
        let mut own = own.into_iter().filter(|(_, flag)| on(*flag));
        let own = own.find_map(|(name, flag)| Some((name, flag?.span())));
        let said = own.or_else(|| self.ram.asks_for_object());
        if let (Some(written), Some((name, at))) = (by_machine, said) {
            let diagnostic = Diagnostic::error(
                Code::ExclusiveOptions,
                format!("`memory-backend` and `{name}` both say what holds the RAM"),
            )
            .label(at, "this")
            .label(written.name.unwrap_or(written.value), "and this")
            .help("leave out one of them");
            cx.report(diagnostic);
        }
        self.ram.check(self.size.known().map(|size| size.bytes), cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-m")
            .word(&self.size)
            .set("slots", self.slots.filter(|slots| slots.known().is_none_or(|slots| slots.0 > 0)))
            .set("maxmem", &self.max);
        if !self.has_backend() {
            return;
        }
        let by_machine = out.has(&changes::MEMORY_BACKEND);
        let id: &dyn Emit = if by_machine { &self.backend } else { &OLD_BACKEND };
        let size = self.backend_size();
        out.section(Section::Backends);
        let hugetlb = on(self.hugepages);
        let size_in_bytes = number(&self.size, |size| size.bytes);
        let prealloc = (hugetlb || on(self.ram.prealloc)).then_some("on");
        if let Some(fd) = out.fd(self.fd, FdSource::Memfd { size: size_in_bytes, hugetlb, seal: true }, id) {
            // A set of file descriptors would not do: QEMU opens this path by itself.
            let option = out.option("-object").word(Object::File.name()).set("id", id).set("size", &size);
            let option = option.set_prefixed("mem-path", "/proc/self/fd/", Some(fd));
            self.ram.print(option, "on", prealloc);
        } else if hugetlb {
            let option = out.option("-object").word(Object::File.name()).set("id", id).set("size", &size);
            self.ram.print(option.set("mem-path", HUGEPAGES), "on", prealloc);
        } else {
            let object = self.ram.object(out);
            let option = out.option("-object").word(object.name()).set("id", id).set("size", &size);
            let option = option.set("mem-path", self.ram.path(object));
            self.ram.print(option, self.ram.shares(object), prealloc);
        }
        if by_machine {
            // The machine's own statement names it, where there is one.
            if !out.vm.facts.names_machine {
                out.section(Section::Machine).option("-machine").set("memory-backend", id);
            }
            return;
        }
        if self.is_shared() || self.ram.says_more_than(&["prealloc", "share"]) {
            out.option("-numa").word("node").set("memdev", id);
        } else {
            out.option("-device").word("pc-dimm").set("id", OLD_BACKEND).set("memdev", id);
        }
    }
}

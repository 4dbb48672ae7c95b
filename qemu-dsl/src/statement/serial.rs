//! `serial`, `parallel` and `debugcon`: ports of the machine, each with what it is connected to.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::model::{Property, Val};
use crate::print::{Emit, Lowering};
use crate::qemu::board::Board;
use crate::schema::Kind;
use crate::statement::backend::{Backend, CHANNELS};
use crate::statement::form::{Form, form, statement};
use crate::value::{Driver, IdText, Text, UInt};

statement! {
    /// A serial port and what it is connected to.
    SERIAL "serial" many pluggable Devices [Serial, SerialOf, NoSerial]
    example "serial file path=\"/var/log/web.log\" append"
}

statement! {
    /// A parallel port and what it is connected to.
    PARALLEL "parallel" many pluggable Devices [Parallel, ParallelOf, NoParallel]
    example "parallel file path=\"/var/spool/web.prn\""
}

statement! {
    /// A port to which firmware writes what it does (x86).
    DEBUGCON "debugcon" many settled Devices [Debugcon, DebugconOf]
    example "debugcon file path=\"/var/log/firmware.log\" iobase=0x402"
}

id_kinds! {
    /// The ids of serial ports.
    SerialId "serial" of "chardev"
    /// The ids of parallel ports.
    ParallelId "parallel" of "chardev"
    /// The ids of ports for firmware.
    DebugconId "debugcon" of "chardev"
}

/// A sort of ports that machines have.
struct Sort {
    /// QEMU's option for the machine's own.
    flag: &'static str,
    /// What they are called.
    name: &'static str,
    /// The device that is one of them, and one that every machine with PCI takes.
    device: fn(&Board) -> Option<&'static str>,
    other: &'static str,
}

const SERIAL_PORTS: Sort =
    Sort { flag: "-serial", name: "serial ports", device: Board::serial_device, other: "pci-serial" };

const PARALLEL_PORTS: Sort =
    Sort { flag: "-parallel", name: "parallel ports", device: Board::parallel_device, other: "isa-parallel" };

/// A port, as a statement says it.
struct Said<'a> {
    sort: &'static Sort,
    driver: &'a Option<Val<Driver>>,
    chardev: &'a dyn Emit,
    /// Its id, where the text gives it one.
    id: &'a dyn Emit,
    id_at: Option<Span>,
    properties: &'a [Property],
}

impl Said<'_> {
    /// What of it only a device can have.
    fn of_device(&self) -> Option<Span> {
        self.id_at.or_else(|| self.properties.first().map(|property| property.name.span))
    }

    fn check(&self, cx: &mut Checking<'_>) {
        let board = &cx.vm.facts.board;
        let Some(at) = self.of_device().filter(|_| self.driver.is_none()) else { return };
        if (self.sort.device)(board).is_none() {
            let Sort { name, other, .. } = self.sort;
            let message =
                format!("the {name} of `{}` are soldered to it: none has an id or properties", board.name);
            let help = format!("leave it out, or name a device that is plugged in: `driver={other}`");
            cx.report(Diagnostic::error(Code::IgnoredOption, message).at(at).help(help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let own = (self.sort.device)(&out.vm.facts.board);
        let is_device = self.driver.is_some() || self.of_device().is_some() || out.plugs();
        match own.filter(|_| is_device) {
            None if self.driver.is_none() => {
                out.option(self.sort.flag).prefixed("chardev:", self.chardev);
            }
            own => {
                out.option("-device")
                    .word_or(self.driver, own.unwrap_or_default())
                    .set("chardev", self.chardev)
                    .set("id", self.id)
                    .written_out(self.properties);
            }
        }
    }
}

/// Two statements of one shape, which differ by QEMU's names.
macro_rules! ports {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $refer:ident $none:ident $id:ident $sort:ident $driver:literal
    )+) => {$(
        form! {
            $(#[doc = $doc])+
            $name kinds of Backend {
                /// The id of the port and its backend. With it the port is a device of its own.
                id "id": Id<$id>,
                /// The backend's id, where that isn't the port's.
                chardev "chardev": OptionalId<$id>,
                /// The name of the backend's channel.
                name "name": Option<Val<Text>> { kinds: CHANNELS },
                /// The device. Without it, and without what only a device has, the machine's own next port.
                driver "driver": Option<Val<Driver>>,
            }
            groups [backend: Backend]
            opens device [(Kind::Device, $driver)]
        }

        form! {
            /// The same, connected to a backend that another statement makes.
            $refer {
                /// The backend's id.
                chardev "chardev": Val<IdText>,
                /// The port's id. With it the port is a device of its own.
                id "id": OptionalId<$id>,
                /// The device. Without it, and without what only a device has, the machine's own next port.
                driver "driver": Option<Val<Driver>>,
            }
            opens device [(Kind::Device, $driver)]
        }

        form! {
            /// The machine's own next port is not there.
            $none kinds ["none": "no port"] settled "a machine's own ports are there from its start" {}
        }

        impl $name {
            fn with<T>(&self, then: impl FnOnce(&Said<'_>) -> T) -> T {
                let id = self.id.written();
                then(&Said {
                    sort: &$sort,
                    driver: &self.driver,
                    chardev: &self.chardev.or(&self.id),
                    id: &id,
                    id_at: id.map(|id| id.name.span()),
                    properties: &self.device,
                })
            }
        }

        impl Form for $name {
            fn check(&self, cx: &mut Checking<'_>) {
                self.backend.check(&self.kind, ("name", &self.name), cx);
                self.with(|said| said.check(cx));
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                self.backend.lower(&self.kind, &self.chardev.or(&self.id), &self.name, out);
                self.with(|said| said.lower(out));
            }
        }

        impl $refer {
            fn said(&self) -> Said<'_> {
                Said {
                    sort: &$sort,
                    driver: &self.driver,
                    chardev: &self.chardev,
                    id: &self.id.0,
                    id_at: self.id.0.as_ref().map(Val::span),
                    properties: &self.device,
                }
            }
        }

        impl Form for $refer {
            fn check(&self, cx: &mut Checking<'_>) {
                self.said().check(cx);
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                self.said().lower(out);
            }
        }

        impl Form for $none {
            fn lower(&self, out: &mut Lowering<'_>) {
                out.option($sort.flag).word("none");
            }
        }
    )+};
}

ports! {
    /// A serial port and what it is connected to.
    Serial SerialOf NoSerial SerialId SERIAL_PORTS "isa-serial"
    /// A parallel port and what it is connected to.
    Parallel ParallelOf NoParallel ParallelId PARALLEL_PORTS "isa-parallel"
}

/// An I/O port.
type IoPort = UInt<0, 0xffff>;

form! {
    /// A port to which firmware writes what it does (x86), and what it is connected to.
    Debugcon kinds of Backend {
        /// The id of the port and its backend.
        id "id": Id<DebugconId>,
        /// The backend's id, where that isn't the port's.
        chardev "chardev": OptionalId<DebugconId>,
        /// The name of the backend's channel.
        name "name": Option<Val<Text>> { kinds: CHANNELS },
        /// The I/O port. OVMF and SeaBIOS write to `0x402`. Without it QEMU takes `0xe9`.
        iobase "iobase": Option<Val<IoPort>>,
    }
    groups [backend: Backend]
    opens device [(Kind::Device, "isa-debugcon")]
}

form! {
    /// The same, connected to a backend that another statement makes.
    DebugconOf {
        /// The backend's id.
        chardev "chardev": Val<IdText>,
        /// The port's id.
        id "id": OptionalId<DebugconId>,
        /// The I/O port. OVMF and SeaBIOS write to `0x402`. Without it QEMU takes `0xe9`.
        iobase "iobase": Option<Val<IoPort>>,
    }
    opens device [(Kind::Device, "isa-debugcon")]
}

impl Form for Debugcon {
    fn check(&self, cx: &mut Checking<'_>) {
        self.backend.check(&self.kind, ("name", &self.name), cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let chardev = self.chardev.or(&self.id);
        self.backend.lower(&self.kind, &chardev, &self.name, out);
        out.option("-device")
            .word("isa-debugcon")
            .set("chardev", &chardev)
            .set("id", self.id.written())
            .set("iobase", self.iobase)
            .written_out(&self.device);
    }
}

impl Form for DebugconOf {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device")
            .word("isa-debugcon")
            .set("chardev", &self.chardev)
            .set("id", &self.id.0)
            .set("iobase", self.iobase)
            .written_out(&self.device);
    }
}

//! `debug-exit`

use crate::model::Val;
use crate::model::ids::OptionalId;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::single::DeviceId;
use crate::value::UInt;

statement! {
    /// A port by which the guest ends QEMU, as tests of kernels do.
    STATEMENT "debug-exit" many settled Devices [DebugExit]
    example "debug-exit iobase=0xf4 iosize=4"
}

form! {
    /// A port by which the guest ends QEMU, as tests of kernels do: where it writes N, QEMU's exit status is 2 N + 1.
    DebugExit {
        /// Its id.
        id "id": OptionalId<DeviceId>,
        /// The port.
        iobase "iobase": Option<Val<UInt<0, 65535>>> { default: "0xf4" },
        /// How many bytes it has: what is written is no longer.
        iosize "iosize": Option<Val<UInt<1, 8>>> { default: "4" },
    }
    opens device [(Kind::Device, "isa-debug-exit")]
}

impl Form for DebugExit {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device("isa-debug-exit")
            .set("id", &self.id.0)
            .set_or("iobase", &self.iobase, "244")
            .set_or("iosize", &self.iosize, "4")
            .written_out(&self.device);
    }
}

//! `tpm`

use crate::model::Val;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::print::{Emit, Lowering};
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::socket::Socket;
use crate::value::{Driver, FdFlag, Path, SocketPath};

statement! {
    /// A TPM, which keeps the guest's secrets, and measures what it starts.
    STATEMENT "tpm" once settled Devices [Emulator, Passthrough]
    example "tpm emulator socket=\"/run/swtpm.sock\""
}

id_kinds! {
    /// The ids of TPMs.
    TpmId "tpm" of "tpmdev"
}

form! {
    /// A TPM in software, of another process: `swtpm socket --tpm2 --tpmstate dir=DIR --ctrl type=unixio,path=PATH`. It serves one
    /// QEMU, and ends with it.
    Emulator kinds ["emulator": "one in software, which another process is (swtpm)"] {
        /// The id of the TPM and its socket, and where it is written of the device too.
        id "id": Id<TpmId>,
        /// The TPM's id, where that isn't the device's.
        tpmdev "tpmdev": OptionalId<TpmId>,
        /// The socket's id, where that isn't the device's.
        chardev "chardev": OptionalId<TpmId>,
        /// The process's control socket.
        socket "socket": Val<SocketPath>,
        /// QEMU gets a connection to it as a file descriptor, which is there before it starts.
        fd "fd": Option<Val<FdFlag>>,
        /// The device: `tpm-tis`, `tpm-crb` (also on arm and riscv: `tpm-tis-device`), or `tpm-spapr`.
        driver "driver": Option<Val<Driver>> { default: "what the machine takes, such as `tpm-tis`" },
    }
    opens device [(Kind::Device, "tpm-tis"), (Kind::Device, "tpm-crb")]
}

form! {
    /// The host's own TPM, which nobody else can use meanwhile.
    Passthrough kinds ["passthrough": "the host's own"] {
        /// The TPM's id, and where it is written of the device too.
        id "id": Id<TpmId>,
        /// The TPM's id, where that isn't the device's.
        tpmdev "tpmdev": OptionalId<TpmId>,
        /// The host's file for it. Without it: `/dev/tpm0`.
        path "path": Option<Val<Path>>,
        /// The file by which the kernel is told to give up a command. Without it QEMU looks for it.
        cancel_path "cancel-path": Option<Val<Path>>,
        /// The device: `tpm-tis`, `tpm-crb` (also on arm and riscv: `tpm-tis-device`), or `tpm-spapr`.
        driver "driver": Option<Val<Driver>> { default: "what the machine takes, such as `tpm-tis`" },
    }
    opens device [(Kind::Device, "tpm-tis"), (Kind::Device, "tpm-crb")]
}

/// Prints the device.
fn device(
    driver: &Option<Val<Driver>>,
    tpmdev: &dyn Emit,
    id: &Id<TpmId>,
    properties: &[crate::model::Property],
    out: &mut Lowering<'_>,
) {
    let default = out.vm.facts.board.tpm_device();
    out.option("-device")
        .word_or(driver, default)
        .set("tpmdev", tpmdev)
        .set("id", id.written())
        .written_out(properties);
}

impl Form for Emulator {
    fn lower(&self, out: &mut Lowering<'_>) {
        let (chardev, tpmdev) = (self.chardev.or(&self.id), self.tpmdev.or(&self.id));
        Socket { fd: self.fd, ..Socket::of_process(&chardev, &self.socket) }.lower(out);
        out.option("-tpmdev").word("emulator").set("id", &tpmdev).set("chardev", &chardev);
        device(&self.driver, &tpmdev, &self.id, &self.device, out);
    }
}

impl Form for Passthrough {
    fn lower(&self, out: &mut Lowering<'_>) {
        let tpmdev = self.tpmdev.or(&self.id);
        out.option("-tpmdev")
            .word("passthrough")
            .set("id", &tpmdev)
            .set("path", &self.path)
            .set("cancel-path", &self.cancel_path);
        device(&self.driver, &tpmdev, &self.id, &self.device, out);
    }
}

//! `ivshmem` and `erst`: memory of the guest's that is a file of the host.

use crate::model::ids::{Backend, Id, OptionalId, id_kinds};
use crate::model::{Property, Val};
use crate::print::{Lowering, sides};
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Pci;
use crate::statement::vhost_user::behind_socket;
use crate::value::{OnOff, Path, Size};

statement! {
    /// Memory that the guest has in common with others of the host (ivshmem).
    IVSHMEM "ivshmem" many pluggable Devices [Plain, Doorbell]
    example "ivshmem plain path=\"/dev/shm/looking-glass\" size=32M"
}

statement! {
    /// Where the guest's kernel leaves its last words: a memory that it finds again after the next start (ERST).
    ERST "erst" once settled Devices [Erst]
    example "erst path=\"/var/lib/web.erst\" size=64K"
}

id_kinds! {
    /// The ids of memory that others have in common.
    IvshmemId "ivshmem" of "memdev"
    /// The ids of memory of last words.
    ErstId "erst" of "memdev"
}

const FILE: &str = "memory-backend-file";

form! {
    /// Memory that the guest has in common with whoever maps the same file.
    Plain kinds ["plain": "a file"] {
        /// The memory's id, and where it is written of the device too.
        id "id": Id<IvshmemId>,
        /// The memory's id, where that isn't the device's.
        memdev "memdev": OptionalId<IvshmemId>,
        /// The file.
        path "path": Val<Path>,
        /// How much it is: a power of 2.
        size "size": Val<Size>,
        /// It goes along where the guest is migrated: of those that have it in common, one is the master.
        master "master": Option<Val<OnOff>>,
    } with Pci
    opens properties [(Kind::Object, FILE), (Kind::Device, "ivshmem-plain")]
}

form! {
    /// The guest's memory is a file, which is there after its end.
    Erst {
        /// The memory's id, and where it is written of the device too.
        id "id": Id<ErstId>,
        /// The memory's id, where that isn't the device's.
        memdev "memdev": OptionalId<ErstId>,
        /// The file.
        path "path": Val<Path>,
        /// How much it is.
        size "size": Val<Size>,
    } with Pci
    opens properties [(Kind::Object, FILE), (Kind::Device, "acpi-erst")]
}

behind_socket! {
    /// The same with interrupts that the VMs send each other. A server of ivshmem gives them the memory.
    Doorbell IvshmemDoorbellId kinds ["doorbell": "what a server of ivshmem gives, by its socket"]
        prints "ivshmem-{}" {} with Pci;
}

id_kinds! {
    /// The ids of sockets.
    IvshmemDoorbellId "ivshmem" of "chardev"
}

/// Prints the object that holds the memory, with the properties that are its own. The others are the device's.
fn memory<'p, K>(
    out: &mut Lowering<'_>,
    memdev: &Backend<'_, K>,
    path: &Val<Path>,
    size: &Val<Size>,
    properties: &'p [Property],
) -> Vec<&'p Property> {
    let (object, device) = sides(Kind::Object, FILE, properties);
    out.option("-object")
        .word(FILE)
        .set("id", memdev)
        .set("size", size)
        .set("mem-path", path)
        .set("share", "on")
        .written_out(object);
    device
}

impl Form for Plain {
    fn lower(&self, out: &mut Lowering<'_>) {
        let memdev = self.memdev.or(&self.id);
        let device = memory(out, &memdev, &self.path, &self.size, &self.properties);
        let id = out.id_of_own(&self.id);
        out.device("ivshmem-plain")
            .set("memdev", &memdev)
            .set("id", id)
            .set("master", self.master)
            .pci(&self.pci)
            .written_out(device);
    }
}

impl Form for Erst {
    fn lower(&self, out: &mut Lowering<'_>) {
        let memdev = self.memdev.or(&self.id);
        let device = memory(out, &memdev, &self.path, &self.size, &self.properties);
        let id = out.id_of_own(&self.id);
        out.device("acpi-erst").set("memdev", &memdev).set("id", id).pci(&self.pci).written_out(device);
    }
}

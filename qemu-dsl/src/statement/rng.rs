//! `rng`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Backend, Id, OptionalId, id_kinds};
use crate::model::{Property, Val};
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::value::{Driver, IdText, Path, UInt};

statement! {
    /// A source of random numbers for the guest (virtio-rng).
    STATEMENT "rng" many pluggable Devices [Plain, Backed]
    example "rng random max-bytes=1024 period=1000"
}

id_kinds! {
    /// The ids of sources of random numbers.
    RngId "rng" of "rng"
}

form! {
    /// A source of random numbers for the guest (virtio-rng), that QEMU takes from the host's kernel.
    Plain {
        /// The device's id.
        id "id": Id<RngId>,
        /// At most so many bytes in each `period`. Without it the guest gets as many as it asks for.
        max_bytes "max-bytes": Option<Val<MaxBytes>>,
        /// The length of a period in milliseconds. Without it QEMU takes 65,536.
        period "period": Option<Val<Period>>,
        /// The device.
        driver "driver": Option<Val<Driver>> { default: "virtio-rng-pci" },
    } with Virtio
    opens device [(Kind::Device, "virtio-rng-pci")]
}

form! {
    /// A source of random numbers for the guest (virtio-rng), and where QEMU takes them from.
    Backed kinds [
        "random": "from a file",
        "builtin": "from the host's kernel",
        "egd": "from an entropy gathering daemon behind a `chardev`",
    ] {
        /// The id of the object and the device.
        id "id": Id<RngId>,
        /// The object's id, where that isn't the device's.
        rng "rng": OptionalId<RngId>,
        /// The file. Without it QEMU takes `/dev/urandom`.
        filename "filename": Option<Val<Path>> { kinds: &["random"] },
        /// The id of the `chardev` that connects to the daemon.
        chardev "chardev": Option<Val<IdText>> { kinds: &["egd"] },
        /// At most so many bytes in each `period`. Without it the guest gets as many as it asks for.
        max_bytes "max-bytes": Option<Val<MaxBytes>>,
        /// The length of a period in milliseconds. Without it QEMU takes 65,536.
        period "period": Option<Val<Period>>,
        /// The device.
        driver "driver": Option<Val<Driver>> { default: "virtio-rng-pci" },
    } with Virtio
    opens device [(Kind::Device, "virtio-rng-pci")]
}

/// QEMU keeps it as a signed number of 64 bits.
type MaxBytes = UInt<0, { i64::MAX as u64 }>;

/// In milliseconds. QEMU refuses none at all.
type Period = UInt<1, { u32::MAX as u64 }>;

impl Form for Plain {
    fn check(&self, cx: &mut Checking<'_>) {
        limits(&self.max_bytes, &self.period, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        device(&self.id, None, &self.driver, (&self.max_bytes, &self.period), (&self.pci, &self.device), out);
    }
}

impl Form for Backed {
    fn check(&self, cx: &mut Checking<'_>) {
        limits(&self.max_bytes, &self.period, cx);
        if self.kind.as_str() == "egd" && self.chardev.is_none() {
            let diagnostic = Diagnostic::error(Code::MissingOption, "`rng egd` needs `chardev=`")
                .at(cx.entry.head)
                .help("add `chardev=` and the id of a `chardev socket`");
            cx.missing("chardev", diagnostic);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let object = format!("rng-{}", self.kind.as_str());
        let rng = self.rng.or(&self.id);
        out.option("-object")
            .word(&object)
            .set("id", &rng)
            .set("filename", &self.filename)
            .set("chardev", &self.chardev);
        device(
            &self.id,
            Some(rng),
            &self.driver,
            (&self.max_bytes, &self.period),
            (&self.pci, &self.device),
            out,
        );
    }
}

/// A period without a number of bytes limits nothing.
fn limits(max_bytes: &Option<Val<MaxBytes>>, period: &Option<Val<Period>>, cx: &mut Checking<'_>) {
    if let (None, Some(period)) = (max_bytes, period) {
        let message = "`period` alone limits nothing";
        let help = "add `max-bytes=`, the bytes that the guest gets in it, or leave it out";
        cx.report(Diagnostic::warning(Code::IgnoredOption, message).at(period.span()).help(help));
    }
}

/// The device.
fn device(
    id: &Id<RngId>,
    backend: Option<Backend<'_, RngId>>,
    driver: &Option<Val<Driver>>,
    (max_bytes, period): (&Option<Val<MaxBytes>>, &Option<Val<Period>>),
    (pci, properties): (&Virtio, &[Property]),
    out: &mut Lowering<'_>,
) {
    let default = out.virtio("virtio-rng", pci);
    let own = out.id_of_own(id);
    out.option("-device")
        .word_or(driver, &default)
        .set("rng", &backend)
        .set("id", own)
        .set("max-bytes", max_bytes)
        .set("period", period)
        .virtio(pci)
        .written_out(properties);
}

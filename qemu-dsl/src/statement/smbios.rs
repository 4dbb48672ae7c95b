//! `smbios`

use crate::code::Code;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::table::Refused;
use crate::value::{self, AnyText, IdText, OnOff, Path, Release, UInt, choice};

statement! {
    /// What the firmware's SMBIOS tables say of the machine, which the guest's `dmidecode` shows.
    STATEMENT "smbios" many settled Smbios [
        Blob, Firmware, System, Board, Chassis, Processor, Port, Slot, Strings, Memory, Onboard,
    ]
    example "smbios 1 manufacturer=\"Example, Inc.\" product=web serial=0042\nsmbios 11 value=\"one text\" value=another"
}

/// Declares the types of tables, each with its fields in the order in which they are printed.
macro_rules! tables {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $kind:literal: $kind_doc:literal $([$change:expr])? {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($key:ident : $value:expr),+ $(,)? })?
            ),* $(,)?
        }
    )+) => {$(
        form! {
            $(#[doc = $doc])+
            $name kinds [$kind: $kind_doc $({ $change })?] {
                $($(#[doc = $field_doc])+ $field $option: Option<Val<$ty>> $({ $($key: $value),+ })?),*
            } needs option
        }

        impl Form for $name {
            fn lower(&self, out: &mut Lowering<'_>) {
                out.option("-smbios").set("type", $kind)$(.set($option, &self.$field))*;
            }
        }
    )+};
}

tables! {
    /// The firmware.
    Firmware "0": "the firmware" {
        /// Who made it.
        vendor "vendor": AnyText,
        /// Its version.
        version "version": AnyText,
        /// Its date, as month, day and year: `04/01/2014`.
        date "date": AnyText,
        /// Its release.
        release "release": Release,
        /// The table says that it is a UEFI firmware.
        uefi "uefi": OnOff,
    }

    /// The system.
    System "1": "the system" {
        /// Who made it.
        manufacturer "manufacturer": AnyText,
        /// What it is called.
        product "product": AnyText,
        /// Its version.
        version "version": AnyText,
        /// Its serial number.
        serial "serial": AnyText,
        /// Its UUID. It is that of `uuid` where nothing stands here.
        uuid "uuid": value::Uuid,
        /// What one orders it by.
        sku "sku": AnyText,
        /// The family of products to which it belongs.
        family "family": AnyText,
    }

    /// The board.
    Board "2": "the board" {
        /// Who made it.
        manufacturer "manufacturer": AnyText,
        /// What it is called.
        product "product": AnyText,
        /// Its version.
        version "version": AnyText,
        /// Its serial number.
        serial "serial": AnyText,
        /// By what its owner knows it.
        asset "asset": AnyText,
        /// Where in the chassis it is.
        location "location": AnyText,
    }

    /// The chassis.
    Chassis "3": "the chassis" {
        /// Who made it.
        manufacturer "manufacturer": AnyText,
        /// Its version.
        version "version": AnyText,
        /// Its serial number.
        serial "serial": AnyText,
        /// By what its owner knows it.
        asset "asset": AnyText,
        /// What one orders it by.
        sku "sku": AnyText,
    }

    /// The processors.
    Processor "4": "the processors" {
        /// What their sockets are called, before a number.
        sock_pfx "sock_pfx": AnyText,
        /// Who made them.
        manufacturer "manufacturer": AnyText,
        /// Their version.
        version "version": AnyText,
        /// Their serial number.
        serial "serial": AnyText,
        /// By what their owner knows them.
        asset "asset": AnyText,
        /// What one orders them by.
        part "part": AnyText,
        /// Their highest speed in MHz.
        max_speed "max-speed": UInt<0, 0xffff> { change: Some(&changes::SMBIOS_SPEED) },
        /// Their speed in MHz.
        current_speed "current-speed": UInt<0, 0xffff> { change: Some(&changes::SMBIOS_SPEED) },
        /// The number of their family in the standard.
        processor_family "processor-family": UInt<0, 0xffff> { change: Some(&changes::SMBIOS_PROCESSOR_FAMILY) },
        /// What they say of themselves by the instruction CPUID.
        processor_id "processor-id": UInt<0, { u64::MAX }> { change: Some(&changes::SMBIOS_PROCESSOR_ID) },
    }

    /// A socket on the outside, one table each.
    Port "8": "a socket on the outside" [&changes::SMBIOS_8] {
        /// What it is called on the board.
        internal_reference "internal_reference": AnyText,
        /// What it is called on the outside.
        external_reference "external_reference": AnyText,
        /// The number of its form in the standard.
        connector_type "connector_type": UInt<0, 0xff>,
        /// The number of its use in the standard.
        port_type "port_type": UInt<0, 0xff>,
    }

    /// A slot for cards, one table each.
    Slot "9": "a slot for cards" [&changes::SMBIOS_9] {
        /// What it is called.
        slot_designation "slot_designation": AnyText,
        /// The number of its type in the standard.
        slot_type "slot_type": UInt<0, 0xff>,
        /// The number of its width in the standard.
        slot_data_bus_width "slot_data_bus_width": UInt<0, 0xff>,
        /// The number of how it is used, in the standard.
        current_usage "current_usage": UInt<0, 0xff>,
        /// The number of its length in the standard.
        slot_length "slot_length": UInt<0, 0xff>,
        /// Its number.
        slot_id "slot_id": UInt<0, 0xffff>,
        /// What it can do, as bits of the standard.
        slot_characteristics1 "slot_characteristics1": UInt<0, 0xff>,
        /// More of it.
        slot_characteristics2 "slot_characteristics2": UInt<0, 0xff>,
        /// The id of the PCI device that sits in it.
        pci_device "pci_device": IdText,
    }

    /// The memory modules.
    Memory "17": "the memory modules" {
        /// What their places are called, before a number.
        loc_pfx "loc_pfx": AnyText,
        /// What their bank is called.
        bank "bank": AnyText,
        /// Who made them.
        manufacturer "manufacturer": AnyText,
        /// Their serial number.
        serial "serial": AnyText,
        /// By what their owner knows them.
        asset "asset": AnyText,
        /// What one orders them by.
        part "part": AnyText,
        /// Their speed in MT/s.
        speed "speed": UInt<0, 0xffff>,
    }

    /// A device on the board, one table each: Linux calls network interfaces by it (`eno1`).
    Onboard "41": "a device on the board" [&changes::SMBIOS_41] {
        /// What it is called.
        designation "designation": AnyText,
        /// What it is.
        kind_of "kind": Sort,
        /// Its number among those of its kind.
        instance "instance": UInt<0, 0xff>,
        /// The id of the PCI device that it is.
        pcidev "pcidev": IdText,
    }
}

choice! {
    /// What a device on the board is.
    Sort {
        Other "other": "something else",
        Unknown "unknown": "nobody knows",
        Video "video": "a graphics adapter",
        Scsi "scsi": "a SCSI controller",
        Ethernet "ethernet": "a network interface",
        TokenRing "tokenring": "an interface to a token ring",
        Sound "sound": "a sound card",
        Pata "pata": "a controller of parallel ATA",
        Sata "sata": "a controller of serial ATA",
        Sas "sas": "a controller of serial attached SCSI",
    }
}

form! {
    /// A table that is there as bytes, such as `dmidecode --dump-bin` writes.
    Blob {
        /// The file.
        file "file": Val<Path>,
    } refuses [
        Refused::new(
            "type",
            Code::MissingKind,
            "takes the type without a name",
            "write it behind `smbios`: `smbios 1 product=web`",
        ),
    ]
}

impl Form for Blob {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-smbios").set("file", &self.file);
    }
}

form! {
    /// Texts for whoever reads them in the guest, such as systemd its credentials.
    Strings kinds ["11": "texts" { &changes::SMBIOS_11 }] {
        /// A text.
        value "value": Vec<Val<AnyText>>,
        /// A file with a text.
        path "path": Vec<Val<Path>> { change: Some(&changes::SMBIOS_PATH) },
    } needs option
}

impl Form for Strings {
    fn lower(&self, out: &mut Lowering<'_>) {
        let option = out.option("-smbios").set("type", "11");
        let option = self.value.iter().fold(option, |option, value| option.set("value", value));
        self.path.iter().fold(option, |option, path| option.set("path", path));
    }
}

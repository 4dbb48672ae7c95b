//! `smartcard`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::pci::Reader;
use crate::statement::single::single;
use crate::value::{IdText, Path, Text, choice};

statement! {
    /// A smart card in a reader: `controller usb-ccid`.
    STATEMENT "smartcard" many pluggable Devices [Passthru, Emulated]
    example "controller qemu-xhci\ncontroller usb-ccid\nchardev null id=card\nsmartcard passthru chardev=card"
}

choice! {
    /// Who is the card.
    CardBackend {
        Nss "nss-emulated": "what the host's NSS has",
        Certificates "certificates": "three of its certificates, by their names"
    }
}

single! {
    /// A card that another process has, such as SPICE's client: `chardev spicevmc id=ID name=smartcard`.
    Passthru kinds ["passthru": "a card that another process has"] prints "ccid-card-{}" {
        /// The id of the `chardev` by which that is told of.
        chardev "chardev": Val<IdText>,
    } with Reader;

    /// A card that QEMU makes up with the host's NSS.
    Emulated kinds ["emulated": "a card of the host's NSS"] prints "ccid-card-{}" {
        /// Who is the card.
        backend "backend": Val<CardBackend>,
        /// The name of its first certificate.
        cert1 "cert1": Option<Val<Text>>,
        /// The name of its second certificate.
        cert2 "cert2": Option<Val<Text>>,
        /// The name of its third certificate.
        cert3 "cert3": Option<Val<Text>>,
        /// The folder of NSS' database. Without it: `/etc/pki/nssdb`.
        db "db": Option<Val<Path>>,
    } with Reader;
}

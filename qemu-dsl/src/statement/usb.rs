//! `usb`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::pci::Usb as Place;
use crate::statement::single::single;
use crate::value::{IdText, OnOff, Path, Text, UInt, WholePath};

statement! {
    /// A device of USB, which needs a controller: `controller qemu-xhci`. What is typed and moved is an `input`.
    STATEMENT "usb" many pluggable Devices [Host, Hub, Mtp, Connected, Plain]
    example "controller qemu-xhci\nusb hub ports=4\nusb host vendorid=0x1234 productid=0x5678"
}

single! {
    /// A device of the host that the guest has to itself. It may come and go: the guest has it while it is there.
    Host kinds ["host": "a device of the host"] prints "usb-host" {
        /// Its vendor, as `lsusb` shows it before the colon: write `0x` before that.
        vendorid "vendorid": Option<Val<UInt<1, 0xffff>>>,
        /// Its product, as `lsusb` shows it behind the colon.
        productid "productid": Option<Val<UInt<1, 0xffff>>>,
        /// The host's bus, as `lsusb` shows it.
        hostbus "hostbus": Option<Val<UInt<1, 0xffff_ffff>>>,
        /// Its number on that bus, which is another one each time that it is plugged in.
        hostaddr "hostaddr": Option<Val<UInt<1, 0xffff_ffff>>>,
        /// Its port on that bus, such as `1.2`.
        hostport "hostport": Option<Val<Text>>,
        /// The host's file for it, such as `/dev/bus/usb/001/002`.
        hostdevice "hostdevice": Option<Val<Path>>,
    } with Place check which;

    /// A hub.
    Hub kinds ["hub": "more ports"] prints "usb-hub" {
        /// How many ports it has.
        ports "ports": Option<Val<UInt<1, 8>>>,
    } with Place;

    /// A folder of the host, as a camera or a telephone has one (MTP).
    Mtp kinds ["mtp": "a folder of the host, as a camera has one"] prints "usb-mtp" {
        /// The folder, with all of its path: from where QEMU is started in the end, nobody knows.
        rootdir "rootdir": Val<WholePath>,
        /// What the guest calls it.
        desc "desc": Option<Val<Text>>,
        /// The guest can't write.
        readonly "readonly": Option<Val<OnOff>>,
    } with Place;

    /// A device whose other side is a character device's backend: `chardev`.
    Connected kinds [
        "redir": "a device of another host, or of SPICE's client: `chardev spicevmc id=ID name=usbredir`",
        "serial": "a serial port",
        "braille": "a Braille display: `chardev braille id=ID`",
    ] prints "usb-{}" {
        /// The id of the `chardev` that it is connected to.
        chardev "chardev": Val<IdText>,
    } with Place;

    /// Other devices.
    Plain kinds [
        "ccid": "a reader of smart cards",
    ] prints "usb-{}" {} with Place;
}

/// Without a word QEMU waits for a device that never comes.
fn which(host: &Host, cx: &mut Checking<'_>) {
    let Host { vendorid, productid, hostbus, hostaddr, hostport, hostdevice, .. } = host;
    let is_said = vendorid.is_some()
        || productid.is_some()
        || hostbus.is_some()
        || hostaddr.is_some()
        || hostport.is_some()
        || hostdevice.is_some();
    if !is_said {
        let diagnostic = Diagnostic::error(Code::MissingOption, "`usb host` needs the host's device");
        let help =
            "add `vendorid=` and `productid=`, or `hostbus=` and `hostport=`; the host's `lsusb` shows them";
        cx.missing("vendorid", diagnostic.at(cx.entry.head).help(help));
    }
}

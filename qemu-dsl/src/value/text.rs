//! Texts, each with what it may be.

use std::ffi::OsStr;

use super::types::{Refusal, free, ty};
use crate::code::Code;

/// Declares types of texts: the name, the type, and what a text is checked by.
macro_rules! text_types {
    ($($(#[doc = $doc:literal])+ $name:ident of $kind:ident = $ty:expr, $check:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        impl $crate::value::ValueType for $name {
            const TYPE: &'static $crate::value::Type = &$ty;
            const KIND: $crate::value::Kind = $crate::value::Kind::$kind;

            fn parse(text: &str) -> Result<Self, $crate::value::Refusal> {
                let check: fn(&str) -> Result<(), $crate::value::Refusal> = $check;
                check(text)?;
                Ok(Self(text.to_owned()))
            }

            fn print(text: &str) -> Result<std::borrow::Cow<'_, str>, $crate::value::Refusal> {
                let check: fn(&str) -> Result<(), $crate::value::Refusal> = $check;
                check(text).map(|()| text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}
pub(super) use text_types;

pub(super) fn not_empty(text: &str) -> Result<(), Refusal> {
    if text.is_empty() { Err(Refusal::expected()) } else { Ok(()) }
}

/// Whether QEMU takes `text` for a question where a name of its own stands: it answers with a list, and ends.
pub(crate) fn asks_for_help(text: &str) -> bool {
    matches!(text, "help" | "?")
}

/// Refuses what is no name of QEMU's, but a question, or an option where such a name stands first.
fn name(text: &str, what: &str) -> Result<(), Refusal> {
    not_empty(text)?;
    if asks_for_help(text) {
        return Err(Refusal::because(
            Code::AsksForHelp,
            format!("`{text}` is no name: it asks QEMU for a list"),
            format!("write {what}"),
        ));
    }
    if text.contains('=') {
        return Err(Refusal::because(
            Code::Inexpressible,
            format!("`{}` is no name: QEMU reads an option in it", super::shown(text)),
            format!("write {what}"),
        ));
    }
    Ok(())
}

/// Refuses what would begin an option of QEMU's.
pub(super) fn no_option(text: &OsStr) -> Result<(), Refusal> {
    if text.as_encoded_bytes().starts_with(b"-") {
        return Err(Refusal::because(
            Code::Inexpressible,
            format!("`{}` would be an option of QEMU", text.display()),
            "write options out, and let only their values come later",
        ));
    }
    Ok(())
}

/// Refuses what `-cpu` has no escape for.
fn without_comma(text: &str) -> Result<(), Refusal> {
    if text.contains(',') {
        return Err(Refusal::because(
            Code::Inexpressible,
            "QEMU's `-cpu` can't say a comma",
            "write features as options: `cpu host +vmx`",
        ));
    }
    Ok(())
}

/// Refuses a path that begins in some folder.
pub(super) fn is_whole(path: &OsStr) -> Result<(), Refusal> {
    if path.as_encoded_bytes().starts_with(b"/") {
        return Ok(());
    }
    Err(Refusal::because(
        Code::WrongType,
        format!("`{}` is no whole path", super::shown(&path.to_string_lossy())),
        "write all of it, from `/` on: QEMU refuses another one",
    ))
}

/// How an address begins from which a guest comes, beside JSON and what needs no address.
const PROTOCOLS: &[&str] = &["tcp:", "unix:", "fd:", "exec:", "rdma:", "vsock:", "file:"];

/// Whether it is the path of a file on Windows: `C:\\web.qcow2`.
pub(crate) fn is_windows_path(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && letters.as_str().starts_with(":\\")
}

pub(super) fn at_most(text: &str, bytes: usize, what: &str) -> Result<(), Refusal> {
    not_empty(text)?;
    has_at_most(text.len(), bytes, what)
}

/// Whether a socket can have a path of so many bytes: the kernel limits it.
pub(super) fn fits_socket(len: usize) -> Result<(), Refusal> {
    has_at_most(len, 107, "the socket's path")
}

fn has_at_most(len: usize, bytes: usize, what: &str) -> Result<(), Refusal> {
    if len > bytes {
        return Err(Refusal::because(
            Code::NameTooLong,
            format!("{what} has {len} bytes, {} too many", len - bytes),
            format!("at most {bytes} bytes"),
        ));
    }
    Ok(())
}

/// Whether it is a number as C reads it, of 64 bits.
fn is_address(text: &str) -> bool {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        (None, _) => (text, 10),
    };
    digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) && u64::from_str_radix(digits, radix).is_ok()
}

/// What QEMU writes down, as `-d help` lists it from 5.2 to 11.1.
const LOG_ITEMS: &[&str] = &[
    "all",
    "cpu",
    "cpu_reset",
    "exec",
    "fpu",
    "guest_errors",
    "in_asm",
    "int",
    "invalid_mem",
    "mmu",
    "nochain",
    "op",
    "op_ind",
    "op_opt",
    "op_plugin",
    "out_asm",
    "page",
    "pcall",
    "plugin",
    "strace",
    "tid",
    "unimp",
    "vpu",
];

text_types! {
    /// A text of at least one character.
    Text of Text = free("text", "a text"), not_empty;

    /// Any text, also none.
    AnyText of AnyText = free("text", "a text"), |_| Ok(());

    /// The name of a bus.
    BusName of Bus = ty("bus", "a bus, such as `pci.0`"), not_empty;

    /// A file's path.
    Path of Path = free("path", "a file's path"), not_empty;

    /// A file's path, or none.
    AnyPath of AnyPath = free("path", "a file's path"), |_| Ok(());

    /// The type of a machine.
    MachineType of MachineType = ty("text", "a machine type, such as `q35`"), |text| name(text, MachineType::TYPE.expects);

    /// The device through which the guest sees something.
    Driver of Driver = ty("text", "a device of QEMU, such as `virtio-net-pci`"), |text| name(text, Driver::TYPE.expects);

    /// The format of a disk.
    Format of Format = ty("text", "a format, such as `raw` or `qcow2`"), |text| name(text, Format::TYPE.expects);

    /// A file's path, with all folders from the root on.
    WholePath of WholePath = free("path", "a whole path, from `/` on"), |text| {
        not_empty(text)?;
        is_whole(text.as_ref())
    };

    /// The serial number of a virtio-blk device.
    DiskSerial of DiskSerial = free("text", "a text of up to 20 bytes"), |text| {
        at_most(text, 20, "the serial number")
            .map_err(|refusal| Refusal { help: Some("virtio-blk shows the guest at most 20 bytes".to_owned()), ..refusal })
    };

    /// From where a guest comes.
    IncomingUri of IncomingUri = free("text", "where the guest comes from, such as `tcp:0:4444`"), |text| {
        not_empty(text)?;
        if text == "defer" || text.starts_with('{') || PROTOCOLS.iter().any(|protocol| text.starts_with(protocol)) {
            return Ok(());
        }
        let help = "write `tcp:HOST:PORT`, `unix:PATH`, `exec:COMMAND` or `defer`";
        Err(Refusal::because(Code::WrongType, "QEMU takes no guest from there", help))
    };

    /// The path of a unix socket, which the kernel limits.
    SocketPath of SocketPath = free("path", "a socket's path"), |text| {
        not_empty(text)?;
        fits_socket(text.len())
    };

    /// The tag by which a guest mounts a file system.
    MountTag of MountTag = ty("text", "a mount tag of up to 31 bytes"), |text| at_most(text, 31, "the mount tag");

    /// The tag by which a guest mounts a file system of virtiofs.
    VirtioFsTag of VirtioFsTag = ty("text", "a mount tag of up to 36 bytes"), |text| at_most(text, 36, "the mount tag");

    /// The mode of a file, as an octal number.
    FileMode of FileMode = ty("mode", "an octal number up to `0777`, such as `0600`"), |text| {
        let is_octal = text.len() <= 4 && !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        if is_octal && u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o777) { Ok(()) } else { Err(Refusal::expected()) }
    };

    /// A CPU model. The syntax of `-cpu` has no escape for a comma.
    CpuText of CpuText = ty("text", "a CPU model, such as `host` or `qemu64`"), |text| {
        name(text, CpuText::TYPE.expects)?;
        without_comma(text)
    };

    /// What a CPU's property is set to.
    CpuValue of CpuValue = free("text", "a text"), without_comma;

    /// An argument of QEMU's.
    ArgText of Argument = free("text", "a text"), |_| Ok(());

    /// An argument of QEMU's that comes later, which begins no option.
    Argument of Argument = free("text", "an argument of QEMU"), |text| no_option(text.as_ref());

    /// The order in which the firmware looks at devices, each a letter.
    BootOrder of BootOrder = ty("letters", "letters of devices, such as `cdn`"), |text| {
        not_empty(text)?;
        let is_again = |(at, letter): (usize, char)| text.chars().take(at).any(|other| other == letter);
        if !text.chars().all(|letter| ('a'..='p').contains(&letter)) || text.chars().enumerate().any(is_again) {
            return Err(Refusal::because(
                Code::WrongType,
                format!("`{}` is no order of boot devices", super::shown(text)),
                "write each device's letter once: `a` and `b` for floppy disks, `c` for the first disk, `d` for the first \
                 CD-ROM drive, `n` for the network",
            ));
        }
        Ok(())
    };

    /// The order in which a PC's firmware looks at devices.
    PcBootOrder of PcBootOrder = ty("letters", "letters of devices, such as `cdn`"), |text| {
        BootOrder::parse(text)?;
        if let Some(letter) = text.chars().find(|letter| !matches!(letter, 'a'..='d' | 'n')) {
            let message = format!("a PC has no boot device `{letter}`");
            return Err(Refusal::because(Code::OutOfRange, message, "its devices are `a`, `b`, `c`, `d` and `n`"));
        }
        if text.len() > 3 {
            let message = "a PC's firmware tries three devices, no more";
            let help = "leave out one, or give the devices their `bootindex=`";
            return Err(Refusal::because(Code::OutOfRange, message, help));
        }
        Ok(())
    };

    /// The name of a file for the firmware (fw_cfg).
    FwCfgName of FwCfgName = free("text", "a name of up to 55 bytes, such as `opt/com.example/name`"), |text| {
        at_most(text, 55, "the name")
    };

    /// What QEMU writes down, with `,` between several.
    LogItems of LogItems = ty("items", "what is written down, such as `guest_errors`, with `,` between several"), |text| {
        let is_item = |item: &str| item.strip_prefix("trace:").is_some_and(|event| !event.is_empty()) || LOG_ITEMS.contains(&item);
        match text.split(',').find(|item| !is_item(item)) {
            None => Ok(()),
            Some(item) => Err(Refusal::because(
                Code::WrongType,
                format!("QEMU writes nothing down that is called `{}`", super::shown(item)),
                format!("write some of {}, or `trace:` and an event", LOG_ITEMS.join(", ")),
            )),
        }
    };

    /// Ranges of addresses, with `,` between several: `0x8000..0x8fff`, `0x8000+0x1000` or `0x8fff-0x1000`.
    Ranges of Ranges = ty("ranges", "ranges of addresses such as `0x8000..0x8fff`, with `,` between several"), |text| {
        let is_range = |range: &str| {
            let ends = range.split_once("..").or_else(|| range.split_once(['+', '-']));
            ends.is_some_and(|(start, end)| is_address(start) && is_address(end))
        };
        if text.split(',').all(is_range) { Ok(()) } else { Err(Refusal::expected()) }
    };

    /// A firmware's release: two numbers.
    Release of Release = ty("release", "two numbers up to 255 with a dot between, such as `1.2`"), |text| {
        let is_byte = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u8>().is_ok();
        let fits = text.split_once('.').is_some_and(|(major, minor)| is_byte(major) && is_byte(minor));
        if fits { Ok(()) } else { Err(Refusal::expected()) }
    };

    /// A UUID.
    Uuid of Uuid = ty("uuid", "a UUID such as `123e4567-e89b-12d3-a456-426614174000`"), |text| {
        if is_uuid(text) { Ok(()) } else { Err(Refusal::expected()) }
    };

    /// A UUID, or that QEMU makes one.
    AnyUuid of AnyUuid = ty("uuid", "a UUID such as `123e4567-e89b-12d3-a456-426614174000`, or `auto`"), |text| {
        if text == "auto" || is_uuid(text) { Ok(()) } else { Err(Refusal::expected()) }
    };
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::Uuid;
    use crate::code::Code;
    use crate::value::ValueType;

    #[test]
    fn a_uuid_has_its_groups() {
        assert!(Uuid::parse("123e4567-e89b-12d3-a456-426614174000").is_ok());
        let wrong = Uuid::parse("123e4567e89b12d3a456426614174000");
        assert_eq!(wrong.err().map(|refusal| refusal.code), Some(Code::WrongType));
    }
}

//! QEMU's options among a program's arguments.
//!
//! ```
//! use qemu_dsl::plan::arguments;
//!
//! let args = ["-nodefaults", "-drive", "file=/a.img", "disk.img"];
//! let found: Vec<_> = arguments::split(args).map(|argument| (argument.name, argument.value)).collect();
//! assert_eq!(found, [(Some("-nodefaults"), None), (Some("-drive"), Some("file=/a.img")), (None, Some("disk.img"))]);
//! ```

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// One of QEMU's options with its value, or an image of a disk, which stands without an option.
#[derive(Debug, PartialEq, Eq)]
pub struct Argument<'a, T: ?Sized = OsStr> {
    /// Its index among all.
    pub at: usize,
    /// With its hyphen or two; none for an image.
    pub name: Option<&'a T>,
    /// What stands behind it.
    pub value: Option<&'a T>,
}

impl<T: AsRef<OsStr> + ?Sized> Argument<'_, T> {
    /// The option's name without hyphens.
    pub fn option(&self) -> Option<&str> {
        std::str::from_utf8(word(self.name?.as_ref())?).ok()
    }

    /// The index of its value, where it has that and a name.
    pub fn last(&self) -> usize {
        self.at + usize::from(self.name.is_some() && self.value.is_some())
    }
}

/// An option's name without the hyphen or two before it.
///
/// ```
/// assert_eq!(qemu_dsl::plan::arguments::bare("--device"), "device");
/// ```
pub fn bare(name: &str) -> &str {
    let name = name.strip_prefix('-').unwrap_or(name);
    name.strip_prefix('-').unwrap_or(name)
}

fn word(name: &OsStr) -> Option<&[u8]> {
    let name = name.as_bytes().strip_prefix(b"-")?;
    Some(name.strip_prefix(b"-").unwrap_or(name))
}

/// Whether QEMU has an option of this name, without hyphens, that takes no value.
#[cfg(feature = "compiler")]
pub(crate) fn is_flag(name: &str) -> bool {
    FLAGS.contains(&name)
}

/// Whether an option of this name, without hyphens, connects something to a character device's backend: by `chardev:ID`, or by
/// words for the backend, such as `unix:PATH`.
pub fn is_connecting(name: &str) -> bool {
    CONNECTING.contains(&name)
}

const CONNECTING: &[&str] =
    &["debugcon", "gdb", "monitor", "parallel", "qmp", "qmp-pretty", "qtest", "serial", "virtioconsole"];

/// Whether QEMU has an option of this name, without hyphens, that takes one value as it is, and no list.
#[cfg(feature = "compiler")]
pub(crate) fn is_plain(name: &str) -> bool {
    PLAIN.contains(&name)
}

/// The names of QEMU's options, without hyphens: those of all versions, and of all architectures.
#[cfg(feature = "compiler")]
pub fn names() -> impl Iterator<Item = &'static str> {
    [FLAGS, PLAIN, LISTS].into_iter().flatten().copied()
}

/// The arguments as QEMU takes them apart: an option takes the next for its value, whatever that is.
pub fn split<'a, T: AsRef<OsStr> + ?Sized + 'a>(
    args: impl IntoIterator<Item = &'a T>,
) -> impl Iterator<Item = Argument<'a, T>> {
    let mut args = args.into_iter().enumerate();
    std::iter::from_fn(move || {
        let (at, arg) = args.next()?;
        Some(match word(arg.as_ref()) {
            None | Some(b"") => Argument { at, name: None, value: Some(arg) },
            Some(name) if FLAGS.iter().any(|flag| flag.as_bytes() == name) => {
                Argument { at, name: Some(arg), value: None }
            }
            Some(_) => Argument { at, name: Some(arg), value: args.next().map(|(_, value)| value) },
        })
    })
}

/// What stands behind the last of QEMU's options of this name, or nothing behind it. QEMU takes the last, too, of those that
/// have one value.
pub fn value_of<'a>(args: impl Iterator<Item = &'a OsStr>, option: &str) -> Option<Option<&'a OsStr>> {
    split(args).filter(|argument| argument.option() == Some(option)).last().map(|argument| argument.value)
}

/// QEMU's options that take no value.
const FLAGS: &[&str] = &[
    "S",
    "alt-grab",
    "async-teardown",
    "audio-help",
    "ctrl-grab",
    "curses",
    "daemonize",
    "enable-fips",
    "enable-hax",
    "enable-kvm",
    "enable-sync-profile",
    "full-screen",
    "h",
    "help",
    "jitdump",
    "localtime",
    "mem-prealloc",
    "no-acpi",
    "no-fd-bootchk",
    "no-frame",
    "no-hpet",
    "no-kvm",
    "no-kvm-irqchip",
    "no-kvm-pit",
    "no-quit",
    "no-reboot",
    "no-shutdown",
    "no-user-config",
    "nodefaults",
    "nodefconfig",
    "nographic",
    "old-param",
    "only-migratable",
    "perfmap",
    "portrait",
    "preconfig",
    "s",
    "sdl",
    "semihosting",
    "show-cursor",
    "singlestep",
    "snapshot",
    "usb",
    "version",
    "win2k-hack",
    "xen-attach",
    "xen-domid-restrict",
];

/// QEMU's options that take one value as it is: in it a comma is a comma.
#[cfg(feature = "compiler")]
const PLAIN: &[&str] = &[
    "D",
    "L",
    "append",
    "bios",
    "bootp",
    "cdrom",
    "chroot",
    "clock",
    "d",
    "dfilter",
    "dtb",
    "dump-vmstate",
    "echr",
    "fda",
    "fdb",
    "g",
    "hda",
    "hdb",
    "hdc",
    "hdd",
    "incoming",
    "initrd",
    "k",
    "kernel",
    "kvm-shadow-memory",
    "loadvm",
    "mem-path",
    "mtdblock",
    "pflash",
    "pidfile",
    "prom-env",
    "qtest",
    "qtest-log",
    "readconfig",
    "rotate",
    "runas",
    "sd",
    "seed",
    "set",
    "shim",
    "smb",
    "soundhw",
    "startdate",
    "tb-size",
    "tftp",
    "usbdevice",
    "uuid",
    "vga",
    "watchdog",
    "watchdog-action",
    "writeconfig",
    "xen-domid",
];

/// QEMU's options that take a list of values, or something that may be one.
#[cfg(feature = "compiler")]
const LISTS: &[&str] = &[
    "M",
    "accel",
    "acpitable",
    "action",
    "add-fd",
    "audio",
    "audiodev",
    "balloon",
    "blockdev",
    "boot",
    "chardev",
    "compat",
    "cpu",
    "debugcon",
    "device",
    "display",
    "drive",
    "fsdev",
    "fw_cfg",
    "gdb",
    "global",
    "icount",
    "iscsi",
    "m",
    "machine",
    "mon",
    "monitor",
    "msg",
    "name",
    "net",
    "netdev",
    "nic",
    "numa",
    "object",
    "option-rom",
    "overcommit",
    "parallel",
    "plugin",
    "qmp",
    "qmp-pretty",
    "realtime",
    "rtc",
    "run-with",
    "sandbox",
    "semihosting-config",
    "serial",
    "smbios",
    "smp",
    "spice",
    "tpmdev",
    "trace",
    "virtfs",
    "virtioconsole",
    "vnc",
];

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{Argument, split, value_of};

    #[test]
    fn an_option_takes_the_next_argument_for_its_value() {
        let args = ["-S", "-append", "-daemonize", "--pidfile", "/a", "image", "-", "-pidfile"];
        let (daemonize, pidfile) = (["-daemonize"], ["--pidfile", "/a", "-pidfile", "/b"]);
        fn value<'a>(args: &[&'a str], option: &str) -> Option<Option<&'a OsStr>> {
            value_of(args.iter().map(|arg| OsStr::new(*arg)), option)
        }
        assert_eq!(
            split(args).collect::<Vec<_>>(),
            [
                Argument { at: 0, name: Some("-S"), value: None },
                Argument { at: 1, name: Some("-append"), value: Some("-daemonize") },
                Argument { at: 3, name: Some("--pidfile"), value: Some("/a") },
                Argument { at: 5, name: None, value: Some("image") },
                Argument { at: 6, name: None, value: Some("-") },
                Argument { at: 7, name: Some("-pidfile"), value: None },
            ]
        );
        assert_eq!(value(&args, "daemonize"), None);
        assert_eq!(value(&args, "pidfile"), Some(None));
        assert_eq!(value(&daemonize, "daemonize"), Some(None));
        assert_eq!(value(&pidfile, "pidfile"), Some(Some(OsStr::new("/b"))));
    }
}

//! QEMU's options among a program's arguments.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// One of QEMU's options with its value, or an image of a disk, which stands without an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argument<'a, T: ?Sized = OsStr> {
    /// Its index among all.
    pub(crate) at: usize,
    /// With its hyphen or two; none for an image.
    pub(crate) name: Option<&'a T>,
    pub(crate) value: Option<&'a T>,
}

impl<T: AsRef<OsStr> + ?Sized> Argument<'_, T> {
    /// Whether it is the option of this name, which is written without a hyphen.
    fn is(&self, option: &str) -> bool {
        self.name.is_some_and(|name| word(name.as_ref()) == Some(option.as_bytes()))
    }
}

/// An option's name without the hyphen or two before it.
fn word(name: &OsStr) -> Option<&[u8]> {
    let name = name.as_bytes().strip_prefix(b"-")?;
    Some(name.strip_prefix(b"-").unwrap_or(name))
}

/// The arguments as QEMU takes them apart: an option takes the next for its value, whatever that is.
pub(crate) fn arguments<'a, T: AsRef<OsStr> + ?Sized + 'a>(
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
pub(crate) fn value_of<'a>(args: impl Iterator<Item = &'a OsStr>, option: &str) -> Option<Option<&'a OsStr>> {
    arguments(args).filter(|argument| argument.is(option)).last().map(|argument| argument.value)
}

/// The parts of an option's value, `key=value`, the commas in them no longer doubled. One without a key has an empty one.
pub(crate) fn fields(value: &[u8]) -> impl Iterator<Item = (&[u8], Cow<'_, [u8]>)> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = end_of_field(text);
        rest = text.get(end + 1..);
        let field = text.get(..end).unwrap_or_default();
        let (key, own) = match field.iter().position(|byte| *byte == b'=') {
            Some(at) => (field.get(..at)?, field.get(at + 1..)?),
            None => (&b""[..], field),
        };
        Some((key, one_comma(own)))
    })
}

/// Where the first comma is that isn't doubled, or the text's end.
fn end_of_field(text: &[u8]) -> usize {
    let mut commas = text.iter().enumerate().filter(|(_, byte)| **byte == b',').map(|(at, _)| at);
    while let Some(at) = commas.next() {
        if text.get(at + 1) != Some(&b',') {
            return at;
        }
        // The other one.
        commas.next();
    }
    text.len()
}

/// A text without the second of each two commas.
fn one_comma(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.windows(2).any(|pair| pair == b",,") {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.iter();
    let mut one = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        one.push(*byte);
        if *byte == b',' {
            bytes.next();
        }
    }
    Cow::Owned(one)
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

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{Argument, arguments, fields, value_of};

    #[test]
    fn an_option_takes_the_next_argument_for_its_value() {
        let args = ["-S", "-append", "-daemonize", "--pidfile", "/a", "image", "-", "-pidfile"];
        let (daemonize, pidfile) = (["-daemonize"], ["--pidfile", "/a", "-pidfile", "/b"]);
        fn value<'a>(args: &[&'a str], option: &str) -> Option<Option<&'a OsStr>> {
            value_of(args.iter().map(|arg| OsStr::new(*arg)), option)
        }
        assert_eq!(
            arguments(args).collect::<Vec<_>>(),
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

    #[test]
    fn a_value_has_fields_between_commas_that_are_not_doubled() {
        let of = |value: &'static str| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            fields(value.as_bytes()).map(|(key, own)| (text(key), text(&own))).collect::<Vec<_>>()
        };
        let field = |key: &str, own: &str| (key.to_owned(), own.to_owned());
        assert_eq!(
            of("socket,path=/a,,b,server"),
            [field("", "socket"), field("path", "/a,b"), field("", "server")]
        );
        assert_eq!(of("a=b=c,,,d="), [field("a", "b=c,"), field("d", "")]);
        assert_eq!(of("a,,,,b"), [field("", "a,,b")]);
        assert_eq!(
            of("tap,id=a,,b,,,x=,y=1"),
            [field("", "tap"), field("id", "a,b,"), field("x", ""), field("y", "1")]
        );
        assert_eq!(of(""), [field("", "")]);
    }
}

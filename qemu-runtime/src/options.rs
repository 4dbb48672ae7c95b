//! QEMU's options among a plan's arguments.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// What stands behind the last of QEMU's options of this name, or nothing behind it. QEMU takes the last, too, of those that
/// have one value.
pub(crate) fn value_of<'a>(args: impl Iterator<Item = &'a OsStr>, option: &str) -> Option<Option<&'a OsStr>> {
    let is_it = |arg: &OsStr| {
        let name = arg.as_bytes().strip_prefix(b"-").map(|name| name.strip_prefix(b"-").unwrap_or(name));
        name == Some(option.as_bytes())
    };
    let mut args = args.peekable();
    let mut found = None;
    while let Some(arg) = args.next() {
        if is_it(arg) {
            found = Some(args.peek().copied());
        }
    }
    found
}

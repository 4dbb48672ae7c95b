//! QEMU's options among a plan's arguments.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// What stands behind the first of QEMU's options of this name, or nothing behind it.
pub(crate) fn value_of<'a>(
    mut args: impl Iterator<Item = &'a OsStr>,
    option: &str,
) -> Option<Option<&'a OsStr>> {
    let is_it = |arg: &OsStr| {
        let name = arg.as_bytes().strip_prefix(b"-").map(|name| name.strip_prefix(b"-").unwrap_or(name));
        name == Some(option.as_bytes())
    };
    args.find(|arg| is_it(arg))?;
    Some(args.next())
}

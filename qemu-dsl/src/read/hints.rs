//! Cures for what people write who know other languages, QEMU's own among them.

use crate::Span;
use crate::diagnostic::{Help, Remedy};
use crate::table::{StatementSpec, Table};

/// For a `#`, which stands at the byte `at`.
pub(super) fn comment(at: u32) -> Remedy {
    Remedy::new("comments begin with `//`, or stand between `/*` and `*/`")
        .replace(Span::new(at, at + 1), "//")
}

/// The statement for one of QEMU's own options.
pub(super) fn alias(word: &str, table: Table) -> Option<Remedy> {
    let statement = match word {
        "drive" | "hda" | "hdb" | "cdrom" => "disk",
        "net" | "nic" => "netdev",
        "m" | "mem" | "ram" => "memory",
        "M" => "machine",
        "initrd" | "append" => "kernel",
        "overcommit" => "realtime",
        "fsdev" | "virtfs" => "fs",
        "accel" | "enable-kvm" => return Some("write it as a property: `machine q35 accel=kvm`".into()),
        "display" | "boot" | "serial" | "monitor" | "usb" | "snapshot" | "no-reboot" | "smbios"
        | "fw_cfg" | "cdrom-drive" | "parallel" | "vnc" | "spice" | "audio" | "audiodev" | "sandbox"
        | "runas" | "run-with" | "numa" | "tpmdev" | "pidfile" | "trace" | "msg" | "loadvm" | "incoming" => {
            return Some(
                format!("QEMU's own arguments are passed on by `arg`: `arg \"-{word}\" \"...\"`").into(),
            );
        }
        _ => return None,
    };
    Some(write(table.find(statement)?))
}

/// For a statement that is meant by another word.
pub(super) fn write(spec: &StatementSpec) -> Remedy {
    Help::Statement { keyword: spec.keyword, example: example(spec) }.into()
}

/// For a statement that is written in another way.
pub(super) fn form(spec: &StatementSpec) -> Remedy {
    Help::Form { keyword: spec.keyword, example: example(spec) }.into()
}

/// A line with a statement.
fn example(spec: &StatementSpec) -> &'static str {
    let mut lines = spec.example.lines();
    lines.find(|line| line.starts_with(spec.keyword)).unwrap_or(spec.keyword)
}

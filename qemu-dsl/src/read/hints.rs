//! Cures for what people write who know other languages, QEMU's own among them.

/// For `#` and the like.
pub(super) const COMMENT: &str = "comments begin with `//`, or stand between `/*` and `*/`";

/// The statement for one of QEMU's own options.
pub(super) fn alias(word: &str) -> Option<String> {
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
            return Some(format!("QEMU's own arguments are passed on by `arg`: `arg \"-{word}\" \"...\"`"));
        }
        _ => return None,
    };
    Some(write(statement))
}

/// For a statement that is meant by another word or another form.
pub(super) fn write(statement: &str) -> String {
    format!("write `{statement}`; `qemu-dslc explain {statement}` shows how")
}

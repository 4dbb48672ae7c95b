//! `fs`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::value::{Driver, MountTag, OnOff, Path, SocketPath, choice};

statement! {
    /// A folder of the host that the guest can mount: `mount -t 9p TAG /mnt`.
    STATEMENT reserved "fs" many pluggable Devices [Fs]
    example "fs local path=\"/srv/share\" tag=share security=mapped-xattr"
}

id_kinds! {
    /// The ids of file systems.
    FsId "fs" of "fsdev"
}

choice! {
    /// How the guest's owners and permissions are kept on the host.
    Security {
        None "none": "as `passthrough`, without failing where the host doesn't allow it",
        Passthrough "passthrough": "as they are: QEMU must run as root",
        MappedXattr "mapped-xattr": "in extended attributes of the files",
        MappedFile "mapped-file": "in a folder `.virtfs_metadata`",
        Mapped "mapped": "as `mapped-xattr`"
    }
}

form! {
    /// A folder of the host that the guest can mount: `mount -t 9p TAG /mnt`.
    Fs kinds [
        "local": "QEMU reads and writes the folder itself",
        "handle": "by file handles" { &changes::FSDEV_HANDLE },
        "proxy": "by a helper process" { &changes::FSDEV_PROXY },
    ] settled "QEMU takes `fs` at its start only: put it into the VM's text, or use virtiofs \
               (`chardev socket` and `device vhost-user-fs-pci`)" {
        /// Its id: that of the file system, and where it is written of the device too.
        id "id": Id<FsId>,
        /// The file system's id, where that isn't the device's.
        fsdev "fsdev": OptionalId<FsId>,
        /// The folder.
        path "path": Option<Val<Path>>,
        /// The socket of the helper process.
        socket "socket": Option<Val<SocketPath>> { kinds: &["proxy"], excludes: &["path"] },
        /// The name by which the guest mounts it.
        tag "tag": Val<MountTag>,
        /// How the guest's owners and permissions are kept on the host. `local` needs it.
        security "security": Option<Val<Security>>,
        /// The guest can't write.
        readonly "readonly": Option<Val<OnOff>>,
        /// The device.
        driver "driver": Option<Val<Driver>> { default: "virtio-9p-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Val<OnOff>>,
    } with Virtio
    opens device [(Kind::Device, "virtio-9p-pci")]
}

impl Form for Fs {
    fn check(&self, cx: &mut Checking<'_>) {
        let place = cx.entry.head;
        let kind = self.kind.as_str();
        let missing = |option: &str, write: &str| {
            Diagnostic::error(Code::MissingOption, format!("`fs {kind}` needs `{option}=`"))
                .at(place)
                .help(format!("add `{option}=` and {write}"))
        };
        if kind == "proxy" && !cx.has(&changes::FSDEV_PROXY) {
            return;
        }
        if kind == "proxy" {
            match (&self.path, &self.socket) {
                (None, None) => cx.missing("socket", missing("socket", "the helper's socket")),
                // What the seed printed, and no QEMU took.
                (Some(path), _) if cx.has(&changes::FSDEV_PROXY_PATH) => cx.report(
                    Diagnostic::warning(Code::IgnoredOption, "`fs proxy` has no use for a path")
                        .at(path.span())
                        .help("write `socket=` and the helper's socket"),
                ),
                (Some(path), _) => cx.report(
                    Diagnostic::error(Code::UnknownOption, "`fs proxy` has no use for a path")
                        .at(path.span())
                        .help("write `socket=` and the helper's socket"),
                ),
                (None, Some(_)) => {}
            }
            return;
        }
        if self.path.is_none() {
            cx.missing("path", missing("path", "the folder"));
        }
        if kind == "local" && self.security.is_none() {
            cx.missing(
                "security",
                missing("security", "one of `mapped-xattr`, `mapped-file`, `passthrough`, `none`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let driver = out.virtio("virtio-9p", &self.pci);
        let fsdev = self.fsdev.or(&self.id);
        let id = out.id_of_device(&self.id);
        out.option("-device")
            .word_or(&self.driver, &driver)
            .truth("disable-modern", &self.disable_modern)
            .set("fsdev", &fsdev)
            .set("mount_tag", &self.tag)
            .set("id", id)
            .virtio(&self.pci)
            .written_out(&self.device);
        out.option("-fsdev")
            .word(&self.kind)
            .set("id", &fsdev)
            .set("path", &self.path)
            .set("socket", &self.socket)
            .set("security_model", &self.security)
            .set("readonly", &self.readonly);
    }
}

//! `fs`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::statement::vhost_user::behind_socket;
use crate::value::{Driver, FileMode, MountTag, OnOff, Path, SocketPath, VirtioFsTag, choice};

statement! {
    /// A folder of the host that the guest can mount: `mount -t 9p TAG /mnt`, or `mount -t virtiofs TAG /mnt`.
    STATEMENT reserved "fs" many pluggable Devices [Fs, VirtioFs]
    example "fs local path=\"/srv/share\" tag=share security=mapped-xattr"
}

id_kinds! {
    /// The ids of file systems.
    FsId "fs" of "fsdev"
    /// The ids of those that another process serves.
    VirtioFsId "fs" of "chardev"
}

choice! {
    /// What becomes of files of several devices in one folder, whose numbers (inodes) may be the same.
    MultiDevs {
        Remap "remap": "the guest sees other numbers, each once",
        Forbid "forbid": "the guest sees files of the folder's own device alone",
        Warn "warn": "the numbers stay, and QEMU warns once"
    }
}

choice! {
    /// When what the guest writes is on the host's disk.
    Writeout {
        Immediate "immediate": "as soon as it is written"
    }
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
        "synth": "a few files that QEMU makes up, for its own tests",
    ] settled "QEMU takes it at its start only: put it into the VM's text, or write `fs virtiofs`" {
        /// Its id: that of the file system, and where it is written of the device too.
        id "id": Id<FsId>,
        /// The file system's id, where that isn't the device's.
        fsdev "fsdev": OptionalId<FsId>,
        /// The folder.
        path "path": Option<Val<Path>> { kinds: &["local", "handle", "proxy"] },
        /// The socket of the helper process.
        socket "socket": Option<Val<SocketPath>> { kinds: &["proxy"], excludes: &["path"] },
        /// The name by which the guest mounts it.
        tag "tag": Val<MountTag>,
        /// How the guest's owners and permissions are kept on the host. `local` needs it.
        security "security": Option<Val<Security>> { kinds: &["local", "handle", "proxy"] },
        /// The guest can't write.
        readonly "readonly": Option<Val<OnOff>>,
        /// The mode of new files on the host, as an octal number, where `security` maps the guest's. Without it: `0600`.
        fmode "fmode": Option<Val<FileMode>> { kinds: &["local"] },
        /// The same of new folders. Without it: `0700`.
        dmode "dmode": Option<Val<FileMode>> { kinds: &["local"] },
        /// What becomes of files of several devices in one folder. Without it: `warn`.
        multidevs "multidevs": Option<Val<MultiDevs>> { kinds: &["local"], change: Some(&changes::FSDEV_MULTIDEVS) },
        /// When what the guest writes is on the host's disk. Without it: when the host's kernel comes to it.
        writeout "writeout": Option<Val<Writeout>> { kinds: &["local", "handle", "proxy"] },
        /// The device.
        driver "driver": Option<Val<Driver>> { default: "virtio-9p-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Val<OnOff>>,
    } with Virtio
    opens device [(Kind::Device, "virtio-9p-pci")]
}

behind_socket! {
    /// A folder of the host that virtiofsd serves: `virtiofsd --shared-dir=/srv/share --socket-path=/run/fs.sock`. The guest can
    /// mount it: `mount -t virtiofs TAG /mnt`. The process needs to share the guest's memory: `memory 2G share`.
    VirtioFs VirtioFsId kinds ["virtiofs": "a process of the host, by its socket"] prints "vhost-user-fs" {
        /// The name by which the guest mounts it.
        tag "tag": Val<VirtioFsTag>,
    } with Virtio;
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
        let is_mapped = self.security.is(|security| {
            matches!(security, Security::Mapped | Security::MappedXattr | Security::MappedFile)
        });
        for (name, mode) in [("fmode", &self.fmode), ("dmode", &self.dmode)] {
            if let (Some(mode), Some(security)) = (mode, self.security.known().filter(|_| !is_mapped)) {
                let message = format!("`{name}` is for a `security` that maps");
                let diagnostic =
                    Diagnostic::error(Code::ExclusiveOptions, message).label(mode.span(), "the mode");
                let help = Remedy::new("write `security=mapped-xattr`, or leave out the mode");
                let help = help.replace(security.span, "mapped-xattr");
                cx.report(diagnostic.label(security.span, "maps nothing").help(help));
            }
        }
        if self.path.is_none() && kind != "synth" {
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
            .set("readonly", &self.readonly)
            .set("fmode", &self.fmode)
            .set("dmode", &self.dmode)
            .set("multidevs", self.multidevs)
            .set("writeout", self.writeout);
    }
}

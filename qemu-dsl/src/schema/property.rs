//! The properties of a type.

use crate::value::PropertyType;

/// A property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    name: &'static str,
    ty: PropertyType,
    /// What the schema says of it beside that, a word each.
    flags: &'static str,
}

impl Property {
    /// One of which a schema says this: its type, and perhaps more.
    pub(super) fn new(name: &'static str, says: &'static str) -> Self {
        let (ty, flags) = says.split_once(' ').unwrap_or((says, ""));
        Self { name, ty: PropertyType::read(ty), flags }
    }

    /// One of its elements, where it is a list.
    pub(super) fn element(self) -> Option<Self> {
        match self.ty {
            PropertyType::List(element) => Some(Self { ty: element.ty(), flags: "", ..self }),
            _ => None,
        }
    }

    /// Its name, as QEMU spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it takes.
    #[must_use]
    pub fn ty(&self) -> PropertyType {
        self.ty
    }

    /// Whether it only tells something, and no user sets it.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.has("read-only")
    }

    /// Whether QEMU says that it will go.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.has("deprecated")
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.split(' ').any(|word| word == flag)
    }
}

/// Whether a text of this name is a path, of which QEMU only says that it is a text.
pub(crate) fn is_path(name: &str) -> bool {
    const PATHS: &[&str] = &[
        "cdat",
        "conf",
        "config",
        "db",
        "dh-cert-file",
        "dir",
        "downscript",
        "dtb",
        "dumpdtb",
        "evdev",
        "file",
        "filename",
        "firmware",
        "frudatafile",
        "helper",
        "hidraw",
        "hostdevice",
        "initrd",
        "input-path",
        "jsonfile",
        "kernel",
        "logfile",
        "mem-path",
        "path",
        "pcap",
        "pcapfile",
        "rapl-helper-socket",
        "romfile",
        "rootdir",
        "script",
        "sdrfile",
        "session-file",
        "sev-device",
        "shim",
        "smb",
        "sock",
        "sysfsdev",
        "tftp",
        "vhostdev",
    ];
    PATHS.contains(&name.rsplit('.').next().unwrap_or(name))
}

//! Which file system something is in: by that what the kernel makes is told from anybody's files.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{StatFs, fstatfs, statfs};

/// A file system of the kernel's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileSystem {
    /// That of control groups, of either version.
    ControlGroups,
    /// That of huge pages.
    HugePages,
    /// That of namespaces.
    Namespaces,
}

impl FileSystem {
    /// By what the kernel calls it.
    const fn types(self) -> &'static [u32] {
        match self {
            Self::ControlGroups => &[libc::CGROUP_SUPER_MAGIC as u32, libc::CGROUP2_SUPER_MAGIC as u32],
            Self::HugePages => &[libc::HUGETLBFS_MAGIC as u32],
            Self::Namespaces => &[libc::NSFS_MAGIC as u32],
        }
    }

    fn is(self, of: StatFs) -> bool {
        // The type is 32 bits wide, in a word that isn't everywhere.
        self.types().contains(&(of.f_type as u32))
    }

    /// Whether what is open is in it.
    pub(crate) fn has(self, file: impl AsFd) -> io::Result<bool> {
        Ok(self.is(fstatfs(file)?))
    }

    /// Whether a path is in it, or would be.
    pub(crate) fn has_path(self, path: &Path) -> bool {
        path.ancestors().find_map(|place| statfs(place).ok()).is_some_and(|of| self.is(of))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::fs::File;
    use std::path::Path;

    use super::FileSystem;

    #[test]
    fn a_namespace_is_told_from_a_file() {
        assert!(FileSystem::Namespaces.has(File::open("/proc/self/ns/net").unwrap()).unwrap());
        assert!(!FileSystem::Namespaces.has(File::open("/dev/null").unwrap()).unwrap());
        assert!(FileSystem::Namespaces.has_path(Path::new("/proc/self/ns/net")));
        assert!(!FileSystem::ControlGroups.has_path(Path::new("/proc/self/no/such/file")));
    }
}

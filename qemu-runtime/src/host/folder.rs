//! A folder for a while.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use nix::unistd::mkdtemp;

/// A folder that is this user's alone. It goes with this, and all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// One where the system has its temporary files.
    pub(crate) fn temporary() -> io::Result<Self> {
        Ok(Self(mkdtemp(&env::temp_dir().join("qemu-XXXXXX"))?))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::Folder;

    #[test]
    fn a_temporary_folder_is_this_users_and_goes() {
        let (one, other) = (Folder::temporary().unwrap(), Folder::temporary().unwrap());
        assert_ne!(one.path(), other.path());
        assert_eq!(fs::metadata(one.path()).unwrap().permissions().mode() & 0o7777, 0o700);
        let path = one.path().to_owned();
        fs::write(path.join("pid"), "1").unwrap();
        drop(one);
        assert!(!path.exists());
    }
}

//! Finds the program of a plan.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use rustix::fs::{Access, access, getxattr};
use rustix::process::{getegid, geteuid, getgid, getuid};
use rustix::thread::no_new_privs;

use super::SpawnError;
use crate::confine::User;

/// What is searched where there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/bin:/usr/bin";

/// Where `program` is: a path is itself, from this process's working directory; a name is the first file in `path`
/// that this user may execute. An empty entry in it would be the working directory, where others may have put something:
/// it is none here.
///
/// The search is done before there is a child, which may not allocate.
pub(crate) fn find(program: &OsStr, path: impl FnOnce() -> Option<OsString>) -> Result<PathBuf, SpawnError> {
    if program.as_bytes().contains(&b'/') {
        return absolute(Path::new(program));
    }
    let path = path().unwrap_or_else(|| DEFAULT_PATH.into());
    let mut refused = None;
    if !program.is_empty() {
        for folder in env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty()) {
            let candidate = folder.join(program);
            if candidate.is_file() {
                if access(&candidate, Access::EXEC_OK).is_ok() {
                    return absolute(&candidate);
                }
                refused.get_or_insert(candidate);
            }
        }
    }
    Err(match refused {
        Some(program) => SpawnError::Exec { program, source: io::Error::from_raw_os_error(libc::EACCES) },
        None => SpawnError::NotFound { program: program.to_owned(), path },
    })
}

/// Whether who executes the program has rights then that they have not by themselves: those of the file's owner, capabilities,
/// or those of an effective user who isn't the real one. From such a process the kernel takes what binds it to its parent.
pub(crate) fn elevates(program: &Path, user: Option<&User>) -> bool {
    let real = user.map_or_else(|| (getuid().as_raw(), getgid().as_raw()), |user| (user.uid, user.gid));
    let mut effective = match user {
        Some(_) => real,
        None => (geteuid().as_raw(), getegid().as_raw()),
    };
    let mut capable = false;
    if let Ok(file) = fs::metadata(program) {
        let has = |bits| file.mode() & bits == bits;
        let (uid, gid) = (has(libc::S_ISUID), has(libc::S_ISGID | libc::S_IXGRP));
        // Root has all capabilities anyway.
        let has_capabilities =
            real.0 != 0 && getxattr(program, "security.capability", &mut [0_u8; 64]).is_ok();
        if (uid || gid || has_capabilities) && !no_new_privs().unwrap_or(false) {
            effective.0 = if uid { file.uid() } else { effective.0 };
            effective.1 = if gid { file.gid() } else { effective.1 };
            capable = has_capabilities;
        }
    }
    effective != real || capable
}

/// The guest's working directory may be another.
fn absolute(path: &Path) -> Result<PathBuf, SpawnError> {
    std::path::absolute(path)
        .map_err(|source| SpawnError::System { action: "finding the working directory", source })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::find;
    use crate::SpawnError;

    #[test]
    fn the_first_that_may_be_executed_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        for (folder, mode) in [(&one, 0o644), (&two, 0o755)] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("program"), "").unwrap();
            fs::set_permissions(folder.join("program"), fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([&one, &two]).unwrap();
        assert_eq!(find(OsStr::new("program"), || Some(path.clone())).unwrap(), two.join("program"));

        let refused = find(OsStr::new("program"), || Some(one.clone().into())).unwrap_err();
        assert!(matches!(&refused, SpawnError::Exec { program, .. } if *program == one.join("program")));

        let missing = find(OsStr::new("another"), || Some(path.clone())).unwrap_err();
        assert!(matches!(&missing, SpawnError::NotFound { program, path: searched }
            if program == "another" && *searched == path));
    }

    /// Tests run in the crate's folder: there this file would be found, and refused as it can't be executed.
    #[test]
    fn an_empty_entry_is_no_folder() {
        assert!(Path::new("Cargo.toml").is_file());
        for path in ["", ":", ":/bin", "/bin:", "/bin::/usr/bin"] {
            let missing = find(OsStr::new("Cargo.toml"), || Some(path.into())).unwrap_err();
            assert!(matches!(&missing, SpawnError::NotFound { .. }), "{path:?}: {missing}");
        }
    }

    #[test]
    fn a_path_is_itself_and_nothing_is_nowhere() {
        assert_eq!(find(OsStr::new("/no/such"), || None).unwrap(), Path::new("/no/such"));
        assert_eq!(find(OsStr::new("./x"), || None).unwrap(), std::env::current_dir().unwrap().join("x"));
        assert!(matches!(find(OsStr::new(""), || None), Err(SpawnError::NotFound { .. })));
    }
}

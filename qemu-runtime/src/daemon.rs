//! A QEMU that goes to the background (`-daemonize`): what was started ends as soon as that is ready, and leaves the
//! number of its process in a file.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tempfile::TempDir;

use crate::confine::User;

/// Whether a program with these arguments goes to the background.
pub(crate) fn daemonizes(args: &[CString]) -> bool {
    value_of(args, "daemonize").is_some()
}

/// What stands behind the first of QEMU's options of this name, or nothing behind it.
fn value_of<'a>(args: &'a [CString], option: &str) -> Option<Option<&'a OsStr>> {
    let is_it = |arg: &CString| {
        let name = arg.to_bytes().strip_prefix(b"-").map(|name| name.strip_prefix(b"-").unwrap_or(name));
        name == Some(option.as_bytes())
    };
    let at = args.iter().position(is_it)?;
    Some(args.get(at + 1).map(|value| OsStr::from_bytes(value.to_bytes())))
}

/// The file in which a daemon leaves its number, and which it keeps locked.
pub(crate) struct PidFile {
    path: PathBuf,
    /// Where it is ours.
    folder: Option<TempDir>,
}

impl PidFile {
    /// That of the arguments, or one of our own, with the arguments that say so.
    pub(crate) fn of(
        args: &[CString],
        current_dir: Option<&Path>,
        user: Option<&User>,
    ) -> io::Result<(Self, Vec<CString>)> {
        if let Some(path) = value_of(args, "pidfile").flatten() {
            let path = current_dir.map_or_else(|| PathBuf::from(path), |dir| dir.join(path));
            return Ok((Self { path, folder: None }, Vec::new()));
        }
        let folder = tempfile::Builder::new().prefix("qemu-").tempdir()?;
        if let Some(User { uid, gid, .. }) = user {
            std::os::unix::fs::chown(folder.path(), Some(*uid), Some(*gid))?;
        }
        let path = folder.path().join("pid");
        let added = vec![c"-pidfile".to_owned(), CString::new(path.as_os_str().as_bytes())?];
        Ok((Self { path, folder: Some(folder) }, added))
    }

    /// Who has left its number there, as what refers to it: never another that has the number now.
    pub(crate) fn daemon(self) -> io::Result<(Pid, OwnedFd)> {
        let gone = || io::Error::other("what went to the background has ended at once");
        let file = File::open(&self.path)?;
        let pid = locked_by(&file)?.ok_or_else(gone)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        // It had the number before that was opened, and has it still.
        if locked_by(&file)? != Some(pid) {
            return Err(gone());
        }
        if let Some(folder) = self.folder {
            // What is left of it harms nobody.
            let _ = folder.close();
        }
        Ok((pid, pidfd))
    }
}

/// Who has locked a file.
fn locked_by(file: &File) -> io::Result<Option<Pid>> {
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_GETLK(&mut lock))?;
    Ok(if lock.l_type == libc::F_UNLCK as libc::c_short { None } else { Pid::from_raw(lock.l_pid) })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::ffi::CString;
    use std::path::Path;

    use super::{PidFile, daemonizes};

    fn args(words: &[&str]) -> Vec<CString> {
        words.iter().map(|word| CString::new(*word).unwrap()).collect()
    }

    #[test]
    fn options_have_one_dash_or_two() {
        assert!(daemonizes(&args(&["qemu", "-daemonize"])));
        assert!(daemonizes(&args(&["qemu", "--daemonize", "-S"])));
        assert!(!daemonizes(&args(&["qemu", "daemonize", "---daemonize"])));
    }

    #[test]
    fn a_file_of_the_plans_is_used_and_otherwise_one_is_made() {
        let dir = Some(Path::new("/dir"));
        let (file, added) = PidFile::of(&args(&["qemu", "-pidfile", "pid"]), dir, None).unwrap();
        assert_eq!((file.path.as_path(), added.len()), (Path::new("/dir/pid"), 0));
        let (file, added) = PidFile::of(&args(&["qemu"]), dir, None).unwrap();
        assert_eq!(added, args(&["-pidfile", file.path.to_str().unwrap()]));
        assert!(file.path.parent().unwrap().exists());
    }
}

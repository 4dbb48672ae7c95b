//! `run --pidfile`.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::failure::{Failure, reason};

/// Its mode, of which this process's umask takes away.
const MODE: u32 = 0o644;
/// How long another may have a file locked, which takes it a few system calls.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than a number has.
const LONGEST: u64 = 32;

/// The file with the number of QEMU's process. It is removed when this is dropped, unless another has taken its place.
///
/// What others lay out in its folder is never followed, waited for or written to.
pub(crate) struct PidFile(Placed);

/// A file and the path at which it was found or put.
struct Placed {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Removes the file of a run that left it behind, and nothing else.
    pub(crate) fn make_way(path: &Path) -> Result<(), Failure> {
        while let Some(left) = left_behind(path)? {
            // Where that is another by now, it may be a guest's that runs.
            if left.remove().map_err(|error| failed(path, &reason(&error)))? {
                break;
            }
        }
        Ok(())
    }

    /// Another may have taken the place meanwhile, whose file stays.
    pub(crate) fn write(path: &Path, pid: u32) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The file comes to its place with its content: whoever waits for it never reads half of it.
        let written = tempfile::Builder::new()
            .prefix(".pid-")
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder)
            .and_then(|mut file| {
                writeln!(file, "{pid}")?;
                Ok(file.persist_noclobber(path)?)
            });
        match written {
            Ok(file) => Ok(Self(Placed { path: path.to_owned(), file })),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(failed(path, "another program has made it meanwhile"))
            }
            Err(error) => Err(failed(path, &reason(&error))),
        }
    }
}

impl Placed {
    /// Removes it, unless it is at the path no more, and says whether it was.
    ///
    /// Whoever removes a pid file has it locked: of two who find one that was left behind, the other sees then that it has
    /// gone, and never removes its successor. Where the file system has no locks, there is only the look.
    fn remove(&self) -> io::Result<bool> {
        self.lock()?;
        let removed = self.is_there().and_then(|is_there| {
            if is_there {
                fs::remove_file(&self.path)?;
            }
            Ok(is_there)
        });
        let _ = self.file.unlock();
        removed
    }

    fn is_there(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Anybody may lock a file that everybody may read, and for ever.
    fn lock(&self) -> io::Result<()> {
        let end = Instant::now() + PATIENCE;
        while let Err(TryLockError::WouldBlock) = self.file.try_lock() {
            if Instant::now() >= end {
                return Err(io::Error::other("another process has locked it"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // What stays is of a process that has ended: the next run replaces it.
        let _ = self.0.remove();
    }
}

/// The file at the path, if it has the number of a process that doesn't run. Any other is refused.
fn left_behind(path: &Path) -> Result<Option<Placed>, Failure> {
    let Some(file) = open(path).map_err(|error| failed(path, &reason(&error)))? else {
        return Ok(None);
    };
    let mut content = Vec::new();
    let read = (&file).take(LONGEST).read_to_end(&mut content);
    read.map_err(|error| failed(path, &reason(&error)))?;
    match number(&content) {
        None => Err(failed(path, NO_PID_FILE)),
        Some(pid) if runs(pid) => Err(failed(
            path,
            &format!(
                "the process {pid} runs, whose number is there: choose another path, or remove the file where that is \
                 no VM"
            ),
        )),
        Some(_) => Ok(Some(Placed { path: path.to_owned(), file })),
    }
}

const NO_PID_FILE: &str = "what is there is no file with a process's number: choose another path";

fn failed(path: &Path, reason: &str) -> Failure {
    Failure::usage(format!("--pidfile {}: {reason}", path.display()))
}

/// The regular file at a path, or nothing where there is none. What else may be there is not opened, as that could last, or
/// do something.
fn open(path: &Path) -> io::Result<Option<File>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other(NO_PID_FILE)),
        Ok(_) => {}
    }
    // It may be something else by now.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    match File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(file) if !file.metadata()?.is_file() => Err(io::Error::other(NO_PID_FILE)),
        opened => opened.map(Some),
    }
}

/// A process's number.
fn number(content: &[u8]) -> Option<Pid> {
    let number: u32 = str::from_utf8(content).ok()?.trim().parse().ok()?;
    Pid::from_raw(number.try_into().ok()?)
}

/// Whether a process runs. One that has ended, and whose parent has not looked yet, doesn't.
fn runs(pid: Pid) -> bool {
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&Timespec::default())) == Ok(0),
        Err(Errno::SRCH) => false,
        // Whatever the kernel doesn't want to tell.
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command};
    use std::thread;

    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    use tempfile::TempDir;

    use super::{PidFile, left_behind};

    /// A process that has ended, and that nobody has waited for.
    fn zombie() -> Child {
        let child = Command::new("true").spawn().unwrap();
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&child)), options).unwrap();
        child
    }

    /// A file that a run left behind.
    fn stale() -> (TempDir, PathBuf, Child) {
        let folder = tempfile::tempdir().unwrap();
        let (path, zombie) = (folder.path().join("pid"), zombie());
        fs::write(&path, format!("{}\n", zombie.id())).unwrap();
        (folder, path, zombie)
    }

    fn refusal(path: &Path) -> String {
        PidFile::make_way(path).unwrap_err().message
    }

    #[test]
    fn a_process_that_nobody_has_waited_for_runs_no_more() {
        let (_folder, path, mut zombie) = stale();
        PidFile::make_way(&path).unwrap();
        assert!(!path.exists());
        zombie.wait().unwrap();
    }

    #[test]
    fn of_two_that_find_what_was_left_behind_one_has_the_path() {
        let (folder, path, mut zombie) = stale();
        let [first, second] = [(); 2].map(|()| left_behind(&path).unwrap().unwrap());
        assert!(first.remove().unwrap());
        let own = PidFile::write(&path, std::process::id()).unwrap();
        // The other looks again, and sees whose it is now.
        assert!(!second.remove().unwrap());
        assert!(refusal(&path).contains("runs, whose number is there"));
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        let another = PidFile::write(&path, 1).err().unwrap().message;
        assert!(another.ends_with("another program has made it meanwhile"), "{another}");
        drop(own);
        // Nothing else was made.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        zombie.wait().unwrap();
    }

    #[test]
    fn who_is_about_to_remove_a_file_keeps_the_other_from_it() {
        let (_folder, path, mut zombie) = stale();
        let [first, second] = [(); 2].map(|()| left_behind(&path).unwrap().unwrap());
        first.lock().unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(move || second.remove());
            // It waits, or has not begun yet.
            fs::remove_file(&path).unwrap();
            fs::write(&path, "successor").unwrap();
            drop(first);
            assert!(!second.join().unwrap().unwrap());
        });
        assert_eq!(fs::read_to_string(&path).unwrap(), "successor");
        zombie.wait().unwrap();
    }

    /// The names beside the path are nobody's to know before.
    #[test]
    fn what_others_have_laid_out_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let [path, precious, link, pipe] =
            ["pid", "precious", "pid.1", "pid.2"].map(|name| folder.path().join(name));
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, link).unwrap();
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        for pid in [1, 2] {
            let own = PidFile::write(&path, pid).unwrap();
            assert!(fs::symlink_metadata(&path).unwrap().is_file());
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{pid}\n"));
            drop(own);
        }
        assert_eq!(fs::read_to_string(precious).unwrap(), "precious");
    }

    #[test]
    fn the_end_leaves_what_has_taken_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let own = PidFile::write(&path, 1).unwrap();
        fs::rename(&path, folder.path().join("away")).unwrap();
        // The same content is another's file still.
        fs::write(&path, "1\n").unwrap();
        drop(own);
        assert!(path.exists());
    }

    #[test]
    fn what_is_no_pid_file_is_neither_opened_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let is_refused = || {
            assert!(
                refusal(&path)
                    .ends_with("what is there is no file with a process's number: choose another path")
            );
            assert!(fs::symlink_metadata(&path).is_ok());
            assert!(PidFile::write(&path, 1).is_err());
        };
        for content in ["", "\n", "0", "-1", "12 34", "no", "99999999999999999999", "1\0"] {
            fs::write(&path, content).unwrap();
            is_refused();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        fs::remove_file(&path).unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "4194304").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        is_refused();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        is_refused();
        fs::remove_dir(&path).unwrap();
        // Nobody writes to it.
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        is_refused();
        fs::remove_file(&path).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        is_refused();
        assert_eq!(fs::read_to_string(&target).unwrap(), "4194304");
        assert!(refusal(Path::new("/dev/null")).contains("no file with a process's number"));
    }
}

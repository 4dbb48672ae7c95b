//! How a guest is started.

mod error;
mod firmware;
mod lines;
mod listening;
mod options;
pub(crate) mod preflight;
mod program;
mod stdio;

pub use error::{SpawnError, StartError};
pub use firmware::FirmwareError;
pub use lines::Lines;
pub use preflight::PathError;
pub use stdio::{Stderr, Stdio};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::mem;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::confine::{self, Confinement, Limit, Resource, Sandbox, User};
use crate::fd::{self, InheritedFdError, SocketFile};
use crate::guest::Guest;
use crate::host::{HasZero, HostPaths, Texts, kept, move_above};
use crate::plan::{Fd, Plan};
use crate::process::{Bounds, Command, Step};
use crate::qmp::{Qmp, QmpOptions};
use crate::supervisor::{self, DaemonFailure, PidFile, daemonizes, is_kept};
use crate::{Equipped, Version};
use qemu_dsl::plan::arguments::value_of;

use stdio::{open_input, open_output, open_stderr};

/// The numbers of standard input, output and error.
const STDIO: std::ops::Range<RawFd> = 0..3;

/// The version known to have `-run-with exit-with-parent=on`; 10.0 hasn't.
const EXIT_WITH_PARENT: Version = Version::new(11, 1);

/// How a guest is started: what its plan doesn't say.
///
/// ```
/// use qemu_runtime::{Plan, Spawn, Stdio};
/// # use std::io::Read;
///
/// let plan = Plan::new("qemu-system-x86_64", ["-version"], vec![]);
/// let mut guest = Spawn::new(&plan).stdout(Stdio::Pipe).env("LC_ALL", "C").spawn()?;
/// let mut version = String::new();
/// guest.take_stdout().expect("it is a pipe").read_to_string(&mut version)?;
/// assert!(version.starts_with("QEMU emulator version"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "it starts nothing before `spawn`"]
pub struct Spawn<'a> {
    pub(crate) plan: Cow<'a, Plan>,
    /// The plan's own file descriptors, and for which lines of its table they are.
    fds: Vec<(u32, OwnedFd)>,
    choices: Choices,
}

/// What a spawn is told beside the plan.
#[derive(Debug)]
struct Choices {
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stderr,
    /// Whether the environment starts from nothing rather than from this process's.
    env_clear: bool,
    /// What is set and what is removed in it.
    env: BTreeMap<OsString, Option<OsString>>,
    current_dir: Option<PathBuf>,
    host_paths: HostPaths,
    confinement: Confinement,
    sandbox: Option<Sandbox>,
    exit_with_parent: bool,
    /// File descriptors by their names in the plan's table.
    handed: Vec<(String, OwnedFd)>,
    detached: bool,
    /// How long a daemon may take to get ready.
    daemon_timeout: Duration,
    own_group: bool,
    shielded: bool,
    umask: Option<u32>,
    qmp: Option<QmpOptions>,
    /// Where descriptors of firmware are looked for, if not where QEMU's are.
    firmware_folders: Option<Vec<PathBuf>>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            stdin: Stdio::Null,
            stdout: Stdio::Inherit,
            stderr: Stderr::Captured,
            env_clear: false,
            env: BTreeMap::new(),
            current_dir: None,
            host_paths: HostPaths::default(),
            confinement: Confinement::default(),
            sandbox: None,
            exit_with_parent: false,
            handed: Vec::new(),
            detached: false,
            daemon_timeout: Duration::from_secs(60),
            own_group: false,
            shielded: false,
            umask: None,
            qmp: None,
            firmware_folders: None,
        }
    }
}

impl<'a> Spawn<'a> {
    /// Starts from the defaults: nothing on standard input, this process's standard output, standard error
    /// captured, this process's environment and working directory. What a plan is [equipped](Equipped) with goes to QEMU.
    pub fn new(plan: impl Into<Equipped<'a, Plan>>) -> Self {
        let (plan, fds) = plan.into().into_parts();
        Self { plan, fds, choices: Choices::default() }
    }

    /// Standard input.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.choices.stdin = stdin.into();
        self
    }

    /// Standard output.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.choices.stdout = stdout.into();
        self
    }

    /// Standard error.
    pub fn stderr(mut self, stderr: impl Into<Stderr>) -> Self {
        self.choices.stderr = stderr.into();
        self
    }

    /// Sets a variable of QEMU's environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.choices.env.insert(name.into(), Some(value.into()));
        self
    }

    /// Removes a variable from QEMU's environment.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.choices.env.insert(name.into(), None);
        self
    }

    /// Starts QEMU's environment from nothing, also what was set before. Without a `PATH` in it, the program is
    /// looked for in `/usr/local/bin`, `/bin` and `/usr/bin`.
    pub fn env_clear(mut self) -> Self {
        self.choices.env_clear = true;
        self.choices.env.clear();
        self
    }

    /// QEMU's working directory, from which it reads relative paths. A relative path of the program, and those of
    /// the plan's file descriptors, are read from this process's.
    pub fn current_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.current_dir = Some(path.into());
        self
    }

    /// Where this host keeps the devices that the plan's file descriptors come from.
    pub fn host_paths(mut self, paths: HostPaths) -> Self {
        self.choices.host_paths = paths;
        self
    }

    /// Where the descriptors are of firmware that the plan leaves to the host (`firmware uefi` without `code=`), as QEMU's
    /// `firmware.json` says what is in them. Of two files of one name that of the first folder counts, and an empty one says that
    /// there is none; the least name is tried first. Without this: `~/.config/qemu/firmware`, `/etc/qemu/firmware` and
    /// `/usr/share/qemu/firmware`.
    ///
    /// The file of the variables (`vars=`) is made from the firmware's template where it is missing, as QEMU's
    /// [user](Self::user), for whom alone it is. One that is there stays as it is.
    pub fn firmware_folders(mut self, folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.choices.firmware_folders = Some(folders.into_iter().map(Into::into).collect());
        self
    }

    /// Runs QEMU as another user, whom it becomes before it executes: it never has this one's rights. To become another
    /// takes CAP_SETUID and CAP_SETGID; the plan's file descriptors are opened before, as this user.
    ///
    /// QEMU's own `-runas` would undo that QEMU [dies with its parent](Guest).
    pub fn user(mut self, user: User) -> Self {
        self.choices.confinement.user = Some(user);
        self
    }

    /// Bounds what QEMU may have of a resource.
    pub fn limit(mut self, resource: Resource, limit: Limit) -> Self {
        self.choices.confinement.limits.retain(|(other, _)| *other != resource);
        self.choices.confinement.limits.push((resource, limit));
        self
    }

    /// Runs QEMU in a network namespace, `/run/netns/NAME` or `/proc/PID/ns/net`, where the plan's interfaces are too.
    /// To enter one takes CAP_SYS_ADMIN.
    pub fn network_namespace(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.confinement.network_namespace = Some(path.into());
        self
    }

    /// Runs QEMU in a control group: its folder, `/sys/fs/cgroup/...`. It is there before it executes, so that nothing
    /// of it counts elsewhere.
    pub fn cgroup(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.confinement.cgroup = Some(path.into());
        self
    }

    /// Filters QEMU's system calls: it gets one argument more, `-sandbox`.
    pub const fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.choices.sandbox = Some(sandbox);
        self
    }

    /// Hands over an open file descriptor in place of what a line of the plan's table names, which is not opened then.
    /// `name` is the line's [name](Fd::name): `net0.0` for the first queue of the device `net0`, `net0.vhost0` for
    /// vhost-net's of that queue.
    ///
    /// It must be of the line's sort: a queue that has its interface, an image that is open for what the disk needs, a
    /// socket that is listened on or connected. This process's own is closed by the spawn, also where that fails. A queue
    /// of a tap that an earlier QEMU has left detached is attached again. Of a unix socket on which it listens QEMU removes the file when it ends, whoever
    /// made it.
    pub fn fd(mut self, name: impl Into<String>, fd: impl Into<OwnedFd>) -> Self {
        self.choices.handed.push((name.into(), fd.into()));
        self
    }

    /// [Hands over](Self::fd) the file descriptors that systemd passes to this process, under the names that it gives
    /// them: `FileDescriptorName=net0.0` in a unit. It says so by the variables `LISTEN_PID`, `LISTEN_FDS`,
    /// `LISTEN_FDNAMES` and `LISTEN_PIDFDID`, which QEMU doesn't get to see. Where they are not there or meant for another process, nothing
    /// is handed over.
    ///
    /// # Errors
    ///
    /// Where the variables are not as they should be, or what they name is not open.
    pub fn listen_fds(mut self) -> Result<Self, InheritedFdError> {
        self.choices.handed.extend(fd::listen_fds()?);
        Ok(fd::LISTEN_VARIABLES.into_iter().fold(self, Self::env_remove))
    }

    /// Lets QEMU itself see to its end when this process ends (`-run-with exit-with-parent=on`), where the plan's target has
    /// that: from QEMU 11.1 on.
    ///
    /// The kernel then sends SIGTERM, on which QEMU writes back what its disks still hold, in place of the SIGKILL that no
    /// QEMU survives: one that hangs, or was stopped, would live on. That is why it isn't done unasked. It is the only way where
    /// the program's file [has rights of its own](SpawnError::Privileged).
    pub const fn exit_with_parent(mut self) -> Self {
        self.choices.exit_with_parent = true;
        self
    }

    /// Lets the guest outlive this process and its [`Guest`]: dropping that doesn't kill it, nor does the end of this
    /// process. It gets a session of its own, so that no terminal's hangup or Ctrl-C reaches it.
    ///
    /// A plan that goes to the background (`daemonize`) is started so only. The spawn then waits until QEMU is ready there,
    /// [in time](Self::daemon_timeout), and the guest is what runs in the background: it is found by QEMU's own `-pidfile`,
    /// which is added where the plan has none. As it is no child of this process, [its exit status](crate::Exit::status)
    /// is not known. A [sandbox](Sandbox) must allow it to go there, and a pid file of the plan's may not be another guest's.
    ///
    /// In a process that takes orphans in (the first of a container, or by `PR_SET_CHILD_SUBREAPER`) QEMU leaves one there, which
    /// that process waits for as it does for others.
    ///
    /// Captured standard error has no reader once this process has ended: what is written there is lost. A
    /// [file](Stdio::Fd) keeps it.
    pub const fn detached(mut self) -> Self {
        self.choices.detached = true;
        self
    }

    /// Gives QEMU a process group of its own, so that a signal to this process's group, as a shell's job control and
    /// `timeout` send it, reaches this process alone, which can then [shut the guest down](Guest::shutdown). Not for a QEMU
    /// that reads from a terminal: the terminal lets only one group do that, and stops the others.
    ///
    /// When the guest is dropped or killed, or its program has ended, all that is in the group is killed: also a QEMU that the
    /// program has started as a child of its own. A [detached](Self::detached) guest has a group of its own in any case, which
    /// ends when the guest is [killed](Guest::kill).
    pub const fn own_group(mut self) -> Self {
        self.choices.own_group = true;
        self
    }

    /// Spares QEMU the signals by which a terminal ends programs: it never sees SIGINT (Ctrl-C) or SIGHUP. A terminal
    /// sends them to the whole process group, and QEMU, which stays in this one to read from the terminal, would
    /// end at once, before this process could [shut the guest down](Guest::shutdown). Where it doesn't read from one,
    /// [a group of its own](Self::own_group) spares it all signals to the group.
    pub const fn shielded(mut self) -> Self {
        self.choices.shielded = true;
        self
    }

    /// The bits that QEMU takes from the modes of what it makes (`umask`): files, and sockets, to which whoever may write
    /// connects. Only the last nine count. Without this they are this process's and 0o022, so that nobody but QEMU's user may
    /// write to any. A QEMU that goes to the background sets 0o027 by itself.
    ///
    /// What this process makes for QEMU is not concerned: a socket that is opened for a plan has the mode 0o600 at most.
    pub const fn umask(mut self, mask: u32) -> Self {
        self.choices.umask = Some(mask & 0o777);
        self
    }

    /// How long a guest that [goes to the background](Self::detached) may take to get ready there. Without this a minute.
    pub const fn daemon_timeout(mut self, timeout: Duration) -> Self {
        self.choices.daemon_timeout = timeout;
        self
    }

    /// Gives the guest a [conversation](Guest::qmp) with QEMU. QEMU gets one end of a pair of sockets behind the file
    /// descriptors of the plan, and two arguments that say so, `-chardev` and `-qmp`, behind the plan's own. Under
    /// `-nographic` there may be two more, by which QEMU's monitor stays on the terminal.
    pub fn qmp(self) -> Self {
        self.qmp_with(QmpOptions::default())
    }

    /// The same, with bounds of one's own.
    pub const fn qmp_with(mut self, options: QmpOptions) -> Self {
        self.choices.qmp = Some(options);
        self
    }

    /// Starts it with [QMP](Self::qmp), and waits for its greeting: see [`Guest::start`].
    ///
    /// # Errors
    ///
    /// As [`Guest::start`].
    pub fn start(self) -> Result<Guest, StartError> {
        let plan = self.plan.clone();
        let mut guest = self.with_qmp().spawn().map_err(StartError::Spawn)?;
        // Until it has started, it is killed where this ends.
        let detached = mem::take(&mut guest.detached);
        if let Some(qmp) = guest.qmp() {
            qmp.ready(qmp.timeout()).map_err(|error| StartError::of(error, &plan))?;
        }
        guest.detached = detached;
        Ok(guest)
    }

    /// With QMP, of the bounds that were set.
    pub(crate) fn with_qmp(self) -> Self {
        let options = self.choices.qmp.unwrap_or_default();
        self.qmp_with(options)
    }

    /// The same with a plan of its own, for another thread.
    #[cfg(feature = "tokio")]
    pub(crate) fn into_owned(self) -> Spawn<'static> {
        Spawn { plan: Cow::Owned(self.plan.into_owned()), fds: self.fds, choices: self.choices }
    }

    /// Starts it: see [`Guest::spawn`].
    ///
    /// # Errors
    ///
    /// As [`Guest::spawn`].
    pub fn spawn(mut self) -> Result<Guest, SpawnError> {
        let folders = self.choices.firmware_folders.take().unwrap_or_else(firmware::folders);
        let (dir, user) = (self.choices.current_dir.as_deref(), self.choices.confinement.user.as_ref());
        if let Some(plan) = firmware::resolve(&self.plan, &folders, dir, user)? {
            self.plan = Cow::Owned(plan);
        }
        let table: Vec<_> = self.plan.fds().collect();
        let highest = highest(&table)?;
        let handed = fd::assign(&table, mem::take(&mut self.fds), mem::take(&mut self.choices.handed))?;
        let (qmp_number, highest) = match self.choices.qmp {
            Some(_) => (Some(highest + 1), highest + 1),
            None => (None, highest),
        };
        if let Some(what) = self.choices.confinement.user.as_ref().and_then(User::without_number) {
            return Err(SpawnError::NoId { what });
        }
        let program = program::find(self.plan.program(), || self.path())?;
        let bound = self.choices.detached || self.is_bound_by_qemu();
        if !bound && program::elevates(&program, self.choices.confinement.user.as_ref()) {
            return Err(SpawnError::Privileged { program });
        }
        preflight::pid_file(&self.plan, self.choices.current_dir.as_deref()).map_err(SpawnError::Path)?;
        let mut args = self.arguments(qmp_number)?;
        let env = self.environment()?;
        let current_dir = self.choices.current_dir.as_deref().map(text).transpose()?;

        let pid_file = if daemonizes(&self.plan) { Some(self.pid_file(&mut args)?) } else { None };

        let (stdin, our_stdin) = open_input(self.choices.stdin).map_err(stdio("standard input"))?;
        let stdout = open_output(self.choices.stdout, io::stdout()).map_err(stdio("standard output"))?;
        let stderr = open_stderr(self.choices.stderr).map_err(stdio("standard error"))?;
        let incoming = stdout.incoming.into_iter().chain(stderr.incoming).collect();
        let mut fds = Vec::with_capacity(STDIO.len() + table.len());
        for (number, opened) in STDIO.zip([stdin, stdout.theirs, stderr.theirs]) {
            let opened =
                move_above(opened, highest).map_err(system("making room for the file descriptors"))?;
            fds.push((number, opened));
        }
        let bounds = bounds(self.choices.confinement, highest)?;
        let opened = fd::open_table(
            &table,
            handed,
            &self.choices.host_paths,
            highest,
            bounds.network_namespace.as_ref(),
        )?;
        fds.extend(table.iter().map(|fd| fd.number.cast_signed()).zip(opened.fds));
        let ours = match qmp_number {
            None => None,
            Some(number) => {
                let (ours, theirs) = UnixStream::pair().map_err(system("making QMP's sockets"))?;
                let theirs = move_above(theirs.into(), highest)
                    .map_err(system("making room for the file descriptors"))?;
                fds.push((number, theirs));
                Some(kept(ours).map_err(system("making QMP's sockets"))?)
            }
        };

        let current_folder = self.choices.current_dir.as_deref();
        preflight::hugepages(&self.plan, current_folder).map_err(SpawnError::Path)?;
        // Last, as what is found dead there goes.
        let mut sockets = preflight::sockets(&self.plan, current_folder).map_err(SpawnError::Path)?;
        sockets.extend(opened.socket_files);

        let command = Command {
            program: text(&program)?,
            args,
            env,
            current_dir,
            fds,
            detached: self.choices.detached,
            bounds,
            own_group: self.choices.own_group,
            shielded: self.choices.shielded,
            umask: self.choices.umask,
        };
        let failed = |step, source| match step {
            Step::Exec => SpawnError::Exec { program, source },
            Step::CurrentDir => {
                SpawnError::CurrentDir { path: self.choices.current_dir.unwrap_or_default(), source }
            }
            other => SpawnError::System { action: other.action(), source },
        };
        let (shared, thread) = match pid_file {
            None => supervisor::start(command, incoming).map_err(|(step, source)| failed(step, source))?,
            Some(file) => {
                let started = supervisor::start_daemon(command, incoming, file, self.choices.daemon_timeout);
                match started {
                    Ok(shared) => (shared, None),
                    Err(DaemonFailure::Start(step, source)) => return Err(failed(step, source)),
                    Err(DaemonFailure::Ended(exit)) => {
                        // What was on its way to the background ends a moment after what had started it.
                        sockets.iter().for_each(SocketFile::settle);
                        return Err(SpawnError::Daemon { exit: Box::new(exit) });
                    }
                    Err(DaemonFailure::Late(exit)) => {
                        sockets.iter().for_each(SocketFile::settle);
                        let timeout = self.choices.daemon_timeout;
                        return Err(SpawnError::DaemonTimeout { timeout, exit: Box::new(exit) });
                    }
                    Err(DaemonFailure::Lost(path, source)) => {
                        // It may run on.
                        sockets.into_iter().for_each(SocketFile::keep);
                        return Err(SpawnError::PidFile { path, source });
                    }
                }
            }
        };
        let mut guest = Guest {
            shared,
            thread,
            stdin: our_stdin,
            stdout: stdout.ours,
            stderr: stderr.ours,
            detached: self.choices.detached,
            qmp: None,
            target: self.plan.target(),
            host_paths: self.choices.host_paths,
            plugged: Mutex::default(),
            sockets,
        };
        if let (Some(ours), Some(options)) = (ours, self.choices.qmp) {
            match Qmp::start(ours, options, Some(Arc::clone(&guest.shared))) {
                Ok(qmp) => guest.qmp = Some(qmp),
                Err(source) => {
                    // Nothing of it is to be left, whatever it was to be.
                    guest.detached = false;
                    return Err(SpawnError::System { action: "starting QMP", source });
                }
            }
        }
        Ok(guest)
    }

    /// The plan's arguments, behind the program's name, and those that the choices add.
    fn arguments(&self, qmp_number: Option<RawFd>) -> Result<Texts, SpawnError> {
        let mut args = Texts::new();
        for arg in [self.plan.program()].into_iter().chain(self.plan.args()) {
            args.push(arg)?;
        }
        if let Some(number) = qmp_number {
            for arg in terminal_monitor(&self.plan).into_iter().flatten() {
                args.push(arg)?;
            }
            for arg in qmp_args(number, args.bytes()) {
                args.push(arg)?;
            }
        }
        if let Some(sandbox) = self.choices.sandbox {
            args.push("-sandbox")?;
            args.push(sandbox.arg())?;
        }
        if self.is_bound_by_qemu() {
            args.push("-run-with")?;
            args.push("exit-with-parent=on")?;
        }
        Ok(args)
    }

    /// The file by which a daemon is found, where one may be started. It may be an argument more.
    fn pid_file(&self, args: &mut Texts) -> Result<PidFile, SpawnError> {
        if !self.choices.detached {
            return Err(SpawnError::Daemonizes);
        }
        if is_kept(&self.plan, self.choices.sandbox.map(Sandbox::arg).as_deref()) {
            return Err(SpawnError::DaemonSandbox);
        }
        let user = self.choices.confinement.user.as_ref();
        let (file, added) = PidFile::of(&self.plan, self.choices.current_dir.as_deref(), user)
            .map_err(system("making a folder for the daemon's number"))?;
        // Who has it is another guest.
        match file.holder() {
            Ok(None) => {}
            Ok(Some(holder)) => {
                return Err(SpawnError::PidFileLocked { path: file.into_path(), pid: holder.id() });
            }
            Err(source) => return Err(SpawnError::PidFile { path: file.into_path(), source }),
        }
        for arg in added.into_iter().flatten() {
            args.push(arg)?;
        }
        Ok(file)
    }

    /// Whether QEMU itself sees to its end with this process.
    fn is_bound_by_qemu(&self) -> bool {
        self.choices.exit_with_parent
            && !self.choices.detached
            && self.plan.target().is_some_and(|target| target.version >= EXIT_WITH_PARENT)
    }

    /// Its environment. This process's is copied: only `std` may read it while `std` may change it.
    fn environment(&self) -> Result<Texts, SpawnError> {
        let mut env = Texts::new();
        let mut set = |name: &OsStr, value: &OsStr| env.push_joined(&[name, OsStr::new("="), value]);
        if !self.choices.env_clear {
            for (name, value) in env::vars_os().filter(|(name, _)| !self.choices.env.contains_key(name)) {
                set(&name, &value)?;
            }
        }
        for (name, value) in &self.choices.env {
            if let Some(value) = value {
                set(name, value)?;
            }
        }
        Ok(env)
    }

    /// The `PATH` in it.
    fn path(&self) -> Option<OsString> {
        match self.choices.env.get(OsStr::new("PATH")) {
            Some(set) => set.clone(),
            None if self.choices.env_clear => None,
            None => env::var_os("PATH"),
        }
    }
}

impl Guest {
    /// Starts a plan, with nothing on standard input, this process's standard output, and standard error captured.
    /// [`Spawn`] has the choices.
    ///
    /// Returns once QEMU's program is executing. Whether it likes its arguments is seen later, by [`Guest::wait`].
    ///
    /// # Errors
    ///
    /// Where a file descriptor of the plan can't be opened, or the program can't be executed. Nothing is left then.
    pub fn spawn<'a>(plan: impl Into<Equipped<'a, Plan>>) -> Result<Self, SpawnError> {
        Spawn::new(plan).spawn()
    }

    /// Starts a plan with [QMP](Guest::qmp), and waits until QEMU has greeted there: it has taken its arguments and made
    /// the machine by then. Otherwise as [`Guest::spawn`].
    ///
    /// ```no_run
    /// # let plan: qemu_runtime::Plan = todo!();
    /// use qemu_runtime::{Guest, ShutdownPolicy};
    ///
    /// let guest = Guest::start(&plan)?;
    /// println!("{}", guest.status()?.status);
    /// let shutdown = guest.shutdown(&ShutdownPolicy::new())?;
    /// println!("{:?}: {}", shutdown.step, shutdown.exit);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where it can't be spawned, and where QEMU ends or says nothing in time. Nothing is left then.
    pub fn start<'a>(plan: impl Into<Equipped<'a, Plan>>) -> Result<Self, StartError> {
        Spawn::new(plan).start()
    }
}

/// Opens what the process is bound by.
fn bounds(confinement: Confinement, highest: RawFd) -> Result<Bounds, SpawnError> {
    let open = |what, path: Option<PathBuf>, open: fn(&Path) -> io::Result<OwnedFd>| {
        let opened = path.map(|path| {
            let opened = open(&path).and_then(|file| move_above(file, highest));
            opened.map_err(|source| SpawnError::Bound { what, path, source })
        });
        opened.transpose()
    };
    Ok(Bounds {
        cgroup: open("control group", confinement.cgroup, confine::open_cgroup)?,
        network_namespace: open(
            "network namespace",
            confinement.network_namespace,
            confine::open_network_namespace,
        )?,
        limits: confinement.limits,
        user: confinement.user,
    })
}

/// The highest number that the child is to have. The table's numbers rise from 3.
fn highest(table: &[Fd<&OsStr>]) -> Result<RawFd, SpawnError> {
    table.iter().try_fold(STDIO.end - 1, |last, Fd { number, .. }| {
        match RawFd::try_from(*number) {
            // Less than the largest, as QMP's comes behind it, and what is opened must lie above all.
            Ok(next) if next > last && next < RawFd::MAX - 1 => Ok(next),
            _ => Err(SpawnError::FdNumber { number: *number }),
        }
    })
}

/// What makes QEMU take a socket for QMP. The form is one that no version complains of. The id is one that the plan
/// doesn't have.
fn qmp_args(number: RawFd, plans: &[u8]) -> [String; 4] {
    let taken = |id: &str| plans.windows(id.len()).any(|part| part == id.as_bytes());
    let mut id = "qemu-runtime".to_owned();
    while taken(&id) {
        id.push('x');
    }
    ["-chardev".into(), format!("socket,id={id},fd={number}"), "-qmp".into(), format!("chardev:{id}")]
}

/// What puts QEMU's monitor on the terminal under `-nographic`, where the plan leaves that to QEMU: of itself QEMU does
/// so only as long as there is no `-qmp`. With the monitor, Ctrl-C goes to the guest.
fn terminal_monitor(plan: &Plan) -> Option<[&'static str; 2]> {
    let has = |option| value_of(plan.args(), option).is_some();
    let chosen = ["nodefaults", "monitor", "mon", "qmp", "qmp-pretty", "daemonize"];
    let has_monitor = plan.args().any(|arg| arg.as_bytes().starts_with(b"mon:"));
    if !has("nographic") || has_monitor || chosen.into_iter().any(has) {
        return None;
    }
    // With a serial port of its own the guest gets none by default, and the monitor has the terminal for itself.
    let is_serial_port = |arg: &OsStr| {
        let arg = arg.as_bytes();
        arg.strip_prefix(b"driver=").unwrap_or(arg).split(|byte| *byte == b',').next() == Some(b"isa-serial")
    };
    let own_port = has("serial") || plan.args().any(is_serial_port);
    Some(if own_port { ["-monitor", "stdio"] } else { ["-serial", "mon:stdio"] })
}

fn text(text: impl Into<OsString>) -> Result<CString, SpawnError> {
    CString::new(text.into().into_vec())
        .map_err(|error| SpawnError::Nul { text: OsString::from_vec(error.into_vec()) })
}

impl From<HasZero> for SpawnError {
    fn from(HasZero(text): HasZero) -> Self {
        Self::Nul { text }
    }
}

fn stdio(stream: &'static str) -> impl Fn(io::Error) -> SpawnError {
    move |source| SpawnError::Stdio { stream, source }
}

fn system(action: &'static str) -> impl Fn(io::Error) -> SpawnError {
    move |source| SpawnError::System { action, source }
}

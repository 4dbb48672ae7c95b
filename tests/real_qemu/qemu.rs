//! The QEMUs of this machine, and one of them that runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use qemu_dsl::plan::{Fd, Fragment};
use qemu_dsl::{Arch, Diagnostic, Open, Options, Severity, Target, TargetSpec, Version};
use qemu_runtime::qmp::{QmpError, QmpOptions};
use qemu_runtime::{Guest, Plan, Spawn, Stdio};
use serde_json::{Value, json};

use crate::outcome::{Outcome, Stop, ensure};
use crate::world::World;

/// How long an answer may take, on a machine that has other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A QEMU, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Qemu {
    pub(crate) program: PathBuf,
    pub(crate) arch: Arch,
    pub(crate) version: Version,
    /// Whether it is the machine's own.
    installed: bool,
}

impl Qemu {
    /// The one of `PATH` for an architecture, and those that `scripts/qemus` has prepared in the folder `QEMU_DSL_QEMUS`: one a
    /// version.
    pub(crate) fn all(arch: Arch) -> Result<Vec<Self>, String> {
        let mut found: Vec<_> = Self::ask(arch, Path::new(arch.program()), true).into_iter().collect();
        if let Some(dir) = std::env::var_os("QEMU_DSL_QEMUS") {
            let dir = match arch {
                Arch::X86_64 => Path::new(&dir).join("bin"),
                other => Path::new(&dir).join(other.name()).join("bin"),
            };
            if arch != Arch::X86_64 && !dir.exists() {
                return Ok(found);
            }
            let entries = std::fs::read_dir(&dir)
                .map_err(|error| format!("QEMU_DSL_QEMUS: {}: {error}", dir.display()))?;
            for entry in entries {
                let program = entry.map_err(|error| error.to_string())?.path();
                let qemu = Self::ask(arch, &program, false)
                    .ok_or_else(|| format!("QEMU_DSL_QEMUS: {} is no QEMU that runs", program.display()))?;
                found.push(qemu);
            }
        }
        // Stable: the installed one stays before a wrapper for it.
        found.sort_by_key(|qemu| qemu.version);
        found.dedup_by_key(|qemu| qemu.version);
        Ok(found)
    }

    fn ask(arch: Arch, program: &Path, installed: bool) -> Option<Self> {
        let output = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.strip_prefix("QEMU emulator version ")?.split_whitespace().next()?;
        Some(Self { program: program.to_owned(), arch, version: version.parse().ok()?, installed })
    }

    /// Compiles `source` for it.
    pub(crate) fn compile(&self, source: &str, world: &World) -> Compiled {
        compile(source, Target::new(self.arch, self.version), world)
    }

    /// Compiles and starts `source`, paused. What the compiler says of it beside errors is not looked at.
    pub(crate) fn start<'w>(&self, source: &str, world: &'w World) -> Outcome<Running<'w>> {
        let compiled = self.compile(source, world);
        self.run(&compiled, world)
    }

    /// Starts what was compiled, paused.
    pub(crate) fn run<'w>(&self, compiled: &Compiled, world: &'w World) -> Outcome<Running<'w>> {
        let Some(compiled_plan) = &compiled.plan else {
            return Err(Stop::failed(format!("{}\n{:#?}", compiled.source, compiled.diagnostics)));
        };
        let own = compiled_plan.args().map(|arg| arg.to_str().unwrap_or_default().to_owned());
        let mut args: Vec<String> = own.collect();
        let compiled_args = args.len();
        args.push("-S".into());
        if !args.iter().any(|arg| matches!(arg.as_str(), "-nographic" | "-display")) {
            args.extend(["-display".into(), "none".into()]);
        }
        let plan = Plan::new(
            &*self.program.to_string_lossy(),
            args.iter().cloned(),
            compiled_plan.fds().map(Fd::from).collect(),
        );
        let guest = Spawn::new(&plan)
            .current_dir(world.path())
            .host_paths(world.host_paths.clone())
            .stdout(Stdio::Null)
            .qmp_with(QmpOptions::new().timeout(PATIENCE))
            .spawn();
        let guest = guest.map_err(|error| Stop::failed(format!("{error}\n{args:#?}")))?;
        let running = Running {
            qemu: self.clone(),
            source: compiled.source.clone(),
            args,
            compiled_args,
            fds: compiled_plan.fds().map(Fd::from).collect(),
            deprecated: compiled.codes().contains(&"deprecated"),
            guest,
            world,
        };
        let greeted = running.guest.qmp().map(|qmp| qmp.ready(PATIENCE));
        match greeted {
            Some(Ok(greeting)) => {
                let numbers = greeting.version.qemu;
                let version = Version::new(numbers.major, numbers.minor);
                running.explain(ensure!(version == self.version, "{version} greets"))?;
                let status = running.ask("query-status", json!({}))?;
                let is_incoming = running.args.iter().any(|arg| arg == "-incoming");
                let paused = if is_incoming { "inmigrate" } else { "prelaunch" };
                running.explain(ensure!(status.get("status") == Some(&json!(paused)), "{status}"))?;
                Ok(running)
            }
            Some(Err(error)) => running.explain(Err(Stop::failed(error))),
            None => running.explain(Err(Stop::failed("there is no QMP"))),
        }
    }
}

/// What came of a text.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) source: String,
    pub(crate) plan: Option<Plan>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    /// The codes of what the compiler says, in its order.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The arguments as text.
    pub(crate) fn args(&self) -> Vec<&str> {
        let args = self.plan.iter().flat_map(Plan::args);
        args.filter_map(|arg| arg.to_str()).collect()
    }
}

/// Compiles `source`, with the values of `world` for the parameters that it declares.
pub(crate) fn compile(source: &str, target: impl Into<TargetSpec>, world: &World) -> Compiled {
    let params = world.params().into_iter();
    let params = params.filter(|(name, _)| source.contains(&format!("param {name}:"))).collect();
    let compiled =
        qemu_dsl::compile(source, &Options { target: target.into(), params, ..Options::default() });
    Compiled {
        source: source.to_owned(),
        plan: compiled.template.map(Plan::of),
        diagnostics: compiled.diagnostics,
    }
}

/// The same where the values of some parameters come when the template is bound.
pub(crate) fn compile_late(
    source: &str,
    target: impl Into<TargetSpec>,
    world: &World,
    is_late: impl Fn(&str) -> bool,
) -> Compiled {
    let params = world.params().into_iter();
    let declared = params.filter(|(name, _)| source.contains(&format!("param {name}:")));
    let (late, params): (Vec<_>, Vec<_>) = declared.partition(|(name, _)| is_late(name));
    let options = Options { target: target.into(), params, open: Open::Parameters, ..Options::default() };
    let compiled = qemu_dsl::compile(source, &options);
    let values: Vec<_> = late.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
    let plan = compiled.open.and_then(|open| open.bind_named(&values).ok());
    Compiled { source: source.to_owned(), plan, diagnostics: compiled.diagnostics }
}

/// A QEMU that runs, and answers over QMP. It ends with the value.
pub(crate) struct Running<'w> {
    pub(crate) qemu: Qemu,
    /// The text that it came from.
    pub(crate) source: String,
    args: Vec<String>,
    /// How many of the arguments are the compiler's.
    compiled_args: usize,
    /// The compiler's table of file descriptors.
    pub(crate) fds: Vec<Fd>,
    /// Whether the compiler has warned of something that will go.
    deprecated: bool,
    guest: Guest,
    pub(crate) world: &'w World,
}

impl Running<'_> {
    /// The compiler's arguments.
    pub(crate) fn args(&self) -> &[String] {
        self.args.get(..self.compiled_args).unwrap_or(&self.args)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.guest.id()
    }

    /// Executes a command.
    pub(crate) fn ask(&self, command: &str, arguments: Value) -> Outcome<Value> {
        self.explain(self.try_ask(command, arguments).map_err(Stop::failed))
    }

    /// Executes a command that QEMU may refuse.
    pub(crate) fn try_ask(&self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        self.guest.qmp().ok_or(QmpError::NoQmp)?.execute_raw(command, arguments)
    }

    /// Plugs devices.
    pub(crate) fn plug(&self, fragment: &Fragment) -> Outcome {
        self.guest.plug(fragment).map(drop).map_err(Stop::failed)
    }

    /// Executes a command of the monitor for people.
    pub(crate) fn info(&self, what: &str) -> Outcome<String> {
        let arguments = json!({ "command-line": format!("info {what}") });
        let answer = self.ask("human-monitor-command", arguments)?;
        Ok(answer.as_str().unwrap_or_default().replace('\r', ""))
    }

    /// A property of an object of QEMU's.
    pub(crate) fn get(&self, path: &str, property: &str) -> Outcome<Value> {
        self.ask("qom-get", json!({ "path": path, "property": property }))
    }

    /// An object's properties: their names and types.
    pub(crate) fn list(&self, path: &str) -> Outcome<Vec<(String, String)>> {
        let list = self.ask("qom-list", json!({ "path": path }))?;
        let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(items.iter().filter_map(|item| text(item, "name").zip(text(item, "type"))).collect())
    }

    /// Adds to a failure what ran.
    pub(crate) fn explain<T>(&self, outcome: Outcome<T>) -> Outcome<T> {
        outcome.map_err(|stop| {
            let stderr = self.stderr(&self.guest.stderr());
            let args: Vec<_> = self.args.iter().map(|arg| format!("    {arg}")).collect();
            stop.with(&format!(
                "--- QEMU {}: {}\n{}\n--- arguments\n{}\n--- standard error\n{stderr}",
                self.qemu.version,
                self.qemu.program.display(),
                self.source,
                args.join("\n")
            ))
        })
    }

    /// What QEMU wrote to standard error, but for what a server that waits says, and what has its cause in how a
    /// test's QEMU is unpacked.
    fn stderr(&self, bytes: &[u8]) -> String {
        // An unpacked QEMU looks for what its folder lacks in the machine's, and finds another version's.
        let foreign = |line: &&str| {
            !self.qemu.installed
                && (line.contains("failed to initialize module: /usr/lib/")
                    || *line == "Only modules from the same build can be loaded.")
        };
        let waits = |line: &&str| line.contains(": info: QEMU waiting for connection on: ");
        // What the compiler has said, QEMU may say as well.
        let known = |line: &&str| self.deprecated && line.contains(" is deprecated");
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().filter(|line| !foreign(line) && !waits(line) && !known(line));
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// Looks for all that its arguments name, and ends it.
    pub(crate) fn examine_and_quit(self) -> Outcome {
        self.explain(crate::examine::examine(&self))?;
        self.quit()
    }

    /// Ends it: it must not have said a word.
    pub(crate) fn quit(self) -> Outcome {
        self.ask("quit", json!({}))?;
        let exit = self.guest.wait_timeout(PATIENCE);
        let outcome = match exit {
            Some(exit) => {
                let stderr = self.stderr(exit.stderr());
                ensure!(exit.success(), "{exit}")
                    .and_then(|()| ensure!(stderr.is_empty(), "it said something"))
            }
            None => Err(Stop::failed("it doesn't quit")),
        };
        self.explain(outcome)
    }
}

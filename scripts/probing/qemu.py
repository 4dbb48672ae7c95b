"""A QEMU that answers questions, and QEMUs that are started to see what they say of their arguments."""

import concurrent.futures
import contextlib
import glob
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

# How long an answer may take, in seconds. Only what hangs gets there.
PATIENCE = 30

# A QEMU ends with this script, however that ends: the kernel sees to it. (Each is started by the thread that ends it.)
MORTAL = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []

# Modules that bring types of devices and backends, or that such ones need. The others bring sound and windows, and end
# QEMU where their libraries lack something.
MODULES = ("accel-*.so", "chardev-*.so", "hw-*.so", "ui-dbus.so", "ui-opengl.so", "ui-spice-core.so")

# Set in a process that has mounts of its own.
INSIDE = "QEMU_DSL_SCHEMA_INSIDE"


# What a QEMU is said to have printed that was killed, as it didn't answer.
HUNG = "it hung"


class Died(Exception):
    """QEMU has ended instead of answering."""


class Hung(Died):
    """QEMU has neither answered nor ended. It has been killed."""


class Program:
    """A qemu-system-ARCH, or a script that runs one."""

    def __init__(self, path):
        self.path = shutil.which(path) or sys.exit(f"schema: there is no {path}")
        # Whatever a property that is tried out names as a file is in here.
        self.folder = tempfile.TemporaryDirectory(prefix="schema-")
        self.hung = []  # The arguments of those that did.

    def run(self, arguments, *questions):
        """Starts one with `arguments` and asks it. Gives ([answer], what it printed); fewer answers where it has ended, and
        HUNG in place of what it printed where it has neither answered nor ended."""
        try:
            with Qemu(self, *arguments) as qemu:
                answers = []
                try:
                    for command, asked in questions:
                        answers.append(qemu.ask(command, **asked))
                    qemu.ask("quit")
                except Hung:
                    raise
                except Died:
                    pass
                return answers, qemu.end()
        except Hung:
            self.hung.append(" ".join(arguments))
            return [], HUNG
        except Died as died:
            return [], str(died)

    def print(self, *arguments):
        """What it prints, where it is told to print and end."""
        return subprocess.run([*MORTAL, self.path, *arguments], cwd=self.folder.name, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=PATIENCE).stdout

    def run_all(self, runs):
        """The same for many, in the same order."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda run: self.run(*run), runs))


class Qemu:
    """One QEMU that is paused, and the QMP connection to it."""

    def __init__(self, program, *arguments):
        self.program = program
        ours, theirs = socket.socketpair()
        # A file, as a pipe would hold QEMU up when it is full.
        self.said = tempfile.TemporaryFile("w+", errors="replace")
        with theirs:
            self.process = subprocess.Popen(
                [*MORTAL, program.path, "-nodefaults", "-display", "none", "-S", *arguments,
                 "-chardev", f"socket,id=schema,fd={theirs.fileno()}", "-qmp", "chardev:schema"],
                cwd=program.folder.name, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=self.said)
        ours.settimeout(PATIENCE)
        self.wire = ours.makefile("rw")
        ours.close()
        try:
            greeting = self.wire.readline()
        except TimeoutError:
            raise Hung(self.end()) from None
        except OSError:
            greeting = ""
        if not greeting:
            raise Died(self.end())
        self.version = json.loads(greeting)["QMP"]["version"]
        try:
            self.ask("qmp_capabilities")
        except Died as died:
            raise type(died)(self.end()) from None

    def answer(self, command, arguments):
        """What QEMU answers, error or not."""
        try:
            json.dump({"execute": command, "arguments": arguments}, self.wire)
            self.wire.flush()
            for line in self.wire:
                answer = json.loads(line)
                if "event" not in answer:
                    return answer
        except TimeoutError:
            raise Hung(f"{self.program.path} said nothing when asked {command} {arguments}") from None
        except OSError:
            pass
        raise Died(f"{self.program.path} ended when asked {command} {arguments}")

    def ask(self, command, **arguments):
        """What QEMU returns; None where it has an error."""
        return self.answer(command, arguments).get("return")

    def error(self, command, **arguments):
        """What is wrong with a command; the empty text where it was carried out."""
        return self.answer(command, arguments).get("error", {}).get("desc", "")

    def end(self):
        """Waits for it, or ends it. Gives what it has printed."""
        try:
            self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if not self.said.closed:
            self.said.seek(0)
            self.last_words = self.said.read().strip()
            self.said.close()
            with contextlib.suppress(OSError):
                self.wire.close()
        return self.last_words

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.end()


class Asked:
    """A QEMU that is started again when a question has ended it. By itself it has no machine."""

    def __init__(self, program, *arguments):
        self.program = program
        self.arguments = arguments or ("-M", "none")
        self.start()

    def start(self):
        try:
            self.qemu = Qemu(self.program, *self.arguments)
        except Died as died:
            sys.exit(f"{self.program.path}: {died}")

    def ask(self, command, **arguments):
        return self.qemu.ask(command, **arguments)

    def ask_or_restart(self, command, **arguments):
        """The answer; None where there is none, or where the question has ended QEMU."""
        try:
            return self.qemu.ask(command, **arguments)
        except Died as died:
            self.restart(died)
            return None

    def error(self, command, **arguments):
        try:
            return self.qemu.error(command, **arguments)
        except Died as died:
            self.restart(died)
            return "it ended"

    def monitor(self, line):
        return (self.ask_or_restart("human-monitor-command", **{"command-line": line}) or "").replace("\r", "").strip()

    def restart(self, died):
        if isinstance(died, Hung):
            self.program.hung.append(str(died))
        self.qemu.end()
        self.start()

    def types(self, implements, abstract=False):
        """{name: its parent's}"""
        listed = self.ask("qom-list-types", implements=implements, abstract=abstract)
        return {each["name"]: each.get("parent") for each in sorted(listed, key=lambda each: each["name"])}

    def modules_folder(self):
        """Where this QEMU, and no other, has its modules; None where it takes those of the system."""
        environment = pathlib.Path(f"/proc/{self.qemu.process.pid}/environ").read_bytes().split(b"\0")
        found = dict(variable.split(b"=", 1) for variable in environment if b"=" in variable)
        folder = found.get(b"QEMU_MODULE_DIR")
        return os.fsdecode(folder) if folder else None


def with_own_mounts():
    """Runs this script again with mounts of its own, where they can be had."""
    if INSIDE in os.environ:
        return
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    unshare = ["unshare", *user, "--mount"]
    able = shutil.which("unshare") and subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode == 0
    os.environ[INSIDE] = "1" if able else ""
    if able:
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def show_own_modules(program):
    """Mounts for `program` the modules that it should see, and gives their names.

    A QEMU that isn't the system's looks into its own folder first, and then into the system's: what it finds there is
    another QEMU's, and ends it.
    """
    asked = Asked(program)
    own = asked.modules_folder()
    asked.qemu.ask("quit")
    asked.qemu.end()
    systems = sorted({os.path.realpath(folder) for folder in glob.glob("/usr/lib*/qemu") + glob.glob("/usr/lib/*/qemu")})
    wanted = [path for folder in ([own] if own else systems) for pattern in MODULES
              for path in glob.glob(f"{folder}/{pattern}")]
    if os.environ[INSIDE]:
        copy = tempfile.mkdtemp(prefix="modules-", dir=program.folder.name)
        for path in wanted:
            shutil.copy(path, copy)
        for folder in systems:
            mount("tmpfs", "none", folder) if own else mount("bind", copy, folder)
        # One without modules may have no folder for them.
        if own and os.path.isdir(own):
            mount("bind", copy, own)
    return sorted(pathlib.Path(path).stem for path in wanted)


def mount(kind, what, where):
    how = ["--bind"] if kind == "bind" else ["-t", kind]
    subprocess.run(["mount", *how, what, where], check=True)

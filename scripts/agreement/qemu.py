"""A QEMU: what it answers, and what it does with its arguments."""

import dataclasses
import glob
import json
import os
import pathlib
import re
import selectors
import signal
import socket
import subprocess
import tempfile
import time

# How long a start may take. Only what hangs gets there.
PATIENCE = 20
# A server waits for its first client; so the arguments are right.
WAITING = b"waiting for connection"


class Died(Exception):
    """QEMU has ended instead of answering."""


class Program:
    """A qemu-system-x86_64, or a script that runs one."""

    def __init__(self, path):
        self.path = path
        # A QEMU from elsewhere falls back to the folder of this machine's modules, which are not its own: one such
        # module ends it.
        self.foreign_modules = []
        if b"QEMU_MODULE_DIR" in pathlib.Path(path).read_bytes()[:1000]:
            self.foreign_modules = glob.glob("/usr/lib/*/qemu")
        told = subprocess.run(self.command("--version"), capture_output=True, text=True, check=True).stdout
        self.version = re.search(r"version (\d+\.\d+)", told)[1]
        self.full_version = told.splitlines()[0]

    def command(self, *args):
        if not self.foreign_modules or os.geteuid() != 0:
            return [self.path, *args]
        hide = "".join(f"mount -t tmpfs none {folder} && " for folder in self.foreign_modules)
        return ["unshare", "--mount", "sh", "-c", f'{hide}exec "$0" "$@"', self.path, *args]


class Asked:
    """A QEMU that answers questions over QMP. It is started again when a question has killed it."""

    def __init__(self, program):
        self.program = program
        self.start()

    def start(self):
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                self.program.command("-nodefaults", "-display", "none", "-S", "-M", "none",
                                     "-chardev", f"socket,id=q,fd={theirs.fileno()}", "-qmp", "chardev:q"),
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
        self.wire = ours.makefile("rw")
        ours.close()
        if not self.wire.readline():
            raise Died(f"{self.program.path} doesn't start")
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        """QEMU's answer; None where it has none."""
        try:
            json.dump({"execute": command, "arguments": arguments}, self.wire)
            self.wire.flush()
            for line in self.wire:
                answer = json.loads(line)
                if "event" not in answer:
                    return answer.get("return")
        except OSError:
            pass
        self.process.wait()
        raise Died(f"{self.program.path} ended when asked {command} {arguments}")

    def ask_or_restart(self, command, **arguments):
        try:
            return self.ask(command, **arguments)
        except Died:
            self.start()
            return None

    def types(self, implements, abstract=False):
        """{name: its parent's}"""
        listed = self.ask("qom-list-types", implements=implements, abstract=abstract)
        return {each["name"]: each.get("parent") for each in listed}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("quit")
        except Died:
            pass
        self.process.wait()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a QEMU makes of its arguments."""

    # accepted, warned (accepted with a warning), refused, crashed, hung
    kind: str
    # What it says, without its own name.
    message: str

    @property
    def takes(self):
        return self.kind in ("accepted", "warned")


def world():
    """A folder with the files that the generated arguments name. They are relative to it."""
    folder = tempfile.TemporaryDirectory(prefix="agree-")
    path = pathlib.Path(folder.name)
    path.joinpath("disk.img").write_bytes(bytes(1 << 20))
    path.joinpath("share").mkdir()
    os.mkfifo(path / "pipe.in")
    os.mkfifo(path / "pipe.out")
    return folder


def start(program, args):
    """Starts a QEMU that is paused and quits at once."""
    ours, theirs = socket.socketpair()
    # It reads this when everything is there.
    ours.sendall(b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
    with world() as folder, ours:
        with theirs:
            process = subprocess.Popen(
                program.command(*args, "-display", "none", "-S",
                                "-chardev", f"socket,id=agreement,fd={theirs.fileno()}", "-qmp", "chardev:agreement"),
                cwd=folder, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE)
        with process.stderr:
            said = read(process.stderr)
        status = ended(process)
    lines = [without_name(line) for line in said.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    message = "\n".join(lines)
    if WAITING in said:
        return Verdict("accepted", "")
    if status is None:
        return Verdict("hung", message)
    if status < 0:
        return Verdict("crashed", f"{signal.Signals(-status).name}: {message}")
    if status > 0:
        return Verdict("refused", message)
    return Verdict("warned" if lines else "accepted", message)


def read(stream):
    """What is written to it, up to its end or to what is enough."""
    said = b""
    deadline = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and WAITING not in said:
            if selector.select(left):
                piece = os.read(stream.fileno(), 65536)
                if not piece:
                    break
                said += piece
    return said


def ended(process):
    """The status of a process that has closed its standard error; None where it doesn't end, and is ended here."""
    try:
        return process.wait(1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def without_name(line):
    return re.sub(r"^\S*qemu-system-x86_64(-\S+)?: ", "", line).strip()

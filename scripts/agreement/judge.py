"""What the compiler says of a case, what QEMU says, and what the two together are."""

import dataclasses
import json
import re
import subprocess

from . import qemu

# Why a line says nothing about the compiler: the rule, and what QEMU says. Each is about the machine that it runs on, which
# a compiler can't know. Names in quotes don't count: they are the line's.
HOST = {
    "needs KVM, Xen, SEV, SGX or TDX": r"requires KVM|requires kvm|KVM is (not|required)|kvm-accel|ioeventfd is required|support requested features|/dev/kvm|\bSEV\b|\bSGX\b|\bTDX\b|Xen guest|Xen accelerator|xencall|unsupported machine type: \"xen",
    "needs vhost, of the kernel or of another process":
        r"[Ff]ailed to set msg fds|vhost (initialization|dev|backend)|vhost_|failed to open vhost|Failed to read msg",
    "needs a device of the host":
        r"[Vv][Ff][Ii][Oo] \S*: |/dev/iommu|libusb|No such device|CAN_RAW|SG_IO|host device\b(?!:)|Failed to find a .*USB device|Required key",
    "needs a file, socket or process of the host":
        r"No such file or directory|Permission denied|Address already in use|Connection refused|[Ff]ailed to connect|"
        r"address resolution failed|Failed to open|Could not connect|Operation not permitted|openConnection",
    "needs TLS credentials": r"Unable to access credentials|Unable to import|Unable to load",
    "needs more memory than there is": r"Cannot allocate memory|cannot set up guest memory|unable to map backing store|ftruncate|failed to resize",
    "needs a module, or a part that isn't built": r"[Mm]odule \S+ not found|failed to find romfile|is not available in this|not compiled in",
    "needs a display or sound of the host": r"OpenGL|opengl|virgl|no default audio|Could not init|DBus|D-Bus",
}

# What Debian's packages have in modules: a QEMU without these says that it doesn't know the names.
MODULAR = r"(qxl|qxl-vga|spice\w+|braille|dbus|dbus-display|\S+-gl|\S+-gl-pci)"
MODULE = re.compile(f"'{MODULAR}' is not a valid |does not accept value '{MODULAR}'|invalid object type: {MODULAR}$")

# Warnings about what QEMU takes, and people had better not write.
ADVICE = ("visible-secret",)


@dataclasses.dataclass
class Result:
    case: object
    # The compiler's diagnostics, as its JSON has them.
    diagnostics: list
    verdict: qemu.Verdict
    # The arguments that QEMU was given: the compiler's, where there are any.
    args: list
    # Why it is left out; None where it counts.
    rule: str = None

    @property
    def says_error(self):
        return any(each["severity"] == "error" for each in self.diagnostics)

    @property
    def says_warning(self):
        return any(each["severity"] == "warning" and each["code"] not in ADVICE for each in self.diagnostics)

    @property
    def outcome(self):
        """What the two say together."""
        match self.verdict.kind, self.says_error, self.says_warning:
            case ("accepted" | "warned"), True, _:
                return "false error"
            case "accepted", False, True:
                return "false warning"
            case ("accepted" | "warned"), False, _:
                return "both take it"
            case _, True, _:
                return "both refuse it"
            case _, _, True:
                return "only warned of"
        return "let through"


def left_out(verdict):
    """The rule by which a refused line doesn't count."""
    if verdict.kind == "hung":
        return "waits for another process"
    message = verdict.message.replace("can't", "cannot")
    said = re.sub(r"^-\S+ .*?: |^cannot apply global [^:]*: |'[^']*'", "", message, flags=re.MULTILINE)
    rule = next((rule for rule, pattern in HOST.items() if re.search(pattern, said)), None)
    if rule is None and MODULE.search(verdict.message):
        return "needs a module, or a part that isn't built"
    # With a message it says what is wrong with the line. Without one it is QEMU's own mistake.
    if rule is None and verdict.kind == "crashed" and re.search(r"^SIG\w+: *$|[Aa]ssertion", said):
        return "ends QEMU without a word"
    return rule


def is_read(case):
    """Whether QEMU has looked at all of it. What a `global` says of a device that isn't there may be wrong, and a warning
    of it is right."""
    devices = {statement.head for statement in case.statements if statement.keyword == "device"}
    settings = [statement for statement in case.statements if statement.keyword == "global"]
    return all(statement.head.rpartition(".")[0] in devices for statement in settings)


class Judge:
    def __init__(self, program, compiler, target, cache):
        self.program = program
        self.compiler = compiler
        self.target = target
        self.cache = cache

    def judge(self, case):
        diagnostics, compiled = self.compile(case.text())
        args = compiled or case.args()
        verdict = self.start(args)
        if verdict.kind == "accepted" and not is_read(case):
            verdict = qemu.Verdict("warned", "(it isn't read before there is such a device)")
        result = Result(case, diagnostics, verdict, args)
        if not verdict.takes:
            result.rule = left_out(verdict)
        return result

    def start(self, args):
        """What QEMU says; as it has said before, where that is remembered."""
        key = json.dumps([self.program.full_version, *args])
        if key not in self.cache:
            self.cache[key] = dataclasses.asdict(qemu.start(self.program, args))
        return qemu.Verdict(**self.cache[key])

    def compile(self, text):
        """(diagnostics, arguments): these are None where there is an error, or where they take open files."""
        told = subprocess.run(
            [self.compiler, "--target", self.target, "--emit", "json", "--message-format", "json", "-"],
            input=text, capture_output=True, text=True)
        if told.returncode not in (0, 1):
            raise SystemExit(f"{self.compiler} ended with {told.returncode} on\n{text}\n{told.stderr}")
        diagnostics = [json.loads(line) for line in told.stderr.splitlines()]
        plan = json.loads(told.stdout) if told.stdout else {}
        return diagnostics, None if plan.get("fds") else plan.get("args")

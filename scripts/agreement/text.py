"""Statements: as text of this language, and as QEMU's arguments.

The two are written from the same names and values, but by different hands: QEMU's arguments don't come from the compiler
that is judged.
"""

import dataclasses
import json
import re

# What needs no quotes.
BARE = re.compile(r"[A-Za-z0-9_./:+][A-Za-z0-9_./:+=-]*")


@dataclasses.dataclass
class Statement:
    keyword: str
    # The driver, type, model or kind; for `arg` the first text.
    head: str = ""
    # (name, value). A value of None is a flag; for `cpu` names with a sign.
    options: list = dataclasses.field(default_factory=list)

    def text(self):
        if self.keyword == "arg":
            return " ".join(["arg", *(json.dumps(text) for text in (self.head, *(value for _, value in self.options)))])
        if self.keyword == "global":
            return f"global {self.head}={quoted(self.options[0][1])}"
        words = [self.keyword, self.head]
        words += [name if value is None else f"{name}={quoted(value)}" for name, value in self.options]
        return " ".join(word for word in words if word)

    def args(self):
        """QEMU's. `netdev` is two of its options in one."""
        match self.keyword:
            case "arg":
                return [self.head, *(value for _, value in self.options)]
            case "global":
                return ["-global", f"{self.head}={self.options[0][1]}"]
            case "nodefaults":
                return ["-nodefaults"]
            case "memory":
                # What QEMU calls otherwise.
                names = {"max": "maxmem"}
                return ["-m", self.joined([(names.get(name, name), value) for name, value in self.options])]
            case "smp":
                return ["-smp", self.head]
            case "netdev":
                backend = ["-netdev", self.joined(self.options)]
                return [*backend, "-device", f"virtio-net-pci,netdev={escaped(self.option('id') or '')}"]
            case "blockdev":
                return ["-blockdev", self.joined([("driver", self.head), *self.options], head=False)]
            case _:
                return [f"-{self.keyword}", self.joined(self.options)]

    def joined(self, options, head=True):
        parts = [escaped(self.head)] if head else []
        for name, value in options:
            if value is not None:
                parts.append(f"{name}={escaped(value)}")
            elif name[0] in "+-":
                parts.append(name)
            else:
                parts.append(f"{name}=on")
        return ",".join(parts)

    def option(self, wanted):
        return next((value for name, value in self.options if name == wanted), None)

    def replace(self, index, option):
        """The same with another option at an index, or without it."""
        options = list(self.options)
        options[index:index + 1] = [option] if option else []
        return dataclasses.replace(self, options=options)

    def having(self, *options):
        return dataclasses.replace(self, options=[*self.options, *options])


def quoted(value):
    if BARE.fullmatch(value):
        return value
    escapes = {"\\": "\\\\", '"': '\\"', "{": "{{", "}": "}}", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c) for c in value) + '"'


def escaped(value):
    return value.replace(",", ",,")


@dataclasses.dataclass
class Case:
    """A small VM: a statement that it is about, and what that needs."""

    statements: list
    # What the line is about: a keyword.
    subject: str
    # The mistake in it: "none", or which.
    mistake: str = "none"
    # Where it is, in words.
    detail: str = ""

    def text(self):
        return "".join(statement.text() + "\n" for statement in self.statements)

    def args(self):
        return [arg for statement in self.statements for arg in statement.args()]

"""One mistake in a line.

A function a mistake: it gets a line and gives one with it, and what is wrong in it; None where the line can't have it.
"""

import dataclasses

from .text import Statement

# The kinds of what can be referred to, for a reference to the wrong one.
REFERENCES = ["drive", "chardev", "netdev", "object memory-backend", "object rng-backend", "object iothread",
              "object secret", "audiodev"]


class Mutator:
    def __init__(self, knowledge, others, generator, rng):
        self.knowledge = knowledge
        # What other versions know.
        self.others = others
        self.generator = generator
        self.rng = rng

    def mutate(self, line):
        """The line with a mistake, as a case."""
        mistakes = list(MISTAKES)
        while mistakes:
            mistake = self.rng.choices(mistakes, [MISTAKES[each] for each in mistakes])[0]
            mistakes.remove(mistake)
            # What a mistake adds to the context goes with it where it can't be made.
            found = mistake(self, dataclasses.replace(line, context=line.context.copy()))
            if found:
                changed, detail = found
                return changed.case(mistake.__name__, detail)
        return line.case()

    def property_at(self, line, *kinds):
        """(index, property) of an option whose property is of one of these kinds."""
        known = line.thing.properties
        found = [(index, known[name]) for index, (name, value) in enumerate(line.subject.options)
                 if value is not None and name in known and known[name].kind in kinds]
        return self.rng.choice(found) if found else None

    def with_property(self, line, *kinds):
        """(line, index, property): one that it has, or a new one. Its value is still right."""
        if found := self.property_at(line, *kinds):
            return line, *found
        if line.kind == "global":
            return None
        known = [each for each in line.thing.properties.values() if each.kind in kinds
                 and line.subject.option(each.name) is None]
        if not known:
            return None
        each = self.rng.choice(known)
        subject = line.subject.having((each.name, ""))
        return changed(line, subject), len(subject.options) - 1, each

    def with_value(self, line, index, each, value, what):
        subject = line.subject.replace(index, (line.subject.options[index][0], value))
        return changed(line, subject), f"{what}: {each.name} ({each.type}) = {value!r}"


def changed(line, subject, below=None):
    return dataclasses.replace(line, subject=subject, below=line.below if below is None else below)


def misspell(rng, word):
    """One letter less, twice, another, or two that are swapped."""
    at = rng.randrange(len(word))
    letter = rng.choice("abcdefghijklmnopqrstuvwxyz")
    match rng.randrange(4):
        case 0 if len(word) > 2:
            return word[:at] + word[at + 1:]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2 if at + 1 < len(word) and word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return word[:at] + letter + word[at + 1:]


def is_word(word):
    """Whether it can be a name at all: what begins otherwise is a mistake of another kind."""
    return word[:1].isalpha() and word[-1:].isalnum()


def name_misspelt(self, line):
    if line.kind == "global":
        driver, _, name = line.subject.head.rpartition(".")
        wrong = f"{misspell(self.rng, driver)}.{name}"
        return changed(line, dataclasses.replace(line.subject, head=wrong)), wrong
    wrong = misspell(self.rng, line.subject.head)
    if not is_word(wrong) or wrong in self.generator.names[line.kind]:
        return None
    return changed(line, dataclasses.replace(line.subject, head=wrong)), wrong


def property_misspelt(self, line):
    if line.kind == "global":
        driver, _, name = line.subject.head.rpartition(".")
        wrong = misspell(self.rng, name)
        if not is_word(wrong) or wrong in line.thing.properties:
            return None
        return changed(line, dataclasses.replace(line.subject, head=f"{driver}.{wrong}")), wrong
    options = list(enumerate(line.subject.options))
    if not options:
        return None
    index, (name, value) = self.rng.choice(options)
    sign = name[0] if name[0] in "+-" else ""
    wrong = misspell(self.rng, name.removeprefix(sign))
    if not is_word(wrong) or wrong in line.thing.properties:
        return None
    return changed(line, line.subject.replace(index, (sign + wrong, value))), wrong


def no_such_property(self, line):
    """One that another thing of the kind has."""
    if line.kind in ("global", "netdev", "chardev", "cpu"):
        return None
    other = self.rng.choice(list(getattr(self.knowledge, f"{line.kind}s").values()))
    # What is said twice is another mistake: of the text, whatever QEMU makes of it.
    said = {name for name, _ in line.subject.options}
    names = [each for each in other.properties.values() if each.name not in {*line.thing.properties, *said}
             and each.kind in ("bool", "integer", "size", "text")]
    if not names:
        return None
    each = self.rng.choice(names)
    value = {"bool": "on", "text": "text"}.get(each.kind, "1")
    return changed(line, line.subject.having((each.name, value))), f"{each.name} of {other.name}"


def wrong_type(self, line):
    found = self.with_property(line, "bool", "integer", "size", "choice", "mac", "pci")
    if not found:
        return None
    line, index, each = found
    value = self.rng.choice({
        "bool": ["maybe", "1", "2", "onn"],
        "integer": ["many", "1x", "0xzz", "1.5", "on", "1 2"],
        "size": ["many", "1X", "0xzz", "on", "1MM"],
        "choice": ["nosuch", "1", "OON"],
        "mac": ["52:54:00", "52:54:00:12:34:zz", "aaaaaaaaaaaaaaaaa", "52:54:00:12:34:56:78"],
        "pci": ["zz", "20.0", "1.8", "1.2.3", "x5"],
    }[each.kind])
    return self.with_value(line, index, each, value, "wrong type")


def out_of_range(self, line):
    found = self.with_property(line, "integer", "size")
    if not found:
        return None
    line, index, each = found
    low, high = each.detail if each.kind == "integer" else (0, 2**64 - 1)
    return self.with_value(line, index, each, str(self.rng.choice([low - 1, high + 1, high * 2 + 2, -(high + 2)])), "out of range")


def empty(self, line):
    found = self.with_property(line, "bool", "integer", "size", "choice", "mac", "reference")
    if not found:
        return None
    line, index, each = found
    return self.with_value(line, index, each, "", "empty")


def unknown_id(self, line):
    found = self.with_property(line, "reference")
    if not found:
        return None
    line, index, each = found
    return self.with_value(line, index, each, "nosuch", f"unknown id, {each.detail} wanted")


def id_of_another_kind(self, line):
    found = self.with_property(line, "reference")
    if not found:
        return None
    line, index, each = found
    others = [kind for kind in REFERENCES if kind != each.detail]
    other = self.rng.choice(others)
    id_ = line.context.refer(other)
    return id_ and self.with_value(line, index, each, id_, f"{other} in place of {each.detail}")


def left_out(self, line):
    if not line.subject.options or line.kind in ("global", "cpu", "machine", "netdev"):
        return None
    index = self.rng.randrange(len(line.subject.options))
    return changed(line, line.subject.replace(index, None)), line.subject.options[index][0]


def not_to_be_made(self, line):
    """A part of a machine, or a type that devices are made of."""
    if line.kind != "device":
        return None
    parts = [name for name, thing in self.knowledge.devices.items() if thing.bus in ("System", "")]
    name = self.rng.choice(self.knowledge.abstract if self.rng.random() < 0.4 else parts)
    if " " in name or "," in name:
        return None
    return changed(line, Statement("device", name)), name


def wrong_bus(self, line):
    if line.kind != "device":
        return None
    bus = line.context.bus(self.rng.choice(["PCI", "ISA", "IDE", "usb-bus", "SCSI", "virtio-serial-bus", "HDA"]))
    bus = self.rng.choice([bus, bus, "nosuch", "ide.9", bus.split(".")[0]])
    options = [(name, value) for name, value in line.subject.options if name != "bus"]
    return changed(line, Statement("device", line.subject.head, [*options, ("bus", bus)])), f"bus={bus}"


def same_id(self, line):
    if line.kind not in ("device", "object", "chardev"):
        return None
    options = [(name, value) for name, value in line.subject.options if name != "id"]
    subject = Statement(line.kind, line.subject.head, [("id", "same"), *options])
    other = {"device": Statement("device", "virtio-rng-pci", [("id", "same")]),
             "object": Statement("object", "rng-builtin", [("id", "same")]),
             "chardev": Statement("chardev", "null", [("id", "same")])}
    return changed(line, subject, [*line.below, other[line.kind]]), "two have it"


def bad_id(self, line):
    if line.kind not in ("device", "object", "chardev", "netdev"):
        return None
    options = [(name, value) for name, value in line.subject.options if name != "id"]
    id_ = self.rng.choice(["1a", "a b", "_a", "a:b", "-a", "ä", "a" * 300])
    return changed(line, dataclasses.replace(line.subject, options=[("id", id_), *options])), id_


def read_only(self, line):
    if line.kind not in ("device", "object"):
        return None
    names = {"device": ["realized", "hotplugged", "hotpluggable", "parent_bus", "attached", "guest-stats", "type"],
             "object": ["opened", "loaded", "type"]}[line.kind]
    name = self.rng.choice(names)
    return changed(line, line.subject.having((name, "on"))), name


def of_another_version(self, line):
    """Something that another version has."""
    if not self.others or line.kind == "global":
        return None
    other = self.rng.choice(self.others)
    table = f"{line.kind}s"
    ours, theirs = getattr(self.knowledge, table), getattr(other, table)
    properties = [name for name in theirs[line.thing.name].properties if name not in line.thing.properties] \
        if line.thing.name in theirs else []
    names = [name for name in theirs if name not in ours and name not in self.knowledge.missing and " " not in name]
    if properties and (not names or self.rng.random() < 0.7):
        each = theirs[line.thing.name].properties[self.rng.choice(properties)]
        value = {"bool": "on", "integer": "1", "size": "1M", "choice": "auto"}.get(each.kind, "text")
        return changed(line, line.subject.having((each.name, value))), f"{each.name} of {other.version}"
    if not names or line.kind == "netdev":
        return None
    name = self.rng.choice(names)
    options = [option for option in line.subject.options if option[0] == "id"]
    return changed(line, Statement(line.kind, name, options)), f"{name} of {other.version}"


def too_many_cpus(self, line):
    if line.kind != "machine":
        return None
    cpus = self.rng.choice([line.thing.max_cpus + 1, line.thing.max_cpus])
    return changed(line, line.subject, [Statement("smp", str(cpus))]), f"{cpus} of {line.thing.max_cpus}"


# How often each is made, where it can be.
MISTAKES = {
    name_misspelt: 10, property_misspelt: 10, no_such_property: 8, wrong_type: 14, out_of_range: 8, empty: 3,
    unknown_id: 6, id_of_another_kind: 8, left_out: 7, not_to_be_made: 4, wrong_bus: 6, same_id: 3, bad_id: 3,
    read_only: 2, of_another_version: 8, too_many_cpus: 2,
}

# The mistakes that are wrong references.
WRONG_REFERENCES = {"unknown_id", "id_of_another_kind"}

"""Devices: their properties, the buses that they plug into and provide, and what they are nothing without."""

import re

from . import trials
from .text import Tree

# Properties that report and can't be set, and the links between parts of one device.
READ_ONLY = ("child<", "GuestPanicInformation", "X86CPUFeatureWordInfo", "guest statistics", "struct tm", "legacy<")

# QEMU calls many things "str"; only the description tells what the string is.
BY_DESCRIPTION = {
    "Ethernet 6-byte MAC Address": "mac",
    "ID of a chardev": "chardev",
    "ID of a netdev": "netdev",
    "ID of an audiodev": "audiodev",
    "ID of a tpm": "tpmdev",
    "Node name or ID of a block device": "drive",
    "Slot and optional function number": "pci-slot",
}

# A netdev's name, but here it is an interface of the host.
PLAIN = {("pvrdma", "netdev")}

# What `-device` takes for itself, so that a property of that name can't be set.
OWN = ("bus", "driver", "id")


class Kinds:
    """What QEMU's own names of types mean."""

    def __init__(self, ids):
        self.ids = ids
        self.enums = {}  # QEMU's name of a type -> its values

    def learn(self, listed):
        """Where no QEMU command gives the values of a property, its description mostly does."""
        for each in listed or []:
            values = re.search(r"(?:^|[ (])([\w-]+(?:/[\w-]+)+)\)?$", each.get("description") or "")
            if values and each["type"][0].isupper():
                self.enums.setdefault(each["type"], values[1].replace("/", "|"))

    def settable(self, listed, owner=None):
        """{name: type} of the properties that a user can set."""
        found = {}
        for each in listed:
            name, kind = each["name"], each["type"]
            if name != "type" and "[" not in name and not kind.startswith(READ_ONLY):
                assert " " not in name, name
                found[name] = self.kind(kind, each.get("description") or "")
                if found[name] == "str" and (owner, name) not in PLAIN:
                    found[name] = self.ids.type_of(name)
        return found

    def kind(self, name, description):
        if name in ("str", "int32"):
            for start, better in BY_DESCRIPTION.items():
                if description.startswith(start):
                    return better
        # An "int" may also be a size: QEMU's types are what a property is read as, not what it is written as.
        plain = {"int": "number", "string": "str", "uint64_t": "uint64", "int32_t": "int32"}
        return self.enums.get(name, plain.get(name, name))


def drivers(asked):
    """{name: (bus, alias, whether a user can create it)}: what `info qdm` tells, and no other question."""
    told = asked.monitor("info qdm")
    everything = bool(told)
    if not everything:
        # It ends some. Another way shows those that a user can create.
        told = asked.program.print("-M", "none", "-device", "help")
    found = {}
    for line in told.splitlines():
        match = re.match(r'name "([^"]+)"(?:, bus ([^,]+))?(?:, alias "([^"]+)")?', line)
        if match:
            found[match[1]] = match[2], match[3], not line.endswith(", no-user")
    if not found:
        raise SystemExit(f"{asked.program.path} says of no device what it plugs into, neither by `info qdm` nor by "
                         "`-device help`: does it find its modules, and no other QEMU's?")
    return found


def learn(asked, kinds):
    """(tree of all devices, {alias: device})."""
    known = drivers(asked)
    parents = asked.types("device", abstract=True)
    listed, attributes, aliases = {}, {}, {}
    told = {}
    for name in asked.types("device"):
        if " " in name:  # "ICH9 SMB", a part of a machine
            continue
        told[name] = asked.ask_or_restart("device-list-properties", typename=name)
        kinds.learn(told[name])
    for name, properties in told.items():
        if properties is not None:
            # It leaves out names that begin with `legacy-`, though some are properties like others.
            shown = {each["name"] for each in properties}
            properties += [each for each in asked.ask_or_restart("qom-list-properties", typename=name) or []
                           if each["name"].startswith("legacy-") and each["name"] not in shown]
        listed[name] = None if properties is None else kinds.settable(properties, name)
        bus, alias, creatable = known.get(name, (None, None, False))
        if creatable:
            for own in OWN:
                (listed[name] or {}).pop(own, None)
        attributes[name] = {"bus": bus, "internal": not creatable}
        if alias:
            aliases[alias] = name
    tree = Tree("device", parents, listed, attributes)
    try_values(asked.program, tree)
    return tree, aliases


def try_values(program, tree):
    """Betters what is known of the properties by what QEMU says to values of them."""
    places = [(section, name) for section, properties in tree.sections.items() for name in properties
              if section in tree.examples]
    pairs = {(tree.examples[section], name) for section, name in places}
    said = {value: trials.of_devices(program, pairs, value) for value in (trials.NONSENSE, trials.LARGEST, "-1", "on")}
    for section, name in places:
        pair = tree.examples[section], name
        kind = tree.sections[section][name]
        words = said[trials.NONSENSE].get(pair) or ""
        if re.search(r"Insufficient permission|not writable|read-only", words):
            if name.startswith("legacy-"):  # The text of another property.
                del tree.sections[section][name]
                continue
            kind += " read-only"
        elif kind == "number":
            kind = trials.number(lambda value: said[value].get(pair)) or kind
        elif kind == "bool" and said["on"].get(pair):
            kind = "off|no|false|n"
        tree.sections[section][name] = kind

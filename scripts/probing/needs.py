"""Which buses a device provides, and what it is nothing without: it is started to see."""

import re

from .machines import BUS, SILENCE
from .qemu import HUNG, Asked

# Machines to put devices on, the first that has the bus, and devices that provide a bus that no machine has.
MACHINES = ("q35", "virt", "pc", "microvm", "s390-ccw-virtio", "pseries", "isapc", "versatilepb")
PROVIDERS = ("qemu-xhci", "virtio-scsi-pci", "virtio-serial-pci", "intel-hda", "usb-ccid", "nvme", "virtio-scsi-ccw",
             "virtio-serial-ccw")

# Something of each sort that a property can refer to; `ID` is its id.
BACKENDS = {
    "chardev": ["-chardev", "null,id=ID"],
    "drive": ["-blockdev", "null-co,node-name=ID"],
    "fsdev": ["-fsdev", "local,path=.,security_model=none,id=ID"],
    "netdev": ["-netdev", "hubport,hubid=0,id=ID"],
    "link<can-bus>": ["-object", "can-bus,id=ID"],
    "link<cryptodev-backend>": ["-object", "cryptodev-backend-builtin,id=ID"],
    "link<ipmi-bmc>": ["-device", "ipmi-bmc-sim,id=ID"],
    "link<iothread>": ["-object", "iothread,id=ID"],
    "link<memory-backend>": ["-object", "memory-backend-ram,size=64M,id=ID"],
    "link<nvme-subsys>": ["-device", "nvme-subsys,id=ID"],
    "link<rng-backend>": ["-object", "rng-builtin,id=ID"],
}

# Words of messages that are no property's.
WORDS = {"and", "bus", "can", "device", "for", "must", "not", "property", "required", "set", "the", "value", "with"}

QUESTION = "human-monitor-command", {"command-line": "info qtree"}


class Devices:
    def __init__(self, program, tree, buses, machines, silent, bus_parents):
        self.program = program
        self.silent = silent
        self.tree = tree
        self.bus_parents = bus_parents
        # {machine: types of its buses}, in the order of preference.
        self.machines = {name: set(buses[machines[name]].values()) for name in MACHINES if name in machines}
        self.providers = {}  # type of bus -> arguments
        self.given = {}  # device -> the values of what it turned out to need
        self.hung = set()  # Devices that QEMU hangs with: they are asked no more.
        self.started = set()

    def learn(self):
        """Gives {device: {bus: its type}} of those that provide some, and marks what is required, what is cold, and what didn't
        start."""
        left = {name for name, attributes in self.tree.attributes.items()
                if not attributes.get("internal") and not attributes.get("unknown")
                and "," not in name and not name.endswith("-cpu")}
        all_places = {}
        provided = {}
        while True:
            places = {name: places for name in sorted(left) if (places := self.places(name))}
            if not places:
                self.plug(all_places)
                for name, attributes in self.tree.attributes.items():
                    attributes["unstarted"] = name not in self.started and not (attributes.get("internal") or name.endswith("-cpu"))
                return provided
            left -= places.keys()
            all_places |= places
            found, at = {}, {}
            # Some take one of several buses only: those that don't start are tried on the next machine.
            for turn in range(3):
                done = found.keys() | self.hung
                at |= {name: each[turn] for name, each in places.items() if name not in done and turn < len(each)}
                found |= self.start({name: place for name, place in at.items() if name not in done})
            for name in (*PROVIDERS, *sorted(found)):
                if found.get(name):
                    provided[name] = found[name]
                    # What it takes to have it, and it.
                    arguments = [*at[name], *self.device(name, self.given.get(name, []))]
                    for kind in found[name].values():
                        self.providers.setdefault(kind, arguments)

    def places(self, name):
        """Arguments for VMs that have the bus that a device plugs into. None where there are none so far."""
        wanted = self.tree.attributes[name].get("bus")
        found = [self.machine(machine) for machine, buses in self.machines.items()
                 if not wanted or wanted == "System" or any(self.fits(bus, wanted) for bus in buses)]
        return found or next(([arguments] for bus, arguments in self.providers.items() if self.fits(bus, wanted)), None)

    def machine(self, name):
        # Other architectures' `virt` has none.
        has_modules = name in ("q35", "pc", "virt") and "nvdimm" in self.tree.attributes
        options = ",nvdimm=on" if has_modules else ""
        memory = ["-m", "256M,slots=4,maxmem=1G"] if options else []
        return ["-M", name + options, *memory, *(SILENCE if name in self.silent else [])]

    def fits(self, bus, wanted):
        while bus and bus != wanted:
            bus = self.bus_parents.get(bus)
        return bus == wanted

    def device(self, name, given):
        """Arguments for a device with values for some properties, and for what these refer to."""
        backends, options = [], []
        for each in given:
            kind = self.properties(name)[each].split(" ")[0]
            backends += [word.replace("ID", f"its-{each}") for word in BACKENDS.get(kind, [])]
            options.append(f"{each}={value_of(each, kind)}")
        # Not all packages have it.
        options += ["romfile="] if "romfile" in self.properties(name) else []
        return [*backends, "-device", ",".join([name, *options])]

    def plug(self, places):
        """Marks the devices that can't be plugged into a guest that runs: that is refused before anything else."""
        groups = {}
        for name, (arguments, *_) in sorted(places.items()):
            is_pci = self.tree.attributes[name].get("bus") == "PCI" and "pcie-root-port" in places
            groups.setdefault((tuple(arguments), is_pci), []).append(name)
        for (arguments, is_pci), names in groups.items():
            # The bus of the machine itself takes none.
            port = ["-device", "pcie-root-port,id=schema-port,chassis=99"] if is_pci else []
            asked = Asked(self.program, *arguments, *port)
            for name in names:
                said = asked.monitor(f"device_add {name}{',bus=schema-port' if is_pci else ''}")
                if re.search("pluggable device type|not support hotplugging|not be hotplugged|dynamic sysbus", said):
                    self.tree.attributes[name]["cold"] = True
            asked.qemu.end()

    def run(self, arguments, name, given):
        """What `Program.run` needs for a device with the id `schema`."""
        *backends, device = self.device(name, given)
        return [*arguments, *backends, f"{device},id=schema"], QUESTION

    def try_out(self, name, arguments, givens):
        """([answer], what is said) of a device with each of several lists of properties."""
        outcomes = self.program.run_all([self.run(arguments, name, given) for given in givens])
        return [(answers, said(words)) for answers, words in outcomes]

    def start(self, placed):
        """Starts each device, with what it turns out to need. Gives {device: its buses} of those that start, or need
        something."""
        names = sorted(placed)
        found = {}
        outcomes = self.program.run_all([self.run(placed[name], name, []) for name in names])
        for name, (answers, words) in zip(names, outcomes):
            if not answers:
                answers = self.need(name, placed[name], said(words))
            if answers:
                self.started.add(name)
            if answers or self.given[name]:
                found[name] = buses_of(answers[0].replace("\r", "")) if answers else {}
        return found

    def need(self, name, arguments, words):
        """Finds the properties without which a device doesn't start. Gives what it answers where it does.

        What a device needs is what changes QEMU's words when it is given, by itself or with others of which none is
        enough. Where each of several changes them, one of these is needed.
        """
        given, answers = [], []
        while not answers and len(given) < 4:
            def helps(outcome, each):
                return outcome[0] or (outcome[1] != words and not is_refused(each, outcome[1]))

            candidates = [each for each in self.candidates(name, words) if each not in given]
            outcomes = self.try_out(name, arguments, [[*given, each] for each in candidates])
            better = [each for each, outcome in zip(candidates, outcomes) if helps(outcome, each)]
            if not better and len(candidates) > 1:
                everything, *without = self.try_out(name, arguments, [
                    [*given, *candidates], *([*given, *(other for other in candidates if other != each)] for each in candidates)])
                if everything[0] or everything[1] != words:
                    needed = [each for each, outcome in zip(candidates, without) if outcome[1] == words]
                    self.require(name, needed)
                    given += needed
                    answers, words = everything
                    continue
            if not better:
                break
            if len(better) > 1:
                self.tree.attributes[name].setdefault("one-of", ",".join(better))
            elif "one-of" not in self.tree.attributes[name]:  # Else it is the one that needs it.
                self.require(name, better)
            given.append(better[0])
            answers, words = outcomes[candidates.index(better[0])]
            # It got further than without. Nobody knows how far.
            if words == HUNG:
                self.hung.add(name)
                break
        self.given[name] = given
        return answers

    def require(self, name, needed):
        """Notes that a device, and each that is made of it, needs these."""
        known = {each for ancestor in self.tree.line(name)[1:]
                 for each in self.tree.attributes.get(ancestor, {}).get("required", ())}
        own = self.tree.attributes[name].get("required", ())
        self.tree.attributes[name]["required"] = sorted({*own, *needed} - known)

    def properties(self, name):
        return {key: value for each in reversed(self.tree.line(name)) for key, value in self.tree.sections.get(each, {}).items()}

    def candidates(self, name, words):
        """Properties that could be what is missing: references, and those that the message has a word of."""
        spoken = set(re.findall(r"[a-z0-9]+", words.lower())) - WORDS - set(re.split(r"[-_]", name))
        found = []
        for each, kind in sorted(self.properties(name).items()):
            kind, *flags = kind.split(" ")
            # Whether a machine has sound by itself hangs on other options.
            if "read-only" in flags or each.startswith("x-") or kind == "audiodev":
                continue
            parts = {part for part in re.split(r"[-_]", each.lower()) if len(part) > 2}
            is_text = kind in ("str", "tpmdev", "uint8", "uint16", "uint32", "uint64") or kind.startswith("link<")
            if kind in BACKENDS or is_text and (parts & spoken or each == "fd"):
                found.append(each)
        return found


def value_of(name, kind):
    """A value that QEMU can read, so that it gets to what it needs."""
    if kind in BACKENDS:
        return f"its-{name}"
    if kind.startswith("uint"):
        return "3"
    if name == "host":
        return "ffff:ff:1f.7"
    # A folder must be there.
    return "/" if name.endswith("dir") else "/schema"


def said(words):
    """The last line of what a QEMU has said, without its own name and the option that it speaks of."""
    line = words.splitlines()[-1] if words else ""
    return re.sub(r"^\S+: |-device \S*: ", "", re.sub(r"^\S*qemu-system-\S+: ", "", line))


def is_refused(name, words):
    """Whether a message is about the value of a property. That there is no such thing is as good as if it were there."""
    return f"{name}'" in words and not re.search("can't find value|not found", words)


def buses_of(tree):
    """{bus: its type} of the device with the id `schema`, in which `ID` is in place of that. Those that are full are not
    for others."""
    found = {}
    lines = tree.splitlines()
    inside = None
    for index, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if inside is not None and depth <= inside:
            inside = None
        if line.lstrip().startswith("dev: ") and line.endswith(', id "schema"'):
            inside = depth
        bus = BUS.match("\n".join(lines[index:index + 2]))
        if not bus or not (inside is not None or re.fullmatch(r"schema(\.\d+)?", bus[2])):
            continue
        below = lines[index + 2] if index + 2 < len(lines) else ""
        if not below.startswith(" " * (depth + 1)):
            found[re.sub(r"^schema\b", "ID", bus[2])] = bus[3]
    return found

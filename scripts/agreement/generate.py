"""Small VMs that should be right: a device, an object, ... with a few of its properties, and what it needs beside it."""

import copy
import dataclasses

from .knowledge import Thing
from .text import Case, Statement

# How often each is the subject.
SUBJECTS = {"device": 46, "object": 14, "machine": 9, "cpu": 8, "chardev": 8, "netdev": 6, "global": 9}

# Values for texts that aren't any text, by the property's name.
TEXTS = {
    "mount_tag": ["share", "t0"], "serial": ["disk-1", "0001"], "wwn": ["0x5000c50015ea71ac"], "tag": ["share"],
    "filename": [], "mem-path": ["ram.img"], "file": ["out.bin"], "shm-path": ["shm0"],
    "romfile": [""], "data": ["c2VjcmV0"], "identity": ["web"], "policy": [], "id-list": ["a"],
    "addr": ["fe80::1"], "hostname": ["guest"], "net": ["10.0.2.0/24"], "host": ["10.0.2.2"], "dns": ["10.0.2.3"],
    "dhcpstart": ["10.0.2.40"], "tftp": ["share"], "bootfile": ["pxelinux.0"], "domainname": ["example.org"],
    "tftp-server-name": ["tftp"], "smb": [], "smbserver": [], "ipv6-prefix": ["fec0::"], "ipv6-host": ["fec0::2"],
    "ipv6-dns": ["fec0::3"], # What QEMU calls `net` by now.
    "ip": [], "dnssearch": ["example.org"], "hv-vendor-id": ["Microsoft Hv"],
    "vendor": ["GenuineIntel", "AuthenticAMD"], "model-id": ["A processor"], "x-oem-id": ["BOCHS"],
    "x-oem-table-id": ["BXPC"], "smbios-entry-point-type": ["32", "64"], "nvdimm-persistence": ["cpu", "mem-ctrl"],
    "loadparm": [], "uuid": ["123e4567-e89b-12d3-a456-426614174000"], "driver": [], "kernel": [], "initrd": [],
    "firmware": [], "dtb": [], "dumpdtb": [], "shim": [], "append": [], "memory-encryption": [], "dt-compatible": [],
    "logfile": ["log.txt"], "failover_pair_id": [], "priority": ["NORMAL"], "dir": ["share"], "username": ["web"],
    "host-nodes": [], "accel": ["tcg"], "node-affinity": [], "cpu-affinity": [], "passwordid": [], "name": ["name.0"],
    "path": ["share"], "ver": ["1.0"], "product": ["Disk"], "model": ["Disk"], "nqn": ["nqn.2019-08.org.qemu:0"],
    "status": ["on", "off"], "position": ["head", "tail"], "x-origin": ["0"], "y-origin": ["0"], "width": ["1920"],
    "height": ["1080"], "server": ["localhost"], "wwpn": ["naa.5001405b4d3a8c1f"], "mem": [], "iv": [], "keyid": [], "vhostfd": [], "vhostfds": [], "chassis": [], "hostaddr": [], "sriov-pf": [],
}

# The same for one thing's, whatever its type. None: no value is right by itself.
VALUES_OF = {
    ("rng-random", "filename"): ["/dev/urandom"],
    # It is that or `data`, and what has a key has more.
    ("secret", "file"): [], ("secret", "keyid"): [],
    ("ccid-card-emulated", "slot"): ["0"], ("ccid-card-passthru", "slot"): ["0"],
    # As many as the memory has.
    ("nvdimm", "slot"): ["0", "1"], ("pc-dimm", "slot"): ["0", "1"],
}

# Numbers that aren't the default, but right, by the property's name.
NUMBERS = {
    "size": [16 << 20], "width": [80, 640], "height": [25, 480], "cols": [80], "rows": [25], "interval": [1000],
    "maxlen": [65536], "ipv6-prefixlen": [64], "bootindex": [0, 3], "guest-cid": [5], "queues": [1], "num-queues": [1],
    "queue-size": [64, 128, 256], "max-bytes": [1024], "period": [1000], "phandle-start": [], "port": [4444],
    "poll-max-ns": [0, 32768], "poll-grow": [2], "poll-shrink": [2], "aio-max-batch": [4], "thread-pool-min": [1],
    "thread-pool-max": [8], "compare_timeout": [3000], "expired_scan_cycle": [3000], "max_queue_size": [1024],
    "prealloc-threads": [1, 4], "align": [4096, 2 << 20], "hugetlbsize": [], "mux": [], "fd": [], "rombar": [0, 1],
    "logical_block_size": [512, 4096], "physical_block_size": [512, 4096], "acpi-index": [7], "port_chassis": [],
    "chassis": [3], "slot": [3], "chassis_nr": [3], "bus_nr": [0x40], "max-fw-size": [], "slots": [2], "ports": [2], "nr": [1], "vectors": [2, 4], "dt": [], "reconnect": [5],
    "reconnect-ms": [5000], "addr": [],
}

# Properties that QEMU sets itself. Names that are never written are the business of a mistake.
SET_BY_QEMU = {"realized", "hotplugged", "hotpluggable", "parent_bus", "attached", "opened", "loaded", "type"}

# Devices that a device refers to, by the type of the link.
LINKED_DEVICES = {"ipmi-bmc": "ipmi-bmc-sim", "nvme-subsys": "nvme-subsys"}

# What an object is that many refer to.
LINKED_OBJECTS = {
    "memory-backend": Statement("object", "memory-backend-ram", [("size", "16M")]),
    "rng-backend": Statement("object", "rng-builtin"),
    "secret": Statement("object", "secret", [("data", "c2VjcmV0")]),
    "cryptodev-backend": Statement("object", "cryptodev-backend-builtin"),
}

# Backends of chardevs, and what each takes at the least.
CHARDEVS = {
    "file": ["path=out.txt"], "pipe": ["path=pipe"], "udp": ["port=0"], "ringbuf": [], "memory": [],
    "spiceport": ["name=spice.0"], "spicevmc": ["name=vdagent"], "serial": ["path=tty"], "parallel": ["path=lp"],
    "dbus": ["name=dbus.0"],
}
CHARDEV_SOCKETS = [
    ["path=s.sock", "server=on", "wait=off"], ["host=127.0.0.1", "port=0", "server=on", "wait=off"],
    ["path=s.sock", "server=on", "wait=off", "telnet=on"], ["host=127.0.0.1", "port=0", "server=on", "wait=off", "ipv4=on"],
]
# Options of chardevs beyond that, by backend: QEMU doesn't say which takes which.
CHARDEV_OPTIONS = {
    "file": ["append"], "vc": ["width", "height", "cols", "rows"], "ringbuf": ["size"], "memory": ["size"],
    "stdio": ["signal"], "socket": ["nodelay", "ipv6", "websocket"], "qemu-vdagent": ["mouse", "clipboard"],
}


class Context:
    """What the subject needs beside it."""

    def __init__(self, knowledge, rng):
        self.knowledge = knowledge
        self.rng = rng
        self.machine = Statement("machine", rng.choice(["pc", "q35"]))
        self.memory = None
        self.statements = []
        self.ids = 0

    def copy(self):
        """One that can get more without this one getting it."""
        other = copy.copy(self)
        other.statements = list(self.statements)
        return other

    def fresh(self, start):
        self.ids += 1
        return f"{start}{self.ids}"

    def add(self, statement, start, name="id"):
        id_ = self.fresh(start)
        self.statements.append(statement.having((name, id_)))
        return id_

    def add_arg(self, option, value, start):
        id_ = self.fresh(start)
        self.statements.append(Statement("arg", option, [("", f"{value},id={id_}")]))
        return id_

    def refer(self, kind):
        """The id of something of a kind, which is added; None where nothing is."""
        match kind:
            case "drive":
                return self.add(Statement("blockdev", "null-co"), "d", "node-name")
            case "chardev":
                return self.add(Statement("chardev", "null"), "c")
            case "netdev":
                return self.add_arg("-netdev", "user", "n")
            case "audiodev":
                return self.add_arg("-audiodev", "none", "a")
            case "fsdev":
                return self.add_arg("-fsdev", "local,path=share,security_model=none", "f")
        link = kind.removeprefix("object ")
        if link in LINKED_DEVICES and LINKED_DEVICES[link] in self.knowledge.devices:
            return self.add(Statement("device", LINKED_DEVICES[link]), "l")
        if link in LINKED_OBJECTS:
            return self.add(LINKED_OBJECTS[link], "o")
        if link in ("iothread", "can-bus", "thread-context", "throttle-group"):
            return self.add(Statement("object", link), "o") if link in self.knowledge.objects else None
        return None

    def bus(self, family):
        """Makes sure that there is a bus of a kind. Its name where one can be given."""
        q35 = self.machine.head == "q35"
        match family:
            case "PCI":
                return "pcie.0" if q35 else "pci.0"
            case "ISA":
                return "isa.0"
            case "IDE":
                return f"ide.{self.rng.randrange(2)}"
            case "floppy-bus":
                if q35:
                    self.statements.append(Statement("device", "isa-fdc", [("id", "fdc")]))
                return None
            case "i2c-bus":
                return None
            case "usb-bus":
                return self.add(Statement("device", self.rng.choice(["qemu-xhci", "nec-usb-xhci"])), "u") + ".0"
            case "SCSI":
                return self.add(Statement("device", self.rng.choice(["virtio-scsi-pci", "lsi53c895a", "megasas"])), "s") + ".0"
            case "virtio-serial-bus":
                return self.add(Statement("device", "virtio-serial-pci"), "v") + ".0"
            case "HDA":
                return self.add(Statement("device", self.rng.choice(["intel-hda", "ich9-intel-hda"])), "h") + ".0"
            case "ccid-bus":
                usb = self.bus("usb-bus")
                return self.add(Statement("device", "usb-ccid", [("bus", usb)]), "k") + ".0"
            case "nvme-bus":
                return self.add(Statement("device", "nvme", [("serial", "n")]), "e")
            case "IndustryPack":
                return self.add(Statement("device", "tpci200"), "i") + ".0"
            case "sd-bus":
                return self.add(Statement("device", "sdhci-pci"), "b") + "/sd-bus"
            case "virtio-bus" if self.rng.random() < 0.5:
                self.machine = Statement("machine", "microvm")
        return None


@dataclasses.dataclass
class Line:
    """A statement, what it is of, and the VM that it stands in."""

    kind: str
    thing: Thing
    subject: Statement
    context: Context
    below: list

    def case(self, mistake="none", detail=""):
        """As a text. A `machine` is the VM's, and a `global` stands above what it is about."""
        context = self.context
        around = [] if self.kind == "machine" else [context.machine]
        around += [context.memory] if context.memory else []
        statements = [*around, Statement("nodefaults"), *context.statements, self.subject, *self.below]
        return Case(statements, self.kind, mistake, detail)


class Generator:
    def __init__(self, knowledge, rng):
        self.knowledge = knowledge
        self.rng = rng
        # Names of each kind, so that a choice is one look.
        # What begins with `x-` is nobody's interface yet, and what has a comma is no user's.
        self.names = {kind: sorted(name for name in getattr(knowledge, f"{kind}s")
                                   if not name.startswith("x-") and "," not in name)
                      for kind in ("device", "object", "machine", "cpu", "chardev", "netdev")}
        self.of_bus = {}
        for name in self.names["device"]:
            self.of_bus.setdefault(knowledge.devices[name].bus, []).append(name)

    def line(self):
        """A line that should be right."""
        kind = self.rng.choices(list(SUBJECTS), SUBJECTS.values())[0]
        context = Context(self.knowledge, self.rng)
        thing, subject, *below = getattr(self, f"{kind}_line")(context)
        return Line(kind, thing, subject, context, below)

    def device_name(self):
        """Devices that a user creates are what users write; of a machine's own parts a few will do."""
        weights = {bus: {"cpu": 1, "": 12, "System": 8, "xen-bus": 1}.get(bus, len(names))
                   for bus, names in self.of_bus.items()}
        bus = self.rng.choices(list(weights), weights.values())[0]
        return self.rng.choice(self.of_bus[bus])

    def device_line(self, context):
        thing = self.knowledge.devices[self.device_name()]
        bus = context.bus(thing.bus)
        if "memdev" in thing.properties and self.rng.random() < 0.9:
            context.memory = Statement("memory", "128M", [("slots", "2"), ("max", "1G")])
            context.machine.options = [("nvdimm", "on")] if thing.name == "nvdimm" else []
        options = self.options(thing, context, self.needed(thing))
        if bus and self.rng.random() < 0.3:
            options.append(("bus", bus))
        if self.rng.random() < 0.4:
            options.insert(0, ("id", context.fresh("x")))
        return thing, Statement("device", thing.name, options)

    def needed(self, thing):
        """Properties that a device is nothing without: QEMU doesn't say which, but most have all of these."""
        usual = {"drive": 0.95, "chardev": 0.9, "memdev": 0.97, "fsdev": 0.97, "mount_tag": 0.97, "netdev": 0.6,
                 "audiodev": 0.8, "cryptodev": 0.97, "bmc": 0.97, "rng": 0.4, "iothread": 0.1, "canbus": 0.97, "canbus0": 0.97, "canbus1": 0.97,
                 "guest-cid": 0.97, "tag": 0.97, "wwpn": 0.95}
        if thing.name == "nvme":
            usual["serial"] = 0.97
        if thing.name.startswith(("pcie-root-port", "x3130", "xio3130", "ioh3420", "pci-bridge", "pxb")):
            usual |= {"chassis": 0.9, "chassis_nr": 0.9, "bus_nr": 0.9}
        return {name for name, chance in usual.items() if name in thing.properties and self.rng.random() < chance}

    def object_line(self, context):
        thing = self.knowledge.objects[self.rng.choice(self.names["object"])]
        required = {each.name for each in thing.properties.values() if each.required}
        # In 5.2 nothing says so.
        required |= {"size", "mem-path", "netdev", "chardev", "identity", "filename", "file", "interval", "dir"} & set(thing.properties)
        return thing, Statement("object", thing.name, [("id", context.fresh("x")), *self.options(thing, context, required)])

    def machine_line(self, context):
        thing = self.knowledge.machines[self.rng.choice(self.names["machine"])]
        subject = Statement("machine", thing.name, self.options(thing, context, set()))
        return thing, subject

    def cpu_line(self, context):
        thing = self.knowledge.cpus[self.rng.choice(self.names["cpu"])]
        options = []
        for name, value in self.options(thing, context, set(), most=5):
            flag = value in ("on", "off") and self.rng.random() < 0.7
            options.append((("+" if value == "on" else "-") + name, None) if flag else (name, value))
        return thing, Statement("cpu", thing.name, options)

    def chardev_line(self, context):
        thing = self.knowledge.chardevs[self.rng.choice(self.names["chardev"])]
        least = CHARDEVS.get(thing.name, [])
        if thing.name == "socket":
            least = self.rng.choice(CHARDEV_SOCKETS)
        options = [("id", context.fresh("x")), *(tuple(each.split("=", 1)) for each in least)]
        if thing.name == "mux":
            options.append(("chardev", context.refer("chardev")))
        for name in CHARDEV_OPTIONS.get(thing.name, []) + ["logfile", "logappend"]:
            known = thing.properties.get(name)
            if known and self.rng.random() < 0.2 and (value := self.value(known, context)) is not None:
                options.append((name, value))
        return thing, Statement("chardev", thing.name, options)

    def netdev_line(self, context):
        # The others are of the host.
        thing = self.knowledge.netdevs["user"]
        options = [("id", context.fresh("x")), *self.options(thing, context, set())]
        for name in ("hostfwd", "guestfwd"):
            if self.rng.random() < 0.2:
                port = self.rng.randrange(20000, 60000)
                options.append((name, {"hostfwd": f"tcp:127.0.0.1:{port}-:22", "guestfwd": "tcp:10.0.2.100:80-cmd:cat"}[name]))
        return thing, Statement("netdev", "user", options)

    def global_line(self, context):
        """A property of a device that is there, or isn't."""
        device, there = self.device_line(context)
        properties = [each for each in device.properties.values() if each.kind not in ("reference", "pci", "mac")
                      and each.name not in SET_BY_QEMU]
        values = {each.name: self.value_of(device, each, context) for each in self.rng.sample(properties, min(9, len(properties)))}
        values = {name: value for name, value in values.items() if value is not None}
        if not values:
            return self.global_line(context)
        name = self.rng.choice(list(values))
        there.options = [(other, value) for other, value in there.options if other != name]
        below = [there] if self.rng.random() < 0.7 else []
        return device, Statement("global", f"{device.name}.{name}", [(name, values[name])]), *below

    def options(self, thing, context, names, most=3):
        """Some properties with values: those that are named, and a few others."""
        others = [each for each in thing.properties.values() if each.name not in names | SET_BY_QEMU
                  and (not each.hidden or self.rng.random() < 0.1)]
        chosen = [thing.properties[name] for name in sorted(names)]
        chosen += self.rng.sample(others, min(len(others), self.rng.choice([0, 1, 1, 2, most])))
        options = []
        for each in chosen:
            # A reference that is right for one device is none for another: only where it is meant.
            if each.kind == "reference" and each.name not in names and self.rng.random() < 0.7:
                continue
            value = self.value_of(thing, each, context)
            if value is not None:
                options.append((each.name, value))
        return options

    def value_of(self, thing, each, context):
        """A value for a property of a thing, as `value`."""
        special = VALUES_OF.get((thing.name, each.name))
        if special is None:
            return self.value(each, context)
        return self.rng.choice(special) if special else None

    def value(self, each, context):
        """A value that should be right; None where none is known."""
        rng = self.rng
        match each.kind:
            case "bool":
                return rng.choice(["on", "off"])
            case "choice":
                return rng.choice(each.detail)
            case "reference" if each.name.startswith("pflash"):
                # A machine has room for so much.
                return context.add(Statement("blockdev", "null-co", [("size", "65536")]), "d", "node-name")
            case "reference":
                return context.refer(each.detail)
            case "mac":
                return "52:54:00:" + ":".join(f"{rng.randrange(256):02x}" for _ in range(3))
            case "pci":
                # What the machine has of its own is at the ends.
                return f"{rng.randrange(0x10, 0x1a):x}" + rng.choice(["", "", ".0"])
            case "text" if each.name in TEXTS:
                return rng.choice(TEXTS[each.name]) if TEXTS[each.name] else None
            case "text":
                # Of most, QEMU doesn't say what they may be.
                return "text" if each.required else None
            case "integer" | "size":
                known = NUMBERS.get(each.name)
                if known is not None:
                    number = rng.choice(known) if known else None
                elif isinstance(each.default, int) and not isinstance(each.default, bool) and each.default >= 0:
                    number = each.default
                else:
                    number = None
                if number is None and each.required:
                    number = 1
                if number is None:
                    return None
                if each.kind == "size" and number and number % (1 << 10) == 0 and rng.random() < 0.5:
                    return f"{number >> 10}K"
                return rng.choice([str(number), str(number), hex(number)])
        return None

"""What a QEMU says of itself: what there is, and which properties it takes.

Nothing here is from the compiler's own lists, which are what is judged.
"""

import dataclasses
import re

from .qemu import Asked

# Which bus a device sits on, by the type that it is made of.
FAMILIES = {
    "pci-device": "PCI", "isa-device": "ISA", "usb-device": "usb-bus", "scsi-device": "SCSI", "ide-device": "IDE",
    "hda-codec": "HDA", "virtio-device": "virtio-bus", "virtio-serial-port": "virtio-serial-bus",
    "i2c-slave": "i2c-bus", "ccid-card": "ccid-bus", "nvme-ns": "nvme-bus", "floppy": "floppy-bus",
    "ipack-device": "IndustryPack", "sd-card": "sd-bus", "sys-bus-device": "System", "xen-device": "xen-bus",
    "x86_64-cpu": "cpu",
}

# What a text is the name of, where QEMU's type doesn't tell, but the description.
REFERENCES = {
    "ID of a netdev": "netdev", "ID of a chardev": "chardev", "ID of an audiodev": "audiodev",
    "ID of a tpm": "tpmdev", "Node name or ID of a block device": "drive",
}

# The same by name, where there is no description either.
REFERENCES_BY_NAME = {
    "fsdev": "fsdev", "audiodev": "audiodev", "netdev": "netdev", "chardev": "chardev", "primary_in": "chardev",
    "secondary_in": "chardev", "outdev": "chardev", "indev": "chardev", "notify_dev": "chardev",
    "tls-creds": "object tls-creds", "iothread": "object iothread", "passwordid": "object secret",
    "keyid": "object secret", "canbus": "object can-bus", "prealloc-context": "object thread-context",
}

INTEGERS = {
    "uint8": (0, 2**8 - 1), "uint16": (0, 2**16 - 1), "uint32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1),
    "uint64_t": (0, 2**64 - 1), "int8": (-2**7, 2**7 - 1), "int16": (-2**15, 2**15 - 1),
    "int32": (-2**31, 2**31 - 1), "int32_t": (-2**31, 2**31 - 1), "int64": (-2**63, 2**63 - 1),
    "int": (-2**63, 2**63 - 1), "number": (-2**63, 2**63 - 1),
}

# Properties that no user gives: parts of a device, and what it reports.
NOT_GIVEN = re.compile(r"child<|link<(bus|irq|(qemu:)?memory-region)>|GuestPanic|X86CPUFeature|guest statistics|struct tm")


@dataclasses.dataclass
class Property:
    name: str
    # bool, integer, size, text, choice, reference, mac, pci, other
    kind: str
    # QEMU's word for its type.
    type: str
    default: object = None
    required: bool = False
    # Whether QEMU has it, but doesn't show it where it lists a device's properties for users.
    hidden: bool = False
    # A choice's values, a reference's kind, an integer's bounds.
    detail: object = None


@dataclasses.dataclass
class Thing:
    """A device, an object, a machine, ..."""

    name: str
    properties: dict
    ancestors: list = dataclasses.field(default_factory=list)
    # A device's bus, where it is of a family that has one.
    bus: str = ""
    # A machine's largest number of CPUs.
    max_cpus: int = 0


@dataclasses.dataclass
class Knowledge:
    version: str
    devices: dict
    # Types that devices are made of, and that are no devices.
    abstract: list
    objects: dict
    # {type: [objects that a user can create and that are of it]}
    implementing: dict
    machines: dict
    cpus: dict
    chardevs: dict
    netdevs: dict
    # Types whose module this machine lacks.
    missing: list


def learn(program):
    with Asked(program) as qemu:
        qapi = Qapi(qemu)
        devices, missing = of_devices(qemu)
        objects = of_objects(qemu, qapi)
        links = {each.detail.removeprefix("object ") for thing in (*devices.values(), *objects.values())
                 for each in thing.properties.values()
                 if each.kind == "reference" and each.detail.startswith("object ")}
        return Knowledge(
            version=program.version,
            devices=devices,
            abstract=sorted(set(qemu.types("device", abstract=True)) - set(devices) - set(missing)),
            objects=objects,
            implementing={link: sorted(set(qemu.types(link)) & set(objects)) for link in sorted(links)},
            machines=of_machines(qemu),
            cpus=of_cpus(qemu),
            chardevs=of_chardevs(qemu, qapi),
            netdevs=of_netdevs(qapi),
            missing=missing)


def property_of(listed):
    """One of qom-list-properties or device-list-properties; None where no user gives it."""
    name, type_name, description = listed["name"], listed["type"], listed.get("description") or ""
    if NOT_GIVEN.match(type_name) or "[" in name or name == "type":
        return None
    kind, detail = "text", None
    if type_name == "bool":
        kind = "bool"
    elif link := re.fullmatch(r"link<(.*)>", type_name):
        kind, detail = "reference", f"object {link[1]}"
    elif meant := next((kind for start, kind in REFERENCES.items() if description.startswith(start)), None):
        kind, detail = "reference", meant
    elif name in REFERENCES_BY_NAME and type_name in ("str", "string"):
        kind, detail = "reference", REFERENCES_BY_NAME[name]
    elif "6-byte MAC" in description:
        kind = "mac"
    elif description.startswith("Slot and optional function"):
        kind = "pci"
    elif type_name == "size":
        kind = "size"
    elif type_name in INTEGERS:
        kind, detail = "integer", INTEGERS[type_name]
    elif type_name in ("str", "string"):
        pass
    elif values := re.search(r"(?:^|[ (])([\w-]+(?:/[\w-]+)+)\)?$", description):
        kind, detail = "choice", values[1].split("/")
    elif type_name == "OnOffAuto":
        kind, detail = "choice", ["on", "off", "auto"]
    else:
        kind = "other"
    return Property(name, kind, type_name, listed.get("default-value"), detail=detail)


def properties_of(listed):
    known = (property_of(each) for each in listed or [])
    return {each.name: each for each in known if each}


def lineage(name, parents):
    chain = [name]
    while parents.get(chain[-1]):
        chain.append(parents[chain[-1]])
    return chain


def of_devices(qemu):
    parents = qemu.types("device", abstract=True)
    devices, missing = {}, []
    for name in sorted(qemu.types("device")):
        ancestors = lineage(name, parents)
        bus = next((FAMILIES[each] for each in ancestors if each in FAMILIES), "")
        if bus == "cpu":
            # Hundreds of properties each, and no user plugs one by itself.
            devices[name] = Thing(name, {}, ancestors, bus)
            continue
        # The one has defaults, the other all names.
        listed = qemu.ask_or_restart("device-list-properties", typename=name)
        everything = qemu.ask_or_restart("qom-list-properties", typename=name)
        if listed is None or everything is None:
            missing.append(name)
            continue
        shown, hidden = properties_of(listed), properties_of(everything)
        for each in hidden.values():
            each.hidden = True
        devices[name] = Thing(name, hidden | shown, ancestors, bus)
    return devices, missing


def of_objects(qemu, qapi):
    """What -object takes: in 5.2 an object's own properties, later the arguments of object-add."""
    variants = qapi.variants("object-add")
    parents = qemu.types("object", abstract=True)
    objects = {}
    for name in sorted(qemu.types("user-creatable")):
        own = properties_of(qemu.ask_or_restart("qom-list-properties", typename=name))
        properties = qapi.properties(variants[name], own) if name in variants else own
        objects[name] = Thing(name, properties, lineage(name, parents))
    return objects


def of_machines(qemu):
    machines = {}
    for each in qemu.ask("query-machines"):
        properties = properties_of(qemu.ask_or_restart("qom-list-properties", typename=f"{each['name']}-machine"))
        for name in (each["name"], each.get("alias")):
            if name:
                machines[name] = Thing(name, properties, max_cpus=each["cpu-max"])
    return machines


def of_cpus(qemu):
    cpus = {}
    for each in qemu.ask("query-cpu-definitions"):
        listed = qemu.ask_or_restart("device-list-properties", typename=each["typename"])
        cpus[each["name"]] = Thing(each["name"], properties_of(listed))
    return cpus


def of_chardevs(qemu, qapi):
    """QEMU has one list of options for all of them, and says elsewhere which one needs which."""
    options = {each["option"]: each["parameters"] for each in qemu.ask("query-command-line-options")}
    kinds = {"boolean": "bool", "string": "string", "number": "uint64", "size": "size"}
    flat = properties_of([{"name": each["name"], "type": kinds[each["type"]]} for each in options["chardev"]])
    return {name: Thing(name, flat) for name in qapi.chardevs()}


def of_netdevs(qapi):
    return {name: Thing(name, qapi.properties(struct, {})) for name, struct in qapi.variants("netdev_add").items()}


class Qapi:
    """query-qmp-schema, whose types refer to each other by number."""

    def __init__(self, qemu):
        self.types = {each["name"]: each for each in qemu.ask("query-qmp-schema")}

    def variants(self, command):
        """{case: type} of a command whose arguments depend on one of them."""
        arguments = self.types[self.types[command]["arg-type"]]
        return {each["case"]: each["type"] for each in arguments.get("variants", [])}

    def members(self, struct):
        return self.types[struct].get("members", [])

    def properties(self, struct, own):
        """A struct's members. What an object's own properties say of the same name is as true, and says what a text is."""
        found = {}
        for member in self.members(struct):
            known = property_of({"name": member["name"], "type": self.type_name(member["type"])})
            if known is None:
                continue
            kind = self.types[member["type"]]
            if kind["meta-type"] == "enum":
                known.kind, known.detail = "choice", kind["values"]
            elif kind["meta-type"] in ("array", "object", "alternate"):
                known.kind = "other"
            elif own.get(known.name) and own[known.name].kind == "reference":
                known.kind, known.detail = "reference", own[known.name].detail
            known.required = "default" not in member
            found[known.name] = known
        return found

    def type_name(self, name):
        kind = self.types[name]
        return {"builtin": kind["name"]}.get(kind["meta-type"], kind["meta-type"])

    def chardevs(self):
        arguments = self.types["chardev-add"]["arg-type"]
        backend = next(each["type"] for each in self.members(arguments) if each["name"] == "backend")
        kind = next(each["type"] for each in self.members(backend) if each["name"] == "type")
        return self.types[kind]["values"]

"""Objects, CPU models, accelerators, and backends of networks, disks and character devices."""

import os
import re

from . import trials
from .machines import try_values
from .text import Tree

# Options of chardevs that one can't be without, by what QEMU says where they are left out.
CHARDEV_OPTIONS = ("chardev", "chardevs.0", "fd", "host", "name", "path", "port")

# Chardev backends that QMP never had under these names.
CHARDEV_ALIASES = ("parport", "tty")


def models(asked):
    """The models of CPUs, and what the names of their types end with."""
    known = asked.ask("query-cpu-definitions")
    if known is None:
        # Not every architecture has the command in every version: then the types are called so.
        types = sorted(asked.types("cpu"))
        common = os.path.commonprefix([name[::-1] for name in types])[::-1]
        suffix = common[common.index("-"):]
        return [{"name": name.removesuffix(suffix), "typename": name} for name in types], suffix
    suffixes = {each["typename"].removeprefix(each["name"]) for each in known}
    assert len(suffixes) == 1, suffixes
    return known, suffixes.pop()


def cpus(models, schema, always, others):
    schema.add("cpu", "cpu", always, abstract=True)
    for each in models:
        schema.add("cpu", each["name"], parent="cpu", deprecated=each.get("deprecated"))
    for name in others:
        if ("cpu", name) not in schema.sections:
            schema.add("cpu", name, parent="cpu", unknown=True)


def accelerators(asked, kinds):
    listed = {}
    for name in asked.types("accel"):
        # An accelerator is called `accel` in 5.2, and no option takes it.
        if name.endswith("-accel"):
            properties = asked.ask_or_restart("qom-list-properties", typename=name)
            listed[name] = None if properties is None else kinds.settable(properties)
    tree = Tree("accel", asked.types("accel", abstract=True), listed, {name: {} for name in listed})
    try_values(asked.program, tree, lambda name: ["-M", "none", "-accel", name.removesuffix("-accel")])
    return tree


def objects(asked, kinds, qapi):
    """What -object takes: in 5.2 an object's own properties, later the arguments of object-add."""
    arguments = qapi.arguments("object-add")
    cases = qapi.cases(arguments)
    made = trials.Objects(asked, "object_add", "object_del", "qom-type")
    listed = {}
    for name in asked.types("user-creatable"):
        own = asked.ask_or_restart("qom-list-properties", typename=name)
        properties = None if own is None else kinds.settable(own)
        if name in cases:
            # Only QOM tells which strings are names of other objects.
            links = {key: value for key, value in (properties or {}).items() if value.startswith("link<")}
            properties = qapi.properties(cases[name])
            for key in links.keys() & properties.keys():
                properties[key] = " ".join([links[key], *properties[key].split(" ")[1:]])
            try_settable(made, name, properties, lambda path, value, name=name: qapi.smallest(cases[name], path, value))
            try_numbers(made, name, properties,
                        lambda path, value, name=name: qapi.smallest(cases[name], path, value))
        elif cases:
            continue
        elif properties:
            try_numbers(made, name, properties, lambda path, value: {path: value})
            try_needs(asked, name, properties)
        listed[name] = properties
    return Tree("object", asked.types("object", abstract=True), listed, {name: {} for name in listed})


def try_settable(made, name, properties, smallest):
    """Finds, among the switches that QMP's schema has but will drop, those that nobody can set any more."""
    for path, words in properties.items():
        if words.split(" ") == ["bool", "deprecated"]:
            said = made.says(name, lambda value, path=path: smallest(path, value), path)(True)
            if said and "not writable" in said:
                properties[path] = "bool read-only"


def try_numbers(made, name, properties, smallest):
    """Says more of numbers than that they are some."""
    for path, words in properties.items():
        kind, *flags = words.split(" ")
        if kind not in ("number", "list<number>"):
            continue
        listed = kind != "number"
        says = made.says(name, lambda value, path=path: smallest(path, [value] if listed else value),
                         f"{path}.0" if listed else path)
        better = trials.number(says)
        if better:
            properties[path] = " ".join([f"list<{better}>" if listed else better, *flags])


def try_needs(asked, name, properties):
    """Finds what an object is nothing without, where no list says so: QEMU names it."""
    asked.monitor("chardev-add null,id=a-chardev")
    given = []
    while True:
        said = asked.monitor(",".join([f"object_add {name}", "id=schema", *given]))
        asked.monitor("object_del schema")
        words = set(re.findall(r"[\w-]+", said))
        needed = [each for each in properties if each in words and not any(pair.startswith(f"{each}=") for pair in given)
                  and re.search(r"must be set|not provided|not set|is required|is missing|size 0|expects a valid|no file", said)]
        if len(needed) != 1:
            break
        kind = properties[needed[0]]
        properties[needed[0]] += " required"
        given.append(f"{needed[0]}={'a-chardev' if kind == 'chardev' else '1M' if kind == 'size' else '1' if 'int' in kind else '/schema'}")


def union(qapi, schema, kind, arguments, tag, cases, better=lambda case, properties: None, always=None):
    """The cases of a QMP command whose arguments depend on one of them."""
    base = qapi.properties(arguments["name"])
    base[tag] = "str"  # Its values are the cases.
    schema.add(kind, kind, base, abstract=True)
    known = qapi.cases(arguments)
    for case in cases or known:
        own = qapi.properties(known[case]) if case in known else {}
        better(case, own)
        own |= (always or {}).get(case, {})
        own = {key: value for key, value in own.items() if key not in base}
        schema.add(kind, case, own, parent=kind, unknown=case not in known)


def blockdevs(asked, schema, qapi):
    arguments = qapi.arguments("blockdev-add")
    cases = qapi.cases(arguments)

    def better(driver, properties):
        def says(path):
            def ask(value):
                # As JSON, that tells numbers from texts.
                number = value if value == trials.NONSENSE else int(value)
                given = qapi.smallest(cases[driver], path, number)
                if given is None:
                    return None
                # What nobody knows keeps QEMU from making it.
                said = asked.error("blockdev-add", **(given | {"driver": driver, "node-name": "schema", "no-such": 1}))
                return trials.about(path, said)
            return ask

        for path, words in properties.items():
            kind, *flags = words.split(" ")
            if kind == "number":
                number = trials.number(says(path))
                properties[path] = " ".join([number or kind, *flags])

    union(qapi, schema, "blockdev", arguments, "driver", None, better)
    sizes(asked, schema, qapi, cases)


def sizes(asked, schema, qapi, cases):
    """Finds those numbers of blockdevs that take a suffix on a command line, as sizes do: QMP takes numbers alone."""
    places = [(driver, path) for (kind, driver), (_, properties) in schema.sections.items() if kind == "blockdev"
              for path, words in properties.items() if words.split(" ")[0] == "uint64" and driver in cases]
    runs = []
    for driver, path in places:
        given = qapi.smallest(cases[driver], path, "1k")
        options = trials.flat(given | {"driver": driver, "node-name": "schema", "no-such": "1"})
        runs.append((["-M", "none", "-blockdev", ",".join(options)],))
    for (driver, path), (_, said) in zip(places, asked.program.run_all(runs)):
        if trials.about(path, said) is None:
            properties = schema.sections["blockdev", driver][1]
            properties[path] = " ".join(["size", *properties[path].split(" ")[1:]])


def netdevs(asked, schema, qapi, always):
    told = asked.program.print("-M", "none", "-netdev", "help")
    arguments = qapi.arguments("netdev_add")
    cases = qapi.cases(arguments)
    made = trials.Objects(asked, "netdev_add", "netdev_del", "type")

    def better(case, properties):
        if case in cases:
            # What nobody knows keeps QEMU from making it.
            try_numbers(made, case, properties, lambda path, value: (
                (qapi.smallest(cases[case], path, value) or {}) | {"no-such": 1}))

    union(qapi, schema, "netdev", arguments, "type", told.partition(":")[2].split(), better, always)


def chardevs(asked, schema, qapi):
    options = {each["option"]: each["parameters"] for each in asked.ask("query-command-line-options")}
    types = {"boolean": "bool", "string": "str", "number": "uint64"}
    flat = {each["name"]: types.get(each["type"], each["type"]) for each in options["chardev"]}
    flat = {key: qapi.ids.type_of(key) if value == "str" else value for key, value in flat.items()}
    schema.add("chardev", "chardev", flat | {"id": "str"}, abstract=True)

    backend = qapi.members(qapi.arguments("chardev-add")["name"])["backend"]
    kinds = qapi.members(backend["name"])["type"]
    for kind in (*kinds["values"], *CHARDEV_ALIASES):
        # Only trying tells: QMP lists backends that this build lacks, and no list has the aliases.
        told = add_chardev(asked, kind)
        if "is not a valid char driver name" in told:
            continue
        attributes = {"deprecated": "deprecated" in told}
        # What an error becomes another one by, or none, is what was missing.
        told = told.splitlines()[-1] if told else ""
        helping = [each for each in CHARDEV_OPTIONS if "Error" in told and each in flat
                   and (add_chardev(asked, kind, f"{each}=schema").splitlines() or [""])[-1] != told]
        if len(helping) == 1:
            attributes["required"] = helping
        elif helping:
            attributes["one-of"] = ",".join(helping)
        schema.add("chardev", kind, parent="chardev", **attributes)


def add_chardev(asked, *options):
    told = asked.monitor(f"chardev-add {','.join([*options, 'id=is-' + options[0]])}")
    asked.monitor(f"chardev-remove is-{options[0]}")
    return told

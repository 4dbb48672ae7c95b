"""Machine types: their properties and what query-machines tells, and the buses that each has."""

import re

from . import trials
from .text import Tree

# What machines with sound start with where nothing plays it.
SILENCE = ["-audio", "none"]

# `bus: pcie.0` and, in the line below it, `type PCIE`, as `info qtree` has them.
BUS = re.compile(r"^( *)bus: (\S+)\n *type (\S+)", re.MULTILINE)


def learn(asked, kinds, suffix):
    """(tree of all machine types, {alias: machine type}, {group: {bus: its type}}, the names of those that need silence)."""
    told = {f"{each['name']}-machine": each for each in asked.ask("query-machines")}
    listed, attributes, aliases = {}, {}, {}
    for name in asked.types("machine"):
        if name not in told:
            continue
        machine = told[name]
        properties = asked.ask_or_restart("qom-list-properties", typename=name)
        if properties is None:
            # In 5.2 and 7.2, microvm can't be asked for its properties unless it runs.
            answers, _ = asked.program.run(["-M", machine["name"]], ("qom-list", {"path": "/machine"}))
            properties = answers[0] if answers else None
        listed[name] = None if properties is None else kinds.settable(properties)
        attributes[name] = {
            "default": machine.get("is-default"),
            "deprecated": machine.get("deprecated"),
            "cpus": machine["cpu-max"],
            "cpu": machine.get("default-cpu-type", "").removesuffix(suffix),
            "ram": machine.get("default-ram-id"),
        }
        if machine.get("alias"):
            aliases[machine["alias"]] = machine["name"]
    tree = Tree("machine", asked.types("machine", abstract=True), listed, attributes)
    try_values(asked.program, tree, lambda name: ["-M", name.removesuffix("-machine")])
    buses, silent = of_machines(asked.program, tree)
    return tree, aliases, buses, silent


def try_values(program, tree, option):
    """Betters what is known of the properties by what QEMU says to values of them, each time another one."""
    places = [(section, name) for section, properties in tree.sections.items() for name in properties
              if section in tree.examples]

    def say(places, value):
        runs = []
        for section, name in places:
            *options, last = option(tree.examples[section])
            runs.append(([*options, f"{last},{name}={value}"],))
        said = program.run_all(runs)
        return {place: trials.about(place[1], words.partition(f"={value}: ")[2] or words) for place, (_, words) in zip(places, said)}

    nonsense = say(places, trials.NONSENSE)
    numbers = [place for place in places if tree.sections[place[0]][place[1]] == "number"]
    said = {trials.NONSENSE: nonsense, trials.LARGEST: say(numbers, trials.LARGEST), "-1": say(numbers, "-1")}
    for section, name in places:
        kind = tree.sections[section][name]
        words = nonsense[section, name] or ""
        if "not writable" in words or "Insufficient permission" in words:
            kind += " read-only"
        elif kind == "number":
            kind = trials.number(lambda value: said[value][section, name]) or kind
        tree.sections[section][name] = kind


def of_machines(program, tree):
    """({group: {bus: its type}}, the names of the machines that need silence); each machine that starts gets the group of those
    with the same buses."""
    left = sorted(name for name in tree.attributes if "default" in tree.attributes[name])
    answered, silent = {}, set()
    for others in ([], SILENCE):
        starts = program.run_all([(["-M", name.removesuffix("-machine"), *others],
                                   ("human-monitor-command", {"command-line": "info qtree"})) for name in left])
        answered |= {name: answers for name, (answers, _) in zip(left, starts) if answers}
        silent = {name.removesuffix("-machine") for name in left if name in answered}  # Of the last turn.
        left = [name for name in left if name not in answered]
    groups = {}
    for name, answers in sorted(answered.items()):
        buses = tuple(sorted({(bus, kind) for _, bus, kind in BUS.findall(answers[0].replace("\r", ""))
                              if bus != "main-system-bus"}))
        group, members = groups.setdefault(buses, (name.removesuffix("-machine"), []))
        tree.attributes[name]["buses"] = group
    return {group: dict(buses) for buses, (group, _) in groups.items()}, silent

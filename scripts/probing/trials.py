"""What QEMU says of values: it tells more of a property than its type does."""

import re
import sys

from .qapi import flat

# No text, number, size or name of something, and the largest number.
NONSENSE = "zz"
LARGEST = str(2**64 - 1)


def of_devices(program, pairs, value):
    """{(driver, property): what QEMU says to `value`} for those pairs of which it says something.

    A default that can't be had is a warning, so that one QEMU tells all. None in place of what it says: it ended.
    """
    said = {}
    left = sorted(pairs)
    while True:
        drivers = sorted({driver for driver, _ in left})
        answers, stderr = with_globals(program, left, value, drivers)
        if len(answers) == len(drivers):
            break
        at = drivers[len(answers)]
        killers = killers_of(program, at, [pair for pair in left if pair[0] == at], value)
        # Of some it makes objects by itself: within the one that it is asked about, or before it is asked.
        made = re.findall(r"can't apply global ([^.]+)\.", stderr)
        if made and not killers:
            of_made = [pair for pair in left if pair[0] == made[-1]]
            killers = killers_of(program, at, of_made, value) if answers else of_made
        if not killers:
            sys.exit(f"{program.path} ended when asked about {at} with defaults of {value!r}: {stderr[-300:]}")
        said |= dict.fromkeys(killers)
        left = [pair for pair in left if pair not in killers]
    keys = {f"{driver}.{name}": (driver, name) for driver, name in left}
    for line in stderr.splitlines():
        key, found, words = line.partition("can't apply global ")[2].partition(f"={value}: ")
        if found and key in keys:
            said[keys[key]] = words
    return said


def killers_of(program, driver, pairs, value):
    """Those of these properties that end QEMU where they get `value` and it is asked about a driver, by halves."""
    if not pairs or with_globals(program, pairs, value, [driver])[0]:
        return []
    if len(pairs) == 1:
        return pairs
    half = len(pairs) // 2
    return killers_of(program, driver, pairs[:half], value) + killers_of(program, driver, pairs[half:], value)


def with_globals(program, pairs, value, drivers):
    arguments = ["-M", "none"]
    for driver, name in pairs:
        driver, name = driver.replace(",", ",,"), name.replace(",", ",,")
        arguments += ["-global", f"driver={driver},property={name},value={value}"]
    return program.run(arguments, *(("device-list-properties", {"typename": driver}) for driver in drivers))


def number(says):
    """The type of a number. `says(value)` is what QEMU says to one; None where it says nothing about it."""
    nonsense = says(NONSENSE)
    if nonsense is None:
        return None
    # Names say nothing here: many are called `size`.
    nonsense = re.sub(r"'[^']*'", "", nonsense)
    if re.search(r"expects (a )?size|below 2\^64", nonsense):
        return "size"
    if "expects a number" in nonsense:
        return "number"
    largest = says(LARGEST)
    kind = "uint64"
    if largest is not None:
        narrow = re.search(r"expects u?int(8|16|32)(_t|\b)|expects an? (u?int(8|16|32)) value", largest)
        kind = re.search(r"u?int\d+", narrow[0])[0] if narrow else "int64"
    if "or range" in nonsense:
        return f"list<{kind}>"
    # Many of those that are signed are refused where they are less than nothing.
    if kind == "int64" and re.search(r"negative|range \[0", says("-1") or ""):
        return "uint63"
    return kind


class Objects:
    """Objects and network backends, which a QEMU without a machine can make."""

    def __init__(self, asked, command, undo, tag):
        self.asked = asked
        self.command = command
        self.undo = undo
        self.tag = tag

    def says(self, name, smallest, path):
        """What `number` asks, of the member at `path`; `smallest(value)` is all that QEMU gets."""
        def ask(value):
            given = smallest(value)
            if given is None:
                return None
            options = ",".join([name, "id=schema", *flat({k: v for k, v in given.items() if k not in ("id", self.tag)})])
            said = self.asked.monitor(f"{self.command} {options}")
            if not said:
                self.asked.monitor(f"{self.undo} schema")
            return about(path, said)
        return ask


def about(path, said):
    """What QEMU says of a member, and nothing else."""
    listed = re.sub(r"\.0$", "[0]", path)
    words = said.removeprefix("Error: ")
    if any(f"{each}'" in words or words.startswith(f"{each} ") for each in (path, listed, path.rpartition(".")[2])):
        return words
    # Some messages don't say whom they are about.
    if re.search("Property values cannot be negative|Insufficient permission", words) or "'null'" in words:
        return words
    return None

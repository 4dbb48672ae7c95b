"""query-qmp-schema: the types of commands' arguments."""


class Ids:
    """Which strings are ids of what, told by what they are called."""

    # Mostly such a string is called as the type of what it names: `throttle-group`, `key-secret`. These are not.
    NAMES = {
        "bottom": "drive",
        "chardev": "chardev",
        "chardevs.0": "chardev",
        "chardevs.1": "chardev",
        "chardevs.2": "chardev",
        "chardevs.3": "chardev",
        "fsdev": "fsdev",
        "indev": "chardev",
        "keyid": "link<secret_common>",
        "netdev": "netdev",
        "node": "drive",
        "notify_dev": "chardev",
        "outdev": "chardev",
        "passwordid": "link<secret_common>",
        "primary_in": "chardev",
        "secondary_in": "chardev",
        "sriov-pf": "link<pci-device>",
    }

    def __init__(self, asked):
        parents = asked.types("object", abstract=True)
        self.objects = set()  # The types that a user can create, and those that they are made of.
        for name in asked.types("user-creatable"):
            while name not in (None, "object"):
                self.objects.add(name)
                name = parents.get(name)

    def type_of(self, name):
        words = name.split("-")
        for start in range(len(words)):
            last = "-".join(words[start:])
            for known in (f"{last}_common", last):
                if known in self.objects:
                    return f"link<{known}>"
        return self.NAMES.get(name, "str")


class Qapi:
    """Types refer to each other by number."""

    def __init__(self, asked, ids):
        self.types = {each["name"]: each for each in asked.ask("query-qmp-schema")}
        self.ids = ids
        self.node = self.arguments("blockdev-add")

    def arguments(self, command):
        return self.types[self.types[command]["arg-type"]]

    def cases(self, struct):
        """{case: type} of a struct whose members depend on one of them."""
        return {each["case"]: each["type"] for each in struct.get("variants", [])}

    def members(self, struct):
        """{name: type} of a struct; the type as its definition."""
        return {each["name"]: self.types[each["type"]] for each in self.types[struct].get("members", [])}

    def required(self, struct):
        """The names of the members that can't be left out."""
        return [each["name"] for each in self.types[struct].get("members", []) if "default" not in each]

    def properties(self, struct):
        """{name: what it takes} of a struct, and whether it can be left out."""
        flags = {}
        for each in self.types[struct].get("members", []):
            words = ["required"] if "default" not in each else []
            words += ["deprecated"] if "deprecated" in each.get("features", []) else []
            flags[each["name"]] = words
        return {name: " ".join([kind, *flags.get(name, [])]) for name, kind in self.kinds(struct).items()}

    def kinds(self, struct, *within):
        """{name: type} of a struct. The members of one in it follow under names with a dot; what it is within isn't one."""
        found = {}
        for name, member in self.members(struct).items():
            found[name] = self.kind(name, member)
            if member["meta-type"] == "object" and member["name"] not in within:
                found |= {f"{name}.{key}": value for key, value in self.of_all_cases(member, struct, *within).items()}
        return found

    def of_all_cases(self, struct, *within):
        """The members of a struct in whichever case. Where the type of one depends on that, it can be anything."""
        structs = [struct["name"], *self.cases(struct).values()]
        cases = [self.kinds(each, struct["name"], *within) for each in structs]
        names = {name for case in cases for name in case}
        types = {name: {case[name] for case in cases if name in case} for name in names}
        return {name: found.pop() if len(found) == 1 else "any" for name, found in types.items()}

    def kind(self, name, found):
        match found["meta-type"]:
            case "builtin":
                # QMP says "int" of sizes too.
                plain = {"int": "number"}.get(found["name"], found["name"])
                return self.ids.type_of(name) if plain == "str" else plain
            case "enum":
                return "|".join(found["values"])
            case "array":
                return f"list<{self.kind(name, self.types[found['element-type']])}>"
            case "alternate" if any(each["type"] == self.node["name"] for each in found["members"]):
                return "drive"  # Or a node of its own.
            case other:
                return other

    def smallest(self, struct, path, value):
        """A value of a struct that has what it must have, and `value` at `path`. None where that can't be."""
        head, _, rest = path.partition(".")
        cases = self.cases(self.types[struct])
        found = self.all_required(struct, head, rest, value)
        if found is None or not cases:
            return found
        tag = self.types[struct]["tag"]
        for case, inner in cases.items():
            there = not head or head in self.members(inner) or head in found
            more = self.all_required(inner, head, rest, value) if there else None
            if more is not None:
                return found | {tag: case} | more
        return None

    def all_required(self, struct, head, rest, value):
        members, found = self.members(struct), {}
        for name in self.required(struct):
            if name != head:
                found[name] = self.example(members[name])
        if head in members:
            inner = members[head]
            if not rest:
                found[head] = value
            elif inner["meta-type"] == "array":
                found[head] = [value]
            elif inner["meta-type"] == "object":
                found[head] = self.smallest(inner["name"], rest, value)
        return None if None in found.values() else found

    def example(self, found):
        match found["meta-type"]:
            case "builtin":
                return {"int": 1, "number": 1, "bool": False}.get(found["name"], "a")
            case "enum":
                return found["values"][0]
            case "array":
                return [self.example(self.types[found["element-type"]])]
            case "alternate":
                return "a"
            case "object":
                return self.smallest(found["name"], "", None)
        return None


def flat(value, name=""):
    """`a.b=c` and so on, as QEMU's options have it, of a value."""
    if isinstance(value, dict):
        return [each for key, inner in value.items() for each in flat(inner, f"{name}.{key}" if name else key)]
    if isinstance(value, list):
        return [each for index, inner in enumerate(value) for each in flat(inner, f"{name}.{index}")]
    if isinstance(value, bool):
        value = "on" if value else "off"
    return [f"{name}={value}"]

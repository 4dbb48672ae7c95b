"""The text of a schema: sections with attributes, and in each a line for each property."""

import re


class Schema:
    """The types of one QEMU, and their properties."""

    def __init__(self):
        self.sections = {}  # (kind, name) -> (attributes, {property: what it takes})

    def add(self, kind, name, properties=None, **attributes):
        """Adds a section. An attribute is True or has a value; where it is neither, there is none.

        What is said to be required is an attribute of the section: nobody who asks for it reads all of its lines.
        """
        properties = dict(properties or {})
        required = set(attributes.pop("required", ()))
        for key, says in properties.items():
            words = says.split(" ")
            if "required" in words:
                words.remove("required")
                required.add(key)
                properties[key] = " ".join(words)
        attributes = {key: value for key, value in attributes.items() if value}
        if required:
            attributes["required"] = ",".join(sorted(required))
        assert attributes, name
        for word in (kind, name, *attributes.values()):
            assert word is True or not re.search(r"[\s\[\]]", str(word)), word
        assert (kind, name) not in self.sections, (kind, name)
        self.sections[kind, name] = attributes, properties

    def add_types(self, kind, tree, rename=lambda name: name):
        """Adds the types of a tree, each with what it has beside its ancestors."""
        for name in tree.sections:
            attributes = dict(tree.attributes.get(name, {"abstract": True}))
            parent = next(iter(tree.line(name)[1:]), None)
            self.add(kind, rename(name), tree.sections[name], **attributes, parent=parent and rename(parent))

    def __str__(self):
        lines = []
        for (kind, name), (attributes, properties) in sorted(
                self.sections.items(), key=lambda section: " ".join(section[0])):
            words = [key if value is True else f"{key}={value}" for key, value in sorted(attributes.items())]
            lines.append(f"[{' '.join((kind, name, *words))}]")
            lines += [f"{key} {value}" for key, value in sorted(properties.items())]
        return "\n".join(lines) + "\n"


class Tree:
    """Types that are made of each other. Each property is at the topmost ancestor all of whose descendants have it."""

    def __init__(self, root, parents, listed, attributes):
        """listed: {name: {property: type}}, or None in place of the properties where QEMU couldn't be asked."""
        self.root = root
        self.parents = parents
        self.attributes = attributes
        full = {name: set(properties.items()) for name, properties in listed.items() if properties is not None}
        common = {}
        for name, properties in full.items():
            for ancestor in self.line(name):
                common[ancestor] = common.get(ancestor, properties) & properties
        for name in listed:
            for ancestor in self.line(name):
                common.setdefault(ancestor, set())
            if name not in full:
                attributes.setdefault(name, {})["unknown"] = True
        self.sections = {
            name: dict(common[name].difference(*(common[ancestor] for ancestor in self.line(name)[1:]))) for name in common}
        # Which type is to be asked about what a section has.
        self.examples = {}
        for name, properties in full.items():
            line = self.line(name)
            for ancestor in line:
                self.examples[ancestor] = min(self.examples.get(ancestor, name), name)
            together = {pair for ancestor in line for pair in self.sections[ancestor].items()}
            assert together == properties, f"{name} is not the sum of its ancestors"

    def line(self, name):
        """A type and all that it is made of."""
        chain = [name]
        while name != self.root and self.parents.get(name):
            name = self.parents[name]
            chain.append(name)
        return chain


def read(text):
    """{(kind, name): (attributes, {property: what it takes})} of a text, each with what its ancestors have."""
    sections, own = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("["):
            kind, name, *words = line[1:-1].split(" ")
            own = {}
            sections[kind, name] = dict(word.partition("=")[::2] for word in words), own
        else:
            key, value = line.split(" ", 1)
            own[key] = value
    whole = {}
    for (kind, name), (attributes, properties) in sections.items():
        properties, ancestor = dict(properties), attributes
        while "parent" in ancestor:
            ancestor, inherited = sections[kind, ancestor["parent"]]
            properties = inherited | properties
            if "required" in ancestor:
                attributes["required"] = ",".join(sorted({*attributes.get("required", "").split(","), *ancestor["required"].split(",")} - {""}))
        # How types are made of others is nothing that could be missed.
        if "abstract" not in attributes:
            shown = {key: value for key, value in attributes.items() if key != "parent"}
            whole[kind, name] = shown, properties
    return whole


def differences(ours, theirs):
    """What two texts say differently, a line each: `-` is the first one's."""
    ours, theirs = read(ours), read(theirs)
    for key in sorted(ours.keys() | theirs.keys()):
        title = " ".join(key)
        one, other = ours.get(key), theirs.get(key)
        if one is None or other is None:
            yield f"{'+' if one is None else '-'}[{title}]"
            continue
        for mark, (attributes, properties), (attributes_there, properties_there) in (("-", one, other), ("+", other, one)):
            for word, value in attributes.items():
                if attributes_there.get(word) != value:
                    yield f"{mark}[{title} {word}{value and '='}{value}]"
            for name, value in properties.items():
                if properties_there.get(name) != value:
                    yield f"{mark}[{title}] {name} {value}"

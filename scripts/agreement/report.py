"""The figures of a run, and what they are made of."""

import collections
import re

from .mutate import WRONG_REFERENCES

OUTCOMES = {
    "both take it": "taken by both",
    "both refuse it": "refused by both",
    "only warned of": "refused by QEMU, only warned of here",
    "let through": "refused by QEMU, let through here",
    "false error": "taken by QEMU, an error here",
    "false warning": "taken by QEMU without a word, a warning here",
}
DISAGREEMENTS = ("false error", "false warning", "let through", "only warned of")


class Figures:
    def __init__(self, results):
        self.all = results
        self.left_out = collections.Counter(result.rule for result in results if result.rule)
        self.results = [result for result in results if not result.rule]
        self.outcomes = collections.Counter(result.outcome for result in self.results)
        wrong = [result for result in self.results
                 if result.case.mistake in WRONG_REFERENCES and not result.verdict.takes]
        self.references = len(wrong)
        self.references_found = sum(result.outcome != "let through" for result in wrong)

    def of(self, *outcomes):
        return sum(self.outcomes[outcome] for outcome in outcomes)

    @property
    def with_warnings(self):
        """The share of lines where both are of one opinion, a warning being one too."""
        return self.share(len(self.results) - self.of("let through", "false error", "false warning"))

    @property
    def without_warnings(self):
        """The same where only an error is one."""
        return self.share(len(self.results) - self.of("let through", "false error", "only warned of"))

    def share(self, count):
        return 100 * count / max(1, len(self.results))

    def summary(self):
        lines = [f"{self.outcomes[outcome]:>7}  {text}" for outcome, text in OUTCOMES.items()]
        lines.append(f"{self.with_warnings:>6.2f}%  agreement where a warning is a find")
        lines.append(f"{self.without_warnings:>6.2f}%  agreement where it isn't")
        share = 100 * self.references_found / max(1, self.references)
        lines.append(f"{share:>6.2f}%  of {self.references} wrong references found: {self.references_found}")
        lines.append(f"{self.left_out.total():>7}  left out by rule, since their fate hangs on the machine:")
        lines += [f"{count:>15}  {rule}" for rule, count in self.left_out.most_common()]
        return "\n".join(lines)

    def left_out_for(self):
        """For each rule, what QEMU says of the lines, so that a reader can see whether the rule is right."""
        groups = collections.defaultdict(collections.Counter)
        for result in self.all:
            if result.rule:
                groups[result.rule][likeness(result)] += 1
        lines = []
        for rule, said in sorted(groups.items()):
            lines.append(f"### left out: {rule} ({said.total()})")
            lines += [f"    {count:>5}  {message}" for message, count in said.most_common()]
        return "\n".join(lines)

    def by_mistake(self):
        """A row a mistake: of the lines that QEMU refuses, how many are found, and as an error."""
        rows = collections.defaultdict(collections.Counter)
        for result in self.results:
            rows[f"{result.case.subject} {result.case.mistake}"][result.outcome] += 1
        lines = [f"{'':36}{'refused':>9}{'error':>9}{'warning':>9}{'nothing':>9}{'taken':>9}{'f.error':>9}{'f.warn.':>9}"]
        for name, row in sorted(rows.items()):
            refused = row["both refuse it"] + row["only warned of"] + row["let through"]
            counts = (refused, row["both refuse it"], row["only warned of"], row["let through"],
                      row["both take it"], row["false error"], row["false warning"])
            lines.append(f"{name:36}" + "".join(f"{count or '':>9}" for count in counts))
        return "\n".join(lines)

    def disagreements(self):
        """All of them, like ones together."""
        groups = collections.defaultdict(list)
        for result in self.results:
            if result.outcome in DISAGREEMENTS:
                groups[result.outcome, result.case.subject, result.case.mistake, likeness(result)].append(result)
        order = sorted(groups.items(), key=lambda group: (DISAGREEMENTS.index(group[0][0]), -len(group[1]), group[0]))
        return "\n".join(described(key, results) for key, results in order)


def likeness(result):
    """What QEMU says, or else the compiler's code, without what differs from line to line."""
    if not result.rule and result.outcome in ("false error", "false warning"):
        return " ".join(sorted({each["code"] for each in result.diagnostics}))
    lines = [line for line in result.verdict.message.splitlines() if not line.lower().startswith(("warning:", "try "))]
    message = lines[0] if lines else result.verdict.kind
    message = re.sub(r"^-\S+ .*?: ", "", message)
    return re.sub(r"'[^']*'|\b\w*\d\w*\b", "_", message)


def described(key, results):
    outcome, subject, mistake, what = key
    lines = [f"### {outcome}: {subject}, {mistake}: {what} ({len(results)})"]
    for result in results:
        lines.append("    " + " | ".join(statement.text() for statement in result.case.statements))
        if result.case.detail:
            lines.append(f"        mistake: {result.case.detail}")
        lines += [f"        {each['severity']}: {each['message']}" for each in result.diagnostics]
        if result.verdict.message or not result.verdict.takes:
            message = "\n              ".join(result.verdict.message.splitlines())
            lines.append(f"        QEMU: {result.verdict.kind}: {message}")
    return "\n".join(lines)

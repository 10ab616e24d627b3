"""Which finding another one follows from, where the record says so. Pure.

A program is the shortest that shows its difference, so each of its lines is needed. Where a needed line is a difference
of its own, the other one follows from it. What only looks alike gets no cause: none is better than a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from generators.command import Command, CommandSyntaxError, parse
from generators.raw import is_raw
from reports.finding import id_of
from reports.replies import is_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.finding import Finding

FOLLOW_UP = "agreement.follow-up"  # what a command whose replies differ leaves behind
_UNKNOWN = "agreement.unknown-command"
_ARGUMENT = "agreement.unknown-argument"
_READS = frozenset(("agreement.state", FOLLOW_UP))  # their last line only shows what those before did


def follow_up_of(signature: str) -> str:
    """The signature of what the difference of this signature leaves behind: one cause has one."""
    return f"{FOLLOW_UP} | {signature}"


def linked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same findings, each that follows from another one pointing to it."""
    book = _Book.of(findings)
    return tuple(book.linked(finding) for finding in findings)


@dataclass(slots=True)
class _Book:
    """The findings that can be causes, by what they are about."""

    ids: frozenset[str]
    unknown: dict[str, Finding] = field(default_factory=dict)  # by command
    arguments: dict[str, list[Finding]] = field(default_factory=dict)  # by command
    parameters: dict[str, Finding] = field(default_factory=dict)
    programs: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> _Book:
        book = cls(frozenset(finding.id for finding in findings))
        for finding in findings:
            if _is_unknown(finding):
                book.unknown.setdefault(finding.subject, finding)
            elif finding.rule == _ARGUMENT:
                book.arguments.setdefault(finding.subject, []).append(finding)
            elif finding.rule == "config.parameter":
                book.parameters.setdefault(finding.subject, finding)
            if finding.rule.startswith("agreement.") and finding.certain and finding.program:
                book.programs.append(finding)
        return book

    def linked(self, finding: Finding) -> Finding:
        if finding.caused_by:  # the hunt saw it
            known = finding.caused_by if finding.caused_by in self.ids else None
            return msgspec.structs.replace(finding, caused_by=known)
        cause = None if _is_unknown(finding) else next(self._causes(finding), None)
        return msgspec.structs.replace(finding, caused_by=cause.id) if cause else finding

    def _causes(self, finding: Finding) -> Iterator[Finding]:
        if finding.rule.startswith("identity."):
            yield from self._of_description(finding)
        elif finding.rule.startswith("agreement."):
            asked = list(_asked(finding.program[: finding.step + 1]))
            yield from (self.unknown[each.full_name] for each in asked if each.full_name in self.unknown)
            yield from self._of_arguments(finding, asked)
            yield from self._of_parameters(asked)
            yield from self._before(finding)

    def _of_description(self, finding: Finding) -> Iterator[Finding]:
        """What an engine says of a command follows from what the command does."""
        if finding.rule == "identity.command" and finding.subject in self.unknown:
            yield self.unknown[finding.subject]
        if finding.rule in ("identity.arguments", "identity.arity"):
            yield from self.arguments.get(finding.subject, ())
        yield from (
            each
            for each in self.programs
            if (each.subject, each.program) == (finding.subject, finding.program)
        )

    def _of_arguments(self, finding: Finding, asked: Iterable[Command]) -> Iterator[Finding]:
        """An argument that one side does not take: that side refuses the line in the same words."""
        for line in asked:
            words = {arg.upper().decode("utf-8", "replace") for arg in line.args}
            for each in self.arguments.get(line.full_name, ()):
                tokens = _tokens(each)
                other = finding.rule != _ARGUMENT or tokens < _tokens(finding)
                named = tokens and tokens <= words and other and each.id != finding.id
                if named and _refused_alike(each, finding):
                    yield each

    def _of_parameters(self, asked: Iterable[Command]) -> Iterator[Finding]:
        for line in asked:
            if line.name == "CONFIG":
                words = (arg.lower().decode("utf-8", "replace") for arg in line.args[2:])
                yield from (self.parameters[word] for word in words if word in self.parameters)

    def _before(self, finding: Finding) -> Iterator[Finding]:
        """A finding whose whole program stands in front of the line that differs."""
        front = finding.program[: finding.step]
        for each in self.programs:
            lines = _lines_that_differ(each)
            same_place = (each.topology, each.caused_by) == (finding.topology, None)
            if lines and same_place and each.id != finding.id and _stands_in(lines, front):
                yield each


def _is_unknown(finding: Finding) -> bool:
    """Whether it says of a command, and not of one way to call it, that one side does not know it."""
    return finding.rule == _UNKNOWN and finding.signature.split(" | ")[1:2] == [finding.subject]


def _refused_alike(cause: Finding, finding: Finding) -> bool:
    """Whether the side that refuses the cause's argument says the same here."""
    sides = ((cause.baseline, finding.baseline), (cause.candidate, finding.candidate))
    return any(is_error(then) and then == now for then, now in sides)


def _tokens(finding: Finding) -> frozenset[str]:
    """The tokens that stand behind the subject in a signature."""
    _, _, rest = finding.signature.partition(" | ")
    named, _, _ = rest.partition(" | ")
    own = named.startswith(f"{finding.subject} ")
    return frozenset(named.removeprefix(finding.subject).split()) if own else frozenset()


def _asked(lines: Iterable[str]) -> Iterator[Command]:
    """The commands of these lines, and what a script that only hands on is given."""
    for line in lines:
        if is_raw(line):
            continue
        try:
            asked = parse(line)
        except CommandSyntaxError:  # of a record that somebody wrote by hand
            continue
        yield asked
        if (
            asked.name == "EVAL"
            and asked.args[2:3] == (b"0",)
            and b"unpack(ARGV)" in asked.args[1]
            and asked.args[3:]
        ):
            yield Command(asked.args[3:])


def _lines_that_differ(finding: Finding) -> tuple[str, ...]:
    """A finding's program without the line that only reads what the one before it left behind."""
    if finding.rule not in _READS:
        return finding.program
    writers = finding.program[:-1]
    wrote = any(each.full_name == finding.subject for each in _asked(writers[-1:]))
    return writers if wrote else finding.program


def _stands_in(lines: Sequence[str], front: Sequence[str]) -> bool:
    """Whether all these lines stand there, in this order."""
    rest = iter(front)
    return all(line in rest for line in lines)


def gathered(findings: Iterable[Finding], finals: dict[str, str]) -> Iterator[Finding]:
    """Follow-ups named after the cause as it is called now, one for each; `finals`: id as written: final signature."""
    met: dict[str, Finding] = {}
    for finding in findings:
        if finding.rule != FOLLOW_UP or finding.caused_by not in finals:
            yield finding
            continue
        signature = finals[finding.caused_by]
        renamed = msgspec.structs.replace(
            finding, signature=follow_up_of(signature), caused_by=id_of(signature)
        )
        least = min(
            filter(None, (met.get(signature), renamed)), key=lambda each: (len(each.program), each.program)
        )
        count = renamed.count + (met[signature].count if signature in met else 0)
        met[signature] = msgspec.structs.replace(least, count=count)
    yield from met.values()

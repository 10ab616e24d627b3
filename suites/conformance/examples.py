"""More programs that show a known difference, for its finding: taken from what is met on the way, nearly for free.

A line that differs in the middle of hundreds is no example: it is one only if a few lines show it again by themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.examples import MOST
from reports.finding import Example
from suites.conformance.report import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generators.command import Command, Program
    from suites.conformance.difference import Difference

_TRIES = 6  # for each difference: what needs a long way to its state shows in none of them
_MOST_LINES = 5
_LONGEST_KEY = 64


@dataclass(slots=True)
class Examples:
    """By final signature: up to three programs, each of which ends in another line."""

    kept: dict[str, list[Example]] = field(default_factory=dict)
    _asked: dict[str, set[Command]] = field(default_factory=dict)
    _tries: Counter[str] = field(default_factory=Counter)

    def wants(self, signature: str, asked: Command) -> bool:
        """Whether a program that ends in this line would be one more."""
        return (
            len(self.kept.get(signature, ())) < MOST
            and self._tries[signature] < _TRIES
            and asked not in self._asked.get(signature, ())
        )

    def shown(self, signature: str, program: Program) -> None:
        """The program stands in the finding already."""
        self._asked.setdefault(signature, set()).update(program[-1:])

    def keep(self, signature: str, program: Program, protocol: int, found: Difference) -> None:
        """One more; nothing is needed behind it."""
        self.shown(signature, program)
        baseline, candidate = map(wire, found.replies)
        self.kept.setdefault(signature, []).append(
            Example(
                program=tuple(map(str, program)),
                step=min(found.step.line, len(program) - 1),
                protocol=protocol,
                baseline=baseline,
                candidate=candidate,
            )
        )

    def look(
        self,
        signature: str,
        program: Program,
        protocol: int,
        same: Callable[[Program], Difference | None],
    ) -> None:
        """Tries the last line of `program`, with little before it; `same` says whether that shows it, too."""
        if not self.wants(signature, program[-1]):
            return
        self._tries[signature] += 1
        for candidate in _few_lines(program):
            found = same(candidate)
            if found is not None:
                self.keep(signature, candidate, protocol, found)
                return

    def of(self, signature: str) -> tuple[Example, ...]:
        """Those of one finding."""
        return tuple(self.kept.get(signature, ()))


def _few_lines(program: Program) -> Iterator[Program]:
    """The last line alone; the last one before it that names what it names; a few of those."""
    last = program[-1]
    words = {arg for arg in last.args[1:] if 0 < len(arg) <= _LONGEST_KEY}
    about = [each for each in program[:-1] if not words.isdisjoint(each.args[1:2])]
    yield (last,)
    for lines in dict.fromkeys((1, _MOST_LINES - 1)):
        if len(about) >= lines:
            yield (*about[-lines:], last)

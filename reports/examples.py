"""Which of the programs that showed a finding stand beside its shortest one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.finding import Example

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding

MOST = 3


def examples_of(best: Finding, sights: Iterable[Finding]) -> tuple[Example, ...]:
    """Up to three other programs, those first whose replies are others, then the shortest."""
    seen = {each.program: each for sight in sights for each in _shown_by(sight)}
    seen.pop(best.program, None)

    def rank(example: Example) -> tuple[bool, int, int, tuple[str, ...]]:
        replies = (example.baseline, example.candidate) == (best.baseline, best.candidate)
        return replies, len(example.program), sum(map(len, example.program)), example.program

    return tuple(sorted(seen.values(), key=rank)[:MOST])


def _shown_by(sight: Finding) -> Iterable[Example]:
    yield from sight.examples
    if sight.certain and sight.program:
        yield Example(
            program=sight.program,
            step=sight.step,
            protocol=sight.protocol,
            baseline=sight.baseline,
            candidate=sight.candidate,
        )

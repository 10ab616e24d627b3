"""Two replies next to each other: same lines on the same height, differing ones marked, equal runs folded."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from reports.replies import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.finding import WireReply

CONTEXT = 2  # equal lines kept on both ends of a fold
FOLD_FROM = 8  # equal lines from which on a run is folded
LINE_LIMIT = 400  # characters
DIFFERING_LIMIT = 60  # lines of one run of differences


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one reply: "same", "differs", "gap" (only the other side has one here) or "fold"."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Both replies as equally many lines."""

    baseline: tuple[Line, ...]
    candidate: tuple[Line, ...]


def side_by_side(baseline: WireReply, candidate: WireReply) -> SideBySide:
    """Align two replies by their lines."""
    rows = list(_rows(lines(baseline), lines(candidate)))
    return SideBySide(tuple(left for left, _ in rows), tuple(right for _, right in rows))


def _rows(left: list[str], right: list[str]) -> Iterator[tuple[Line, Line]]:
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _equal(left[a:b])
        else:
            yield from _differing(left[a:b], right[c:d])


def _equal(same: list[str]) -> Iterator[tuple[Line, Line]]:
    folded = len(same) >= FOLD_FROM
    head, tail = (same[:CONTEXT], same[-CONTEXT:]) if folded else (same, [])
    for text in head:
        yield _twice(Line("same", _cut(text)))
    if folded:
        yield _twice(Line("fold", f"… {len(same) - 2 * CONTEXT} equal lines"))
    for text in tail:
        yield _twice(Line("same", _cut(text)))


def _differing(left: list[str], right: list[str]) -> Iterator[tuple[Line, Line]]:
    size = max(len(left), len(right))
    for at in range(min(size, DIFFERING_LIMIT)):
        yield _line(left, at), _line(right, at)
    if size > DIFFERING_LIMIT:
        yield _twice(Line("fold", f"… {size - DIFFERING_LIMIT} more lines that differ"))


def _line(side: list[str], at: int) -> Line:
    return Line("differs", _cut(side[at])) if at < len(side) else Line("gap")


def _cut(text: str) -> str:
    return text if len(text) <= LINE_LIMIT else f"{text[:LINE_LIMIT]}… ({len(text)} characters)"


def _twice(line: Line) -> tuple[Line, Line]:
    return line, line

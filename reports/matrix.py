"""The matrix of moves: each way of carrying data from a writer to a reader, and what came of it.

A cell is written whatever its outcome: that a way is open has to be shown as well as that it is closed. This file holds
the cells of a record and what they say in a sentence; it touches no server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WHOLE, REFUSED, PARTIAL, LOSS, CRASH, HANG = (
    "whole", "refused", "partial-reported", "silent-loss", "crash", "hang",
)  # fmt: skip
OUTCOMES = (WHOLE, PARTIAL, REFUSED, HANG, CRASH, LOSS)  # from the best to the worst
COMMON = "what both know"
THERE, BACK, ITSELF = "there", "back", "itself"  # baseline's data to the candidate, and back; an engine's own


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `matrix-*.jsonl`: one way, one writer, one reader."""

    way: str  # RDB, AOF, DUMP, MIGRATE, FUNCTION DUMP
    variant: str  # SAVE, rewritten as commands …
    writer: str  # engine and version
    reader: str
    direction: str  # THERE, BACK, ITSELF
    holds: str = COMMON  # or the name of what only the writer knows
    damage: str = ""  # what was done to the files in between
    outcome: str
    said: str = ""  # the server's own words
    compared: int = 0  # keys of the writer
    deviations: dict[str, int] = msgspec.field(
        default_factory=dict
    )  # missing, extra, less, different, time: keys
    samples: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """`RDB, SAVE`; with what was done to it, and what it held."""
        held = () if self.holds == COMMON else (self.holds,)
        return ", ".join([self.way, *filter(None, (self.variant, self.damage)), *held])


class Road(msgspec.Struct, frozen=True, kw_only=True):
    """One way in one direction, over all of its variants: what somebody who moves data wants to know."""

    way: str
    writer: str
    reader: str
    direction: str
    holds: str
    outcome: str  # the worst
    sentence: str
    cells: tuple[Cell, ...]


def roads(cells: Iterable[Cell]) -> list[Road]:
    """From undamaged cells between two engines: there first, then back; what both know first."""
    grouped: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        if not cell.damage and cell.direction != ITSELF:
            key = cell.direction, cell.holds, cell.way, cell.writer, cell.reader
            grouped.setdefault(key, []).append(cell)
    order = sorted(grouped, key=lambda key: (key[0] != THERE, key[1] != COMMON, _place(key[2]), key))
    return [_road(grouped[key]) for key in order]


def damaged(cells: Iterable[Cell]) -> list[tuple[str, str, dict[str, Cell]]]:
    """Way, damage, and the cell of each reader: what engines make of files that something happened to."""
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        if cell.damage:
            rows.setdefault((cell.way, cell.damage), {})[cell.reader] = cell
    return [(way, damage, found) for (way, damage), found in rows.items()]


def worst(outcomes: Iterable[str]) -> str:
    """The worst of them."""
    return max(outcomes, key=OUTCOMES.index)


_WAYS = ("RDB", "AOF", "DUMP", "MIGRATE", "FUNCTION DUMP")


def _place(way: str) -> int:
    return _WAYS.index(way) if way in _WAYS else len(_WAYS)


def _road(cells: list[Cell]) -> Road:
    first = cells[0]
    outcome = worst(cell.outcome for cell in cells)
    return Road(
        way=first.way, writer=first.writer, reader=first.reader, direction=first.direction, holds=first.holds,
        outcome=outcome, sentence="; ".join(_clauses(cells)), cells=tuple(cells),
    )  # fmt: skip


def _clauses(cells: list[Cell]) -> Iterator[str]:
    """`whole`, if all are; else each outcome with its variants and the server's words."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.outcome, _told(cell)), []).append(cell)
    for (outcome, told), same in groups.items():
        variants = f" ({', '.join(dict.fromkeys(cell.variant for cell in same))})" if len(groups) > 1 else ""
        yield f"{outcome}{variants}{': ' if told else ''}{told}"


def _told(cell: Cell) -> str:
    if cell.outcome == LOSS or (cell.deviations and not cell.said):
        lost = ", ".join(f"{counted(count, 'key')} {name}" for name, count in cell.deviations.items())
        return f"{lost} of {counted(cell.compared, 'key')}"
    return cell.said

"""Programs, drawn by Hypothesis: one block of bytes an example, each two bytes a row of the table.

One draw per block instead of thousands of small ones is what makes generation fast; a block is cut into programs.
See docs/decisions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from generators.table import SIZE, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from generators.command import Program

_PICKS = 1 << 16  # what two bytes can say
_BLOCK_LINES = 2000  # an example costs Hypothesis as much as a hundred lines; it takes 8,192 bytes at most


@dataclass(frozen=True, slots=True)
class Drawn:
    """One program as it was drawn: the numbers of its rows, and its requests, encoded."""

    table: Table
    picks: tuple[int, ...]
    size: int
    wire: bytes

    @property
    def rows(self) -> tuple[Row, ...]:
        rows = self.table.rows
        return tuple([rows[pick % SIZE] for pick in self.picks])

    @property
    def program(self) -> Program:
        return tuple([each for row in self.rows for each in row.commands])

    def without(self, forms: Collection[str]) -> Drawn:
        """The same without the rows of these forms, named by their text."""
        if not forms:
            return self
        rows = self.table.rows
        picks = tuple(pick for pick in self.picks if rows[pick % SIZE].form.text not in forms)
        kept = [rows[pick % SIZE] for pick in picks]
        size = sum(len(row.commands) for row in kept)
        return Drawn(self.table, picks, size, b"".join(row.wire for row in kept))


class Batch(NamedTuple):
    """A batch of programs over one table: `programs` of about `lines` lines each, from one seed."""

    table: Table
    seed: int
    programs: int
    lines: int


def draw_programs(batch: Batch, run: Callable[[Drawn], None]) -> list[tuple[Row, int]]:
    """Calls `run` with each program of the batch; says how often each row was drawn.

    The same batch draws the same programs. `run` must not raise for what it finds: Hypothesis is the
    generator here, and what an example shows is examined, shrunk and excluded elsewhere.
    """
    rows = batch.table.rows
    every = rows * (_PICKS // SIZE)
    size_of = [len(row.commands) for row in every].__getitem__
    wire_of = [row.wire for row in every].__getitem__
    cuts = min(batch.programs, max(1, _BLOCK_LINES // batch.lines))
    bytes_each = 2 * batch.lines
    width = cuts * bytes_each
    # Hypothesis begins with zeros: behind a pad that is a program like any other.
    pad = int.from_bytes(Random(batch.seed).randbytes(width))
    times: Counter[int] = Counter()
    left = batch.programs

    @seed(batch.seed)
    @settings(
        max_examples=-(-batch.programs // cuts),
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(min_size=width, max_size=width))
    def one(block: bytes) -> None:
        nonlocal left
        padded = (int.from_bytes(block) ^ pad).to_bytes(width)
        for at in range(0, width, bytes_each):
            if left:
                left -= 1
                picks = tuple(memoryview(padded[at : at + bytes_each]).cast("H"))
                times.update(picks)
                run(Drawn(batch.table, picks, sum(map(size_of, picks)), b"".join(map(wire_of, picks))))

    one()
    drawn: Counter[int] = Counter()
    for pick, count in times.items():
        drawn[pick % SIZE] += count
    return [(rows[at], count) for at, count in drawn.items()]

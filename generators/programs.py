"""Programs, drawn by Hypothesis: one block of bytes an example, each two bytes a row of the table.

One draw per program instead of thousands of small ones is what makes generation fast; see docs/decisions.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from generators.table import SIZE, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from generators.command import Program

_MASK = SIZE - 1


class Drawn(NamedTuple):
    """One program as it was drawn: its rows, and its requests, encoded."""

    rows: tuple[Row, ...]
    size: int
    wire: bytes

    @property
    def program(self) -> Program:
        return tuple(each for row in self.rows for each in row.commands)

    def without(self, forms: Collection[str]) -> Drawn:
        """The same without the rows of these forms, named by their text."""
        if not forms:
            return self
        kept = tuple(row for row in self.rows if row.form.text not in forms)
        return Drawn(kept, sum(len(row.commands) for row in kept), b"".join(row.wire for row in kept))


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
    sizes = [len(row.commands) for row in rows]
    wires = [row.wire for row in rows]
    width = 2 * batch.lines
    drawn = bytearray()

    @seed(batch.seed)
    @settings(
        max_examples=batch.programs,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(min_size=width, max_size=width))
    def one(block: bytes) -> None:
        drawn.extend(block)
        picks = [pick & _MASK for pick in memoryview(block).cast("H")]
        size = sum([sizes[pick] for pick in picks])
        wire = b"".join([wires[pick] for pick in picks])
        run(Drawn(tuple([rows[pick] for pick in picks]), size, wire))

    one()
    times: Counter[int] = Counter()
    for pick, count in Counter(memoryview(bytes(drawn)).cast("H")).items():
        times[pick & _MASK] += count
    return [(rows[at], count) for at, count in times.items()]

"""Carries data from one engine to the other through files, and writes down what came of it, cell by cell.

A worker has one carrier: of each engine a node that writes and a node that reads. Files lie on a shelf between them.
"""

from __future__ import annotations

import itertools
import shutil
import time
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from generators.dataset import Piece, bulk_pieces, odd_pieces, past_pieces, split
from generators.saving import AOF_WRITER
from reports.matrix import BACK, COMMON, ITSELF, THERE, Cell
from reports.record import RecordWriter
from reports.run import Work
from suites.persistence.outcome import Reading, not_saved, reading_of
from topologies import vault
from topologies.comparison import compare
from topologies.engine import HarnessError
from topologies.filling import fill
from topologies.lockstep import freeze_expiry
from topologies.node import NodeSpec, Stored
from topologies.snapshot import FUNCTIONS_DB, Snapshot, commands_of, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from generators.saving import Directives, Way
    from reports.finding import Finding
    from suites.session import Session
    from topologies.comparison import Comparison
    from topologies.snapshot import Key

AREA = "persistence"
# Types so young that an engine may fail at them even by itself: alone, so that they spoil nothing else.
APART = frozenset({"vectorset"})
ALWAYS: Directives = (("hz", "100"),)  # ends of background work are seen at once


@dataclass(slots=True, kw_only=True)
class Side:
    """One engine of the pair."""

    role: str  # "baseline", "candidate"
    writer: Stored
    reader: Stored
    known: frozenset[str]

    @property
    def engine(self) -> str:
        return str(self.writer.spec.build.engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a writer left, and what it held."""

    folder: Path
    writer: Side
    way: Way
    held: Snapshot
    holds: str = COMMON
    damage: str = ""
    failure: Reading | None = None  # why there are none
    at_least: bool = False  # there may be more

    @property
    def subject(self) -> str:
        return self.way.family if self.holds == COMMON else f"{self.way.family} of {self.holds}"


@dataclass(slots=True)
class Carrier:
    """Both engines, the data set, and the pen."""

    session: Session
    sides: tuple[Side, Side]
    shelf: Path
    pen: RecordWriter
    pieces: tuple[Piece, ...]
    now_ms: int
    found: list[Finding] = field(default_factory=list)
    meddle: Callable[[Stored], None] | None = None  # what tests do to a writer before it saves,
    spoil: Callable[[Files], None] | None = None  # and to what it wrote
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _names: dict[Key, str] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session) -> Carrier:
        """Nodes of their own, which restart and die as they must."""
        now_ms = int(time.time() * 1000)
        sides = []
        for role, build in zip(("baseline", "candidate"), session.builds, strict=True):
            nodes = []
            for name in ("writer", "reader"):
                node = session.home.start(NodeSpec(name=f"{role}-{name}", build=build, config=ALWAYS))
                assert isinstance(node, Stored), "asked for where no files can be reached"
                nodes.append(node)
            sides.append(Side(role=role, writer=nodes[0], reader=nodes[1], known=commands_of(nodes[0])))
        shelf = sides[0].writer.directory / "shelf"  # goes with the node
        shelf.mkdir()
        pen = RecordWriter.open(session.options.record, worker=f"{session.worker or 'main'}-{AREA}")
        pieces = odd_pieces(now_ms, Random(session.options.seed))
        return cls(session, (sides[0], sides[1]), shelf, pen, pieces, now_ms)

    def close(self) -> None:
        for side in self.sides:
            side.writer.stop()
            side.reader.stop()
        self.pen.close()

    def other(self, side: Side) -> Side:
        return self.sides[side is self.sides[0]]

    def common(self, writer: Side, many: int = 0) -> tuple[Piece, ...]:
        """What both engines can hold, and so many small keys."""
        both, _ = split(self.pieces, writer.known, self.other(writer).known)
        plain = (piece for piece in both if piece.kind not in APART)
        return self._named((*plain, *bulk_pieces(many, self.now_ms, Random(self.session.options.seed))))

    def own(self, writer: Side) -> tuple[Piece, ...]:
        """What only the writer can hold, and what is kept apart."""
        both, own = split(self.pieces, writer.known, self.other(writer).known)
        return self._named((*own, *(piece for piece in both if piece.kind in APART)))

    def names_of(self, keys: Iterable[Key]) -> list[str]:
        """The pieces that these keys belong to."""
        return sorted(
            {self._names.get(key, "function.library" if key[0] == FUNCTIONS_DB else "?") for key in keys}
        )

    def _named(self, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        self._names |= {(piece.db, key): piece.name for piece in pieces for key in piece.keys}
        return pieces

    def written(self, side: Side, pieces: Iterable[Piece], directives: Directives = ()) -> Snapshot:
        """What the writer holds after it was started empty and given the pieces."""
        self.empty(side.writer, directives)
        fill(side.writer, pieces)
        held = snapshot(side.writer, known=side.known)
        fill(side.writer, past_pieces())  # nobody has asked for them since: they are there when it saves
        return held

    def empty(self, node: Stored, directives: Directives = ()) -> None:
        """Starts a node on nothing."""
        node.kill()
        vault.put(node, self.shelf / "nothing")
        node.reopen((*ALWAYS, *directives))
        freeze_expiry(node)

    def saved(self, side: Side, way: Way, held: Snapshot, holds: str = COMMON) -> Files:
        """What the writer leaves on this way; it goes on running, if the way allows."""
        if self.meddle is not None:
            self.meddle(side.writer)
        vault.configure(side.writer, *way.writer)
        files = Files(folder=self.place(), writer=side, way=way, held=held, holds=holds)
        try:
            vault.save(side.writer, way.saving)
        except vault.NotSaved as error:
            return replace(files, failure=not_saved(error.log))
        vault.take(side.writer, files.folder)
        if way.single:
            vault.join(files.folder)
        if self.spoil is not None:
            self.spoil(files)
        return files

    def left(self, side: Side, way: Way, held: Snapshot) -> Files:
        """What a writer that does not run any more has left."""
        files = Files(folder=self.place(), writer=side, way=way, held=held)
        vault.take(side.writer, files.folder)
        if self.spoil is not None:
            self.spoil(files)
        return files

    def place(self) -> Path:
        """A folder on the shelf, that is still to be made."""
        return self.shelf / str(next(self._numbers))

    def aof_files(self, side: Side, ways: Iterable[Way], pieces: tuple[Piece, ...]) -> list[Files]:
        """The same for a writer that appends: one server goes all ways."""
        held = self.written(side, pieces, AOF_WRITER)
        return [self.saved(side, way, held) for way in ways]

    def read(self, files: Files, reader: Side) -> Reading | None:
        """What the reader makes of the files, written down as a cell; None where it does not know the way.

        Whoever wrote them reads them in any case, without parameters that it does not know.
        """
        start = time.monotonic()
        if files.failure is not None:
            self.note(files, reader, files.failure, 0.0)
            return files.failure
        directives = self._known(reader, files.way.reader)
        if len(directives) < len(files.way.reader) and reader is not files.writer:
            return None
        opening = vault.open_on(reader.reader, files.folder, (*ALWAYS, *directives))
        comparison = self._compared(files, reader) if opening.started else None
        reading = reading_of(opening, comparison)
        self.note(files, reader, reading, time.monotonic() - start)
        return reading

    def _compared(self, files: Files, reader: Side) -> Comparison:
        after = snapshot(reader.reader, known=reader.known)
        if files.at_least:
            after = replace(
                after, items={key: after.items[key] for key in files.held.items if key in after.items}
            )
        return compare(files.held, after)

    def _known(self, reader: Side, directives: Directives) -> Directives:
        """Those that the reader has; most every engine has, and they are not asked for."""
        asked = any(name in _RARE for name, _ in directives)
        if asked and not reader.reader.alive():
            self.empty(reader.reader)
        return tuple(
            each for each in directives if each[0] not in _RARE or vault.knows(reader.reader, each[0])
        )

    def note(self, files: Files, reader: Side, reading: Reading, seconds: float) -> None:
        """Writes the cell, and that so many keys were compared."""
        cell = Cell(
            way=files.way.family,
            variant=files.way.name,
            writer=files.writer.engine,
            reader=reader.engine,
            direction=self.direction(files.writer, reader),
            holds=files.holds,
            damage=files.damage,
            outcome=reading.outcome,
            said=reading.said,
            compared=reading.compared,
            deviations=reading.deviations,
            samples=reading.samples[:_SAMPLES],
            seconds=round(seconds, 4),
        )
        self.pen.cell(cell)
        self.pen.progress(Work(area=AREA, compared=reading.compared, programs=1, seconds=seconds))

    def direction(self, writer: Side, reader: Side) -> str:
        """There, back, or to itself."""
        if writer is reader:
            return ITSELF
        return THERE if writer is self.sides[0] else BACK

    def drop(self, files: Files) -> None:
        """Takes files off the shelf."""
        shutil.rmtree(files.folder, ignore_errors=True)


_RARE = ("rdb-version-check",)
_SAMPLES = 10


def why_not(session: Session) -> str | None:
    """Why no files can be carried here."""
    if session.home.kind == "docker":
        return "files of servers in containers are not reached yet: try --provider cell or process"
    return None


def sure(reading: Reading | None) -> Reading:
    """A reading that there must be."""
    if reading is None:
        raise HarnessError("a way that every engine knows was not read")
    return reading

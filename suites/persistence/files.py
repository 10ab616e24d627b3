"""Files as they are: each way, both writers, both readers; what the other engine makes less of is a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.saving import AOF_WAYS, AOF_WRITER, RDB_WAYS, Way
from reports.matrix import COMMON, ITSELF, WHOLE
from suites.persistence.carrier import Carrier, Files, Side, sure
from suites.persistence.report import Move, finding_of_move, rule_of, what_of, worse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from suites.persistence.outcome import Reading


def carried(carrier: Carrier, family: str, many: int = 0, ways: tuple[Way, ...] = ()) -> list[Finding]:
    """All ways of a family with what both engines know, and with each thing that only the writer knows."""
    judge = Judge(carrier)
    for side in carrier.sides:
        for files in _written(carrier, side, family, many, ways):
            judge.read(files)
        if not many:
            for files in _own(carrier, side, family):
                judge.read(files)
    return judge.findings()


def _written(
    carrier: Carrier, side: Side, family: str, many: int, ways: tuple[Way, ...] = ()
) -> Iterable[Files]:
    pieces = carrier.common(side, many)
    if family == "AOF":
        yield from carrier.aof_files(side, ways or AOF_WAYS, pieces)
        return
    held = carrier.written(side, pieces)
    for way in ways or RDB_WAYS:
        yield carrier.saved(side, way, held)


def _own(carrier: Carrier, side: Side, family: str) -> Iterable[Files]:
    """Each thing alone: which of them closes the way is then known."""
    way = RDB_WAYS[0] if family == "RDB" else AOF_WAYS[2]
    pieces = carrier.own(side)
    for name in dict.fromkeys(piece.name for piece in pieces):
        same = [piece for piece in pieces if piece.name == name]
        held = carrier.written(side, same, () if family == "RDB" else AOF_WRITER)
        yield carrier.saved(side, way, held, holds=name)


class Judge:
    """Collects what was read, and says what of it is a finding: one for each cause."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._own: dict[tuple[str, str], dict[str, tuple[Files, Reading]]] = {}  # way and contents, by role
        self._moves: dict[tuple[str, ...], list[tuple[Files, Reading, Reading]]] = {}
        self._closed: set[tuple[str, ...]] = set()

    def read(self, files: Files) -> None:
        """Has both engines read the files."""
        carrier = self._carrier
        own = sure(carrier.read(files, files.writer))
        other = None if files.failure else carrier.read(files, carrier.other(files.writer))
        self.judged(files, own, other)
        carrier.drop(files)

    def judged(self, files: Files, own: Reading, other: Reading | None) -> None:
        """Takes what both engines made of it."""
        self._own.setdefault((files.way.name, files.holds), {})[files.writer.role] = files, own
        if other is not None:
            self.moved(files, own, other)

    def moved(self, files: Files, own: Reading, other: Reading) -> None:
        """Remembers what the other engine made less of."""
        if not worse(own, other):
            return
        direction = self._carrier.direction(files.writer, self._carrier.other(files.writer))
        what = what_of(own, other, self._carrier.names_of)
        closed = files.way.family, direction, rule_of(own, other), what
        if files.holds == COMMON:
            self._closed.add(closed)
        elif closed in self._closed:  # it is not what is held that closes the way
            return
        self._moves.setdefault((files.subject, *closed), []).append((files, own, other))

    def findings(self) -> list[Finding]:
        """One for each cause, with all the ways on which it showed."""
        return [*self._of_moves(), *self._of_own()]

    def _of_moves(self) -> Iterable[Finding]:
        carrier = self._carrier
        for (subject, _, direction, _, what), seen in self._moves.items():
            files, own, other = seen[0]
            move = Move(
                subject=subject,
                direction=direction,
                writer=files.writer.engine,
                reader=carrier.other(files.writer).engine,
                own=own,
                other=other,
                ways=[each.way.name for each, _, _ in seen],
                pieces=what,
            )
            yield finding_of_move(carrier.session, move)

    def _of_own(self) -> Iterable[Finding]:
        """Where the candidate does not even read its own files as well as the baseline reads its own."""
        carrier = self._carrier
        seen: dict[tuple[str, ...], Move] = {}
        for by_role in self._own.values():
            if len(by_role) < len(carrier.sides):
                continue
            (_, before), (files, after) = by_role["baseline"], by_role["candidate"]
            if worse(before, after):
                what = what_of(before, after, carrier.names_of)
                key = files.subject, rule_of(before, after), what
                ways = [*(seen[key].ways if key in seen else ()), files.way.name]
                engine = files.writer.engine
                seen[key] = Move(
                    subject=files.subject,
                    direction=ITSELF,
                    writer=engine,
                    reader=engine,
                    own=before,
                    other=after,
                    ways=ways,
                    pieces=what,
                )
        for move in seen.values():
            yield finding_of_move(carrier.session, move)


def is_open(carrier: Carrier, files: Files) -> bool:
    """Whether both engines read these files whole: only then can what they make of damaged ones be compared."""
    readings = [carrier.read(files, side) for side in carrier.sides]
    return all(reading is not None and reading.outcome == WHOLE for reading in readings)

"""Keys handed from one running server to the other: DUMP and RESTORE, MIGRATE, FUNCTION DUMP and RESTORE."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from generators.command import command
from generators.saving import Saving, Way
from reports.matrix import COMMON, LOSS, PARTIAL, REFUSED, WHOLE
from suites.persistence.carrier import Carrier, Files, Side
from suites.persistence.files import Judge
from suites.persistence.outcome import Reading
from topologies.comparison import compare
from topologies.handing import Handed, dump_and_restore, hand_functions, migrate
from topologies.lockstep import ask_node
from topologies.snapshot import FUNCTIONS_DB, Snapshot, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generators.dataset import Piece
    from reports.finding import Finding
    from topologies.comparison import Comparison
    from topologies.node import Node

    Hand = Callable[[Node, Node, Snapshot], Handed]

# MIGRATE hands over what is left of a key's time, so that it ends later by the time that the way takes.
SLACK_MS = 5_000
USER, PASSWORD = "mover", "moves"


def handed(carrier: Carrier) -> list[Finding]:
    """Each way, from each engine, to itself and to the other."""
    judge = Judge(carrier)
    for side in carrier.sides:
        carrier.empty(side.reader)
    for side in carrier.sides:
        for holds, pieces in _contents(carrier, side):
            held = carrier.written(side, pieces)
            if carrier.meddle is not None:
                carrier.meddle(side.writer)
            for way, hand in _ways(side, carrier.other(side), holds):
                files = Files(folder=carrier.shelf, writer=side, way=way, held=_of(way, held), holds=holds)
                judge.judged(
                    files, *(_handed(carrier, files, hand, to) for to in (side, carrier.other(side)))
                )
    return judge.findings()


def _contents(carrier: Carrier, side: Side) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    yield COMMON, carrier.common(side)
    own = carrier.own(side)
    for name in dict.fromkeys(piece.name for piece in own):
        yield name, tuple(piece for piece in own if piece.name == name)


def _ways(side: Side, other: Side, holds: str) -> Iterator[tuple[Way, Hand]]:
    if holds != "function.library":
        yield _way("DUMP", "each key"), dump_and_restore
    if holds == COMMON:
        yield _way("MIGRATE", "COPY"), partial(_migrate, options=("COPY",))
        yield _way("MIGRATE", "COPY onto what is there"), _onto
        yield _way("MIGRATE", "COPY as a user"), partial(_migrate, options=("COPY", "AUTH2", USER, PASSWORD))
        if "FUNCTION" in side.known & other.known:
            yield _way("FUNCTION DUMP", "all"), hand_functions


def _way(family: str, name: str) -> Way:
    return Way(family=family, name=name, saving=Saving.NOTHING)


def _of(way: Way, held: Snapshot) -> Snapshot:
    """What goes on this way: functions have one of their own."""
    functions = way.family == "FUNCTION DUMP"
    items = {key: item for key, item in held.items.items() if (key[0] == FUNCTIONS_DB) == functions}
    return replace(held, items=items)


def _migrate(source: Node, target: Node, held: Snapshot, options: tuple[str, ...]) -> Handed:
    ask_node(target, command("ACL", "SETUSER", USER, "on", f">{PASSWORD}", "~*", "+@all"))
    return migrate(source, target, held, *options)


def _onto(source: Node, target: Node, held: Snapshot) -> Handed:
    """The keys are there already, with other values."""
    db, key = min(held.items)
    ask_node(target, command("SET", key if db == 0 else b"other", "in the way"))
    return migrate(source, target, held, "COPY", "REPLACE")


def _handed(carrier: Carrier, files: Files, hand: Hand, to: Side) -> Reading:
    start = time.monotonic()
    ask_node(to.reader, command("FLUSHALL"))
    if "FUNCTION" in to.known:
        ask_node(to.reader, command("FUNCTION", "FLUSH"))
    done = hand(files.writer.writer, to.reader, files.held)
    slack_ms = SLACK_MS if files.way.family == "MIGRATE" else None
    comparison = compare(files.held, snapshot(to.reader, known=to.known), slack_ms=slack_ms)
    reading = reading_of(done, comparison)
    carrier.note(files, to, reading, time.monotonic() - start)
    return reading


def reading_of(done: Handed, comparison: Comparison) -> Reading:
    """What came of it: what is not there, and was not refused, is lost."""
    said = next(iter(done.refused.values()), "")
    if done.refused:
        outcome = REFUSED if len(done.refused) == comparison.compared else PARTIAL
    else:
        outcome = WHOLE if comparison.whole else LOSS
    return Reading(outcome=outcome, said=said, comparison=None if outcome == REFUSED else comparison)

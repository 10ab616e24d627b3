"""A program's lines beside what came back, with the commands inside EXEC taken apart.

A reply inside EXEC's array belongs to the command that was queued, so that a difference is named after that command
and is the same difference inside a transaction and outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from generators.command import Command, Program
    from topologies.lockstep import Exchange


class Step(NamedTuple):
    """One command and both replies. `line` is the index into the program of the line that the replies came with."""

    line: int
    asked: Command
    baseline: Reply
    candidate: Reply


def steps(program: Program, exchange: Exchange) -> Iterator[Step]:
    """Every command that both sides answered, in order; after an incident up to and with the line it struck."""
    return _steps(program, exchange, every=True)


def differing_steps(program: Program, exchange: Exchange) -> Iterator[Step]:
    """Those of them whose replies may differ: where both sides sent the same bytes they are one object."""
    return _steps(program, exchange, every=False)


def _steps(program: Program, exchange: Exchange, *, every: bool) -> Iterator[Step]:
    queued: list[Command] | None = None
    pairs = zip(program, exchange.baseline.replies, exchange.candidate.replies, strict=False)
    for line, (asked, baseline, candidate) in enumerate(pairs):
        if queued is None and baseline is candidate and not every and asked.args[0].upper() != b"MULTI":
            continue
        inside = _inside(asked, queued, baseline, candidate)
        if inside is None:
            yield Step(line, asked, baseline, candidate)
        else:
            yield from (Step(line, *each) for each in inside)
        queued = _queue_after(asked, queued, baseline, candidate)


def _inside(
    asked: Command, queued: list[Command] | None, baseline: Reply, candidate: Reply
) -> list[tuple[Command, Reply, Reply]] | None:
    if asked.name != "EXEC" or queued is None:
        return None
    a, b = baseline.value, candidate.value
    arrays = baseline.kind is candidate.kind is Kind.ARRAY and isinstance(a, tuple) and isinstance(b, tuple)
    if (
        not arrays
        or not isinstance(a, tuple)
        or not isinstance(b, tuple)
        or not len(a) == len(b) == len(queued)
    ):
        return None
    return list(zip(queued, a, b, strict=True))


def _queue_after(asked: Command, queued: list[Command] | None, *replies: Reply) -> list[Command] | None:
    if asked.name in ("EXEC", "DISCARD") or any(reply.value == b"RESET" for reply in replies):
        return None
    if asked.name == "MULTI" and queued is None:
        return [] if any(reply.value == b"OK" for reply in replies) else None
    if queued is not None and any(reply.value == b"QUEUED" for reply in replies):
        queued.append(asked)
    return queued


def without(program: Program, lines: Collection[int]) -> Program:
    """The program without these lines. An EXEC takes its transaction with it: what follows is not queued then."""
    gone = set(lines)
    begin: int | None = None
    for at, each in enumerate(program):
        if each.name == "MULTI" and begin is None:
            begin = at
        elif each.name in ("EXEC", "DISCARD", "RESET"):
            if at in gone and begin is not None:
                gone.update(range(begin, at))
            begin = None
    return tuple(each for at, each in enumerate(program) if at not in gone)

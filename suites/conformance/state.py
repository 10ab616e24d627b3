"""Differences between what programs leave behind, where every reply was the same: who wrote it, and what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import command
from generators.shrink import PLAIN_KEYS
from reports.causes import FOLLOW_UP, follow_up_of
from suites.conformance.difference import (
    Difference,
    name_difference,
    say_the_same_numbers,
    subject_of,
    with_tokens,
)
from suites.conformance.discovery import Discovery, Known
from suites.conformance.hidden import witnesses
from suites.conformance.probe import elsewhere, readings
from suites.conformance.runs import Runs, first_prefix, replayed
from suites.conformance.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.command import Command, Program
    from topologies.lockstep import Exchange

_TIMES = ("TTL", "PTTL")
_LONGEST_KEY = 64
_MOST_KEYS = 8
_BY_CHANCE = ("RANDOMKEY",)  # removes a key past its time only where it happens to choose that one


def examine_state(
    runs: Runs, known: Known, keys: tuple[bytes, ...], program: Program, exchange: Exchange
) -> Program:
    """Looks at what a program left whose replies agree; what is left to look at is it without the writer.

    The writer is the line before which both engines hold the same data, and behind which they do not.
    """
    kind = runs.state_kind(program, exchange)
    if kind is None:
        return ()
    end = first_prefix(program, runs.leaves(kind))
    name = _name(program[:end], kind)
    new = not known.settled(name) and not known.hopeless(name)
    if new and investigate_state(runs, known, keys, program[:end], kind) is None:
        known.give_up(name)
    return (*program[: end - 1], *program[end:])


def encodings(runs: Runs, program: Program, exchange: Exchange) -> Iterator[Difference]:
    """Keys that are encoded differently, as differences of OBJECT ENCODING behind the program."""
    for step in runs.left(program, exchange):
        if step.asked.name == "OBJECT":
            yield name_difference(step)


def investigate_state(
    runs: Runs, known: Known, keys: tuple[bytes, ...], program: Program, kind: str
) -> str | None:
    """Shrinks and reports it. Returns its signature, or None where no command that reads shows it."""
    shows = runs.leaves(kind)
    replays = replayed(shows, program)
    if not replays.shown:
        return None
    end = first_prefix(program, shows)
    shortest = runs.shortest(program[:end], shows, replays)
    if _leaves_open(shortest):
        shortest = (*shortest, command("DISCARD"))  # what is sent behind every program; here it matters
    if shortest[-1].name in _BY_CHANCE:
        runs.rules.applied["random"] += 1
        return None
    readers = list(_readers(runs, shortest, kind, keys))
    if not readers:
        runs.rules.applied["digest"] += 1
        return None
    lines, read = readers[0]
    # one command alone tells another time than its kin: that command differs
    lone = kind == "ttl" and len({each.step.asked.name for _, each in readers}) == 1
    lone = lone or say_the_same_numbers(*read.replies)  # the same data, told in other digits
    discovery = Discovery(
        difference=read if lone else _of_writer(runs, shortest, lines, read, kind),
        program=(*shortest, *lines),
        protocol=runs.protocol,
        replays=replays,
        first_seen=program,
        writer=None if lone else shortest[-1],
    )
    known.report(discovery, as_found=_name(program[:end], kind))
    return discovery.difference.signature


def investigate_hidden(
    runs: Runs, known: Known, keys: tuple[bytes, ...], program: Program, difference: Difference
) -> str | None:
    """The same for state that only some commands read: the last line of `program` differs, and a witness with it."""
    before = program[:-1]
    for witness in witnesses(difference.step.asked, _touched(program, keys)):
        shows = runs.differs_behind(witness.asks)
        if shows(()) or not shows(before):
            continue  # the witness tells nothing, or the same
        replays = replayed(shows, before)
        shortest = runs.shortest(before[: first_prefix(before, shows)], shows, replays)
        read = next(
            filter(None, (_read(runs, shortest, each) for each in (*witness.plainer, witness.asks))), None
        )
        if read is None:
            return None
        named = _of_writer(runs, shortest, (read.step.asked,), read, witness.kind)
        discovery = Discovery(
            difference=named,
            program=(*shortest, read.step.asked),
            protocol=runs.protocol,
            replays=replays,
            first_seen=program,
            writer=shortest[-1],
        )
        known.report(discovery, as_found=named.signature)
        return named.signature
    return None


def follow_up(
    runs: Runs, keys: tuple[bytes, ...], program: Program, cause: Difference
) -> tuple[Program, Difference] | None:
    """Where the last line of `program` is answered differently: whether it leaves other data behind, too, and the
    lines that show it.
    """
    exchange = runs.exchange(program)
    if exchange is None or exchange.misaligned or _leaves_open(program):
        return None
    kind = runs.state_kind(program, exchange)
    if kind is None:
        return None
    for reading in _readings(kind, _touched(program, keys)):
        for lines in elsewhere(reading):
            whole = (*program, *lines)
            last = runs.differences(whole, runs.exchange(whole))[-1:]
            if last and last[0].step.line == len(whole) - 1:
                return lines, _of_cause(cause, last[0])
    return None


def _of_cause(cause: Difference, read: Difference) -> Difference:
    name = follow_up_of(cause.signature)
    return Difference(step=read.step, rule=FOLLOW_UP, subject=cause.subject, signature=name, loose=name)


def _read(runs: Runs, program: Program, reading: Command) -> Difference | None:
    """What the reading shows behind the program, if anything."""
    return runs.first_difference((*program, reading)) if runs.differs_behind(reading)(program) else None


def _name(program: Program, kind: str) -> str:
    """The difference as found, by the line that wrote: an EXEC by everything that was queued."""
    writer = program[-1]
    queued = sorted({each.name for each in _queued(program)})
    return f"agreement.state | {' '.join((with_tokens(writer), *queued))} | {kind}"


def _of_writer(runs: Runs, program: Program, lines: Program, read: Difference, kind: str) -> Difference:
    """The difference named after the line that wrote, with the replies to the line that reads."""
    queued = _queued(program)
    inside = bool(queued) and not _any_transaction(runs, queued[-1], kind)
    writer = queued[-1] if inside else program[-1]
    where = f"{kind} | in a transaction" if inside else kind
    asked, baseline, candidate = read.step.asked, read.step.baseline, read.step.candidate
    return Difference(
        step=Step(len(program) + len(lines) - 1, asked, baseline, candidate),
        rule="agreement.state",
        subject=subject_of(writer),
        signature=f"agreement.state | {with_tokens(writer)} | {where}",
        loose=f"agreement.state | {subject_of(writer)} | {where}",
        tokens=frozenset(with_tokens(writer).split()),
    )


def _queued(program: Program) -> Program:
    """What the EXEC at the end of the program carries out."""
    if program[-1].name != "EXEC":
        return ()
    begins = [at for at, each in enumerate(program) if each.name == "MULTI"]
    return program[begins[-1] + 1 : -1] if begins else ()


def _any_transaction(runs: Runs, queued: Command, kind: str) -> bool:
    """Whether a transaction of something else leaves other data behind, too: then it is EXEC that differs."""
    writes = (command("SET", "k", "1"), command("RPUSH", "k", "1"))
    others = (each for each in writes if each.name != queued.name)
    return any(runs.leaves(kind)((command("MULTI"), each, command("EXEC"))) for each in others)


def _readers(
    runs: Runs, program: Program, kind: str, keys: tuple[bytes, ...]
) -> Iterator[tuple[Program, Difference]]:
    """Lines that show the difference, with what they show; two at most."""
    shown = 0
    for reading in _readings(kind, _touched(program, keys)):
        for lines in elsewhere(reading):
            read = runs.first_difference((*program, *lines))
            if read is not None:
                shown += 1
                yield lines, read
                break
        if shown == 2:
            return


def _readings(kind: str, keys: tuple[bytes, ...]) -> Iterator[Command]:
    if kind == "content":
        return readings(keys)
    return (command(name, key) for key in keys for name in _TIMES)


def _touched(program: Program, keys: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Keys of the vocabulary that the program names; where it names none, whatever could be a key; else all."""
    words = dict.fromkeys(arg for each in program for arg in each.args[1:] if len(arg) <= _LONGEST_KEY)
    known = tuple(key for key in (*keys, *PLAIN_KEYS, b"one", b"oneh", b"onez") if key in words)
    return known or tuple(words)[:_MOST_KEYS] or keys


def _leaves_open(program: Program) -> bool:
    """Whether the program ends inside a transaction."""
    names = [each.name for each in program if each.name in ("MULTI", "EXEC", "DISCARD")]
    return bool(names) and names[-1] == "MULTI"

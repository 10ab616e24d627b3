"""Commands that one engine leaves without a reply, although it answers later ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suites.conformance.difference import Difference, name_difference
from suites.conformance.discovery import Discovery, Known
from suites.conformance.runs import Runs, first_prefix, replayed
from suites.conformance.steps import Step
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from generators.command import Program

_BOTH_SPEAK = (0, 0)


def examine_silence(runs: Runs, known: Known, program: Program) -> int:
    """Finds the first line that a side left without a reply; returns its index."""
    end = first_prefix(program, lambda prefix: runs.missing(prefix) != _BOTH_SPEAK)
    missing = runs.missing(program[:end])
    if missing[0] != missing[1]:
        difference = _silence(program[:end], missing)
        if not known.met(difference) and not known.hopeless(difference.loose):
            _investigate(runs, known, program[:end], difference)
    return end - 1


def _investigate(runs: Runs, known: Known, program: Program, difference: Difference) -> None:
    def shows(candidate: Program) -> bool:
        missing = runs.missing(candidate)
        if missing[0] == missing[1] or _silence(candidate, missing).loose != difference.loose:
            return False
        return (
            len(candidate) == 1 or runs.missing(candidate[:-1]) == _BOTH_SPEAK
        )  # its last line is the silent one

    replays = replayed(shows, program)
    if not replays.shown:
        known.give_up(difference.loose)
        return
    shortest = runs.shortest(program, shows, replays)
    least = _silence(shortest, runs.missing(shortest))
    discovery = Discovery(
        difference=least, program=shortest, protocol=runs.protocol, replays=replays, first_seen=program
    )
    known.report(discovery, as_found=difference.signature)


def _silence(program: Program, missing: tuple[int, int]) -> Difference:
    """The last line of the program, which one side left without a reply."""
    silent, spoke = Reply(Kind.NONE, b"no reply"), Reply(Kind.NONE, b"a reply")
    replies = (silent, spoke) if missing[0] > missing[1] else (spoke, silent)
    return name_difference(Step(len(program) - 1, program[-1], *replies))

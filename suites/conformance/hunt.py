"""Finds every difference between two engines: takes a program apart that shows some, names each, shrinks new ones.

A difference that is known by its signature is counted and passed over: its line is taken out of the program
and the rest runs again, so that one difference hides no other. What a difference does to later replies is not
a difference of its own: before a new one is believed, all that differed before it is taken out, and the data
that it started from are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.command import Command
from generators.shrink import MAY_BLOCK
from suites.conformance.difference import (
    UNKNOWN_ARGUMENT,
    Difference,
    may_be_an_argument,
    of_pipeline,
    of_script,
)
from suites.conformance.discovery import Discovery, Known, Replays
from suites.conformance.examples import Examples
from suites.conformance.runs import PATIENCE, Runs, replayed
from suites.conformance.silence import examine_silence
from suites.conformance.state import (
    encodings,
    examine_state,
    follow_up,
    investigate_hidden,
    investigate_state,
)
from suites.conformance.steps import without
from suites.conformance.tolerance import handed_on
from topologies.lockstep import Exchange, Lockstep, script
from topologies.stage import gives_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generators.command import Program
    from suites.conformance.tolerance import Tolerances

_LOOKS = 5  # how often a program is looked at again without the lines that differed
_HANG_ATTEMPTS = 40  # each costs a time-out
_INCIDENTS = ("agreement.hang", "agreement.crash", "agreement.closed", "agreement.garbled")


@dataclass(slots=True)
class Hunt:
    """One worker's hunt in one area. `found` gets each discovery once."""

    locksteps: Mapping[int, Lockstep]
    rules: Tolerances
    keys: tuple[bytes, ...]
    found: Callable[[Discovery], None]
    shrinks: bool = True  # False: programs are reported as they were given
    differing_lines: list[Command] = field(default_factory=list)
    deadly_lines: list[Command] = field(default_factory=list)  # they ended a server or a connection, or hung
    known: Known = field(init=False)
    examples: Examples = field(default_factory=Examples)
    _told: set[str] = field(default_factory=set)  # incidents that were seen once

    def __post_init__(self) -> None:
        self.known = Known(self.found)

    def examine(self, program: Program, exchange: Exchange, protocol: int) -> None:
        """Everything that differs in one run of a program."""
        runs = Runs(self.locksteps, self.rules, protocol, self.shrinks)
        seen: Exchange | None = exchange
        for _ in range(_LOOKS):
            if seen is None or not program:
                return
            program = self._look(runs, program, self._certain(runs, program, seen))
            seen = self.locksteps[protocol].run(script(program)) if program else None

    def _certain(self, runs: Runs, program: Program, seen: Exchange) -> Exchange:
        """The exchange, or after an incident one that says which command it was."""
        if not seen.incident:
            return seen
        for each in self.locksteps.values():  # a server that died has left the other protocol, too
            each.close()
        again = runs.certain(program, seen)
        if not again.incident:
            # Line by line nothing happens. What hangs in a pipeline only is a command that blocks: Valkey 9.0.0 and
            # 9.1.0 forget what is left of a large one when the time of a BRPOP is up.
            self.deadly_lines += [each for each in program if each.name in MAY_BLOCK]
            self._tell_once(runs, program, seen)
        return again

    def _tell_once(self, runs: Runs, program: Program, seen: Exchange) -> None:
        """An incident that did not come again: a server that died has died. It is no known difference from then
        on, so that one which does come again is still looked into.
        """
        for last in runs.differences(program, seen)[-1:]:
            each = of_pipeline(last, program)
            if each.rule in _INCIDENTS and each.signature not in self._told:
                self._told.add(each.signature)
                # where the command that blocks is named, it may stand behind the last reply that came
                first_seen = program[: each.step.line + 1] if each is last else program
                self.known.found(
                    Discovery(
                        difference=each,
                        program=first_seen,
                        protocol=runs.protocol,
                        replays=Replays(shown=0, of=1),
                        first_seen=first_seen,
                    )
                )

    def _look(self, runs: Runs, program: Program, exchange: Exchange) -> Program:
        """Notes what differs; returns what is worth another look, without it."""
        if exchange.misaligned:
            silent = examine_silence(runs, self.known, program)
            self.differing_lines.append(program[silent])
            return (*program[:silent], *program[silent + 1 :])
        differences = runs.differences(program, exchange)
        if not differences:
            for each in encodings(runs, program, exchange):
                if not self.known.met(each):
                    self._investigate(runs, (*program, each.step.asked), each)
            return examine_state(runs, self.known, self.keys, program, exchange)
        self._note(runs, program, differences)
        lines = {each.step.line for each in differences}
        self.differing_lines += [program[line] for line in lines]
        self.deadly_lines += [program[each.step.line] for each in differences if each.rule in _INCIDENTS]
        return without(program, lines)

    def _note(self, runs: Runs, program: Program, differences: list[Difference]) -> None:
        before: set[int] = set()
        for each in differences:
            if self.known.met(each):
                self._exemplify(runs, program[: each.step.line + 1], each)
            elif not (before and self.known.hopeless(each.loose)):
                alone = without(program[: each.step.line + 1], before)
                if not before or runs.shows(each.loose)(alone):
                    self._investigate(runs, alone, each)
                else:
                    self.known.give_up(each.loose)
            before.add(each.step.line)

    def _exemplify(self, runs: Runs, program: Program, difference: Difference) -> None:
        """Keeps a known difference's program as an example of it, where a few of its lines show it by themselves."""
        final = self.known.final(difference.signature)
        if final is None or difference.rule in _INCIDENTS:
            return

        def same(candidate: Program) -> Difference | None:
            first = runs.first_difference(candidate)
            if first is None or first.step.line < len(candidate) - 1:
                return None
            return first if self.known.final(first.signature) == final else None

        self.examples.look(final, program, runs.protocol, same)

    def _investigate(self, runs: Runs, program: Program, difference: Difference) -> None:
        """Shrinks a new difference and reports it, or what it follows from."""
        program, difference = self._out_of_script(runs, program, difference)
        if self.known.met(difference):
            return
        hangs = difference.rule == "agreement.hang"
        shows = runs.shows(difference.loose, stepwise=hangs)
        replays = replayed(shows, program)
        if not replays.shown:
            self.known.report(
                Discovery(
                    difference=difference,
                    program=program,
                    protocol=runs.protocol,
                    replays=replays,
                    first_seen=program,
                ),
                as_found=difference.signature,
            )
            return
        most = _HANG_ATTEMPTS if hangs else 600
        shortest = runs.shortest(program, shows, replays, most=most)
        if not self._follows_from_state(runs, shortest, difference):
            runs = self._plainest_protocol(runs, shortest, difference)
            shortest, named = self._taken(runs, shortest, difference)
            least = self._as_shown(runs, shortest, named)
            self.known.report(
                Discovery(
                    difference=of_script(least),
                    program=shortest,
                    protocol=runs.protocol,
                    replays=replays,
                    first_seen=program,
                ),
                as_found=difference.signature,
            )
            self.examples.shown(of_script(least).signature, shortest)
            self._follow_up(runs, shortest, of_script(least))

    def _follow_up(self, runs: Runs, program: Program, cause: Difference) -> None:
        """What a command whose replies differ leaves behind: a finding that points to its cause."""
        seen = None if cause.rule in _INCIDENTS else follow_up(runs, self.keys, program, cause)
        if seen is not None:
            lines, difference = seen
            self.known.report(
                Discovery(
                    difference=difference,
                    program=(*program, *lines),
                    protocol=runs.protocol,
                    replays=Replays(shown=1, of=1),
                    first_seen=program,
                    cause=cause.signature,
                ),
                as_found=difference.signature,
            )

    def _out_of_script(self, runs: Runs, program: Program, found: Difference) -> tuple[Program, Difference]:
        """The same without the script around the last line, where that shows it, too (types may be others)."""
        last = handed_on(program[-1])
        bare = (*program[:-1], last)
        alone = last is not program[-1] and not _waits_for_ever(last)
        first = runs.first_difference(bare) if alone else None
        if first is None or (first.rule, first.subject) != (found.rule, found.subject):
            return program, found
        self.known.alias(found.signature, first.signature)
        return bare, first

    def _follows_from_state(self, runs: Runs, program: Program, difference: Difference) -> bool:
        """Whether the engines held other data before the line that differs; then that is the finding."""
        before = program[:-1]
        if not before or difference.rule in _INCIDENTS:
            return False
        exchange = runs.exchange(before)
        if exchange is not None and runs.differences(before, exchange):
            return False
        kind = runs.state_kind(before, exchange) if exchange is not None else None
        final = (
            investigate_state(runs, self.known, self.keys, before, kind)
            if kind
            else investigate_hidden(runs, self.known, self.keys, program, difference)
        )
        if final is not None:
            self.known.alias(difference.signature, final)
        return final is not None

    def _taken(self, runs: Runs, program: Program, found: Difference) -> tuple[Program, Difference]:
        """Where both sides refuse, and one an argument: with a plain number at one place one side may take it."""
        args = program[-1].args
        if not self.shrinks or not may_be_an_argument(found):
            return program, found
        for place in range(1, len(args)):
            for number in (b"0", b"1"):
                candidate = (*program[:-1], Command((*args[:place], number, *args[place + 1 :])))
                first = runs.first_difference(candidate)
                if first is not None and (first.rule, first.subject) == (UNKNOWN_ARGUMENT, found.subject):
                    return candidate, first
        return program, found

    def _plainest_protocol(self, runs: Runs, program: Program, difference: Difference) -> Runs:
        """RESP2 where that shows the same, too."""
        plain = Runs(self.locksteps, self.rules, 2, self.shrinks)
        first = plain.first_difference(program)
        same = first is not None and (first.rule, first.subject) == (difference.rule, difference.subject)
        return plain if same else runs

    def _as_shown(self, runs: Runs, program: Program, difference: Difference) -> Difference:
        """The difference as its shortest program shows it: with the replies, and the tokens that are left."""
        for _ in range(PATIENCE):
            first = runs.first_difference(program)
            if first is not None and (
                first.loose == difference.loose
                or (first.rule, first.subject) == (difference.rule, difference.subject)
            ):
                return first
        return difference


def _waits_for_ever(asked: Command) -> bool:
    """Whether it may wait without a limit where no script keeps it from that."""
    blocks = asked.name in MAY_BLOCK or b"BLOCK" in map(bytes.upper, asked.args)
    return blocks and not gives_up(asked)

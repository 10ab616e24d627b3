"""Plays scenes on both engines and says what differs: every difference once, with the lines that it takes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from generators.shrink import without_lines
from suites.conformance.campaign import Outcome
from suites.conformance.difference import Difference, command_lacked, of_script, subject_of
from suites.conformance.discovery import Discovery, Known, Replays
from suites.conformance.examples import Examples
from suites.conformance.probe import keys_in, probe, readings
from suites.conformance.runs import first_prefix
from suites.conformance.steps import without
from suites.conformance.tolerance import handed_on
from suites.connections.heard import Seen, differences
from topologies.lockstep import script
from topologies.stage import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generators.command import Command, Program
    from generators.scenes import Kind
    from suites.conformance.tolerance import Tolerances
    from topologies.stage import Performance, Stage

_REPLAYS = 3
_SHRINK_S = 10.0


_TELLS_MORE = frozenset(
    ("MONITOR", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "CLIENT TRACKING", "CLIENT REPLY", "CLIENT PAUSE")
)
_IS_SET_BACK = frozenset(("CONFIG SET", "ACL SETUSER"))  # by the stage


def needs_stage(program: Program) -> bool:
    """Whether its lines can't be pipelined: several connections send them, or one is told more than it asked for; or
    they change what has to be set back.
    """
    names = _TELLS_MORE | _IS_SET_BACK
    return any(each.connection != 1 or each.full_name in names or b"id@1" in each.args for each in program)


def _has_limit(program: Program) -> bool:
    """Whether it says how long a script may run; what runs for ever without it costs seconds every time."""
    return any(b"lua-time-limit" in each.args for each in program)


def _alike(one: Difference, other: Difference) -> bool:
    """Whether they differ in how a protocol or a script writes a reply at most."""
    return (one.rule, one.subject) == (other.rule, other.subject)


@dataclass(slots=True)
class Play:
    """One worker's scenes of one kind. `found` gets each discovery once."""

    stages: Mapping[int, Stage]
    rules: Tolerances
    digest: Command
    found: Callable[[Discovery], None]
    shrinks: bool = True
    seconds: float = inf  # on the clock, for the scenes of one kind
    known: Known = field(init=False)
    examples: Examples = field(default_factory=Examples)
    _lacked: set[str] = field(default_factory=set)  # commands that one side does not know
    _played: set[tuple[Program, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known = Known(self.found)

    def play(self, name: str, kind: Kind, told: Callable[[Outcome], None]) -> Outcome:
        """All scenes of a kind."""
        outcome = Outcome(name)
        started = time.monotonic()
        for at, program in enumerate(kind.programs):
            if time.monotonic() - started > self.seconds:
                outcome.ended_early = True
                break
            for protocol in kind.protocols_of(at):
                self.examine(program, protocol)
                outcome.count(script(program))
            outcome.sent.update(each.full_name for each in program)
            outcome.seconds = time.monotonic() - started
            if at % 50 == 49:
                told(outcome)
        told(outcome)
        return outcome

    def examine(self, program: Program, protocol: int) -> None:
        """One scene in one protocol. What follows from a command that one side does not know is no difference of its
        own, and waiting for it costs time: the scene is played without that command, too, and later ones only so.
        """
        program = tuple(each for each in program if self._lacked.isdisjoint((each.name, each.full_name)))
        if not program or (program, protocol) in self._played:
            return
        self._played.add((program, protocol))
        seen, performances = self._run(program, protocol)
        unknown = [each for each in seen if each.difference.rule == "agreement.unknown-command"]
        for each in unknown or seen:
            if self.known.met(each.difference):
                self._exemplify(program, protocol, each, leads=each is seen[0])
            else:
                self._investigate(program, protocol, each, leads=each is seen[0])
        if unknown:
            self._lacked.update(filter(None, (command_lacked(each.difference) for each in unknown)))
            lines = {each.difference.step.line for each in unknown}
            self.examine(without(program, lines), protocol)
        elif not seen:
            self._examine_state(program, protocol, performances)

    def _exemplify(self, program: Program, protocol: int, seen: Seen, *, leads: bool) -> None:
        """A scene is short: it is an example of what it shows first, up to the line behind which that was seen."""
        final = self.known.final(seen.difference.signature)
        lines = program[: seen.line + 1]
        if final is not None and leads and self.examples.wants(final, lines[-1]):
            self.examples.keep(final, lines, protocol, seen.difference)

    def _run(self, program: Program, protocol: int) -> tuple[list[Seen], tuple[Performance, Performance]]:
        performances = self.stages[protocol].run(program, probe(keys_in(program), self.digest))
        return differences(program, *performances, self.rules), performances

    def _first(self, program: Program, protocol: int) -> Seen | None:
        return next(iter(self._run(program, protocol)[0]), None)

    def _investigate(self, program: Program, protocol: int, seen: Seen, *, leads: bool) -> None:
        """Plays it again; a scene in which others differ before it is played without their lines."""
        name = seen.difference.loose
        if self.known.hopeless(name):
            return

        def shows(candidate: Program) -> bool:
            first = self._first(candidate, protocol) if _has_limit(candidate) >= _has_limit(program) else None
            return first is not None and first.difference.loose == name

        alone = program
        if not leads:  # what comes behind another difference may follow from it
            with self._in_haste():
                alone = self._alone(program, protocol, shows)
        shown = sum(shows(alone) for _ in range(_REPLAYS)) if alone else 0
        if not shown:
            self.known.give_up(name)
            return
        shortest = self._shortest(alone, shows) if self.shrinks else alone
        final = self._first(shortest, protocol)
        least = final.difference if final is not None and final.difference.loose == name else seen.difference
        plain = shortest
        if self.shrinks:
            with self._in_haste():
                plain, protocol, least = self._plainest(shortest, protocol, least)
        self.known.report(
            Discovery(
                difference=of_script(least),
                program=plain,
                protocol=protocol,
                replays=Replays(shown=shown, of=_REPLAYS),
                first_seen=program,
            ),
            as_found=seen.difference.signature,
        )

    def _alone(self, program: Program, protocol: int, shows: Callable[[Program], bool]) -> Program:
        """The program without lines that differ before; empty where that does not show it either."""
        for _ in program:
            first = self._first(program, protocol)
            if first is None:
                return ()
            if shows(program):
                return program
            at = first.difference.step.line
            if _has_limit(program[at : at + 1]):
                return ()
            program = (*program[:at], *program[at + 1 :])
            if not program:
                return ()
        return ()

    def _shortest(self, program: Program, shows: Callable[[Program], bool]) -> Program:
        ends = time.monotonic() + _SHRINK_S
        with self._in_haste():
            shortest = without_lines(program, lambda each: time.monotonic() < ends and shows(each))
        return shortest if shows(shortest) else program

    @contextmanager
    def _in_haste(self) -> Iterator[None]:
        """What is known to differ costs the whole patience each time: while many programs are tried, less of it."""
        for stage in self.stages.values():
            stage.patience_s = PATIENCE_S / 5
        try:
            yield
        finally:
            for stage in self.stages.values():
                stage.patience_s = PATIENCE_S

    def _plainest(
        self, program: Program, protocol: int, difference: Difference
    ) -> tuple[Program, int, Difference]:
        """Without scripts that only hand a command on, in RESP2 and on one connection, where that shows the same; named
        as it is shown then, so that one difference has one name whatever showed it first.
        """
        bare = tuple(replace(handed_on(each), connection=each.connection) for each in program)
        for candidate, spoken in dict.fromkeys(((bare, 2), (bare, protocol), (program, 2))):
            first = self._first(candidate, spoken)
            if first is not None and _alike(first.difference, difference):
                program, protocol, difference = candidate, spoken, first.difference
                break
        single = tuple(replace(each, connection=1) for each in program)
        first = self._first(single, protocol) if single != program else None
        if first is not None and first.difference.signature == difference.signature:
            program, difference = single, first.difference
        return program, protocol, difference

    def _examine_state(
        self, program: Program, protocol: int, performances: tuple[Performance, Performance]
    ) -> None:
        """Where all were told the same, and the data behind it differ."""
        if not self._left(program, performances):
            return

        def leaves(candidate: Program) -> bool:
            seen, after = self._run(candidate, protocol)
            return not seen and self._left(candidate, after)

        if not leaves(program):
            return
        shortest = self._shortest(program[: first_prefix(program, leaves)], leaves)
        writer = shortest[-1]
        name = f"agreement.state | {subject_of(writer)} | content"
        if self.known.met_by_name(name):
            return
        for reading in readings(keys_in(shortest)):
            behind = self._first((*shortest, reading), protocol)
            if behind is not None:
                self._report_state(shortest, protocol, behind, name)
                return
        self.rules.applied["digest"] += 1

    def _report_state(self, program: Program, protocol: int, behind: Seen, name: str) -> None:
        writer = program[-1]
        difference = replace(
            behind.difference, rule="agreement.state", subject=subject_of(writer), signature=name, loose=name
        )
        self.known.report(
            Discovery(
                difference=difference,
                program=(*program, behind.difference.step.asked),
                protocol=protocol,
                replays=Replays(shown=1, of=1),
                first_seen=program,
                writer=writer,
            ),
            as_found=name,
        )

    def _left(self, program: Program, performances: tuple[Performance, Performance]) -> bool:
        """Whether the data behind it differ, and how long keys live."""
        asked = probe(keys_in(program), self.digest)
        answers = zip(asked, *(each.probe for each in performances), strict=False)
        return any(
            not self.rules.same(each, before, after)
            for each, before, after in answers
            if each.name != "OBJECT"
        )

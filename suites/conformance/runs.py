"""Runs programs on a pair and says what differs; runs them again, and shrinks them. Remembers nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.shrink import shrink
from suites.conformance.difference import Difference, name_difference
from suites.conformance.discovery import Replays
from suites.conformance.probe import is_digest, left_behind
from suites.conformance.steps import Step, differing_steps
from topologies.lockstep import Exchange, Lockstep, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generators.command import Command, Program
    from suites.conformance.tolerance import Tolerances

_REPLAYS = 3  # before a difference counts as reproducible
PATIENCE = 9  # further replays of one that does not show every time
_SHRINK_S = 30.0  # a bound for servers that hang or die; else shrinking takes a tenth of a second
_ATTEMPTS = 600


@dataclass(slots=True)
class Runs:
    """The pair in one protocol. `shrinks` is False where programs are to be reported as they were given."""

    locksteps: Mapping[int, Lockstep]
    rules: Tolerances
    protocol: int
    shrinks: bool = True

    def exchange(self, program: Program) -> Exchange | None:
        """Both transcripts; None where they are the same bytes. After an incident one command at a time."""
        lockstep = self.locksteps[self.protocol]
        exchange = lockstep.run(script(program))
        return self.certain(program, exchange) if exchange is not None else None

    def certain(self, program: Program, exchange: Exchange) -> Exchange:
        """The exchange, or after an incident one that says which command it was."""
        return self.locksteps[self.protocol].run_stepwise(program) if exchange.incident else exchange

    def differences(self, program: Program, exchange: Exchange | None) -> list[Difference]:
        """The replies that differ, but for what a rule forgives."""
        if exchange is None or exchange.misaligned:
            return []
        return [
            name_difference(step)
            for step in differing_steps(program, exchange)
            if not self.rules.same(step.asked, step.baseline, step.candidate)
        ]

    def left(self, program: Program, exchange: Exchange) -> Iterator[Step]:
        """The questions about what the program left behind that are answered differently."""
        for step in left_behind(self.locksteps[self.protocol].probe, exchange, len(program)):
            if not self.rules.same(step.asked, step.baseline, step.candidate):
                yield step

    def state_kind(self, program: Program, exchange: Exchange) -> str | None:
        """What differs: "content" where the data do, "ttl" where only a key's time to live does, else None."""
        asked = [step for step in self.left(program, exchange) if step.asked.name != "OBJECT"]
        return min(("content" if is_digest(step) else "ttl" for step in asked), default=None)

    def first_difference(self, program: Program) -> Difference | None:
        """The first reply that differs."""
        return next(iter(self.differences(program, self.exchange(program))), None)

    def shows(self, loose: str, *, stepwise: bool = False) -> Callable[[Program], bool]:
        """Asks whether the first difference of a program is this one; of one that hangs line by line, without
        waiting for the whole program first.
        """
        lockstep = self.locksteps[self.protocol]

        def ask(program: Program) -> bool:
            exchange = lockstep.run_stepwise(program) if stepwise else self.exchange(program)
            first = next(iter(self.differences(program, exchange)), None)
            return first is not None and first.loose == loose

        return ask

    def differs_behind(self, asked: Command) -> Callable[[Program], bool]:
        """Asks whether this command is answered differently behind a program that is answered alike."""

        def ask(program: Program) -> bool:
            first = self.first_difference((*program, asked))
            return first is not None and first.step.line == len(program)

        return ask

    def leaves(self, kind: str) -> Callable[[Program], bool]:
        """Asks whether a program is answered alike and leaves behind what differs by `kind`."""

        def ask(program: Program) -> bool:
            exchange = self.exchange(program)
            if exchange is None or self.differences(program, exchange):
                return False
            return self.state_kind(program, exchange) == kind

        return ask

    def missing(self, program: Program) -> tuple[int, int]:
        """How many commands each side left without a reply."""
        exchange = self.locksteps[self.protocol].run(script(program))
        if exchange is None or exchange.incident:
            return 0, 0
        return exchange.baseline.missing, exchange.candidate.missing

    def shortest(
        self, program: Program, shows: Callable[[Program], bool], replays: Replays, *, most: int = _ATTEMPTS
    ) -> Program:
        """The shortest program that shows it; one that shows only now and then gets several chances."""
        if not self.shrinks:
            return program
        ends = time.monotonic() + _SHRINK_S
        chances = 1 if replays.always else PATIENCE

        def ask(candidate: Program) -> bool:
            return time.monotonic() < ends and any(shows(candidate) for _ in range(chances))

        return shrink(program, ask, most=most)


def replayed(shows: Callable[[Program], bool], program: Program) -> Replays:
    """Runs it again: few times where it always shows, more where it does not."""
    shown = sum(shows(program) for _ in range(_REPLAYS))
    if shown == _REPLAYS:
        return Replays(shown=shown, of=_REPLAYS)
    shown += sum(shows(program) for _ in range(PATIENCE))
    return Replays(shown=shown, of=_REPLAYS + PATIENCE)


def first_prefix(program: Program, shows: Callable[[Program], bool]) -> int:
    """The length of a prefix that shows it, while one line less does not. The whole program must show it."""
    low, high = 0, len(program)
    while high - low > 1:
        middle = (low + high) // 2
        if shows(program[:middle]):
            high = middle
        else:
            low = middle
    return high

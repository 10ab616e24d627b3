"""Servers that a program has broken for all that come after it, as one script breaks Valkey 9.0.0 for all scripts.

A canary, plain commands that both engines answered alike at the start, is asked before a new difference is believed.
Where it has fallen silent the difference is none; both servers are started again, and what ran last is tried until
the canary falls silent again: that program is the finding.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.command import parse
from generators.shrink import shrink
from suites.conformance.difference import Difference, subject_of
from suites.conformance.discovery import Discovery, Replays
from suites.conformance.steps import Step, steps
from topologies.lockstep import script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generators.command import Program
    from topologies.lockstep import Lockstep
    from topologies.node import Node

CANARY = tuple(
    map(
        parse,
        (
            "SET k 5",
            "INCR k",
            "GET k",
            "RPUSH k2 a b",
            "LRANGE k2 0 -1",
            "EVAL \"return redis.call('GET', KEYS[1])\" 1 k",
            "DEL k k2",
        ),
    )
)
_RECENT = 40  # programs that are remembered: the break is seen when the next new difference is
_LISTENS = 3  # a lie now and then is no broken server
_ATTEMPTS = 80  # each starts both servers
_REPLAYS = 3
_SEEN_BEFORE = 2  # of them, when the program was looked for among the last ones, and before it was shrunk


class PoisonedError(Exception):
    """A new difference was seen, and so is one in the canary: nothing can be said of it."""


@dataclass(slots=True)
class Canary:
    """The canary of one pair, and the programs that ran last."""

    locksteps: Mapping[int, Lockstep]
    _sings: set[int] = field(default_factory=set)  # protocols in which it can tell something
    _known: set[str] = field(default_factory=set)  # what silenced it before, by name
    _recent: deque[Callable[[], Program]] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def __post_init__(self) -> None:
        self._sings = {
            protocol for protocol, each in self.locksteps.items() if each.run(script(CANARY)) is None
        }

    def remember(self, program: Callable[[], Program]) -> None:
        """That this program ran; it is asked for only when it is needed."""
        self._recent.append(program)

    def silent(self, protocol: int) -> bool:
        """Whether plain commands are answered differently, which they were not at the start."""
        lockstep = self.locksteps[protocol]
        return protocol in self._sings and all(
            lockstep.run(script(CANARY)) is not None for _ in range(_LISTENS)
        )

    def culprit(self, protocol: int) -> Discovery | None:
        """The program that silences it, shrunk; both servers are new then. None where none of the last ones does:
        then it is not asked any more.
        """
        self._restart()
        lockstep = self.locksteps[protocol]
        if self._recent and self._is_known(self._recent[-1]()):
            self._recent.clear()  # starting servers to see it again costs seconds each time
            return None
        for recent in self._recent:
            program = recent()
            lockstep.run(script(program))
            if self.silent(protocol):
                self._recent.clear()
                return self._discovery(program, protocol)
        self._sings.discard(protocol)
        return None

    def _discovery(self, program: Program, protocol: int) -> Discovery | None:
        silent = True

        def silences(candidate: Program) -> bool:
            nonlocal silent
            if silent:  # servers that still sing need not start again
                self._restart()
            self.locksteps[protocol].run(script(candidate))
            silent = self.silent(protocol)
            return silent

        if self._is_known(program):
            self._restart()
            return None
        if not silences(program):
            return None  # it took several programs
        shortest = shrink(program, silences, most=_ATTEMPTS)
        self._known.add(_name(shortest))
        before = _SEEN_BEFORE if shortest == program else 0
        shown = before + sum(silences(shortest) for _ in range(_REPLAYS - before))
        exchange = self.locksteps[protocol].run(script(CANARY))
        heard = (
            []
            if exchange is None
            else [each for each in steps(CANARY, exchange) if each.baseline != each.candidate]
        )
        self._restart()
        if not heard:
            return None
        return Discovery(
            difference=_difference(shortest, heard[0]),
            program=(*shortest, heard[0].asked),
            protocol=protocol,
            replays=Replays(shown=shown, of=_REPLAYS),
            first_seen=program,
            writer=shortest[-1],
        )

    def _is_known(self, program: Program) -> bool:
        """Whether it is one line that silenced the canary before, by name."""
        return len(program) == 1 and _name(program) in self._known

    def _restart(self) -> None:
        _restart(self.locksteps)


def heal(locksteps: Mapping[int, Lockstep]) -> None:
    """Starts both servers again where plain commands are answered differently."""
    if any(each.run(script(CANARY)) is not None for each in locksteps.values()):
        _restart(locksteps)


def _restart(locksteps: Mapping[int, Lockstep]) -> None:
    for lockstep in locksteps.values():
        lockstep.close()
    nodes = [side.node for side in next(iter(locksteps.values())).sides]
    with ThreadPoolExecutor(len(nodes)) as pool:  # both at once: a cluster node takes two seconds
        list(pool.map(_start_again, nodes))


def _start_again(node: Node) -> None:
    node.kill()
    node.restart()


def _name(program: Program) -> str:
    return f"agreement.state | {subject_of(program[-1])} | server"


def _difference(program: Program, heard: Step) -> Difference:
    subject, name = subject_of(program[-1]), _name(program)
    return Difference(
        step=Step(len(program), heard.asked, heard.baseline, heard.candidate),
        rule="agreement.state",
        subject=subject,
        signature=name,
        loose=name,
    )

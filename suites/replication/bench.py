"""The deployments of one worker: the same shape four times, with each engine in each role."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from generators.dataset import bulk_pieces, odd_pieces, split
from generators.link import subjects, writings
from reports.record import RecordWriter
from reports.run import Work
from suites.conformance.walking import tree_of
from suites.replication.judge import divergence, findings, tells
from suites.replication.outcome import Kind, Side
from suites.replication.sync import PLAINEST
from suites.replication.traffic import Traffic
from topologies.engine import HarnessError
from topologies.homes.process import ProcessHome
from topologies.replicated import Replicated
from topologies.snapshot import commands_of
from topologies.topology import Shape, Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from generators.command import Program
    from generators.dataset import Piece
    from generators.tree import Tree
    from reports.finding import Finding
    from suites.replication.outcome import Outcome
    from suites.replication.sync import Way
    from suites.replication.traffic import Diverged
    from suites.session import Session

T = TypeVar("T")
_BULK = 500  # keys beside the odd ones
_WRITINGS = {"smoke": 10, "gate": 100, "nightly": 3000}  # programs for each command that writes
_TESTS = "suites/replication/test_replication.py"
_MIRRORED = {side: side for side in Side} | {Side.ONWARD: Side.BACK, Side.BACK: Side.ONWARD}
_LETTERS = {Side.BASELINE: (0, 0, 0), Side.ONWARD: (0, 1, 1), Side.BACK: (1, 0, 0), Side.CANDIDATE: (1, 1, 1)}


@dataclass(slots=True)
class Bench:
    """Deployments by side, started when they are first asked for."""

    session: Session
    pen: RecordWriter
    pieces: tuple[Piece, ...] = ()  # what both engines can hold
    known: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    _deployments: dict[Side, Replicated] = field(default_factory=dict)
    _plainest: dict[Side, Outcome] | None = None
    _known_tree: Tree | None = None

    @classmethod
    def of(cls, session: Session) -> Bench:
        """All four, running."""
        bench = cls(session, RecordWriter.open(session.options.record, worker=session.worker or "main"))
        with ThreadPoolExecutor(len(Side)) as pool:
            list(pool.map(bench.deployment, Side))
        known = tuple(
            commands_of(bench.deployment(side).nodes[0]) for side in (Side.BASELINE, Side.CANDIDATE)
        )
        bench.known = known[0], known[1]
        rng, now_ms = random.Random(session.options.seed), int(time.time() * 1000)
        pieces = (*odd_pieces(now_ms, rng), *bulk_pieces(_BULK, now_ms, rng))
        bench.pieces = split(pieces, *bench.known)[0]
        return bench

    def deployment(self, side: Side) -> Replicated:
        """The one of this side, as it should be: clean. One that can't be brought back is made anew."""
        there = self._deployments.get(side)
        if there is not None:
            try:
                there.arrange()
            except (HarnessError, OSError):
                self._deployments.pop(side).close()
            else:
                return there
        self._deployments[side] = made = self._start(side)
        return made

    def play(self, way: Way) -> list[Finding]:
        """One way on every side that is open for it; what is found is written down."""
        started = time.monotonic()
        area = f"replication: {way.name}"
        reproduce = self.session.reproduce_test(f"{_TESTS}::test_replication[{way.name}]")
        outcomes = self._outcomes(way)
        found = list(findings(outcomes, area=area, reproduce=reproduce))
        if found:  # seen again, or it was the moment
            again = findings(self._outcomes(way), area=area, reproduce=reproduce)
            still = {each.signature for each in again}
            found = [each for each in found if each.signature in still]
        for side, outcome in outcomes.items():
            self.pen.observation(_observed(way, side, outcome))
        if not tells(outcomes):
            why = "the baseline alone does not get there, so that nothing is to be expected of others"
            self.pen.observation({"kind": "not-run", "what": area, "why": why})
        compared = sum(max(outcome.compared, len(outcome.facts)) for outcome in outcomes.values())
        self._worked(area, compared, len(outcomes), time.monotonic() - started)
        for each in found:
            self.pen.finding(each)
        return found

    def _outcomes(self, way: Way) -> dict[Side, Outcome]:
        """What came of it on each side, without those that end as they do in the plainest way: that was told once."""
        outcomes = self.on_all(lambda deployment: way.run(deployment, self.pieces), self._open_for(way))
        closed = {} if way is PLAINEST else self.closed()
        return {
            side: outcome
            for side, outcome in outcomes.items()
            if side not in closed or closed[side].kind is not outcome.kind
        }

    def on_all(self, work: Callable[[Replicated], T], sides: Sequence[Side] = tuple(Side)) -> dict[Side, T]:
        """Do it on these sides at once, each clean."""
        with ThreadPoolExecutor(len(Side)) as pool:
            done = pool.map(lambda side: work(self.deployment(side)), sides)
            return dict(zip(sides, done, strict=True))

    def send(self, part: int, parts: int) -> list[Finding]:
        """A part of all programs that write, through every link that is open; what diverges is written down."""
        tree = self._tree()
        mine = frozenset(subjects(tree)[part::parts])
        chosen = list(writings(tree, _WRITINGS[self.session.options.profile], mine))
        sides = tuple(side for side in self._open() if side is not Side.BASELINE)
        started = time.monotonic()
        told = self.on_all(lambda deployment: self._traffic(deployment).diverged(chosen), sides)
        found = list(self._unexpected(told))
        for each in found:
            self.pen.finding(each)
        programs = len(chosen) * len(sides)
        self._worked(f"replication: writes {part + 1}", programs, programs, time.monotonic() - started)
        return found

    def _unexpected(self, told: Mapping[Side, list[Diverged]]) -> Iterator[Finding]:
        """What diverges on these sides and does not, or not so, on the baseline alone: once for each command."""
        if not any(told.values()):
            return
        usual = self._traffic(self.deployment(Side.BASELINE))
        expected: dict[Program, Diverged | None] = {}
        new: dict[str, dict[Side, Diverged]] = {}
        for side, diverged in told.items():
            for each in diverged:
                program = each.writing.program
                if program not in expected:
                    expected[program] = usual.alone(each.writing)
                if not each.within(expected[program]):
                    new.setdefault(each.writing.subject, {}).setdefault(side, each)
        for where in new.values():
            yield divergence(where, self.session.reproduce_test(f"{_TESTS}::test_writes"))

    def _traffic(self, deployment: Replicated) -> Traffic:
        builds = self.session.builds
        known = [self.known[builds.index(build)] for build in deployment.topology.builds[:2]]
        deployment.join()
        return Traffic(deployment, (known[0], known[1]))

    def _tree(self) -> Tree:
        if self._known_tree is None:
            nodes = (self.deployment(side).nodes[0] for side in (Side.BASELINE, Side.CANDIDATE))
            self._known_tree = tree_of(*nodes)
        return self._known_tree

    def _open(self) -> tuple[Side, ...]:
        closed = self.closed()
        return tuple(side for side in Side if side not in closed)

    def _worked(self, area: str, compared: int, programs: int, seconds: float) -> None:
        self.pen.progress(Work(area=area, compared=compared, programs=programs, seconds=seconds))

    def closed(self) -> dict[Side, Outcome]:
        """The sides on which a replica can't even be synced in the plainest way; found out once."""
        if self._plainest is None:
            self._plainest = self.on_all(lambda deployment: PLAINEST.run(deployment, self.pieces))
        return {side: outcome for side, outcome in self._plainest.items() if outcome.kind is not Kind.WHOLE}

    def _open_for(self, way: Way) -> tuple[Side, ...]:
        if not way.joins:
            return tuple(Side)
        closed = self.closed()
        mirrored = {_MIRRORED[side] for side in closed} if way.returns else set()
        return tuple(side for side in Side if side not in closed and side not in mirrored)

    def close(self) -> None:
        for deployment in self._deployments.values():
            deployment.close()
        self._deployments.clear()
        self.pen.close()

    def _start(self, side: Side) -> Replicated:
        home = self.session.home
        assert isinstance(home, ProcessHome)
        options = self.session.options
        topology = Topology(
            shape=Shape.STAR,
            builds=tuple(self.session.builds[each] for each in _LETTERS[side]),
            tls=options.tls,
            auth=options.auth,
        )
        return Replicated(home, self.session.proxies, topology, side.name.lower())


def _observed(way: Way, side: Side, outcome: Outcome) -> dict[str, object]:
    """A line of the record: what came of one way on one side."""
    facts = {f"{fact.subject}, {fact.what}": value for fact, value in outcome.facts.items()}
    return {
        "kind": "replication",
        "way": way.name,
        "side": side.value,
        "outcome": outcome.kind.value,
        "facts": facts,
        "detail": outcome.detail,
        "log": list(outcome.words),
        **outcome.seen,
    }

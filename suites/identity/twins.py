"""Two nodes of a worker's own, one of each engine, that are asked about themselves and then have their settings tried.

They are no part of the pair that programs run on: what happens to them here would be felt there.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.command import parse
from reports.record import RecordWriter
from reports.run import Work
from suites.identity.commands import COMMANDS, CONTAINERS, known
from suites.identity.contrast import contrasts, forgiven
from suites.identity.fact import TOLERANCES
from suites.identity.interview import Interview
from suites.identity.listings import LISTINGS
from suites.identity.parameters import configuration, values
from suites.identity.report import finding_of
from suites.identity.trial import NOT_TRIED, contrasts_of, tried, why_not_tried
from topologies.node import NodeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.command import Command
    from reports.finding import Finding
    from suites.identity.contrast import Contrast
    from suites.session import Session
    from topologies.node import Home

AREA = "identity"
RULES = TOLERANCES | {
    "not-tried": "CONFIG SET of some parameters is not tried: "
    + "; ".join(f"{names.replace('|', ', ').replace('.*', '*')} ({why})" for names, why in NOT_TRIED.items())
}
TOPICS = {**LISTINGS, **COMMANDS, "CONFIG GET": configuration}
SETTINGS = "CONFIG SET"
_ASKED = frozenset({"HELLO", "INFO", "LOLWUT", *CONTAINERS})  # by what topics ask


def shows_something(asked: Command) -> bool:
    """Whether this is a line as topics ask it."""
    return asked.name in _ASKED


def compared(topic: str, sides: tuple[Interview, Interview], tolerated: Counter[str]) -> list[Contrast]:
    """What differs in a topic; counts what was not compared."""
    if topic == SETTINGS:
        names = values(sides[0]).keys() & values(sides[1]).keys()
        tolerated["not-tried"] += sum(why_not_tried(name) is not None for name in names)
        return list(contrasts_of(tried(*sides)))
    baseline, candidate = (TOPICS[topic](side) for side in sides)
    tolerated.update(forgiven(baseline, candidate))
    return list(contrasts(baseline, candidate, known=(known(sides[0]), known(sides[1]))))


@dataclass(slots=True)
class Twins:
    """Both engines, asked by topic. What was compared and found goes into the record as it comes."""

    session: Session
    sides: tuple[Interview, Interview]
    pen: RecordWriter
    _counted: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, session: Session) -> Twins:
        pen = RecordWriter.open(session.options.record, worker=f"{session.worker or 'main'}-{AREA}")
        baseline, candidate = (_interview(session.home, spec) for spec in _specs(session))
        return cls(session, (baseline, candidate), pen)

    def close(self) -> None:
        for side in self.sides:
            side.close()
            side.node.stop()
        self.pen.close()

    def compare_line(self, asked: Command) -> list[Finding]:
        """What differs in what this one line shows."""
        topics = [SETTINGS] if asked.full_name == SETTINGS else list(TOPICS)
        return [finding for topic in topics for finding in self.compare(topic, only=asked)]

    def compare(self, topic: str, *, only: Command | None = None) -> list[Finding]:
        """What differs in this topic (or in what this line of it shows), written down."""
        started = time.monotonic()
        tolerated: Counter[str] = Counter()
        seen = compared(topic, self.sides, tolerated)
        findings = [
            finding_of(each, topic, self.session.reproduce_program)
            for each in seen
            if only is None or parse(each.line) == only
        ]
        for finding in findings:
            self.pen.finding(finding)
        self._tell(time.monotonic() - started, tolerated)
        return findings

    def _tell(self, seconds: float, tolerated: Counter[str]) -> None:
        """The work since the last topic, counted on the baseline."""
        asked = self.sides[0].asked
        sent = asked - self._counted
        self._counted = Counter(asked)
        commands = {name for _, name in known(self.sides[0]) | known(self.sides[1])}
        self.pen.progress(
            Work(
                area=AREA,
                compared=sum(sent.values()),
                programs=1,
                seconds=seconds,
                sent={name: count for name, count in sent.items() if name in commands},
                tolerated=dict(tolerated),
            )
        )


def _specs(session: Session) -> Iterator[NodeSpec]:
    options = session.options
    for name, build in zip(("baseline", "candidate"), session.builds, strict=True):
        yield NodeSpec(name=f"{AREA}-{name}", build=build, tls=options.tls, auth=options.auth)


def _interview(home: Home, spec: NodeSpec) -> Interview:
    interview = Interview(home.start(spec))
    interview.live()
    return interview

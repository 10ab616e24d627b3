"""A running pair of engines with all that a campaign needs: lockstep in both protocols, rules, and a pen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from generators.command import Command, command
from reports.record import RecordWriter
from reports.run import Work
from suites.conformance.campaign import Outcome
from suites.conformance.difference import learn
from suites.conformance.probe import DIGEST, READ_ALL
from suites.conformance.report import finding_of
from suites.conformance.tolerance import command_names, tolerances
from suites.conformance.walking import tree_of
from topologies.cluster import CLUSTER, STANDALONE
from topologies.lockstep import Lockstep, ask, ask_node, introduce
from topologies.mending import mending_locksteps
from topologies.reply import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generators.tree import Tree
    from reports.finding import Finding
    from suites.conformance.discovery import Discovery
    from suites.conformance.examples import Examples
    from suites.conformance.tolerance import Tolerances
    from suites.session import Session
    from topologies.node import Node

_SAMPLE = (
    command("SET", "a", "1"),
    command("RPUSH", "b", "x", "y"),
    command("SADD", "c", "x", "1"),
    command("ZADD", "d", "1.5", "x"),
    command("HSET", "e", "f", "v"),
    command("XADD", "f", "1-1", "g", "v"),
)


@dataclass(slots=True)
class Pair:
    """Both engines of a run, as one worker has them."""

    session: Session
    locksteps: Mapping[int, Lockstep]
    rules: Tolerances
    digest: Command
    pen: RecordWriter
    commands: frozenset[str] = frozenset()  # that some engine of the pair knows
    topology: str = STANDALONE
    area: str = ""  # that is being hunted
    tree: Tree = field(default_factory=dict)  # what the engines say of their commands
    told: Outcome = field(default_factory=lambda: Outcome(""))
    found: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session, baseline: Node, candidate: Node, topology: str = STANDALONE) -> Pair:
        tables = [ask_node(node, command("COMMAND")) for node in (baseline, candidate)]
        locksteps = (
            mending_locksteps(baseline, candidate)
            if topology == CLUSTER
            else {protocol: Lockstep(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
        )
        pen = RecordWriter.open(session.options.record, worker=session.worker or "main")
        digest = _digest(baseline, candidate)
        tree = tree_of(baseline, candidate)
        learn(tree)
        names = frozenset(command_names(*tables))
        return cls(session, locksteps, tolerances(*tables), digest, pen, names, topology, tree=tree)

    def close(self) -> None:
        for lockstep in self.locksteps.values():
            lockstep.close()
        self.pen.close()

    def discovered(self, discovery: Discovery, evidence: Mapping[str, object] | None = None) -> None:
        """Writes a finding down at once, with what else shows it: a run that is killed keeps it."""
        again = partial(self.session.reproduce_program, topology=self.topology)
        finding = finding_of(discovery, self.area, again, topology=self.topology)
        if evidence:
            finding = msgspec.structs.replace(finding, evidence={**finding.evidence, **evidence})
        self.found.append(finding)
        self.pen.finding(finding)

    def work_done(self, outcome: Outcome) -> None:
        """Writes down what a campaign did since it last said so."""
        last = self.told if self.told.area == outcome.area else Outcome(outcome.area)
        self.pen.progress(
            Work(
                area=outcome.area,
                compared=outcome.compared - last.compared,
                programs=outcome.programs - last.programs,
                seconds=outcome.seconds - last.seconds,
                sent={name: n for name, n in (outcome.sent - last.sent).items() if name in self.commands},
                drew=outcome.digest.hexdigest(),
                tolerated=dict(self.rules.applied),
            )
        )
        self.rules.applied.clear()
        self.told = Outcome(
            outcome.area, outcome.compared, outcome.programs, outcome.seconds, Counter(outcome.sent)
        )

    def reached(self, area: str, words: dict[str, tuple[str, ...]]) -> None:
        """Writes down what a walk has reached."""
        self.pen.progress(Work(area=area, reached=words))

    def note_early_end(self, outcome: Outcome) -> None:
        """Writes down that the clock ended it before its budget was spent."""
        why = f"the profile's time was up after {outcome.compared:,} commands in {outcome.seconds:.0f} s"
        self.pen.observation({"kind": "ended-early", "area": outcome.area, "why": why})

    def counted(self, counts: Counter[str], examples: Examples | None = None) -> None:
        """Adds how often each finding was met to what was written of it, and other programs that showed it."""
        for finding in self.found:
            more = counts[finding.signature] - 1
            shown = examples.of(finding.signature) if examples else ()
            if more > 0:
                self.pen.finding(msgspec.structs.replace(finding, count=more, examples=shown))


def _digest(*nodes: Node) -> Command:
    """The server's own digest of its data where both have it and agree on equal data; else a script that reads."""
    said = []
    for node in nodes:
        with introduce(node, 2) as wire:
            for each in (command("FLUSHALL"), *_SAMPLE):
                ask(wire, each)
            said.append(ask(wire, DIGEST))
            ask(wire, command("FLUSHALL"))
    return DIGEST if said[0] == said[1] and said[0].kind is Kind.SIMPLE else READ_ALL

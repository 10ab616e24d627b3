"""From what was seen on each side to findings: what the baseline alone does is expected, what another side does else is
told, once for each thing that is seen instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.finding import Finding, WireReply
from reports.severity import severity_of
from suites.replication.outcome import OUTCOME, Kind, Side
from suites.replication.traffic import LINK, RULE
from topologies.topology import REPLICATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suites.replication.outcome import Fact, Outcome
    from suites.replication.traffic import Diverged

UNSEEN = "not there"  # of a fact that one side has not


def tells(outcomes: Mapping[Side, Outcome]) -> bool:
    """Whether the baseline alone says what is to be expected."""
    return Side.BASELINE in outcomes and outcomes[Side.BASELINE].kind not in (Kind.HANG, Kind.CRASH)


def findings(outcomes: Mapping[Side, Outcome], *, area: str, reproduce: str) -> Iterator[Finding]:
    """One for each fact and each value that is not the baseline's own.

    A way that the baseline does not have is judged by whether it is whole.
    """
    if not tells(outcomes):
        return
    expected = outcomes[Side.BASELINE].facts
    names = dict.fromkeys(name for outcome in outcomes.values() for name in outcome.facts)
    for name in names:
        usual = expected.get(name, Kind.WHOLE.value if name.what == OUTCOME else None)
        if usual is None:
            continue
        seen: dict[str, list[Side]] = {}
        for side, outcome in outcomes.items():
            if (value := outcome.facts.get(name, usual)) != usual:
                seen.setdefault(value, []).append(side)
        for value, sides in seen.items():
            where = {side: outcomes[side] for side in sides}
            finding = _finding(name, usual, value, where)
            evidence = {"area": area, **finding.evidence}
            yield msgspec.structs.replace(finding, evidence=evidence, reproduce=reproduce)


def _finding(name: Fact, usual: str, value: str, where: Mapping[Side, Outcome]) -> Finding:
    first = next(iter(where.values()))
    sides = ", ".join(side.value for side in where)
    baseline, candidate = _told(usual), _told(f"{value} ({sides})")
    severity = severity_of(name.rule, name.subject, baseline, candidate)
    return Finding(
        rule=name.rule,
        severity=severity.value,
        verdict="diverges",
        subject=name.subject,
        topology=REPLICATED,
        signature=f"{name.rule} | {name.subject} | {name.what} | {value}",
        message=f"{name.subject}, {name.what}: {value}, where the baseline alone has {usual} ({sides})",
        baseline=baseline,
        candidate=candidate,
        evidence={"where": sides, **_evidence(first)},
    )


def divergence(where: Mapping[Side, Diverged], reproduce: str) -> Finding:
    """A command after which the ends differ though offsets are equal, or after which they never are."""
    sides = ", ".join(side.value for side in where)
    first = next(iter(where.values()))
    subject = first.writing.subject
    rule = RULE if first.kind is Kind.LOSS else LINK
    baseline, candidate = _told("the replica has it"), _told(f"{first.kind.value} ({sides})")
    program = tuple(map(str, first.writing.program))
    return Finding(
        rule=rule,
        severity=severity_of(rule, subject, baseline, candidate).value,
        verdict="diverges",
        subject=subject,
        topology=REPLICATED,
        signature=f"{rule} | {subject} | {first.kind.value}",
        message=f"{subject} leaves the replica with other data than its primary: {first.samples[0]} ({sides})",
        program=program,
        step=len(program) - 1,
        baseline=baseline,
        candidate=candidate,
        evidence={
            "area": "replication: writes",
            "where": sides,
            "differs": "; ".join(first.samples),
            **({"log": " / ".join(first.words)} if first.words else {}),
        },
        reproduce=reproduce,
    )


def _evidence(outcome: Outcome) -> dict[str, object]:
    found = {"detail": outcome.detail, "log": " / ".join(outcome.words), **outcome.seen}
    return {name: told for name, told in found.items() if told}


def _told(text: str) -> WireReply:
    return WireReply(type="simple", value=text)

"""From what two engines made of the same data to a finding: its rule, subject and signature, and the sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.finding import Finding, WireReply
from reports.matrix import BACK, LOSS, REFUSED, THERE, WHOLE
from reports.moves import HANDLING
from reports.severity import severity_of
from suites.persistence.outcome import Reading, cause
from topologies.comparison import Deviant, Deviation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from suites.session import Session
    from topologies.snapshot import Key

_MOST_NAMES = 5  # pieces that a signature names
_SHOWN = 5
_LOSES = (Deviation.MISSING, Deviation.LESS)


def worse(own: Reading, other: Reading) -> bool:
    """Whether the other engine made less of it than the one that wrote it."""
    if other.outcome == WHOLE or own.same_as(other):
        return False
    if own.outcome != other.outcome:
        return True
    return bool(set(other.samples) - set(own.samples)) or (other.outcome == REFUSED != own.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What was moved from whom to whom, and what both made of it."""

    subject: str
    direction: str
    writer: str
    reader: str
    own: Reading  # of who wrote it; or of the baseline, where each reads its own
    other: Reading
    ways: Sequence[str]
    pieces: str  # what a signature tells, see `what_of`


def finding_of_move(session: Session, move: Move) -> Finding:
    """What the other engine did not take over as it was."""
    subject, direction, own, other = move.subject, move.direction, move.own, move.other
    told = f"{other.outcome}: {_told(other)}" if other.outcome != WHOLE else WHOLE
    return _finding(
        session,
        (own, other) if direction != BACK else (other, own),
        signature=(rule_of(own, other), subject, direction, move.pieces),
        message=f"{subject}: written by {move.writer}, read by {move.reader}: {told}",
        evidence={
            "direction": _DIRECTIONS[direction],
            "ways": "; ".join(move.ways),
            "whoever wrote it reads": f"{own.outcome}{_samples(own)}",
            "the other reads": f"{other.outcome}{_samples(other)}",
            **({"changed although it refused": ", ".join(other.touched)} if other.touched else {}),
        },
    )


def finding_of_damage(
    session: Session, *, subject: str, damage: str, readings: tuple[Reading, Reading], of: str
) -> Finding:
    """What the candidate makes of damaged files where the baseline makes something else of them."""
    before, after = readings
    return _finding(
        session,
        readings,
        signature=(HANDLING, subject, damage, f"{before.outcome} -> {after.outcome}"),
        message=f"{subject}, {damage}: {before.outcome} on the baseline, {after.outcome} on the candidate",
        evidence={
            "files of": of,
            "baseline reads": f"{before.outcome}{_samples(before)}",
            "candidate reads": f"{after.outcome}{_samples(after)}",
        },
    )


def _finding(
    session: Session,
    readings: tuple[Reading, Reading],
    *,
    signature: tuple[str, str, str, str],
    message: str,
    evidence: dict[str, object],
) -> Finding:
    """A finding; `readings` are the baseline's and the candidate's, a signature begins with rule and subject."""
    rule, subject, *_ = signature
    baseline, candidate = map(reply_of, readings)
    return Finding(
        rule=rule,
        severity=severity_of(rule, subject, baseline, candidate).value,
        verdict="diverges",
        subject=subject,
        signature=" | ".join(signature),
        message=message,
        baseline=baseline,
        candidate=candidate,
        evidence={"area": "persistence", **evidence},
        reproduce=session.reproduce_test("suites/persistence"),
    )


def rule_of(own: Reading, other: Reading) -> str:
    """`persistence.refused`, `.partial-reported`, `.crash`, `.hang`, `.silent-loss`, or `.silent-change`."""
    if other.outcome != LOSS or other.comparison is None:
        return f"persistence.{other.outcome}"
    loses = any(each.deviation in _LOSES for each in _deviants(own, other))
    return "persistence.silent-loss" if loses else "persistence.silent-change"


def what_of(own: Reading, other: Reading, names_of: Callable[[Iterable[Key]], list[str]]) -> str:
    """What a signature tells: the server's words, or which pieces of the data set are not as they were."""
    if other.outcome != LOSS or other.comparison is None:
        return cause(other.said)
    if other.comparison.counts.get(Deviation.MISSING) == other.comparison.compared:
        return "everything"
    names = names_of(each.key for each in _deviants(own, other))
    return " ".join(names) if len(names) <= _MOST_NAMES else "many"


def _deviants(own: Reading, other: Reading) -> list[Deviant]:
    """What is not as it was with the other, and was with whoever wrote it."""
    before = set(own.comparison.samples) if own.comparison else set()
    return [each for each in (other.comparison.samples if other.comparison else ()) if each not in before]


def reply_of(reading: Reading) -> WireReply:
    """The outcome and the words, as both sides of a finding show it."""
    told = _told(reading) if reading.outcome != WHOLE else ""
    return WireReply(type="simple", value=f"{reading.outcome}: {told}" if told else reading.outcome)


def _told(reading: Reading) -> str:
    return reading.said if reading.outcome != LOSS else str(reading.comparison or reading.said)


def _samples(reading: Reading) -> str:
    shown = reading.samples[:_SHOWN]
    words = f", saying: {reading.said}" if reading.said else ""
    return words + (f" ({'; '.join(shown)})" if shown else "")


_DIRECTIONS = {
    THERE: "data of the baseline, to the candidate",
    BACK: "data of the candidate, back to the baseline",
    "itself": "an engine's own data",
}

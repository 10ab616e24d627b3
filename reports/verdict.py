"""From findings to a verdict and an exit code. Pure: it reads no file and knows no server."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING

import msgspec

from reports.causes import FOLLOW_UP
from reports.finding import Finding, Severity, Verdict
from reports.severity import severity_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.ledger import Ledger
    from reports.ranges import Pair


class ExitCode(IntEnum):
    """What the process returns: pytest's own codes, and one of ours."""

    OK = 0  # agrees, or known only
    DIVERGES = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING_RAN = 5
    INCONCLUSIVE = 6  # under --strict


class FailOn(Enum):
    """Which findings fail a run."""

    NEW = "new"  # what neither ledger nor acceptance explains
    BREAKING = "breaking"  # of those, only the breaking ones
    ANY = "any"  # every difference, explained or not


def judged(findings: Iterable[Finding], pair: Pair, ledger: Ledger, accepted: Ledger) -> tuple[Finding, ...]:
    """The same findings with severity, verdict and ledger id as of today, whatever they said before."""
    alone = [_judged(finding, pair, ledger, accepted) for finding in findings]
    by_id = {finding.id: finding for finding in alone}
    return tuple(_as_its_cause(finding, by_id.get(finding.caused_by or "")) for finding in alone)


def _as_its_cause(finding: Finding, cause: Finding | None) -> Finding:
    """What a difference leaves behind is as severe as that difference, and known where that is."""
    if finding.rule != FOLLOW_UP or cause is None:
        return finding
    known = finding.known is None and cause.known is not None
    explained = {"verdict": cause.verdict, "known": cause.known} if known else {}
    return msgspec.structs.replace(finding, severity=cause.severity, **explained)


def _judged(finding: Finding, pair: Pair, ledger: Ledger, accepted: Ledger) -> Finding:
    severity = severity_of(finding.rule, finding.subject, finding.baseline, finding.candidate)
    entry = ledger.find(finding, pair) or accepted.find(finding, pair)
    if entry and entry.severity and entry.spans(pair):
        severity = entry.severity
    verdict = Verdict.KNOWN if entry else Verdict.INCONCLUSIVE if _unsure(finding) else Verdict.DIVERGES
    evidence = finding.evidence
    if _unsure(finding) and "inconclusive" not in evidence:
        # Kept beside the verdict, so that a later judge without this entry still knows.
        evidence = {**evidence, "inconclusive": "the suite could not show it for certain"}
    return msgspec.structs.replace(
        finding,
        severity=severity.value,
        verdict=verdict.name.lower(),
        known=entry.id if entry else None,
        evidence=evidence,
    )


def _unsure(finding: Finding) -> bool:
    return not finding.certain or finding.verdict == Verdict.INCONCLUSIVE.name.lower()


def verdict_of(finding: Finding) -> Verdict:
    """A finding's verdict as a value that compares."""
    return Verdict[finding.verdict.upper()]


def run_verdict(findings: Iterable[Finding]) -> Verdict:
    """The worst of the findings; a run without any agrees."""
    return max(map(verdict_of, findings), default=Verdict.AGREES)


def fails(finding: Finding, fail_on: FailOn) -> bool:
    """Whether this finding makes the run fail."""
    if fail_on is FailOn.ANY:
        return verdict_of(finding) is not Verdict.INCONCLUSIVE
    new = verdict_of(finding) is Verdict.DIVERGES
    return new and (fail_on is FailOn.NEW or finding.severity == Severity.BREAKING.value)


def exit_code(
    findings: Sequence[Finding],
    fail_on: FailOn,
    *,
    strict: bool = False,
    stale: Sequence[str] = (),
    compared: int = 1,
) -> ExitCode:
    """What the process returns, as documented: 0 fine, 1 diverges, 5 nothing compared, 6 inconclusive.

    Stale ledger entries fail a run like a difference does: the ledger then says what is not true.
    """
    if stale or any(fails(finding, fail_on) for finding in findings):
        return ExitCode.DIVERGES
    if strict and any(verdict_of(finding) is Verdict.INCONCLUSIVE for finding in findings):
        return ExitCode.INCONCLUSIVE
    return ExitCode.OK if compared else ExitCode.NOTHING_RAN

"""Judges a record with today's severity table, ledger and acceptances, and saves what that says.

A run that just ended and one from last year go through the same function: the record has all that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from reports.book import Acceptances
from reports.ledger import Ledger, stale
from reports.ranges import pair_of
from reports.record import write_findings, write_run
from reports.run import Explanation
from reports.verdict import FailOn, exit_code, judged, run_verdict

if TYPE_CHECKING:
    from reports.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What explains differences, and which of the rest fail a run."""

    ledger: Ledger = field(default_factory=Ledger)
    acceptances: Acceptances = field(default_factory=Acceptances)
    fail_on: FailOn = FailOn.NEW
    strict: bool = False


def judge(record: Record, policy: Policy) -> Record:
    """The same record with its findings and its run judged by this policy. Writes nothing."""
    pair = pair_of(record.run)
    findings = judged(record.findings, pair, policy.ledger, policy.acceptances.ledger)
    matched = {finding.known for finding in findings if finding.known}
    gone = stale(
        policy.ledger.entries, pair, matched=matched, replayed=record.run.replayed, full=record.run.full
    )
    code = exit_code(
        findings, policy.fail_on, strict=policy.strict, stale=gone, compared=record.run.totals.compared
    )
    run = msgspec.structs.replace(
        record.run,
        verdict=run_verdict(findings).name.lower(),
        exit_code=int(code),
        fail_on=policy.fail_on.value,
        strict=policy.strict,
        explained=_explanations(matched, policy),
        stale=gone,
        expired=policy.acceptances.expired,
    )
    return replace(record, run=run, findings=findings)


def _explanations(matched: set[str], policy: Policy) -> dict[str, Explanation]:
    """Kept in the record, so that every rendering is a function of the record alone."""
    entries = (*policy.acceptances.ledger.entries, *policy.ledger.entries)
    return {
        entry.id: Explanation(why=entry.why, upstream=entry.upstream, expires=str(entry.expires or ""))
        for entry in entries
        if entry.id in matched
    }


def save(record: Record) -> None:
    """Write a judged record back to its folder; the workers' files stay as they were."""
    write_findings(record.path, record.findings)
    write_run(record.path, record.run)

"""What a run says in a sentence, to somebody who decides about a release: words and counts, from a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.finding import Severity, Verdict
from reports.replies import printable
from reports.verdict import FailOn, fails
from reports.words import counted, joined, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from reports.record import Record

NEW, KNOWN, UNSURE = (
    verdict.name.lower() for verdict in (Verdict.DIVERGES, Verdict.KNOWN, Verdict.INCONCLUSIVE)
)
BADGES = {NEW: "new", KNOWN: "known", UNSURE: "inconclusive"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many findings there are of each severity and verdict."""

    counts: dict[tuple[str, str], int]

    def of(self, severity: str | None = None, verdict: str | None = None) -> int:
        """The findings of this severity and this verdict; None means all."""
        return sum(
            count
            for (each_severity, each_verdict), count in self.counts.items()
            if severity in {None, each_severity} and verdict in {None, each_verdict}
        )

    def by_severity(self) -> str:
        """As in "3 breaking, 1 additive and 12 cosmetic", leaving out what there is none of."""
        found = [(self.of(severity.value), severity.value) for severity in Severity]
        return joined([f"{number(count)} {name}" for count, name in found if count])

    def by_verdict(self, severity: Severity) -> str:
        """As in "11 new, 3 known", leaving out what there is none of."""
        found = [(self.of(severity.value, verdict), badge) for verdict, badge in BADGES.items()]
        return ", ".join(f"{number(count)} {badge}" for count, badge in found if count)


def tally(findings: Iterable[Finding]) -> Tally:
    """Count findings by severity and verdict."""
    counts: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = (finding.severity, finding.verdict)
        counts[key] = counts.get(key, 0) + 1
    return Tally(counts)


def headline(record: Record) -> str:
    """The verdict in one sentence."""
    found = tally(record.findings)
    if not record.run.totals.compared and not record.findings:
        return "Nothing was compared, so nothing is known."
    sentence = _sentence(found) if record.findings else _agreed(record)
    return sentence if record.run.end else f"Unfinished run. So far: {sentence[0].lower()}{sentence[1:]}"


def _agreed(record: Record) -> str:
    return f"Drop-in as far as tested: {number(record.run.totals.compared)} commands agreed."


def _sentence(found: Tally) -> str:
    if found.of(Severity.BREAKING.value, NEW):
        breaking = counted(found.of(Severity.BREAKING.value), "breaking difference")
        return f"Not a drop-in: {breaking} ({found.by_verdict(Severity.BREAKING)})."
    if found.of(verdict=NEW):
        return f"No new breaking difference, but {_kinds(found, NEW)} in no ledger."
    if found.of(verdict=UNSURE):
        return (
            f"Inconclusive: {counted(found.of(verdict=UNSURE), 'difference')} could not be shown for certain."
        )
    return f"Only known differences: {found.by_severity()}."


def _kinds(found: Tally, verdict: str) -> str:
    kinds = [(found.of(severity.value, verdict), severity.value) for severity in Severity]
    total = sum(count for count, _ in kinds)
    named = joined([f"{number(count)} {name}" for count, name in kinds if count])
    return f"{named} {'difference is' if total == 1 else 'differences are'}"


def outcome(record: Record) -> str:
    """Whether the run passes, and by which policy: the sentence below the headline."""
    run = record.run
    if run.exit_code is None:
        return "Not judged: the run did not end, or nobody has judged it yet."
    failing = sum(fails(finding, FailOn(run.fail_on)) for finding in record.findings)
    reasons = [_failing(failing, run.fail_on)] if failing else []
    if run.stale:
        reasons.append(f"{counted(len(run.stale), 'ledger entry is', 'ledger entries are')} no longer true")
    if reasons:
        return f"The run fails: {joined(reasons)}."
    if run.exit_code:
        return f"The run fails with exit code {run.exit_code}: {_CODES.get(run.exit_code, 'see its output')}."
    if tally(record.findings).of(verdict=UNSURE):
        return "The run passes: what is inconclusive fails under --strict only."
    return f"The run passes: {_PASSING[run.fail_on]}."


def _failing(count: int, fail_on: str) -> str:
    what = {"new": "", "breaking": " breaking", "any": ""}[fail_on]
    verb = "is" if count == 1 else "are"
    if fail_on == FailOn.ANY.value:
        return f"{counted(count, 'difference')} found, and any fails (--fail-on any)"
    noun = "difference" if count == 1 else "differences"
    return f"{number(count)}{what} {noun} {verb} in no ledger (--fail-on {fail_on})"


_PASSING = {
    "new": "every difference is explained by the ledger or accepted (--fail-on new)",
    "breaking": "no breaking difference is unexplained (--fail-on breaking)",
    "any": "there is no difference (--fail-on any)",
}
_CODES = {
    2: "it was interrupted",
    3: "Rekey or its surroundings failed",
    5: "nothing ran",
    6: "inconclusive, under --strict",
}


def tested(record: Record) -> str:
    """How much was compared, in one line."""
    totals = record.run.totals
    return f"{counted(totals.compared, 'command')} in {counted(totals.programs, 'program')}"


def warnings(record: Record) -> list[str]:
    """What a reader must know about the run itself, worst first."""
    run = record.run
    told = (
        [] if run.end else ["The run has no end: it was killed, or it still goes on. What it wrote is shown."]
    )
    told += [f"The ledger says what is no longer true: entry {name} matched nothing." for name in run.stale]
    told += [f"The end of {name} is cut off: its writer was killed while writing." for name in record.torn]
    return [*told, *run.expired, *run.notes]


def not_tested(record: Record) -> list[tuple[str, str]]:
    """What was not tested and why; the provider's limits first."""
    run = record.run
    limits = [(what, f"the home of this run ({run.provider}) can't") for what in run.cannot]
    return limits + [(each.what, each.why) for each in run.not_run]


def said(finding: Finding) -> str:
    """The finding's sentence where its subject stands already: without the subject in front."""
    return printable(finding.message.removeprefix(f"{finding.subject}: "))


def by_importance(findings: Iterable[Finding]) -> list[Finding]:
    """Breaking before additive before cosmetic; new before known; then by command."""
    severities = [severity.value for severity in Severity]
    verdicts = [NEW, UNSURE, KNOWN]
    return sorted(
        findings,
        key=lambda each: (
            severities.index(each.severity),
            verdicts.index(each.verdict),
            each.subject,
            each.rule,
        ),
    )

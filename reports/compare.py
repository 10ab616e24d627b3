"""What two runs found, side by side: only in one, only in the other, in both but different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from reports.headline import BADGES, said
from reports.words import counted

if TYPE_CHECKING:
    from rich.console import Console

    from reports.finding import Finding
    from reports.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Findings by signature. Equal are those of which severity, verdict, ledger id and replies are equal."""

    first: Record
    second: Record
    only_first: tuple[Finding, ...]
    only_second: tuple[Finding, ...]
    changed: tuple[tuple[Finding, Finding], ...]
    equal: int

    @property
    def same(self) -> bool:
        return not (self.only_first or self.only_second or self.changed)


def compare(first: Record, second: Record) -> Comparison:
    """Compare what two runs found."""
    before = {finding.signature: finding for finding in first.findings}
    after = {finding.signature: finding for finding in second.findings}
    both = [(before[signature], after[signature]) for signature in before if signature in after]
    changed = tuple((one, other) for one, other in both if _changes(one, other))
    return Comparison(
        first=first,
        second=second,
        only_first=tuple(found for signature, found in before.items() if signature not in after),
        only_second=tuple(found for signature, found in after.items() if signature not in before),
        changed=changed,
        equal=len(both) - len(changed),
    )


def _changes(one: Finding, other: Finding) -> list[str]:
    """What is not the same any more, in words. How often and by which program it was seen is chance."""
    told = [
        f"{name}: {before} → {after}"
        for name in ("severity", "verdict", "known")
        if (before := getattr(one, name)) != (after := getattr(other, name))
    ]
    replies = (one.baseline, one.candidate) != (other.baseline, other.candidate)
    return told + (["other replies"] if replies and one.program == other.program else [])


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Both runs' names, then each difference between them on a line."""
    for letter, record in (("A", comparison.first), ("B", comparison.second)):
        run = record.run
        console.print(
            f"{letter}  {run.id}: {run.baseline.title} → {run.candidate.title}", highlight=False, markup=False
        )
    _print_list(console, "Only in A", comparison.only_first)
    _print_list(console, "Only in B", comparison.only_second)
    if comparison.changed:
        console.print(Text(f"\nChanged from A to B: {len(comparison.changed)}", "bold"))
    for one, other in comparison.changed:
        console.print(Text(f"  {one.subject}  {one.rule}: {', '.join(_changes(one, other))}"))
    console.print(Text(f"\n{counted(comparison.equal, 'difference')} in both, equal"))


def _print_list(console: Console, title: str, findings: tuple[Finding, ...]) -> None:
    if not findings:
        return
    console.print(Text(f"\n{title}: {len(findings)}", "bold"))
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        table.add_row(
            Text(f"  {finding.severity}"),
            Text(BADGES[finding.verdict]),
            Text(finding.subject),
            Text(said(finding)),
        )
    console.print(table)

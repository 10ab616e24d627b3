"""What a run says in the terminal: live lines while it works, and a summary for 80 columns at its end.

Where nobody watches (a file, a pipe, CI) progress is a plain line now and then. Nothing here decides.
"""

from __future__ import annotations

import os
import shlex
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports.finding import Severity
from reports.headline import (
    BADGES,
    KNOWN,
    UNSURE,
    by_importance,
    headline,
    not_tested,
    outcome,
    said,
    tally,
    tested,
    warnings,
)
from reports.replies import one_line
from reports.words import counted, duration, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import Console, RenderableType

    from reports.finding import Finding
    from reports.record import Record
    from reports.run import BuildRecord

STYLES = {"breaking": "red", "additive": "blue", "cosmetic": "bright_black"}
VERDICT_STYLES = {
    "agrees": "bold green",
    "known": "bold green",
    "inconclusive": "bold yellow",
    "diverges": "bold red",
}
SHOWN = 12  # unexplained findings of one severity in the summary
WIDTH = 46  # what 80 columns leave beside verdict and command
PLAIN_EVERY_S = 15.0
RATE_OVER_S = 10.0


class Progress:
    """How far the run is. Use as a context manager; `update` as often as there is news."""

    def __init__(
        self, console: Console, *, live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._clock = clock
        watched = console.is_terminal and not os.environ.get("CI")
        self._live = (
            Live(console=console, transient=True, refresh_per_second=4)
            if live or (live is None and watched)
            else None
        )
        self._seen: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._printed = clock()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def update(
        self, area: str, compared: int, differences: Mapping[str, int], left_s: float | None = None
    ) -> None:
        """Totals of all workers: commands compared, differences by severity, seconds of budget left."""
        now = self._clock()
        self._seen.append((now, compared))
        while len(self._seen) > 2 and now - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        if self._live:
            self._live.update(self._lines(area, compared, differences, left_s))
        elif now - self._printed >= PLAIN_EVERY_S:
            self._printed = now
            self._console.print(
                self._plain(area, compared, differences, left_s), highlight=False, soft_wrap=True
            )

    def stop(self) -> None:
        """Take the live line away. Idempotent."""
        if self._live:
            self._live.stop()

    def _rate(self) -> float:
        (then, before), (now, after) = self._seen[0], self._seen[-1]
        return (after - before) / (now - then) if now > then else 0.0

    def _parts(self, compared: int, left_s: float | None) -> list[str]:
        left = [] if left_s is None else [f"{duration(max(left_s, 0))} left"]
        return [f"{number(compared)} compared", f"{number(self._rate())}/s", *left]

    def _lines(
        self, area: str, compared: int, differences: Mapping[str, int], left_s: float | None
    ) -> RenderableType:
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        line.add_row(Text(area, "bold"), " · ".join(self._parts(compared, left_s)))
        return Group(line, Text.assemble("differences so far: ", *_coloured(differences)))

    def _plain(self, area: str, compared: int, differences: Mapping[str, int], left_s: float | None) -> str:
        found = "".join(str(part[0]) for part in _coloured(differences))
        return f"{area}: {', '.join(self._parts(compared, left_s))}; differences so far: {found}"


def _coloured(differences: Mapping[str, int]) -> list[tuple[str, str]]:
    found = [(severity.value, differences.get(severity.value, 0)) for severity in Severity]
    parts = [(f"{number(count)} {name}", STYLES[name]) for name, count in found if count]
    return [piece for part in parts for piece in ((", ", ""), part)][1:] or [("none", "")]


def print_summary(record: Record, console: Console) -> None:
    """The whole summary: verdict, pair, differences, what was not tested, where the rest is."""
    for part in _summary(record):
        console.print(part, highlight=False)
    for name, line in _to_paste(record):
        # Never folded: a line that is broken can't be pasted.
        console.print(Text(f"{name:<8}", "dim").append(line, ""), soft_wrap=True)


def _summary(record: Record) -> Iterable[RenderableType]:
    yield ""
    yield Text(headline(record), VERDICT_STYLES.get(record.run.verdict or "", "bold yellow"))
    yield Text(outcome(record))
    yield ""
    yield _facts(record)
    yield from (Text(f"! {sentence}", "yellow") for sentence in warnings(record))
    for severity in Severity:
        yield from _differences(record, severity)
    yield from _limits(record)
    yield ""


def _rows(*rows: tuple[str, str]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    return table


def _facts(record: Record) -> Table:
    run = record.run
    each = " each" if run.workers > 1 else ""
    rate = f"{number(run.totals.per_worker_second)} commands/s{each}"
    return _rows(
        ("Baseline", _build(run.baseline)),
        ("Candidate", _build(run.candidate)),
        ("Compared", tested(record)),
        ("Took", f"{duration(run.totals.seconds)}, {counted(run.workers, 'worker')}, {rate}"),
    )


def _build(build: BuildRecord) -> str:
    return f"{build.title} ({build.package or build.source})"


def _differences(record: Record, severity: Severity) -> Iterable[RenderableType]:
    found = by_importance(each for each in record.findings if each.severity == severity.value)
    if not found:
        return
    style = STYLES[severity.value]
    yield ""
    yield Text(
        f"{severity.value.capitalize()}: {len(found)} ({tally(found).by_verdict(severity)})", f"bold {style}"
    )
    unexplained = [finding for finding in found if finding.verdict != KNOWN]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=8)
    table.add_column(max_width=22, overflow="fold")
    table.add_column(overflow="fold")
    for finding in unexplained[:SHOWN]:
        badge = Text(_badge(finding), style).append(f"\n{finding.id}", "dim")
        table.add_row(badge, Text(finding.subject, "bold"), _what(finding))
    if len(unexplained) > SHOWN:
        table.add_row("", "", Text(f"… and {len(unexplained) - SHOWN} more in the report", "dim"))
    for entry, subjects in _explained(found).items():
        table.add_row(
            Text("known", "dim"),
            Text(counted(sum(subjects.values()), "finding"), "dim"),
            _entry(entry, subjects),
        )
    yield Padding(table, (0, 0, 0, 2))


def _badge(finding: Finding) -> str:
    return "unsure" if finding.verdict == UNSURE else BADGES[finding.verdict]


def _explained(found: list[Finding]) -> dict[str, Counter[str]]:
    """Ledger id: how many findings of which subject it explains. With that id, they can be asked for by it."""
    by_entry: dict[str, Counter[str]] = {}
    for finding in found:
        if finding.verdict == KNOWN and finding.known:
            by_entry.setdefault(finding.known, Counter())[finding.subject] += 1
    return by_entry


def _entry(entry: str, subjects: Counter[str]) -> Text:
    return Text(f"{entry}: {', '.join(subjects)}", "dim")


def _what(finding: Finding) -> Text:
    """Both replies where they are short, else the sentence; then the program."""
    both = f"{one_line(finding.baseline)} → {one_line(finding.candidate)}"
    text = Text(both if len(both) <= WIDTH else said(finding))
    for number_, line in enumerate(finding.program):
        shown = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
        text.append(f"\n{'▸' if number_ == finding.step else ' '} {shown}", "dim")
    if finding.caused_by:
        text.append(f"\nfollows from {finding.caused_by}", "dim")
    return text


def _limits(record: Record) -> Iterable[RenderableType]:
    limits = not_tested(record)
    if limits:
        yield ""
        yield Text("Not tested", "bold")
        yield from (Padding(Text(f"{what}: {why}"), (0, 0, 0, 2)) for what, why in limits)


def _to_paste(record: Record) -> list[tuple[str, str]]:
    again = [("Again", record.run.reproduce)] if record.run.reproduce else []
    later = f".venv/bin/python -m reports show {shlex.quote(str(record.path))}"
    each = f".venv/bin/python -m reports reproduce {shlex.quote(str(record.path))} ID"
    findings = [("Each", each)] if record.findings else []
    return [("Report", str(record.path / "report.html")), *again, ("Later", later), *findings]

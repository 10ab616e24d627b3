"""`summary.md`: the page of a CI job. GitHub and GitLab flavoured Markdown, short, details folded."""

from __future__ import annotations

import shlex
from html import escape
from typing import TYPE_CHECKING

from reports.finding import Severity
from reports.headline import (
    BADGES,
    by_importance,
    headline,
    not_tested,
    outcome,
    said,
    tally,
    tested,
    warnings,
)
from reports.html import link
from reports.replies import one_line, printable
from reports.words import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from reports.record import Record

SHOWN = 100  # findings of one severity; a job page has a limit, the report has them all
WIDTH = 60  # characters of a reply


def summary(record: Record) -> str:
    """The whole page."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Record) -> Iterable[str]:
    run = record.run
    yield f"## {_text(headline(record))}"
    yield ""
    yield f"**{_text(run.baseline.title)} → {_text(run.candidate.title)}** · {_text(outcome(record))}"
    yield ""
    for sentence in warnings(record):
        yield f"> {_text(sentence)}\n"
    yield from _counts(record)
    for severity in Severity:
        yield from _details(record, severity)
    yield from _limits(record)
    yield from _facts(record)


def _counts(record: Record) -> Iterable[str]:
    found = tally(record.findings)
    yield f"| | {' | '.join(BADGES.values())} |"
    yield f"|---|{'---:|' * len(BADGES)}"
    for severity in Severity:
        counts = " | ".join(str(found.of(severity.value, verdict)) for verdict in BADGES)
        yield f"| {severity.value} | {counts} |"
    yield ""


def _details(record: Record, severity: Severity) -> Iterable[str]:
    found = by_importance(each for each in record.findings if each.severity == severity.value)
    if not found:
        return
    title = f"{severity.value.capitalize()}: {tally(found).by_verdict(severity)}"
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield "| id | verdict | command | what differs | program |"
    yield "|---|---|---|---|---|"
    for finding in found[:SHOWN]:
        cells = (
            _code(finding.id),
            _verdict(record, finding),
            _code(finding.subject),
            _differs(finding),
            _program(finding),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    if len(found) > SHOWN:
        yield f"… and {len(found) - SHOWN} more in `report.html`.\n"
    yield "</details>"
    yield ""


def _verdict(record: Record, finding: Finding) -> str:
    explanation = record.run.explained.get(finding.known or "")
    target = link(explanation.upstream) if explanation else ""
    known = _code(finding.known) if finding.known else ""
    linked = f'<a href="{escape(target)}">{known}</a>' if target else known
    return f"{BADGES[finding.verdict]} {linked}".rstrip()


def _differs(finding: Finding) -> str:
    replies = f"{_code(one_line(finding.baseline, WIDTH))} → {_code(one_line(finding.candidate, WIDTH))}"
    cause = f"<br>follows from {_code(finding.caused_by)}" if finding.caused_by else ""
    return f"{_text(said(finding))}<br>{replies}{cause}"


def _program(finding: Finding) -> str:
    return "<br>".join(_code(line) for line in finding.program)


def _limits(record: Record) -> Iterable[str]:
    limits = not_tested(record)
    if not limits:
        return
    yield f"<details><summary>Not tested: {len(limits)}</summary>"
    yield ""
    for what, why in limits:
        yield f"- **{_text(what)}**: {_text(why)}"
    yield ""
    yield "</details>"
    yield ""


def _facts(record: Record) -> Iterable[str]:
    run = record.run
    if record.findings:
        yield "A finding again, on all engines, and as a script, test or text (RUN is this run's folder):"
        yield ""
        for name in ("reproduce", "bisect", "export"):
            yield f"    .venv/bin/python -m reports {name} RUN ID"
        yield ""
    yield f"{tested(record)}, {duration(run.totals.seconds)}, seed {run.seed}. Again:"
    yield ""
    yield f"    {printable(run.reproduce) or '.venv/bin/python -m reports show ' + shlex.quote(str(record.path))}"


def _code(text: str) -> str:
    """A code span that survives a table's cells and whatever the text holds."""
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """Text that Markdown takes as such: no tag, no cell, no emphasis, no link, no mention of anybody."""
    plain = escape(printable(text))
    return "".join(f"&#{ord(char)};" if char in "|`*_[]\\@~#" else char for char in plain)

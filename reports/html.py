"""`report.html`: one page that holds everything, needs nothing from outside and works without JavaScript.

This file turns a record into what the template shows; how that looks is the template's. Jinja escapes every
value: replies and programs hold whatever bytes a test came up with.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from reports.finding import Severity
from reports.headline import (
    BADGES,
    NEW,
    by_importance,
    headline,
    not_tested,
    outcome,
    said,
    tally,
    tested,
    warnings,
)
from reports.matrix import damaged, roads
from reports.replies import one_line
from reports.side_by_side import SideBySide, side_by_side
from reports.words import counted, duration, gibibytes, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Example, Finding
    from reports.record import Record
    from reports.run import Explanation

OPEN_AT_FIRST = 5  # unexplained breaking findings that are shown unfolded
MEANINGS = {
    "breaking": "A client that works with the baseline may stop working.",
    "additive": "Only new things: nobody who works with the baseline uses them.",
    "cosmetic": "Texts and inner representations that no client should depend on.",
}
_REFERENCE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)#(?P<number>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding as the page shows it."""

    number: int
    finding: Finding
    badge: str
    glance: str
    replies: SideBySide
    protocols: str
    explanation: Explanation | None
    link: str
    cause: tuple[str, Finding] | None  # what it follows from, and where that stands on the page
    effects: tuple[tuple[str, Finding], ...]  # what follows from it
    examples: tuple[tuple[Example, SideBySide], ...]
    evidence: tuple[tuple[str, str], ...]
    again: tuple[str, ...]  # commands to paste
    unfolded: bool

    @property
    def anchor(self) -> str:
        return f"d{self.number}"


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one severity, by command."""

    severity: str
    meaning: str
    counts: str
    commands: tuple[tuple[str, tuple[Card, ...]], ...]

    @property
    def size(self) -> int:
        return sum(len(cards) for _, cards in self.commands)


def html(record: Record) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "duration": duration, "gibibytes": gibibytes}
    environment.globals |= {"counted": counted}
    found = tally(record.findings)
    groups = list(_groups(record))
    return environment.get_template("report.html.j2").render(
        record=record,
        run=record.run,
        headline=headline(record),
        outcome=outcome(record),
        tested=tested(record),
        warnings=warnings(record),
        not_tested=not_tested(record),
        groups=groups,
        roads=roads(record.matrix),
        damaged=damaged(record.matrix),
        damaged_readers=sorted({cell.reader for cell in record.matrix if cell.damage}),
        tally=found,
        severities=[severity.value for severity in Severity],
        verdicts=BADGES,
        meanings=MEANINGS,
        rules=sorted({finding.rule for finding in record.findings}),
        commands=sorted({finding.subject for finding in record.findings}),
        judge_again=f".venv/bin/python -m reports judge {shlex.quote(str(record.path))}",
        mood=record.run.verdict or "inconclusive",
    )


def _groups(record: Record) -> Iterable[Group]:
    found = by_importance(record.findings)
    places = {each.id: (f"d{number_}", each) for number_, each in enumerate(found, start=1)}
    cards = [_card(record, number_, each, places) for number_, each in enumerate(found, start=1)]
    for severity in Severity:
        own = [card for card in cards if card.finding.severity == severity.value]
        by_command: dict[str, list[Card]] = {}
        for card in own:
            by_command.setdefault(card.finding.subject, []).append(card)
        counts = tally(card.finding for card in own).by_verdict(severity)
        yield Group(
            severity.value,
            MEANINGS[severity.value],
            counts,
            tuple((command, tuple(found)) for command, found in by_command.items()),
        )


def _card(record: Record, number_: int, finding: Finding, places: dict[str, tuple[str, Finding]]) -> Card:
    explanation = record.run.explained.get(finding.known or "")
    return Card(
        number=number_,
        finding=finding,
        badge=BADGES[finding.verdict],
        glance=_glance(finding),
        replies=side_by_side(finding.baseline, finding.candidate),
        protocols=_protocols(finding),
        explanation=explanation,
        link=link(explanation.upstream) if explanation else "",
        cause=places.get(finding.caused_by or ""),
        effects=tuple(place for place in places.values() if place[1].caused_by == finding.id),
        examples=tuple((each, side_by_side(each.baseline, each.candidate)) for each in finding.examples),
        evidence=tuple(
            (name, _evidence(value)) for name, value in finding.evidence.items() if name != "protocols"
        ),
        again=_again(record, finding),
        unfolded=finding.severity == "breaking" and finding.verdict == NEW and number_ <= OPEN_AT_FIRST,
    )


def _again(record: Record, finding: Finding) -> tuple[str, ...]:
    """The commands that show a finding again on the pair, and on every engine that can be had."""
    if not finding.program:
        return ()
    run = shlex.quote(str(record.path))
    return tuple(f".venv/bin/python -m reports {name} {run} {finding.id}" for name in ("reproduce", "bisect"))


def _glance(finding: Finding) -> str:
    """What differs, in one line: the sentence, and both replies where they are short."""
    both = f"{one_line(finding.baseline)} → {one_line(finding.candidate)}"
    return f"{said(finding)}: {both}" if len(both) <= 60 and both not in finding.message else said(finding)


def _protocols(finding: Finding) -> str:
    both = finding.evidence.get("protocols")
    return "RESP2 and RESP3" if isinstance(both, list) and len(both) > 1 else f"RESP{finding.protocol}"


def _evidence(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def link(upstream: str) -> str:
    """Where an upstream reference can be read; empty for what is neither a URL nor owner/repo#123."""
    reference = _REFERENCE.fullmatch(upstream)
    if reference:
        return f"https://github.com/{reference['repository']}/issues/{reference['number']}"
    return upstream if upstream.startswith(("https://", "http://")) else ""

"""Known differences as data: which findings they explain, for which engines, and why.

Two kinds of file have one shape: the project's ledger (`[[known]]`, each with an upstream source) and a
user's acceptances (`[[accepted]]`, each with a reason and an expiry date). This file matches; it never
decides whether a run passes. Reading files is `book.py`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reports.replies import masked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from reports.finding import Finding, Severity, WireReply
    from reports.ranges import EngineRange, Pair
    from topologies.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known or accepted difference."""

    id: str
    rule: str = ""
    subject: str = ""  # exact or with *
    differences: tuple[
        tuple[str, str], ...
    ] = ()  # instead of these: rules with their subjects, of one change
    baseline: tuple[EngineRange, ...] = ()  # none: any engine
    candidate: tuple[EngineRange, ...] = ()
    either: bool = False  # holds for the pair swapped, too
    signature: str = ""
    protocol: int | None = None
    topology: str = ""  # none: any; a program is replayed on standalone servers
    baseline_reply: str = ""  # regular expressions, found in the masked reply on one line
    candidate_reply: str = ""
    severity: Severity | None = None  # instead of the rule's, for the pair as written
    why: str = ""
    upstream: str = ""
    program: tuple[str, ...] = ()
    expires: date | None = None  # acceptances only

    def explains(self, finding: Finding, pair: Pair) -> bool:
        """Whether this entry is about that finding on this pair."""
        return self._is_about(finding) and (
            (self.spans(pair) and self._replies(finding, swapped=False))
            or (self.either and self.spans(pair.reversed) and self._replies(finding, swapped=True))
        )

    def applies(self, pair: Pair) -> bool:
        """Whether the pair is one that this entry speaks of, in a direction that it allows."""
        return self.spans(pair) or (self.either and self.spans(pair.reversed))

    def spans(self, pair: Pair) -> bool:
        """Whether the pair is in the ranges as written."""
        return _within(self.baseline, pair.baseline) and _within(self.candidate, pair.candidate)

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Rules with their subjects."""
        return self.differences or ((self.rule, self.subject),)

    @property
    def specificity(self) -> tuple[int, ...]:
        """Greater is more specific: by signature, by replies, by subject, by protocol, by topology."""
        subjects = [subject for _, subject in self.about]
        exact = not any("*" in subject for subject in subjects)
        patterns = bool(self.baseline_reply) + bool(self.candidate_reply)
        named = self.protocol is not None, bool(self.topology)
        return bool(self.signature), patterns, exact, max(map(len, subjects)), *named

    def _is_about(self, finding: Finding) -> bool:
        return (
            any(
                rule == finding.rule and fnmatchcase(finding.subject, subject) for rule, subject in self.about
            )
            and self.signature in {"", finding.signature}
            and self.protocol in {None, finding.protocol}
            and self.topology in {"", finding.topology}
        )

    def _replies(self, finding: Finding, *, swapped: bool) -> bool:
        ours, theirs = self.baseline_reply, self.candidate_reply
        if swapped:
            ours, theirs = theirs, ours
        return _found(ours, finding.baseline) and _found(theirs, finding.candidate)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries to explain findings by."""

    entries: tuple[Entry, ...] = ()

    def find(self, finding: Finding, pair: Pair) -> Entry | None:
        """The most specific entry that explains this finding; among equals the first."""
        explaining = [entry for entry in self.entries if entry.explains(finding, pair)]
        return max(explaining, key=lambda entry: entry.specificity, default=None)

    def match(self, finding: Finding, pair: Pair) -> str | None:
        """The id of the entry that explains this finding, or None."""
        entry = self.find(finding, pair)
        return entry.id if entry else None

    def get(self, entry_id: str | None) -> Entry | None:
        """The entry of this id."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)

    def applying(self, pair: Pair) -> tuple[Entry, ...]:
        """The entries that speak of this pair: those whose programs are worth replaying."""
        return tuple(entry for entry in self.entries if entry.applies(pair))


def stale(
    entries: Iterable[Entry],
    pair: Pair,
    *,
    matched: Collection[str],
    replayed: Mapping[str, bool],
    full: bool,
) -> tuple[str, ...]:
    """The ids of entries that speak of this pair and are no longer true.

    An entry that explained a finding holds. One that did not is stale when its program was replayed and
    showed no difference; without a program, when a full run found nothing for it. What was not replayed is
    not judged.
    """
    return tuple(
        entry.id
        for entry in entries
        if entry.applies(pair) and entry.id not in matched and _gone(entry, replayed, full=full)
    )


def _gone(entry: Entry, replayed: Mapping[str, bool], *, full: bool) -> bool:
    if entry.program:
        return replayed.get(entry.id) is False
    return full


def _within(ranges: tuple[EngineRange, ...], engine: Engine) -> bool:
    return not ranges or any(engine in one for one in ranges)


def _found(pattern: str, reply: WireReply) -> bool:
    return not pattern or re.search(pattern, masked(reply)) is not None

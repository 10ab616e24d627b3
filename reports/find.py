"""Which finding of a run somebody means: by its id, by the ledger's, by its signature."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from reports.record import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.finding import Finding

_HEX = re.compile(r"[0-9a-f]{1,64}")
_NEAR = 5


class NoSuchFinding(RecordError):  # noqa: N818  (reads as the sentence it is)
    """Nobody is meant, or several are; the message lists those that are near."""


def find_finding(findings: Sequence[Finding], text: str) -> Finding:
    """The finding that `text` names: its id or a unique beginning of it, a ledger id, or a signature.

    Raises:
        NoSuchFinding: there is none, or more than one.

    """
    found = [finding for finding in findings if finding.signature == text] or _by_id(findings, text)
    found = found or [finding for finding in findings if finding.known == text]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchFinding(f"{text!r} names {len(found)} findings; take the id of one:\n{_listed(found)}")
    if not findings:
        raise NoSuchFinding(f"no finding {text!r}: this run found no difference")
    near = _near(findings, text)
    told = (
        f"near ones:\n{_listed(near)}"
        if near
        else "`python -m reports show RUN` and report.html show the ids"
    )
    raise NoSuchFinding(f"no finding {text!r} among the {len(findings)} of this run; {told}")


def _by_id(findings: Sequence[Finding], text: str) -> list[Finding]:
    digits = text.lower()
    if not _HEX.fullmatch(digits):
        return []
    return [finding for finding in findings if finding.id.startswith(digits)]


def _near(findings: Sequence[Finding], text: str) -> list[Finding]:
    """Findings about a command of that name, or whose id or ledger id looks alike."""
    words = text.upper()
    about = [finding for finding in findings if finding.subject == words or words in finding.subject.split()]
    if about:
        return about[: 2 * _NEAR]
    names: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in filter(None, (finding.id, finding.known, finding.subject.lower())):
            names.setdefault(name, []).append(finding)
    alike = difflib.get_close_matches(text.lower(), names, n=_NEAR, cutoff=0.6)
    return list({each.id: each for name in alike for each in names[name]}.values())[: 2 * _NEAR]


def _listed(findings: Sequence[Finding]) -> str:
    shown = (f"  {each.id}  {each.subject}: {each.message}" for each in findings)
    return "\n".join(line if len(line) <= 110 else line[:109] + "…" for line in shown)

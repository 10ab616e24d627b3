"""How bad a difference in moves of data is: `persistence.*`. The table is in docs/ledger.md.

Both replies say what came of the same files, or of the same write: `whole`, `refused: …`, `silent-loss: …`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.finding import Severity
from reports.matrix import OUTCOMES, PARTIAL, REFUSED, WHOLE
from reports.replies import text_of

if TYPE_CHECKING:
    from reports.finding import WireReply

HANDLING = "persistence.damage"  # of files that something happened to


def severity_of_move(rule: str, subject: str, baseline: WireReply, candidate: WireReply) -> Severity:
    """Breaking, but for two things: the candidate does better with damaged files; or the way back is closed, and said
    to be, for data that the baseline never knew.
    """
    before, after = _outcome(baseline), _outcome(candidate)
    if rule == HANDLING:
        better = OUTCOMES.index(after) < OUTCOMES.index(before)
        return Severity.ADDITIVE if better else Severity.BREAKING
    new = " of " in subject  # `RDB of hash.field-expiry`
    closed = before in (REFUSED, PARTIAL) and after == WHOLE
    return Severity.ADDITIVE if new and closed else Severity.BREAKING


def _outcome(reply: WireReply) -> str:
    word = text_of(reply).decode("utf-8", "replace").partition(":")[0]
    return word if word in OUTCOMES else OUTCOMES[-1]

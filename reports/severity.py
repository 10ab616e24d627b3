"""How bad a difference is, by rule: who would notice it. The table in docs/ledger.md is this file in words.

This file sees one difference as two replies. It knows no engine, and no list of differences.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reports.finding import Severity
from reports.replies import canonical, elements, is_error, is_null, text_of

if TYPE_CHECKING:
    from reports.finding import WireReply

COSMETIC_RULES = frozenset({"agreement.error-text", "agreement.encoding"})
UNKNOWN_RULES = frozenset({"agreement.unknown-command", "agreement.unknown-argument"})
FAILURE_RULES = frozenset(
    {"agreement.crash", "agreement.garbled"}
)  # nobody works with what the baseline does

# For people at a prompt: prose, and a number that changes with every release.
PROSE_SUBJECTS = ("HELP", "* HELP", "LOLWUT", "COMMAND DOCS", "COMMAND COUNT")

# Replies that list what a server has. Clients pick what they know from them, so an entry more harms nobody.
LISTING_SUBJECTS = (
    "ACL CAT", "ACL GETUSER", "CLIENT INFO", "COMMAND", "COMMAND *", "CONFIG GET", "FUNCTION STATS", "HELLO",
    "INFO", "MEMORY STATS", "MODULE LIST", "XINFO *",
)  # fmt: skip

# A plain ERR about stored data guards that data; any other says that the request's form is not served.
_GUARD = re.compile(rb"overflow|no such key|value is not|is not a valid float|not an integer", re.IGNORECASE)
# How far a request got, by the error it met: the further, the more of it the server knows.
_STOPS = (
    re.compile(rb"^ERR unknown (?:(?:redis|valkey|server) )?command", re.IGNORECASE),
    re.compile(rb"^ERR unknown subcommand", re.IGNORECASE),
    re.compile(
        rb"^ERR .*(?:syntax error|wrong number of arg|unsupported|unknown |unrecognized|invalid (?:opt|arg))",
        re.IGNORECASE,
    ),
)


def severity_of(rule: str, subject: str, baseline: WireReply, candidate: WireReply) -> Severity:
    """Breaking unless a row of the table says that nobody who worked with the baseline would notice."""
    if rule in COSMETIC_RULES or _matches(subject, PROSE_SUBJECTS):
        return Severity.COSMETIC
    if rule.startswith("identity."):
        return _of_identity(baseline, candidate)
    if rule in UNKNOWN_RULES:
        return _of_unknown(baseline, candidate)
    if rule == "agreement.state":
        return Severity.BREAKING
    additive = (
        _newly_served(baseline, candidate)
        or _lists_more(subject, baseline, candidate)
        or _fails_no_more(rule, baseline, candidate)
    )
    return Severity.ADDITIVE if additive else Severity.BREAKING


def _fails_no_more(rule: str, baseline: WireReply, candidate: WireReply) -> bool:
    return rule in FAILURE_RULES and baseline.type == "none" != candidate.type


def _of_identity(baseline: WireReply, candidate: WireReply) -> Severity:
    """A field that is gone breaks whoever reads it; another value in it is what two engines are for."""
    if _absent(candidate):
        return Severity.BREAKING
    return Severity.ADDITIVE if _absent(baseline) else Severity.COSMETIC


def _of_unknown(baseline: WireReply, candidate: WireReply) -> Severity:
    """Only new things where the request got further on the candidate."""
    return Severity.ADDITIVE if _got_to(candidate) > _got_to(baseline) else Severity.BREAKING


def _got_to(reply: WireReply) -> int:
    if reply.type == "none":
        return -1
    if not is_error(reply):
        return len(_STOPS) + 1
    text = text_of(reply)
    return next((step for step, stop in enumerate(_STOPS) if stop.search(text)), len(_STOPS))


def _newly_served(baseline: WireReply, candidate: WireReply) -> bool:
    """The baseline refuses the request's form, so nobody sends it; the candidate serves it.

    An error with a code of its own (WRONGTYPE, NOAUTH, BUSYGROUP …) is not that: it protects something.
    """
    if not is_error(baseline) or is_error(candidate) or candidate.type == "none":
        return False
    text = text_of(baseline)
    return text.startswith(b"ERR ") and not _GUARD.search(text)


def _lists_more(subject: str, baseline: WireReply, candidate: WireReply) -> bool:
    if not _matches(subject, LISTING_SUBJECTS) or baseline.type != candidate.type:
        return False
    before, after = Counter(map(canonical, elements(baseline))), Counter(map(canonical, elements(candidate)))
    return bool(before) and before < after


def _absent(reply: WireReply) -> bool:
    return is_null(reply) or reply.type == "none" or is_error(reply)


def _matches(subject: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(subject, pattern) for pattern in patterns)

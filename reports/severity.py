"""How bad a difference is, by rule: who would notice it. The table in docs/ledger.md is this file in words.

This file sees one difference as two replies. It knows no engine, and no list of differences.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reports.finding import Severity
from reports.moves import severity_of_move
from reports.replies import canonical, elements, is_error, text_of
from reports.self_description import severity_of_description

if TYPE_CHECKING:
    from reports.finding import WireReply

# Rules that have a table of their own.
_TABLES = {
    "identity.": severity_of_description,
    "config.": severity_of_description,
    "persistence.": severity_of_move,
}
COSMETIC_RULES = frozenset({"agreement.error-text", "agreement.encoding"})
UNKNOWN_RULES = frozenset({"agreement.unknown-command", "agreement.unknown-argument"})
FAILURE_RULES = frozenset(
    {"agreement.crash", "agreement.garbled"}
)  # nobody works with what the baseline does

# For people at a prompt: prose, and a number that changes with every release.
PROSE_SUBJECTS = ("HELP", "* HELP", "LOLWUT", "COMMAND DOCS", "COMMAND COUNT")

# Replies with scores and places: clients read them as numbers.
SCORED_SUBJECTS = ("Z*", "GEO*")

# Replies that list what a server has. Clients pick what they know from them, so an entry more harms nobody.
LISTING_SUBJECTS = (
    "ACL CAT", "ACL GETUSER", "CLIENT INFO", "COMMAND", "COMMAND *", "CONFIG GET", "FUNCTION STATS", "HELLO",
    "INFO", "MEMORY STATS", "MODULE LIST", "XINFO *",
)  # fmt: skip

# A plain ERR about stored data guards that data; any other says that the request's form is not served.
_GUARD = re.compile(
    rb"overflow|no such key|index out of range|value is not|is not a valid float|not an integer",
    re.IGNORECASE,
)
# How far a request got, by the error it met: the further, the more of it the server knows.
_STOPS = (
    re.compile(rb"^ERR unknown (?:\w+ )?command", re.IGNORECASE),
    re.compile(rb"^ERR unknown subcommand", re.IGNORECASE),
    re.compile(
        rb"^ERR .*(?:syntax error|wrong number of arg|unsupported|unknown |unrecognized|invalid (?:opt|arg))",
        re.IGNORECASE,
    ),
)


def severity_of(rule: str, subject: str, baseline: WireReply, candidate: WireReply) -> Severity:
    """Breaking unless a row of the table says that nobody who worked with the baseline would notice."""
    for prefix, severity in _TABLES.items():
        if rule.startswith(prefix):
            return severity(rule, subject, baseline, candidate)
    if rule in COSMETIC_RULES or _matches(subject, PROSE_SUBJECTS):
        return Severity.COSMETIC
    if rule in UNKNOWN_RULES:
        return _of_unknown(baseline, candidate)
    if rule in ("agreement.state", "agreement.follow-up"):  # a follow-up is judged as its cause
        return Severity.BREAKING
    if rule == "agreement.value" and _matches(subject, SCORED_SUBJECTS) and same_numbers(baseline, candidate):
        return Severity.COSMETIC
    additive = (
        _newly_served(rule, baseline, candidate)
        or _lists_more(subject, baseline, candidate)
        or _fails_no_more(rule, baseline, candidate)
        or (rule == "agreement.push" and _tells_more(baseline, candidate))
    )
    return Severity.ADDITIVE if additive else Severity.BREAKING


def _tells_more(baseline: WireReply, candidate: WireReply) -> bool:
    """Whether all messages come that came, and others with them."""
    before, after = (Counter(map(canonical, elements(each))) for each in (baseline, candidate))
    return before < after


def _fails_no_more(rule: str, baseline: WireReply, candidate: WireReply) -> bool:
    return rule in FAILURE_RULES and baseline.type == "none" != candidate.type


def _of_unknown(baseline: WireReply, candidate: WireReply) -> Severity:
    """Only new things where the request got further on the candidate."""
    return Severity.ADDITIVE if _got_to(candidate) > _got_to(baseline) else Severity.BREAKING


def _got_to(reply: WireReply) -> int:
    if reply.type == "none" and not _waits(reply):
        return -1
    if not is_error(reply):
        return len(_STOPS) + 1
    text = text_of(reply)
    return next((step for step, stop in enumerate(_STOPS) if stop.search(text)), len(_STOPS))


def _waits(reply: WireReply) -> bool:
    """Whether there is no reply because the request is served: it waits for others, or a script runs."""
    return reply.type == "none" and reply.value == "waits"


def _newly_served(rule: str, baseline: WireReply, candidate: WireReply) -> bool:
    """The baseline refuses the request's form, so nobody sends it; the candidate gets further.

    An error with a code of its own (WRONGTYPE, NOAUTH, BUSYGROUP …) is not that: it protects something.
    """
    waits = rule != "agreement.waits" and _waits(candidate)  # of a request that the baseline does not know
    if not is_error(baseline) or (candidate.type == "none" and not waits):
        return False
    text = text_of(baseline)
    if not text.startswith(b"ERR ") or _GUARD.search(text):
        return False
    return not is_error(candidate) or _refuses_less(text, text_of(candidate))


def _refuses_less(baseline: bytes, candidate: bytes) -> bool:
    """Whether what the baseline refuses as a form is refused for what it is about: WRONGTYPE, NOGROUP."""
    form = _STOPS[-1].search(baseline) is not None
    return form and candidate[:4] != b"ERR " and candidate.split(b" ", 1)[1:] != baseline.split(b" ", 1)[1:]


def _lists_more(subject: str, baseline: WireReply, candidate: WireReply) -> bool:
    if not _matches(subject, LISTING_SUBJECTS) or baseline.type != candidate.type:
        return False
    if subject == "CONFIG GET" and not elements(baseline):
        return bool(elements(candidate))  # a directive that the baseline has not
    return _has_more(baseline, candidate)


def _has_more(baseline: WireReply, candidate: WireReply) -> bool:
    """Whether it has all elements and more; or as many, each of which has all that the other has, and one has more."""
    before, after = elements(baseline), elements(candidate)
    fewer, more = Counter(map(canonical, before)), Counter(map(canonical, after))
    if not fewer or fewer < more:
        return bool(fewer)
    if len(before) != len(after):
        return False
    pairs = [
        (one, other) for one, other in zip(before, after, strict=True) if canonical(one) != canonical(other)
    ]
    return all(one.type == other.type and _has_more(one, other) for one, other in pairs) and bool(pairs)


def same_numbers(baseline: WireReply, candidate: WireReply) -> bool:
    """Whether both say the same numbers, in whatever digits; 0 and -0 are two."""
    before, after = elements(baseline), elements(candidate)
    if baseline.type != candidate.type or len(before) != len(after):
        return False
    if before:
        return all(map(same_numbers, before, after))
    return baseline == candidate or _number(text_of(baseline)) == _number(text_of(candidate)) is not None


def _number(text: bytes) -> tuple[float, bool] | None:
    return (float(text), text.startswith(b"-")) if _FRACTION.fullmatch(text) else None


_FRACTION = re.compile(rb"-?\d+(\.\d+)?(e[+-]?\d+)?")


def _matches(subject: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(subject, pattern) for pattern in patterns)

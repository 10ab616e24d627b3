"""How bad a difference in what engines say of themselves is: `identity.*`, `config.*`. The table is in docs/ledger.md.

Nothing here is about what commands do; where that differs, a finding of another rule says so.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reports.finding import Severity
from reports.replies import elements, is_error, is_null, text_of

if TYPE_CHECKING:
    from reports.finding import WireReply

# For people: prose about commands, and why a parameter refuses a value.
PROSE_RULES = frozenset(
    {
        "identity.argument-names", "identity.complexity",
        "identity.documents", "identity.help", "identity.help-line", "identity.history",
        "identity.prose", "identity.summary", "config.refusal",
    }
)  # fmt: skip
# A flag as such, or a category: where one side never uses the word, it says of commands what their own flags would.
_WORD_RULES = {
    "identity.flag": "identity.flags",
    "identity.category": "identity.categories",
    "identity.tip": "identity.tips",
}
_KEY_RULES = frozenset({"identity.keys", "identity.key-specs"})
# Flags that say how a server works inside.
_INNER_FLAGS = frozenset(
    {
        "fast", "random", "sort_for_script", "may_replicate", "asking", "no_async_loading", "no_mandatory_keys",
        "module", "skip_monitor", "skip_slowlog", "skip_commandlog",
    }
)  # fmt: skip
# Flags that close a command to somebody, and flags that open it.
_CLOSING_FLAGS = frozenset({"noscript", "denyoom", "admin", "no_multi"})
_OPENING_FLAGS = frozenset({"loading", "stale", "allow_busy", "no_auth"})
# Categories that users are kept from as a whole.
_KEPT_FROM = frozenset({"@admin", "@blocking", "@dangerous"})
# Parameters whose defaults decide what clients get: limits, who may do what, what is told to whom.
_FELT_DEFAULTS = (
    "acl-pubsub-default", "busy-reply-threshold", "client-*-limit", "databases", "enable-*",
    "extended-redis-compatibility", "lua-*",
    "maxclients", "maxmemory", "maxmemory-policy", "maxmemory-clients", "min-*",
    "notify-keyspace-events", "proto-max-bulk-len", "protected-mode", "replica-read-only", "replica-serve-stale-data",
    "requirepass", "stop-writes-on-bgsave-error", "timeout",
)  # fmt: skip


def severity_of_description(rule: str, subject: str, baseline: WireReply, candidate: WireReply) -> Severity:
    """Who reads what engines say of themselves: clients, proxies, operators and their tools."""
    if rule in PROSE_RULES:
        return Severity.COSMETIC
    if rule in _WORD_RULES:
        return _of_words(_WORD_RULES[rule], _word(baseline), _word(candidate))
    if _absent(candidate) or _absent(baseline):
        return Severity.BREAKING if _absent(candidate) else Severity.ADDITIVE
    if baseline.type == "array" and candidate.type == "array":
        return _of_words(rule, _words(baseline), _words(candidate))
    return _of_texts(rule, subject, _text(baseline), _text(candidate))


def _of_words(rule: str, gone: frozenset[str], new: frozenset[str]) -> Severity:
    """The words that only the baseline has, and those that only the candidate has."""
    match rule:
        case "identity.flags":
            return _of_flags(gone, new)
        case "identity.tips":
            return _of_tips(gone, new)
        case "identity.arguments":
            return Severity.COSMETIC if gone else Severity.ADDITIVE
        case "identity.says-otherwise" | "identity.info-alone":
            return Severity.BREAKING if new else Severity.COSMETIC
        case "identity.categories":
            breaks = bool(gone or new & _KEPT_FROM)
        case _:  # where keys are, and what is done to them: proxies and ACLs go by every word of it
            breaks = bool(gone) or rule in _KEY_RULES
    return Severity.BREAKING if breaks else Severity.ADDITIVE


def _of_flags(gone: frozenset[str], new: frozenset[str]) -> Severity:
    gone, new = gone - _INNER_FLAGS, new - _INNER_FLAGS
    if not gone and not new:
        return Severity.COSMETIC
    return Severity.ADDITIVE if gone <= _CLOSING_FLAGS and new <= _OPENING_FLAGS else Severity.BREAKING


def _of_tips(gone: frozenset[str], new: frozenset[str]) -> Severity:
    """Policies tell cluster clients where to send a command and how to add up the replies; other tips are hints."""
    if any("_policy:" in each for each in gone):
        return Severity.BREAKING
    return Severity.ADDITIVE if any("_policy:" in each for each in new) else Severity.COSMETIC


def _of_texts(rule: str, subject: str, before: str, after: str) -> Severity:
    match rule:
        case "identity.arity":
            return Severity.ADDITIVE if _takes_all(int(before), int(after)) else Severity.BREAKING
        case "identity.type" | "identity.shape" | "identity.row":
            return Severity.BREAKING
        case "identity.form":
            return _of_forms(before, after)
        case "identity.usual-section":
            return Severity.BREAKING if after == "no" else Severity.ADDITIVE
        case "config.default":
            felt = any(fnmatchcase(subject, pattern) for pattern in _FELT_DEFAULTS)
            return Severity.BREAKING if felt else Severity.COSMETIC
    return Severity.COSMETIC


def _takes_all(before: int, after: int) -> bool:
    """Whether every number of arguments that the one arity allows is one that the other does: -2 is 2 or more."""
    return before == after or (after < 0 and abs(before) >= abs(after))


def _of_forms(before: str, after: str) -> Severity:
    """Another form breaks who parses it; more pairs, or something where nothing was, break nobody."""
    pairs, others = _pairs(before), _pairs(after)
    if before == "empty" or (pairs and pairs < others):
        return Severity.ADDITIVE
    return Severity.BREAKING


def _pairs(form: str) -> frozenset[str]:
    return frozenset(re.split(r",(?=[\w.%-]+\*?=)", form)) if "=" in form else frozenset()


def _words(reply: WireReply) -> frozenset[str]:
    return frozenset(text_of(each).decode() for each in elements(reply))


def _word(reply: WireReply) -> frozenset[str]:
    return frozenset() if _absent(reply) else frozenset({_text(reply)})


def _text(reply: WireReply) -> str:
    return text_of(reply).decode()


def _absent(reply: WireReply) -> bool:
    return is_null(reply) or reply.type == "none" or is_error(reply)

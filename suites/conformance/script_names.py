"""What a difference in a script's answer is named after: the smallest thing in the script that it can be put down to.

`script cjson.encode`, `script {double} redis.setresp`, `script HGETALL`; nothing behind `script` where the errors
themselves say what they are about. EVAL, FCALL and their kin share these names: one Lua, one cause.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command
from generators.scripts import constructs_of
from suites.conformance.masks import ERRORS, mask, text_of
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from suites.conformance.steps import Step

RULES_OF_SCRIPTS = frozenset(
    f"agreement.{rule}"
    for rule in (
        *("type", "value", "order", "error-code", "error-text", "unknown-argument", "unknown-command"),
        *("crash", "hang", "closed"),
    )
)
_RUN_SCRIPTS = frozenset(("EVAL", "EVAL_RO", "FCALL", "FCALL_RO"))
_TAKE_SCRIPTS = frozenset(("SCRIPT LOAD", "FUNCTION LOAD"))
# Errors at the first thing that one side does not know, whatever the script does then.
_STOPS_EARLY = re.compile(rb"nonexistent global variable '(\w+)'|:\d+: unexpected symbol near '#'")
_AT_RUN_TIME = re.compile(rb"\w:\d+: ")
_PLACE = re.compile(rb"user_(script|function):\d+: ")
# What an error of Lua is about: it names the cause, where quotes in other errors hold what was given.
_NAMED_PART = re.compile(rb"((?:variable|field|global|method|to) ')(\w+)(?=')")
# What errors lost or gained on their way into a script: "@user_script: 1: Unknown Redis command called from Lua".
_AROUND_AN_ERROR = re.compile(
    rb"@user_script: \d+: |=\[C\]: -1: |,ignore_error_stats_update=boolean:true|(?<=script)s\b"
    rb"|\b(err|from|lua|redis\(\)|redis|redict|valkey|server|lib) ",
    re.IGNORECASE,
)
_IS_COMMAND = re.compile(r"[A-Z][A-Z_-]*(\|[A-Z-]+)?")
_API = re.compile(rb"\b(redis|server|redict)(?=\.[a-z_]+)")


class ScriptName(NamedTuple):
    """A signature's parts."""

    rule: str
    constructs: tuple[str, ...]
    what: str


def runs_a_script(asked: Command) -> bool:
    """Whether its reply is what a script makes of it, or what is said of a script that is no good."""
    return asked.name in _RUN_SCRIPTS or asked.full_name in _TAKE_SCRIPTS


def stops_early(step: Step) -> bool:
    """Whether one side stops at a name, or at a first line, that it does not know."""
    return any(_stops(each) for each in (step.baseline, step.candidate))


def command_called(asked: Command) -> Command | None:
    """The command that a script calls, without its arguments; None where there are several, or none."""
    called = [word for word in constructs_of(asked) if _IS_COMMAND.fullmatch(word)]
    return Command(tuple(called[0].encode().split(b"|"))) if len(called) == 1 else None


def name_script(step: Step, rule: str) -> ScriptName:
    """The name of a difference in a script's answer."""
    baseline, candidate = first_that_differ(step.baseline, step.candidate)
    both = (baseline, candidate)
    if any(_stops(each) for each in both):  # whatever the other side makes of it: it is one difference
        return ScriptName("agreement.type", (), " | ".join(map(_how_far, both)))
    texts = [text_of(each) for each in both if each.kind in ERRORS]
    if len(texts) == 2 and _API.sub(b"", texts[0]) == _API.sub(b"", texts[1]):
        words = [found[0].decode() for text in texts if (found := _API.search(text))]
        return ScriptName(rule, (), " | ".join(f"errors say {word}." for word in words))
    if rule == "agreement.value" and _are_one_error(*map(text_of, both)):
        return ScriptName(rule, (), "errors read by the script")
    what = " | ".join(_answer(each, refused=len(texts) == 1) for each in both)
    return ScriptName(rule, () if _says_why(texts, rule) else constructs_of(step.asked), what)


def first_that_differ(baseline: Reply, candidate: Reply) -> tuple[Reply, Reply]:
    """The replies, or of aggregates the first elements that differ: what a script puts together differs there."""
    a, b = baseline.value, candidate.value
    if baseline.kind is candidate.kind and isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return next(
            (first_that_differ(x, y) for x, y in zip(a, b, strict=True) if x != y), (baseline, candidate)
        )
    return baseline, candidate


def _are_one_error(baseline: bytes, candidate: bytes) -> bool:
    return _AROUND_AN_ERROR.sub(b"", baseline).lower() == _AROUND_AN_ERROR.sub(b"", candidate).lower() != b""


def _says_why(texts: list[bytes], rule: str) -> bool:
    """Whether errors tell what they are about; those of engines differ by their texts, those of Lua by the script."""
    if any(_NAMED_PART.search(text) or b"shebang" in text for text in texts):
        return True
    return rule == "agreement.error-text" and not all(_AT_RUN_TIME.search(text) for text in texts)


def _stops(reply: Reply) -> str:
    stops = _STOPS_EARLY.search(text_of(reply)) if reply.kind in ERRORS else None
    return stops[0].decode("utf-8", "backslashreplace") if stops else ""


def _how_far(reply: Reply) -> str:
    """How a side ends that stops at a name or at a first line; the other one goes further."""
    return _stops(reply) or "goes further"


def _answer(reply: Reply, *, refused: bool) -> str:
    """A reply as `mask` has it; what Lua's own errors are about stays in it."""
    if reply.kind not in ERRORS:
        return "an answer" if refused and reply.kind is not Kind.NONE else mask(reply)
    text = _PLACE.sub(b"", text_of(reply))
    kept = _NAMED_PART.sub(lambda found: found[1].replace(b"'", b"<") + found[2] + b">", text)
    return mask(Reply(reply.kind, re.sub(rb"(<\w+>)'", rb"\1", kept)))

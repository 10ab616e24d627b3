"""What a difference between two replies is called: its rule, its subject and its signature.

| rule | the two replies |
|---|---|
| agreement.unknown-command | one side does not know the command or sub-command |
| agreement.unknown-argument | one side refuses an argument that the other takes, or refuses for another reason |
| agreement.type | have different wire types (an error is one) |
| agreement.error-code | are errors with different codes |
| agreement.error-text | are errors with one code and different texts |
| agreement.encoding | are encodings, of OBJECT ENCODING |
| agreement.order | have the same elements in another order |
| agreement.value | have one type and different values |
| agreement.state | are the same, and what they leave behind is not |
| agreement.no-reply | are one reply and none, although later commands are answered |
| agreement.hang, .closed | did not both come: time ran out, or the connection was closed |
| agreement.crash, .garbled | did not both come: the server died, or what came is no RESP |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generators.shrink import MAY_BLOCK
from generators.vocabulary import subcommands, tokens
from reports.severity import same_numbers
from suites.conformance.report import wire
from suites.conformance.steps import Step
from suites.conformance.tolerance import handed_on
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from generators.command import Command, Program

OTHER_DIGITS = "the same numbers in other digits"
UNKNOWN_ARGUMENT = "agreement.unknown-argument"
_ERRORS = (Kind.ERROR, Kind.BULK_ERROR)
_UNKNOWN_COMMAND = re.compile(
    rb"^ERR (unknown (command|subcommand)\b|Unknown (\w+ )?command called from)",
    re.IGNORECASE,
)
_REFUSED_ARGUMENT = re.compile(
    rb"syntax error|wrong number of (arguments|args)|unsupported option|unknown (option|argument|parameter)|"
    rb"unrecognized|invalid (option|argument)|unsupported unit",
    re.IGNORECASE,
)
# 6.x says this of a sub-command that it does not know, and of one that it knows.
_AMBIGUOUS = re.compile(rb"Unknown subcommand or wrong number of arguments")
_GENERAL = re.compile(rb"syntax error|wrong number of (arguments|args)|unsupported option", re.IGNORECASE)
# What an engine says whichever command it is asked: a script runs, memory is full, replicas are missing …
_CODES = ("BUSY", "OOM", "NOREPLICAS", "MASTERDOWN", "LOADING", "READONLY", "NOAUTH", "MISCONF", "NOPERM")
_SAID_TO_ALL = (
    (_AMBIGUOUS, "any sub-command"),
    (re.compile(rb"not allowed from"), "any command barred from scripts"),
    (re.compile(rb"Script killed by user"), "any script that is killed"),
    (re.compile(rb"are allowed in this context"), "any command of a subscriber"),
    (re.compile(rb"Command (.* )?not allowed inside a transaction"), "any command barred from transactions"),
    *((re.compile(rf"\b{code} ".encode()), f"any command that gets {code}") for code in _CODES),
)
_TOKENS = tokens()
_INCIDENTS = {
    b"timeout": "hang",
    b"closed": "closed",
    b"died": "crash",
    b"no reply": "no-reply",
    b"a reply": "no-reply",
    b"waits": "waits",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A step that differs, named."""

    step: Step
    rule: str
    subject: str
    signature: str
    loose: str  # the signature without the tokens: what stays the same while a program shrinks
    tokens: frozenset[str] = frozenset()

    @property
    def replies(self) -> tuple[Reply, Reply]:
        return self.step.baseline, self.step.candidate


def name_difference(step: Step) -> Difference:
    """The name of a step whose replies differ. One that a script hands on is named after the command handed on."""
    texts = in_script(step.baseline), in_script(step.candidate)
    if None not in texts and texts[0] == texts[1]:
        what = f"{_suffix(step.baseline)} | {_suffix(step.candidate)}"
        return _of_any(step, "agreement.error-text", step.asked.name, "any error in a script", what)
    return _named(
        Step(
            step.line, handed_on(step.asked), _without_suffix(step.baseline), _without_suffix(step.candidate)
        ),
        step,
    )


def _named(step: Step, seen: Step) -> Difference:
    subject, rule = _subject(step), _rule(step)
    named, what = _named_what(step, rule, subject)
    which = _any_of(step, rule)
    if which is not None:
        return _of_any(seen, rule, "EVAL" if "scripts" in which else subject, which, what)
    return Difference(
        step=seen,
        rule=rule,
        subject=subject,
        signature=f"{rule} | {named} | {what}",
        loose=f"{rule} | {subject} | {what}",
        tokens=frozenset(named.split()),
    )


def _named_what(step: Step, rule: str, subject: str) -> tuple[str, str]:
    """What a signature says of the command, and of the replies."""
    refused = [reply.kind in _ERRORS for reply in (step.baseline, step.candidate)]
    match rule:
        case "agreement.unknown-command":
            return subject, "baseline" if _is_unknown(step.baseline) else "candidate"
        case "agreement.unknown-argument":
            named = with_tokens(step.asked, subject) if _names_no_argument(step) else subject
            return named, f"{_refusal(step.baseline)} | {_refusal(step.candidate)}"
        case "agreement.encoding":
            return with_tokens(step.asked), f"{_plain(step.baseline)} | {_plain(step.candidate)}"
    if rule == "agreement.value" and say_the_same_numbers(step.baseline, step.candidate):
        return subject, OTHER_DIGITS
    first = "an answer" if refused == [False, True] else mask(step.baseline)
    second = "an answer" if refused == [True, False] else mask(step.candidate)
    # An error's text tells causes apart, tokens would tell one cause twice.
    return subject if any(refused) else with_tokens(step.asked), f"{first} | {second}"


def _any_of(step: Step, rule: str) -> str | None:
    """Which commands have this difference from one cause, so that it is one finding; None for this command only."""
    texts = _bytes(step.baseline) + _bytes(step.candidate)
    refused = step.baseline.kind in _ERRORS or step.candidate.kind in _ERRORS
    if refused and b"QUEUED" in (step.baseline.value, step.candidate.value):
        return "any command that is refused when queued"
    if rule != "agreement.error-text":
        return None
    if _is_unknown(step.baseline) and _is_unknown(step.candidate):
        return "any unknown command"
    return next((which for said, which in _SAID_TO_ALL if said.search(texts)), None)


def _of_any(step: Step, rule: str, subject: str, which: str, what: str) -> Difference:
    """A text that is the same whichever command it answers: one difference for all of them."""
    signature = f"{rule} | {which} | {what}"
    return Difference(step=step, rule=rule, subject=subject, signature=signature, loose=signature)


# Where an error happened in a script: 7.x "… script: SHA, on @user_script:1.", 9.1 "… script: on @user_script:1.",
# 6.x "ERR Error running script (call to f_SHA): @user_script:1: …"
_SCRIPT_SUFFIX = re.compile(rb" script: .*on @?\w+(:\d+)?\.$", re.DOTALL)
_SCRIPT_PREFIX = re.compile(
    rb"^ERR Error running script \(call to \w+\): @?[\w.]+:(\d+:)? (@user_script: \d+: )?"
)
_HAS_CODE = re.compile(rb"[A-Z]+ ")


def in_script(reply: Reply) -> bytes | None:
    """An error's text without the place in the script that it came from; None where it names no such place."""
    if reply.kind not in _ERRORS or not isinstance(reply.value, bytes):
        return None
    text = _SCRIPT_PREFIX.sub(b"", _SCRIPT_SUFFIX.sub(b"", reply.value))
    if text == reply.value:
        return None
    return text if _HAS_CODE.match(text) else b"ERR " + text


def _without_suffix(reply: Reply) -> Reply:
    text = in_script(reply)
    return reply if text is None else Reply(reply.kind, text)


def _suffix(reply: Reply) -> str:
    """How it says where in a script an error happened, without the error."""
    before, after = _SCRIPT_PREFIX.search(_bytes(reply)), _SCRIPT_SUFFIX.search(_bytes(reply))
    place = (b"ERR Error running script: " if before else b"") + b"TEXT" + (after[0] if after else b"")
    return mask(Reply(reply.kind, place))


def _names_no_argument(step: Step) -> bool:
    """Whether the refusal could be about any argument, so that only the tokens tell which."""
    return any(_GENERAL.search(_bytes(reply)) for reply in (step.baseline, step.candidate))


def _refusal(reply: Reply) -> str:
    """How the side that refuses does it; what the other says depends on its data."""
    return mask(reply) if _refuses(reply) else "taken"


def _plain(reply: Reply) -> str:
    return (
        reply.value.decode("utf-8", "backslashreplace")
        if isinstance(reply.value, bytes)
        else reply.kind.value
    )


def may_be_an_argument(difference: Difference) -> bool:
    """Whether both sides refuse, and only one of them an argument: another value may show that one takes it."""
    refused = [_refuses(reply) for reply in difference.replies]
    return difference.rule == "agreement.error-text" and refused[0] != refused[1]


def of_pipeline(difference: Difference, program: Program) -> Difference:
    """The same, named after the command that blocks, where a hang was seen in a pipeline only: which of the replies
    behind it came in time is chance.
    """
    blocks = [each for each in program if each.name in MAY_BLOCK]
    if difference.rule != "agreement.hang" or not blocks:
        return difference
    name = "agreement.hang | any command that blocks | the rest of the pipeline"
    return replace(difference, subject=subject_of(blocks[0]), signature=name, loose=name, tokens=frozenset())


def of_script(difference: Difference) -> Difference:
    """The same, named after EVAL where the shortest program still needs the script around the command."""
    if handed_on(difference.step.asked) is difference.step.asked or " | any " in difference.signature:
        return difference
    return replace(difference, subject="EVAL", signature=f"{difference.signature} | in a script")


def subject_of(asked: Command) -> str:
    """What a finding names: `GET`, `OBJECT ENCODING`."""
    return asked.full_name


def _subject(step: Step) -> str:
    """The same; the container alone where both sides refuse and its second word is any word: `XINFO a`."""
    asked = step.asked
    both = all(reply.kind in _ERRORS or reply.value == b"QUEUED" for reply in (step.baseline, step.candidate))
    if _is_unknown(step.baseline) != _is_unknown(step.candidate):
        unknown = _bytes(step.baseline if _is_unknown(step.baseline) else step.candidate)
        return subject_of(asked) if b"subcommand" in unknown.lower() else asked.name
    return asked.name if both and asked.full_name not in subcommands() else subject_of(asked)


def _rule(step: Step) -> str:  # noqa: PLR0911  (a table in the order of the docs' table)
    a, b = step.baseline, step.candidate
    if Kind.NONE in (a.kind, b.kind):
        return f"agreement.{_incident(a if a.kind is Kind.NONE else b)}"
    if _is_unknown(a) != _is_unknown(b) and not (_refuses(a) and _refuses(b)):
        return "agreement.unknown-command"  # 6.x: "Unknown subcommand or wrong number of arguments" is either
    both_refuse_alike = a.kind in _ERRORS and a.kind is b.kind and _code(a) == _code(b)
    if _refuses(a) != _refuses(b) and not both_refuse_alike:
        return UNKNOWN_ARGUMENT
    if a.kind in _ERRORS and a.kind is b.kind:
        return "agreement.error-text" if both_refuse_alike else "agreement.error-code"
    if a.kind is not b.kind:
        return "agreement.type"
    if subject_of(step.asked) == "OBJECT ENCODING":
        return "agreement.encoding"
    if isinstance(a.value, tuple) and isinstance(b.value, tuple):
        return _rule_of_aggregates(a.value, b.value)
    return "agreement.value"


def _rule_of_aggregates(a: tuple[Reply, ...], b: tuple[Reply, ...]) -> str:
    """Order where the elements are the same; else what the first elements that differ are."""
    if sorted(map(repr, a)) == sorted(map(repr, b)) and not _same_fields(a, b):
        return "agreement.order"
    if len(a) == len(b):
        first, second = next((x, y) for x, y in zip(a, b, strict=True) if x != y)
        if isinstance(first.value, tuple) and isinstance(second.value, tuple) and first.kind is second.kind:
            return _rule_of_aggregates(first.value, second.value)
        if first.kind is not second.kind and not _nothing(first) and not _nothing(second):
            return "agreement.type"
    return "agreement.value"


def say_the_same_numbers(baseline: Reply, candidate: Reply) -> bool:
    """Whether replies that differ do so only in digits: `0.1` and `0.10000000000000001`."""
    return same_numbers(wire(baseline), wire(candidate))


def _same_fields(a: tuple[Reply, ...], b: tuple[Reply, ...]) -> bool:
    """Whether both are fields and values by turns, with the same fields: then two values changed places."""
    fields, others = a[::2], b[::2]
    return (
        len(a) > 2 and len(a) % 2 == 0 and fields == others and all(each.kind is Kind.BULK for each in fields)
    )


def _nothing(reply: Reply) -> bool:
    return reply.value is None


def _incident(reply: Reply) -> str:
    return _INCIDENTS.get(reply.value, "garbled") if isinstance(reply.value, bytes) else "garbled"


def _is_unknown(reply: Reply) -> bool:
    return (
        reply.kind in _ERRORS and isinstance(reply.value, bytes) and bool(_UNKNOWN_COMMAND.match(reply.value))
    )


def _refuses(reply: Reply) -> bool:
    return (
        reply.kind in _ERRORS
        and isinstance(reply.value, bytes)
        and bool(_REFUSED_ARGUMENT.search(reply.value))
    )


def _bytes(reply: Reply) -> bytes:
    return reply.value if isinstance(reply.value, bytes) else b""


def _code(reply: Reply) -> bytes:
    return reply.value.split(b" ", 1)[0] if isinstance(reply.value, bytes) else b""


def with_tokens(asked: Command, subject: str = "") -> str:
    """The subject with the tokens that stand in the command: `SET … GET KEEPTTL`."""
    subject = subject or subject_of(asked)
    known = set(subject.encode().split())
    present = {
        word.decode() for arg in asked.args[1:] if (word := arg.upper()) in _TOKENS and word not in known
    }
    return " ".join((subject, *sorted(present)))


_QUOTED = re.compile(rb"(?<![a-z])'[^']*'|`[^`]*`|\"[^\"]*\"")
_NUMBER = re.compile(rb"-?\b\d+(\.\d+)?\b")
_SHA = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


# Places where an engine repeats what it was given, without quotes around it.
_ECHOES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb"(with args beginning with:).*",
        rb"(\bmember) .*(?= does not exist)",
        rb"(Unrecognized REPLCONF option:).*",
        rb"(No such user) .*",
        rb"(Unsupported option) .*",
        rb"((?i:unknown argument):) .*",
        rb"(Unable to find category) .*",
        rb"(category) .*(?= does not exist)",
        rb"(\. Try) \w+(?= HELP)",
    )
)


def mask(reply: Reply) -> str:
    """A reply without what varies: an error's text without numbers, names and arguments; else its type."""
    if reply.kind is Kind.NONE and isinstance(reply.value, bytes):
        return reply.value.split(b":")[0].decode()
    if reply.kind not in _ERRORS or not isinstance(reply.value, bytes):
        return reply.kind.value
    text = _SHA.sub(b"SHA", reply.value)
    text = _NUMBER.sub(b"N", _QUOTED.sub(b"'_'", text))
    for echo in _ECHOES:
        text = echo.sub(rb"\1 _", text)
    return "(error) " + text.decode("utf-8", "backslashreplace")

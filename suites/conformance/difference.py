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
| agreement.follow-up | are not the same, and neither is what they leave behind: see reports/causes.py |
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
from suites.conformance.masks import ERRORS, mask, text_of
from suites.conformance.report import wire
from suites.conformance.script_names import (
    RULES_OF_SCRIPTS,
    command_called,
    name_script,
    runs_a_script,
    stops_early,
)
from suites.conformance.steps import Step
from suites.conformance.tolerance import handed_on
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from generators.command import Command, Program
    from generators.tree import Tree

OTHER_DIGITS = "the same numbers in other digits"
UNKNOWN_ARGUMENT = "agreement.unknown-argument"
_UNKNOWN_COMMAND = re.compile(
    rb"^ERR (unknown (command|subcommand)\b|Unknown (\w+ )?command called from)",
    re.IGNORECASE,
)
_REFUSED_ARGUMENT = re.compile(
    rb"syntax error|(wrong|action or) number of (arguments|args)|unsupported option|"
    rb"unknown (option|argument|parameter)|"
    rb"unrecognized|invalid (option|argument)|unsupported unit",
    re.IGNORECASE,
)
_UNKNOWN_CONTAINER = re.compile(rb"^ERR unknown command\b", re.IGNORECASE)
_CALLED_FROM = re.compile(rb"command called from")  # what a script is told of a command that nobody knows
# 6.x says this of a sub-command that it does not know, and of one that it knows; 7.x, in lower case, of those only.
_AMBIGUOUS = re.compile(rb"Unknown subcommand or wrong number of arguments")
_GENERAL = re.compile(
    rb"syntax error|(wrong|action or) number of (arguments|args)|unsupported option", re.IGNORECASE
)
# A key of a slot that is not the script's, or not the node's: the text names no command, or the one that was called.
_OUT_OF_REACH = re.compile(rb"[Ss]cript attempted to access (a|keys|a non local key)")
# What an engine says whichever command it is asked: a script runs, memory is full, replicas are missing …
_CODES = ("BUSY", "OOM", "NOREPLICAS", "MASTERDOWN", "LOADING", "READONLY", "NOAUTH", "MISCONF", "NOPERM")
_SAID_TO_ALL = (
    (_AMBIGUOUS, "any sub-command"),
    (re.compile(rb"not allowed from"), "any command barred from scripts"),
    (re.compile(rb"Script killed by user"), "any script that is killed"),
    (_OUT_OF_REACH, "any key that scripts may not reach"),
    (re.compile(rb"are allowed in this context"), "any command of a subscriber"),
    (re.compile(rb"Command (.* )?not allowed inside a transaction"), "any command barred from transactions"),
    *((re.compile(rf"\b{code} ".encode()), f"any command that gets {code}") for code in _CODES),
)
_KNOWN_AFTER_ALL = re.compile(rb"unknown subcommand or wrong number of arguments")
_TOKENS = set(tokens())
_SUBCOMMANDS = set(subcommands())
# Command: its tokens that only one engine of this run describes, with the side that does, 0 or 1.
_ONE_SIDED: dict[str, dict[str, int]] = {}
_INCIDENTS = {
    b"timeout": "hang",
    b"closed": "closed",
    b"died": "crash",
    b"no reply": "no-reply",
    b"a reply": "no-reply",
    b"waits": "waits",
}


def learn(tree: Tree) -> None:
    """Takes in tokens and sub-commands that the engines of this run name, beside those of the vocabulary."""
    for syntax in tree.values():
        _TOKENS.update(token.encode() for token in syntax.tokens if token.isupper() and len(token) > 1)
        if len(syntax.words) > 1:
            _SUBCOMMANDS.add(syntax.name)
        _ONE_SIDED[syntax.name] = {token: min(sides) for token, sides in syntax.one_sided.items()}


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
    runs = runs_a_script(step.asked) and rule in RULES_OF_SCRIPTS
    if runs and stops_early(step) and not _lacks_container(step):
        return _of_script(step, seen, rule, subject)
    scripted = runs and not _does_not_know_scripts(step)
    called = command_called(step.asked) if scripted and rule == "agreement.unknown-command" else None
    if called is not None:
        return _named(Step(step.line, called, step.baseline, step.candidate), seen)
    which = _any_of(step, rule)
    named, what = _named_what(step, rule, subject)
    if which is not None:
        return _of_any(seen, rule, "EVAL" if "scripts" in which else subject, which, what)
    if scripted:
        return _of_script(step, seen, rule, subject)
    return Difference(
        step=seen,
        rule=rule,
        subject=subject,
        signature=f"{rule} | {named} | {what}",
        loose=f"{rule} | {subject} | {what}",
        tokens=frozenset(named.split()),
    )


def _of_script(step: Step, seen: Step, rule: str, subject: str) -> Difference:
    name = name_script(step, rule)
    if rule == "agreement.value" and say_the_same_numbers(step.baseline, step.candidate):
        name = name._replace(what=OTHER_DIGITS)
    return Difference(
        step=seen,
        rule=rule,
        subject=subject,
        signature=f"{name.rule} | {' '.join(('script', *name.constructs))} | {name.what}",
        loose=f"{name.rule} | script | {name.what}",
        tokens=frozenset(name.constructs),
    )


def _does_not_know_scripts(step: Step) -> bool:
    """Whether a side does not know the command that runs the script: FCALL, on servers without functions."""
    return any(
        _is_unknown(each) and b"called from" not in text_of(each) for each in (step.baseline, step.candidate)
    )


def _named_what(step: Step, rule: str, subject: str) -> tuple[str, str]:
    """What a signature says of the command, and of the replies."""
    refused = [reply.kind in ERRORS for reply in (step.baseline, step.candidate)]
    match rule:
        case "agreement.unknown-command":
            lacks = _UNKNOWN_CONTAINER.match(text_of(step.baseline)) or not _lacks_container(step)
            return subject, "baseline" if lacks and _is_unknown(step.baseline) else "candidate"
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
    texts = text_of(step.baseline) + text_of(step.candidate)
    refused = step.baseline.kind in ERRORS or step.candidate.kind in ERRORS
    queued = b"QUEUED" in (step.baseline.value, step.candidate.value)
    if rule == "agreement.unknown-command" and (_lacks_container(step) or _subject(step) in _SUBCOMMANDS):
        return None  # queued or not, one side does not know it
    if refused and queued:
        return "any command that is refused when queued"
    if rule == "agreement.error-code" and {_code(step.baseline), _code(step.candidate)} <= _REDIRECTIONS:
        return "any command whose keys are elsewhere"
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
# A chunk of loadstring() is called by its text: "… script: SHA, on return x:1."
_SCRIPT_SUFFIX = re.compile(
    rb" script: (\w+, )?on [^'\"]{1,200}\.$|" rb" script: .*on @?\w+(:\d+)?\.$", re.DOTALL
)
_OF_LOADSTRING = re.compile(rb"\bon [^@].*(:\d+)?\.$", re.DOTALL)
_SCRIPT_PREFIX = re.compile(
    rb"^ERR Error running script \(call to \w+\): (@?[\w.]+|[^:'\"@]{1,100}):(\d+:)? (@user_script: \d+: )?"
    rb"|^@user_script: \d+: "
)
_RAISED_AGAIN = re.compile(
    rb"^ERR user_(script|function):\d+: (?=ERR )|(?<=^ERR )(user_script:\d+: )?=\[C\]: -1: "
)
_REDIRECTIONS = {b"MOVED", b"ASK", b"TRYAGAIN", b"CROSSSLOT", b"CLUSTERDOWN"}  # by cluster nodes
_HAS_CODE = re.compile(rb"[A-Z]+ ")


def in_script(reply: Reply) -> bytes | None:
    """An error's text without the place in the script that it came from; None where it names no such place."""
    if reply.kind not in ERRORS or not isinstance(reply.value, bytes):
        return None
    text = _SCRIPT_PREFIX.sub(b"", _SCRIPT_SUFFIX.sub(b"", reply.value))
    if text == reply.value:
        return None
    return _RAISED_AGAIN.sub(b"", text if _HAS_CODE.match(text) else b"ERR " + text)


def _without_suffix(reply: Reply) -> Reply:
    text = in_script(reply)
    return reply if text is None else Reply(reply.kind, text)


def _suffix(reply: Reply) -> str:
    """How it says where in a script an error happened, without the error."""
    before, after = _SCRIPT_PREFIX.search(text_of(reply)), _SCRIPT_SUFFIX.search(text_of(reply))
    behind = _OF_LOADSTRING.sub(b"on @user_script:1.", after[0]) if after else b""
    place = (b"ERR Error running script: " if before else b"") + b"TEXT" + behind
    return mask(Reply(reply.kind, place))


def _names_no_argument(step: Step) -> bool:
    """Whether the refusal could be about any argument, so that only the tokens tell which."""
    return any(_GENERAL.search(text_of(reply)) for reply in (step.baseline, step.candidate))


def _refusal(reply: Reply) -> str:
    """How the side that refuses does it; what the other says depends on its data."""
    return mask(reply) if _refuses(reply) else "taken"


def _plain(reply: Reply) -> str:
    return (
        reply.value.decode("utf-8", "backslashreplace")
        if isinstance(reply.value, bytes)
        else reply.kind.value
    )


def refusals(difference: Difference) -> list[tuple[int, str]]:
    """The sides that refuse an argument, 0 or 1, and how."""
    return [(side, mask(reply)) for side, reply in enumerate(difference.replies) if _refuses(reply)]


def lacked(difference: Difference) -> list[tuple[int, str]]:
    """Tokens of the command that only the other side describes, with the side that answers them with an error."""
    asked = handed_on(difference.step.asked)
    described = _ONE_SIDED.get(subject_of(asked), {})
    words = (
        {arg.upper().decode("utf-8", "backslashreplace") for arg in asked.args[1:]} if described else set()
    )
    return [
        (1 - side, token)
        for token, side in described.items()
        if token in words and difference.replies[1 - side].kind in ERRORS
    ]


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
    if _lacks_container(step):
        return asked.name
    if _is_unknown(step.baseline) != _is_unknown(step.candidate):
        unknown = text_of(step.baseline if _is_unknown(step.baseline) else step.candidate)
        of_container = b"subcommand" in unknown.lower() or _CALLED_FROM.search(unknown)
        return subject_of(asked) if of_container else asked.name
    both = all(reply.kind in ERRORS or reply.value == b"QUEUED" for reply in (step.baseline, step.candidate))
    return asked.name if both and asked.full_name not in _SUBCOMMANDS else subject_of(asked)


def command_lacked(difference: Difference) -> str | None:
    """The command that was asked, by the name that one side does not know; None where it knows it, or may know it."""
    asked, texts = difference.step.asked, b"|".join(map(text_of, difference.replies))
    if (
        difference.rule != "agreement.unknown-command"
        or _CALLED_FROM.search(texts)
        or _AMBIGUOUS.search(texts)
    ):
        return None
    return difference.subject if difference.subject in (asked.name, asked.full_name) else None


def _lacks_container(step: Step) -> bool:
    """Whether one side knows the whole command not, so that none of its sub-commands is a difference of its own."""
    texts = text_of(step.baseline), text_of(step.candidate)
    unknown = [bool(_UNKNOWN_CONTAINER.match(text)) for text in texts]
    return unknown[0] != unknown[1] and not any(_CALLED_FROM.search(text) for text in texts)


def _rule(step: Step) -> str:  # noqa: PLR0911  (a table in the order of the docs' table)
    a, b = step.baseline, step.candidate
    if Kind.NONE in (a.kind, b.kind) and not _keeps_from_waiting(step):
        return f"agreement.{_incident(a if a.kind is Kind.NONE else b)}"
    if _lacks_container(step) or (_is_unknown(a) != _is_unknown(b) and not (_refuses(a) and _refuses(b))):
        return "agreement.unknown-command"  # 6.x: "Unknown subcommand or wrong number of arguments" is either
    both_refuse_alike = a.kind in ERRORS and a.kind is b.kind and _code(a) == _code(b)
    if _refuses(a) != _refuses(b) and not both_refuse_alike:
        return UNKNOWN_ARGUMENT
    if a.kind in ERRORS and a.kind is b.kind:
        return "agreement.error-text" if both_refuse_alike else "agreement.error-code"
    if a.kind is not b.kind:
        return "agreement.type"
    if subject_of(step.asked) == "OBJECT ENCODING":
        return "agreement.encoding"
    if isinstance(a.value, tuple) and isinstance(b.value, tuple):
        return _rule_of_aggregates(a.value, b.value)
    return "agreement.value"


def _keeps_from_waiting(step: Step) -> bool:
    """Whether one side waits, as it was asked to, and the other does not know what it is asked."""
    replies = (step.baseline, step.candidate)
    waits = any(each.kind is Kind.NONE and each.value == b"waits" for each in replies)
    return waits and (any(_is_unknown(each) or _refuses(each) for each in replies) or stops_early(step))


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
    text = text_of(reply) if reply.kind in ERRORS else b""
    return bool(_UNKNOWN_COMMAND.match(text)) and not _KNOWN_AFTER_ALL.search(text)


def _refuses(reply: Reply) -> bool:
    return (
        reply.kind in ERRORS
        and isinstance(reply.value, bytes)
        and bool(_REFUSED_ARGUMENT.search(reply.value))
    )


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

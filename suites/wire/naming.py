"""What a difference below the commands is called. One cause is one name, whichever bytes showed it.

An error's text tells causes apart by itself, and most often names what it is about. Other differences of one subject
are told apart by the features of what was sent.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from generators.command import Command
from suites.conformance.difference import Difference, name_difference
from suites.conformance.masks import mask
from suites.conformance.steps import Step
from suites.wire.parting import HELLO, breaks_off, greets
from suites.wire.subject import About, about
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from generators.raw import Line, Lines
    from suites.wire.parting import Parting

_UNKNOWN = re.compile(rb"ERR unknown command ", re.IGNORECASE)
_SUBSCRIBED = re.compile(rb"ERR Can't execute '[^']*'")
_TOPICS = (  # what a protocol error is about, by its text
    (re.compile(rb"unauthenticated"), "UNAUTHENTICATED"),
    (re.compile(rb"inline|unbalanced"), "INLINE"),
    (re.compile(rb"multibulk|mbulk"), "MULTIBULK"),
    (re.compile(rb"bulk|expected"), "BULK LENGTH"),
)
_TOLD_BY_TEXT = ("agreement.error-text", "agreement.error-code", "agreement.unknown-command")
_ANY_UNKNOWN = mask(Reply(Kind.ERROR, b"ERR unknown command 'a', with args beginning with: 'a'"))


def named(lines: Lines, parting: Parting) -> Difference:
    """The difference, named after what was sent."""
    a, b = parting.baseline, parting.candidate
    ended = any(reply.kind is Kind.NONE and reply.value != b"no reply" for reply in (a, b))
    missing = Kind.NONE in (a.kind, b.kind)
    sent = about(lines, parting.cause, None if ended else parting.place, missing=missing)
    step = Step(parting.line, _asked(lines[parting.line], sent.subject), a, b)
    return _by_text(step, sent) or _by_features(step, sent)


def _by_text(step: Step, sent: About) -> Difference | None:
    """Named by what the replies say, where that tells all."""
    a, b = step.baseline, step.candidate
    if _ends_server(a) != _ends_server(b):
        rule = "hang" if b"timeout" in (a.value, b.value) else "crash"
        what = " | ".join("ends" if _ends_server(reply) else "goes on" for reply in (a, b))
        return _of(step, rule, sent.subject, what)
    if greets(a) and greets(b):
        return name_difference(step._replace(asked=HELLO))
    if breaks_off(a) or breaks_off(b):
        return _of_protocol(step, sent)
    return _of_refusals(step, sent)


def _of_refusals(step: Step, sent: About) -> Difference | None:
    a, b = step.baseline, step.candidate
    texts = [reply.value if isinstance(reply.value, bytes) else b"" for reply in (a, b)]
    if all(map(_UNKNOWN.match, texts)) and _letters(a) == _letters(b):
        what = f"any unknown command | {_ANY_UNKNOWN} | {_ANY_UNKNOWN}"
        return _of(step, "error-text", sent.subject, what, whole="")
    if all(map(_SUBSCRIBED.match, texts)):
        rest = " | ".join(_SUBSCRIBED.sub(b"", text).decode("utf-8", "replace") for text in texts)
        return _of(step, "error-text", "SUBSCRIBE", f"any command of a subscriber | {rest}", whole="")
    if (
        sent.subject == "UNAUTHENTICATED"
        and sum(text.startswith(b"NOAUTH") for text in texts) == 1
        and _both_refuse(a, b)
    ):
        return _of(step, "error-code", sent.subject, f"{mask(a)} | {mask(b)}")
    return None


def _of_protocol(step: Step, sent: About) -> Difference:
    """One side or both can't go on with what they got, and close the connection."""
    a, b = step.baseline, step.candidate
    subject = next(filter(None, map(_topic, (a, b))), sent.subject)
    if not (breaks_off(a) and breaks_off(b)):
        what = " | ".join(mask(reply) if breaks_off(reply) else "goes on" for reply in (a, b))
        return _of(step, "closed", subject, what)
    return _of(step, "error-text", subject, f"{mask(a)} | {mask(b)}")


def _by_features(step: Step, sent: About) -> Difference:
    a, b = step.baseline, step.candidate
    whole = " ".join((sent.subject, *sorted(sent.features)))
    if a.kind is b.kind is Kind.NONE:
        return _both_silent(step, whole)
    closed = [reply.value == b"closed" and reply.kind is Kind.NONE for reply in (a, b)]
    if any(closed):
        what = " | ".join("closed" if each else "goes on" for each in closed)
        return _of(step, "closed", sent.subject, what, whole=whole)
    difference = name_difference(step)
    if sent.subject == "INLINE" and Kind.NONE not in (a.kind, b.kind) and _words_differ(a, b):
        return _of(step, "value", sent.subject, "other words", whole=whole)
    if difference.rule == "agreement.unknown-command" and not _names_command(sent.subject, a, b):
        return _of(step, "type", sent.subject, f"{mask(a)} | {mask(b)}", whole=whole)
    if difference.rule in _TOLD_BY_TEXT or " | any " in difference.signature or not sent.features:
        return difference
    head = f"{difference.rule} | {whole}"
    rest = difference.loose.removeprefix(f"{difference.rule} | {difference.subject}")
    return replace(difference, signature=head + rest, loose=head + rest, tokens=frozenset(whole.split()))


def _of(step: Step, rule: str, subject: str, what: str, *, whole: str | None = None) -> Difference:
    """A difference of that name; `whole` is the subject with its features, where the name has these."""
    named = subject if whole is None else whole
    name = " | ".join(filter(None, (f"agreement.{rule}", named, what)))
    return Difference(step=step, rule=f"agreement.{rule}", subject=subject, signature=name, loose=name)


def _both_silent(step: Step, whole: str) -> Difference:
    ends = [reply.value for reply in (step.baseline, step.candidate)]
    rule = "closed" if b"closed" in ends else "garbled"
    what = f"{mask(step.baseline)} | {mask(step.candidate)}"
    return _of(step, rule, step.asked.full_name, what, whole=whole)


def _asked(line: Line, subject: str) -> Command:
    """The command itself where a finding about it is one about its name; else the subject in a command's place."""
    if isinstance(line, Command) and line.full_name == subject:
        return line
    return Command((subject.encode(),))


def _ends_server(reply: Reply) -> bool:
    return reply.kind is Kind.NONE and reply.value in (b"died", b"timeout")


def _topic(reply: Reply) -> str | None:
    if not breaks_off(reply) or not isinstance(reply.value, bytes):
        return None
    text = reply.value
    return next((topic for pattern, topic in _TOPICS if pattern.search(text)), None)


def _letters(reply: Reply) -> bytes:
    """A text without its quotes: 6.x quotes what it repeats in another way."""
    return re.sub(rb"[`', ]", b"", reply.value) if isinstance(reply.value, bytes) else b""


def _both_refuse(a: Reply, b: Reply) -> bool:
    return a.kind is b.kind is Kind.ERROR


def _words_differ(a: Reply, b: Reply) -> bool:
    """Whether a line was taken for other words: not, where both refuse the same in other words of their own."""
    return not _both_refuse(a, b) or mask(a) == mask(b)


def _names_command(subject: str, *replies: Reply) -> bool:
    """Whether it is the subject that a side does not know."""
    texts = [reply.value.upper() for reply in replies if isinstance(reply.value, bytes)]
    return any(subject.split(maxsplit=1)[0].encode() in text for text in texts)

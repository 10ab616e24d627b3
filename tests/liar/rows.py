"""Rows of the tables of lies: what the lies of one rule have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.liar.changes import as_kind, error, named_again
from tests.liar.lie import Lie, as_answered, as_sent
from tests.liar.rewrites import unknown, unknown_subcommand, without

if TYPE_CHECKING:
    from tests.liar.lie import Answer, Ask
    from topologies.reply import Kind


def type_lie(  # noqa: PLR0917  (a row of a table)
    name: str, area: str, subject: str, says: str, old: Kind, new: Kind, protocol: int | None = None
) -> Lie:
    return Lie(
        name=name,
        area=area,
        rule="agreement.type",
        subject=subject,
        says=says,
        answer=as_kind(old, new),
        protocol=protocol,
    )


def value_lie(  # noqa: PLR0917  (a row of a table)
    name: str, area: str, subject: str, says: str, answer: Answer, protocol: int | None = None
) -> Lie:
    rule = "agreement.value"
    return Lie(name=name, area=area, rule=rule, subject=subject, says=says, answer=answer, protocol=protocol)


def error_lie(name: str, area: str, subject: str, old: bytes, new: bytes) -> Lie:
    """Another code where the first word changes, else another text."""
    code = old.split(b" ")[0] != new.split(b" ")[0] and old.isupper()
    return Lie(
        name=name,
        area=area,
        rule="agreement.error-code" if code else "agreement.error-text",
        subject=subject,
        says=f"{old.decode()!r} comes as {new.decode()!r}",
        answer=error(old, new),
    )


def encoding_lie(name: str, area: str, says: str, answer: Answer, ask: Ask = as_sent) -> Lie:
    rule, subject = "agreement.encoding", "OBJECT ENCODING"
    return Lie(name=name, area=area, rule=rule, subject=subject, says=says, ask=ask, answer=answer)


def order_lie(name: str, area: str, subject: str, says: str, answer: Answer) -> Lie:
    return Lie(name=name, area=area, rule="agreement.order", subject=subject, says=says, answer=answer)


def state_lie(  # noqa: PLR0917  (a row of a table)
    name: str, area: str, subject: str, says: str, ask: Ask, answer: Answer = as_answered
) -> Lie:
    rule = "agreement.state"
    return Lie(name=name, area=area, rule=rule, subject=subject, says=says, ask=ask, answer=answer)


def unknown_lie(name: str, area: str) -> Lie:
    return Lie(
        name=f"{name.lower().replace(' ', '-')}-unknown",
        area=area,
        rule="agreement.unknown-command",
        subject=name,
        says="nobody knows the command",
        ask=unknown_subcommand if " " in name else unknown,
        answer=named_again,
    )


def refused_lie(name: str, option: str, area: str) -> Lie:
    return Lie(
        name=f"{name}-{option}-refused".lower(),
        area=area,
        rule="agreement.unknown-argument",
        subject=name,
        says=f"{option} is a syntax error",
        ask=without(option.encode()),
    )

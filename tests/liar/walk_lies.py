"""Lies about what no form says: only a walk through all that a command takes meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.liar.changes import when
from tests.liar.lie import Lie
from tests.liar.rows import refused_lie, value_lie
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from tests.liar.lie import Asked


def _refused(_: Asked, __: Reply) -> Reply:
    return Reply(Kind.ERROR, b"ERR syntax error")


def _in_lower_case(asked: Asked) -> bool:
    return b"persist" in asked.args


def _as_if_absent(_: Asked, reply: Reply) -> Reply:
    return reply._replace(value=0) if reply.value == 1 else reply


WALKED = (
    refused_lie("LCS", "MINMATCHLEN", "walk-string"),
    refused_lie("GEOSEARCHSTORE", "FROMMEMBER", "walk-geo"),
    Lie(
        name="getex-lower-case-token",
        area="walk-string",
        rule="agreement.unknown-argument",
        subject="GETEX",
        says="a token in lower case is refused",
        answer=when(_in_lower_case, _refused),
    ),
    value_lie(
        "hsetnx-empty-field",
        "walk-hash",
        "HSETNX",
        "a field without a name is not new",
        when(lambda asked: asked.args[2:3] == (b"",), _as_if_absent),
    ),
)

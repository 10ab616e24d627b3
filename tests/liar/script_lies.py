"""Lies about scripts: what the signature says of each must be the thing in the script that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.liar.changes import instead, named, plus, when
from tests.liar.lie import Answer, Asked, Lie
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_LOADSTRING = b"ERR user_script:1: Script attempted to access nonexistent global variable 'loadstring'"


def _script_has(*texts: bytes) -> Callable[[Asked], bool]:
    return lambda asked: len(asked.args) > 1 and any(text in asked.args[1] for text in texts)


def script_lie(name: str, rule: str, says: str, signature: str, answer: Answer) -> Lie:
    return Lie(
        name=name,
        area="scripting",
        rule=f"agreement.{rule}",
        subject="EVAL",
        says=says,
        answer=answer,
        signature=signature,
    )


SCRIPTS = (
    script_lie(
        "eval-number-rounded",
        "value",
        "3.99 becomes 4, not 3",
        "script number |",
        when(_script_has(b"return 3.99"), plus(1, least=3)),
    ),
    script_lie(
        "eval-cjson-empty-array",
        "value",
        "an empty table is encoded as []",
        "script cjson.encode |",
        when(_script_has(b"cjson.encode({})"), named(b"{}", b"[]")),
    ),
    script_lie(
        "eval-struct-size-aligned",
        "value",
        "struct.size pads to four",
        "script struct.size |",
        when(_script_has(b"struct.size('b')"), plus(3)),
    ),
    script_lie(
        "eval-no-loadstring",
        "type",
        "scripts do not see loadstring",
        "nonexistent global variable 'loadstring'",
        when(_script_has(b"loadstring"), instead(Reply(Kind.ERROR, _NO_LOADSTRING))),
    ),
    script_lie(
        "eval-set-status-bulk",
        "type",
        "the status of SET comes as a string",
        "script SET ",
        when(
            _script_has(b"return redis.call('SET', 's1', 'a')"),
            lambda _, reply: Reply(Kind.BULK, reply.value) if reply.kind is Kind.SIMPLE else reply,
        ),
    ),
)

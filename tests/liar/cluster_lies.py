"""Lies that only a cluster tells: whose a slot is, which keys may stand together, how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.liar.changes import error, forgives, integer, last_byte, plus, text, when
from tests.liar.lie import Lie
from tests.liar.rows import error_lie, value_lie

if TYPE_CHECKING:
    from tests.liar.lie import Asked
    from topologies.reply import Reply


def _has_empty_tag(asked: Asked) -> bool:
    return any(arg.startswith(b"{}") for arg in asked.args[2:])


def _forgets_no_deleted(asked: Asked, reply: Reply) -> Reply:
    """COUNTKEYSINSLOT counts one more after a DEL that deleted something."""
    if asked.args[0].upper() == b"DEL":
        if integer(reply) > 0:
            asked.talk.remember("deleted")
        return reply
    return plus(1)(asked, reply) if asked.talk.memory.get("deleted") else reply


def _accepted(name: str, area: str, subject: str, code: bytes, says: str) -> Lie:
    rule = "agreement.type"
    return Lie(name=name, area=area, rule=rule, subject=subject, says=says, answer=forgives(code))


CLUSTERS = (
    error_lie("mget-crossslot-text", "cluster-keys", "MGET", b"hash to the same slot", b"share a slot"),
    error_lie("exec-crossslot-code", "cluster-keys", "EXEC", b"CROSSSLOT", b"MULTISLOT"),
    _accepted("eval-crossslot-accepted", "cluster-keys", "EVAL", b"CROSSSLOT", "keys of two slots are taken"),
    _accepted(
        "spublish-moved-accepted", "cluster-slots", "SPUBLISH", b"MOVED", "a channel of another node is taken"
    ),
    _accepted(
        "get-ask-missing", "cluster-slots", "GET", b"ASK", "OK in a slot that migrates, instead of ASK"
    ),
    Lie(
        name="set-moved-to-another-slot",
        area="cluster-slots",
        rule="agreement.error-text",
        subject="SET",
        says="MOVED names the slot before",
        answer=error(b"MOVED 15495", b"MOVED 15494"),
    ),
    value_lie(
        "keyslot-empty-tag",
        "cluster-slots",
        "CLUSTER KEYSLOT",
        "one more than it is, of a key that begins with {}",
        when(_has_empty_tag, plus(1)),
    ),
    Lie(
        name="countkeysinslot-after-del",
        area="cluster-slots",
        rule="agreement.value",
        subject="CLUSTER COUNTKEYSINSLOT",
        says="one more than there are, after DEL",
        commands=frozenset(("DEL", "CLUSTER COUNTKEYSINSLOT")),
        answer=_forgets_no_deleted,
    ),
    value_lie("cluster-myid", "cluster-slots", "CLUSTER MYID", "the last digit is another", text(last_byte)),
    error_lie(
        "delslots-twice-text",
        "cluster-slots",
        "CLUSTER DELSLOTS",
        b"specified multiple times",
        b"named twice",
    ),
    error_lie(
        "select-in-cluster-text", "cluster-keys", "SELECT", b"not allowed in cluster mode", b"refused here"
    ),
)

"""Lies that hide: at edges of size and value, in transactions, in state that few commands read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import Command, command
from tests.liar.changes import OK, at_place, inside, items, named, plus, spied_as, text, when
from tests.liar.lie import Asked, Lie, Sent
from tests.liar.rewrites import (
    doubled_seconds,
    dropped,
    followed_by,
    only_in_multi,
    renamed,
    rewritten,
    spies,
    then,
)
from tests.liar.rows import error_lie, state_lie, value_lie
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from tests.liar.lie import Answer


def _moved_for_good(asked: Asked) -> Sent | None:
    """MOVE into database 1, where the key is then made to stay."""
    if len(asked.args) != 3 or asked.args[2] != b"1" or asked.talk.db != 0 or asked.talk.in_multi:
        return None
    after = command("SELECT", 1), command("PERSIST", asked.args[1]), command("SELECT", 0)
    return Sent(Command(asked.args), after=after)


def _listed_library(asked: Asked) -> Sent | None:
    return Sent(command("FUNCTION", "LIST", "LIBRARYNAME", asked.args[2])) if len(asked.args) == 3 else None


def _as_if_library_deleted(_: Asked, reply: Reply) -> Reply:
    """FUNCTION LIST in place of FUNCTION DELETE."""
    if not isinstance(reply.value, tuple):
        return reply
    return OK if reply.value else Reply(Kind.ERROR, b"ERR Library not found")


def _first_key(asked: Asked, reply: Reply) -> Reply:
    return Reply(reply.kind, asked.args[2]) if reply.kind is Kind.BULK else reply


_UPPER: Answer = text(bytes.upper)

SLY = (
    # State that no digest of the data covers.
    state_lie(
        "xgroup-destroy-again",
        "streams",
        "XGROUP DESTROY",
        "the group is there again",
        then(lambda args: (b"XGROUP", b"CREATE", *args[2:], b"0"), size=4),
    ),
    state_lie(
        "xgroup-createconsumer-lost",
        "streams",
        "XGROUP CREATECONSUMER",
        "the consumer is gone again",
        then(lambda args: (b"XGROUP", b"DELCONSUMER", *args[2:]), size=5),
    ),
    state_lie(
        "xreadgroup-noack-pends", "streams", "XREADGROUP", "with NOACK entries are pending", dropped(b"NOACK")
    ),
    state_lie(
        "function-delete-kept",
        "scripting",
        "FUNCTION DELETE",
        "the library stays",
        _listed_library,
        _as_if_library_deleted,
    ),
    # What is done to a key, and how long it lives then.
    state_lie(
        "lpush-right-in-multi",
        "transactions",
        "LPUSH",
        "in a transaction elements are pushed to the right",
        only_in_multi(renamed(b"RPUSH", least=3)),
    ),
    state_lie("setex-longer", "strings", "SETEX", "keys live twice as long", doubled_seconds),
    state_lie(
        "incr-forgets-ttl", "strings", "INCR", "the key never expires", followed_by(b"PERSIST", at=1, size=2)
    ),
    state_lie("move-forgets-ttl", "keys", "MOVE", "a key moved to database 1 never expires", _moved_for_good),
    state_lie(
        "pexpireat-past-kept",
        "keys",
        "PEXPIREAT",
        "a time long past deletes nothing",
        rewritten(lambda args: (b"EXISTS", args[1]) if args[2] in (b"0", b"1") else None, size=3),
    ),
    # Texts of refusals that stay refusals.
    error_lie("set-syntax-text", "strings", "SET", b"syntax error", b"bad syntax"),
    error_lie("georadius-unit-text", "geo", "GEORADIUS_RO", b"unsupported unit provided", b"bad unit"),
    # Sizes.
    value_lie(
        "lindex-beyond-1000",
        "lists",
        "LINDEX",
        "cut to 1000 bytes",
        text(lambda raw: raw[:1000], beyond=1000),
    ),
    Lie(
        name="llen-of-quicklist",
        area="lists",
        rule="agreement.value",
        subject="LLEN",
        says="one more than it is, of a quicklist",
        ask=spies(b"OBJECT", b"ENCODING"),
        answer=spied_as(b"quicklist", plus(1)),
    ),
    value_lie("xlen-beyond-100", "streams", "XLEN", "one more, beyond 100 entries", plus(1, least=101)),
    # Members drawn by lot, where nothing is left to chance.
    value_lie("hrandfield-upper", "hashes", "HRANDFIELD", "fields come in upper case", inside(_UPPER)),
    value_lie("srandmember-upper", "sets", "SRANDMEMBER", "members come in upper case", inside(_UPPER)),
    value_lie(
        "hrandfield-negative",
        "hashes",
        "HRANDFIELD",
        "a negative count gives one field",
        when(lambda asked: asked.args[-1][:1] == b"-", items(lambda all_: all_[:1], beyond=1)),
    ),
    # Single values and places.
    value_lie(
        "lmpop-second-key",
        "lists",
        "LMPOP",
        "names the first key, whichever it took from",
        at_place(0, _first_key),
    ),
    value_lie("zincrby-infinity", "zsets", "ZINCRBY", "inf comes as Infinity", named(b"inf", b"Infinity"), 2),
    value_lie(
        "get-lower-case",
        "strings",
        "GET",
        "letters come in upper case, of a command in lower case",
        when(lambda asked: asked.args[0].islower(), _UPPER),
    ),
    value_lie(
        "config-get-policy",
        "server",
        "CONFIG GET",
        "another eviction policy",
        inside(named(b"noeviction", b"allkeys-lru")),
    ),
    value_lie(
        "role-primary",
        "server",
        "ROLE",
        "a master calls itself primary",
        inside(named(b"master", b"primary")),
    ),
)

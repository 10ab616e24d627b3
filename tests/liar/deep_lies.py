"""Lies that take more than one command to see: what is left behind, deep state, what is unknown."""

from __future__ import annotations

from tests.liar.changes import (
    OK,
    as_if_added,
    as_if_appended,
    as_if_discarded,
    as_if_persisted,
    as_if_renamed,
    as_kind,
    every_third,
    inside,
    instead,
    items,
    last_byte,
    last_swapped,
    plus,
    second_group_pending,
    spied_over,
    text,
    type_forgotten,
    when,
)
from tests.liar.lie import Lie
from tests.liar.rewrites import (
    first_index,
    followed_by,
    last_pair_lost,
    only_in_multi,
    plain_number,
    renamed,
    rewritten,
    second_field_lost,
    spies,
    swallowed,
    twice,
)
from tests.liar.rows import order_lie, refused_lie, state_lie, unknown_lie, value_lie
from topologies.reply import Kind

STRLEN = rewritten(lambda args: (b"STRLEN", args[1]), size=3)

STATES = (
    state_lie("set-lost", "strings", "SET", "a plain SET is not done", swallowed(size=3), instead(OK)),
    state_lie(
        "hset-second-lost",
        "hashes",
        "HSET",
        "of two fields the second is lost",
        second_field_lost,
        as_if_added,
    ),
    state_lie("del-kept", "keys", "DEL", "a single key is not deleted", renamed(b"EXISTS", size=2)),
    state_lie("getdel-kept", "strings", "GETDEL", "the key is not deleted", renamed(b"GET", size=2)),
    state_lie(
        "expire-lost",
        "keys",
        "EXPIRE",
        "a plain EXPIRE is not done",
        rewritten(lambda args: (b"EXISTS", args[1]) if plain_number(args[2]) else None, size=3),
    ),
    state_lie(
        "expire-longer",
        "keys",
        "EXPIRE",
        "keys live 100 s longer",
        rewritten(
            lambda args: (*args[:2], b"%d" % (int(args[2]) + 100)) if plain_number(args[2]) else None, size=3
        ),
    ),
    state_lie(
        "rename-copies",
        "keys",
        "RENAME",
        "the old key stays",
        rewritten(lambda args: (b"COPY", *args[1:], b"REPLACE") if args[1] != args[2] else None, size=3),
        as_if_renamed,
    ),
    state_lie(
        "rename-forgets-ttl",
        "keys",
        "RENAME",
        "the new key never expires",
        followed_by(b"PERSIST", at=2, size=3),
    ),
    state_lie(
        "copy-forgets-ttl", "keys", "COPY", "the copy never expires", followed_by(b"PERSIST", at=2, size=3)
    ),
    state_lie(
        "persist-lost", "keys", "PERSIST", "the key still expires", renamed(b"TTL", size=2), as_if_persisted
    ),
    state_lie(
        "lpush-right", "lists", "LPUSH", "elements are pushed to the right", renamed(b"RPUSH", least=3)
    ),
    state_lie("ltrim-lost", "lists", "LTRIM", "nothing is trimmed", renamed(b"LRANGE", size=4), instead(OK)),
    state_lie("append-lost", "strings", "APPEND", "nothing is appended", STRLEN, as_if_appended),
    state_lie("incr-twice", "strings", "INCR", "the number is two more from then on", twice),
    state_lie(
        "xadd-field-lost", "streams", "XADD", "of several fields the last is lost", rewritten(last_pair_lost)
    ),
    state_lie(
        "zadd-ignores-nx",
        "zsets",
        "ZADD",
        "NX updates a member that exists",
        rewritten(lambda args: (*args[:2], *args[3:]) if args[2].upper() == b"NX" else None, size=5),
    ),
    state_lie(
        "discard-executes",
        "transactions",
        "DISCARD",
        "the transaction is carried out",
        only_in_multi(renamed(b"EXEC", size=1)),
        as_if_discarded,
    ),
)

DEEP = (
    value_lie("hlen-beyond-128", "hashes", "HLEN", "one less, beyond 128 fields", plus(-1, least=129)),
    value_lie("scard-beyond-128", "sets", "SCARD", "one less, beyond 128 members", plus(-1, least=129)),
    value_lie("setrange-beyond-300", "strings", "SETRANGE", "one more, beyond 300 bytes", plus(1, least=301)),
    value_lie("get-beyond-44", "strings", "GET", "another last byte, beyond 44", text(last_byte, beyond=44)),
    value_lie("hget-beyond-64", "hashes", "HGET", "cut to 64 bytes", text(lambda raw: raw[:64], beyond=64)),
    order_lie(
        "lrange-beyond-128", "lists", "LRANGE", "last two swapped beyond 128", items(last_swapped, beyond=128)
    ),
    order_lie(
        "zrange-beyond-128", "zsets", "ZRANGE", "last two swapped beyond 128", items(last_swapped, beyond=128)
    ),
    value_lie(
        "incr-in-multi",
        "transactions",
        "INCR",
        "one more than it is, in a transaction only",
        when(lambda asked: asked.talk.in_multi, plus(1)),
    ),
    value_lie("incr-every-third", "strings", "INCR", "every third answer is one more", every_third(plus(1))),
    value_lie("sadd-every-third", "sets", "SADD", "every third answer is one more", every_third(plus(1))),
    value_lie(
        "dbsize-in-db-1",
        "server",
        "DBSIZE",
        "one more than it is, in database 1 only",
        when(lambda asked: asked.talk.db == 1, plus(1)),
    ),
    Lie(
        name="eval-integers-inside",
        area="scripting",
        rule="agreement.type",
        subject="EVAL",
        says="integers within a script's array come as strings",
        answer=inside(as_kind(Kind.INTEGER, Kind.BULK)),
    ),
    Lie(
        name="type-after-rename",
        area="keys",
        rule="agreement.value",
        subject="TYPE",
        commands=frozenset({"TYPE", "RENAME"}),
        says="a key that RENAME made has no type",
        answer=type_forgotten,
    ),
    Lie(
        name="strlen-with-ttl",
        area="strings",
        rule="agreement.value",
        subject="STRLEN",
        says="one more than it is, of a key that expires",
        ask=spies(b"TTL"),
        answer=spied_over(0, plus(1)),
    ),
    Lie(
        name="lindex-negative",
        area="lists",
        rule="agreement.value",
        subject="LINDEX",
        says="a negative index is taken for 0",
        ask=rewritten(first_index, size=3),
    ),
    value_lie(
        "getrange-negative",
        "strings",
        "GETRANGE",
        "with a negative end the last byte is missing",
        when(lambda asked: len(asked.args) == 4 and asked.args[3][:1] == b"-", text(lambda raw: raw[:-1])),
    ),
    value_lie(
        "xinfo-second-group",
        "streams",
        "XINFO GROUPS",
        "the second group has one more pending entry",
        items(second_group_pending, beyond=1),
    ),
)


UNKNOWN = (
    unknown_lie("GETEX", "strings"),
    unknown_lie("LMPOP", "lists"),
    unknown_lie("ZRANGESTORE", "zsets"),
    unknown_lie("SMISMEMBER", "sets"),
    unknown_lie("OBJECT REFCOUNT", "keys"),
    refused_lie("SET", "KEEPTTL", "strings"),
    refused_lie("ZADD", "GT", "zsets"),
    refused_lie("LPOS", "RANK", "lists"),
    refused_lie("COPY", "REPLACE", "keys"),
    refused_lie("BITCOUNT", "BIT", "bitmaps"),
)

"""Lies that any program meets which uses the command: each a few lines."""

from __future__ import annotations

from tests.liar.changes import (
    backwards,
    first_swapped,
    flat,
    forgives,
    inside,
    instead,
    items,
    last_byte,
    named,
    plus,
    rotated,
    scores_with_point,
    spied_over,
    text,
    when,
)
from tests.liar.lie import Lie
from tests.liar.rewrites import plain_number, spies
from tests.liar.rows import encoding_lie, error_lie, order_lie, type_lie, value_lie
from topologies.reply import Kind, Reply

TYPES = (
    type_lie("incr-bulk", "strings", "INCR", "the number comes as a string", Kind.INTEGER, Kind.BULK),
    type_lie("set-bulk", "strings", "SET", "OK comes as a bulk string", Kind.SIMPLE, Kind.BULK),
    type_lie("type-bulk", "keys", "TYPE", "the name comes as a bulk string", Kind.SIMPLE, Kind.BULK),
    type_lie("get-null-array", "strings", "GET", "nil comes as *-1", Kind.NULL_BULK, Kind.NULL_ARRAY, 2),
    type_lie("get-null-resp2", "strings", "GET", "nil comes as $-1 in RESP3", Kind.NULL, Kind.NULL_BULK, 3),
    type_lie("hgetall-array", "hashes", "HGETALL", "the map comes as an array", Kind.MAP, Kind.ARRAY, 3),
    type_lie("smembers-array", "sets", "SMEMBERS", "the set comes as an array", Kind.SET, Kind.ARRAY, 3),
    type_lie("zscore-bulk", "zsets", "ZSCORE", "the double comes as a string", Kind.DOUBLE, Kind.BULK, 3),
    type_lie("sismember-boolean", "sets", "SISMEMBER", "1 comes as true", Kind.INTEGER, Kind.BOOLEAN, 3),
    type_lie("eval-boolean-integer", "scripting", "EVAL", "true comes as 1", Kind.BOOLEAN, Kind.INTEGER, 3),
    type_lie(
        "eval-verbatim-bulk", "scripting", "EVAL", "verbatim text comes as bulk", Kind.VERBATIM, Kind.BULK, 3
    ),
    type_lie(
        "eval-big-number-bulk",
        "scripting",
        "EVAL",
        "a big number comes as bulk",
        Kind.BIG_NUMBER,
        Kind.BULK,
        3,
    ),
    Lie(
        name="lpop-missing-empty",
        area="lists",
        rule="agreement.type",
        subject="LPOP",
        says="with a count, a missing list gives an empty array instead of a null one",
        answer=when(
            lambda asked: len(asked.args) == 3,
            lambda _, reply: Reply(Kind.ARRAY, ()) if reply.value is None else reply,
        ),
    ),
)


VALUES = (
    value_lie("incr-plus-one", "strings", "INCR", "one more than it is", plus(1)),
    value_lie("llen-plus-one", "lists", "LLEN", "one more than it is", plus(1, least=1)),
    value_lie("strlen-plus-one", "strings", "STRLEN", "one more than it is", plus(1)),
    value_lie("zcard-minus-one", "zsets", "ZCARD", "one less than it is", plus(-1, least=1)),
    value_lie("bitcount-plus-one", "bitmaps", "BITCOUNT", "one more than it is", plus(1, least=1)),
    value_lie("pfcount-plus-one", "hyperloglog", "PFCOUNT", "one more than it is", plus(1, least=1)),
    value_lie("xlen-plus-one", "streams", "XLEN", "one more than it is", plus(1, least=1)),
    value_lie("hincrby-plus-one", "hashes", "HINCRBY", "one more than it is", plus(1)),
    value_lie("sintercard-minus-one", "sets", "SINTERCARD", "one less than it is", plus(-1, least=1)),
    value_lie("zrank-plus-one", "zsets", "ZRANK", "one more than it is", plus(1)),
    value_lie("geodist-last-digit", "geo", "GEODIST", "another last digit", text(last_byte)),
    value_lie("incrbyfloat-last-digit", "strings", "INCRBYFLOAT", "another last digit", text(last_byte)),
    value_lie(
        "getrange-short", "strings", "GETRANGE", "the last byte is missing", text(lambda raw: raw[:-1])
    ),
    value_lie("hget-upper", "hashes", "HGET", "letters come in upper case", text(bytes.upper)),
    value_lie("getbit-flipped", "bitmaps", "GETBIT", "1 comes as 0", plus(-1, least=1)),
    value_lie(
        "geohash-cut", "geo", "GEOHASH", "the last letter is missing", inside(text(lambda raw: raw[:-1]))
    ),
    value_lie(
        "zpopmin-nothing",
        "zsets",
        "ZPOPMIN",
        "one member too few",
        items(lambda all_: all_[:-2], beyond=1),
        2,
    ),
    value_lie(
        "zrange-score-text",
        "zsets",
        "ZRANGE",
        "whole scores come as 1.0",
        when(lambda asked: asked.has(b"WITHSCORES") and asked.talk.protocol == 2, items(scores_with_point)),
        2,
    ),
    value_lie(
        "zrange-pairs-flat",
        "zsets",
        "ZRANGE",
        "RESP3's pairs of member and score come as one flat array",
        when(lambda asked: asked.has(b"WITHSCORES") and asked.talk.protocol == 3, items(flat)),
        3,
    ),
)


ERRORS = (
    error_lie("llen-wrongtype-err", "lists", "LLEN", b"WRONGTYPE", b"ERR"),
    error_lie("hget-wrongtype-err", "hashes", "HGET", b"WRONGTYPE", b"ERR"),
    error_lie("evalsha-noscript-err", "scripting", "EVALSHA", b"NOSCRIPT", b"ERR"),
    error_lie("xreadgroup-nogroup-err", "streams", "XREADGROUP", b"NOGROUP", b"ERR"),
    error_lie("xgroup-busygroup-err", "streams", "XGROUP CREATE", b"BUSYGROUP", b"ERR"),
    error_lie("exec-execabort-err", "transactions", "EXEC", b"EXECABORT", b"ERR"),
    error_lie(
        "incr-text", "strings", "INCR", b"value is not an integer or out of range", b"value is no integer"
    ),
    error_lie(
        "hincrby-text", "hashes", "HINCRBY", b"hash value is not an integer", b"value is not an integer"
    ),
    error_lie("exec-text", "transactions", "EXEC", b"EXEC without MULTI", b"EXEC before MULTI"),
    error_lie("lset-text", "lists", "LSET", b"index out of range", b"index is out of range"),
    error_lie("zadd-text", "zsets", "ZADD", b"not a valid float", b"not a float"),
    error_lie("wrongtype-text", "sets", "SCARD", b"wrong kind of value", b"wrong type of value"),
    Lie(
        name="rename-missing-ok",
        area="keys",
        rule="agreement.type",
        subject="RENAME",
        says="a missing key is renamed with OK",
        answer=forgives(b"ERR no such key"),
    ),
    Lie(
        name="lset-out-of-range-ok",
        area="lists",
        rule="agreement.type",
        subject="LSET",
        says="an index out of range is OK",
        answer=forgives(b"ERR index out of range"),
    ),
    Lie(
        name="xgroup-create-again-ok",
        area="streams",
        rule="agreement.type",
        subject="XGROUP CREATE",
        says="a group that exists is created again with OK",
        answer=forgives(b"BUSYGROUP"),
    ),
    Lie(
        name="setbit-error",
        area="bitmaps",
        rule="agreement.type",
        subject="SETBIT",
        says="bits beyond 100 are refused",
        answer=when(
            lambda asked: len(asked.args) == 4 and plain_number(asked.args[2]) and int(asked.args[2]) > 100,
            instead(Reply(Kind.ERROR, b"ERR bit offset is out of bounds")),
        ),
    ),
)

TIMES = (
    value_lie("ttl-later", "keys", "TTL", "keys live 15 s longer", plus(15, least=0)),
    value_lie("pttl-later", "keys", "PTTL", "keys live 20 s longer", plus(20_000, least=0)),
    value_lie("expiretime-later", "keys", "EXPIRETIME", "keys live 30 s longer", plus(30, least=0)),
    value_lie(
        "pexpiretime-sooner", "keys", "PEXPIRETIME", "keys live 60 s shorter", plus(-60_000, least=100_000)
    ),
)


ENCODINGS = (
    encoding_lie(
        "encoding-hashtable", "hashes", "listpacks are hash tables", named(b"listpack", b"hashtable")
    ),
    encoding_lie("encoding-raw", "strings", "short strings are raw", named(b"embstr", b"raw")),
    encoding_lie("encoding-int", "strings", "numbers are no integers", named(b"int", b"embstr")),
    encoding_lie(
        "encoding-long-list",
        "lists",
        "lists of more than 128 elements are quicklists",
        spied_over(128, named(b"listpack", b"quicklist")),
        spies(b"LLEN", at=2),
    ),
)


ORDERS = (
    order_lie("lrange-backwards", "lists", "LRANGE", "the last element comes first", items(backwards)),
    order_lie(
        "zrange-swapped", "zsets", "ZRANGE", "the first two change places", items(first_swapped, beyond=1)
    ),
    order_lie("sort-rotated", "keys", "SORT", "the first element comes last", items(rotated, beyond=1)),
    order_lie(
        "xrange-backwards", "streams", "XRANGE", "the last entry comes first", items(backwards, beyond=1)
    ),
    order_lie(
        "mget-swapped", "strings", "MGET", "the first two change places", items(first_swapped, beyond=1)
    ),
)

"""A data set that has everything: every type in every encoding, odd keys and elements, expiries, groups, functions.

It is made of pieces, each with a name (`hash.field-expiry`) that says in a report what was lost. What an engine can be
given is decided by the commands that it knows, never by its name: see `split`. Times are absolute and begin at
`now_ms`, which the caller reads from a clock; nothing here does.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from generators.command import Command, command

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from random import Random

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
FUNCTIONS = "function"  # the kind of the pieces that are no keys
_DATABASES = (0, 0, 0, 1, 9, 15)  # bulk keys; odd pieces say theirs

Args = tuple[bytes | str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing of the data set, and the commands that make it. `needs` are commands that an engine has which
    can hold it, beside those that are sent.
    """

    name: str  # type, dot, what is special about it: "zset.skiplist"
    commands: tuple[Command, ...]
    keys: tuple[bytes, ...] = ()
    db: int = 0
    needs: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The type: string, list, set, zset, hash, stream, function …"""
        return self.name.partition(".")[0]

    def fits(self, known: Collection[str]) -> bool:
        """Whether an engine that knows these commands can be given this."""
        return all(name in known for name in self.needs) and all(each.name in known for each in self.commands)


def split(
    pieces: Iterable[Piece], writer: Collection[str], reader: Collection[str]
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What both engines can hold, and what only the writer can: by the commands that each knows."""
    possible = [piece for piece in pieces if piece.fits(writer)]
    return (
        tuple(piece for piece in possible if piece.fits(reader)),
        tuple(piece for piece in possible if not piece.fits(reader)),
    )


def odd_pieces(now_ms: int, rng: Random) -> tuple[Piece, ...]:
    """Some hundred keys, each of them special; all of them whatever the seed, which only fills in bytes."""
    return tuple(
        chain(
            _strings(rng), _names(), _bitmaps(), _hyperloglogs(), _lists(rng), _sets(rng), _zsets(rng),
            _hashes(rng), _streams(now_ms), _geo(), _expiries(now_ms), _databases(now_ms),
            _field_expiries(now_ms), _vectors(rng), _functions(),
        )
    )  # fmt: skip


def bulk_pieces(many: int, now_ms: int, rng: Random) -> Iterator[Piece]:
    """So many small keys in several databases, one of five expiring: what a server mostly holds."""
    for number in range(many):
        yield _small(number, now_ms, rng)


def _piece(name: str, key: bytes, *lines: Args, db: int = 0, needs: tuple[str, ...] = ()) -> Piece:
    return Piece(name=name, commands=tuple(command(*line) for line in lines), keys=(key,), db=db, needs=needs)


def _small(number: int, now_ms: int, rng: Random) -> Piece:
    key = b"bulk:%d" % number
    value = b"%d" % rng.randrange(1 << 40)
    lines: list[Args]
    match number % 10:
        case 0:
            kind, lines = "hash", [("HSET", key, "f", value, "g", number)]
        case 1:
            kind, lines = "list", [("RPUSH", key, value, "x", number)]
        case 2:
            kind, lines = "set", [("SADD", key, value, number)]
        case 3:
            kind, lines = "zset", [("ZADD", key, number, value)]
        case _:
            kind, lines = "string", [("SET", key, value)]
    if number % 5 == 4:
        lines.append(("PEXPIREAT", key, now_ms + HOUR_MS + rng.randrange(YEAR_MS)))
    return _piece(f"{kind}.bulk", key, *lines, db=_DATABASES[rng.randrange(len(_DATABASES))])


def _strings(rng: Random) -> Iterator[Piece]:
    values: dict[str, bytes] = {
        "empty": b"",
        "int": b"12345",
        "shared-int": b"7",
        "int-8-bits": b"-128",
        "int-16-bits": b"32767",
        "int-32-bits": b"-2147483648",
        "int-most": b"9223372036854775807",
        "int-least": b"-9223372036854775808",
        "int-too-large": b"9223372036854775808",
        "leading-zero": b"01",
        "minus-zero": b"-0",
        "float": b"3.1000000000000001",
        "embstr": b"e" * 44,
        "raw": b"r" * 45,
        "binary": bytes(range(256)),
        "line-ends": b"\r\n$3\r\nabc\r\n*1\r\n",
        "compressible": b"rekey " * 3000,
        "incompressible": rng.randbytes(20_000),
        "six-bit-length": b"a" * 63,
        "fourteen-bit-length": b"a" * 64,
        "thirty-two-bit-length": rng.randbytes(16_384),
        "huge": rng.randbytes(1 << 10) * 512,
    }
    for what, value in values.items():
        yield _piece(f"string.{what}", b"string:" + what.encode(), ("SET", b"string:" + what.encode(), value))
    yield _piece(
        "string.appended",
        b"string:appended",
        ("SET", "string:appended", "a"),
        ("APPEND", "string:appended", "b"),
    )
    yield _piece("string.range", b"string:range", ("SETRANGE", "string:range", 1000, "end"))


def _names() -> Iterator[Piece]:
    keys = (
        b"", b" ", b"\x00", b"\xff\xfe\x00\x01", b"\r\n", b"key with blanks", b"quote\"'\\", "schlüssel".encode(),
        b"{tag}a", b"*", b"7", b"-1", bytes(range(256)), b"k" * 64, b"k" * 20_000,
    )  # fmt: skip
    for number, key in enumerate(keys):
        yield _piece("string.odd-name", key, ("SET", key, number))
    yield _piece("hash.odd-name", b"\x00hash\xff", ("HSET", b"\x00hash\xff", "f", "v"))


def _bitmaps() -> Iterator[Piece]:
    yield _piece("string.bitmap", b"bitmap", *(("SETBIT", "bitmap", at, 1) for at in (0, 7, 8, 1 << 16)))
    yield _piece(
        "string.bitfield", b"bitfield", ("BITFIELD", "bitfield", "SET", "u8", 3, 255, "INCRBY", "i5", 100, 1)
    )


def _hyperloglogs() -> Iterator[Piece]:
    yield _piece("string.hyperloglog-empty", b"hll:empty", ("PFADD", "hll:empty"))
    yield _piece("string.hyperloglog-sparse", b"hll:sparse", ("PFADD", "hll:sparse", *range(50)))
    yield _piece(
        "string.hyperloglog-dense",
        b"hll:dense",
        *(("PFADD", "hll:dense", *range(at, at + 1000)) for at in range(0, 5000, 1000)),
    )
    yield _piece(
        "string.hyperloglog-counted",
        b"hll:counted",
        ("PFADD", "hll:counted", "a", "b"),
        ("PFCOUNT", "hll:counted"),
    )


def _lists(rng: Random) -> Iterator[Piece]:
    yield _piece(
        "list.listpack", b"list:small", ("RPUSH", "list:small", "a", "", 1, -1, 300, 1 << 40, b"\xff")
    )
    yield _piece("list.one-empty", b"list:empty-element", ("RPUSH", "list:empty-element", ""))
    yield _piece(
        "list.quicklist",
        b"list:many",
        *(("RPUSH", "list:many", *range(at, at + 500)) for at in range(0, 3000, 500)),
    )
    yield _piece(
        "list.large-elements",
        b"list:large",
        ("RPUSH", "list:large", "a", b"L" * 9000, rng.randbytes(70_000), "z"),
    )
    yield _piece("list.same-elements", b"list:same", ("RPUSH", "list:same", *["same"] * 300))


def _sets(rng: Random) -> Iterator[Piece]:
    yield _piece("set.intset-16", b"set:int16", ("SADD", "set:int16", *range(-20, 20)))
    yield _piece("set.intset-32", b"set:int32", ("SADD", "set:int32", 1, 1 << 20, -(1 << 31)))
    yield _piece("set.intset-64", b"set:int64", ("SADD", "set:int64", 0, (1 << 63) - 1, -(1 << 63)))
    yield _piece("set.listpack", b"set:small", ("SADD", "set:small", "a", "", 1, b"\x00\xff", "0001"))
    yield _piece("set.hashtable", b"set:many", ("SADD", "set:many", *(f"member-{at}" for at in range(700))))
    yield _piece("set.large-element", b"set:large", ("SADD", "set:large", "a", rng.randbytes(5000)))
    yield _piece("set.many-ints", b"set:ints", ("SADD", "set:ints", *range(2000)))


def _zsets(rng: Random) -> Iterator[Piece]:
    scores: tuple[str, ...] = (
        "0", "-0", "1", "-1", "0.1", "3.1000000000000001", "1e-300", "5e-324", "1.7976931348623157e308",
        "9007199254740993", "inf", "-inf", "1e20", "17179869184.5",
    )  # fmt: skip
    flat = chain.from_iterable((score, f"m{at}") for at, score in enumerate(scores))
    yield _piece("zset.listpack", b"zset:scores", ("ZADD", "zset:scores", *flat))
    yield _piece(
        "zset.equal-scores", b"zset:equal", ("ZADD", "zset:equal", 1, "b", 1, "a", 1, "", 1, b"\xff")
    )
    many = chain.from_iterable((repr(rng.uniform(-1e6, 1e6)), f"member-{at}") for at in range(600))
    yield _piece("zset.skiplist", b"zset:many", ("ZADD", "zset:many", *many))
    yield _piece("zset.large-member", b"zset:large", ("ZADD", "zset:large", 1, b"M" * 3000, 2, "b"))


def _hashes(rng: Random) -> Iterator[Piece]:
    yield _piece(
        "hash.listpack",
        b"hash:small",
        ("HSET", "hash:small", "f", "v", "", "", 1, 2, b"\x00", b"\xff", "big", 1 << 50),
    )
    fields = chain.from_iterable((f"field-{at}", str(at)) for at in range(700))
    yield _piece("hash.hashtable", b"hash:many", ("HSET", "hash:many", *fields))
    yield _piece(
        "hash.large-value", b"hash:large", ("HSET", "hash:large", "f", rng.randbytes(5000), "g", "small")
    )
    yield _piece(
        "hash.counter",
        b"hash:counter",
        ("HINCRBY", "hash:counter", "n", 5),
        ("HINCRBYFLOAT", "hash:counter", "x", "0.1"),
    )


def _streams(now_ms: int) -> Iterator[Piece]:
    def add(key: str, first: int, last: int, *fields: str) -> Iterator[Args]:
        return (("XADD", key, f"{at}-1", *(fields or ("f", f"v{at}"))) for at in range(first, last + 1))

    def made(what: str, *lines: Args, needs: tuple[str, ...] = ()) -> Piece:
        return _piece(
            f"stream.{what}",
            lines[0][1].encode() if isinstance(lines[0][1], str) else b"",
            *lines,
            needs=needs,
        )

    yield made("plain", *add("stream:plain", 1, 3))
    yield made("many-nodes", *add("stream:many", 1, 350))
    yield made(
        "other-fields",
        ("XADD", "stream:fields", "1-1", "a", "1"),
        ("XADD", "stream:fields", "2-1", "b", "2", "c", ""),
    )
    yield made("binary", ("XADD", "stream:binary", "1-1", b"\x00\xff", b"\r\n"))
    yield made("large-entry", ("XADD", "stream:large", "1-1", "f", b"S" * 6000))
    yield made("most-id", ("XADD", "stream:most", "18446744073709551614-18446744073709551615", "f", "v"))
    yield made("deleted", *add("stream:deleted", 1, 9), ("XDEL", "stream:deleted", "1-1", "5-1", "9-1"))
    yield made("trimmed", *add("stream:trimmed", 1, 20), ("XTRIM", "stream:trimmed", "MAXLEN", 5))
    yield made("emptied", *add("stream:emptied", 1, 2), ("XDEL", "stream:emptied", "1-1", "2-1"))
    yield made("last-id-beyond", *add("stream:beyond", 1, 2), ("XSETID", "stream:beyond", "77-7"))
    yield made(
        "counters", *add("stream:counters", 1, 3),
        ("XSETID", "stream:counters", "90-0", "ENTRIESADDED", 50, "MAXDELETEDID", "80-0"),
        needs=("FUNCTION",),  # both came with it
    )  # fmt: skip
    yield _piece(
        "stream.group-alone",
        b"stream:group-alone",
        ("XGROUP", "CREATE", "stream:group-alone", "g", "$", "MKSTREAM"),
    )
    yield made("groups", *add("stream:groups", 1, 10), *_groups("stream:groups", now_ms))
    yield made(
        "group-entries-read", *add("stream:read", 1, 5),
        ("XGROUP", "CREATE", "stream:read", "g", "3-1", "ENTRIESREAD", 3),
        needs=("FUNCTION",),
    )  # fmt: skip
    yield made(
        "group-of-deleted", *add("stream:gone", 1, 3), ("XGROUP", "CREATE", "stream:gone", "g", "0"),
        ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream:gone", ">"),
        ("XCLAIM", "stream:gone", "g", "c", 0, "1-1", "2-1", "3-1", "TIME", now_ms - HOUR_MS, "RETRYCOUNT", 1),
        ("XDEL", "stream:gone", "2-1"),
    )  # fmt: skip


def _groups(key: str, now_ms: int) -> Iterator[Args]:
    """Two groups and an empty one; consumers with and without pending entries, delivered once and often."""
    yield "XGROUP", "CREATE", key, "one", "0"
    yield "XGROUP", "CREATE", key, "two", "5-1"
    yield "XGROUP", "CREATE", key, "none", "$"
    yield "XREADGROUP", "GROUP", "one", "alice", "COUNT", 4, "STREAMS", key, ">"
    yield "XREADGROUP", "GROUP", "one", "bob", "COUNT", 2, "STREAMS", key, ">"
    yield "XREADGROUP", "GROUP", "two", b"\x00carol", "COUNT", 3, "STREAMS", key, ">"
    yield "XACK", key, "one", "1-1"
    # Delivered at times of our choice, so that two servers that are given this are the same.
    at = now_ms - HOUR_MS
    for group, consumer, *ids in (
        ("one", "alice", "3-1", "4-1"), ("one", "bob", "5-1", "6-1"), ("two", b"\x00carol", "6-1", "7-1", "8-1"),
    ):  # fmt: skip
        yield "XCLAIM", key, group, consumer, 0, *ids, "TIME", at, "RETRYCOUNT", 1
    yield "XCLAIM", key, "one", "bob", 0, "2-1", "TIME", at - 1, "RETRYCOUNT", 9
    yield "XREADGROUP", "GROUP", "one", "idle", "COUNT", 1, "STREAMS", key, ">"
    yield "XACK", key, "one", "7-1"


def _geo() -> Iterator[Piece]:
    yield _piece(
        "zset.geo",
        b"geo",
        ("GEOADD", "geo", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"),
    )
    yield _piece(
        "zset.geo-edges", b"geo:edges", ("GEOADD", "geo:edges", -180, -85, "sw", 180, 85, "ne", 0, 0, "null")
    )


def _expiries(now_ms: int) -> Iterator[Piece]:
    """Far and near ones of every type. None is so near that it passes while it is looked at."""
    makers: dict[str, Args] = {
        "string": ("v",),
        "list": ("a", "b"),
        "set": ("a", "b"),
        "zset": (1, "a"),
        "hash": ("f", "v"),
        "stream": ("1-1", "f", "v"),
    }
    names = {
        "string": "SET",
        "list": "RPUSH",
        "set": "SADD",
        "zset": "ZADD",
        "hash": "HSET",
        "stream": "XADD",
    }
    for kind, args in makers.items():
        key = f"expiry:{kind}"
        yield _piece(
            f"{kind}.expiry",
            key.encode(),
            (names[kind], key, *args),
            ("PEXPIREAT", key, now_ms + HOUR_MS + 123),
        )
    times = {
        "near": now_ms + 20 * 60_000,
        "odd-millisecond": now_ms + YEAR_MS + 1,
        "beyond-double": (1 << 53) + 1,
        "most": (1 << 62) + 1,
    }
    for what, at in times.items():
        key = f"expiry:{what}"
        yield _piece(f"string.expiry-{what}", key.encode(), ("SET", key, "v"), ("PEXPIREAT", key, at))
    yield _piece(
        "string.persisted",
        b"expiry:persisted",
        ("SET", "expiry:persisted", "v", "EX", 9999),
        ("PERSIST", "expiry:persisted"),
    )


def past_pieces() -> tuple[Piece, ...]:
    """Keys whose time passes before anybody looks; where an engine is told not to look for them, they are still there
    when it saves, and must not come back.
    """
    return (
        _piece("string.past", b"past:string", ("SET", "past:string", "v", "PX", 1)),
        _piece("hash.past", b"past:hash", ("HSET", "past:hash", "f", "v"), ("PEXPIRE", "past:hash", 1)),
    )


def _databases(now_ms: int) -> Iterator[Piece]:
    for db in (1, 9, 15):
        key = b"same-name"
        yield _piece(
            "string.database", key, ("SET", key, f"in {db}"), ("PEXPIREAT", key, now_ms + HOUR_MS * db), db=db
        )
        yield _piece("hash.database", b"hash", ("HSET", "hash", "db", db), db=db)


def _field_expiries(now_ms: int) -> Iterator[Piece]:
    at = now_ms + HOUR_MS
    yield _piece(
        "hash.field-expiry", b"fields:small",
        ("HSET", "fields:small", "a", 1, "b", 2, "c", 3),
        ("HPEXPIREAT", "fields:small", at, "FIELDS", 1, "a"),
        ("HPEXPIREAT", "fields:small", at + 1001, "FIELDS", 1, "b"),
    )  # fmt: skip
    yield _piece(
        "hash.field-expiry-all", b"fields:all",
        ("HSET", "fields:all", "a", 1, "b", 2), ("HPEXPIREAT", "fields:all", at + YEAR_MS, "FIELDS", 2, "a", "b"),
        ("PEXPIREAT", "fields:all", at + 2 * YEAR_MS),
    )  # fmt: skip
    many = chain.from_iterable((f"f{number}", str(number)) for number in range(600))
    yield _piece(
        "hash.field-expiry-many", b"fields:many", ("HSET", "fields:many", *many),
        ("HPEXPIREAT", "fields:many", at + 5, "FIELDS", 50, *(f"f{number}" for number in range(50))),
    )  # fmt: skip


def _vectors(rng: Random) -> Iterator[Piece]:
    lines: list[Args] = [
        ("VADD", "vectors", "VALUES", 4, *(repr(rng.uniform(-1, 1)) for _ in range(4)), f"element-{at}")
        for at in range(20)
    ]
    lines.append(("VSETATTR", "vectors", "element-3", '{"year": 2009}'))
    yield _piece("vectorset.plain", b"vectors", *lines)


_LIBRARY = """#!lua name=%(name)s
redis.register_function('%(name)s_echo', function(keys, args) return args[1] end)
redis.register_function{function_name='%(name)s_read', callback=function(keys) return redis.call('GET', keys[1]) end,
  flags={'no-writes'}, description='reads'}
"""


def _functions() -> Iterator[Piece]:
    for name in ("first", "second"):
        yield Piece(
            name="function.library", commands=(command("FUNCTION", "LOAD", _LIBRARY % {"name": name}),)
        )

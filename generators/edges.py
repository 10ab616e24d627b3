"""The values that a walk through a command's arguments uses: a plain one for each argument, and the edges of each type.

The tree says of an argument only `string`; what a stream's id or a script looks like, these tables say, by the
argument's name. Nothing here lets time pass or a server wait: what is to expire is far away or long past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generators.tree import Argument

BINARY = b"\xff\x00\xfe"
LONG = b"x" * 700

# What Redis 6.2 dumps of the string 5, and 7.0 of a library; later releases read both.
_DUMPED = b"\x00\xc0\x05\t\x00\xb3\xdd\x0e\xaa\xd7\xa9\xd0\xe0"
_FUNCTIONS = (
    b"\xf5@F#!lua name=lib3\nredis.register_function('f4', function() return 1 end)\n\x00\x00\x15xJl\xcdw1"
)

# By the argument's name, or by command and name. The first is what a call has that is to succeed.
PLAIN: dict[str, bytes] = {
    "AUTH password": b"wrong",
    "BITFIELD increment": b"1",
    "BITPOS bit": b"1",
    "CLIENT UNBLOCK client-id": b"999999",
    "CLIENT KILL client-id": b"999999",
    "CLIENT TRACKING client-id": b"999999",
    "COMMAND GETKEYS arg": b"k",
    "COMMAND GETKEYS command": b"GET",
    "COMMAND GETKEYSANDFLAGS arg": b"k",
    "COMMAND GETKEYSANDFLAGS command": b"GET",
    "COMMAND LIST pattern": b"xg*",
    "CONFIG GET parameter": b"maxmemory",
    "CONFIG SET parameter": b"maxmemory",
    "COPY destination-db": b"1",
    "EVALSHA arg": b"1",
    "FUNCTION DELETE library-name": b"lib",
    "LATENCY HISTOGRAM command": b"nosuch",
    "LOLWUT version": b"5",
    "MOVE db": b"1",
    "OBJECT FREQ key": b"k",
    "SELECT index": b"1",
    "SETBIT value": b"1",
    "SWAPDB index1": b"0",
    "SWAPDB index2": b"1",
    "XADD threshold": b"1",
    "XTRIM threshold": b"1",
    "XCLAIM min-idle-time": b"0",
    "XAUTOCLAIM min-idle-time": b"0",
    "XPENDING min-idle-time": b"0",
    "XADD id": b"4102444800001-1",
    "XGROUP CREATE group": b"blue",
    "XGROUP CREATECONSUMER consumer": b"bob",
    "XREADGROUP id": b">",
    "XREAD id": b"0",
    "XRANGE start": b"-",
    "XRANGE end": b"+",
    "XREVRANGE start": b"-",
    "XREVRANGE end": b"+",
    "XPENDING start": b"-",
    "XPENDING end": b"+",
    "XAUTOCLAIM start": b"0",
    "VRANGE start": b"-",
    "VRANGE end": b"+",
    "VADD vector": b"1",
    "ZRANGEBYLEX min": b"-",
    "ZRANGEBYLEX max": b"+",
    "ZREVRANGEBYLEX min": b"-",
    "ZREVRANGEBYLEX max": b"+",
    "ZLEXCOUNT min": b"-",
    "ZLEXCOUNT max": b"+",
    "ZREMRANGEBYLEX min": b"-",
    "ZREMRANGEBYLEX max": b"+",
    "ZRANGESTORE min": b"0",
    "ZRANGESTORE max": b"5",
    "ACL CAT category": b"geo",
    "ACL GENPASS bits": b"5",
    "arg": b"x",
    "bit": b"1",
    "by-pattern": b"nosort",
    "category": b"geo",
    "capa": b"r",
    "channel": b"ch",
    "clientname": b"me",
    "command": b"GET",
    "command-name": b"GET",
    "connection-name": b"me",
    "consumer": b"alice",
    "cursor": b"0",
    "destination-db": b"1",
    "element": b"a",
    "encoding": b"u8",
    "end": b"-1",
    "event": b"nosuch",
    "field": b"f",
    "flags": b"N",
    "function": b"f1",
    "function-code": b"#!lua name=lib2\nredis.register_function('f3', function(keys, args) return 1 end)",
    "get-pattern": b"#",
    "group": b"red",
    "host": b"127.0.0.1",
    "id": b"1-1",
    "iid": b"i1",
    "increment": b"2",
    "index": b"0",
    "json": b"{}",
    "last-id": b"9-9",
    "lastid": b"1-1",
    "latitude": b"38.1",
    "libname": b"lib",
    "library-name": b"lib",
    "library-name-pattern": b"*",
    "libver": b"1",
    "longitude": b"13.4",
    "max": b"+inf",
    "max-deleted-id": b"0-0",
    "max_distance": b"1",
    "member": b"a",
    "member1": b"a",
    "member2": b"b",
    "message": b"hello",
    "milliseconds": b"100000",
    "min": b"-inf",
    "ms": b"0",
    "not-capa": b"r",
    "not-flags": b"N",
    "not-username": b"default",
    "numlocal": b"0",
    "numreplicas": b"0",
    "offset": b"0",
    "parameter": b"maxmemory",
    "pattern": b"*",
    "pid": b"p1",
    "pivot": b"b",
    "protover": b"3",
    "radius": b"200",
    "rank": b"1",
    "score": b"1",
    "script": b"return 1",
    "seconds": b"1000",
    "section": b"server",
    "serialized-value": _DUMPED,
    "FUNCTION RESTORE serialized-value": _FUNCTIONS,
    "sha1": b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
    "shardchannel": b"ch",
    "start": b"0",
    "stop": b"-1",
    "ttl": b"0",
    "type": b"string",
    "unix-time-milliseconds": b"4102444800000",
    "unix-time-seconds": b"4102444800",
    "username": b"default",
    "value": b"5",
}
PLAIN_BY_KIND = {
    "integer": b"1",
    "double": b"1.5",
    "unix-time": b"4102444800",
    "pattern": b"*",
    "string": b"a",
}

# The most telling first: a small budget takes only those.
_INTEGER = (
    *(b"-1", b"0", b"a", b"9223372036854775808", b"", b"2", b"9223372036854775807", b"-9223372036854775808"),
    *(
        b"1.5",
        b" 1",
        b"01",
        b"+1",
        b"1e400",
        b"0x10",
        b"-0",
        b"4294967296",
        b"9007199254740993",
        b"-2",
        b"100",
    ),
    *(b"nan", b"1 ", b"2147483648", b"18446744073709551616", BINARY),
)
# Nothing in between: a bit or byte that far away costs half a gigabyte.
_OFFSET = (
    *(b"-1", b"a", b"4294967296", b"", b"100", b"#1", b"9223372036854775807", b"9223372036854775808", b"1.5"),
    *(b"#-1", b"#", b" 1", b"01", b"+1", b"1e400", b"-9223372036854775808", b"8", b"7", b"-0", BINARY),
)
_DOUBLE = (
    *(b"nan", b"inf", b"a", b"-1", b"0", b"", b"1e400", b"-inf", b"-0", b"1.5", b"0x1p3", b" 1", b"1e-400"),
    *(b"9223372036854775808", b"1e308", b"01", b"+1", b"1 ", b"infinity", b"1e17", b"0.1", BINARY),
)
_UNIX_TIME = (
    b"1",
    b"a",
    b"-1",
    b"9223372036854775807",
    b"0",
    b"",
    b"4102444800",
    b"9223372036854775808",
    b"1.5",
)
_TTL = (
    b"0",
    b"-1",
    b"a",
    b"9223372036854775807",
    b"",
    b"9223372036854775",
    b"1.5",
    b"9223372036854775808",
    b"01",
)
_TIMEOUT = (b"-1", b"a", b"nan", b"", b"-0.01", b"1e400", b"0.01x", b" 0.01", b"0.001", b"-inf")
_PATTERN = (b"", b"a*", b"[", b"\\", b"?", b"[^a]*", b"[a-", b"**", BINARY, b"*" * 50, LONG)
_STRING = (b"", BINARY, b"1", LONG, b"two words", b"\xc3\xa9", b"-1", b"0", b"inf", b"*")
_ID = (
    *(b"0", b"a", b"$", b"+", b"-", b"*", b"5-*", b">", b"0-0", b"", b"1-1", b"18446744073709551615", b"(1"),
    *(
        b"18446744073709551616",
        b"18446744073709551615-18446744073709551615",
        b"1-",
        b"-1",
        b"1-1-1",
        b"(",
        b"1-a",
    ),
    *(b"01-1", b" 1", b"(+", b"(-", BINARY),
)
_RANGE = (
    *(
        b"0",
        b"(1",
        b"a",
        b"nan",
        b"-inf",
        b"[a",
        b"(a",
        b"-",
        b"+",
        b"",
        b"(",
        b"[",
        b"inf",
        b"+inf",
        b"(inf",
    ),
    *(b"1e400", b"(a", b" 1", b"0x10", b"(nan", b"infinity", BINARY),
)

_EDGES_BY_KIND = {
    "integer": _INTEGER,
    "double": _DOUBLE,
    "unix-time": _UNIX_TIME,
    "pattern": _PATTERN,
    "string": _STRING,
    "key": (b"", BINARY, b"{k}", LONG),
}
_EDGES_BY_NAME = {
    # nothing that an entry could have waited or not
    "min-idle-time": (
        b"a",
        b"-1",
        b"",
        b"9223372036854775807",
        b"1.5",
        b"9223372036854775808",
        b"-0",
        BINARY,
    ),
    "id": _ID,
    "last-id": _ID,
    "lastid": _ID,
    "max-deleted-id": _ID,
    "max": _RANGE,
    "min": _RANGE,
    "seconds": _TTL,
    "milliseconds": _TTL,
    "ttl": _TTL,
    "timeout": _TIMEOUT,
    "protover": (b"2", b"1", b"4", b"a", b"", b"3.0", b"03"),
    "encoding": (b"i8", b"u64", b"i64", b"i65", b"u63", b"u0", b"a", b"", b"u", b"u08", b"U8", b"x8", b"i1"),
    "section": (b"nosuch", b"all", b"everything", b"default", b"keyspace", b"", b"commandstats"),
    "type": (b"list", b"nosuch", b"", b"ZSET", b"stream", BINARY),
    "category": (b"nosuch", b"", b"GEO", b"@geo"),
    "sha1": (b"a", b"", b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", b"f" * 40, b"f" * 41),
    "script": (b"", b"return", b"return ARGV[1]", b"#!lua\nreturn 1", b"#!nosuch\nreturn 1", BINARY),
    "function-code": (b"", b"#!lua", b"#!lua name=a", b"#!nosuch name=a\nx", b"#!lua name=lib2\nfoo("),
    "serialized-value": (b"", b"a", b"\x00\x01a\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00", LONG),
    "username": (b"nosuch", b"", b"a b", BINARY),
    "frequency": (b"0", b"255", b"256", b"-1", b"a", b""),
    "offset": _OFFSET,
}
_STREAM_RANGES = ("XRANGE", "XREVRANGE", "XPENDING", "XAUTOCLAIM")
_WAITS = frozenset(("BLPOP", "BRPOP", "BLMOVE", "BLMPOP", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "BZMPOP"))
_SHORT = {"timeout": b"0.01", "milliseconds": b"10"}


def plain(command: str, argument: Argument) -> bytes:
    """A value for this argument with which the call is meant to succeed."""
    if command in _WAITS and argument.name == "timeout":
        return b"0.002"
    if argument.token == b"BLOCK" or argument.name == "timeout":
        return b"2"
    named = PLAIN.get(f"{command} {argument.name}") or PLAIN.get(argument.name)
    return named or PLAIN_BY_KIND.get(argument.kind, b"a")


def edges(command: str, argument: Argument) -> tuple[bytes, ...]:
    """Values at the edges of this argument's type, the most telling first."""
    if argument.token == b"BLOCK":
        return _TIMEOUT
    if command in _STREAM_RANGES and argument.name in ("start", "end"):
        return _ID
    if argument.kind == "string" and argument.name in ("start", "stop"):
        return (*_RANGE, b"1", b"-1")
    return _EDGES_BY_NAME.get(argument.name) or _EDGES_BY_KIND.get(argument.kind, _STRING)

"""What comes from elsewhere: other protocols on this port, replication spoken wrongly, clients without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.command import command, parse
from generators.raw import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.raw import Lines

_PASSWORD = "sesame"  # noqa: S105  (of a server on loopback, for as long as a case lasts)
_OUTSIDE = (command("CONFIG", "SET", "requirepass", _PASSWORD), command("RESET"))  # RESET takes a login back
_PING = b"*1\r\n$4\r\nPING\r\n"
BEFORE_AUTH = (
    *(
        "PING",
        "ECHO a",
        "GET k",
        "nosuch",
        "GET",
        "AUTH",
        "AUTH wrong",
        "AUTH default wrong",
        "AUTH nobody x",
    ),
    *("AUTH a b c", f"AUTH {_PASSWORD}", f"AUTH default {_PASSWORD}", f"AUTH nobody {_PASSWORD}", 'AUTH ""'),
    *(
        "HELLO",
        "HELLO 2",
        "HELLO 3",
        "HELLO 4",
        "HELLO a",
        "HELLO 3 SETNAME a",
        f"HELLO 3 AUTH default {_PASSWORD}",
    ),
    *(
        "HELLO 3 AUTH default wrong",
        "HELLO 3 AUTH default",
        "HELLO 3 AUTH",
        "HELLO 3 NOPE",
        "HELLO 3 AUTH nobody x",
    ),
    *(
        f"HELLO 3 SETNAME a AUTH default {_PASSWORD}",
        f"HELLO 3 AUTH default {_PASSWORD} SETNAME a",
        "RESET",
        "QUIT",
    ),
    *(
        f"HELLO 4 AUTH default {_PASSWORD}",
        f"HELLO AUTH default {_PASSWORD}",
        f"HELLO 3 AUTH default {_PASSWORD} X",
    ),
    *(
        "MULTI",
        "EXEC",
        "DISCARD",
        "WATCH k",
        "COMMAND COUNT",
        "CLIENT ID",
        "CLIENT REPLY OFF",
        "CLIENT SETINFO a b",
    ),
    *(
        "SUBSCRIBE c",
        "SELECT 1",
        "REPLCONF a b",
        "PSYNC ? a b",
        "SYNC a",
        "MONITOR a",
        "CLIENT SETNAME a",
        "READONLY",
    ),
    *("ASKING", "ACL WHOAMI", "CONFIG GET requirepass", "EVAL 'return 1' 0", "DEBUG", "INFO a", "SHUTDOWN a"),
)
_FOREIGN = (
    *(
        b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST\r\n",
        b"post a\r\n",
    ),
    *(
        b"Host:\r\n",
        b"host: a\r\n",
        b"HOST: a\r\n",
        b"Host : a\r\n",
        b"Host\r\n",
        b" POST a\r\n",
        b'"POST" a\r\n',
        b"POST",
    ),
    *(
        b"HEAD / HTTP/1.0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nA: b\r\n\r\n",
        b"POSTX\r\n",
    ),
    *(
        command("POST", "/").encode(),
        command("Host:", "a").encode(),
        command("host:").encode(),
        command("POST").encode(),
    ),
    *(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-a\r\n",
        b"get a\r\n",
        b"stats\r\n",
        b"EHLO a\r\n",
        b"USER a\r\n",
    ),
    *(
        b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c",
        b"AMQP\x00\x00\x09\x01",
    ),
    *(
        b"+OK\r\n",
        b"-ERR a\r\n",
        b":1\r\n",
        b"_\r\n",
        b"%1\r\n",
        b"~1\r\n",
        b">1\r\n",
        b"#t\r\n",
        b"$4\r\nPING\r\n",
        b"$-1\r\n",
    ),
)
_HELLO_TLS = (
    b"\x16\x03\x01\x00\x5c\x01\x00\x00\x58\x03\x03"
    + bytes(range(32))
    + b"\x00\x00\x02\x13\x01\x01\x00\x00\x2d"
)
_REPLICAS = (
    *(
        "REPLCONF",
        "REPLCONF a",
        "REPLCONF a b",
        "REPLCONF listening-port",
        "REPLCONF listening-port abc",
        "REPLCONF ACK",
    ),
    *(
        "REPLCONF ACK 0",
        "REPLCONF ACK abc",
        "REPLCONF GETACK *",
        "REPLCONF capa",
        "REPLCONF capa a",
        "REPLCONF capa a capa b",
    ),
    *(
        "REPLCONF rdb-only abc",
        "REPLCONF rdb-only 0",
        "REPLCONF rdb-filter-only a",
        "REPLCONF rdb-filter-only functions",
    ),
    *(
        "REPLCONF version",
        "REPLCONF version a",
        "REPLCONF version 8.0.0",
        "REPLCONF rdb-channel a",
        "REPLCONF set-rdb-client-id a",
    ),
    *(
        "REPLCONF main-ch-client-id a",
        "REPLCONF ip-address a",
        "REPLCONF listening-port -1",
        "REPLCONF set-cluster-node-id a",
    ),
    *(
        "REPLCONF ACK 0 FACK 0",
        "REPLCONF FACK 0",
        "REPLCONF ACK 9223372036854775808",
        "REPLCONF nodeid a",
        "REPLCONF capa dual-channel",
    ),
    *(
        "PSYNC",
        "PSYNC a",
        "PSYNC ? a b",
        "PSYNC ? -1 FAILOVER",
        "PSYNC a b c d",
        "SYNC a",
        "SYNC a b",
    ),
    *(
        "MONITOR a",
        "FAILOVER a",
        "FAILOVER ABORT",
        "FAILOVER TO",
        "FAILOVER TIMEOUT a",
        "REPLICAOF a",
        "REPLICAOF NO",
        "REPLICAOF NO a",
    ),
)


def cases() -> Iterator[Lines]:
    """All of them."""
    yield from _foreign()
    yield from _outside()


def _foreign() -> Iterator[Lines]:
    for each in (
        *_FOREIGN,
        _HELLO_TLS,
        _HELLO_TLS + b"\r\n",
        b"\x16\x03\x01\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ):
        yield (raw(each),)
        yield (raw(_PING + each + _PING),)
        yield (command("MULTI"), raw(each), command("EXEC"))
    for asked in map(parse, _REPLICAS):
        yield (raw(asked.encode()),)
        yield (raw(_PING + asked.encode() + _PING),)
        if asked.name != "REPLICAOF":
            yield (command("MULTI"), asked)


def _outside() -> Iterator[Lines]:
    """Of who has not said the password."""
    for line in BEFORE_AUTH:
        asked = parse(line)
        yield (*_OUTSIDE, raw(asked.encode()))
        yield (*_OUTSIDE, raw(_PING + asked.encode() + _PING))
        yield (*_OUTSIDE, raw(asked.encode() + command("MULTI").encode()), command("EXEC"))
    for count in (9, 10, 11, 12, 1024, 1048576, 1048577, -1, -2):
        yield (*_OUTSIDE, raw(b"*%d\r\n" % count))
        yield (
            *_OUTSIDE,
            raw(b"*%d\r\n$4\r\nPING\r\n" % count, (b"$1\r\na\r\n", max(1, min(count, 2000) - 1))),
        )
    for size in (16383, 16384, 16385, 65536, 1 << 20, 536870912, 536870913, -1):
        yield (*_OUTSIDE, raw(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n" % size))
        yield (*_OUTSIDE, raw(b"*1\r\n$%d\r\n" % size, (b"x", max(1, min(size, 30000))), b"\r\n"))
        if 0 < size < (1 << 20):
            yield (*_OUTSIDE, raw(b"PING ", (b"x", size - 7), b"\r\n"))
            if size < (
                1 << 15
            ):  # what follows makes it the name of an unknown command, which 6.x repeats whole
                yield (*_OUTSIDE, raw((b"x", size)))
            yield (*_OUTSIDE, raw(b"PING", (b" a", size // 2), b"\r\n"))
    for each in (
        b"POST / HTTP/1.1\r\n",
        b"Host: a\r\n",
        b'PING "a\r\n',
        b"\r\n",
        b"*0\r\n",
        b"*abc\r\n",
        b"*1\r\n:1\r\n",
        b"\x00\r\n",
    ):
        yield (*_OUTSIDE, raw(each))
    login = command("AUTH", _PASSWORD).encode()
    eleven = command("DEL", *"abcdefghij").encode()
    yield (*_OUTSIDE, raw(login + eleven))
    yield (*_OUTSIDE, raw(eleven + login))
    yield (*_OUTSIDE, raw(login), raw(eleven))
    yield (*_OUTSIDE, raw(login + command("RESET").encode() + eleven))

"""Requests in one write, good and bad ones mixed, and requests in pieces."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from generators.command import command
from generators.raw import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.raw import Lines

_PING = b"*1\r\n$4\r\nPING\r\n"
_SET = command("SET", "k", "v").encode()
_GET = command("GET", "k").encode()
GOOD = (_PING, b"PING\r\n", b'ECHO "a b"\r\n', command("ECHO", "a").encode(), _SET + _GET)
BAD = (
    *(b"*-1\r\n", b"*0\r\n", b"*-2\r\n", b"*abc\r\n", b"*1048577\r\n", b"*\r\n", b"*1\r\n:4\r\nPING\r\n"),
    *(
        b"*1\r\n$-1\r\n",
        b"*1\r\n$a\r\nPING\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1\r\n$0\r\n\r\n",
        b"*1\r\n*1\r\n",
    ),
    *(
        b"*1\r\n$4\r\nPINGxx",
        b"\r\n",
        b'"a\r\n',
        b"'a'b\r\n",
        b"\x00\r\n",
        b"\xff\xff\r\n",
        b'""\r\n',
        b"$4\r\nPING\r\n",
    ),
    *(
        b"nosuch\r\n",
        b"GET\r\n",
        b"EXEC\r\n",
        b"POST / HTTP/1.1\r\n",
        b"Host: a\r\n",
        b"QUIT\r\n",
        b"+OK\r\n",
        b"-ERR a\r\n",
    ),
    *(
        command("nosuch", "a").encode(),
        command("GET").encode(),
        command("QUIT").encode(),
        command("POST", "/").encode(),
    ),
    *(command("Host:", "a").encode(), command("QUIT", "a").encode(), command("PING", "a", "b").encode()),
)
SMALL = b'*1\r\n$4\r\nPING\r\nECHO "a b"\r\n*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n*0\r\n\r\n' + _SET + _GET
_SPLIT_BAD = (
    b"*-2\r\n",
    b"*abc\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n:4\r\nPING\r\n",
    b'ECHO "a"b\r\n',
    b"*1\r\n$4\r\nPINGxx",
)


def cases() -> Iterator[Lines]:
    """All of them."""
    for good, bad in product(GOOD, BAD):
        yield (raw(good + bad + good),)
        yield (raw(bad + good),)
        yield (raw(good + good + bad + bad + good),)
    for bad in BAD:
        yield (raw(b"MULTI\r\n" + _PING + bad + _PING + b"EXEC\r\n"),)
        yield (raw(b"MULTI\r\n" + bad), command("EXEC"))
        yield (raw(bad), raw(bad))
    for each in (_PING, b"PING\r\n", _SET + _GET, b'ECHO "a"\r\n'):
        for times in (2, 1000):
            yield (raw((each, times)),)
    yield from _in_pieces()


def _in_pieces() -> Iterator[Lines]:
    """Cut at every byte, and byte by byte."""
    for each in (SMALL, *(_PING + bad + _PING for bad in _SPLIT_BAD)):
        for at in range(1, len(each)):
            yield (raw(each[:at]), raw(each[at:]))
        yield tuple(raw(each[at : at + 1]) for at in range(len(each)))
        yield tuple(raw(each[at : at + 3]) for at in range(0, len(each), 3))

"""What a connection is: which protocol it speaks, whether it hears replies, how it ends."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from generators.command import command, parse
from generators.raw import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.raw import Lines


_VERSIONS = (
    "",
    "0",
    "1",
    "2",
    "3",
    "4",
    "-1",
    "abc",
    '""',
    "3.0",
    '"3 "',
    '" 3"',
    "03",
    "+3",
    "9223372036854775808",
)
_OPTIONS = (
    *(
        "",
        "SETNAME a",
        "SETNAME",
        'SETNAME "a b"',
        'SETNAME ""',
        "SETNAME a SETNAME b",
        "AUTH",
        "AUTH a",
        "AUTH a b",
    ),
    *(
        'AUTH default ""',
        "AUTH default x",
        'AUTH default "" AUTH default ""',
        "AUTH a b AUTH default x",
        "NOPE",
        "setname a",
    ),
    *(
        "SETNAME a AUTH a b",
        'SETNAME a AUTH default ""',
        'AUTH default "" SETNAME "a b"',
        "SETNAME a NOPE",
        "3",
        '""',
    ),
)
_REPLY = ("CLIENT REPLY ON", "CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING")

_QUITS = (
    b"QUIT\r\n",
    b"quit\r\n",
    b"QUIT a\r\n",
    command("QUIT").encode(),
    b"MULTI\r\nQUIT\r\n",
    b"MULTI\r\nQUIT\r\nEXEC\r\n",
    b"SUBSCRIBE c\r\nQUIT\r\n",
    b"HELLO 3\r\nQUIT\r\n",
    b"QUIT\r\nQUIT\r\n",
    b"QUIT",
    b"QUIT\n",
    b"PING\r\nQUIT\r\nSET k v\r\n",
)
_RESETS = (
    b"RESET\r\n",
    b"RESET a\r\n",
    b"MULTI\r\nRESET\r\n",
    b"MULTI\r\nPING\r\nRESET\r\nEXEC\r\n",
    b"HELLO 3\r\nRESET\r\nGET k\r\n",
    b"SUBSCRIBE c\r\nRESET\r\n",
    b"SELECT 1\r\nRESET\r\nCLIENT LIST a\r\n",
    b"CLIENT SETNAME a\r\nRESET\r\nCLIENT GETNAME\r\n",
    b"WATCH k\r\nRESET\r\n",
    b"CLIENT REPLY OFF\r\nRESET\r\n",
    b"CLIENT TRACKING ON\r\nRESET\r\n",
    b"RESET\r\nRESET\r\n",
)
_SUBSCRIBED = (
    b"GET k",
    b"PING",
    b"PING a",
    b"RESET",
    b"MULTI",
    b"HELLO 3",
    b"QUIT",
    b"nosuch",
    b"UNSUBSCRIBE",
    b"*-1",
    b"ECHO a",
)


def cases() -> Iterator[Lines]:
    """All of them."""
    yield from _hellos()
    yield from _replies()
    yield from _endings()


def _hellos() -> Iterator[Lines]:
    for version in _VERSIONS:
        for options in (
            _OPTIONS if version in ("2", "3") else ("", "SETNAME a", 'AUTH default ""', "NOPE", "AUTH a b")
        ):
            yield (parse(f"HELLO {version} {options}"), command("CLIENT", "GETNAME"))
    for version in ("", "2", "3", "4"):
        hello = parse(f"HELLO {version}")
        yield (command("MULTI"), hello, command("EXEC"))
        yield (command("MULTI"), hello, command("PING"))
        yield (parse(f"EVAL \"return redis.call('HELLO', '{version}')\" 0"), command("HGETALL", "k"))
        inside = hello.encode()
        yield (raw(b"HGETALL k\r\n" + inside + b"HGETALL k\r\n" + b"HELLO 2\r\n" + b"HGETALL k\r\n"),)
        yield (raw(b"MULTI\r\nHGETALL k\r\n" + inside + b"HGETALL k\r\nEXEC\r\nHGETALL k\r\n"),)
        yield (raw(inside[:7]), raw(inside[7:] + b"HGETALL k\r\n"))
    for first, second in product(
        ("HELLO 2", "HELLO 3", "HELLO 4", "HELLO 3 NOPE", "HELLO 3 AUTH a b", "RESET"), repeat=2
    ):
        yield (raw(f"{first}\r\nGET k\r\n{second}\r\nGET k\r\n".encode()),)


def _replies() -> Iterator[Lines]:
    """CLIENT REPLY: every sequence of three in one write, and line by line."""
    for words in (*product(_REPLY, repeat=1), *product(_REPLY, repeat=2), *product(_REPLY, repeat=3)):
        yield (raw("".join(f"{each}\r\n" for each in words).encode()),)
    for words in product(_REPLY, repeat=2):
        yield (*map(parse, words), raw(b"PING\r\n"))
    for mode in ("OFF", "SKIP"):
        told = f"CLIENT REPLY {mode}"
        for other in (
            "nosuch",
            "GET",
            "MULTI",
            "HELLO 3",
            "HELLO 4",
            "QUIT",
            "RESET",
            "SUBSCRIBE c",
            "CLIENT REPLY",
            "EXEC",
        ):
            yield (raw(f"{told}\r\n{other}\r\nPING\r\n".encode()),)
            yield (
                raw(f"{told}\r\n".encode()),
                raw(f"{other}\r\n".encode()),
                raw(b"PING\r\nCLIENT REPLY ON\r\n"),
            )
        for bad in (b"*-2\r\n", b"*abc\r\n", b'"a\r\n', b"*1\r\n:1\r\n", b"*0\r\n"):
            yield (raw(told.encode() + b"\r\n" + bad + b"PING\r\n"),)
        yield (raw(f"MULTI\r\n{told}\r\nPING\r\nEXEC\r\nPING\r\n".encode()),)
        yield (raw(f"HELLO 3\r\n{told}\r\nPING\r\nCLIENT REPLY ON\r\n".encode()),)
        yield (parse(f"EVAL \"return redis.call('CLIENT', 'REPLY', '{mode}')\" 0"),)
    for line in (
        "CLIENT REPLY",
        "CLIENT REPLY nope",
        "CLIENT REPLY ON OFF",
        "CLIENT REPLY off",
        "CLIENT reply On",
    ):
        yield (raw(f"{line}\r\nPING\r\n".encode()),)


def _endings() -> Iterator[Lines]:
    for each in (*_QUITS, *_RESETS, *(b"SUBSCRIBE c\r\n" + word + b"\r\n" for word in _SUBSCRIBED)):
        yield (raw(each),)
        yield (raw(each + b"PING\r\n"),)
        yield (raw(each), raw(b"PING\r\n"))
    for name in ("QUIT", "RESET"):
        yield (parse(f"EVAL \"return redis.call('{name}')\" 0"),)

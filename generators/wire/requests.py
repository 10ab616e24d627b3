"""Arrays of bulk strings that are none, or more than there may be: counts, lengths, types, ends, sizes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from generators.command import command
from generators.raw import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.raw import Lines

_TEXTS = (
    *(b"", b"abc", b"1a", b"a1", b" 1", b"1 ", b"\t1", b"+1", b"01", b"00", b"-0", b"--1", b"-", b"+"),
    *(
        b"1.0",
        b"1e0",
        b"0x1",
        b"1,1",
        b"1\x00",
        b"\x00",
        b"*1",
        b"$1",
        b"\xff",
        b"1\t",
        b"1 1",
        b'"1"',
        b"- 1",
    ),
)
_EDGES = (
    *(
        b"2147483647",
        b"2147483648",
        b"-2147483648",
        b"-2147483649",
        b"4294967295",
        b"4294967296",
        b"4294967297",
    ),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809"),
    *(b"18446744073709551615", b"18446744073709551617", b"99999999999999999999999999"),
)
COUNTS = (b"0", b"-1", b"-2", b"-10", b"1048576", b"1048577", b"1024", b"1025", *_TEXTS, *_EDGES)
LENGTHS = (
    b"-1",
    b"0",
    b"-2",
    b"3",
    b"5",
    b"536870912",
    b"536870913",
    b"+4",
    b"04",
    b"4 ",
    b" 4",
    *_TEXTS,
    *_EDGES,
)
LONGEST_NAME = (
    32769  # of an unknown command: 6.x repeats all of it, in an error that no client reads to its end
)
ENDS = (b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"")
NOT_DOLLARS = tuple(bytes((byte,)) for byte in (*b"*:+-_,#(!=%~>|@a \r\n\t\"'0", 0, 255))
BEHIND = (b"\n\n", b"\r\r", b"\n\r", b"xx", b"\x00\x00", b"\r\n\r\n", b"")
_ECHO = b"*2\r\n$4\r\nECHO\r\n"
_PING = b"$4\r\nPING\r\n"


def cases() -> Iterator[Lines]:
    """All of them."""
    yield from _wrong_counts()
    yield from _wrong_lengths()
    yield from _empty()
    yield from _large()


def _wrong_counts() -> Iterator[Lines]:
    for count in COUNTS:
        yield (raw(b"*" + count + b"\r\n" + _PING),)
        yield (raw(b"*" + count + b"\r\n"),)
    for count, end in product((b"1", b"-1", b"a", b"2"), ENDS):
        yield (raw(b"*" + count + end + _PING),)
    for digit, size in product((b"0", b"1", b"a", b"-"), (16384, 65535, 65536, 65537)):
        yield (raw(b"*", (digit, size)),)
        yield (raw(b"*", (digit, size), b"\r\n"),)


def _wrong_lengths() -> Iterator[Lines]:
    for length in LENGTHS:
        yield (raw(b"*1\r\n$" + length + b"\r\nPING\r\n"),)
        yield (raw(_ECHO + b"$" + length + b"\r\nPING\r\n"),)
        yield (raw(b"*1\r\n$" + length + b"\r\n"),)
    for length, end in product((b"4", b"-1", b"a"), ENDS):
        yield (raw(b"*1\r\n$" + length + end + b"PING\r\n"),)
    for lead in NOT_DOLLARS:
        yield (raw(b"*1\r\n" + lead + b"4\r\nPING\r\n"),)
        yield (raw(_ECHO + lead + b"4\r\nPING\r\n"),)
    for end in BEHIND:
        yield (raw(b"*1\r\n$4\r\nPING" + end + b"*1\r\n" + _PING),)
        yield (raw(_ECHO + b"$1\r\na" + end + b"*1\r\n" + _PING),)
    for digit, size in product((b"0", b"1", b"a", b"-"), (16384, 65535, 65536, 65537)):
        yield (raw(b"*1\r\n$", (digit, size)),)
        yield (raw(b"*1\r\n$", (digit, size), b"\r\n"),)
        yield (raw(b"*1\r\n", (digit, size)),)


def _empty() -> Iterator[Lines]:
    ping = b"*1\r\n" + _PING
    for empty in (
        b"*0\r\n",
        b"*-1\r\n",
        b"*-5\r\n",
        b"\r\n",
        b"*1\r\n$0\r\n\r\n",
        b"*2\r\n$0\r\n\r\n$1\r\na\r\n",
    ):
        yield (raw(empty + ping),)
        yield (raw(ping + empty),)
        yield (raw((empty, 100), ping),)
        yield (command("MULTI"), raw(empty), command("EXEC"))
    yield (raw(_ECHO + b"$0\r\n\r\n"),)
    yield (raw(_ECHO + b"*1\r\n$1\r\na\r\n"),)


def _large() -> Iterator[Lines]:
    """Within the limits, at the sizes at which servers go about it in another way."""
    for size in (16384, 32767, 32768, 32769, 65536, 1 << 20):
        length = b"$%d\r\n" % size
        yield (raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n", length, (b"x", size), b"\r\n"), command("STRLEN", "k"))
        yield (raw(_ECHO, length, (b"x", size)), raw(b"\r\n"))
        yield (raw(_ECHO, length, (b"x", size + 1), b"\r\n"),)
        if size <= LONGEST_NAME:
            yield (raw(b"*1\r\n", length, (b"x", size), b"\r\n"),)
    for count in (127, 1000, 1023, 1024, 1025, 1026, 65536):
        yield (raw(b"*%d\r\n$3\r\nDEL\r\n" % count, (b"$1\r\na\r\n", count - 1)),)
        yield (raw(b"*%d\r\n" % count, (b"$1\r\na\r\n", count)),)
    limit = 1 << 20
    for setting in ("client-query-buffer-limit", "proto-max-bulk-len"):
        told = command("CONFIG", "SET", setting, limit)
        for size in (limit - 1000, limit - 1, limit, limit + 1, 2 * limit):
            yield (told, raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % size, (b"x", size), b"\r\n"))
        yield (told, raw(b"DEL", (b" a", 30000)))
    big = (raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$600000\r\n", (b"x", 600000), b"\r\n"),)
    yield (command("CONFIG", "SET", "client-query-buffer-limit", limit), *big, *big)

"""Requests that are lines of words: quotes, blanks, line ends, bytes of all kinds, lengths."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from generators.raw import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generators.raw import Lines

# What stands for an argument.
WORDS = (
    *(b'"a"', b"'a'", b'""', b"''", b'"a b"', b"'a b'", b'"a\tb"', b"'a\tb'"),
    *(rb'"\x41"', rb"'\x41'", rb'"\x4"', rb'"\xzz"', rb'"\x"', rb'"\X41"', rb'"\x00"', rb'"\xff\x80"'),
    *(rb'"\n\r\t\b\a"', rb"'\n\r\t\b\a'", rb'"\q\0\1"', rb'"\\"', rb"'\\'", rb'"\""', rb"'\''", rb"'\"'"),
    *(rb'"\'"', rb'"\u0041"', rb'"\e"', rb'"\v\f"'),
    *(b'"a', b"'a", b'"', b"'", b'a"', b"a'", b'"a\\', b'"a\\"', b"'a\\'", b'"a b', b"'a b"),
    *(b'"a"b', b"'a'b", b'"a""b"', b"'a''b'", b"\"a\"'b'", b"'a'\"b\"", b'a"b"', b"a'b'", b'a"b', b"a'b"),
    *(b'"a";', b'"a"\x00', b'"a"\t"b"', b'"a"\r"b"', b'"a"\x0b"b"', b'a "b" c', b'"a" ', b'""""', b"''''"),
    *(rb"\x41", rb"a\ b", rb"a\"b", b"\\", b"a\x00b", b'"a\x00b"', b"'a\x00b'", b"\xff", b'"\xff"'),
    *("é".encode(), b"$1", b"*1", b"#a", b"-1", b"a\x0bb", b"a\x0cb", b"a\x1bb", b"a\x7fb"),
)
ENDS = (b"\r\n", b"\n", b"\r", b"\n\r", b"\r\r\n", b"\x00\r\n", b" \r\n", b"\t\r\n", b"\r\n\r\n", b"\x00\n")
LEADS = (
    b"",
    b" ",
    b"\t",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\x00",
    b"\x0b",
    b"\x0c",
    b'""',
    b"\xef\xbb\xbf",
)
EMPTY = (b"", b" ", b"\t", b'""', b"''", b'"" a', b'" "', b"\x00", b"\r", b"\x00PING", b"   ''")
# Bytes: a server's buffers and limits. How much of a line it has read when it looks for its end is chance; a line is
# too long for certain where there is no end within the limit, and all that may ever be read at once behind it.
_LINES = (16384, 32768, 65536)


def cases() -> Iterator[Lines]:
    """All of them."""
    for word, end in product(WORDS, (b"\r\n", b"\n")):
        yield (raw(b"ECHO " + word + end),)
    for lead, end in product(LEADS, ENDS):
        yield (raw(lead + b"PING" + end),)
    for empty, end in product(EMPTY, (b"\r\n", b"\n")):
        yield (raw(empty + end),)
    yield from _bytes()
    yield from _long()


def _bytes() -> Iterator[Lines]:
    """Every byte as a request, in front of one, and those that are no letters between two words."""
    for byte in range(256):
        each = bytes((byte,))
        yield (raw(each + b"\r\n"),)
        if not each.isalnum():
            yield (raw(b"ECHO" + each + b"a\r\n"),)
            yield (raw(b"ECHO a" + each + b"\r\n"),)
            yield (raw(each + b"ECHO a\r\n"),)


def _long() -> Iterator[Lines]:
    for size, end, off in product(_LINES, (b"\r\n", b"\n"), (-1, 0, 1)):
        yield (raw(b"ECHO ", (b"x", size + off - 5 - len(end)), end),)
    for size in (*_LINES, 65537, 131072):  # without an end, until the next line brings one
        yield (raw(b"ECHO ", (b"x", size - 5)),)
        yield (raw(b"ECHO ", (b"x", size - 5)), raw(b"\r\n"))
        yield (raw((b"\x00", size)),)
        yield (raw((b" ", size)), raw(b"PING\r\n"))
    for size in _LINES:
        yield (raw((b" ", size - 8), b"PING\r\n"),)
        yield (raw(b'ECHO "', (b"x", size - 9), b'"\r\n'),)
        yield (raw((b"\r\n", size // 2), b"PING\r\n"),)
        yield (raw(b"DEL", (b" a", size // 2 - 4), b"\r\n"),)

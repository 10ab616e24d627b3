"""What the slots of the forms can be: small alphabets that collide, with edges and a few mistakes among them.

Each alphabet is a tuple of values; a value that stands twice is drawn twice as often. Values are ordered from plain
to odd. Time is either far away or already past: nothing that a program sets expires while it is watched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from random import Random

from generators.cluster import MYSELF, PEER, STRANGER

Draw = Callable[[Random], bytes]

_NUMBER_EDGES = (
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"4294967296",
    b"2147483648",
    b"-2147483649",
    b"9007199254740993",
)
_NOT_INTEGERS = (b"", b"a", b"1.5", b" 1", b"01", b"+1", b"1e2", b"0x10", b"-0")
_NOT_FLOATS = (b"", b"a", b"nan", b"1e400", b"0x1p3", b" 1", b"1 ", b"--1")


def _words(text: str) -> tuple[bytes, ...]:
    return tuple(text.encode().split())


_TEXT_45 = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs"  # embstr ends at 44 bytes
_TEXT_65 = _TEXT_45 + b"abcdefghijklmnopqrst"  # listpack values end at 64 bytes

ALPHABETS: dict[str, tuple[bytes, ...]] = {
    "value": (
        *_words("a b 1 10 -5 abc 3.5 0 100 hello"),
        b"foobar",
        b"ohmytext",
        b"",
        _TEXT_45[:44],
        _TEXT_45,
        _TEXT_65,
        b"\xfe\x00\x7f",
        b"two words",
        b"9223372036854775807",
        b"3.0e3",
        b"12345678901234567890",
        b"\xc3\xa9t\xc3\xa9",
    ),
    "big": (b"1" * 1100, _TEXT_45 * 26, b"x" * 4200),  # for what begins beyond a kilobyte
    "number": (*_words("0 1 2 3 -1 10 100 7 8"), *_NUMBER_EDGES[:2], *_NOT_INTEGERS[:3]),
    "int": (*(_words("0 1 2 3 -1 -2 5 10 100 -100") * 3), *_NUMBER_EDGES, *_NOT_INTEGERS),
    "index": (*(_words("0 1 2 3 -1 -2 -3 5 -5 100 -100") * 3), *_NUMBER_EDGES, *_NOT_INTEGERS[:4]),
    "count": (*(_words("0 1 2 3 10 1 2") * 3), b"-1", b"-2", b"-10", *_NUMBER_EDGES[:3], *_NOT_INTEGERS[:4]),
    "poscount": (*(_words("1 2 3 10") * 4), b"0", b"-1", b"a"),
    "sample": (*(_words("1 2 3 10 -1 -3 1000") * 3), b"0", *_NOT_INTEGERS[:3]),
    "limit": (*(_words("0 1 2 3 10 -1") * 3), *_NOT_INTEGERS[:3]),
    "offset": (*(_words("0 1 2 5 10 31 100") * 3), b"-1", b"536870912", b"4294967296", *_NOT_INTEGERS[:3]),
    "bit": (*(_words("0 1 2 7 8 9 15 16 31 100 1000") * 3), b"-1", b"4294967296", *_NOT_INTEGERS[:3]),
    "bitvalue": (*(_words("0 1") * 8), b"2", b"-1", b"a"),
    "bitfrom": (*(_words("0 1 -1 -2 2 5 8 -10") * 3), b"100", *_NUMBER_EDGES[:3], *_NOT_INTEGERS[:2]),
    "bittype": (*(_words("u8 i8 u4 i16 u1 u63 i64") * 3), b"u64", b"i65", b"u0", b"a", b"", b"x8"),
    "bitat": (*(_words("0 1 7 #0 #1 100") * 3), b"-1", b"#-1", b"a", b"4294967296"),
    "float": (*(_words("0 1 -1 1.5 2 -2.5 3e2 0.1 100") * 3), b"inf", b"-inf", b"1e308", b"-0", *_NOT_FLOATS),
    "score": (
        *(_words("1 2 3 0 -1 1.5 2.5 10") * 4),
        b"inf",
        b"-inf",
        b"1e308",
        b"1e-9",
        b"-0",
        *_NOT_FLOATS,
    ),
    "min": (*(_words("-inf 0 1 (1 2 -1 1.5") * 3), b"(inf", b"+inf", b"nan", b"a", b"(", b""),
    "max": (*(_words("+inf inf 10 2 (2 3 1") * 3), b"(inf", b"-inf", b"nan", b"a", b"(", b""),
    "lexmin": (*(_words("- [a (a [b (b") * 3), b"[", b"(", b"+", b"a", b""),
    "lexmax": (*(_words("+ [c (c [b (d") * 3), b"[", b"(", b"-", b"a", b""),
    "member": (
        *(_words("a b c d e 1 2 3") * 3),
        b"",
        b"10",
        b"abc",
        _TEXT_65,
        b"\xff",
        b"9223372036854775807",
    ),
    "intmember": (*_words("1 2 3 4 5 100 -1"), b"70000", b"5000000000", b"9223372036854775807"),
    "field": (*(_words("f g h 1 2") * 4), b"", b"\xff", _TEXT_65),
    "seconds": (*(_words("100 1000 5000 100000") * 4), b"0", b"-1", *_NUMBER_EDGES[:3], *_NOT_INTEGERS[:3]),
    "millis": (*(_words("100000 1000000 5000000") * 4), b"0", b"-1", *_NUMBER_EDGES[:3], *_NOT_INTEGERS[:3]),
    "unix": (
        *(_words("4102444800 4133980800") * 5),
        b"1",
        b"0",
        b"-1",
        *_NUMBER_EDGES[:3],
        *_NOT_INTEGERS[:3],
    ),
    "unixms": (*(_words("4102444800000 4133980800000") * 5), b"1", b"0", b"-1", *_NUMBER_EDGES[:3], b"a"),
    "id": (
        *(_words("1-1 2-1 2-2 3-1 4 5-0 7-3") * 3),
        b"0-0",
        b"0",
        b"6-*",
        b"18446744073709551615-1",
        b"a",
        b"1-",
        b"-",
    ),
    "idfrom": (*(_words("- 0 1 1-1 2-1 (1-1 (2-1 3") * 2), b"+", b"0-0", b"(a", b"a", b"$"),
    "idto": (*(_words("+ 3-1 5 2-1 (3-1 (5-0 7") * 2), b"-", b"(a", b"a", b"$"),
    "idafter": (*(_words("0 0-0 1-1 2-1 1") * 3), b"$", b"+", b"a", b"9-9"),
    "group": (*(_words("red blue") * 5), b"", b"nogroup"),  # no names that keys have
    "consumer": (*(_words("alice bob") * 5), b"", b"carol"),
    "pattern": (*_words("* *a* a* ? [a-c]* s* k?"), b"", b"\\*", b"[^a]*", b"nothing"),
    "lon": (*(_words("13.361389 15.087269 0 -0.1278 2.3522") * 3), b"181", b"-180", b"180", b"a", b"nan"),
    "lat": (*(_words("38.115556 37.502669 0 51.5074 48.8566") * 3), b"86", b"-85.05112878", b"a", b"inf"),
    "radius": (*(_words("100 200 1000 10000000 0") * 3), b"-1", b"a", b"1e400"),
    "unit": (*(_words("m km ft mi") * 4), b"KM", b"yd", b""),
    "db": (*(_words("0 1 9") * 4), b"16", b"-1", b"a"),
    "nokeys": (*(_words("1 2") * 8), b"0", b"-1", b"3", b"a"),
    "word": (*_words("a foo bar hola 1"), b"", b"two words", b"\xff"),
    "tagged": (  # keys whose slots depend on how hash tags are found in them
        *(_words("{a}1 {a}2 {b}1 a b") * 3),
        *_words("{a} {a {a}{b} a{b}c {a{b} {{a}} }a{b} {a}b} {}a a{}b {}{a} k"),
        b"",
        b"\xff{\xfe\x00}\x80",
        b"{ }",
    ),
    "tag": _words("{a}1 {a}2 b"),  # keys of one slot and of another
    "slot": (*(_words("15495 3300 0 16383 1") * 3), *_words("16384 -1 a 015 1.5 4294967296"), b""),
    "node": (  # ids of nodes in a cluster
        *([MYSELF.encode(), PEER.encode()] * 3),
        STRANGER.encode(),
        MYSELF.upper().encode(),
        PEER.encode() + b"b",
        b"a",
        b"",
    ),
    "few": _words("10 1 0 -1 a 4294967296"),
    "odd": (b"", b"-1", b"a", b"\xfd\x00", b"9223372036854775808", b"nan", b"0"),
}


def alphabet(values: Iterable[bytes]) -> Draw:
    """A slot that draws from these values, each as often as it stands there."""
    listed = tuple(values)

    def pick(rng: Random) -> bytes:
        return listed[int(rng.random() * len(listed))]

    return pick


def counter(prefix: bytes) -> Draw:
    """A slot that never repeats itself: `prefix0`, `prefix1`, … For elements of large values."""
    numbers = count()

    def pick(_: Random) -> bytes:
        return b"%b%d" % (prefix, next(numbers) % 100_000)

    return pick

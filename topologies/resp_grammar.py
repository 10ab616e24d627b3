"""The grammar of RESP2 and RESP3, a line at a time: what each line says, and which lines are refused.

The source is the RESP3 specification, made stricter where it gives one value two spellings, so that nothing
of the wire is lost in a value. This file knows neither streams nor buffers; `topologies/resp.py` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from topologies.reply import Kind, Reply

CRLF: Final = b"\r\n"
_EXCERPT: Final = 40  # bytes that a message shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may ask of our memory before it is refused."""

    bulk: int = 512 * 1024 * 1024  # bytes; what servers call proto-max-bulk-len
    line: int = 64 * 1024  # bytes before CRLF
    elements: int = 2**24  # of one array, set, push or map (there: keys and values)
    depth: int = 128  # aggregates within aggregates


DEFAULT_LIMITS: Final = Limits()


class Refusal(Exception):  # noqa: N818  (half a ProtocolError: the reader who knows the offset makes it whole)
    """Why bytes are refused, without knowing where in the stream they stand."""


class Header(NamedTuple):
    """A line that announces more: `size` bytes of a string, or `size` elements of an aggregate."""

    kind: Kind
    size: int


STRINGS: Final = {ord("$"): Kind.BULK, ord("!"): Kind.BULK_ERROR, ord("="): Kind.VERBATIM}
AGGREGATES: Final = {
    ord("*"): Kind.ARRAY,
    ord("%"): Kind.MAP,
    ord("~"): Kind.SET,
    ord(">"): Kind.PUSH,
    ord("|"): Kind.ATTRIBUTE,
}
TEXTS: Final = {ord("+"): Kind.SIMPLE, ord("-"): Kind.ERROR}
_LINES: Final = {**TEXTS, **dict.fromkeys(b":_#,(")}
LEADS: Final = frozenset({*STRINGS, *AGGREGATES, *_LINES})
OF_STRING: Final = frozenset(STRINGS.values())
PAIRED: Final = frozenset({Kind.MAP, Kind.ATTRIBUTE})

# The RESP3 specification: "inf", "-inf" and "nan". Servers before 7.2 use printf, which knows "-nan".
_DOUBLE: Final = re.compile(rb"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|-?inf|-?nan")
_BIG_NUMBER: Final = re.compile(rb"[+-]?[0-9]+")
_INTEGER: Final = re.compile(rb"0|-?[1-9][0-9]{0,18}")

# Replies that come again and again are made once: equal lines give the very same value.
KNOWN: Final[dict[bytes, Reply]] = {
    b"$-1": Reply(Kind.NULL_BULK, None),
    b"*-1": Reply(Kind.NULL_ARRAY, None),
    b"_": Reply(Kind.NULL, None),
    b"#t": Reply(Kind.BOOLEAN, True),
    b"#f": Reply(Kind.BOOLEAN, False),
    **{b"+" + text: Reply(Kind.SIMPLE, text) for text in (b"OK", b"QUEUED", b"PONG", b"none", b"string")},
    **{b":%d" % number: Reply(Kind.INTEGER, number) for number in range(-16, 1025)},
    **{
        b"%c0" % lead: Reply(kind, ())
        for lead, kind in AGGREGATES.items()
        if kind is not Kind.ATTRIBUTE  # an attribute is nothing without the reply behind it
    },
}


def read_line(line: bytes, limits: Limits) -> Reply | Header:
    """What a line (without its CRLF) says by itself.

    Raises:
        Refusal: it is no line of RESP.

    """
    known = KNOWN.get(line)
    if known is not None:
        return known
    if not line or line[0] not in LEADS:
        raise Refusal(unknown_lead(line))
    if len(line) > limits.line:
        raise Refusal(too_long(limits))
    lead = line[0]
    if lead in STRINGS:
        return _string_header(STRINGS[lead], line, limits)
    if lead in AGGREGATES:
        return _aggregate_header(AGGREGATES[lead], line, limits)
    return _whole_line(lead, line)


def _whole_line(lead: int, line: bytes) -> Reply:
    text = line[1:]
    if lead in TEXTS:
        # "The string mustn't contain a CR or LF character": hiredis refuses it, too.
        if b"\r" in text or b"\n" in text:
            raise Refusal("a simple string or error with a bare CR or LF in it")
        return Reply(TEXTS[lead], text)
    if lead == ord(":"):
        return Reply(Kind.INTEGER, _integer(text))
    if lead == ord(",") and _DOUBLE.fullmatch(text):
        return Reply(Kind.DOUBLE, text)
    if lead == ord("(") and _BIG_NUMBER.fullmatch(text):
        return Reply(Kind.BIG_NUMBER, text)
    expected = {"_": "nothing", "#": "t or f", ",": "a double", "(": "a whole number"}[chr(lead)]
    raise Refusal(f"expected {expected} behind {chr(lead)!r}, got {text[:_EXCERPT]!r}")


def _string_header(kind: Kind, line: bytes, limits: Limits) -> Header:
    size = _size(line)
    if size > limits.bulk:
        raise Refusal(f"a string of {size} bytes, more than the limit of {limits.bulk}")
    if kind is Kind.VERBATIM and size < len(b"txt:"):
        raise Refusal(f"a verbatim string of {size} bytes has no room for its format")
    return Header(kind, size)


def _aggregate_header(kind: Kind, line: bytes, limits: Limits) -> Header:
    size = _size(line) * (2 if kind in PAIRED else 1)
    if size > limits.elements:
        raise Refusal(f"{kind.value} of {size} elements, more than the limit of {limits.elements}")
    return Header(kind, size)


def _size(line: bytes) -> int:
    if line[1:] == b"?":
        raise Refusal(f"a streamed RESP3 type ({line.decode()}), which no known server sends: not read")
    size = _integer(line[1:])
    if size < 0:
        raise Refusal(f"a size of {size} behind {chr(line[0])!r}")
    return size


def _integer(text: bytes) -> int:
    """One spelling a number, 64 bits: a leading zero or plus would be lost in the value."""
    if _INTEGER.fullmatch(text):
        number = int(text)
        if -(2**63) <= number < 2**63:
            return number
    raise Refusal(f"expected an integer of 64 bits, got {text[:_EXCERPT]!r}")


def unknown_lead(line: bytes) -> str:
    return f"expected a RESP type byte, got {(line or CRLF)[:1]!r}"


def too_long(limits: Limits) -> str:
    return f"a line of more than {limits.line} bytes"

"""RESP2 and RESP3 as bytes to values and back: sans-IO, strict, and with limits.

Strict means that `encode_reply(decode(raw)) == raw` for whatever is accepted, so replies can be compared as
values without losing what the wire said. This file knows no command: which reply belongs to which request is
not its business, nor is who sent the bytes.

Two readers, one grammar (`resp_grammar.py`): `Decoder` takes the stream as it comes, `decode_all` takes a
whole buffer many times faster and turns to the `Decoder` for whatever is unusual, so that both refuse the
same things in the same words.
"""

from __future__ import annotations

from itertools import repeat
from typing import Final, TypeAlias

from topologies.reply import Kind, Reply
from topologies.resp_grammar import (
    AGGREGATES,
    CRLF,
    DEFAULT_LIMITS,
    KNOWN,
    LEADS,
    OF_STRING,
    PAIRED,
    STRINGS,
    TEXTS,
    Header,
    Limits,
    Refusal,
    read_line,
    too_long,
    unknown_lead,
)

__all__ = [
    "DEFAULT_LIMITS",
    "Decoder",
    "Limits",
    "ProtocolError",
    "TruncatedError",
    "decode",
    "decode_all",
    "decode_both",
    "encode_reply",
]

_EXCERPT: Final = 40  # bytes of the stream that an error message shows


class ProtocolError(Exception):
    """The peer sent something that is no RESP, or more than the limits allow. Never for a fault of ours.

    └── TruncatedError   everything so far was RESP, but it ends within a reply
    """

    def __init__(self, reason: str, *, offset: int, excerpt: bytes) -> None:
        super().__init__(f"{reason}, at byte {offset} of the stream: {excerpt!r}")
        self.reason = reason
        self.offset = offset
        self.excerpt = excerpt


class TruncatedError(ProtocolError):
    """The buffer ends within a reply."""


class _Open:
    """An aggregate whose elements are still coming."""

    __slots__ = ("items", "kind", "size")

    def __init__(self, kind: Kind, size: int) -> None:
        self.kind = kind
        self.size = size
        self.items: list[Reply] = []  # grows with what came, never with what was announced


class Decoder:
    """Replies from a stream that comes in any pieces. Every byte is looked at a bounded number of times.

    After a `ProtocolError` the place in the stream is lost: every later `next` raises the same error again.
    """

    __slots__ = ("_at", "_broken", "_buffer", "_dropped", "_limits", "_open", "_scanned", "_string")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer: bytes | bytearray = bytearray()
        self._at = 0  # everything before it is consumed
        self._scanned = 0  # no CRLF begins between _at and here
        self._dropped = 0  # bytes of the stream that are no longer in the buffer
        self._open: list[_Open] = []
        self._string: Header | None = None  # the string whose bytes are awaited
        self._broken: ProtocolError | None = None

    @property
    def consumed(self) -> int:
        """Bytes of the stream that were understood so far, those of unfinished replies included."""
        return self._dropped + self._at

    @property
    def idle(self) -> bool:
        """Whether the stream stands between two replies."""
        return not self._open and self._string is None and self._at == len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what the peer sent."""
        if self._broken is None:
            self._buffer += data

    def next(self) -> Reply | None:
        """The next whole reply, or None until more is fed.

        Raises:
            ProtocolError: the stream is no RESP, here or earlier.

        """
        if self._broken is not None:
            raise self._broken
        try:
            return self._whole_reply()
        except Refusal as refusal:
            excerpt = bytes(self._buffer[self._at : self._at + _EXCERPT])
            self._broken = ProtocolError(str(refusal), offset=self.consumed, excerpt=excerpt)
            self._buffer = b""
            raise self._broken from None

    def _whole_reply(self) -> Reply | None:
        while (item := self._item()) is not None:
            reply = self._close(item) if isinstance(item, Reply) else self._begin(item)
            if reply is not None:
                return reply
        self._drop()
        return None

    def _item(self) -> Reply | Header | None:
        """The next scalar, or the header of an aggregate, or None where the bytes end."""
        if self._string is None:
            line = self._line()
            if line is None:
                return None
            item = read_line(line, self._limits)
            if isinstance(item, Reply) or item.kind not in OF_STRING:
                self._advance(len(line) + 2)
                return item
            self._advance(len(line) + 2)
            self._string = item
        return self._string_value(self._string)

    def _line(self) -> bytes | None:
        buffer, at = self._buffer, self._at
        end = buffer.find(CRLF, self._scanned)
        if end >= 0:
            return bytes(buffer[at:end])
        self._scanned = max(at, len(buffer) - 1)  # the last byte may be a CR
        if at < len(buffer) and buffer[at] not in LEADS:
            raise Refusal(unknown_lead(bytes(buffer[at : at + 1])))
        if len(buffer) - at > self._limits.line + 1:
            raise Refusal(too_long(self._limits))
        return None

    def _string_value(self, header: Header) -> Reply | None:
        end = self._at + header.size
        if len(self._buffer) < end + 2:
            return None
        if self._buffer[end : end + 2] != CRLF:
            raise Refusal(f"a string of {header.size} bytes without CRLF behind it")
        with memoryview(self._buffer) as view:  # a slice of a bytearray would copy twice
            value = view[self._at : end].tobytes()
        if header.kind is Kind.VERBATIM and value[3:4] != b":":
            raise Refusal("a verbatim string without its format of three bytes and a colon")
        self._string = None
        self._advance(header.size + 2)
        return Reply(header.kind, value)

    def _advance(self, size: int) -> None:
        self._at += size
        self._scanned = self._at

    def _drop(self) -> None:
        if self._at and isinstance(self._buffer, bytearray):
            del self._buffer[: self._at]  # moves the start of the array, does not copy
            self._dropped += self._at
            self._scanned -= self._at
            self._at = 0

    def _begin(self, header: Header) -> Reply | None:
        if len(self._open) >= self._limits.depth:
            raise Refusal(f"replies nested deeper than the limit of {self._limits.depth}")
        if header.kind is Kind.ATTRIBUTE:
            # On the wire the reply follows its attributes; here both are the two halves of one value.
            self._open.append(_Open(Kind.ATTRIBUTE, 2))
            header = Header(Kind.MAP, header.size)
        if header.size == 0:
            return self._close(Reply(header.kind, ()))
        self._open.append(_Open(header.kind, header.size))
        return None

    def _close(self, reply: Reply) -> Reply | None:
        """Put a finished reply where it belongs; the outermost one if that finishes it."""
        while self._open:
            parent = self._open[-1]
            parent.items.append(reply)
            if len(parent.items) < parent.size:
                return None
            self._open.pop()
            reply = Reply(parent.kind, tuple(parent.items))
        return reply


def decode(buffer: bytes, at: int = 0, limits: Limits = DEFAULT_LIMITS) -> tuple[Reply, int]:
    """The reply that begins at `at`, and where the next one begins.

    Raises:
        TruncatedError: the buffer ends within it (or `at` is its end).
        ProtocolError: it is no RESP.

    """
    decoder = Decoder(limits)
    decoder._buffer = buffer  # noqa: SLF001  (not fed: that would copy the buffer once a reply)
    decoder._at = decoder._scanned = at  # noqa: SLF001
    reply = decoder.next()
    if reply is None:
        raise TruncatedError("the bytes end within a reply", offset=len(buffer), excerpt=buffer[-_EXCERPT:])
    return reply, decoder.consumed


class _Unusual(Exception):  # noqa: N818  (a way out of the fast reader, seen by nobody)
    """The fast reader leaves this buffer to the careful one."""


def decode_all(buffer: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Reply]:
    """All replies of a buffer that holds whole replies only.

    Raises:
        TruncatedError: it ends within a reply.
        ProtocolError: it is no RESP.

    """
    lines = buffer.split(CRLF) if limits is DEFAULT_LIMITS else [b"never fast"]
    if not lines.pop():
        try:
            return _fast(lines, 0, len(lines), 0)[0]
        except (_Unusual, Refusal, IndexError, ValueError):
            pass  # refused below, with the offset; or something the fast reader does not know
    return _carefully(buffer, limits)


def decode_both(one: bytes, other: bytes) -> tuple[list[Reply], list[Reply]]:
    """All replies of two buffers. Where both say the same at the same place it is read once, and is one object.

    Raises:
        TruncatedError: one of them ends within a reply.
        ProtocolError: one of them is no RESP.

    """
    first, second = one.split(CRLF), other.split(CRLF)
    if not first.pop() and not second.pop():
        try:
            return _side_by_side(first, second)
        except (_Unusual, Refusal, IndexError, ValueError):
            pass
    return decode_all(one), decode_all(other)


def _side_by_side(one: list[bytes], other: list[bytes]) -> tuple[list[Reply], list[Reply]]:
    """Both sides' replies, from lines; what is equal is compared as lines and read once."""
    replies: tuple[list[Reply], list[Reply]] = ([], [])
    append, append_other = replies[0].append, replies[1].append
    known, bulk_size, new, bulk, kind = KNOWN.get, _BULK_SIZES.get, tuple.__new__, Kind.BULK, Reply
    at = beside = 0
    ends, ends_beside = len(one), len(other)
    while at < ends and beside < ends_beside:
        line = one[at]
        if line == other[beside]:
            reply = known(line)
            if reply is not None:
                append(reply)
                append_other(reply)
                at += 1
                beside += 1
                continue
            text = one[at + 1] if (size := bulk_size(line)) is not None else b""
            if size is not None and len(text) == size and text == other[beside + 1]:
                reply = new(kind, (bulk, text))
                append(reply)
                append_other(reply)
                at += 2
                beside += 2
                continue
        (reply,), end = _fast(one, at, 1, 0)
        append(reply)
        end_beside = beside + end - at
        if one[at:end] != other[beside:end_beside]:
            (reply,), end_beside = _fast(other, beside, 1, 0)
        append_other(reply)
        at, beside = end, end_beside
    replies[0].extend(_fast(one, at, ends - at, 0)[0])
    replies[1].extend(_fast(other, beside, ends_beside - beside, 0)[0])
    return replies


def _carefully(buffer: bytes, limits: Limits) -> list[Reply]:
    replies, at = [], 0
    while at < len(buffer):
        reply, at = decode(buffer, at, limits)
        replies.append(reply)
    return replies


_BULK_SIZES: Final = {b"$%d" % size: size for size in range(4097)}
_COMMON: Final = {
    b"%c%d" % (lead, size): Header(AGGREGATES[lead], size * (2 if lead == ord("%") else 1))
    for lead in b"*~>%"
    for size in range(1, 257)
}
_MANY: Final = 8  # elements, from which on trying to read them at once pays
_Read: TypeAlias = "tuple[list[Reply], int]"


def _fast(lines: list[bytes], at: int, want: int, depth: int) -> _Read:
    """Up to `want` replies from lines that were split at every CRLF, those within strings included.

    This loop is the hot path of a run, hence its length: every call in it would cost as much as all the rest.
    """
    replies: list[Reply] = []
    append, known, bulk_size, new = replies.append, KNOWN.get, _BULK_SIZES.get, tuple.__new__
    bulk, integer, ends, kind = Kind.BULK, Kind.INTEGER, len(lines), Reply
    for _ in repeat(None, want):
        if at >= ends:
            break
        line = lines[at]
        reply = known(line)
        if reply is not None:
            at += 1
        elif (size := bulk_size(line)) is not None and len(lines[at + 1]) == size:
            reply = new(kind, (bulk, lines[at + 1]))
            at += 2
        elif line[:1] == b":" and len(line) < 19 and b":%d" % (number := int(line[1:])) == line:
            reply = new(kind, (integer, number))
            at += 1
        else:
            reply, at = _rarer(lines, at, depth)
        append(reply)
    return replies, at


def _rarer(lines: list[bytes], at: int, depth: int) -> tuple[Reply, int]:
    line = lines[at]
    item = _COMMON.get(line) or read_line(line, DEFAULT_LIMITS)
    if isinstance(item, Reply):
        return item, at + 1
    if item.kind in OF_STRING:
        return _joined(lines, at + 1, item)
    if item.kind is Kind.ATTRIBUTE or depth >= DEFAULT_LIMITS.depth:
        raise _Unusual
    if item.size >= _MANY:
        strings = _strings(lines, at + 1, item.size)
        if strings is not None:
            return tuple.__new__(Reply, (item.kind, strings)), at + 1 + 2 * item.size
    replies, at = _fast(lines, at + 1, item.size, depth + 1)
    if len(replies) < item.size:
        raise _Unusual
    reply: Reply = tuple.__new__(Reply, (item.kind, tuple(replies)))
    return reply, at


def _strings(lines: list[bytes], at: int, many: int) -> tuple[Reply, ...] | None:
    """So many plain strings at once, as large replies hold; None where something else is among them."""
    texts = lines[at + 1 : at + 2 * many : 2]
    if len(texts) < many or list(map(_BULK_SIZES.get, lines[at : at + 2 * many : 2])) != list(
        map(len, texts)
    ):
        return None
    return tuple(map(tuple.__new__, repeat(Reply), zip(repeat(Kind.BULK), texts)))


def _joined(lines: list[bytes], at: int, header: Header) -> tuple[Reply, int]:
    """A string that may have been split at CRLFs of its own."""
    left = header.size - len(lines[at])
    first = at
    at += 1
    while left > 0:
        left -= len(lines[at]) + 2
        at += 1
    value = CRLF.join(lines[first:at]) if at - first > 1 else lines[first]
    if left != 0 or (header.kind is Kind.VERBATIM and value[3:4] != b":"):
        raise _Unusual
    return Reply(header.kind, value), at


_LEAD_OF: Final = {
    **{kind: b"%c" % lead for lead, kind in (STRINGS | AGGREGATES | TEXTS).items()},
    Kind.DOUBLE: b",",
    Kind.BIG_NUMBER: b"(",
}
_FIXED: Final = {Kind.NULL_BULK: b"$-1\r\n", Kind.NULL_ARRAY: b"*-1\r\n", Kind.NULL: b"_\r\n"}


def encode_reply(reply: Reply) -> bytes:
    """The bytes that a server would send for this reply.

    Raises:
        ValueError: a reply of kind NONE, which has no bytes.

    """
    out: list[bytes] = []
    _encode(reply, out)
    return b"".join(out)


def _encode(reply: Reply, out: list[bytes]) -> None:
    kind, value = reply
    match value:
        case None if kind in _FIXED:
            out.append(_FIXED[kind])
        case bool():
            out.append(b"#t\r\n" if value else b"#f\r\n")
        case int():
            out.append(b":%d\r\n" % value)
        case bytes() if kind in OF_STRING:
            out.append(b"%b%d\r\n%b\r\n" % (_LEAD_OF[kind], len(value), value))
        case bytes() if kind is not Kind.NONE:
            out.append(b"%b%b\r\n" % (_LEAD_OF[kind], value))
        case tuple():
            _encode_aggregate(kind, value, out)
        case _:
            raise ValueError(f"{reply} has no form on the wire")


def _encode_aggregate(kind: Kind, items: tuple[Reply, ...], out: list[bytes]) -> None:
    lead = _LEAD_OF[kind]
    if kind is Kind.ATTRIBUTE:
        attributes, described = items
        assert isinstance(attributes.value, tuple)
        items = (*attributes.value, described)
    out.append(b"%b%d\r\n" % (lead, len(items) // 2 if kind in PAIRED else len(items)))
    for item in items:
        _encode(item, out)

"""The codec under random trees, random cuts and garbage, with redis-py's parser as a second opinion."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis._parsers.encoders import Encoder
from redis._parsers.resp3 import _RESP3Parser
from redis.exceptions import ResponseError

from topologies.reply import Kind, Reply
from topologies.request import RequestDecoder
from topologies.resp import Decoder, ProtocolError, TruncatedError, decode, decode_all, encode_reply
from topologies.show import escape, from_json, show, to_json, unescape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

lines = st.binary(max_size=20).filter(lambda raw: b"\r" not in raw and b"\n" not in raw)
digits = st.integers(-(10**30), 10**30).map(lambda number: b"%d" % number)
doubles = st.floats(allow_nan=False).map(lambda number: repr(number).encode())
scalars = st.one_of(
    st.builds(Reply, st.sampled_from([Kind.SIMPLE, Kind.ERROR]), lines),
    st.builds(Reply, st.just(Kind.INTEGER), st.integers(-(2**63), 2**63 - 1)),
    st.builds(Reply, st.sampled_from([Kind.BULK, Kind.BULK_ERROR]), st.binary(max_size=20)),
    st.builds(Reply, st.sampled_from([Kind.NULL, Kind.NULL_BULK, Kind.NULL_ARRAY]), st.none()),
    st.builds(Reply, st.just(Kind.BOOLEAN), st.booleans()),
    st.builds(
        Reply, st.just(Kind.DOUBLE), doubles | st.sampled_from([b"nan", b"-nan", b"inf", b"1.", b"1E5"])
    ),
    st.builds(Reply, st.just(Kind.BIG_NUMBER), digits),
    st.builds(Reply, st.just(Kind.VERBATIM), st.binary(max_size=20).map(lambda raw: b"txt:" + raw)),
)


def aggregates(inner: SearchStrategy[Reply]) -> SearchStrategy[Reply]:
    many = st.lists(inner, max_size=6).map(tuple)
    maps = st.lists(st.tuples(inner, inner), max_size=4).map(
        lambda pairs: Reply(Kind.MAP, tuple(part for pair in pairs for part in pair))
    )
    return st.one_of(
        st.builds(Reply, st.sampled_from([Kind.ARRAY, Kind.SET, Kind.PUSH]), many),
        maps,
        st.builds(Reply, st.just(Kind.ATTRIBUTE), st.tuples(maps, inner)),
    )


replies = st.recursive(scalars, aggregates, max_leaves=30)
cuts = st.lists(st.integers(0, 10_000), max_size=8)
FRAGMENTS = [b"%c" % lead for lead in b"+-:$*%~>|_#,(=!\r\n012t?"]
FRAGMENTS += [b"\r\n", b"-1", b"txt:", b"1000000000"]
garbage = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=40).map(b"".join)


def pieces(raw: bytes, at: Sequence[int]) -> list[bytes]:
    marks = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in at)})
    return [raw[start:end] for start, end in pairwise(marks)]


def outcome(parts: Sequence[bytes]) -> tuple[list[Reply], str]:
    """All replies of a stream, and how it ended: "", "cut", or the reason and place of a refusal."""
    decoder = Decoder()
    found: list[Reply] = []
    try:
        for part in parts:
            decoder.feed(part)
            while (reply := decoder.next()) is not None:
                found.append(reply)
    except ProtocolError as error:
        return found, f"{error.reason} at {error.offset}"
    return found, "" if decoder.idle else "cut"


def fast_outcome(raw: bytes) -> tuple[list[Reply], str]:
    try:
        return decode_all(raw), ""
    except TruncatedError:
        return [], "cut"
    except ProtocolError as error:
        return [], f"{error.reason} at {error.offset}"


@given(st.lists(replies, max_size=4), cuts)
def test_any_tree_any_split(trees: list[Reply], at: list[int]) -> None:
    raw = b"".join(map(encode_reply, trees))
    assert outcome(pieces(raw, at)) == (trees, "")
    assert decode_all(raw) == trees


@given(garbage, cuts)
@example(b"*1\r\n" * 200, [5])
@example(b"$2\r\n\r\n\r\n\r", [])
def test_garbage_is_refused_the_same_in_any_split(raw: bytes, at: list[int]) -> None:
    whole = outcome([raw])
    assert outcome(pieces(raw, at)) == whole
    assert outcome([raw[index : index + 1] for index in range(len(raw))]) == whole
    found, end = whole
    assert fast_outcome(raw) in (whole, ([], end))
    if end in ("", "cut"):
        assert raw.startswith(b"".join(map(encode_reply, found)))


@given(st.lists(replies, min_size=1, max_size=3), st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_what_is_accepted_is_what_was_sent(trees: list[Reply], where: int, planted: bytes) -> None:
    raw = b"".join(map(encode_reply, trees))
    at = where % len(raw)
    spoilt = raw[:at] + planted + raw[at + len(planted) :]
    found, end = fast_outcome(spoilt)
    assert end or b"".join(map(encode_reply, found)) == spoilt


@given(garbage, cuts)
def test_requests_from_garbage(raw: bytes, at: list[int]) -> None:
    ends = []
    for parts in ([raw], pieces(raw, at)):
        decoder = RequestDecoder()
        found: list[object] = []
        try:
            for part in parts:
                decoder.feed(part)
                while (request := decoder.next()) is not None:
                    found.append(request)
        except ProtocolError as error:
            found.append(error.reason)
        ends.append(found)
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    "header", [b"*16777216\r\n", b"%8388608\r\n", b"$536870912\r\n", b"*16777216\r\n" * 128]
)
def test_what_is_announced_takes_no_memory(header: bytes) -> None:
    decoder = Decoder()
    tracemalloc.start()
    decoder.feed(header)
    assert decoder.next() is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


class Watched(bytearray):
    """A buffer that counts the bytes that are searched."""

    looked_at = 0

    def find(self, sub: object, start: object = 0, end: object = None, /) -> int:
        assert isinstance(sub, bytes)
        assert isinstance(start, int)
        at = super().find(sub, start)
        Watched.looked_at += (len(self) if at < 0 else at + 2) - start
        return at


@pytest.mark.parametrize(
    "raw",
    [
        b"*5000\r\n" + b"$1\r\na\r\n" * 5000,
        b"$50000\r\n" + b"x" * 50000 + b"\r\n",
        b"+" + b"x" * 50000 + b"\r\n",
        b"*100\r\n" * 100,
    ],
    ids=["many", "long string", "long line", "deep"],
)
def test_byte_by_byte_looks_at_each_byte_a_bounded_number_of_times(raw: bytes) -> None:
    decoder = Decoder()
    decoder._buffer = Watched()
    Watched.looked_at = 0
    for at in range(len(raw)):
        decoder.feed(raw[at : at + 1])
        decoder.next()
    assert Watched.looked_at <= 3 * len(raw)


class Canned:
    """A socket that holds what was sent."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def recv(self, size: int) -> bytes:
        sent, self.raw = self.raw[:size], self.raw[size:]
        return sent


class Connection:
    socket_timeout = 1.0

    def __init__(self, raw: bytes) -> None:
        self._sock = Canned(raw)
        self.encoder = Encoder("utf-8", "strict", decode_responses=False)  # type: ignore[no-untyped-call]


def as_redis_py_says(reply: Reply) -> object:
    """What redis-py makes of it: it merges what Rekey keeps apart."""
    match reply:
        case Reply(Kind.ERROR | Kind.BULK_ERROR, bytes() as raw):
            return raw.decode("utf-8", "replace")
        case Reply(Kind.BIG_NUMBER, bytes() as raw):
            return int(raw)
        case Reply(Kind.DOUBLE, bytes() as raw):
            return str(float(raw))
        case Reply(Kind.VERBATIM, bytes() as raw):
            return raw[4:]
        case Reply(_, tuple() as items):
            return [as_redis_py_says(item) for item in items]
        case _:
            return reply.value


def plain(value: object) -> object:
    if isinstance(value, ResponseError):
        return getattr(value, "status_code", "")
    if isinstance(value, float):
        return str(value)
    return [plain(item) for item in value] if isinstance(value, list) else value


# redis-py's RESP3 parser knows no `-1` sizes, and takes pushes, attributes and error texts apart.
ONLY_RESP2_OR_ERROR = {Kind.NULL_BULK, Kind.NULL_ARRAY, Kind.ERROR, Kind.BULK_ERROR}
both_know = st.recursive(
    scalars.filter(
        lambda reply: reply.kind not in {Kind.NULL_BULK, Kind.NULL_ARRAY, Kind.ERROR, Kind.BULK_ERROR}
    ),
    lambda inner: st.builds(
        Reply, st.sampled_from([Kind.ARRAY, Kind.SET]), st.lists(inner, max_size=5).map(tuple)
    ),
    max_leaves=20,
)


@given(both_know)
def test_redis_py_reads_the_same(reply: Reply) -> None:
    parser = _RESP3Parser(65536)  # type: ignore[no-untyped-call]
    parser.on_connect(Connection(encode_reply(reply)))  # type: ignore[no-untyped-call]
    assert plain(parser.read_response()) == as_redis_py_says(decode(encode_reply(reply))[0])


@given(st.binary(max_size=40) | st.text("\\x5c41fF", max_size=12).map(str.encode))
def test_bytes_survive_as_text(raw: bytes) -> None:
    assert unescape(escape(raw)) == raw


@settings(max_examples=50)
@given(replies)
def test_records_hold_replies_whole(reply: Reply) -> None:
    assert from_json(to_json(reply)) == reply
    assert show(reply)
    assert show(reply, 1)
    assert to_json(reply, 1)["type"] == to_json(reply)["type"]

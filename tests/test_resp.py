"""The codec: every wire type kept apart, any split, strict, limited, the same in both readers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.reply import Kind, Reply
from topologies.resp import (
    Decoder,
    Limits,
    ProtocolError,
    TruncatedError,
    decode,
    decode_all,
    decode_both,
    encode_reply,
)

ONE = Reply(Kind.INTEGER, 1)
A = Reply(Kind.BULK, b"a")

WIRE = {
    b"+OK\r\n": Reply(Kind.SIMPLE, b"OK"),
    b"+\r\n": Reply(Kind.SIMPLE, b""),
    b"-ERR no\r\n": Reply(Kind.ERROR, b"ERR no"),
    b":-9223372036854775808\r\n": Reply(Kind.INTEGER, -(2**63)),
    b":99999\r\n": Reply(Kind.INTEGER, 99999),
    b"$1\r\na\r\n": A,
    b"$0\r\n\r\n": Reply(Kind.BULK, b""),
    b"$6\r\na\r\n\r\nb\r\n": Reply(Kind.BULK, b"a\r\n\r\nb"),
    b"$2\r\n\r\n\r\n": Reply(Kind.BULK, b"\r\n"),
    b"$1\r\n\r\r\n": Reply(Kind.BULK, b"\r"),
    b"$1\r\n\n\r\n": Reply(Kind.BULK, b"\n"),
    b"$5000\r\n" + b"x" * 5000 + b"\r\n": Reply(Kind.BULK, b"x" * 5000),
    b"$-1\r\n": Reply(Kind.NULL_BULK, None),
    b"*-1\r\n": Reply(Kind.NULL_ARRAY, None),
    b"_\r\n": Reply(Kind.NULL, None),
    b"*0\r\n": Reply(Kind.ARRAY, ()),
    b"*2\r\n:1\r\n$1\r\na\r\n": Reply(Kind.ARRAY, (ONE, A)),
    b"*5\r\n" + b"$1\r\na\r\n" * 5: Reply(Kind.ARRAY, (A,) * 5),
    b"*5\r\n" + b"$1\r\na\r\n" * 4 + b":1\r\n": Reply(Kind.ARRAY, (A, A, A, A, ONE)),
    b"*4\r\n" + b"$2\r\n\r\n\r\n" * 4: Reply(Kind.ARRAY, (Reply(Kind.BULK, b"\r\n"),) * 4),
    b"*1\r\n*1\r\n*0\r\n": Reply(Kind.ARRAY, (Reply(Kind.ARRAY, (Reply(Kind.ARRAY, ()),)),)),
    b"#t\r\n": Reply(Kind.BOOLEAN, True),
    b"#f\r\n": Reply(Kind.BOOLEAN, False),
    b",1.50\r\n": Reply(Kind.DOUBLE, b"1.50"),
    b",1e+20\r\n": Reply(Kind.DOUBLE, b"1e+20"),
    b",-inf\r\n": Reply(Kind.DOUBLE, b"-inf"),
    b",nan\r\n": Reply(Kind.DOUBLE, b"nan"),
    b"(-123456789012345678901234567890\r\n": Reply(Kind.BIG_NUMBER, b"-123456789012345678901234567890"),
    b"!6\r\nERR no\r\n": Reply(Kind.BULK_ERROR, b"ERR no"),
    b"=5\r\ntxt:a\r\n": Reply(Kind.VERBATIM, b"txt:a"),
    b"%1\r\n$1\r\na\r\n:1\r\n": Reply(Kind.MAP, (A, ONE)),
    b"~1\r\n:1\r\n": Reply(Kind.SET, (ONE,)),
    b">1\r\n:1\r\n": Reply(Kind.PUSH, (ONE,)),
    b"|1\r\n$1\r\na\r\n:1\r\n$1\r\na\r\n": Reply(Kind.ATTRIBUTE, (Reply(Kind.MAP, (A, ONE)), A)),
    b"*1\r\n|0\r\n:1\r\n": Reply(Kind.ARRAY, (Reply(Kind.ATTRIBUTE, (Reply(Kind.MAP, ()), ONE)),)),
}

GARBLED = {
    b"HTTP/1.1 400\r\n": "RESP type byte",
    b"H": "RESP type byte",
    b"\r\n": r"got b'\\r'",
    b"+a\rb\r\n": "bare CR or LF",
    b"-a\nb\r\n": "bare CR or LF",
    b":\r\n": "integer of 64 bits",
    b":+1\r\n": "integer of 64 bits",
    b":01\r\n": "integer of 64 bits",
    b":-0\r\n": "integer of 64 bits",
    b":1_0\r\n": "integer of 64 bits",
    b": 1\r\n": "integer of 64 bits",
    b":9223372036854775808\r\n": "integer of 64 bits",
    b"$-2\r\n": "a size of -2",
    b"$01\r\na\r\n": "integer of 64 bits",
    b"$1\r\nab\r\n": "without CRLF",
    b"$1\r\na\n\r\n": "without CRLF",
    b"$3\r\na\r\nb\r\nc\r\n": "without CRLF",
    b"$5\r\na\r\nb\r\nc\r\n": "without CRLF",
    b"$536870913\r\n": "limit of 536870912",
    b"*-2\r\n": "a size of -2",
    b"*1000000000\r\n": "limit of 16777216",
    b"%-1\r\n": "a size of -1",
    b"$?\r\n": "streamed RESP3 type",
    b"*?\r\n": "streamed RESP3 type",
    b"#x\r\n": "t or f",
    b"_x\r\n": "nothing",
    b",1,5\r\n": "a double",
    b",0x10\r\n": "a double",
    b",Infinity\r\n": "a double",
    b"(1.5\r\n": "a whole number",
    b"=3\r\ntxt\r\n": "no room for its format",
    b"=5\r\ntxt-a\r\n": "three bytes and a colon",
    b"*1\r\n" * 129: "nested deeper",
    b"+" + b"x" * 65536 + b"\r\n": "a line of more than 65536",
    b"+" + b"x" * 65540: "a line of more than 65536",
}


def read(pieces: list[bytes]) -> list[Reply]:
    decoder = Decoder()
    replies = []
    for piece in pieces:
        decoder.feed(piece)
        while (reply := decoder.next()) is not None:
            replies.append(reply)
    assert decoder.idle
    return replies


@pytest.mark.parametrize(("raw", "reply"), WIRE.items())
def test_reads_and_writes_every_type(raw: bytes, reply: Reply) -> None:
    assert decode(b"+x\r\n" + raw + b":7\r\n", 4) == (reply, 4 + len(raw))
    assert decode_all(raw + raw) == [reply, reply]
    assert read([raw]) == [reply]
    assert encode_reply(reply) == raw


@pytest.mark.parametrize("raw", WIRE)
def test_reads_byte_by_byte(raw: bytes) -> None:
    assert read([raw[at : at + 1] for at in range(len(raw))]) == [WIRE[raw]]


@pytest.mark.parametrize("raw", WIRE)
def test_a_cut_reply_is_awaited_and_named(raw: bytes) -> None:
    for end in range(len(raw)):
        decoder = Decoder()
        decoder.feed(raw[:end])
        assert decoder.next() is None
        assert decoder.idle == (end == 0)
        with pytest.raises(TruncatedError, match="end within a reply"):
            decode(raw[:end])
        if end:
            with pytest.raises(TruncatedError):
                decode_all(raw[:end])


@given(st.lists(st.sampled_from(list(WIRE)), max_size=12), st.lists(st.sampled_from(list(WIRE)), max_size=12))
def test_two_buffers_are_read_as_each_alone(one: list[bytes], other: list[bytes]) -> None:
    for a, b in ((one, other), (one, one[:3] + other + one[3:]), (one, one)):
        first, second = b"".join(a), b"".join(b)
        assert decode_both(first, second) == (decode_all(first), decode_all(second))


def test_what_both_say_alike_is_one_object() -> None:
    large = b"*9\r\n" + b"$1\r\na\r\n" * 9
    one, other = decode_both(large + b"-ERR x\r\n" + b":1\r\n", large + b"-ERR x\r\n" + b":2\r\n")
    assert [a is b for a, b in zip(one, other, strict=True)] == [True, True, False]


def test_two_buffers_with_a_garbled_one_are_refused() -> None:
    with pytest.raises(ProtocolError):
        decode_both(b"+OK\r\n", b"+OK\r\nwhat\r\n")
    with pytest.raises(TruncatedError):
        decode_both(b"$3\r\nab", b"+OK\r\n")


@pytest.mark.parametrize(("raw", "why"), GARBLED.items())
def test_refuses_what_is_no_resp(raw: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        decode_all(b"+OK\r\n" + raw)
    decoder = Decoder()
    decoder.feed(b"+OK\r\n")
    assert decoder.next() == Reply(Kind.SIMPLE, b"OK")
    decoder.feed(raw)
    with pytest.raises(ProtocolError, match=why) as first:
        decoder.next()
    decoder.feed(b"+OK\r\n")
    with pytest.raises(ProtocolError) as again:
        decoder.next()
    assert again.value is first.value
    assert first.value.offset >= 5


def test_an_error_shows_offset_and_excerpt() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_all(b"+OK\r\nwhat" + b"?" * 100)
    excerpt = "what" + "?" * 36
    assert str(caught.value) == f"expected a RESP type byte, got b'w', at byte 5 of the stream: b'{excerpt}'"


def test_limits_are_the_callers() -> None:
    for raw, limits in {
        b"$3\r\nabc\r\n": Limits(bulk=2),
        b"+abcd\r\n": Limits(line=4),
        b"%1\r\n:1\r\n:1\r\n": Limits(elements=1),
        b"*1\r\n*1\r\n:1\r\n": Limits(depth=1),
    }.items():
        assert len(decode_all(raw)) == 1
        with pytest.raises(ProtocolError):
            decode_all(raw, limits)
        with pytest.raises(ProtocolError):
            decode(raw, 0, limits)


def test_equal_common_replies_are_one_value() -> None:
    first, second = decode_all(b":1\r\n:1\r\n")
    assert first is second


def test_no_reply_has_no_bytes() -> None:
    with pytest.raises(ValueError, match="no form on the wire"):
        encode_reply(Reply(Kind.NONE, b"timeout"))

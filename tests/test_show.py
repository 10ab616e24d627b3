"""Replies as people and records see them."""

from __future__ import annotations

import pytest

from topologies.reply import Kind, Reply
from topologies.resp import decode
from topologies.show import Json, from_json, show, to_json

SHOWN = {
    b":1\r\n": "(integer) 1",
    b"$3\r\nabc\r\n": '"abc"',
    b"$0\r\n\r\n": '""',
    b'$3\r\na"\n\r\n': r'"a\"\n"',
    b"+OK\r\n": "(simple) OK",
    b"-ERR no\r\n": "(error) ERR no",
    b"!6\r\nERR no\r\n": "(bulk error) ERR no",
    b"$-1\r\n": "(nil)",
    b"*-1\r\n": "(nil array)",
    b"_\r\n": "(null)",
    b"#t\r\n": "(true)",
    b",1.5\r\n": "(double) 1.5",
    b"(15\r\n": "(big number) 15",
    b"=5\r\ntxt:a\r\n": '(verbatim txt) "a"',
    b"*0\r\n": "(empty array)",
    b"*2\r\n*2\r\n:1\r\n:2\r\n$1\r\na\r\n": '1) 1) (integer) 1\n   2) (integer) 2\n2) "a"',
    b"~1\r\n:1\r\n": "1~ (integer) 1",
    b"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*1\r\n:2\r\n": '1# "a" => (integer) 1\n2# "b" => 1) (integer) 2',
    b"|1\r\n$1\r\na\r\n:1\r\n:2\r\n": '(attribute)\n  1# "a" => (integer) 1\n(integer) 2',
}

JSON: dict[bytes, Json] = {
    b":1\r\n": {"type": "integer", "value": 1},
    b"$3\r\nabc\r\n": {"type": "bulk", "value": "abc"},
    b"$2\r\n\xff\xc3\r\n": {"type": "bulk", "value": r"\xff\xc3"},
    b"$5\r\na\\xff\r\n": {"type": "bulk", "value": r"a\x5cxff"},
    b"$3\r\na\\x\r\n": {"type": "bulk", "value": r"a\x"},
    b"!6\r\nERR no\r\n": {"type": "error", "value": "ERR no", "wire": "!"},
    b"$-1\r\n": {"type": "null", "value": None, "wire": "$-1"},
    b"*-1\r\n": {"type": "null", "value": None, "wire": "*-1"},
    b"_\r\n": {"type": "null", "value": None, "wire": "_"},
    b"#f\r\n": {"type": "boolean", "value": False},
    b",1e+20\r\n": {"type": "double", "value": "1e+20"},
    b"(15\r\n": {"type": "big-number", "value": "15"},
    b"%1\r\n$1\r\na\r\n:1\r\n": {
        "type": "map",
        "value": [[{"type": "bulk", "value": "a"}, {"type": "integer", "value": 1}]],
    },
    b">1\r\n:1\r\n": {"type": "push", "value": [{"type": "integer", "value": 1}]},
}


@pytest.mark.parametrize(("raw", "text"), SHOWN.items())
def test_shown_as_redis_cli_does(raw: bytes, text: str) -> None:
    assert show(decode(raw)[0]) == text


@pytest.mark.parametrize(("raw", "shape"), JSON.items())
def test_recorded_and_read_again(raw: bytes, shape: Json) -> None:
    reply = decode(raw)[0]
    assert to_json(reply) == shape
    assert from_json(shape) == reply


def test_no_reply() -> None:
    nothing = Reply(Kind.NONE, b"timeout")
    assert show(nothing) == "(no reply) timeout"
    assert to_json(nothing) == {"type": "none", "value": "timeout"}
    assert from_json(to_json(nothing)) == nothing


def test_cut_only_when_asked() -> None:
    long = decode(b"*3\r\n$5\r\nabcde\r\n:1\r\n:2\r\n")[0]
    assert show(long, 2) == '1) "ab"… (5 bytes)\n2) (integer) 1\n… (3 elements)'
    assert to_json(long, 2) == {
        "type": "array",
        "value": [{"type": "bulk", "value": "ab", "cut": 5}, {"type": "integer", "value": 1}],
        "cut": 3,
    }
    assert "cut" not in to_json(long)


@pytest.mark.parametrize(
    "shape", [{"type": "nul"}, {"type": "null", "wire": "?"}, {"type": "bulk", "value": 1.5}]
)
def test_no_such_shape(shape: Json) -> None:
    with pytest.raises(ValueError, match=r"no reply has the type|expected null"):
        from_json(shape)

"""Command lines: `parse` and `str` are inverse, and the request is the one that redis-py sends."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis.connection import Connection

from generators.command import Command, CommandSyntaxError, command, parse, quote

ARGS = st.lists(st.binary(max_size=20), min_size=1, max_size=8)


@given(ARGS)
@example([b""])
@example([b"\\", b'"', b"'", b"\\x00"])
@example([bytes(range(256))])
def test_parse_and_str_are_inverse(args: list[bytes]) -> None:
    asked = Command(tuple(args))
    line = str(asked)
    assert parse(line) == asked
    assert line.isascii()
    assert "\n" not in line


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=40))
def test_a_line_is_parsed_or_refused_and_nothing_else(line: str) -> None:
    try:
        parsed = parse(line)
    except CommandSyntaxError:
        return
    assert parse(str(parsed)) == parsed


@given(ARGS)
def test_the_request_is_the_one_that_redis_py_packs(args: list[bytes]) -> None:
    args[0] = args[0].replace(b" ", b"_")  # redis-py takes a name with a blank apart
    packed = Connection().pack_command(*args)  # type: ignore[no-untyped-call]  # redis-py has no types here
    assert b"".join(packed) == Command(tuple(args)).encode()


def test_the_request_is_an_array_of_bulk_strings() -> None:
    assert command("SET", "é", 12).encode() == b"*3\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$2\r\n12\r\n"
    assert Command((b"",)).encode() == b"*1\r\n$0\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("  GET\tk ", (b"GET", b"k")),
        ("SET k 'a b'", (b"SET", b"k", b"a b")),
        ("SET k 'it\\'s'", (b"SET", b"k", b"it's")),
        ("SET k 'a\\nb'", (b"SET", b"k", b"a\\nb")),
        ('SET k "a\\nb\\t\\x00\\xFf\\\\\\""', (b"SET", b"k", b'a\nb\t\x00\xff\\"')),
        ('SET k "\\xg1 \\q"', (b"SET", b"k", b"xg1 q")),
        ('SET k ""', (b"SET", b"k", b"")),
        ("SET k ''", (b"SET", b"k", b"")),
        ("SET k a'b\"c", (b"SET", b"k", b"a'b\"c")),
        ("SET k \\x41", (b"SET", b"k", b"\\x41")),
        ("SET k é", (b"SET", b"k", "é".encode())),
    ],
)
def test_lines_are_read_as_redis_cli_reads_them(line: str, args: tuple[bytes, ...]) -> None:
    assert parse(line).args == args


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "at least a name"),
        ("   ", "at least a name"),
        ('SET k "a', "unbalanced double quotes"),
        ('SET k "a\\"', "unbalanced double quotes"),
        ("SET k 'a", "unbalanced single quotes"),
        ('SET k "a"b', "behind a closing quote"),
        ("SET k 'a'b", "behind a closing quote"),
    ],
)
def test_what_redis_cli_refuses_is_refused_with_the_line(line: str, why: str) -> None:
    with pytest.raises(CommandSyntaxError, match=why) as caught:
        parse(line)
    assert line.strip() in str(caught.value).replace('\\\\"', '\\"')


def test_the_name_is_for_look_ups_in_upper_case() -> None:
    assert parse("get k").name == "GET"
    assert Command((b"\xffx",)).name == "\\xffX"


@pytest.mark.parametrize(
    ("arg", "text"), [(b"k1", "k1"), (b"", '""'), (b"a b", '"a b"'), (b"'", '"\'"'), (b"\x1b", '"\\x1b"')]
)
def test_only_what_needs_quotes_gets_them(arg: bytes, text: str) -> None:
    assert quote(arg) == text

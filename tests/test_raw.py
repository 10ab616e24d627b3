"""Lines of raw bytes: text and value are inverse, and commands stay commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.command import Command, CommandSyntaxError, command, parse
from generators.raw import Raw, commands_only, is_raw, parse_line, raw
from generators.wire import cases

PIECES = st.lists(st.tuples(st.binary(max_size=20), st.integers(0, 1000)), min_size=1, max_size=4)


@given(PIECES)
def test_parse_and_str_are_inverse(pieces: list[tuple[bytes, int]]) -> None:
    line = Raw(tuple(pieces))
    assert parse_line(str(line)) == line
    assert str(line).isascii()
    assert "\n" not in str(line)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_no_command_reads_as_raw_bytes(args: list[bytes]) -> None:
    line = str(Command(tuple(args)))
    assert not is_raw(line)
    assert parse_line(line) == parse(line)


def test_pieces_are_written_as_often_as_they_say() -> None:
    line = parse_line('!"*1\\r\\n" "ab"*3 "\\x00"')
    assert line == raw(b"*1\r\n", (b"ab", 3), b"\x00")
    assert line.encode() == b"*1\r\nababab\x00"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('!"a', "at '\"a'"),
        ('!"a"b', "at 'b'"),
        ("!\"a\" 'b'", "at \" 'b'\""),
        ('!"a"*99999999 "b"', "more than"),
    ],
)
def test_what_is_no_line_is_refused_with_the_place(line: str, why: str) -> None:
    with pytest.raises(CommandSyntaxError) as caught:
        parse_line(line)
    assert why in str(caught.value)


def test_programs_of_commands_are_told_apart() -> None:
    assert commands_only((command("PING"),)) == (command("PING"),)
    assert commands_only((command("PING"), raw(b"*1"))) is None


def test_every_case_can_be_typed() -> None:
    """A finding carries its case as text, and the ledger and --program read it back."""
    every = [lines for group in cases().values() for lines in group]
    assert len(every) > 3000
    for lines in every:
        assert tuple(parse_line(str(each)) for each in lines) == lines


def test_no_case_stands_twice_in_its_group() -> None:
    for group in cases().values():
        assert len(set(group)) == len(group)

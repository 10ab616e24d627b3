"""Scenes are unfolded as they are written, and every scene can be played."""

from __future__ import annotations

import re

import pytest

from generators.command import MOST_CONNECTIONS, Command, CommandSyntaxError, parse
from generators.scenes import Kind, SceneSyntaxError, read, scenes, unfold


def lines_of(text: str) -> list[list[str]]:
    return [[str(each) for each in program] for program in read(text)]


def test_every_combination_is_a_program() -> None:
    assert lines_of("@2 (GET|TTL) k ; (DEL|UNLINK) k") == [
        ["@2 GET k", "DEL k"],
        ["@2 GET k", "UNLINK k"],
        ["@2 TTL k", "DEL k"],
        ["@2 TTL k", "UNLINK k"],
    ]


def test_an_alternative_may_be_several_lines_or_nothing() -> None:
    assert lines_of("SET k v ; (MULTI ; GET k ; EXEC|PING)(| extra)") == [
        ["SET k v", "MULTI", "GET k", "EXEC"],
        ["SET k v", "MULTI", "GET k", "EXEC extra"],
        ["SET k v", "PING"],
        ["SET k v", "PING extra"],
    ]


def test_a_name_stands_for_its_alternatives() -> None:
    assert lines_of("reads = GET k | TTL k\n# a comment\n<reads> ; PING") == [
        ["GET k", "PING"],
        ["TTL k", "PING"],
    ]


def test_what_is_quoted_is_left_alone() -> None:
    assert lines_of('EVAL "return (1) | 2 ; 3" 0') == [['EVAL "return (1) | 2 ; 3" 0']]


def test_equal_programs_are_one() -> None:
    assert len(read("PING\n(PING|PING)")) == 1


@pytest.mark.parametrize("line", ["(GET k", "GET k)", "<nosuch> ; PING"])
def test_a_line_that_can_t_be_read_is_told(line: str) -> None:
    with pytest.raises(SceneSyntaxError, match=re.escape(repr(line))):
        unfold(line, {})


def test_by_turns_is_one_protocol_each() -> None:
    kind = Kind((), by_turns=True)
    assert [kind.protocols_of(place) for place in range(3)] == [(2,), (3,), (2,)]
    assert Kind(()).protocols_of(0) == (2, 3)


@pytest.mark.parametrize("kind", scenes())
def test_every_scene_can_be_written_down_and_read_again(kind: str) -> None:
    assert len(scenes()[kind].programs) > 50
    for program in scenes()[kind].programs:
        assert tuple(parse(str(each)) for each in program) == program
        assert all(1 <= each.connection <= MOST_CONNECTIONS for each in program)


@pytest.mark.parametrize("kind", scenes())
def test_no_scene_ends_a_server_or_writes_a_file(kind: str) -> None:
    barred = re.compile(
        r"SHUTDOWN(?! (NOSAVE SAVE|ABORT|NOSUCH|NOSAVE NOSUCH|NOSAVE NOW EXTRA))|CONFIG REWRITE$|DEBUG SEGFAULT"
    )
    for program in scenes()[kind].programs:
        assert not [str(each) for each in program if barred.search(str(each))]


def test_a_line_names_its_connection() -> None:
    assert parse("@3 GET k") == Command((b"GET", b"k"), 3)
    assert parse('"@3" GET k') == Command((b"@3", b"GET", b"k"))
    assert str(Command((b"@3", b"GET"))) == '"@3" GET'
    assert str(Command((b"GET", b"k"), 2)) == "@2 GET k"


@pytest.mark.parametrize("line", ["@0 PING", "@10 PING"])
def test_there_are_nine_connections(line: str) -> None:
    with pytest.raises(CommandSyntaxError, match="connections are @1 to @9"):
        parse(line)

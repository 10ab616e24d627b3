"""The walk through what a command takes: all of it, in one order, and nothing that does harm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generators.calls import Selection, Writer, leaves
from generators.careful import BARRED, MISTAKES, ONLY_MISTAKEN, is_barred, only_mistaken, why_not
from generators.command import parse
from generators.relatives import words_of_relatives
from generators.tree import Syntax, stored
from generators.walk import walk

TREE = {
    name: replace(each, keys=int(any(part.kind == "key" for one in each.arguments for part in one.walk())))
    for name, each in stored().items()
}
ALL = 100_000


def lines(name: str, budget: int = ALL) -> list[str]:
    """The calls themselves, without their set-ups."""
    return [str(program[-1]) for program in walk(TREE[name], budget)]


def test_the_plain_call_comes_first() -> None:
    assert walk(TREE["SET"], ALL)[0] == tuple(map(parse, ("SET k 5", "SET k2 abc", "SET k 5")))


@pytest.mark.parametrize("name", sorted(TREE))
def test_every_token_is_sent_whatever_the_budget(name: str) -> None:
    syntax = TREE[name]
    sent = {arg.upper() for program in walk(syntax, 1) for arg in program[-1].args}
    missing = {token for token in syntax.tokens if token.encode() not in sent}
    assert not missing or is_barred(name) or only_mistaken(name)


def test_a_small_budget_is_the_beginning_of_a_large_one() -> None:
    small, large = walk(TREE["SET"], 40), walk(TREE["SET"], 400)
    assert set(small) <= set(large)
    assert len(small) == 40


def test_no_program_comes_twice() -> None:
    programs = walk(TREE["ZADD"], ALL)
    assert len(programs) == len(set(programs))


@pytest.mark.parametrize(
    "line",
    [
        "SET k 5 NX",
        "SET k 5 NX XX",
        "SET k 5 XX NX",
        "SET k 5 NX NX",
        "SET k 5 EX 0",
        "SET k 5 EX 1.5",
        "SET k 5 EX",
        "SET k 5 nx",
        "SET k 5 Nx",
        "set k 5",
        "SET k",
        "SET",
        "SET k 5 x",
        "SET 5",
        'SET k ""',
    ],
)
def test_what_is_walked_of_set(line: str) -> None:
    assert line in lines("SET")


def test_keys_are_counted_as_the_command_wants_them_counted() -> None:
    plain = lines("ZUNION")
    assert "ZUNION 1 k" in plain
    assert "ZUNION 2 k k2" in plain  # its keys, twice
    assert "ZUNION 0 k" in plain
    assert "ZUNION 9223372036854775808 k" in plain


def test_a_call_on_a_key_of_another_type_and_on_none() -> None:
    setups = {tuple(map(str, program[:-1])) for program in walk(TREE["LPUSH"], ALL)}
    assert () in setups
    assert ("SET k 5", "SET k2 abc") in setups


def test_nothing_that_waits_waits_long() -> None:
    for name in ("BLPOP", "BLMPOP", "BZPOPMIN", "XREAD", "WAIT"):
        for program in walk(TREE[name], ALL):
            call = program[-1]
            assert b"BLOCK" not in call.args or b"0" not in call.args[call.args.index(b"BLOCK") + 1 :][:1]
    assert "BLPOP k 0" not in lines("BLPOP")


def test_the_clock_decides_nothing() -> None:
    for program in walk(TREE["XADD"], ALL):
        call = program[-1]
        assert b"*" not in call.args[2:] or str(program[0]).startswith("XADD k 4102444800000-1")


def test_what_would_do_harm_is_sent_with_mistakes_only() -> None:
    shutdown = lines("SHUTDOWN")
    assert "SHUTDOWN NOSAVE nosuch" in shutdown
    assert "SHUTDOWN" not in shutdown
    assert "SHUTDOWN NOSAVE" not in shutdown
    assert lines("MONITOR") == []
    assert all(line.endswith("ID 999999") or "TYPE" not in line for line in lines("CLIENT KILL"))


def test_every_command_that_is_not_sent_as_it_should_be_has_a_reason() -> None:
    for name in (*BARRED, *ONLY_MISTAKEN):
        assert len(why_not(name)) > 5
    assert set(MISTAKES) <= set(ONLY_MISTAKEN)
    assert why_not("GET") == ""


def test_blocks_and_choices_nest() -> None:
    found = leaves(TREE["BITFIELD"].arguments)
    writer = Writer(TREE["BITFIELD"])
    calls = {str(writer.call(leaf.selection)) for leaf in found}
    assert "BITFIELD k GET u8 0" in calls
    assert "BITFIELD k OVERFLOW SAT SET u8 0 5" in calls
    assert "BITFIELD k INCRBY u8 0 1" in calls
    assert str(writer.call(Selection())) == "BITFIELD k"


def test_a_command_without_any_arguments_is_walked() -> None:
    assert {"PING", "DBSIZE"} <= {
        str(program[-1]) for name in ("PING", "DBSIZE") for program in walk(TREE[name], 9)
    }
    assert walk(Syntax(words=(b"NOSUCH",)), 9)


def test_a_command_is_given_words_that_only_its_relatives_know() -> None:
    foreign = words_of_relatives(TREE["SSCAN"], TREE.values())
    assert b"NOVALUES" in foreign
    assert b"MATCH" not in foreign
    sent = [str(program[-1]) for program in walk(TREE["SSCAN"], 1, foreign)]
    assert "SSCAN k 0 NOVALUES" in sent
    assert "SSCAN k 0 NOVALUES 1" in sent


@pytest.mark.parametrize("name", ["CLIENT LIST", "XINFO", "PING"])
def test_sub_commands_and_loners_have_no_relatives(name: str) -> None:
    assert words_of_relatives(TREE[name], TREE.values()) == ()

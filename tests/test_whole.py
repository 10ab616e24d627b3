"""Programs that every run sends: all draws of a form, and what belongs together stays together."""

from __future__ import annotations

import pytest

from generators.grammar import compile_form, every
from generators.vocabulary import areas
from generators.whole import LINES, whole_programs

VALUES = {"slot": (b"0", b"1", b"1"), "node": (b"n",)}


def drawn(line: str) -> list[str]:
    return [" ; ".join(map(str, commands)) for commands in every(compile_form(line, "x"), VALUES)]


def test_each_choice_is_made_and_left_out() -> None:
    assert drawn("= A (b|c) [d]") == ["A b", "A b d", "A c", "A c d"]


def test_each_value_stands_once_and_labels_stand_for_one_value() -> None:
    assert drawn("= A {slot@a} ; B {slot@a}") == ["A 0 ; B 0", "A 1 ; B 1"]
    assert len(drawn("= A {slot} {slot}")) == 4


def test_repeats_come_once_and_twice_or_exactly_so_often() -> None:
    assert drawn("= A {node}+") == ["A n", "A n n"]
    assert drawn("= A {node}*3") == ["A n n n"]


def test_what_is_sent_as_a_whole_is_exact_and_may_weigh_nothing() -> None:
    form = compile_form("0x = A b", "x")
    assert (form.whole, form.exact, form.weight) == (True, True, 0.0)


@pytest.mark.parametrize("area", areas())
def test_no_area_sends_more_than_a_run_can_spend(area: str) -> None:
    programs = whole_programs(area)
    assert sum(map(len, programs)) < 10_000
    assert all(len(program) < 2 * LINES for program in programs)


def test_what_may_break_a_server_comes_last_and_alone() -> None:
    last = whole_programs("cluster-keys")[-1]
    assert [each.name for each in last] == ["EVAL"]


def test_draws_of_several_commands_begin_fresh() -> None:
    program = next(each for each in whole_programs("cluster-slots") if str(each[0]) == "DISCARD")
    assert [each.full_name for each in program[:3]] == ["DISCARD", "FLUSHALL", "CLUSTER SETSLOT"]

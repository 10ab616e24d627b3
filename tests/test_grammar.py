"""The language of the forms: every construct, what is refused and how, and that a draw hangs on its Random alone."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.grammar import Draw, FormSyntaxError, compile_form, draw, words_of
from generators.slots import alphabet, counter

if TYPE_CHECKING:
    from collections.abc import Mapping

DRAWS = 400


def slots() -> Mapping[str, Draw]:
    return {
        "key": alphabet([b"k1", b"k2", b"k3"]),
        "value": alphabet([b"a", b"b c", b""]),
        "i": counter(b"i"),
    }


def drawn(line: str, *, seed: int = 1) -> Counter[str]:
    """How often each line is drawn; commands of one draw are joined by ` ; `."""
    form, rng, given_slots = compile_form(line, "test"), Random(seed), slots()
    return Counter(" ; ".join(map(str, draw(form, given_slots, rng))) for _ in range(DRAWS))


def test_words_stand_as_they_are() -> None:
    assert set(drawn("PING hello w_* >=1 #2 -inf k1->f")) == {"PING hello w_* >=1 #2 -inf k1->f"}


def test_text_in_double_quotes_is_read_as_redis_cli_reads_it() -> None:
    [form] = [compile_form(r'EVAL "return {\"a b\", [1] | ; +\n}" 0', "test")]
    [asked] = draw(form, {}, Random(1))
    assert asked.args == (b"EVAL", b'return {"a b", [1] | ; +\n}', b"0")


def test_a_slot_draws_anew_each_time_and_a_label_once() -> None:
    assert len(drawn("COPY {key} {key}")) == 9
    assert set(drawn("COPY {key@a} {key@a}")) == {"COPY k1 k1", "COPY k2 k2", "COPY k3 k3"}
    assert len(drawn("COPY {key@a} {key@b}")) == 9
    assert len(drawn("SET {key@a} {value@a}")) == 9  # a label belongs to its slot


def test_a_choice_in_brackets_may_be_left_out() -> None:
    seen = drawn("SET k v [NX|XX]")
    assert set(seen) == {"SET k v", "SET k v NX", "SET k v XX"}
    assert 0.5 < seen["SET k v"] / DRAWS < 0.7
    assert set(drawn("PING [a]")) == {"PING", "PING a"}


def test_a_choice_in_parentheses_may_not() -> None:
    assert set(drawn("LPOP k (LEFT|RIGHT)")) == {"LPOP k LEFT", "LPOP k RIGHT"}


def test_choices_nest_and_an_option_may_be_empty() -> None:
    assert set(drawn("X (a [b (c|d)]|e f)")) == {"X a", "X a b c", "X a b d", "X e f"}
    assert set(drawn("X (|a)")) == {"X", "X a"}


def test_plus_repeats_one_to_three_times() -> None:
    assert set(drawn("X (a)+")) == {"X a", "X a a", "X a a a"}
    assert {len(line.split()) for line in drawn("X (a b)+")} == {3, 5, 7}
    assert {len(line.split()) for line in drawn("X {key}+")} == {2, 3, 4}


def test_a_star_with_a_number_repeats_exactly() -> None:
    assert set(drawn("RPUSH k (a)*3 b")) == {"RPUSH k a a a b"}
    [asked] = draw(compile_form("RPUSH k {i}*130", "test"), slots(), Random(1))
    assert asked.args[2:] == tuple(b"i%d" % n for n in range(130))


def test_a_word_that_holds_a_plus_or_a_star_is_a_word() -> None:
    assert set(drawn("X a*b +inf * s* a+ a*3")) == {"X a*b +inf * s* a+ a*3"}


def test_a_semicolon_begins_the_next_command_and_labels_go_over_it() -> None:
    lines = drawn("MULTI ; INCR {key@a} ; GET {key@a} ; EXEC")
    assert set(lines) == {f"MULTI ; INCR {key} ; GET {key} ; EXEC" for key in ("k1", "k2", "k3")}


@pytest.mark.parametrize(
    ("line", "weight", "exact", "text"),
    [
        ("GET k", 1.0, False, "GET k"),
        ("3x GET k", 3.0, False, "GET k"),
        (".02x ! BLPOP k 0.001", 0.02, True, "BLPOP k 0.001"),
        ("0.5x GET k", 0.5, False, "GET k"),
        ("!GET k", 1.0, True, "GET k"),
        ("  2x   ! GET k  ", 2.0, True, "GET k"),
    ],
)
def test_weight_and_exactness(line: str, weight: float, exact: bool, text: str) -> None:  # noqa: FBT001  (a column)
    form = compile_form(line, "strings")
    assert (form.weight, form.exact, form.text, form.area) == (weight, exact, text, "strings")


def test_a_form_knows_its_commands() -> None:
    assert compile_form("MULTI ; get {key} ; EXEC", "t").commands == ("MULTI", "GET", "EXEC")
    assert compile_form("{value} {value}", "t").commands == ()


def test_the_words_of_a_form_are_those_in_choices_and_repeats_too() -> None:
    words = set(words_of(compile_form("A {key} [B (C|D)+] (E F)*2 ; G", "t").body))
    assert words == {b"A", b"B", b"C", b"D", b"E", b"F", b"G"}


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("SET {key} [NX", r"'\]' is missing"),
        ("SET {key} [NX|", r"'\]' is missing"),
        ("SET {key} (NX", r"'\)' is missing"),
        ("SET {key} NX]", r"'\]' closes nothing"),
        ("SET {key} NX)", r"'\)' closes nothing"),
        ("SET {key} [NX)", r"'\)' closes nothing"),
        ("SET {key} (NX]", r"'\]' closes nothing"),
        ("SET a | b", r"'\|' closes nothing"),
        ("SET {key", r"can't read ' \{key'"),
        ('SET "a', "can't read ' \"a'"),
        ("+", r"'\+' repeats nothing"),
        ("SET [+]", r"'\+' repeats nothing"),
        ("*3", r"'\*3' repeats nothing"),
        ("SET ; +", r"'\+' repeats nothing"),
        ("", "no command"),
        ("2x !", "no command"),
        ("SET {key} ;", "no command"),
        ("; GET {key}", "no command"),
        ("[GET] {key}+ ; [GET]", "drawn as nothing"),
        ("(GET|) ; GET", "drawn as nothing"),
        ("(GET)*0", "drawn as nothing"),
        ("(MULTI ; EXEC)", "';' stands inside brackets"),
    ],
)
def test_what_is_refused_names_the_place_and_the_form(line: str, place: str) -> None:
    with pytest.raises(FormSyntaxError, match=place) as caught:
        compile_form(line, "test")
    assert repr(line.removeprefix("2x !").strip()) in str(caught.value)


@given(st.text(alphabet='AB {}[]()|;+*3"\\@!x.', max_size=16))
def test_any_line_compiles_or_is_refused(line: str) -> None:
    try:
        form = compile_form(line, "test")
    except FormSyntaxError:
        return
    names = {each: alphabet([b"v"]) for each in _slots_in(line)}
    assert all(asked.args for asked in draw(form, names, Random(0)))


def _slots_in(line: str) -> set[str]:
    return {piece.split("}")[0].partition("@")[0] for piece in line.split("{")}


def test_a_slot_that_nobody_fills_is_an_error_with_its_name() -> None:
    with pytest.raises(KeyError, match="nosuch"):
        draw(compile_form("GET {nosuch}", "test"), slots(), Random(1))


def test_the_same_random_draws_the_same_lines() -> None:
    line = "MULTI ; SET {key} {value} [NX|XX] ; RPUSH {key@a} {value}+ {i}*5 ; EXEC"
    assert drawn(line, seed=3) == drawn(line, seed=3)
    assert drawn(line, seed=3) != drawn(line, seed=4)

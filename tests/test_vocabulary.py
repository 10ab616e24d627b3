"""The vocabulary as data: every form compiles, every slot is filled, every area says what it must."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from generators import vocabulary
from generators.grammar import Choice, Literal, Repeat, Sequence, Slot, draw
from generators.scripts import draw_script
from generators.slots import ALPHABETS, alphabet, counter
from generators.vocabulary import Area, areas, tokens, typed_areas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generators.grammar import Form, Part

FORMS = [form for area in areas().values() for form in area.forms]


def parts_of(body: Sequence) -> Iterator[Part]:
    for part in body.parts:
        yield part
        if isinstance(part, Choice):
            for option in part.options:
                yield from parts_of(option)
        elif isinstance(part, Repeat):
            yield from parts_of(Sequence((part.part,)))


def slots_of(form: Form) -> set[str]:
    return {part.name for part in parts_of(form.body) if isinstance(part, Slot)}


@pytest.mark.parametrize("area", areas())
def test_every_slot_of_a_form_can_be_filled(area: str) -> None:
    fixed = {name: alphabet(values) for name, values in ALPHABETS.items()} | {"script": draw_script}
    filled = {**fixed, "key": alphabet([b"k"]), "i": counter(b"i"), "n": counter(b"")}
    for form in areas()[area].forms:
        assert slots_of(form) <= set(filled), form.text
        for seed in range(5):
            assert all(asked.args for asked in draw(form, filled, Random(seed))), form.text


def test_no_slot_is_left_over() -> None:
    used = set().union(*map(slots_of, FORMS))
    assert set(ALPHABETS) - used == {"odd"}  # what mistaken calls are made of


def test_every_form_stands_once_in_its_area_and_can_be_drawn() -> None:
    for area in areas().values():
        texts = [form.text for form in area.forms]
        assert sorted(set(texts)) == sorted(texts)
        assert all(0 < form.weight <= 10 or (form.whole and form.weight == 0) for form in area.forms)
        assert all(form.area == area.name for form in area.forms)


def test_areas_have_keys_of_their_own() -> None:
    prefixes = [area.prefix for area in typed_areas()]
    assert sorted(set(prefixes)) == sorted(prefixes)
    assert "k" not in prefixes  # what shrunk programs call their keys
    for area in areas().values():
        assert area.keys == tuple(f"{area.prefix}{n}".encode() for n in (1, 2, 3) if area.prefix)


def test_the_areas_are_those_that_the_issue_names() -> None:
    data = {"bitmaps", "geo", "hashes", "hyperloglog", "keys", "lexsets", "lists", "sets", "streams"}
    clusters = {"cluster-keys", "cluster-slots"}
    assert set(areas()) == data | clusters | {"scripting", "server", "strings", "transactions", "zsets"}
    assert {each.name for each in areas().values() if each.topology == "cluster"} == clusters
    assert list(areas()) == sorted(areas())


def test_resets_undo_what_a_program_leaves_beside_the_keyspace() -> None:
    lines = {str(each) for area in areas().values() for each in area.reset}
    assert {"SCRIPT FLUSH", "FUNCTION FLUSH", 'CLIENT SETNAME ""'} <= lines


def test_tokens_are_words_of_forms_in_upper_case() -> None:
    assert {b"EX", b"KEEPTTL", b"WITHSCORES", b"NX", b"LEFT"} <= tokens()
    assert all(word.isupper() and len(word) > 1 for word in tokens())
    assert not tokens() & {value for values in ALPHABETS.values() for value in values}


def test_private_areas_say_why_and_never_stray() -> None:
    private = [area for area in areas().values() if area.private]
    assert [area.name for area in private] == ["lexsets"]


@pytest.mark.parametrize("values", ALPHABETS.values(), ids=ALPHABETS)
def test_alphabets_are_small_and_their_plain_values_come_first(values: tuple[bytes, ...]) -> None:
    assert 2 <= len(set(values)) <= 40
    assert values[0].strip() or values == ALPHABETS["odd"]


def test_an_alphabet_draws_a_value_as_often_as_it_stands_there() -> None:
    pick, rng = alphabet([b"a", b"a", b"a", b"b"]), Random(1)
    drawn = [pick(rng) for _ in range(1000)]
    assert 700 < drawn.count(b"a") < 800


def test_a_counter_never_repeats_itself() -> None:
    pick = counter(b"i")
    assert [pick(Random(0)) for _ in range(3)] == [b"i0", b"i1", b"i2"]


def read(folder: Path, text: str) -> Area:
    path = folder / "odd.forms"
    path.write_text(text)
    return vocabulary._read(path)


def test_an_area_is_read_from_its_file(tmp_path: Path) -> None:
    area = read(
        tmp_path, "# keys: q\n# reset: SCRIPT FLUSH ; ACL SETUSER a\n# private: x\n\n2x GET {key}\n# no\n"
    )
    assert (area.name, area.prefix, area.private) == ("odd", "q", True)
    assert [str(each) for each in area.reset] == ["SCRIPT FLUSH", "ACL SETUSER a"]
    assert [(form.text, form.weight) for form in area.forms] == [("GET {key}", 2.0)]


def test_an_area_that_does_not_say_its_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"odd\.forms must open with a line like '# keys: s', got 'GET"):
        read(tmp_path, "GET {key}\n")


def test_literals_are_never_empty() -> None:
    drawn = [form for form in FORMS if not form.whole]  # what is sent as a whole has its odd values beside it
    words = [part.text for form in drawn for part in parts_of(form.body) if isinstance(part, Literal)]
    assert all(words)

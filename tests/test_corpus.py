"""The corpus: what runs once found is kept, read back as it was, and played by every campaign before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import parse
from generators.corpus import Seen, corpus, read
from generators.vocabulary import areas
from reports.harvest import LONGEST, MOST_OF_A_NAME, add, harvest
from tests.sample_record import a_finding

if TYPE_CHECKING:
    from pathlib import Path

NAME = "agreement.value | GET | bulk | bulk"


def test_every_program_of_the_corpus_can_be_read_and_is_short() -> None:
    held = [program for area in areas() for program in corpus(area)]
    assert len(held) > 100
    assert max(map(len, held)) <= LONGEST


@pytest.mark.parametrize("area", list(areas()))
def test_a_file_is_as_adding_nothing_would_write_it(area: str, tmp_path: Path) -> None:
    add(area, read(area), tmp_path)
    assert read(area, tmp_path) == read(area)


def test_programs_come_back_as_they_were_added(tmp_path: Path) -> None:
    odd = (r'SET k "two\nlines \x00\xff # no comment"', "GET k")
    assert add("strings", [Seen(NAME, odd), Seen(NAME, ("GET k",))], tmp_path) == 2
    assert {seen.lines for seen in read("strings", tmp_path)} == {odd, ("GET k",)}
    assert parse(odd[0]).args[2] == b"two\nlines \x00\xff # no comment"


def test_what_is_held_is_not_added_again(tmp_path: Path) -> None:
    once = Seen(NAME, ("GET k",))
    add("strings", [once], tmp_path)
    assert add("strings", [once, Seen("another name", ("GET k",))], tmp_path) == 0
    assert read("strings", tmp_path) == (once,)


def test_one_name_keeps_its_shortest_programs(tmp_path: Path) -> None:
    too_long = Seen(NAME, ("GET k",) * (LONGEST + 1))
    assert add("strings", [too_long], tmp_path) == 0
    many = [Seen(NAME, tuple(f"SET k {n}" for n in range(size))) for size in range(9, 0, -1)]
    assert add("strings", many, tmp_path) == MOST_OF_A_NAME
    assert [len(seen.lines) for seen in read("strings", tmp_path)] == [1, 2, 3]


def test_an_area_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no area 'strongs'; there are bitmaps"):
        add("strongs", [Seen(NAME, ("GET k",))], tmp_path)


def test_findings_of_an_area_that_could_be_shown_again_are_harvested(tmp_path: Path) -> None:
    sure = a_finding(program=("SET k 1", "GET k"), evidence={"area": "strings"})
    unsure = a_finding(program=("GET k",), evidence={"area": "strings", "inconclusive": "once"})
    given = a_finding(program=("GET k2",), evidence={"area": "replays"})
    assert harvest([sure, unsure, given], tmp_path) == {"strings": 1}
    assert read("strings", tmp_path) == (Seen(sure.signature, sure.program),)

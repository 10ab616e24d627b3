"""Programs hang on their batch alone: the same in another process, others from another seed, and of the size asked."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from generators.programs import Batch, Drawn, draw_programs
from generators.table import Table, build_table
from generators.vocabulary import areas

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def table() -> Table:
    return build_table(areas()["strings"], Random("a table"))


def drawn(batch: Batch) -> list[Drawn]:
    programs: list[Drawn] = []
    draw_programs(batch, programs.append)
    return programs


def test_one_batch_draws_the_same_programs_every_time(table: Table) -> None:
    assert drawn(Batch(table, 7, 40, 20)) == drawn(Batch(table, 7, 40, 20))


def test_another_seed_draws_others(table: Table) -> None:
    first, second = ({each.wire for each in drawn(Batch(table, seed, 40, 20))} for seed in (7, 8))
    assert len(first & second) <= 2  # Hypothesis begins with its plainest block, whatever the seed


DIGEST = """
import hashlib, sys
from random import Random
from generators.programs import Batch, draw_programs
from generators.table import build_table
from generators.vocabulary import areas
digest = hashlib.sha256()
for area in areas().values():
    rng = Random(f"1/{area.name}/0")
    table = build_table(area, rng, damped={"GET {key}": 0.1}, size=2048)
    draw_programs(Batch(table, rng.getrandbits(64), 10, 30), lambda drawn: digest.update(drawn.wire))
print(digest.hexdigest())
"""


def test_another_process_with_another_hash_seed_draws_the_same() -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", DIGEST],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    said = [each.communicate(timeout=60) for each in running]
    assert said[0] == said[1]
    assert len(said[0][0].strip()) == hashlib.sha256().digest_size * 2, said[0][1]


@pytest.mark.parametrize(("programs", "lines"), [(1, 1), (1, 400), (30, 25)])
def test_a_batch_has_its_programs_and_they_their_lines(table: Table, programs: int, lines: int) -> None:
    batch = drawn(Batch(table, 3, programs, lines))
    assert len(batch) == programs
    assert {len(each.rows) for each in batch} == {lines}


def test_a_program_is_its_rows_in_their_order(table: Table) -> None:
    for each in drawn(Batch(table, 3, 10, 50)):
        assert each.program == tuple(command for row in each.rows for command in row.commands)
        assert each.wire == b"".join(command.encode() for command in each.program)
        assert each.size == len(each.program)
        assert set(each.rows) <= set(table.rows)


def test_a_program_without_some_forms_has_all_the_other_rows(table: Table) -> None:
    (whole,) = drawn(Batch(table, 3, 1, 50))
    forms = {whole.rows[0].form.text, whole.rows[7].form.text}
    rest = whole.without(forms)
    assert rest.rows == tuple(row for row in whole.rows if row.form.text not in forms)
    assert (rest.size, rest.wire) == (len(rest.program), b"".join(each.encode() for each in rest.program))
    assert whole.without(()) is whole


def test_the_rows_that_were_drawn_are_counted(table: Table) -> None:
    programs: list[Drawn] = []
    counted = draw_programs(Batch(table, 3, 10, 50), programs.append)
    texts = Counter(row.wire for each in programs for row in each.rows)
    assert sum(times for _, times in counted) == texts.total()
    for row, times in counted:
        assert times <= texts[row.wire]  # rows can be equal


def test_programs_reach_most_rows_of_a_table(table: Table) -> None:
    rows = {row.wire for each in drawn(Batch(table, 3, 100, 100)) for row in each.rows}
    assert len(rows) > 0.8 * len({row.wire for row in table.rows})


def test_slow_long_and_many_programs_raise_no_health_check(table: Table) -> None:
    # filterwarnings are errors: a health check, or a warning of Hypothesis, would end this test
    assert len(drawn(Batch(table, 3, 300, 25))) == 300
    assert len(drawn(Batch(table, 3, 2, 4000))) == 2

"""Cells as sentences: a way in one direction, over all its variants."""

from __future__ import annotations

from reports.matrix import BACK, COMMON, ITSELF, LOSS, REFUSED, THERE, WHOLE, Cell, damaged, roads, worst

OLD, NEW = "redis:7.4.1", "valkey:8.1.8"
WORDS = "Can't handle RDB format version 12"


def cell(**changes: object) -> Cell:
    plain: dict[str, object] = {
        "way": "RDB", "variant": "SAVE", "writer": OLD, "reader": NEW, "direction": THERE, "outcome": WHOLE,
    }  # fmt: skip
    return Cell(**plain | changes)  # type: ignore[arg-type]  # whatever the test wants


def test_a_way_that_is_whole_needs_no_more_words() -> None:
    (road,) = roads([cell(), cell(variant="BGSAVE")])
    assert (road.outcome, road.sentence, len(road.cells)) == (WHOLE, "whole", 2)


def test_a_closed_way_tells_the_server_s_words() -> None:
    (road,) = roads([cell(outcome=REFUSED, said=WORDS), cell(variant="BGSAVE", outcome=REFUSED, said=WORDS)])
    assert road.sentence == f"refused: {WORDS}"


def test_variants_are_named_where_they_differ() -> None:
    lost = cell(variant="as commands came", outcome=LOSS, compared=9, deviations={"missing": 2})
    (road,) = roads([cell(), lost])
    assert road.outcome == LOSS
    assert road.sentence == "whole (SAVE); silent-loss (as commands came): 2 keys missing of 9 keys"


def test_the_way_there_comes_first_and_what_both_know() -> None:
    back = cell(direction=BACK, writer=NEW, reader=OLD)
    found = roads([back, cell(holds="hash.field-expiry"), cell(way="AOF"), cell(direction=ITSELF), cell()])
    assert [(road.direction, road.way, road.holds) for road in found] == [
        (THERE, "RDB", COMMON), (THERE, "AOF", COMMON), (THERE, "RDB", "hash.field-expiry"), (BACK, "RDB", COMMON),
    ]  # fmt: skip


def test_damaged_files_stand_in_a_table_of_their_own() -> None:
    one = cell(damage="emptied", outcome=REFUSED, direction=ITSELF, reader=OLD)
    other = cell(damage="emptied", outcome=LOSS)
    assert roads([other]) == []
    rows = damaged([one, other])
    assert [(way, damage) for way, damage, _ in rows] == [("RDB", "emptied")]
    assert {name: each.outcome for name, each in rows[0][2].items()} == {OLD: REFUSED, NEW: LOSS}


def test_silent_loss_is_the_worst() -> None:
    assert worst([WHOLE, LOSS, REFUSED]) == LOSS

"""Transactions taken apart: what EXEC answers belongs to the commands that were queued."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import parse
from suites.conformance.steps import steps, without
from tests.sample_replies import NULL_ARRAY, OK, QUEUED, error, one, said
from topologies.lockstep import Exchange, Transcript
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = Reply(Kind.NONE, b"timeout")
ABORT = error("EXECABORT Transaction discarded because of previous errors.")


def taken_apart(
    lines: Sequence[str], baseline: Sequence[Reply], candidate: Sequence[Reply] | None = None
) -> list[tuple[int, str, Reply, Reply]]:
    exchange = Exchange(
        Transcript(tuple(baseline), ()), Transcript(tuple(baseline if candidate is None else candidate), ())
    )
    return [(line, str(asked), a, b) for line, asked, a, b in steps(tuple(map(parse, lines)), exchange)]


def named(lines: Sequence[str], both: Sequence[Reply]) -> list[tuple[int, str]]:
    return [each[:2] for each in taken_apart(lines, both)]


def test_without_a_transaction_each_line_is_a_step() -> None:
    assert taken_apart(["SET k 1", "GET k"], [OK, one("1")]) == [
        (0, "SET k 1", OK, OK),
        (1, "GET k", one("1"), one("1")),
    ]


def test_exec_is_taken_apart_into_the_queued_commands_at_its_own_line() -> None:
    lines = ["PING", "MULTI", "INCR k", "GET k", "EXEC", "GET k"]
    before = [OK, OK, QUEUED, QUEUED]
    found = taken_apart(lines, [*before, said(1, "1"), one("1")], [*before, said(1, "2"), one("1")])
    assert [each[:2] for each in found[4:]] == [(4, "INCR k"), (4, "GET k"), (5, "GET k")]
    assert found[5][2:] == (one("1"), one("2"))


def test_a_transaction_of_nothing_has_no_steps_in_exec() -> None:
    assert named(["MULTI", "EXEC"], [OK, said()]) == [(0, "MULTI")]


def test_a_command_that_was_refused_while_queueing_is_not_in_exec() -> None:
    lines = ["MULTI", "SET k", "GET k", "EXEC"]
    assert named(lines, [OK, error("ERR wrong"), QUEUED, ABORT])[-1] == (3, "EXEC")


def test_one_side_refuses_while_queueing_so_exec_stays_whole() -> None:
    lines = ["MULTI", "NEW k", "GET k", "EXEC"]
    found = taken_apart(lines, [OK, error("ERR unknown"), QUEUED, ABORT], [OK, QUEUED, QUEUED, said(1, "1")])
    assert found[-1][:2] == (3, "EXEC")
    assert found[-1][2:] == (ABORT, said(1, "1"))


def test_exec_that_a_watched_key_undid_stays_whole() -> None:
    lines = ["WATCH k", "SET k 1", "MULTI", "GET k", "EXEC"]
    before = [OK, OK, OK, QUEUED]
    assert named(lines, [*before, NULL_ARRAY])[-1] == (4, "EXEC")
    found = taken_apart(lines, [*before, NULL_ARRAY], [*before, said("1")])
    assert found[-1] == (4, "EXEC", NULL_ARRAY, said("1"))


def test_a_nested_multi_neither_begins_nor_ends_anything() -> None:
    lines = ["MULTI", "INCR k", "MULTI", "GET k", "EXEC"]
    nested = error("ERR MULTI calls can not be nested")
    found = named(lines, [OK, QUEUED, nested, QUEUED, said(1, "1")])
    assert found[-2:] == [(4, "INCR k"), (4, "GET k")]


def test_watch_inside_a_transaction_is_refused_and_not_queued() -> None:
    refused = error("ERR WATCH inside MULTI is not allowed")
    found = named(["MULTI", "WATCH k", "GET k", "EXEC"], [OK, refused, QUEUED, said("1")])
    assert found[-1] == (3, "GET k")


def test_discard_ends_a_transaction() -> None:
    lines = ["MULTI", "INCR k", "DISCARD", "EXEC"]
    assert named(lines, [OK, QUEUED, OK, error("ERR EXEC without MULTI")])[-2:] == [
        (2, "DISCARD"),
        (3, "EXEC"),
    ]


def test_two_transactions_do_not_mix() -> None:
    lines = ["MULTI", "INCR k", "EXEC", "MULTI", "GET k", "EXEC"]
    found = named(lines, [OK, QUEUED, said(1), OK, QUEUED, said("1")])
    assert found == [(0, "MULTI"), (1, "INCR k"), (2, "INCR k"), (3, "MULTI"), (4, "GET k"), (5, "GET k")]


def test_exec_without_a_transaction_is_itself() -> None:
    assert named(["EXEC"], [error("ERR EXEC without MULTI")]) == [(0, "EXEC")]


def test_a_side_that_forgets_a_reply_leaves_exec_whole() -> None:
    lines = ["MULTI", "INCR k", "GET k", "EXEC"]
    before = [OK, QUEUED, QUEUED]
    found = taken_apart(lines, [*before, said(1, "1")], [*before, said(1)])
    assert found[-1] == (3, "EXEC", said(1, "1"), said(1))


def test_names_may_be_in_any_case() -> None:
    assert named(["multi", "incr k", "exec"], [OK, QUEUED, said(1)])[-1] == (2, "incr k")


def test_after_an_incident_steps_end_with_the_line_that_it_struck() -> None:
    found = taken_apart(["GET k", "GET l", "GET m"], [OK, NONE], [OK, OK, OK])
    assert [each[:2] for each in found] == [(0, "GET k"), (1, "GET l")]
    assert found[-1][2:] == (NONE, OK)


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (set(), "SET MULTI GET EXEC DEL DISCARD MULTI INCR DISCARD TTL"),
        ({0, 9}, "MULTI GET EXEC DEL DISCARD MULTI INCR DISCARD"),
        ({3}, "SET DEL DISCARD MULTI INCR DISCARD TTL"),
        ({2}, "SET MULTI EXEC DEL DISCARD MULTI INCR DISCARD TTL"),
        ({5}, "SET MULTI GET EXEC DEL MULTI INCR DISCARD TTL"),
        ({8}, "SET MULTI GET EXEC DEL DISCARD TTL"),
    ],
)
def test_an_exec_that_goes_takes_its_transaction_with_it(gone: set[int], left: str) -> None:
    program = tuple(
        map(parse, ("SET", "MULTI", "GET", "EXEC", "DEL", "DISCARD", "MULTI", "INCR", "DISCARD", "TTL"))
    )
    assert " ".join(map(str, without(program, gone))) == left


def test_reset_ends_a_transaction() -> None:
    lines = ["MULTI", "DEL k", "RESET", "MULTI", "INCR k", "EXEC"]
    answers = [OK, QUEUED, Reply(Kind.SIMPLE, b"RESET"), OK, QUEUED, said(1)]
    assert named(lines, answers)[-1] == (5, "INCR k")
    assert [str(each) for each in without(tuple(map(parse, lines)), {2})] == ["MULTI", "INCR k", "EXEC"]

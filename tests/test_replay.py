"""A given program runs as it stands, in both protocols; and the suites' own choice of tests and of a digest."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from generators.command import command
from reports import record
from reports.record import RecordWriter
from suites.conformance.pair import Pair, _digest
from suites.conformance.probe import DIGEST, READ_ALL
from suites.conformance.replay import replay
from suites.conformance.tolerance import Tolerances
from tests.sample_server import SampleServer, bulk, number
from topologies.lockstep import Lockstep
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generators.command import Command
    from suites.session import Session as RunSession
    from tests.sample_server import Lie, Session


@dataclass
class SampleSession:
    """As much of a session as findings need."""

    def reproduce_program(self, lines: tuple[str, ...], *, topology: str) -> str:
        return f"again {len(lines)} lines"


@contextlib.contextmanager
def pair_of(folder: Path, lies: dict[str, Lie]) -> Iterator[Pair]:
    with SampleServer() as honest, SampleServer(lies=lies) as liar:
        pair = Pair(
            session=cast("RunSession", SampleSession()),
            locksteps={protocol: Lockstep(honest, liar, protocol=protocol) for protocol in (2, 3)},
            rules=Tolerances(),
            digest=DIGEST,
            pen=RecordWriter.open(folder),
            commands=frozenset(["INCR", "OBJECT ENCODING"]),
        )
        yield pair
        pair.close()


def test_a_program_that_agrees_leaves_no_finding_and_says_what_was_done(tmp_path: Path) -> None:
    with pair_of(tmp_path, {}) as pair:
        assert not replay(pair, ["SET k 1", "INCR k", "OBJECT ENCODING k", "NOSUCH k"])
        assert not pair.found
    [work] = record.lines(tmp_path, "progress")
    assert isinstance(work, dict)
    assert (work["area"], work["compared"], work["programs"]) == ("replays", 8, 2)
    assert work["sent"] == {"INCR": 1, "OBJECT ENCODING": 1}  # those that an engine knows


def test_a_program_that_differs_is_a_finding_as_it_stands(tmp_path: Path) -> None:
    with pair_of(tmp_path, {"INCR": lambda session, asked: number(99)}) as pair:
        assert replay(pair, ["SET k 1", "INCR k", "GET k"])
        found, left = pair.found  # the lie does not count up, so that the data differ behind it, too
    assert (left.rule, left.caused_by) == ("agreement.follow-up", found.id)
    assert found.program == ("SET k 1", "INCR k")  # up to the line that differs
    assert (found.rule, found.subject, found.step, found.protocol) == ("agreement.value", "INCR", 1, 2)
    assert found.reproduce == "again 2 lines"
    assert (found.baseline.value, found.candidate.value) == (2, 99)
    assert len(list(record.lines(tmp_path, "findings"))) == 2


def test_a_connection_that_was_lost_before_it_is_no_part_of_it(tmp_path: Path) -> None:
    """One line at a time, a command without a reply would hang: that is another finding."""
    with pair_of(tmp_path, {"INCR": lambda session, asked: b""}) as pair:
        assert not replay(pair, ["GET k"])
        for lockstep in pair.locksteps.values():
            for side in lockstep.sides:
                side.connect().shutdown(socket.SHUT_RDWR)
        assert replay(pair, ["INCR k"])
        assert {each.rule for each in pair.found} == {"agreement.no-reply"}


def test_a_rule_asks_for_its_own_difference_alone(tmp_path: Path) -> None:
    with pair_of(tmp_path, {"INCR": lambda session, asked: number(99)}) as pair:
        assert replay(pair, ["INCR k"], rule="agreement.value")
        assert not replay(pair, ["INCR k"], rule="agreement.type")


def test_what_only_resp3_shows_is_found_too(tmp_path: Path) -> None:
    def lie(session: Session, asked: Command) -> Reply | bytes:
        truth = session.truth(asked)
        return bulk(b"1") if session.protocol == 3 else truth

    with pair_of(tmp_path, {"INCR": lie}) as pair:
        assert replay(pair, ["INCR k"])
        assert [each.protocol for each in pair.found] == [3]


def test_keys_of_any_name_are_looked_at_afterwards(tmp_path: Path) -> None:
    def forgets(session: Session, asked: Command) -> Reply:
        return Reply(Kind.SIMPLE, b"OK")

    with pair_of(tmp_path, {"SET": forgets}) as pair:
        assert replay(pair, ["SET some:name 1"])
        [found] = pair.found
    assert (found.rule, found.subject) == ("agreement.state", "SET")
    assert found.program == ("SET some:name 1", "EXISTS some:name")


@pytest.mark.parametrize(
    ("lies", "digest"),
    [
        ({}, DIGEST),
        ({"DEBUG": lambda session, asked: Reply(Kind.ERROR, b"ERR DEBUG is not allowed")}, READ_ALL),
        ({"DEBUG": lambda session, asked: Reply(Kind.SIMPLE, b"0000")}, READ_ALL),
    ],
    ids=["alike", "barred", "other"],
)
def test_the_servers_digest_is_used_where_both_agree_on_equal_data(
    lies: dict[str, Lie], digest: object
) -> None:
    with SampleServer() as honest, SampleServer(lies=lies) as other:
        assert _digest(honest, other) == digest
        assert not honest.data.get(0)
        assert command("DEBUG", "DIGEST") == DIGEST

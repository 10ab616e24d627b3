"""Where two engines part is found and named, below the commands; given programs run as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.raw import parse_line
from suites.conformance.replay import replay
from suites.conformance.tolerance import Tolerances
from suites.wire.naming import named
from suites.wire.parting import partings
from tests.sample_server import ClosesError, bulk
from tests.test_replay import pair_of
from topologies.raw import PING, Heard, Talk
from topologies.reply import Kind, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from generators.command import Command
    from reports.finding import Finding
    from suites.conformance.pair import Pair
    from tests.sample_server import Session

OK = Reply(Kind.SIMPLE, b"OK")
PONG = Reply(Kind.SIMPLE, b"PONG")
PROTOCOL = Reply(Kind.ERROR, b"ERR Protocol error: invalid multibulk length")
UNKNOWN = Reply(Kind.ERROR, b"ERR unknown command 'a', with args beginning with: ")


def names(line: str, baseline: list[Heard], candidate: list[Heard]) -> list[str]:
    """What is said to one line, and to the PING behind it, and how the differences are called."""
    talks = Talk(tuple(baseline)), Talk(tuple(candidate))
    whole = (parse_line(line), PING)
    return [named(whole, parting).signature for parting in partings(talks, Tolerances())]


PONGS = Heard((PONG,))
ENDED = Heard((), b"closed")


@pytest.mark.parametrize(
    ("line", "baseline", "candidate", "signature"),
    [
        (
            '!"*-2\\r\\n"',
            [Heard(()), PONGS],
            [Heard((PROTOCOL,), b"closed"), ENDED],
            "agreement.closed | MULTIBULK | goes on | (error) ERR Protocol error: invalid multibulk length",
        ),
        (
            '!"*-2\\r\\n"',
            [Heard((PROTOCOL,)), PONGS],
            [Heard((PROTOCOL,), b"closed"), ENDED],
            "agreement.closed | MULTIBULK negative | goes on | closed",
        ),
        (
            '!"a\\r\\n"',
            [Heard((UNKNOWN,)), Heard(())],
            [Heard((UNKNOWN,)), PONGS],
            "agreement.no-reply | INLINE | no reply | simple",
        ),
        (
            '!"*1\\r\\n$4\\r\\nPING\\r\\n*1\\r\\n$4\\r\\nPING\\r\\n"',
            [Heard((PONG, OK)), PONGS],
            [Heard((OK,)), PONGS],
            "agreement.no-reply | PIPELINE | simple | no reply",
        ),
        (
            '!"*-2\\r\\n"',
            [Heard(()), PONGS],
            [Heard((), b"died"), Heard((), b"died")],
            "agreement.crash | MULTIBULK | goes on | ends",
        ),
        (
            '!"*-2\\r\\n"',
            [Heard(()), PONGS],
            [Heard((), b"timeout"), Heard((), b"timeout")],
            "agreement.hang | MULTIBULK | goes on | ends",
        ),
    ],
    ids=["refuses", "closes", "silent", "left-out", "dies", "hangs"],
)
def test_a_difference_is_named(
    line: str, baseline: list[Heard], candidate: list[Heard], signature: str
) -> None:
    assert names(line, baseline, candidate) == [signature]


def test_the_same_is_no_difference() -> None:
    assert (
        names('!"*-2\\r\\n"', [Heard((PROTOCOL,), b"closed"), ENDED], [Heard((PROTOCOL,), b"closed"), ENDED])
        == []
    )


def test_a_text_hides_nothing_that_comes_behind_it() -> None:
    other = Reply(Kind.ERROR, b"ERR unknown command `a`, with args beginning with: ")
    found = names('!"a\\r\\nPING\\r\\n"', [Heard((UNKNOWN, PONG)), PONGS], [Heard((other, OK)), PONGS])
    assert [each.split(" | ")[0] for each in found] == ["agreement.error-text", "agreement.value"]


_TRIES = 6


def replay_in_time(pair: Pair, lines: list[str], step: int) -> Finding:
    """What the program shows. The servers here are threads of Python, so that no question on another connection tells
    whether they have answered: on a busy machine they do so behind a later line.
    """
    for _ in range(_TRIES):
        pair.found.clear()
        replay(pair, lines)
        if [each.step for each in pair.found] == [step]:
            break
    [found] = pair.found
    return found


def test_a_given_program_with_raw_bytes_shows_its_difference(tmp_path: Path) -> None:
    with pair_of(tmp_path, {"ECHO": lambda session, asked: bulk(b"b")}) as pair:
        assert not replay(pair, ['!"*-1\\r\\n"', "PING"])
        found = replay_in_time(pair, ['!"*-1\\r\\n"', '!"ECHO a\\r\\n"'], 1)
    assert (found.rule, found.subject, found.step) == ("agreement.value", "MULTIBULK", 1)
    assert found.program == ('!"*-1\\r\\n"', '!"ECHO a\\r\\n"')
    assert found.evidence["candidate said"] == ["nothing", '"b"']


def test_a_connection_that_closes_is_seen_at_the_next_line(tmp_path: Path) -> None:
    def closes(session: Session, asked: Command) -> Reply:
        raise ClosesError

    with pair_of(tmp_path, {"GET": closes}) as pair:
        found = replay_in_time(pair, ['!"GET k\\r\\n"'], 0)
    assert found.rule == "agreement.closed"
    assert found.program == ('!"GET k\\r\\n"',)
    assert found.candidate.value == "closed"

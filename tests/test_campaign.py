"""A campaign between two small servers: whom a death between two programs is charged to, and what is played first."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from generators import corpus
from generators.command import command, parse
from generators.vocabulary import areas
from suites.conformance.campaign import Budget, Campaign
from suites.conformance.hunt import Hunt
from suites.conformance.probe import DIGEST
from suites.conformance.tolerance import Tolerances
from tests.sample_server import DiesError, SampleServer
from topologies import lockstep
from topologies.lockstep import Lockstep, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from generators.command import Command
    from suites.conformance.discovery import Discovery
    from tests.sample_server import Lie, Session
    from topologies.reply import Reply

DEADLY = tuple(map(parse, ("GET s1", "SET s1 deadly", "GET s2")))


@contextmanager
def campaign_against(lies: dict[str, Lie], found: list[Discovery]) -> Iterator[Campaign]:
    """A campaign of strings between an honest server and one that lies; it ends with its first discovery."""
    with SampleServer() as honest, SampleServer(lies=lies) as liar:
        steps = {protocol: Lockstep(honest, liar, protocol=protocol) for protocol in (2, 3)}
        yield Campaign(
            area=areas()["strings"],
            seed=1,
            locksteps=steps,
            rules=Tolerances(),
            digest=DIGEST,
            found=found.append,
            enough=lambda: bool(found),
        )
        for each in steps.values():
            each.close()


def dies_when_it_forgets(session: Session, asked: Command) -> Reply | bytes:
    if session.data.get(b"s1") == b"deadly":
        session.server.data.clear()
        raise DiesError
    return session.truth(asked)


def says_99(session: Session, asked: Command) -> bytes:
    return b":99\r\n"


def test_a_death_between_two_programs_is_charged_to_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockstep, "REPLY_TIMEOUT_S", 0.15)
    found: list[Discovery] = []
    with campaign_against({"FLUSHALL": dies_when_it_forgets}, found) as campaign:
        hunt = Hunt(locksteps=campaign.locksteps, rules=campaign.rules, keys=(b"s1",), found=found.append)
        assert campaign._run(script(DEADLY), hunt, 2) is None
        campaign._last = lambda: DEADLY
        assert campaign._run(script((command("GET", "s2"),)), hunt, 2) is None
    [death] = found
    assert (death.difference.rule, death.difference.subject) == ("agreement.crash", "FLUSHALL")
    assert [str(line) for line in death.program] == ["SET s1 deadly", "FLUSHALL"]


def test_the_corpus_is_played_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strings.programs").write_text("# a name\nSET s1 5\nSTRLEN s1\n")
    monkeypatch.setattr(corpus.read, "__defaults__", (tmp_path,))
    corpus.corpus.cache_clear()
    found: list[Discovery] = []
    with campaign_against({"STRLEN": says_99}, found) as campaign:
        outcome = campaign.run(Budget(commands=1000, seconds=10))
    corpus.corpus.cache_clear()
    assert (outcome.programs, outcome.compared) == (1, 2)
    assert [str(line) for line in found[0].program] == ["STRLEN k"]


class Breaks:
    """After one value nothing is counted rightly any more, until the server is started again."""

    def __init__(self) -> None:
        self.broken_in = -1  # the start of the server

    def sets(self, session: Session, asked: Command) -> Reply | bytes:
        if asked.args[2:] == (b"poison",):
            self.broken_in = session.server.starts
        return session.truth(asked)

    def counts(self, session: Session, asked: Command) -> Reply | bytes:
        broken = self.broken_in == session.server.starts
        return b"-ERR broken\r\n" if broken else session.truth(asked)

    @property
    def lies(self) -> dict[str, Lie]:
        return {"SET": self.sets, "INCR": self.counts, "APPEND": self.counts}


POISONED = (("APPEND s1 a", "GET s1"), ("GET s2", "SET s1 poison", "GET s1"), ("APPEND s2 b",))


def test_what_breaks_a_server_for_all_that_follows_is_the_only_finding() -> None:
    found: list[Discovery] = []
    with campaign_against(Breaks().lies, found) as campaign:
        hunt = Hunt(
            locksteps=campaign.locksteps, rules=campaign.rules, keys=(b"s1",), found=campaign._believe
        )
        for lines in POISONED:
            program = tuple(map(parse, lines))
            exchange = campaign.locksteps[2].run(script(program))
            campaign._ran(partial(tuple, program))
            if exchange is not None:
                campaign._examine(hunt, program, exchange, 2)
        assert campaign.locksteps[2].run(script(tuple(map(parse, POISONED[2])))) is None  # started again
    [breaks] = found
    assert (breaks.difference.rule, breaks.difference.subject) == ("agreement.state", "SET")
    assert [str(line) for line in breaks.program] == ["SET k poison", "INCR k"]


def test_a_difference_beside_a_canary_that_lies_from_the_start_is_believed() -> None:
    found: list[Discovery] = []
    with campaign_against({"INCR": says_99}, found) as campaign:
        hunt = Hunt(
            locksteps=campaign.locksteps, rules=campaign.rules, keys=(b"s1",), found=campaign._believe
        )
        program = (parse("INCR s1"),)
        exchange = campaign.locksteps[2].run(script(program))
        assert exchange is not None
        campaign._examine(hunt, program, exchange, 2)
    assert [each.difference.subject for each in found] == ["INCR"]

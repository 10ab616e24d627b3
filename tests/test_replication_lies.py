"""Replication that lies is found: writes that are lost or changed in their link, answers that promise too much."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import threading
from random import Random
from typing import TYPE_CHECKING

import pytest

from generators.command import parse
from generators.dataset import odd_pieces
from generators.link import Writing
from suites.replication.judge import divergence, findings, tells
from suites.replication.outcome import Kind, Outcome, Side
from suites.replication.semantics import SEMANTICS
from suites.replication.sync import PLAINEST
from suites.replication.traffic import Traffic
from tests.sample_builds import QUICK, real_build
from tests.test_proxies import the_toxiproxy
from topologies.proxies import Address
from topologies.replicated import Replicated
from topologies.reply import Kind as ReplyKind
from topologies.reply import Reply
from topologies.snapshot import commands_of
from topologies.topology import Shape, Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generators.command import Command
    from topologies.homes.process import ProcessHome

    Lie = Callable[[bytes], bytes]

pytestmark = pytest.mark.engines
WAYS = {way.name: way for way in (PLAINEST, *SEMANTICS)}


class Deceived(Replicated):
    """A deployment whose links change what the primary sends, and whose answers may be others."""

    lie: Lie | None = None
    answers: Callable[[int, Command, Reply], Reply] | None = None

    def tell(self, seat: int, asked: Command) -> Reply:
        reply = super().tell(seat, asked)
        return reply if self.answers is None else self.answers(seat, asked, reply)

    def deceive(self, lie: Lie) -> None:
        """Put a liar between the primary and the proxy of seat 1."""
        link = self.link_of(0, 1)
        upstream = liar(Address(self.nodes[0].host, self.nodes[0].port), lie)
        self._proxies.remove(link.name)
        self._links[0, 1] = self._proxies.add(link.name, listen=link.listen, upstream=upstream)


def liar(true: Address, lie: Lie) -> Address:
    """A proxy that passes on what the server says as the lie has it."""
    server = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, sink: socket.socket, change: Lie) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(change(data))
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def serve() -> None:
        while True:
            client, _ = server.accept()
            try:
                there = socket.create_connection((true.host, true.port))
            except OSError:  # the test is over
                client.close()
                continue
            for pair in ((client, there, lambda data: data), (there, client, lie)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return Address("127.0.0.1", server.getsockname()[1])


NUMBERS = itertools.count()


@pytest.fixture
def deployment(home: ProcessHome) -> Iterator[Deceived]:
    topology = Topology(shape=Shape.STAR, builds=(real_build(QUICK),) * 3)
    made = Deceived(home, home.proxies(the_toxiproxy()), topology, f"deceived{next(NUMBERS)}")
    yield made
    made.close()


def swapped(old: bytes, new: bytes) -> Lie:
    """The same number of bytes, so that offsets do not tell."""
    assert len(old) == len(new)
    return lambda data: data.replace(old, new)


def every(n: int, old: bytes, new: bytes) -> Lie:
    """Every n-th of them only."""
    count = itertools.count(1)
    return lambda data: re.sub(re.escape(old), lambda found: new if next(count) % n == 0 else found[0], data)


def writing(*lines: str) -> Writing:
    return Writing(subject=lines[-1].split()[0], program=tuple(map(parse, lines)), alone=True)


LIES = {
    "a value is stale": (writing("SET k fresh"), swapped(b"fresh", b"stale")),
    "a write is lost": (writing("SET k 1", "APPEND k more"), swapped(b"APPEND", b"STRLEN")),
    "every third write is lost": (
        writing("SET a 1", "SET b 1", "SET c 1"),
        every(3, b"*3\r\n$3\r\nSET", b"*3\r\n$3\r\nGET"),
    ),
    "an expiry is forgotten": (
        writing("SET k 1 PXAT 4102444800123"),
        swapped(b"4102444800123", b"9102444800123"),
    ),
    "a deletion is lost": (writing("SET k 1", "DEL k"), swapped(b"DEL\r\n", b"GET\r\n")),
    "an element is lost": (writing("RPUSH k a b lost"), swapped(b"lost", b"gone")),
    "a score is another": (writing("ZADD k 17.25 member"), swapped(b"17.25", b"18.25")),
    "a field is lost": (writing("HSET k field value"), swapped(b"field", b"fjeld")),
    "an entry is another": (writing("XADD k 1-1 f entry"), swapped(b"entry", b"empty")),
    "a database is another": (
        writing("SELECT 3", "SET k 1"),
        swapped(b"SELECT\r\n$1\r\n3", b"SELECT\r\n$1\r\n4"),
    ),
    "a function is another": (
        writing(
            "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function('f', function() return 'true' end)\"",
            "SET k 1",
        ),
        swapped(b"'true'", b"'lies'"),
    ),
    "the other key is set in a script": (
        writing("EVAL \"redis.call('SET', 'key', 'v')\" 0"),
        swapped(b"$3\r\nkey\r\n", b"$3\r\nkay\r\n"),
    ),
}


def traffic(deployment: Deceived) -> Traffic:
    known = commands_of(deployment.nodes[0])
    deployment.join()
    return Traffic(deployment, (known, known))


@pytest.mark.parametrize("name", list(LIES))
def test_what_a_link_changes_is_found_though_offsets_are_equal(deployment: Deceived, name: str) -> None:
    sent, lie = LIES[name]
    assert traffic(deployment).diverged([sent]) == []
    deployment.arrange()
    deployment.deceive(lie)
    (found,) = traffic(deployment).diverged([sent])
    assert found.kind is Kind.LOSS
    finding = divergence({Side.ONWARD: found}, "again")
    assert (finding.rule, finding.subject) == ("replication.silent-divergence", sent.subject)
    assert finding.severity == "breaking"
    assert found.within(found)
    assert not found.within(None)


def test_a_baseline_that_does_not_get_there_expects_nothing_of_others() -> None:
    """It is then written down as not run: no finding is no agreement."""
    whole, hang = (Outcome(kind=kind, facts={}) for kind in (Kind.WHOLE, Kind.HANG))
    assert tells({Side.BASELINE: whole, Side.ONWARD: hang})
    for outcomes in ({Side.BASELINE: hang, Side.ONWARD: whole}, {Side.ONWARD: whole}):
        assert not tells(outcomes)
        assert list(findings(outcomes, area="", reproduce="")) == []


def outcomes_of(deployment: Deceived, name: str, *, before: Callable[[], None]) -> list[tuple[str, str]]:
    """Rules and subjects of what differs between the truth and the lie."""
    pieces = [piece for piece in odd_pieces(1_900_000_000_000, Random(1)) if piece.kind == "list"]
    truth = WAYS[name].run(deployment, pieces)
    deployment.arrange()
    before()
    lied = WAYS[name].run(deployment, pieces)
    none = findings({Side.BASELINE: truth, Side.ONWARD: truth}, area="", reproduce="")
    assert list(none) == []
    told = findings({Side.BASELINE: truth, Side.ONWARD: lied}, area="", reproduce="")
    return [(each.rule, each.subject) for each in told]


def test_a_full_sync_that_is_damaged_is_found(deployment: Deceived) -> None:
    def lie() -> None:
        deployment.set(0, "rdbcompression", "no")
        deployment.deceive(swapped(b"same", b"lost"))

    assert outcomes_of(deployment, "disk", before=lie) == [("replication.full-sync", "disk")]


@pytest.mark.parametrize(
    ("way", "command", "answer", "rule"),
    [
        ("WAIT", "WAIT", 2, "replication.wait-too-much"),
        ("WAIT", "WAIT", 0, "replication.wait"),
        ("min-replicas-to-write", "SET", b"OK", "replication.min-replicas"),
        ("what a replica serves", "SET", b"OK", "replication.replica-serves"),
        ("expiry on a replica", "GET", b"v", "replication.expiry"),
        ("expiry on a replica", "TTL", -1, "replication.expiry"),
    ],
)
def test_an_answer_that_lies_is_found(
    deployment: Deceived, way: str, command: str, answer: int | bytes, rule: str
) -> None:
    kind = ReplyKind.INTEGER if isinstance(answer, int) else ReplyKind.SIMPLE

    def lies(seat: int, asked: Command, reply: Reply) -> Reply:
        about = seat == 1 if way in ("what a replica serves", "expiry on a replica") else seat == 0
        return Reply(kind, answer) if asked.name == command and about else reply

    def start() -> None:
        deployment.answers = lies

    assert rule in [each for each, _ in outcomes_of(deployment, way, before=start)]
    deployment.answers = None

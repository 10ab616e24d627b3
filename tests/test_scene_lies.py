"""Lies that only several connections can tell from the truth: each is found, named rightly, in four lines at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from generators.command import command
from generators.scenes import scenes
from suites.conformance.probe import DIGEST
from suites.conformance.tolerance import tolerances
from suites.connections.play import Play
from tests.sample_builds import real_build
from tests.sample_rewriter import Rewrite, Rewriter
from topologies.lockstep import ask_node
from topologies.node import Home, Node, NodeSpec
from topologies.stage import Stage

if TYPE_CHECKING:
    from generators.command import Program
    from suites.conformance.discovery import Discovery

ENGINE = "valkey:8.1"
MOST_LINES = 4

pytestmark = pytest.mark.engines


class SceneLie(NamedTuple):
    """A lie, the scenes that can show it, and what it must be called."""

    kind: str
    rewrite: Rewrite
    rule: str
    subject: str
    lines: int = MOST_LINES

    def concerns(self, program: Program) -> bool:
        """Whether it can change what is asked; the others need not be played."""
        wire = b"".join(each.encode() for each in program)
        return not self.rewrite.to_server or self.rewrite.old in wire


def _words(*words: bytes) -> bytes:
    return b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _instead(old: tuple[bytes, ...], new: tuple[bytes, ...], *, to_server: bool = True) -> Rewrite:
    return Rewrite(_words(*old), _words(*new), to_server)


LIES = {
    "a blocked pop takes the other end": SceneLie(
        "blocking", _instead((b"BLPOP", b"l", b"0"), (b"BRPOP", b"l", b"0")), "agreement.value", "BLPOP"
    ),
    "a pop without a limit does not wait": SceneLie(
        "blocking",
        _instead((b"BZPOPMIN", b"z", b"0"), (b"ZPOPMIN", b"z", b"1")),
        "agreement.waits",
        "BZPOPMIN",
    ),
    "a blocked read sees what was there before": SceneLie(
        "blocking",
        _instead((b"0", b"STREAMS", b"s", b"$"), (b"0", b"STREAMS", b"s", b"0")),
        "agreement.waits",
        "XREAD",
    ),
    "UNBLOCK with ERROR ends as with TIMEOUT": SceneLie(
        "blocking", _instead((b"ERROR",), (b"TIMEOUT",)), "agreement.type", "BLPOP"
    ),
    "a waiting move puts it at the other end": SceneLie(
        "blocking",
        _instead((b"BLMOVE", b"l", b"m", b"LEFT", b"RIGHT"), (b"BLMOVE", b"l", b"x", b"LEFT", b"RIGHT")),
        "agreement.value",
        "LRANGE",
    ),
    "WATCH sees another key": SceneLie(
        "transactions", _instead((b"WATCH", b"k"), (b"WATCH", b"zzz")), "agreement.type", "EXEC"
    ),
    "UNWATCH does nothing": SceneLie(
        "transactions", _instead((b"UNWATCH",), (b"READONLY",)), "agreement.type", "EXEC", lines=5
    ),
    "an event has another name": SceneLie(
        "notifications",
        _instead((b"__keyevent@0__:lpop",), (b"__keyevent@0__:rpop",), to_server=False),
        "agreement.push",
        "LPOP",
    ),
    "events of one type are lost": SceneLie(
        "notifications", _instead((b"AKE",), (b"KEg$lszxe",)), "agreement.push", "HSET"
    ),
    "a pattern matches less": SceneLie(
        "pubsub", _instead((b"PSUBSCRIBE", b"c*"), (b"PSUBSCRIBE", b"c?")), "agreement.value", "PSUBSCRIBE"
    ),
    "a message is empty": SceneLie(
        "pubsub", _instead((b"PUBLISH", b"c", b"m"), (b"PUBLISH", b"c", b"")), "agreement.push", "PUBLISH"
    ),
    "a shard message goes to other subscribers": SceneLie(
        "pubsub",
        _instead((b"SPUBLISH", b"c", b"m"), (b"SPUBLISH", b"d", b"m")),
        "agreement.value",
        "SPUBLISH",
    ),
    "NOLOOP is forgotten": SceneLie(
        "tracking", _instead((b"NOLOOP",), (b"OPTOUT",)), "agreement.push", "SET"
    ),
    "an invalidation names another key": SceneLie(
        "tracking", _instead((b"invalidate",), (b"invalid-ate",), to_server=False), "agreement.push", "SET"
    ),
    "OPTIN caches everything": SceneLie(
        "tracking", _instead((b"OPTIN",), (b"NOLOOP",)), "agreement.push", "SET"
    ),
    "SKIP skips nothing": SceneLie(
        "clients", _instead((b"REPLY", b"SKIP"), (b"REPLY", b"ON")), "agreement.waits", "CLIENT REPLY"
    ),
    "PAUSE WRITE pauses nothing": SceneLie(
        "clients", _instead((b"5000", b"WRITE"), (b"0", b"WRITE")), "agreement.waits", "SET"
    ),
    "KILL kills by another type": SceneLie(
        "clients", _instead((b"TYPE", b"pubsub"), (b"TYPE", b"normal")), "agreement.value", "CLIENT KILL"
    ),
    "MONITOR shows a password": SceneLie(
        "clients", Rewrite(b'"(redacted)"', b'"secret"', to_server=False), "agreement.push", "AUTH"
    ),
    "a user may read what it must not": SceneLie(
        "users", _instead((b"~k*",), (b"~*",)), "agreement.type", "MGET"
    ),
    "a user may publish anywhere": SceneLie(
        "users",
        _instead((b"+@all", b"~k*", b"&c*"), (b"+@all", b"~k*", b"&*")),
        "agreement.type",
        "PSUBSCRIBE",
    ),
    "a user keeps his connection": SceneLie(
        "users", _instead((b"DELUSER", b"u"), (b"DELUSER", b"v")), "agreement.value", "ACL DELUSER"
    ),
}


@pytest.fixture(scope="module")
def honest(home: Home) -> Node:
    return home.start(NodeSpec(name="honest", build=real_build(ENGINE)))


@pytest.fixture(scope="module")
def other(home: Home) -> Node:
    return home.start(NodeSpec(name="other", build=real_build(ENGINE)))


def discoveries(baseline: Node, candidate: Node, lie: SceneLie) -> list[Discovery]:
    """What the scenes of the lie's kind show, up to the lie."""
    stages = {protocol: Stage(baseline, candidate, protocol=protocol) for protocol in (2, 3)}
    found: list[Discovery] = []
    rules = tolerances(ask_node(baseline, command("COMMAND")))
    play = Play(stages=stages, rules=rules, digest=DIGEST, found=found.append)
    try:
        for program in filter(lie.concerns, scenes()[lie.kind].programs):
            for protocol in stages:
                play.examine(program, protocol)
            if any(
                (each.difference.rule, each.difference.subject) == (lie.rule, lie.subject) for each in found
            ):
                break
    finally:
        for stage in stages.values():
            stage.close()
    return found


@pytest.mark.parametrize("name", LIES)
def test_a_lie_to_several_connections_is_found(name: str, honest: Node, other: Node) -> None:
    lie = LIES[name]
    liar = Rewriter(other, lie.rewrite)
    found = discoveries(honest, liar, lie)
    liar.stop()
    names = [(each.difference.rule, each.difference.subject) for each in found]
    assert (lie.rule, lie.subject) in names, names
    shown = found[names.index((lie.rule, lie.subject))]
    assert len(shown.program) <= lie.lines, list(map(str, shown.program))

"""Lies below the commands are found, named rightly, and shown in four lines at most; the truth stays green."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from generators.command import command
from generators.wire import cases
from suites.conformance.tolerance import tolerances
from suites.wire.judge import Judge
from tests.liar.wire import WireLiar, WireLie
from topologies.lockstep import ask_node
from topologies.node import Home, Node, NodeSpec
from topologies.raw import RawPair

if TYPE_CHECKING:
    from generators.raw import Lines
    from suites.conformance.discovery import Discovery
    from topologies.engine import Build

MOST_LINES = 4

LIES = (
    WireLie(
        name="multibulk-text",
        about=b"*abc",
        group="wire-requests",
        rule="agreement.error-text",
        subject="MULTIBULK",
        says="a wrong number of arguments is refused in other words",
        answer=lambda data: data.replace(b"invalid multibulk length", b"bad multibulk length"),
    ),
    WireLie(
        name="stays-open",
        about=b"*abc",
        group="wire-requests",
        rule="agreement.closed",
        subject="MULTIBULK",
        says="a connection stays open after a protocol error",
        keeps_open=True,
    ),
    WireLie(
        name="closes",
        about=b"nosuch",
        group="wire-pipelines",
        rule="agreement.closed",
        subject="INLINE",
        says="a connection is closed at an unknown command",
        closes_at=b"-ERR unknown command",
    ),
    WireLie(
        name="reply-lost-in-a-pipeline",
        about=b"nosuch",
        group="wire-pipelines",
        rule="agreement.no-reply",
        subject="PIPELINE",
        says="the request behind a refused one gets no reply",
        answer=lambda data: re.sub(rb"(-ERR unknown command 'nosuch'[^\r]*\r\n)\+PONG\r\n", rb"\1", data),
    ),
    WireLie(
        name="inline-hexadecimals",
        about=rb'"\x41"',
        group="wire-inline",
        rule="agreement.value",
        subject="INLINE",
        says="hexadecimal escapes are not read in double quotes",
        ask=lambda data: data.replace(rb'"\x41"', rb'"x41"'),
    ),
    WireLie(
        name="unauthenticated-arguments",
        about=b"*11\r\n",
        group="wire-strangers",
        rule="agreement.closed",
        subject="UNAUTHENTICATED",
        says="who has not said the password may send eleven arguments",
        ask=lambda data: data.replace(b"*11\r\n", b"*10\r\n"),
    ),
    WireLie(
        name="lf-alone",
        about=b"ECHO a",
        group="wire-inline",
        rule="agreement.closed",
        subject="INLINE",
        says="an inline request that ends with LF alone closes the connection",
        ask=lambda data: b'"' + data if re.fullmatch(rb"ECHO a[^\r\n]*\n", data) else data,
    ),
    WireLie(
        name="dies-of-ten",
        about=b"*-10\r\n",
        group="wire-requests",
        rule="agreement.crash",
        subject="MULTIBULK",
        says="the server dies of minus ten arguments",
        dies_at=b"*-10\r\n",
    ),
)

_TRIES = 4  # the liar is threads of Python: on a busy machine it lies, or closes, only after the look is over

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def nodes(home: Home, build: Build) -> tuple[Node, Node]:
    honest, behind = (home.start(NodeSpec(name=name, build=build)) for name in ("honest", "behind"))
    return honest, behind


def some_cases(lie: WireLie) -> list[Lines]:
    """Those that the lie is about, and some others of its group: threads of Python are a slow way to a server."""
    every = cases()[lie.group]
    about = [lines for lines in every if lie.about in b"".join(each.encode() for each in lines)]
    return [*about[:12], *every[::29]]


def discoveries(nodes: tuple[Node, Node], lie: WireLie) -> list[tuple[Discovery, dict[str, object]]]:
    """What the cases of the lie's group discover."""
    honest, behind = nodes
    found: list[tuple[Discovery, dict[str, object]]] = []
    with WireLiar(behind, lie) as liar:
        pair = RawPair(honest, liar)
        judge = Judge(
            pair=pair,
            rules=tolerances(ask_node(honest, command("COMMAND"))),
            found=lambda discovery, evidence: found.append((discovery, evidence)),
        )
        try:
            judge.examine_all(some_cases(lie))
        finally:
            pair.close()
    return found


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_lie_is_found(lie: WireLie, nodes: tuple[Node, Node]) -> None:
    for _ in range(_TRIES):
        found = discoveries(nodes, lie)
        named = [
            (discovery, evidence)
            for discovery, evidence in found
            if (discovery.difference.rule, discovery.difference.subject) == (lie.rule, lie.subject)
            and discovery.replays.shown
        ]
        if named:
            break
    assert named, f"found instead: {[each.difference.signature for each, _ in found]}"
    discovery, evidence = named[0]
    assert len(discovery.program) <= MOST_LINES, [str(line) for line in discovery.program]
    assert ("candidate log" in evidence) == (lie.rule == "agreement.crash")


@pytest.mark.parametrize("group", list(cases()))
def test_the_truth_stays_green(group: str, nodes: tuple[Node, Node]) -> None:
    """The proxy alone, with no lie in it, is not a difference."""
    lie = WireLie(name="none", group=group, rule="none", subject="none", says="nothing")
    assert [each.difference.signature for each, _ in discoveries(nodes, lie)] == []

"""One difference has one name, whichever scene, protocol or script showed it first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import command, parse
from suites.conformance.probe import DIGEST
from suites.conformance.tolerance import tolerances
from suites.connections.play import Play, needs_stage
from tests.sample_builds import real_build
from topologies.homes import choose
from topologies.lockstep import ask_node
from topologies.node import Node, NodeSpec
from topologies.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.conformance.discovery import Discovery

ENGINES = ("redis:7.2", "valkey:8.1")


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    builds = [real_build(each) for each in ENGINES]
    home = choose("process", builds)
    yield [home.start(NodeSpec(name=f"n{at}", build=build)) for at, build in enumerate(builds)]
    home.close()


@pytest.fixture(scope="module")
def stages(nodes: list[Node]) -> Iterator[dict[int, Stage]]:
    stages = {protocol: Stage(nodes[0], nodes[1], protocol=protocol) for protocol in (2, 3)}
    yield stages
    for stage in stages.values():
        stage.close()


@pytest.fixture
def found() -> list[Discovery]:
    return []


@pytest.fixture
def play(nodes: list[Node], stages: dict[int, Stage], found: list[Discovery]) -> Play:
    rules = tolerances(*[ask_node(node, command("COMMAND")) for node in nodes])
    return Play(stages=stages, rules=rules, digest=DIGEST, found=found.append)


@pytest.mark.parametrize(
    ("lines", "needs"),
    [
        (("SET k v", "GET k"), False),
        (("MULTI", "AUTH 0 0", "EXEC"), False),
        (("@2 GET k",), True),
        (("SUBSCRIBE c",), True),
        (("CONFIG SET maxmemory 1", "MULTI", "GET k"), True),
        (("ACL SETUSER u on",), True),
    ],
)
def test_what_leaves_traces_is_played_where_they_are_removed(lines: tuple[str, ...], needs: bool) -> None:  # noqa: FBT001
    assert needs_stage(tuple(map(parse, lines))) is needs


@pytest.mark.engines
@pytest.mark.parametrize("protocols", [(2, 3), (3, 2)])
def test_nulls_of_two_protocols_are_one_difference(
    play: Play, found: list[Discovery], protocols: tuple[int, ...]
) -> None:
    lines = ("RPUSH k a", "@2 WATCH k", "LTRIM k 0 -1", "@2 MULTI", "@2 EXEC")
    for protocol in protocols:
        play.examine(tuple(map(parse, lines)), protocol)
    assert [(each.difference.signature, each.protocol) for each in found] == [
        ("agreement.type | EXEC | null-array | array", 2)
    ]


@pytest.mark.engines
def test_what_only_a_script_shows_is_named_after_eval(play: Play, found: list[Discovery]) -> None:
    call = 'EVAL "return redis.call(unpack(ARGV))" 0 XREAD BLOCK 0 STREAMS s $'
    play.examine((parse(call),), 2)
    assert [each.difference.subject for each in found] == ["EVAL"]


@pytest.mark.engines
def test_what_shows_without_a_script_is_shown_without(play: Play, found: list[Discovery]) -> None:
    play.examine((parse('EVAL "return redis.call(unpack(ARGV))" 0 BITCOUNT k 0 a'),), 2)
    assert [tuple(map(str, each.program)) for each in found] == [("BITCOUNT k 0 a",)]

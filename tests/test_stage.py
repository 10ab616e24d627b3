"""The stage on real servers: who waits, what others are told, and what is put back behind a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.command import command, parse
from tests.sample_builds import real_build
from topologies.lockstep import ask_node
from topologies.node import Home, Node, NodeSpec
from topologies.reply import Kind, Reply
from topologies.stage import Stage, gives_up

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINE = "valkey:8.1"


@pytest.fixture(scope="module")
def nodes(home: Home) -> tuple[Node, Node]:
    build = real_build(ENGINE)
    return home.start(NodeSpec(name="one", build=build)), home.start(NodeSpec(name="two", build=build))


@pytest.fixture(params=[2, 3])
def stage(request: pytest.FixtureRequest, nodes: tuple[Node, Node]) -> Iterator[Stage]:
    stage = Stage(*nodes, protocol=request.param)
    yield stage
    stage.close()


def heard(stage: Stage, *lines: str) -> list[list[tuple[int, object, int | None]]]:
    """What both were told, which must be the same, as plain values."""
    one, two = stage.run(tuple(map(parse, lines)))
    told = [
        [[(each.connection, _plain(each.reply), each.answers) for each in frames] for frames in side.heard]
        for side in (one, two)
    ]
    assert told[0] == told[1]
    return told[0]


def _plain(reply: Reply) -> object:
    if isinstance(reply.value, tuple):
        return [_plain(each) for each in reply.value]
    return reply.value.decode() if isinstance(reply.value, bytes) else reply.value


@pytest.mark.engines
def test_a_waiting_command_is_answered_at_the_line_that_serves_it(stage: Stage) -> None:
    told = heard(stage, "@2 BLPOP l 0", "PING", "RPUSH l a")
    assert told == [[], [(1, "PONG", 1)], [(1, 1, 2), (2, ["l", "a"], 0)], []]


@pytest.mark.engines
def test_time_that_is_up_is_waited_for_behind_the_last_line(stage: Stage) -> None:
    assert heard(stage, "@2 BLPOP l 0.01")[1] == [(2, None, 0)]


@pytest.mark.engines
def test_messages_answer_nothing(stage: Stage) -> None:
    told = heard(stage, "@2 SUBSCRIBE c", "PUBLISH c m")
    assert told[1] == [(1, 1, 1), (2, ["message", "c", "m"], None)]


@pytest.mark.engines
def test_a_client_s_id_stands_for_it(stage: Stage) -> None:
    told = heard(stage, "@2 BLPOP l 0", "CLIENT UNBLOCK id@2 ERROR", "@2 PING")
    assert told[1][0] == (1, 1, 1)
    assert str(told[1][1][1]).startswith("UNBLOCKED")


@pytest.mark.engines
def test_a_connection_that_is_closed_says_so(stage: Stage) -> None:
    assert heard(stage, "@2 PING", "CLIENT KILL ID id@2")[1] == [(1, 1, 1), (2, "closed", None)]


@pytest.mark.engines
def test_nothing_is_left_of_a_program(stage: Stage, nodes: tuple[Node, Node]) -> None:
    before = ask_node(nodes[0], command("CONFIG", "GET", "notify-keyspace-events"))
    heard(
        stage,
        "CONFIG SET notify-keyspace-events KEA lua-time-limit 5",
        "ACL SETUSER somebody on nopass",
        "CLIENT PAUSE 60000 WRITE",
        "CLIENT UNPAUSE",
        '@2 EVAL "while true do end" 0',
    )
    assert heard(stage, "SET k v") == [[(1, "OK", 0)], []]
    assert ask_node(nodes[0], command("CONFIG", "GET", "notify-keyspace-events")) == before
    assert ask_node(nodes[0], command("ACL", "USERS")).value == (Reply(Kind.BULK, b"default"),)


@pytest.mark.engines
def test_a_script_that_can_t_be_ended_costs_the_server_not_the_run(stage: Stage) -> None:
    told = heard(
        stage,
        "CONFIG SET lua-time-limit 5",
        "@2 EVAL \"redis.call('SET', 'k', 1) while true do end\" 0",
        "PING",
    )
    assert str(told[2][0][1]).startswith("BUSY")
    assert heard(stage, "PING") == [[(1, "PONG", 0)], []]


@pytest.mark.parametrize(
    ("line", "gives"),
    [
        ("BLPOP l 0", False),
        ("BLPOP l 0.01", True),
        ("BLMPOP 0.01 1 l LEFT", True),
        ("XREAD BLOCK 0 STREAMS s $", False),
        ("XREAD BLOCK 5 STREAMS s $", True),
        ("BLPOP l abc", False),
        ("GET k", False),
        ("XREAD BLOCK", False),
    ],
)
def test_what_waits_for_a_while_only(line: str, gives: bool) -> None:  # noqa: FBT001
    assert gives_up(parse(line)) is gives


@pytest.mark.engines
@pytest.mark.parametrize("name", ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"])
def test_whoever_leaves_nothing_is_answered(stage: Stage, name: str) -> None:
    assert [answers for _, _, answers in heard(stage, name)[0]] == [0]

"""One engine alone: what comes back for each line, whatever becomes of the server."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from generators.command import CommandSyntaxError
from generators.lines import read_line
from tests.sample_builds import QUICK, real_build
from topologies.__main__ import main
from topologies.homes.process import ProcessHome
from topologies.node import Node, NodeSpec
from topologies.reply import Kind, Reply
from topologies.solo import play, play_pipelined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.solo import Heard


def test_a_line_is_read_in_parts() -> None:
    plain, second, raw = map(read_line, ("SET k 'a b'", "@2 GET k", r'@3 !"*1\r\n$-5\r\n"'))
    assert (plain.connection, plain.text, plain.name) == (1, 'SET k "a b"', "SET")
    assert (second.connection, second.text) == (2, "GET k")
    assert (raw.connection, raw.command, raw.wire) == (3, None, b"*1\r\n$-5\r\n")
    for wrong in ("", '"', '!"a" b'):
        with pytest.raises(CommandSyntaxError):
            read_line(wrong)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with closing(ProcessHome()) as home:
        yield home.start(NodeSpec(name="solo", build=real_build(QUICK)))


def replies(heard: tuple[Heard, ...]) -> list[object]:
    return [each.reply.value for each in heard]


def ask(node: Node, *lines: str, protocol: int = 2) -> tuple[Heard, ...]:
    return play(node, tuple(map(read_line, lines)), protocol=protocol)


@pytest.mark.engines
def test_each_line_has_its_reply_with_its_wire_type(node: Node) -> None:
    heard = ask(node, "FLUSHALL", "SET k 1", "GET k", "GET none", "ECHO OK")
    assert [each.reply for each in heard] == [
        Reply(Kind.SIMPLE, b"OK"),
        Reply(Kind.SIMPLE, b"OK"),
        Reply(Kind.BULK, b"1"),
        Reply(Kind.NULL_BULK, None),
        Reply(Kind.BULK, b"OK"),
    ]
    assert ask(node, "GET none", protocol=3)[0].reply == Reply(Kind.NULL, None)


@pytest.mark.engines
def test_a_command_that_blocks_has_the_reply_that_another_connection_brings(node: Node) -> None:
    heard = ask(node, "BLPOP list 0", "@2 RPUSH list a", "@2 LLEN list", "PING")
    assert heard[0].reply.value == (Reply(Kind.BULK, b"list"), Reply(Kind.BULK, b"a"))
    assert [each.late for each in heard] == [True, False, False, False]
    assert replies(heard)[1:] == [1, 0, b"PONG"]


@pytest.mark.engines
@pytest.mark.parametrize("protocol", [2, 3])
def test_messages_answer_no_line_and_connections_have_ids(node: Node, protocol: int) -> None:
    heard = ask(
        node,
        "SUBSCRIBE c",
        "@2 PUBLISH c hello",
        "UNSUBSCRIBE c",
        "@2 CLIENT KILL ID id@1",
        "PING",
        protocol=protocol,
    )
    subscribed = heard[0].reply.value
    assert isinstance(subscribed, tuple)
    assert subscribed[0].value == b"subscribe"
    left = heard[2].reply.value
    assert isinstance(left, tuple)
    assert left[0].value == b"unsubscribe"
    assert replies(heard)[1::2] == [1, 1]
    assert replies(heard)[4] == b"closed"


@pytest.mark.engines
def test_lines_without_a_reply_are_no_hang(node: Node) -> None:
    heard = ask(node, "CLIENT REPLY SKIP", "SET k 1", "GET k")
    assert replies(heard) == [b"no reply", b"no reply", b"1"]
    assert replies(ask(node, "PING", "CLIENT REPLY SKIP")) == [b"PONG", b"no reply"]
    assert replies(ask(node, "PING", "BLPOP none 0")) == [b"PONG", b"timeout"]


@pytest.mark.engines
def test_a_connection_that_is_closed_is_told_from_a_server_that_died(node: Node) -> None:
    assert replies(ask(node, r'!"*1\r\n$-5\r\n"'))[0] == b"ERR Protocol error: invalid bulk length"
    assert replies(ask(node, "PING", "QUIT", "PING")) == [b"PONG", b"OK", b"closed"]
    heard = ask(node, "PING", "DEBUG SEGFAULT", "PING")
    assert replies(heard) == [b"PONG", b"died"]
    node.restart()


@pytest.mark.engines
def test_a_pipeline_is_heard_to_its_end(node: Node) -> None:
    lines = tuple(map(read_line, ("SET k 1", "GET k")))
    assert replies(play_pipelined(node, lines, protocol=2)) == [b"OK", b"1"]
    silent = tuple(map(read_line, ("GET k", "CLIENT REPLY SKIP")))
    assert replies(play_pipelined(node, silent, protocol=2))[0] == b"1"


@pytest.mark.engines
def test_play_says_it_to_people_and_to_programs(capfd: pytest.CaptureFixture[str]) -> None:
    real_build(QUICK)
    playing = ["play", QUICK, "--provider", "process", "SET k 1", "GET k"]
    assert main(playing) == 0
    assert capfd.readouterr().out.endswith('> SET k 1\n(simple) OK\n> GET k\n"1"\n')
    assert main([*playing, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["engine"] == "valkey:8.1.8"
    assert [each["reply"]["value"] for each in told["heard"]] == ["OK", "1"]
    assert main(["play", QUICK, 'GET "']) == 4
    assert "unbalanced double quotes" in capfd.readouterr().err

"""Clusters of one node: what they are told, when they are whole, and how they are put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generators.cluster import MYSELF, PEER
from generators.command import command, parse
from tests.sample_builds import QUICK, real_build
from topologies import cluster, config
from topologies.config import Listening
from topologies.engine import Engine
from topologies.lockstep import ask_node, script
from topologies.mending import MendingLockstep, mending_locksteps, repairs, shape
from topologies.node import NodeSpec

if TYPE_CHECKING:
    from topologies.homes.process import ProcessHome
    from topologies.node import Node

HERE = f"{MYSELF} 127.255.255.253:6379@16379 myself,master - 0 0 1 connected"
THERE = f"{PEER} 127.255.255.254:6379@1 master - 1795570623638 0 0 disconnected"
WHOLE = f"{HERE} 0-16383\n{THERE}\n"


def repaired(nodes: str) -> list[str]:
    return [str(each) for each in repairs(nodes)]


def test_a_whole_cluster_needs_no_repair() -> None:
    assert repaired(WHOLE) == []


def test_open_slots_are_closed_and_lost_ones_come_back() -> None:
    nodes = f"{HERE} 0-4 6-16382 [7->-{PEER}] [9-<-{PEER}]\n{THERE} 5\n"
    assert repaired(nodes) == [
        "CLUSTER SETSLOT 7 STABLE",
        "CLUSTER SETSLOT 9 STABLE",
        f"CLUSTER SETSLOT 5 NODE {MYSELF}",
        f"CLUSTER SETSLOT 16383 NODE {MYSELF}",
    ]


def test_where_most_slots_are_lost_no_command_brings_them_back() -> None:
    assert repaired(f"{HERE}\n{THERE}\n") == []


def test_the_shape_of_a_cluster_knows_no_order_and_no_times() -> None:
    later = THERE.replace("1795570623638", "1795570699999")
    assert shape(f"{later}\n{HERE} 0-16383\n") == shape(WHOLE)
    assert shape(f"{HERE} 0-16382\n{THERE}\n") != shape(WHOLE)


def test_a_node_is_whole_when_it_serves_every_slot() -> None:
    assert cluster.is_whole("cluster_state:ok\r\ncluster_slots_ok:16384\r\n")
    assert not cluster.is_whole("cluster_state:fail\r\ncluster_slots_ok:16384\r\n")
    assert not cluster.is_whole("cluster_state:ok\r\ncluster_slots_ok:16383\r\n")


@pytest.mark.parametrize(
    ("engine", "shards"),
    [(Engine("redis", (6, 2)), False), (Engine("redis", (7, 2)), True), (Engine("valkey", (8, 1)), True)],
)
def test_shards_have_ids_where_the_engine_knows_of_them(engine: Engine, shards: bool) -> None:  # noqa: FBT001  (a row of the table)
    assert ("shard-id=" in cluster.nodes_file(engine)) is shards


def test_only_cluster_nodes_are_told_of_clusters() -> None:
    build = real_build(QUICK)
    place = Listening(address="127.0.0.1", port=1, directory="/x")
    spec = NodeSpec(name="n", build=build, cluster=True)
    assert "cluster-enabled yes\n" in config.file_text(spec, place)
    assert list(config.files(spec)) == ["nodes.conf"]
    alone = NodeSpec(name="n", build=build)
    assert "cluster" not in config.file_text(alone, place)
    assert config.files(alone) == {}


@pytest.fixture(scope="module")
def nodes(home: ProcessHome) -> tuple[Node, Node]:
    build = real_build(QUICK)
    first, second = (home.start(NodeSpec(name=name, build=build, cluster=True)) for name in ("a", "b"))
    return first, second


@pytest.mark.engines
def test_both_nodes_call_themselves_the_same(nodes: tuple[Node, Node]) -> None:
    for asked in ("CLUSTER MYID", "CLUSTER MYSHARDID", "CLUSTER SLOTS"):
        first, second = (ask_node(node, parse(asked)) for node in nodes)
        assert first == second


@pytest.mark.engines
@pytest.mark.parametrize(
    ("line", "restarts"),
    [
        (f"CLUSTER SETSLOT 7 MIGRATING {PEER}", 0),
        (f"CLUSTER SETSLOT 8 NODE {PEER}", 0),
        ("CLUSTER DELSLOTS 1 2 3", 0),
        ("GET a", 0),
        (f"CLUSTER FORGET {PEER}", 2),
    ],
)
def test_what_a_program_took_apart_is_whole_again(nodes: tuple[Node, Node], line: str, restarts: int) -> None:
    locksteps = mending_locksteps(*nodes)
    lockstep = locksteps[2]
    assert isinstance(lockstep, MendingLockstep)
    assert lockstep.run(script((parse(line),))) is None
    for node in nodes:
        said = ask_node(node, command("CLUSTER", "NODES")).value
        assert isinstance(said, bytes)
        assert shape(said.decode()) == shape(WHOLE)
    assert lockstep.restarts == restarts
    for each in locksteps.values():
        each.close()

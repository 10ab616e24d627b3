"""A server as a cluster of one node that owns every slot: what it is told, and when it is whole. Text only.

The file in which a cluster node keeps what it knows is written beforehand, with ids of our choice, and the node
announces an address that is the same for every engine: what two engines say of their clusters can then be compared
as bytes. The file also names a peer. Its address is one of the loopback where nobody listens, so slots can be moved to
it (MOVED, ASK), and no request ever goes there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.cluster import MYSELF, PEER, SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.engine import Engine

FILE_NAME = "nodes.conf"
STANDALONE, CLUSTER = "standalone", "cluster"  # what findings call the two topologies
_SHARD, _PEERS_SHARD = "c" * 40, "d" * 40
_HOST, _PORT = "127.255.255.253", 6379  # announced, and nobody is there: clients of a run never follow it
_PEERS_HOST, _PEERS_BUS = "127.255.255.254", 1  # nobody listens on port 1
_TIMEOUT_MS = 86_400_000  # a day: the peer is never held for dead
_WHOLE = ("cluster_state:ok", f"cluster_slots_ok:{SLOTS}")


def lines(engine: Engine, *, tls: bool) -> Iterator[tuple[str, str]]:
    """The directives of a node. A slot that nobody serves is told of that slot, not of the whole cluster."""
    yield "cluster-enabled", "yes"
    yield "cluster-config-file", FILE_NAME
    yield "cluster-node-timeout", str(_TIMEOUT_MS)
    yield "cluster-require-full-coverage", "no"
    yield "cluster-announce-ip", _HOST
    yield "cluster-announce-port", str(_PORT)
    yield "cluster-announce-bus-port", str(_PORT + 10_000)
    if tls:
        yield "tls-cluster", "yes"  # else the bus would listen on the port behind that of no clients
        if not _older(engine, (6, 2)):
            yield "cluster-announce-tls-port", str(_PORT)


def nodes_file(engine: Engine) -> str:
    """What the node knows when it starts: itself with all slots, and a peer with none."""
    shards = not _older(engine, (7, 2))
    myself = _address(_HOST, _PORT + 10_000, _SHARD if shards else "")
    peer = _address(_PEERS_HOST, _PEERS_BUS, _PEERS_SHARD if shards else "")
    return (
        f"{MYSELF} {myself} myself,master - 0 0 1 connected 0-{SLOTS - 1}\n"
        f"{PEER} {peer} master - 0 0 0 disconnected\n"
        "vars currentEpoch 1 lastVoteEpoch 0\n"
    )


def is_whole(info: str) -> bool:
    """Whether the reply to CLUSTER INFO is that of a node that serves every slot."""
    return all(line in info.split() for line in _WHOLE)


def _address(host: str, bus: int, shard: str) -> str:
    return f"{host}:{_PORT}@{bus}" + (f",,shard-id={shard}" if shard else "")


def _older(engine: Engine, version: tuple[int, ...]) -> bool:
    return engine.product == "redis" and engine.version < version

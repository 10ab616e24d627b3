"""A running primary with its replicas: who follows whom, each link through a proxy of its own.

A replica connects to a proxy that stands for one pair of nodes only, so that any link can be cut, slowed down or
healed without the others. What a node announces is another proxy in front of it, for those who learn of it from
somebody else (FAILOVER). The deployment knows offsets and links; whether data is equal, others judge.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import Command, command
from topologies import config
from topologies.engine import HarnessError
from topologies.info import fields_of
from topologies.lockstep import ask, introduce
from topologies.node import NodeSpec
from topologies.proxies import Address
from topologies.reply import Kind, Reply
from topologies.wait import NotInTime, wait_until

if TYPE_CHECKING:
    import socket

    from topologies.homes.process import ProcessHome, ProcessNode
    from topologies.proxies import Proxies, Proxy
    from topologies.topology import Topology

LEVEL_S = 15.0  # for links to be up and offsets equal: a replica tries again once a second
_LINK_PORTS = 7000  # plus the follower's seat: in a cell
_WARNING = re.compile(r"^\d+:[A-Z] .*? [#*] (.*)$")

# What every node is told beside what all nodes are told. Engines differ in these defaults.
_SETTINGS = (
    ("repl-diskless-sync", "no"),
    ("repl-diskless-sync-delay", "0"),
    ("repl-diskless-load", "disabled"),
    ("repl-backlog-size", "1mb"),
    ("repl-timeout", "60"),
    ("repl-ping-replica-period", "10"),
    ("min-replicas-to-write", "0"),
    ("replica-serve-stale-data", "yes"),
    ("replica-read-only", "yes"),
    ("databases", "512"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a replica stands to whom it follows, at one moment."""

    up: bool
    behind: int  # bytes
    syncing: bool

    @property
    def level(self) -> bool:
        return self.up and not self.syncing and self.behind == 0


class Replicated:
    """One deployment. Seats are numbers; what sits there may be a primary or a replica at any moment."""

    def __init__(self, home: ProcessHome, proxies: Proxies, topology: Topology, name: str) -> None:
        self.topology = topology
        self.name = name
        self._home = home
        self._proxies = proxies
        self._wires: dict[int, socket.socket] = {}
        self._changed: dict[tuple[int, str], str] = {}
        self._links: dict[tuple[int, int], Proxy] = {}
        self.follows: dict[int, int | None] = {}
        self.nodes: tuple[ProcessNode, ...] = tuple(map(self._start, range(len(topology.builds))))
        self.fronts = tuple(map(self._front, range(len(self.nodes))))
        self.arrange()

    @property
    def seats(self) -> range:
        return range(len(self.nodes))

    def ask(self, seat: int, *words: bytes | str | int) -> Reply:
        """One command, on a connection that is kept."""
        return self.tell(seat, command(*words))

    def tell(self, seat: int, asked: Command) -> Reply:
        """The same for a command that is one already. A connection that broke is made again, once."""
        wire = self._wires.get(seat)
        if wire is not None:
            with suppress(OSError):
                reply = ask(wire, asked)
                if reply.kind is not Kind.NONE:
                    return reply
            wire.close()
        wire = self._wires[seat] = introduce(self.nodes[seat], 2)
        return ask(wire, asked)

    def must(self, seat: int, *words: bytes | str | int) -> Reply:
        """One command that is no part of what is tested.

        Raises:
            HarnessError: it is refused.

        """
        reply = self.ask(seat, *words)
        if reply.kind in (Kind.ERROR, Kind.NONE):
            node = self.nodes[seat]
            raise HarnessError(
                f"{node.spec.name} ({node.spec.build.engine}) refused {words!r}: {reply.value!r}"
            )
        return reply

    def info(self, seat: int, section: str = "replication") -> dict[str, str]:
        """The fields of a section of INFO."""
        return fields_of(self.must(seat, "INFO", section))

    def set(self, seat: int, name: str, value: str) -> bool:
        """CONFIG SET, taken back by `arrange`; False where the engine does not know the parameter or the value."""
        was = self.ask(seat, "CONFIG", "GET", name)
        if not isinstance(was.value, tuple) or len(was.value) < 2:
            return False
        before = was.value[1].value
        if self.ask(seat, "CONFIG", "SET", name, value).kind is Kind.ERROR:
            return False
        if isinstance(before, bytes):
            self._changed.setdefault((seat, name), before.decode("utf-8", "surrogateescape"))
        return True

    def link(self, seat: int) -> Proxy:
        """The proxy through which this replica follows."""
        upstream = self.follows[seat]
        assert upstream is not None, f"seat {seat} follows nobody"
        return self.link_of(upstream, seat)

    def follow(self, seat: int, upstream: int) -> None:
        """Have it replicate that one, through a proxy of their own."""
        listen = self.link_of(upstream, seat).listen
        self.must(seat, "REPLICAOF", listen.host, listen.port)
        self.follows[seat] = upstream

    def promote(self, seat: int) -> None:
        """Have it follow nobody any more."""
        self.must(seat, "REPLICAOF", "NO", "ONE")
        self.follows[seat] = None

    def standing(self, seat: int) -> Standing:
        """How this replica stands to whom it follows."""
        upstream = self.follows[seat]
        assert upstream is not None, f"seat {seat} follows nobody"
        mine, theirs = self.info(seat), self.info(upstream)
        at = int(mine.get("slave_repl_offset", -1))
        return Standing(
            up=mine.get("master_link_status") == "up",
            behind=int(theirs["master_repl_offset"]) - at,
            syncing=mine.get("master_sync_in_progress", "0") != "0",
        )

    def is_level(self) -> bool:
        """Whether every replica's link is up and its offset that of whom it follows."""
        return all(self.standing(seat).level for seat in self.seats if self.follows[seat] is not None)

    def wait_until_level(self, timeout_s: float = LEVEL_S) -> None:
        """Return when all links are up and offsets equal.

        Raises:
            NotInTime: they are not; with the last log lines of all nodes.

        """
        try:
            wait_until(self.is_level, timeout_s=timeout_s, expect=f"{self.name} to be level")
        except NotInTime as late:
            raise NotInTime(f"{late}\n{self.logs()}") from late

    def join(self, timeout_s: float = LEVEL_S) -> None:
        """Have everybody follow whom the topology says, and wait until all are level.

        Raises:
            NotInTime: they don't get level.

        """
        for seat in self.seats:
            if (upstream := self.topology.follows(seat)) is not None:
                self.follow(seat, upstream)
                self.wait_until_level(timeout_s)

    def arrange(self) -> None:
        """Everybody for himself, and nothing there: links healed, parameters as they were, nobody follows, no data.

        Raises:
            HarnessError: it can't be brought back; then the deployment is of no more use.

        """
        for proxy in (*self._links.values(), *self.fronts):
            proxy.heal()
        for seat in self.seats:
            if not self.nodes[seat].alive():
                self.nodes[seat].restart()
                self._announce(seat)
        for (seat, name), value in self._changed.items():
            self.must(seat, "CONFIG", "SET", name, value)
        self._changed.clear()
        for seat in self.seats:
            self.promote(seat)
            self._empty(seat)
        self._prove_clean()

    def logs(self, lines: int = 12) -> str:
        """The last log lines of all nodes."""
        return "\n".join(
            f"-- {node.spec.name} ({node.spec.build.engine})\n{node.log_tail(lines)}" for node in self.nodes
        )

    def close(self) -> None:
        """End its nodes and take its proxies away."""
        for proxy in (*self._links.values(), *self.fronts):
            self._proxies.remove(proxy.name)
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()
        for node in self.nodes:
            node.stop()

    def _start(self, seat: int) -> ProcessNode:
        build = self.topology.builds[seat]
        password = config.credentials(self.topology.auth)
        settings = (
            *_SETTINGS,
            *_credentials(password),
            *((("tls-replication", "yes"),) if self.topology.tls else ()),
        )
        spec = NodeSpec(
            name=f"{self.name}-{seat}",
            build=build,
            tls=self.topology.tls,
            auth=self.topology.auth,
            config=settings,
        )
        return self._home.start(spec)

    def _front(self, seat: int) -> Proxy:
        """The proxy that this node announces."""
        node = self.nodes[seat]
        listen = Address(node.seat.proxy_host, node.seat.proxy_port)
        proxy = self._proxies.add(
            f"{self.name}:{seat}", listen=listen, upstream=Address(node.host, node.port)
        )
        self._announce(seat)
        return proxy

    def _announce(self, seat: int) -> None:
        place = self.nodes[seat].seat
        self.must(seat, "CONFIG", "SET", "replica-announce-ip", place.proxy_host)
        self.must(seat, "CONFIG", "SET", "replica-announce-port", place.proxy_port)

    def link_of(self, upstream: int, seat: int) -> Proxy:
        """The proxy of this pair, made when it is first asked for."""
        if (upstream, seat) not in self._links:
            node = self.nodes[upstream]
            host = node.seat.proxy_host
            addresses = self._home.addresses
            port = _LINK_PORTS + self.nodes[seat].seat.index if addresses.fixed else addresses.free_port(host)
            self._links[upstream, seat] = self._proxies.add(
                f"{self.name}:{upstream}<{seat}",
                listen=Address(host, port),
                upstream=Address(node.host, node.port),
            )
        return self._links[upstream, seat]

    def _empty(self, seat: int) -> None:
        self.must(seat, "FLUSHALL")
        self.ask(seat, "FUNCTION", "FLUSH")  # 6.x has none
        self.must(seat, "SCRIPT", "FLUSH")

    def _prove_clean(self) -> None:
        for seat in self.seats:
            if keys := {
                name: value for name, value in self.info(seat, "keyspace").items() if name.startswith("db")
            }:
                raise HarnessError(f"{self.nodes[seat].spec.name} should be empty and has {keys}")


def _credentials(password: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    match password:
        case (user, secret):
            return ("masteruser", user), ("masterauth", secret)
        case (secret,):
            return (("masterauth", secret),)
    return ()


def warnings_of(log: str) -> tuple[str, ...]:
    """What a server says in its log, without times and process."""
    found = (_WARNING.match(line) for line in log.splitlines())
    return tuple(match[1] for match in found if match)

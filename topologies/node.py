"""One running server, seen from outside: where it listens, how to get in, whether it lives. Homes start nodes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from topologies.engine import Build


PROVIDERS = ("auto", "cell", "docker", "process")  # of homes, as people choose them


class Auth(Enum):
    """How a node lets clients in."""

    NONE = "none"
    PASSWORD = "password"  # requirepass  # noqa: S105  (the name of a way in, not a password)
    ACL = "acl"  # a named user; the default user is off


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """What to start: one server of `build`, with `config` directives beside those that Rekey always sets."""

    name: str  # unique within a deployment: "baseline", "candidate", "node-3"
    build: Build
    tls: bool = False
    auth: Auth = Auth.NONE
    config: tuple[tuple[str, str], ...] = ()
    cluster: bool = False  # a cluster of this one node, which owns every slot (see `topologies.cluster`)


class Node(Protocol):
    """A running server."""

    @property
    def spec(self) -> NodeSpec: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...

    @property
    def credentials(self) -> tuple[str, ...]:
        """The arguments of AUTH: none, (password,) or (user, password)."""

    def dial(self, *, timeout_s: float = 5.0) -> socket.socket:
        """A new connection (inside TLS where the node has it), not yet authenticated."""

    def alive(self) -> bool:
        """Whether the process or container still runs."""

    def log_tail(self, lines: int = 40) -> str:
        """The server's last log lines."""

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""

    def restart(self) -> None:
        """Start it again after it died or was killed, same address; ready when this returns."""

    def stop(self) -> None:
        """End it and remove everything that it left. Idempotent."""


@runtime_checkable
class Stored(Node, Protocol):
    """A node whose data folder can be reached, and that can be started on whatever lies in it. Processes are such."""

    @property
    def directory(self) -> Path:
        """Where it works: its data, beside its configuration and log. Goes when the node is stopped."""

    def reopen(self, directives: tuple[tuple[str, str], ...]) -> None:
        """Start it again with these directives instead of the spec's; its log begins anew. Ready when this returns.

        Raises:
            NodeStartError: it ended (`exit_status` says how) or does not answer; its files and log are still there.

        """

    def exit_status(self) -> int | None:
        """None while it runs, else how it ended: an exit code, or minus the signal's number."""


class Home(Protocol):
    """Where nodes live: a cell, Docker, or plain processes on loopback."""

    @property
    def kind(self) -> str:
        """What it is called: "cell", "docker" or "process"."""

    @property
    def cannot(self) -> tuple[str, ...]:
        """What this home could not test, in words for the report."""

    def start(self, spec: NodeSpec) -> Node:
        """A node that answers when this returns.

        Raises:
            NodeStartError: it died or did not answer in time; ends with its last log lines.

        """

    def close(self) -> None:
        """Stop every node. Idempotent."""

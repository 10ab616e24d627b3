"""A server's address with somebody in between who replaces bytes: lies that need several connections are told so.

What goes by is not parsed, so that blocked commands, messages and silence pass as they are.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topologies.node import Node, NodeSpec


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Bytes and what stands in their place, on the way to the server or back from it."""

    old: bytes
    new: bytes
    to_server: bool = True


class Rewriter:
    """A node that is reached through the one who rewrites; for the rest it is the true one."""

    def __init__(self, node: Node, rewrite: Rewrite) -> None:
        self._node = node
        self._rewrite = rewrite
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wires: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def spec(self) -> NodeSpec:
        return self._node.spec

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def credentials(self) -> tuple[str, ...]:
        return self._node.credentials

    def dial(self, *, timeout_s: float = 5.0) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=timeout_s)

    def alive(self) -> bool:
        return self._node.alive()

    def log_tail(self, lines: int = 40) -> str:
        return self._node.log_tail(lines)

    def kill(self) -> None:
        self._node.kill()

    def restart(self) -> None:
        self._node.restart()

    def stop(self) -> None:
        """Stops what was begun here; the true node goes on."""
        self._listener.close()
        for wire in self._wires:
            wire.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._node.dial()
                server.settimeout(None)
                for wire in (client, server):
                    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._wires += [client, server]
                for source, target, to_server in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(source, target, to_server), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, to_server: bool) -> None:  # noqa: FBT001
        rewrite = self._rewrite
        with suppress(OSError):
            while data := source.recv(1 << 18):
                if rewrite.to_server is to_server:
                    data = data.replace(rewrite.old, rewrite.new)
                target.sendall(data)
        for wire in (source, target):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

"""A liar below the commands: a node in front of a true one that changes bytes, not commands, on their way.

The other liar reads requests and replies; this one passes on what is neither.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from topologies.node import Node, NodeSpec


def as_is(data: bytes) -> bytes:
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class WireLie:
    """One lie, and what a comparison must call it."""

    name: str
    group: str  # of the cases that show it
    rule: str
    subject: str
    says: str
    about: bytes = b"PING"  # in what is sent
    ask: Callable[[bytes], bytes] = as_is  # what a client wrote
    answer: Callable[[bytes], bytes] = as_is  # what the server wrote
    closes_at: bytes | None = None  # in an answer: the connection is closed behind it
    dies_at: bytes | None = None  # in what a client wrote
    keeps_open: bool = False  # where the server closes


@dataclass
class WireLiar:
    """A `Node`: the true one with a lie in front. Use it in a `with`."""

    true: Node
    lie: WireLie
    port: int = 0
    host: str = "127.0.0.1"
    credentials: tuple[str, ...] = ()
    _open: list[socket.socket] = field(default_factory=list)
    _listener: socket.socket = field(init=False)

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    @property
    def spec(self) -> NodeSpec:
        return self.true.spec

    def dial(self, *, timeout_s: float = 5.0) -> socket.socket:
        wire = socket.create_connection((self.host, self.port), timeout=timeout_s)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def alive(self) -> bool:
        return self.true.alive()

    def log_tail(self, lines: int = 40) -> str:
        return self.true.log_tail(lines)

    def kill(self) -> None:
        self.true.kill()

    def restart(self) -> None:
        self.true.restart()

    def stop(self) -> None:
        self.true.stop()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        threading.Thread(target=work, args=args, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    server = self.true.dial()
                except OSError:  # it is dead
                    client.close()
                    continue
                server.settimeout(None)
                self._open += [client, server]
                self._start(self._questions, client, server)
                self._start(self._answers, server, client)

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 18):
                if self.lie.dies_at is not None and self.lie.dies_at in data:
                    self.true.kill()
                with contextlib.suppress(OSError):  # a server that has closed: the client need not know
                    server.sendall(self.lie.ask(data))
        _end(server)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 18):
                client.sendall(self.lie.answer(data))
                if self.lie.closes_at is not None and self.lie.closes_at in data:
                    _end(client)
        if not self.lie.keeps_open:
            _end(client)


def _end(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)

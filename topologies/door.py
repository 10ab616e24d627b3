"""How to get into a node: its address, TLS where it has it, the password. Knows no process and no
container.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from topologies import cluster, tls

if TYPE_CHECKING:
    import ssl

READY = "ready"
_KNOCK_TIMEOUT_S = 0.25  # whoever is slower is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Everything that a client needs to know."""

    host: str
    port: int
    credentials: tuple[str, ...] = ()
    context: ssl.SSLContext | None = None
    cluster: bool = False  # there is a cluster node behind it: ready when it serves every slot

    def open(self, *, timeout_s: float) -> socket.socket:
        """A new connection, not yet authenticated."""
        plain = socket.create_connection((self.host, self.port), timeout=timeout_s)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is None:
            return plain
        try:
            return self.context.wrap_socket(plain, server_hostname=tls.SERVER_NAME)
        except OSError:
            plain.close()
            raise

    def knock(self) -> str:
        """READY if the server answers commands here, else what was seen instead."""
        try:
            with self.open(timeout_s=_KNOCK_TIMEOUT_S) as connection:
                return self._answer(connection)
        except OSError as error:  # refused, reset, timed out, no TLS there: not ready, and here is why
            return f"{type(error).__name__}: {error}"

    def _answer(self, connection: socket.socket) -> str:
        if self.credentials:
            connection.sendall(_request("AUTH", *self.credentials))
            if (refusal := _line(connection)) != "+OK":
                return f"AUTH answered {refusal!r}"
        connection.sendall(_request("PING"))
        answer = _line(connection)
        if answer != "+PONG":
            return f"PING answered {answer!r}"
        return self._whole(connection) if self.cluster else READY

    def _whole(self, connection: socket.socket) -> str:
        """A cluster node lets 2 s pass before it serves: it might be one that comes back to a cluster."""
        connection.sendall(_request("CLUSTER", "INFO"))
        info = _line(connection, end=b"\r\n\r\n")
        return READY if cluster.is_whole(info) else f"CLUSTER INFO answered {info[:200]!r}"


def _request(*words: str) -> bytes:
    return b"".join(
        [b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(word), word.encode()) for word in words)]
    )


def _line(connection: socket.socket, *, end: bytes = b"\r\n") -> str:
    """The first line of the answer, or all up to another end: nothing else is under way."""
    data = b""
    while not data.endswith(end if data[:1] != b"-" else b"\r\n") and len(data) < 10_000:
        chunk = connection.recv(256)
        if not chunk:
            return "nothing: the connection was closed"
        data += chunk
    return data.decode("utf-8", "backslashreplace").strip()

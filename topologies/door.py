"""How to get into a node: its address, TLS where it has it, the password. Knows no process and no
container.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from topologies import tls

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
        return READY if answer == "+PONG" else f"PING answered {answer!r}"


def _request(*words: str) -> bytes:
    return b"".join(
        [b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(word), word.encode()) for word in words)]
    )


def _line(connection: socket.socket) -> str:
    """The first line of the answer; one byte at a time would be wrong for data, and is right for one line."""
    data = b""
    while not data.endswith(b"\r\n") and len(data) < 1000:
        chunk = connection.recv(256)
        if not chunk:
            return "nothing: the connection was closed"
        data += chunk
    return data.decode("utf-8", "backslashreplace").strip()

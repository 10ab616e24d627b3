"""Many commands in one round trip, on a connection that has nothing else under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topologies.resp import TruncatedError, decode_all

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from generators.command import Command
    from topologies.reply import Reply

TIMEOUT_S = 60.0  # for one batch: a value may be huge
_CHUNK = 1 << 18


class Batches:
    """A connection that is asked in batches."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        wire.settimeout(TIMEOUT_S)

    def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """A reply for each command."""
        return self.ask_raw(b"".join(each.encode() for each in commands), len(commands))

    def ask_raw(self, message: bytes, many: int) -> list[Reply]:
        """The same for commands that are encoded already.

        Raises:
            ConnectionResetError: the server closed the connection.
            TimeoutError: it says nothing for a minute.

        """
        if not many:
            return []
        self.send(message)
        return self.receive(many)

    def send(self, message: bytes) -> None:
        """Commands whose replies are taken later."""
        self._wire.sendall(message)

    def receive(self, many: int) -> list[Reply]:
        """So many replies to what was sent: all that are awaited."""
        chunks: list[bytes] = []
        while True:
            chunk = self._wire.recv(_CHUNK)
            if not chunk:
                raise ConnectionResetError("the server closed the connection while it was asked")
            chunks.append(chunk)
            if chunk.endswith(b"\n"):
                replies = _whole(b"".join(chunks), many)
                if replies is not None:
                    return replies


def _whole(buffer: bytes, many: int) -> list[Reply] | None:
    """The replies, or None where there are more to come."""
    if buffer.count(b"\r\n") < many:
        return None
    try:
        replies = decode_all(buffer)
    except TruncatedError:
        return None
    return replies if len(replies) >= many else None

"""One engine alone: a program's lines one at a time, each with what came back. What a reply means it does not know.

The lockstep driver compares two engines as fast as it can; this says what one of them does, and takes its time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from generators.command import command
from generators.lines import OTHER_ID
from topologies.lockstep import REPLY_TIMEOUT_S, STEP_TIMEOUT_S, Side, ask
from topologies.messages import is_message
from topologies.reply import Kind, Reply
from topologies.resp import ProtocolError, TruncatedError, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.lines import Line
    from topologies.node import Node

_SILENT_IN_A_ROW = 4  # lines without a reply after which nothing more is sent: it hangs
_TIMEOUT, _NO_REPLY = Reply(Kind.NONE, b"timeout"), Reply(Kind.NONE, b"no reply")
_THERE = command("ECHO", "is anybody there")
_OPENING, _CLOSING = command("PING"), command("ECHO", "the end of the pipeline")


class Heard(NamedTuple):
    """What came back for one line."""

    line: Line
    reply: Reply  # of kind NONE where none came; its value says why
    late: bool = False  # it came only after later lines were sent: the command had blocked


def play(node: Node, lines: Sequence[Line], *, protocol: int) -> tuple[Heard, ...]:
    """Sends the lines to a node that nobody else uses; ends early where the server dies or hangs."""
    talk = _Talk(node, protocol, [Heard(line, _TIMEOUT) for line in lines])
    try:
        for at in range(len(lines)):
            talk.say(at)
            if talk.over:
                return tuple(talk.heard[: at + 1])
        talk.end()
    finally:
        talk.close()
    return tuple(talk.heard)


def play_pipelined(node: Node, lines: Sequence[Line], *, protocol: int) -> tuple[Heard, ...]:
    """The same in one write, behind a PING: some commands lose their reply only in a pipeline. Where replies are
    missing, bytes can't tell whose; the last line is the one that a program is about.
    """
    connection = _Connection(Side(node, protocol))
    wire = connection.side.connect()
    try:
        wire.sendall(b"".join((_OPENING.encode(), *(line.wire for line in lines), _CLOSING.encode() * 2)))
        replies = _up_to_the_end(connection, most=len(lines) + 2)
    finally:
        connection.side.drop()
    why = connection.gone or (b"no reply" if any(map(_holds_the_end, replies)) else b"timeout")
    came = [reply for reply in replies[1:] if not _holds_the_end(reply)][: len(lines)]
    missing = [Reply(Kind.NONE, why)] * (len(lines) - len(came))
    return tuple(Heard(*each) for each in zip(lines, (*came, *missing), strict=True))


_END = Reply(Kind.BULK, _CLOSING.args[1])


def _holds_the_end(reply: Reply) -> bool:
    """Where a reply of EXEC lacks an element, what comes behind it is taken for one."""
    if reply == _END:
        return True
    return isinstance(reply.value, tuple) and any(map(_holds_the_end, reply.value))


def _up_to_the_end(connection: _Connection, *, most: int) -> list[Reply]:
    replies: list[Reply] = []
    ends = time.monotonic() + REPLY_TIMEOUT_S
    while len(replies) < most and not any(map(_holds_the_end, replies[-1:])):
        reply = connection.next(ends)
        if reply is None:
            break
        replies.append(reply)
    return replies


@dataclass(slots=True)
class _Connection:
    side: Side
    waiting: list[int] = field(default_factory=list)  # lines whose replies have not come
    buffer: bytes = b""
    gone: bytes | None = None  # "closed", "died", "garbled: …"
    id: bytes = b""  # as CLIENT ID says it

    def receive(self, timeout_s: float) -> list[Reply]:
        """As many replies as are waited for, or what came of them in time; messages are passed over."""
        replies: list[Reply] = []
        ends = time.monotonic() + timeout_s
        while len(replies) < len(self.waiting) and self.gone is None:
            reply = self.next(ends)
            if reply is None:
                break
            if not is_message(reply):
                replies.append(reply)
        return replies

    def next(self, ends: float) -> Reply | None:
        wire = self.side.wire
        while wire is not None:
            try:
                reply, end = decode(self.buffer)
            except TruncatedError:
                pass
            except ProtocolError as error:
                self.gone = b"garbled: " + str(error).encode()
                return None
            else:
                self.buffer = self.buffer[end:]
                return reply
            left = ends - time.monotonic()
            if left <= 0:
                return None
            wire.settimeout(left)
            try:
                chunk = wire.recv(1 << 16)
            except TimeoutError:
                return None
            except OSError:
                chunk = b""
            if not chunk:
                self.gone = self.side.what_happened(b"closed")
                return None
            self.buffer += chunk
        return None


@dataclass(slots=True)
class _Talk:
    node: Node
    protocol: int
    heard: list[Heard]
    connections: dict[int, _Connection] = field(default_factory=dict)
    silent: int = 0  # lines in a row

    @property
    def over(self) -> bool:
        """Whether nothing more can be learned: the server died, or it hangs and nobody else could free it."""
        if any(each.gone == b"died" for each in self.connections.values()):
            return True
        alone = len({each.line.connection for each in self.heard}) == 1
        lost = any(each.gone for each in self.connections.values()) or self.silent >= _SILENT_IN_A_ROW
        return alone and lost

    def say(self, at: int) -> None:
        line = self.heard[at].line
        connection = self._connection(line.connection)
        connection.waiting.append(at)
        if connection.gone is None:
            try:
                assert connection.side.wire is not None
                connection.side.wire.sendall(self._meant(line))
            except OSError:
                connection.gone = connection.side.what_happened(b"closed")
        self._take(connection)
        self.silent = self.silent + 1 if connection.waiting else 0
        for other in self.connections.values():  # this line may have freed one that had blocked
            if other is not connection and other.waiting:
                self._take(other, timeout_s=STEP_TIMEOUT_S / 10, at=at)

    def end(self) -> None:
        """What has not answered until now does not; an ECHO tells a line without a reply from a hang."""
        for connection in self.connections.values():
            if not connection.waiting or connection.side.wire is None:
                continue
            self._take(connection)
            if connection.waiting:
                connection.side.wire.sendall(
                    _THERE.encode() * 2
                )  # CLIENT REPLY SKIP takes the first one's reply
                why = _NO_REPLY if connection.receive(STEP_TIMEOUT_S) else _TIMEOUT
                self._settle(connection, [why] * len(connection.waiting))

    def close(self) -> None:
        for connection in self.connections.values():
            connection.side.drop()

    def _connection(self, number: int) -> _Connection:
        if number not in self.connections:
            side = Side(self.node, self.protocol)
            said = ask(side.connect(), command("CLIENT", "ID"))
            self.connections[number] = _Connection(side, id=str(said.value).encode())
        return self.connections[number]

    def _meant(self, line: Line) -> bytes:
        """The line's bytes; an argument `id@2` stands for the id of the second connection."""
        if line.command is None:
            return line.wire
        others = [OTHER_ID.fullmatch(arg) for arg in line.command.args]
        args = [
            self._connection(int(other[1])).id if other else arg
            for other, arg in zip(others, line.command.args, strict=True)
        ]
        return command(*args).encode()

    def _take(self, connection: _Connection, *, timeout_s: float = STEP_TIMEOUT_S, at: int = -1) -> None:
        """The replies that have come go to their lines. Where fewer came than lines wait, the last lines have
        theirs: what is behind a line that was answered had its turn.
        """
        replies = connection.receive(timeout_s)
        if connection.gone is not None:
            missing = len(connection.waiting) - len(replies)
            self._settle(connection, [*replies, *[Reply(Kind.NONE, connection.gone)] * missing], at)
        elif replies:
            missing = len(connection.waiting) - len(replies)
            self._settle(connection, [*[_NO_REPLY] * missing, *replies], at)

    def _settle(self, connection: _Connection, replies: list[Reply], at: int = -1) -> None:
        newest = max(at, *connection.waiting)
        for line, reply in zip(connection.waiting, replies, strict=True):
            self.heard[line] = Heard(self.heard[line].line, reply, late=line < newest)
        connection.waiting.clear()

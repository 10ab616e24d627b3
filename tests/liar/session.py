"""One connection through the liar, sans-IO: the client's bytes in, the server's bytes out, and back.

Replies belong to commands by order alone, and inside EXEC's array by the order of the queue. Out-of-band
pushes pass; from a command on that makes the connection a stream (SUBSCRIBE, MONITOR), everything does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.liar.lie import ERRORS, Asked, Lie, Sent, Talk
from topologies.reply import Kind, Reply
from topologies.request import RequestDecoder
from topologies.resp import Decoder, encode_reply

if TYPE_CHECKING:
    from generators.command import Command

_STREAMS = frozenset(["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"])


@dataclass(slots=True)
class _Pending:
    """A command on its way: `lie` if it is to be lied about."""

    command: Command
    lie: Lie | None
    before: int = 0
    size: int = 1
    endless: bool = False
    got: list[Reply] = field(default_factory=list)


class Session:
    """One client's talk with the true server."""

    def __init__(self, lie: Lie) -> None:
        self._lie = lie
        self._requests = RequestDecoder()
        self._replies = Decoder()
        self._asking = Talk()  # runs ahead: what the client has said
        self._answering = Talk()  # what the server has answered to
        self._pending: deque[_Pending] = deque()
        self._queued: list[_Pending] = []  # of the transaction that is being answered to

    def from_client(self, data: bytes) -> bytes:
        """What to send to the server.

        Raises:
            ProtocolError: the client speaks something else.

        """
        self._requests.feed(data)
        out: list[bytes] = []
        while (command := self._requests.next()) is not None:
            out += [each.encode() for each in self._sent(command)]
        return b"".join(out)

    def from_server(self, data: bytes) -> bytes:
        """What to send to the client.

        Raises:
            ProtocolError: the server speaks something else.

        """
        self._replies.feed(data)
        out: list[bytes] = []
        while (reply := self._replies.next()) is not None:
            said = self._said(reply)
            if said is not None:
                out.append(encode_reply(said))
        return b"".join(out)

    def _sent(self, command: Command) -> tuple[Command, ...]:
        lie = self._lie if self._lie.touches(command) else None
        sent = (lie and lie.ask(Asked(command.args, self._asking))) or Sent(command)
        _heard(self._asking, command)
        everything = (*sent.before, sent.main, *sent.after)
        endless = command.name in _STREAMS or _says_reply(command)
        self._pending.append(_Pending(command, lie, len(sent.before), len(everything), endless))
        return everything

    def _said(self, reply: Reply) -> Reply | None:
        """What the client hears, if anything."""
        if not self._pending or self._pending[0].endless or reply.kind is Kind.PUSH:
            if self._pending and reply.kind in ERRORS:  # a stream that was refused is none
                self._pending.popleft()
            return reply
        asked = self._pending[0]
        asked.got.append(reply)
        if len(asked.got) < asked.size:
            return None
        self._pending.popleft()
        return self._answer(asked)

    def _answer(self, asked: _Pending) -> Reply:
        talk = self._answering
        reply = asked.got[asked.before]
        if talk.in_multi and reply.value == b"QUEUED":
            self._queued.append(asked)
            return reply
        if talk.in_multi and asked.command.name == "EXEC" and isinstance(reply.value, tuple):
            reply = Reply(reply.kind, self._inside(reply.value))
        return self._lied(asked, asked.got, reply)

    def _inside(self, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
        """The replies of a transaction, each answered as if it stood alone."""
        out, at = [], 0
        for each in self._queued:
            got = list(replies[at : at + each.size])
            out.append(self._lied(each, got, got[each.before]))
            at += each.size
        return tuple(out)

    def _lied(self, asked: _Pending, got: list[Reply], reply: Reply) -> Reply:
        talk = self._answering
        others = tuple(got[: asked.before] + got[asked.before + 1 :])
        said = asked.lie.answer(Asked(asked.command.args, talk, others), reply) if asked.lie else reply
        if reply.kind not in ERRORS or asked.command.name == "EXEC":  # EXECABORT ends a transaction, too
            _heard(talk, asked.command)
        if not talk.in_multi:
            self._queued = []
        return said


def _heard(talk: Talk, command: Command) -> None:
    """What a command changes in the connection, once the server takes it."""
    args = command.args
    match command.name:
        case "MULTI" if len(args) == 1:  # with more it is refused, and the connection stays as it is
            talk.in_multi = True
        case "EXEC":  # refused for its arguments, it ends a transaction all the same
            talk.in_multi = False
        case "DISCARD" if len(args) == 1:
            talk.in_multi = False
        case "SELECT" if len(args) == 2 and args[1].isdigit():
            talk.db = int(args[1])
        case "HELLO" if len(args) > 1 and args[1] in (b"2", b"3"):
            talk.protocol = int(args[1])
        case "RESET":
            talk.db, talk.protocol, talk.in_multi = 0, 2, False
        case "FLUSHALL":
            talk.memory.clear()


def _says_reply(command: Command) -> bool:
    """CLIENT REPLY OFF and SKIP: from here on it can't be told which reply belongs to what."""
    words = [arg.upper() for arg in command.args]
    return words[:2] == [b"CLIENT", b"REPLY"] and words[2:3] in ([b"OFF"], [b"SKIP"])

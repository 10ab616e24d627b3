"""An interview: one engine is asked about itself, on a node of its own that had the same life as the other's.

Answers are kept, so every topic may ask what it needs and nothing is asked twice. What answers mean is the topics'.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.command import Command, parse
from topologies.lockstep import introduce
from topologies.reply import Kind, Reply
from topologies.resp import Decoder

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence

    from topologies.node import Node

_CHUNK = 1 << 18

# A little of everything, so that there is something to say about data, errors, slow commands and users.
LIFE = tuple(
    map(
        parse,
        (
            "CONFIG SET slowlog-log-slower-than 0",
            "CONFIG SET latency-monitor-threshold 1",
            "CONFIG SET availability-zone somewhere",
            "SET string value",
            "SET volatile value EX 10000",
            "RPUSH list a b c",
            "SADD set a 1",
            "ZADD zset 1 a",
            "HSET hash field value",
            "XADD stream 1-1 field value",
            "XGROUP CREATE stream group 0",
            "XREADGROUP GROUP group consumer STREAMS stream >",
            "EVAL 'return 1' 0",
            "ACL SETUSER somebody on nopass ~* +get",
            "AUTH nobody wrong",
            "LPUSH string wrong-type",
            "DEBUG SLEEP 0.002",
        ),
    )
)


@dataclass(slots=True)
class Interview:
    """One engine's answers."""

    node: Node
    asked: Counter[str] = field(default_factory=Counter)  # commands, as coverage counts them
    _wires: dict[int, socket.socket] = field(default_factory=dict)
    _said: dict[tuple[str, int], Reply] = field(default_factory=dict)

    def live(self) -> None:
        """What the other engine goes through, too. Its configuration is asked for first: that life changes it."""
        self.says("CONFIG GET *")
        for (
            each
        ) in LIFE:  # one at a time: Redis 7.2 answers nothing to a refused AUTH while replies are pending
            self.all((each,))

    def says(self, line: str, protocol: int = 2) -> Reply:
        """The answer to this line."""
        return self.say((line,), protocol)[0]

    def say(self, lines: Sequence[str], protocol: int = 2) -> list[Reply]:
        """The answers to these lines, in one round trip for those that were not asked before."""
        new = [line for line in dict.fromkeys(lines) if (line, protocol) not in self._said]
        for line, reply in zip(new, self.all(list(map(parse, new)), protocol), strict=True):
            self._said[line, protocol] = reply
        return [self._said[line, protocol] for line in lines]

    def all(self, commands: Sequence[Command], protocol: int = 2) -> list[Reply]:
        """A reply to each of these, asked anew; a connection that ends leaves NONE for the rest."""
        if not commands:
            return []
        self.asked.update(each.full_name for each in commands)
        wire = self._wire(protocol)
        replies: list[Reply] = []
        decoder = Decoder()
        try:
            wire.sendall(b"".join(each.encode() for each in commands))
            while len(replies) < len(commands):
                chunk = wire.recv(_CHUNK)
                if not chunk:
                    break
                decoder.feed(chunk)
                replies += _whole(decoder)
        except TimeoutError:
            self._drop(protocol)
            return [*replies, *_nothing(b"timeout", len(commands) - len(replies))]
        except OSError:
            pass
        if len(replies) < len(commands):
            self._drop(protocol)
        return [*replies, *_nothing(b"closed", len(commands) - len(replies))]

    def start_again(self) -> None:
        """A fresh server, with the same life."""
        self.close()
        self.node.restart()
        self.live()

    def close(self) -> None:
        for protocol in tuple(self._wires):
            self._drop(protocol)

    def _drop(self, protocol: int) -> None:
        self._wires.pop(protocol).close()

    def _wire(self, protocol: int) -> socket.socket:
        if protocol not in self._wires:
            self._wires[protocol] = introduce(self.node, protocol)
        return self._wires[protocol]


def _whole(decoder: Decoder) -> Iterable[Reply]:
    while (reply := decoder.next()) is not None:
        yield reply


def _nothing(why: bytes, times: int) -> list[Reply]:
    return [Reply(Kind.NONE, why)] * times

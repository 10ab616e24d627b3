"""The driver below the commands: lines of a program written as they are, on a connection of their own on each
engine, one line at a time, and what comes back after each.

Nothing says how many replies a line of raw bytes gets, or whether any. Whether one is still to come is not waited
for but asked: another connection is answered once in each round of the server's event loop, and a server that has
gone round twice has answered all that it had got before. Many programs share these rounds, each on its own
connection. Which of the bytes were right, and what a difference means, this file does not know.
"""

from __future__ import annotations

import select
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command, command
from topologies.lockstep import ask, introduce
from topologies.reply import Kind
from topologies.resp import Decoder, ProtocolError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence

    from generators.raw import Lines
    from topologies.node import Node
    from topologies.reply import Reply

PING = command("PING")
_PONG = b"+PONG\r\n"
_ROUNDS = 2  # one in which a line is read, and one that begins with its replies written
_PATIENT_ROUNDS = 24  # for a second look: a proxy or a thread may stand in between
_OTHER_S = 0.06  # for a reply or an end that only one side has, in a second look
_ACCEPTED = 8  # connections that a server takes in a round, at least
_CHUNK = 1 << 14  # bytes of one connection that a server reads in a round, at least
_TIMEOUT_S = 3.0  # for one round: a server that answers nobody hangs
_DYING_S = 1.0
_LOG_LINES = 12


class Heard(NamedTuple):
    """What came after one line, and what the connection came to: "" while it lives, "closed", "died", "timeout" (the
    server answers nobody), "garbled: …".
    """

    replies: tuple[Reply, ...]
    end: bytes = b""


class Talk(NamedTuple):
    """What one engine said to each line of a program, and to the PING behind the last."""

    heard: tuple[Heard, ...]
    log: str = ""  # the last lines of a server that died or hung


@dataclass(slots=True)
class Connection:
    """One program's connection: what is said on it, and what is heard."""

    wire: socket.socket
    fate: bytes = b""
    heard: list[Heard] = field(default_factory=list)
    size: int = 0  # bytes that came
    _decoder: Decoder = field(default_factory=Decoder)
    _replies: list[Reply] = field(default_factory=list)  # to the line that was said last

    def say(self, data: bytes) -> None:
        """Writes it whole."""
        if not self.fate:
            try:
                self.wire.settimeout(_TIMEOUT_S)
                self.wire.sendall(data)
            except OSError:
                pass  # seen again, with its reason, when its replies are read

    def take(self) -> None:
        """What came so far, for later."""
        self.wire.settimeout(0)
        try:
            chunk = self.wire.recv(1 << 18)
        except (BlockingIOError, TimeoutError):
            return
        except OSError as error:
            if type(error).__name__ != "SSLWantReadError":
                self.fate = b"closed"
            return
        self.size += len(chunk)
        if chunk:
            self._decode(chunk)
        else:
            self.fate = b"closed"

    def _decode(self, chunk: bytes) -> None:
        self._decoder.feed(chunk)
        try:
            while (reply := self._decoder.next()) is not None:
                self._replies.append(reply)
        except ProtocolError as error:
            self.fate = b"garbled: " + str(error).encode()

    @property
    def pending(self) -> bool:
        """Whether bytes wait inside of TLS, where the kernel does not see them."""
        return bool(getattr(self.wire, "pending", int)())

    @property
    def within_reply(self) -> bool:
        """Whether a reply has come in part."""
        return not self.fate and not self._decoder.idle

    @property
    def so_far(self) -> tuple[int, bytes]:
        """How many replies came to this line, and what the connection came to."""
        return len(self._replies), self.fate

    def turn(self) -> None:
        """The line is over: what came is what was said to it."""
        self.heard.append(Heard(tuple(self._replies), self.fate))
        self._replies.clear()

    def over(self) -> None:
        """Nothing more is said: a reply that is there in part will not end."""
        if self.within_reply and self.heard:
            self.heard[-1] = Heard(self.heard[-1].replies, b"garbled: it ends within a reply")


@dataclass(slots=True)
class End:
    """One engine: the connections under test, and the one that is asked whether the server has gone round."""

    node: Node
    control: socket.socket | None = None
    connections: list[Connection] = field(default_factory=list)
    log: str = ""
    _before: list[tuple[str, bytes]] = field(default_factory=list)  # settings, as they were

    def begin(self, count: int, settings: Sequence[str]) -> None:
        """New connections to a server without data, started again where it has ended."""
        if self.control is None:
            if not self.node.alive():
                self.node.restart()
            self._take_control()
        assert self.control is not None
        self.log = ""
        self.connections = [Connection(introduce(self.node, 2)) for _ in range(count)]
        ask(self.control, command("FLUSHALL"))
        self._before = [(name, value) for name in settings if (value := self._setting(name)) is not None]

    def _take_control(self) -> None:
        self.control = introduce(self.node, 2)
        self.control.settimeout(_TIMEOUT_S)

    def _setting(self, name: str) -> bytes | None:
        assert self.control is not None
        said = ask(self.control, command("CONFIG", "GET", name)).value
        value = said[1].value if isinstance(said, tuple) and len(said) == 2 else None
        return value if isinstance(value, bytes) else None

    def knock(self) -> None:
        """Asks whether the server has gone round: `wait` gets the answer."""
        if self.control is not None:
            try:
                self.control.sendall(PING.encode())
            except OSError:
                self._fail(b"closed")

    def wait(self) -> None:
        """Until the server has gone round."""
        answer = b""
        while self.control is not None and len(answer) < len(_PONG):
            try:
                chunk = self.control.recv(len(_PONG) - len(answer))
            except TimeoutError:
                self._fail(b"timeout")
            except OSError:
                self._fail(b"closed")
            else:
                answer += chunk
                if not chunk:
                    self._fail(b"closed")

    def take(self) -> None:
        """What has come on all connections."""
        living = {each.wire.fileno(): each for each in self.connections if not each.fate}
        ready = select.poll()
        for number in living:
            ready.register(number, select.POLLIN)
        while events := ready.poll(0):
            for number, _ in events:
                each = living[number]
                each.take()
                while each.pending and not each.fate:
                    each.take()
                if each.fate:
                    ready.unregister(number)

    def talks(self, sizes: Iterable[int]) -> list[Talk]:
        """What was heard on each connection, as far as its program goes."""
        pairs = zip(self.connections, sizes, strict=True)
        return [Talk(tuple(each.heard[:size]), self.log) for each, size in pairs]

    def finish(self) -> None:
        """Closes the connections; the server gets back the settings that it had."""
        for each in self.connections:
            each.over()
            each.wire.close()
        if self.control is not None:
            restored = [ask(self.control, command("CONFIG", "SET", *each)) for each in self._before]
            if any(reply.kind is not Kind.SIMPLE for reply in restored):
                self.close()
                self.node.kill()  # it starts again with what it was given

    def close(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None

    def _fail(self, why: bytes) -> None:
        """The connection that is asked broke: the server is dead, or hangs; or some program closed it."""
        self.take()  # its last words
        self.close()
        if why == b"closed" and self._answers():
            self._take_control()
            return
        self.log = self.node.log_tail(_LOG_LINES)
        self.node.kill()
        for each in self.connections:
            if each.fate in (b"", b"closed"):
                each.fate = b"timeout" if why == b"timeout" else b"died"

    def _answers(self) -> bool:
        try:
            with introduce(self.node, 2, timeout_s=_DYING_S) as wire:
                return ask(wire, PING).kind is not Kind.NONE
        except OSError:
            return False


class RawPair:
    """Two nodes that get the same bytes."""

    def __init__(self, baseline: Node, candidate: Node) -> None:
        self.ends = (End(baseline), End(candidate))

    def run(self, lines: Lines, *, patient: bool = False) -> tuple[Talk, Talk]:
        """Each line written whole, and a PING behind the last; what each engine said to them."""
        return self.run_all([lines], patient=patient)[0]

    def run_all(self, programs: Sequence[Lines], *, patient: bool = False) -> list[tuple[Talk, Talk]]:
        """The same for programs that do not disturb each other: line by line, all at once.

        Where a server dies it has died for all of them.
        """
        wholes = [(*lines, PING) for lines in programs]
        settings = tuple(dict.fromkeys(name for lines in programs for name, _ in settings_of(lines)))
        for end in self.ends:
            end.begin(len(programs), settings)
        self._rounds(1 + len(programs) // _ACCEPTED)
        for line in range(max(map(len, wholes), default=0)):
            self._line(
                [whole[line].encode() if line < len(whole) else b"" for whole in wholes], patient=patient
            )
        for end in self.ends:
            end.finish()
        baseline, candidate = (end.talks(map(len, wholes)) for end in self.ends)
        return list(zip(baseline, candidate, strict=True))

    def _line(self, said: list[bytes], *, patient: bool) -> None:
        for end in self.ends:
            for each, data in zip(end.connections, said, strict=True):
                if data:
                    each.say(data)
        longest = max(map(len, said), default=0)
        self._rounds((_PATIENT_ROUNDS if patient else _ROUNDS) + 2 * longest // _CHUNK)
        self._finish_replies()
        if patient:
            self._wait_for_the_other()
        for end in self.ends:
            for each in end.connections:
                each.turn()

    def _finish_replies(self) -> None:
        """Rounds as long as more comes of replies that are there in part. Some never end: EXEC announces a reply that
        CLIENT REPLY OFF then keeps back.
        """
        idle = 0
        while idle < _PATIENT_ROUNDS:
            late = [each for end in self.ends for each in end.connections if each.within_reply]
            if not late:
                return
            before = sum(each.size for each in late)
            self._rounds(1)
            idle = 0 if sum(each.size for each in late) > before else idle + 1

    def _wait_for_the_other(self) -> None:
        """Where one side has said more than the other, or has closed: time for a proxy that is slow."""
        ends = time.monotonic() + _OTHER_S
        while time.monotonic() < ends and any(
            one.so_far != other.so_far
            for one, other in zip(*(end.connections for end in self.ends), strict=True)
        ):
            self._rounds(1)

    def _rounds(self, count: int) -> None:
        for _ in range(count):
            for end in self.ends:
                end.knock()
            for end in self.ends:
                end.wait()
        for end in self.ends:
            end.take()

    def close(self) -> None:
        for end in self.ends:
            end.close()


def settings_of(lines: Lines) -> list[tuple[str, bytes]]:
    """What the program sets by CONFIG SET. The driver sets it back to what it was."""
    sets = (each.args[2:] for each in lines if isinstance(each, Command) and each.full_name == "CONFIG SET")
    return [
        (name.decode("utf-8", "replace"), value)
        for words in sets
        for name, value in zip(words[::2], words[1::2], strict=False)
    ]

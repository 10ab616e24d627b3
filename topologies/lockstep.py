"""The lockstep driver: one program, pipelined to both engines at once, compared as bytes, decoded only
where they differ.

A run of a program is one write and one read on each side: reset, the program, a probe of what it left, each
closed by an ECHO of a nonce that no program can contain. This file knows connections and bytes; what a
difference means it does not know.
"""

from __future__ import annotations

import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command, Program, command
from topologies.engine import HarnessError
from topologies.reply import Kind, Reply
from topologies.resp import ProtocolError, TruncatedError, decode, decode_all, decode_both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topologies.node import Node

REPLY_TIMEOUT_S = 5.0
WHOLE_REPLY_S = 60.0  # for all replies to one program: a server may drip, but not for ever
STEP_TIMEOUT_S = 1.0  # for one command on its own
_LAST_WORDS, _CRASH_REPORT, _STARTS = (
    2000,
    "BUG REPORT START",
    "oO0OoO0OoO0Oo",
)  # lines, and what stands in them
_LARGE_BYTES = 1 << 17
DYING_S = 1.0  # a server that writes its last words accepts connections and says nothing


class Transcript(NamedTuple):
    """What one engine answered: a reply for each command of the program, then for each of the probe.

    After an incident the replies end with one of kind NONE whose value says what happened ("timeout",
    "closed", "died", "garbled: …"), and the probe is empty.
    """

    replies: tuple[Reply, ...]
    probe: tuple[Reply, ...]
    missing: int = 0  # commands that got no reply although later ones did: which ones, the bytes can't tell

    @property
    def incident(self) -> bytes | None:
        last = self.replies[-1] if self.replies else None
        return last.value if last and last.kind is Kind.NONE and isinstance(last.value, bytes) else None


class Exchange(NamedTuple):
    """Both transcripts of one program."""

    baseline: Transcript
    candidate: Transcript
    in_reset: bool = False  # the incident came before the program: what the one before it had left did it

    @property
    def incident(self) -> bool:
        return self.baseline.incident is not None or self.candidate.incident is not None

    @property
    def misaligned(self) -> bool:
        """Whether some command got no reply, or two, so that replies can't be told by their place."""
        return self.baseline.missing != 0 or self.candidate.missing != 0


class Script(NamedTuple):
    """Commands with their wire form, so that a program drawn from encoded rows need not be encoded again."""

    size: int
    wire: bytes


def script(program: Sequence[Command]) -> Script:
    return Script(len(program), b"".join(each.encode() for each in program))


@dataclass(slots=True)
class Side:
    """One engine's end of the lockstep: its node and the one connection that programs use."""

    node: Node
    protocol: int
    wire: socket.socket | None = None
    hangs: bool = False  # its last program got no answer in time: it may be at it still

    def connect(self) -> socket.socket:
        """The connection, made and introduced if there is none.

        A node that died is started again; so is one that lets nobody in, after it was killed.
        """
        if self.wire is None:
            if not self.node.alive():
                self.node.restart()
            try:
                self.wire = self._introduced()
            except (OSError, ProtocolError):  # it hangs, is about to die, or talks nonsense
                self.hangs = False
                self.node.kill()
                self.node.restart()
                self.wire = self._introduced()
        return self.wire

    def _introduced(self) -> socket.socket:
        timeout_s = DYING_S if self.hangs else None
        freeze_expiry(self.node, timeout_s=timeout_s)
        wire = introduce(self.node, self.protocol, timeout_s=timeout_s)
        wire.settimeout(REPLY_TIMEOUT_S)
        self.hangs = False
        return wire

    def drop(self) -> None:
        if self.wire is not None:
            self.wire.close()
            self.wire = None

    def what_happened(self, why: bytes) -> bytes:
        """A closed connection is a death where nobody answers a new one: a server takes a while to die. So is
        silence after its last words: their writer can wait for a lock that the death left behind.
        """
        self.hangs = why == b"timeout"
        if self.hangs and self._has_crashed():
            return b"died"
        return b"died" if why == b"closed" and not self._answers() else why

    def _has_crashed(self) -> bool:
        """Whether its log has a report of a crash since it was started."""
        log = self.node.log_tail(_LAST_WORDS)
        return _CRASH_REPORT in log[max(log.rfind(_STARTS), 0) :]

    def _answers(self) -> bool:
        try:
            with introduce(self.node, 2, timeout_s=DYING_S) as wire:
                return ask(wire, command("PING")).kind is not Kind.NONE
        except OSError:
            return False


def introduce(node: Node, protocol: int, *, timeout_s: float | None = None) -> socket.socket:
    """A connection that is authenticated and speaks `protocol`.

    Raises:
        HarnessError: the node refuses its own credentials or the protocol.

    """
    wire = node.dial(timeout_s=timeout_s or REPLY_TIMEOUT_S)
    try:
        wire.settimeout(timeout_s or REPLY_TIMEOUT_S)
        if not node.spec.tls:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if node.credentials:
            _must(wire, command("AUTH", *node.credentials), node)
        if protocol == 3:
            _must(wire, command("HELLO", "3"), node)
    except BaseException:
        wire.close()
        raise
    return wire


def freeze_expiry(node: Node, *, timeout_s: float | None = None) -> None:
    """Ends active expiry: what a program sees of keys past their time then hangs on commands, not on the moment.

    Servers that bar DEBUG keep it; there, keys past their time may go at any moment.
    """
    ask_node(node, command("DEBUG", "SET-ACTIVE-EXPIRE", "0"), timeout_s=timeout_s)


def ask(wire: socket.socket, asked: Command) -> Reply:
    """One command, one reply, on a connection that has nothing else under way."""
    wire.sendall(asked.encode())
    buffer = b""
    while True:
        chunk = wire.recv(1 << 16)
        if not chunk:
            return Reply(Kind.NONE, b"closed")
        buffer += chunk
        if not chunk.endswith(b"\n"):
            continue  # the middle of a large reply: it is not decoded once for each chunk
        try:
            reply, end = decode(buffer)
        except TruncatedError:
            continue
        if end == len(buffer):
            return reply


def read_replies(wire: socket.socket, many: int) -> list[Reply]:
    """So many replies, on a connection that has nothing else under way."""
    buffer, replies = b"", list[Reply]()
    while len(replies) < many:
        chunk = wire.recv(1 << 16)
        if not chunk:
            raise ConnectionResetError("the connection was closed")
        buffer += chunk
        with suppress(TruncatedError):
            while buffer:
                reply, end = decode(buffer)
                replies.append(reply)
                buffer = buffer[end:]
    return replies


def ask_node(node: Node, asked: Command, *, timeout_s: float | None = None) -> Reply:
    """One command on a connection of its own, in RESP2."""
    with introduce(node, 2, timeout_s=timeout_s) as wire:
        return ask(wire, asked)


def _must(wire: socket.socket, asked: Command, node: Node) -> None:
    reply = ask(wire, asked)
    if reply.kind is Kind.NONE:
        raise ConnectionResetError(f"{node.spec.name} closed the connection at {asked.name}")
    if reply.kind is Kind.ERROR:
        raise HarnessError(
            f"{node.spec.name} ({node.spec.build.engine}) refused {asked.name}: {reply.value!r}"
        )


class Lockstep:
    """Two nodes that are asked the same things.

    `probe` is asked after each program and `reset` before it; both may be changed between programs.
    """

    def __init__(self, baseline: Node, candidate: Node, *, protocol: int) -> None:
        self.sides = (Side(baseline, protocol), Side(candidate, protocol))
        self.protocol = protocol
        self.probe: Program = ()
        login = (command("AUTH", *baseline.credentials),) if baseline.credentials else ()
        # Whatever the program left open, or left: RESET ends its transaction, its user and its protocol.
        self._closing = (command("DISCARD"), *login, command("UNWATCH"), command("SELECT", "0"))
        self._before = self._between = self._after = b""
        self._marks = tuple(secrets.token_hex(10).encode() for _ in range(3))
        self._bodies: list[bytes] = []  # of the last run, one where both sides said the same
        self._ends = tuple(b"$%d\r\n%b\r\n" % (len(mark), mark) for mark in self._marks)
        self.arrange(reset=(), probe=())

    def arrange(self, *, reset: Program, probe: Program) -> None:
        """Sets what is asked before and after each program."""
        start, middle, end = (command("ECHO", mark) for mark in self._marks)
        self.probe = probe
        opening = command("HELLO", self.protocol)  # its reply names the server: nothing behind the mark
        self._before = script((*self._closing, opening, command("FLUSHALL"), *reset, start)).wire
        self._between = script((*self._closing, middle, *probe, end)).wire

    def close(self) -> None:
        for side in self.sides:
            side.drop()

    def run(self, program: Script) -> Exchange | None:
        """Runs a program on both; None where both said the same bytes, in the program and in the probe."""
        message = b"".join((self._before, program.wire, self._between))
        buffers: list[bytes] = []
        failures: list[bytes | None] = []
        for side in self.sides:
            _send(side, message)
        for side in self.sides:
            buffer, failure = _receive(side, self._ends[2])
            buffers.append(buffer)
            failures.append(failure)
        start = self._ends[0]
        bodies = [buffer[buffer.find(start) + len(start) :] if start in buffer else b"" for buffer in buffers]
        if bodies[0] == bodies[1] and failures == [None, None]:
            self._bodies = bodies[:1]
            return None
        self._bodies = bodies if failures == [None, None] else []
        if self._bodies:
            exchange = self._both(program, *bodies)
            if exchange is not None:
                return exchange
        sides = zip(self.sides, bodies, failures, strict=True)
        in_reset = any(
            failure and start not in buffer for buffer, failure in zip(buffers, failures, strict=True)
        )
        baseline, candidate = (self._transcript(program, *each) for each in sides)
        exchange = Exchange(baseline, candidate, in_reset=in_reset)
        if exchange.incident:
            self.close()
        return exchange

    def _both(self, program: Script, *bodies: bytes) -> Exchange | None:
        """Both transcripts, where each side said all that it had to."""
        middle, end = self._ends[1], self._ends[2]
        cuts = [body.find(middle) for body in bodies]
        if min(cuts) < 0:
            return None
        try:
            replies = decode_both(*(body[:cut] for body, cut in zip(bodies, cuts, strict=True)))
            probes = decode_both(
                *(body[cut + len(middle) : -len(end)] for body, cut in zip(bodies, cuts, strict=True))
            )
        except ProtocolError:
            return None
        closing = len(self._closing)
        baseline, candidate = (
            Transcript(tuple(said[:-closing]), tuple(probe), program.size + closing - len(said))
            for said, probe in zip(replies, probes, strict=True)
        )
        return Exchange(baseline, candidate)

    def heard(self) -> list[Transcript]:
        """What the last run said, decoded: one transcript where both sides said the same, none after an incident,
        none of what is very large.
        """
        heard = []
        for body in self._bodies:
            if len(body) > _LARGE_BYTES:
                continue
            program, _, probe = body.partition(self._ends[1])
            try:
                replies = tuple(decode_all(program))[: -len(self._closing)]
                heard.append(Transcript(replies, tuple(decode_all(probe.removesuffix(self._ends[2])))))
            except ProtocolError:
                continue
        return heard

    def _transcript(self, program: Script, side: Side, body: bytes, failure: bytes | None) -> Transcript:
        middle, end = self._ends[1], self._ends[2]
        cut = body.find(middle)
        if failure is None and cut >= 0:
            try:
                replies = tuple(decode_all(body[:cut]))
                probe = tuple(decode_all(body[cut + len(middle) : -len(end)]))
            except ProtocolError as error:
                failure = b"garbled: " + str(error).encode()
            else:
                missing = program.size + len(self._closing) - len(replies)
                return Transcript(replies[: -len(self._closing)], probe, missing)
        came, garbled = _as_far_as_possible(body if cut < 0 else body[:cut], program.size)
        why = garbled or side.what_happened(failure or b"garbled: the closing echo never came")
        return Transcript((*came, Reply(Kind.NONE, why)), ())

    def run_stepwise(self, program: Program, *, timeout_s: float = STEP_TIMEOUT_S) -> Exchange:
        """The same, one command at a time, so that an incident is seen at the command that caused it."""
        baseline, candidate = (self._step_through(side, program, timeout_s) for side in self.sides)
        exchange = Exchange(baseline, candidate)
        if exchange.incident:
            self.close()
        return exchange

    def _step_through(self, side: Side, program: Program, timeout_s: float) -> Transcript:
        wire = side.connect()
        wire.settimeout(timeout_s)
        wire.sendall(self._before)
        _receive(side, self._ends[0])
        replies: list[Reply] = []
        for each in program:
            replies.append(_ask_safely(side, wire, each))
            if replies[-1].kind is Kind.NONE:
                return Transcript(tuple(replies), ())
        wire.settimeout(REPLY_TIMEOUT_S)
        wire.sendall(self._between)
        body, failure = _receive(side, self._ends[2])
        if failure:
            return Transcript((*replies, Reply(Kind.NONE, side.what_happened(failure))), ())
        probe = body[body.find(self._ends[1]) + len(self._ends[1]) : -len(self._ends[2])]
        try:
            return Transcript(tuple(replies), tuple(decode_all(probe)))
        except ProtocolError as error:
            return Transcript((*replies, Reply(Kind.NONE, b"garbled: " + str(error).encode())), ())


def _ask_safely(side: Side, wire: socket.socket, asked: Command) -> Reply:
    try:
        reply = ask(wire, asked)
    except TimeoutError:
        return Reply(Kind.NONE, side.what_happened(b"timeout"))
    except OSError:
        return Reply(Kind.NONE, side.what_happened(b"closed"))
    except ProtocolError as error:
        return Reply(Kind.NONE, b"garbled: " + str(error).encode())
    return Reply(Kind.NONE, side.what_happened(b"closed")) if reply.kind is Kind.NONE else reply


def _send(side: Side, message: bytes) -> None:
    try:
        side.connect().sendall(message)
    except OSError:
        side.drop()  # seen again, with its reason, when its replies are read


def _receive(side: Side, end: bytes) -> tuple[bytes, bytes | None]:
    """Bytes up to and with `end`, and None; or what came, and why no more did."""
    if side.wire is None:
        return b"", b"closed"
    chunks: list[bytes] = []
    tail = b""
    ends = time.monotonic() + WHOLE_REPLY_S
    try:
        while time.monotonic() < ends:
            chunk = side.wire.recv(1 << 18)
            if not chunk:
                return b"".join(chunks), b"closed"
            chunks.append(chunk)
            tail = (tail + chunk)[-len(end) :] if len(chunk) < len(end) else chunk[-len(end) :]
            if tail == end:
                return b"".join(chunks), None
    except TimeoutError:
        pass
    except OSError:
        return b"".join(chunks), b"closed"
    return b"".join(chunks), b"timeout"


def _as_far_as_possible(body: bytes, most: int) -> tuple[list[Reply], bytes | None]:
    replies: list[Reply] = []
    at = 0
    while at < len(body) and len(replies) < most:
        try:
            reply, at = decode(body, at)
        except TruncatedError:
            return replies, None
        except ProtocolError as error:
            return replies, b"garbled: " + str(error).encode()
        replies.append(reply)
    return replies, None

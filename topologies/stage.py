"""The stage: a program whose lines are sent by several connections, one line after the other, to both engines.

A line is sent, and what every connection is told because of it is read, before the next one is sent; so the order in
which the engine meets the lines is the order in which they stand. That a line got no answer is seen without waiting
for one: a connection of the stage's own asks twice behind it, and whatever the engine had to say is there by then
(it reads what came first, and writes what it owes before it waits again). Where the two engines have not said
equally much by then, the one that has said less gets a while more.
"""

from __future__ import annotations

import re
import secrets
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from generators.command import Command, Program, command
from topologies.lockstep import DYING_S, ask, freeze_expiry, introduce, script
from topologies.messages import is_message
from topologies.reply import Kind, Reply
from topologies.resp import ProtocolError, TruncatedError, decode, decode_all

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from topologies.node import Node

PATIENCE_S = 0.25  # for the engine that has said less
_LINGER_S = 0.3  # behind the last line, for commands whose time is not yet up; they have 0.05 s
_ECHO_S = 3.0  # CLIENT PAUSE and a script that runs keep even the stage's own connection waiting
_ID = re.compile(rb"id@([1-9])")
_RESTORES = 8  # times that a script is asked to end


class Frame(NamedTuple):
    """What one connection was told. `answers` is the line that it answers; None for what nobody asked for."""

    connection: int
    reply: Reply
    answers: int | None


class Performance(NamedTuple):
    """What one engine did: for each line, and for the time behind the last one, what each connection was told."""

    heard: tuple[tuple[Frame, ...], ...]
    probe: tuple[Reply, ...]


@dataclass(slots=True)
class _Caller:
    """One of a program's connections."""

    wire: socket.socket
    id: bytes
    buffer: bytes = b""
    open: bool = True
    asked: list[int] = field(default_factory=list)  # lines that are not answered yet

    def read(self) -> Iterator[Reply]:
        """What came since it was last read, without waiting."""
        while self.open:
            try:
                chunk = self.wire.recv(1 << 18)
            except (BlockingIOError, ssl.SSLWantReadError):
                break
            except OSError:
                chunk = b""
            self.open = bool(chunk)
            self.buffer += chunk
        yield from self._whole()
        if not self.open:
            yield Reply(Kind.NONE, b"closed")

    def _whole(self) -> Iterator[Reply]:
        at = 0
        while at < len(self.buffer):
            try:
                reply, at = decode(self.buffer, at)
            except TruncatedError:
                break
            except ProtocolError as error:
                yield Reply(Kind.NONE, b"garbled: " + str(error).encode())
                at = len(self.buffer)
                self.open = False
            else:
                yield reply
        self.buffer = self.buffer[at:]


class _Actor:
    """One engine with the connections of the program under way, and the stage's own."""

    def __init__(self, node: Node, protocol: int) -> None:
        self.node = node
        self.protocol = protocol
        self.callers: dict[int, _Caller] = {}
        self._own: socket.socket | None = None
        self._marks = 0
        self._nonce = secrets.token_hex(6).encode()
        self._config: dict[bytes, bytes] = {}

    def own(self) -> socket.socket:
        if self._own is None:
            if not self.node.alive():
                self.node.restart()
            try:
                freeze_expiry(self.node, timeout_s=_ECHO_S)
                self._own = introduce(self.node, self.protocol, timeout_s=_ECHO_S)
            except (OSError, ProtocolError):  # it hangs, or is about to die
                self.node.kill()
                self.node.restart()
                freeze_expiry(self.node)
                self._own = introduce(self.node, self.protocol, timeout_s=_ECHO_S)
        return self._own

    def caller(self, number: int) -> _Caller:
        if number not in self.callers:
            wire = introduce(self.node, self.protocol, timeout_s=_ECHO_S)
            said = ask(wire, command("CLIENT", "ID"))
            wire.setblocking(False)
            self.callers[number] = _Caller(wire, str(said.value).encode())
        return self.callers[number]

    def send(self, line: int, asked: Command) -> None:
        caller = self.caller(asked.connection)
        if not caller.open:
            return
        args = tuple(self._meant(arg) for arg in asked.args)
        caller.asked.append(line)
        try:
            _send_all(caller.wire, Command(args).encode())
        except OSError:
            caller.open = False

    def _meant(self, arg: bytes) -> bytes:
        """`id@2` is the id of the second connection, which each engine counts for itself."""
        other = _ID.fullmatch(arg)
        return self.caller(int(other[1])).id if other else arg

    def ask_for_echo(self) -> bytes | None:
        """Asks; the answer is waited for later, so that both engines work at it meanwhile."""
        self._marks += 1
        mark = b"%b-%d" % (self._nonce, self._marks)
        try:
            self.own().sendall(command("ECHO", mark).encode())
        except OSError:
            self.drop_own()
            return None
        return mark

    def wait_for_echo(self, mark: bytes | None) -> bool:
        """Whether it came. What else comes is of no interest: an engine at work on a script says BUSY."""
        if mark is None or self._own is None:
            return False
        buffer = b""
        try:
            while not buffer.endswith(mark + b"\r\n") and not buffer.startswith(b"-"):
                chunk = self._own.recv(1 << 16)
                if not chunk:
                    self.drop_own()
                    return False
                buffer += chunk
        except OSError:
            self.drop_own()
            return False
        return True

    def drop_own(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None

    def hear(self) -> list[Frame]:
        """What all connections were told since they were last asked."""
        frames: list[Frame] = []
        for number, caller in sorted(self.callers.items()):
            was_open = caller.open
            for reply in caller.read() if was_open else ():
                if is_message(reply) or self._is_ours(reply):
                    answers = None
                else:
                    answers = caller.asked.pop(0) if caller.asked else None
                if not self._is_ours(reply):
                    frames.append(Frame(number, self._told(reply), answers))
        return frames

    def _is_ours(self, reply: Reply) -> bool:
        """What a MONITOR shows of the stage's own questions."""
        return reply.kind is Kind.SIMPLE and isinstance(reply.value, bytes) and self._nonce in reply.value

    def _told(self, reply: Reply) -> Reply:
        dead = reply.kind is Kind.NONE and reply.value == b"closed" and not self._answers()
        return Reply(Kind.NONE, b"died") if dead else reply

    def _answers(self) -> bool:
        try:
            with introduce(self.node, 2, timeout_s=DYING_S) as wire:
                return ask(wire, command("PING")).kind is not Kind.NONE
        except OSError:
            return False

    def read_config(self, names: tuple[bytes, ...]) -> None:
        """Remembers what a program is about to change."""
        for name in names:
            if name not in self._config:
                said = ask(self.own(), command("CONFIG", "GET", name))
                values = [each.value for each in said.value] if isinstance(said.value, tuple) else []
                if len(values) == 2 and isinstance(values[1], bytes):
                    self._config[name] = values[1]

    def clear(self, restore: tuple[bytes, ...]) -> None:
        """Ends the program: its connections, a script that still runs, what it configured."""
        for caller in self.callers.values():
            caller.wire.close()
        self.callers.clear()
        self._end_scripts()
        for name in restore:
            if name in self._config:
                ask(self.own(), command("CONFIG", "SET", name, self._config[name]))

    def _end_scripts(self) -> None:
        for _ in range(_RESTORES):
            if self._is_free():
                return
            ask(self.own(), command("SCRIPT", "KILL"))
            ask(self.own(), command("FUNCTION", "KILL"))
        self.drop_own()  # it catches what should end it, or has written
        self.node.kill()

    def _is_free(self) -> bool:
        """Whether it serves; the program may have closed even the stage's own connection."""
        try:
            said = ask(self.own(), command("PING"))
        except OSError:
            said = Reply(Kind.NONE, b"closed")
        if said.kind is Kind.NONE:
            self.drop_own()
            said = ask(self.own(), command("PING"))
        return not _is_busy(said)

    def ask_all(self, program: Program, mark: bytes) -> tuple[Reply, ...]:
        """Asks several things on the stage's own connection, which the program before may have closed; or it has left
        another script behind the one that was ended.
        """
        try:
            return self._ask_all(program, mark)
        except OSError:
            self.drop_own()
            self._end_scripts()
            return self._ask_all(program, mark)

    def _ask_all(self, program: Program, mark: bytes) -> tuple[Reply, ...]:
        wire = self.own()
        wire.sendall(script((*program, command("ECHO", mark))).wire)
        end = b"$%d\r\n%b\r\n" % (len(mark), mark)
        buffer = bytearray()
        while not buffer.endswith(end):
            chunk = wire.recv(1 << 18)
            if not chunk:
                raise ConnectionResetError(f"{self.node.spec.name} closed the stage's connection")
            buffer += chunk
        return tuple(decode_all(bytes(buffer)))[:-1]


def _is_busy(reply: Reply) -> bool:
    return reply.kind is Kind.ERROR and isinstance(reply.value, bytes) and reply.value.startswith(b"BUSY")


def _send_all(wire: socket.socket, data: bytes) -> None:
    wire.settimeout(_ECHO_S)
    try:
        wire.sendall(data)
    finally:
        wire.setblocking(False)


class Stage:
    """Two nodes on which programs of several connections run, line by line.

    `reset` is asked before each program; `probe` after it.
    """

    def __init__(self, baseline: Node, candidate: Node, *, protocol: int, reset: Program = ()) -> None:
        self.protocol = protocol
        self.reset = reset
        self._actors = (_Actor(baseline, protocol), _Actor(candidate, protocol))
        self._mark = secrets.token_hex(10).encode()
        self.patience_s = PATIENCE_S

    def close(self) -> None:
        for actor in self._actors:
            for caller in actor.callers.values():
                caller.wire.close()
            actor.callers.clear()
            actor.drop_own()

    def run(self, program: Program, probe: Program = ()) -> tuple[Performance, Performance]:
        """Both performances of one program.

        Raises:
            OSError: an engine does not come back after the program.

        """
        changes = _configures(program)
        for actor in self._actors:
            actor.ask_all((command("FLUSHALL"), *self.reset), self._mark)
            actor.read_config(changes)
            for number in {each.connection for each in program}:
                actor.caller(number)
        heard: tuple[list[tuple[Frame, ...]], list[tuple[Frame, ...]]] = ([], [])
        for line, asked in enumerate(program):
            for actor in self._actors:
                actor.send(line, asked)
            self._hear(heard)
        self._linger(program, heard)
        for actor in self._actors:
            actor.clear(changes)
        self._settle()
        users = _users(program)
        said = []
        for actor in self._actors:
            said.append(actor.ask_all(probe, self._mark) if probe else ())
            if users:
                ask(actor.own(), command("ACL", "DELUSER", *users))
        baseline, candidate = (
            Performance(tuple(each), answers) for each, answers in zip(heard, said, strict=True)
        )
        return baseline, candidate

    def _settle(self) -> bool:
        """Until both engines have done what they were asked, and said what they owe."""
        fine = True
        for _ in range(2):
            marks = [actor.ask_for_echo() for actor in self._actors]
            for actor, mark in zip(self._actors, marks, strict=True):
                fine = actor.wait_for_echo(mark) and fine
        return fine

    def _hear(self, heard: tuple[list[tuple[Frame, ...]], ...]) -> None:
        self._settle()
        told = [actor.hear() for actor in self._actors]
        ends = time.monotonic() + self.patience_s
        while _amounts(told[0]) != _amounts(told[1]) and time.monotonic() < ends:
            self._settle()
            for more, actor in zip(told, self._actors, strict=True):
                more.extend(actor.hear())
        for lines, frames in zip(heard, told, strict=True):
            lines.append(tuple(sorted(frames, key=lambda each: each.connection)))

    def _linger(self, program: Program, heard: tuple[list[tuple[Frame, ...]], ...]) -> None:
        """Commands that wait for a while only are waited for."""
        told: list[list[Frame]] = [[], []]
        ends = time.monotonic() + _LINGER_S
        while self._still_waits(program) and time.monotonic() < ends:
            self._settle()
            for more, actor in zip(told, self._actors, strict=True):
                more.extend(actor.hear())
        for lines, frames in zip(heard, told, strict=True):
            lines.append(tuple(sorted(frames, key=lambda each: each.connection)))

    def _still_waits(self, program: Program) -> bool:
        return any(
            gives_up(program[line])
            for actor in self._actors
            for caller in actor.callers.values()
            if caller.open
            for line in caller.asked[:1]
        )


def _amounts(frames: list[Frame]) -> list[int]:
    return sorted(each.connection for each in frames)


def gives_up(asked: Command) -> bool:
    """Whether it waits, if at all, for some time only."""
    upper = [arg.upper() for arg in asked.args]
    if upper[0] in (b"BLMPOP", b"BZMPOP"):
        time_out = upper[1:2]
    elif b"BLOCK" in upper:
        time_out = upper[upper.index(b"BLOCK") + 1 :][:1]
    elif upper[0] in _LAST_IS_TIME:
        time_out = upper[-1:]
    else:
        return False
    try:
        return bool(time_out) and float(time_out[0]) > 0
    except ValueError:
        return False


_LAST_IS_TIME = frozenset(
    (b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BZPOPMIN", b"BZPOPMAX", b"WAIT", b"WAITAOF")
)


def _configures(program: Program) -> tuple[bytes, ...]:
    """The parameters that it sets."""
    return tuple(
        dict.fromkeys(
            name.lower() for each in program if each.full_name == "CONFIG SET" for name in each.args[2::2]
        )
    )


def _users(program: Program) -> tuple[bytes, ...]:
    """The users that it makes."""
    made = (each.args[2] for each in program if each.full_name == "ACL SETUSER" and len(each.args) > 2)
    return tuple(dict.fromkeys(name for name in made if name not in (b"default", b"rekey")))

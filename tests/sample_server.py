"""A small server for tests: real sockets on loopback, data in dictionaries, and one lie where a test plants it.

It is a node, too: it can die, be killed and be started again. It knows a few commands; others it does not know.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from generators.command import Command
from topologies.engine import Build, Engine
from topologies.node import NodeSpec
from topologies.reply import Kind, Reply
from topologies.request import RequestDecoder
from topologies.resp import encode_reply

OK = Reply(Kind.SIMPLE, b"OK")
WRONGTYPE = Reply(Kind.ERROR, b"WRONGTYPE Operation against a key holding the wrong kind of value")
SYNTAX = Reply(Kind.ERROR, b"ERR syntax error")
ARITY = Reply(Kind.ERROR, b"ERR wrong number of arguments")
BUILD = Build(engine=Engine("sample", (1,)), source="path", spec="path:/sample", argv=("sample",))

Value = bytes | list[bytes] | set[bytes]


class ClosesError(Exception):
    """The server closes the connection instead of an answer."""


class DiesError(Exception):
    """The server dies instead of an answer."""


class HangsError(Exception):
    """The server never answers again on this connection."""


def bulk(value: bytes) -> Reply:
    return Reply(Kind.BULK, value)


def number(value: int) -> Reply:
    return Reply(Kind.INTEGER, value)


def array(*items: Reply) -> Reply:
    return Reply(Kind.ARRAY, items)


@dataclass(slots=True)
class Session:
    """One connection of a client: what it selected, queued, and was let in as."""

    server: SampleServer
    protocol: int = 2
    db: int = 0
    let_in: bool = False
    queued: list[Command] | None = None
    executing: bool = False

    def answer(self, asked: Command) -> bytes:
        """What a client gets, lies included."""
        if self.server.credentials and not self.let_in and asked.name not in ("AUTH", "HELLO"):
            return b"-NOAUTH Authentication required.\r\n"
        if self.queued is not None and asked.name not in ("EXEC", "DISCARD", "MULTI"):
            self.queued.append(asked)
            return b"+QUEUED\r\n"
        return self.said(asked)

    def said(self, asked: Command) -> bytes:
        self.server.calls[asked.name] += 1
        lie = self.server.lies.get(asked.name)
        answer = lie(self, asked) if lie else self.truth(asked)
        return answer if isinstance(answer, bytes) else encode_reply(answer)

    def truth(self, asked: Command) -> Reply | bytes:
        """What an honest server says."""
        handler = getattr(self, f"do_{asked.name.lower()}", None)
        if handler is None:
            name = asked.args[0].decode("utf-8", "backslashreplace")
            return Reply(Kind.ERROR, f"ERR unknown command '{name}'".encode().replace(b"\n", b" "))
        try:
            answer: Reply | bytes = handler(*asked.args[1:])
        except TypeError:
            return ARITY
        return answer

    @property
    def data(self) -> dict[bytes, Value]:
        return self.server.data.setdefault(self.db, {})

    def null(self) -> Reply:
        return Reply(Kind.NULL if self.protocol == 3 else Kind.NULL_BULK, None)

    # --- the connection ---

    def do_ping(self) -> Reply:
        return Reply(Kind.SIMPLE, b"PONG")

    def do_echo(self, text: bytes) -> Reply:
        return bulk(text)

    def do_auth(self, *words: bytes) -> Reply:
        self.let_in = tuple(word.decode() for word in words) == self.server.credentials
        return OK if self.let_in else Reply(Kind.ERROR, b"WRONGPASS invalid username-password pair")

    def do_hello(self, protocol: bytes) -> Reply:
        self.protocol = int(protocol)
        return Reply(Kind.MAP, (bulk(b"server"), bulk(b"sample")))

    def do_select(self, db: bytes) -> Reply:
        self.db = int(db)
        return OK

    def do_debug(self, word: bytes, *_: bytes) -> Reply:
        if word.upper() != b"DIGEST":
            return OK
        text = repr(sorted((db, sorted(keys.items())) for db, keys in self.server.data.items() if keys))
        return Reply(Kind.SIMPLE, hashlib.sha1(text.encode()).hexdigest().encode())

    # --- transactions ---

    def do_multi(self) -> Reply:
        if self.queued is not None:
            return Reply(Kind.ERROR, b"ERR MULTI calls can not be nested")
        self.queued = []
        return OK

    def do_exec(self) -> Reply | bytes:
        queued, self.queued = self.queued, None
        if queued is None:
            return Reply(Kind.ERROR, b"ERR EXEC without MULTI")
        self.executing = True
        answers = b"".join(map(self.said, queued))
        self.executing = False
        return b"*%d\r\n" % len(queued) + answers

    def do_discard(self) -> Reply:
        if self.queued is None:
            return Reply(Kind.ERROR, b"ERR DISCARD without MULTI")
        self.queued = None
        return OK

    def do_unwatch(self) -> Reply:
        return OK

    # --- data ---

    def do_flushall(self) -> Reply:
        self.server.data.clear()
        return OK

    def do_set(self, key: bytes, value: bytes, *options: bytes) -> Reply:
        if options and options != (b"GET",):
            return SYNTAX
        before = self.data.get(key)
        self.data[key] = value
        return OK if not options else bulk(before) if isinstance(before, bytes) else self.null()

    def do_get(self, key: bytes) -> Reply:
        value = self.data.get(key)
        return self.null() if value is None else bulk(value) if isinstance(value, bytes) else WRONGTYPE

    def do_append(self, key: bytes, more: bytes) -> Reply:
        value = self.data.get(key, b"")
        if not isinstance(value, bytes):
            return WRONGTYPE
        self.data[key] = value + more
        return number(len(value + more))

    def do_strlen(self, key: bytes) -> Reply:
        value = self.data.get(key, b"")
        return number(len(value)) if isinstance(value, bytes) else WRONGTYPE

    def do_incr(self, key: bytes) -> Reply:
        value = self.data.get(key, b"0")
        if not isinstance(value, bytes) or not value.isdigit():
            return Reply(Kind.ERROR, b"ERR value is not an integer or out of range")
        self.data[key] = b"%d" % (int(value) + 1)
        return number(int(value) + 1)

    def do_rpush(self, key: bytes, first: bytes, *more: bytes) -> Reply:
        value = self.data.setdefault(key, [])
        if not isinstance(value, list):
            return WRONGTYPE
        value += [first, *more]
        return number(len(value))

    def do_lrange(self, key: bytes, start: bytes, stop: bytes) -> Reply:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            return WRONGTYPE
        end = len(value) if stop == b"-1" else int(stop) + 1
        return array(*map(bulk, value[int(start) : end]))

    def do_del(self, *keys: bytes) -> Reply:
        return number(sum(self.data.pop(key, None) is not None for key in keys))

    def do_exists(self, *keys: bytes) -> Reply:
        return number(sum(key in self.data for key in keys))

    def do_type(self, key: bytes) -> Reply:
        names = {bytes: b"string", list: b"list", type(None): b"none"}
        return Reply(Kind.SIMPLE, names[type(self.data.get(key))])

    def do_ttl(self, key: bytes) -> Reply:
        return number(-1 if key in self.data else -2)

    do_pttl = do_ttl

    def do_object(self, word: bytes, key: bytes) -> Reply:
        if word.upper() != b"ENCODING":
            return SYNTAX
        names = {bytes: b"raw", list: b"listpack"}
        return bulk(names[type(self.data[key])]) if key in self.data else self.null()

    def do_dbsize(self) -> Reply:
        return number(len(self.data))

    def do_keys(self, _: bytes) -> Reply:
        return array(*map(bulk, sorted(self.data)))


Lie = Callable[[Session, Command], Reply | bytes]


@dataclass
class SampleServer:
    """A running server that is a `Node`. Use it in a `with`."""

    lies: dict[str, Lie] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    data: dict[int, dict[bytes, Value]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    spec: NodeSpec = field(default_factory=lambda: NodeSpec(name="sample", build=BUILD))
    _listener: socket.socket | None = None
    _connections: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __enter__(self) -> Self:
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dial(self, *, timeout_s: float = 5.0) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=timeout_s)

    def alive(self) -> bool:
        return self._listener is not None

    def log_tail(self, lines: int = 40) -> str:
        return ""

    def restart(self) -> None:
        self.data.clear()
        self.starts += 1
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._thread(self._accept, listener)

    def kill(self) -> None:
        """Everything ends: the listener, and all connections."""
        with self._lock:
            listener, self._listener = self._listener, None
            open_ones, self._connections = [*self._connections], []
        for each in (listener, *open_ones):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def stop(self) -> None:
        self.kill()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._threads.clear()

    def _thread(self, target: Callable[[socket.socket], None], wire: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(wire,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = listener.accept()
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._connections.append(wire)
                self._thread(self._serve, wire)

    def _serve(self, wire: socket.socket) -> None:
        session, decoder = Session(self), RequestDecoder()
        with wire, contextlib.suppress(OSError, ClosesError):
            while data := wire.recv(1 << 16):
                decoder.feed(data)
                if not self._answer(session, decoder, wire):
                    return

    def _answer(self, session: Session, decoder: RequestDecoder, wire: socket.socket) -> bool:
        """Sends what is to be said to what came; False where the connection is no more."""
        out = bytearray()
        while (asked := decoder.next()) is not None:
            try:
                out += session.answer(asked)
            except HangsError:
                wire.sendall(out)
                while wire.recv(1 << 16):
                    pass
                return False
            except (ClosesError, DiesError) as ending:
                wire.sendall(out)
                if isinstance(ending, DiesError):
                    self.kill()
                return False
        wire.sendall(out)
        return True

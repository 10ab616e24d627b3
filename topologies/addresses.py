"""Who sits where: the addresses that nodes and their proxies listen on. Starts nothing.

Node *i* of worker *w* is `127.w.1.i`, its proxies `127.w.2.i`: in a log, an address says whose it is. In a
cell all of 127.0.0.0/8 is ours and the port is always 6379. Outside one the port is a free one, found by
binding it; macOS has no loopback but 127.0.0.1. Toxiproxy itself is asked at `127.w.3.1`.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys
import threading
from dataclasses import dataclass, field

from topologies.engine import HomeError

BUS_OFFSET = 10_000  # a cluster node's bus listens on port + 10000; 6.x knows nothing else
_STANDARD_PORT = 6379
_TOXIPROXY_PORT = 8474
_LAST_SEAT = 254
# Below the ports that systems hand to clients (32768 and up), and port + 10000 is still a port.
_FREE_PORTS = range(20_000, 30_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One node's place: where it listens, and where the proxy in front of it would."""

    index: int
    host: str
    port: int
    proxy_host: str
    proxy_port: int

    @property
    def bus_port(self) -> int:
        return self.port + BUS_OFFSET


@dataclass(slots=True)
class Addresses:
    """The seats of one worker. `fixed`: every port is 6379, because nobody else can be here (a cell)."""

    worker: int  # from 0
    fixed: bool
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _taken: set[int] = field(default_factory=set)
    _ports: itertools.count[int] = field(default_factory=lambda: itertools.count(os.getpid() * 7))

    def take(self) -> Seat:
        """The first seat that nobody has."""
        with self._lock:
            for index in range(1, _LAST_SEAT + 1):
                if index not in self._taken and (seat := self._seat(index)) is not None:
                    self._taken.add(index)
                    return seat
        raise HomeError(
            f"no free address for worker {self.worker}: all of {_LAST_SEAT} are in use; stop nodes first"
        )

    def give_back(self, seat: Seat) -> None:
        self._taken.discard(seat.index)

    def service(self) -> tuple[str, int]:
        """Where the proxies' own server listens: `127.w.3.1`."""
        host = self._host(3, 1)
        return host, _TOXIPROXY_PORT if self.fixed else self.free_port(host)

    def _seat(self, index: int) -> Seat | None:
        host, proxy_host = self._host(1, index), self._host(2, index)
        if self.fixed:
            free = _is_free(host, _STANDARD_PORT)
            port = proxy_port = _STANDARD_PORT
        else:
            free, port, proxy_port = True, self.free_port(host), self.free_port(proxy_host)
        seat = Seat(index=index, host=host, port=port, proxy_host=proxy_host, proxy_port=proxy_port)
        return seat if free else None

    def _host(self, role: int, index: int) -> str:
        return f"127.{self.worker + 1}.{role}.{index}" if sys.platform == "linux" else "127.0.0.1"

    def free_port(self, host: str) -> int:
        """A port that nobody listens on now; the next call gives another one."""
        for _ in _FREE_PORTS:
            port = _FREE_PORTS[next(self._ports) % len(_FREE_PORTS)]
            if _is_free(host, port) and _is_free(host, port + BUS_OFFSET):
                return port
        raise HomeError(f"no free port on {host} between {_FREE_PORTS.start} and {_FREE_PORTS.stop - 1}")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the servers do: TIME_WAIT is no obstacle
        try:
            attempt.bind((host, port))
        except OSError:
            return False
    return True

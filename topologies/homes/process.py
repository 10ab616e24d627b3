"""Servers as plain processes on this machine's loopback; in a cell the same, with the cell's powers.

Knows processes and directories. What a server is told is `config`'s, who ends it when we can't is
`watchdog`'s.
"""

from __future__ import annotations

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from topologies import config, readiness
from topologies.addresses import Addresses
from topologies.config import CertificateFiles, Listening
from topologies.door import Door
from topologies.engine import HomeError, NodeStartError
from topologies.homes.root import new_root
from topologies.homes.roster import Roster
from topologies.leash import Leash
from topologies.tls import Authority

if TYPE_CHECKING:
    import socket

    from topologies.addresses import Seat
    from topologies.engine import Build
    from topologies.leash import Server
    from topologies.node import NodeSpec
    from topologies.proxies import Proxies

_LOG = "server.log"


class ProcessHome:
    """Nodes as processes, each with a directory of its own below one that belongs to this home."""

    def __init__(
        self,
        *,
        kind: str = "process",
        cannot: tuple[str, ...] = (),
        addresses: Addresses | None = None,
        parent: Path | None = None,
    ) -> None:
        self.kind = kind
        self.cannot = cannot
        self.addresses = addresses or Addresses(worker=0, fixed=False)
        self.root = new_root(parent)
        self.leash = Leash()
        self.leash.promise_removal(self.root)
        self.authority = Authority()
        self._nodes: Roster[ProcessNode] = Roster()
        self._numbers = itertools.count(1)
        self._proxies: Proxies | None = None

    def start(self, spec: NodeSpec) -> ProcessNode:
        """A node that answers when this returns."""
        return self._nodes.start(lambda: self._prepare(spec), ProcessNode.restart)

    def proxies(self, build: Build) -> Proxies:
        """The Toxiproxy of this home, started when it is first asked for; it ends with the home.

        Raises:
            NodeStartError: it does not start.

        """
        if self._proxies is None:
            self._proxies = self._start_proxies(build)
        return self._proxies

    def close(self) -> None:
        """Stop every node. Idempotent."""
        self._nodes.stop()
        if self._proxies is not None:
            self._proxies.close()
        self.leash.close()

    def _start_proxies(self, build: Build) -> Proxies:
        from topologies.proxies import Address, Proxies  # noqa: PLC0415  (requests takes long to import)

        api = Address(*self.addresses.service())
        directory = self.root / f"{next(self._numbers)}-toxiproxy"
        directory.mkdir()
        log = directory / _LOG
        try:
            server = self.leash.spawn(
                [*build.argv, "-host", api.host, "-port", str(api.port), "-proxy-metrics"],
                env=os.environ | {"LOG_LEVEL": "info"},
                directory=directory,
                log=log,
            )
        except OSError as error:
            raise NodeStartError(f"Toxiproxy ({build.spec}) can't be started: {error}") from error
        proxies = Proxies(
            api, log=lambda: log.read_text("utf-8", "replace"), exit_status=lambda: self.leash.status(server)
        )
        proxies.wait_until_ready()
        return proxies

    def _prepare(self, spec: NodeSpec) -> ProcessNode:
        seat = self.addresses.take()
        directory = self.root / f"{next(self._numbers)}-{spec.name}"
        try:
            directory.mkdir()
            certificate = self._certificate(directory, seat) if spec.tls else None
            place = Listening(
                address=seat.host, port=seat.port, directory=str(directory), certificate=certificate
            )
            (directory / config.FILE_NAME).write_text(config.file_text(spec, place))
        except OSError as error:
            self.addresses.give_back(seat)
            raise HomeError(f"can't make the directory of {spec.name}: {error}; is the disk full?") from error
        return ProcessNode(self, spec, seat, place)

    def _certificate(self, directory: Path, seat: Seat) -> CertificateFiles:
        return CertificateFiles(*map(str, self.authority.issue(directory, seat.host)))


class ProcessNode:
    """A server that is a process."""

    def __init__(self, home: ProcessHome, spec: NodeSpec, seat: Seat, place: Listening) -> None:
        self.spec = spec
        self.seat = seat
        self.credentials = config.credentials(spec.auth)
        self._home = home
        self._place = place
        self._directory = Path(place.directory)
        self._server: Server | None = None
        self._door = Door(
            host=seat.host,
            port=seat.port,
            credentials=self.credentials,
            context=home.authority.client_context() if spec.tls else None,
            cluster=spec.cluster,
        )

    @property
    def host(self) -> str:
        return self.seat.host

    @property
    def port(self) -> int:
        return self.seat.port

    @property
    def directory(self) -> Path:
        """Where it works; goes when the node is stopped."""
        return self._directory

    @property
    def pid(self) -> int | None:
        """The server's process; None when it does not run."""
        return self._server.pid if self._server else None

    def dial(self, *, timeout_s: float = 5.0) -> socket.socket:
        """A new connection (inside TLS where the node has it), not yet authenticated."""
        return self._door.open(timeout_s=timeout_s)

    def alive(self) -> bool:
        return self._status() is None

    def log_tail(self, lines: int = 40) -> str:
        return readiness.tail(self._directory / _LOG, lines)

    def kill(self) -> None:
        """End it with SIGKILL, and wait until it is gone."""
        if self._server is not None:
            self._home.leash.kill(self._server)
            self._server = None

    def restart(self) -> None:
        """Start it (again), same address and directory; ready when this returns."""
        self.kill()
        for name, text in config.files(self.spec).items():  # anew: the last server may have changed them
            (self._directory / name).write_text(text)
        self._server = self._spawn()
        readiness.wait_until_ready(self.spec, self._door, exit_status=self._status, log_tail=self.log_tail)

    def reopen(self, directives: tuple[tuple[str, str], ...]) -> None:
        """Start it again with these directives; its log begins anew. Where it does not start, its files stay."""
        self.kill()
        self.spec = replace(self.spec, config=directives)
        (self._directory / config.FILE_NAME).write_text(config.file_text(self.spec, self._place))
        (self._directory / _LOG).unlink(missing_ok=True)
        self.restart()

    def exit_status(self) -> int | None:
        """None while it runs, else how it ended: an exit code, or minus the signal's number."""
        return self._status()

    def stop(self) -> None:
        """End it and remove everything that it left. Idempotent."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._home.addresses.give_back(self.seat)

    def _status(self) -> int | None:
        return self._home.leash.status(self._server) if self._server else 0

    def _spawn(self) -> Server:
        build = self.spec.build
        argv = [*build.argv, str(self._directory / config.FILE_NAME), *config.flags(self._place)]
        try:
            return self._home.leash.spawn(
                argv, env=os.environ | dict(build.env), directory=self._directory, log=self._directory / _LOG
            )
        except OSError as error:
            raise NodeStartError(
                f"{self.spec.name} ({build.spec}) can't be started: {error}; command: {argv}"
            ) from error

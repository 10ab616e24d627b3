"""Servers in containers, through testcontainers-python.

A node is reached at a port that Docker publishes, which also works where Docker runs in a virtual machine
or on another one; TESTCONTAINERS_CONNECTION_MODE=bridge_ip takes the container's own address instead.
Configuration and certificates are copied into the container: nothing of this machine is mounted.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import docker.errors
import requests
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer

from topologies import config, readiness
from topologies.addresses import Addresses
from topologies.config import CertificateFiles, Listening
from topologies.door import Door
from topologies.engine import EngineNotAvailable, HomeError, NodeStartError
from topologies.homes import sweep
from topologies.homes.root import new_root
from topologies.leash import Leash
from topologies.node import Auth
from topologies.tls import Authority

if TYPE_CHECKING:
    import socket

    from docker.models.containers import Container

    from topologies.node import NodeSpec

_PORT = 6379  # inside the container
_INSIDE = "/rekey"
_LOCAL = ("localhost", "127.0.0.1")
_START_TRIES = 3  # the published port can be taken by somebody else before Docker binds it
_ROOT = Path(__file__).resolve().parents[2]


class DockerHome:
    """Nodes as containers of the engine that answers."""

    kind = "docker"
    cannot = ("no packet loss, no full disk, no wrong clock: only a cell can make them",)

    def __init__(self, *, addresses: Addresses | None = None) -> None:
        self.addresses = addresses or Addresses(worker=0, fixed=False)
        self.client = _connect()
        _choose_reaper(self.client)
        sweep.sweep(self.client)
        self.root = new_root()
        self.leash = Leash()
        self.leash.promise_removal(self.root)
        self.leash.promise_command(_sweeping())
        self.authority = Authority()
        self._nodes: list[DockerNode] = []
        self._count = 0

    def start(self, spec: NodeSpec) -> DockerNode:
        """A node that answers when this returns."""
        for _ in range(_START_TRIES - 1):
            with suppress(readiness.AddressTaken):
                return self._start(spec)
        return self._start(spec)

    def close(self) -> None:
        """Stop every node. Idempotent."""
        for node in self._nodes:
            node.stop()
        self._nodes.clear()
        self.leash.release()
        self.leash.close()
        self.client.close()

    def _start(self, spec: NodeSpec) -> DockerNode:
        _refuse_unconfigurable(spec)
        self._count += 1
        node = DockerNode(self, spec, self.root / f"{self._count}-{spec.name}")
        try:
            node.create()
        except BaseException:  # Ctrl-C too: nothing half-started stays
            node.stop()
            raise
        self._nodes.append(node)
        return node


class DockerNode:
    """A server that is a container."""

    def __init__(self, home: DockerHome, spec: NodeSpec, directory: Path) -> None:
        self.spec = spec
        self.credentials = config.credentials(spec.auth)
        self._home = home
        self._directory = directory
        self._described = DockerContainer(spec.build.image or "")
        self._container: Container | None = None
        self._door: Door | None = None

    @property
    def host(self) -> str:
        assert self._door is not None
        return self._door.host

    @property
    def port(self) -> int:
        assert self._door is not None
        return self._door.port

    @property
    def container_id(self) -> str:
        return str(self._made().id)

    def create(self) -> None:
        """Make and start the container; ready when this returns."""
        with_tls = self._stage()
        _describe(self._described, self.spec, with_tls, self._home.addresses)
        self._described.with_copy_into_container(self._directory / _INSIDE.strip("/"), "/")
        try:
            self._described.start()
        except docker.errors.APIError as error:
            raise _why_not_started(self.spec, error) from error
        self._container = self._described.get_wrapped_container()
        self._await()

    def dial(self, *, timeout_s: float = 5.0) -> socket.socket:
        """A new connection (inside TLS where the node has it), not yet authenticated."""
        assert self._door is not None
        return self._door.open(timeout_s=timeout_s)

    def alive(self) -> bool:
        return self._status() is None

    def log_tail(self, lines: int = 40) -> str:
        if self._container is None:
            return ""
        text: bytes = self._container.logs(tail=lines)
        return text.decode("utf-8", "backslashreplace").rstrip("\n")

    def kill(self) -> None:
        """End it with SIGKILL, and wait until it is gone."""
        if self.alive():
            with suppress(docker.errors.APIError):  # it has just ended by itself
                self._made().kill()
            self._made().wait()

    def restart(self) -> None:
        """Start it again, same address and directory; ready when this returns."""
        self.kill()
        self._made().start()
        self._await()

    def stop(self) -> None:
        """End it and remove everything that it left. Idempotent."""
        with suppress(docker.errors.NotFound):
            self._described.stop()
        self._container = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def _made(self) -> Container:
        assert self._container is not None, f"{self.spec.name} was stopped"
        return self._container

    def _stage(self) -> Listening:
        """Everything that is copied into the container, readable by whatever user the image runs its server
        as.
        """
        inside = self._directory / _INSIDE.strip("/")
        inside.mkdir(parents=True)
        certificate = None
        if self.spec.tls:
            names = [path.name for path in self._home.authority.issue(inside, _LOCAL[1])]
            certificate = CertificateFiles(*(f"{_INSIDE}/{name}" for name in names))
        place = Listening(address="0.0.0.0", port=_PORT, directory=_INSIDE, certificate=certificate)  # noqa: S104  (inside the container)
        (inside / config.FILE_NAME).write_text(config.file_text(self.spec, place))
        for path in inside.iterdir():
            path.chmod(0o644)
        inside.chmod(0o777)
        return place

    def _await(self) -> None:
        self._door = self._found()
        readiness.wait_until_ready(self.spec, self._door, exit_status=self._status, log_tail=self.log_tail)

    def _found(self) -> Door:
        """Where the container is reached; asked anew after every start."""
        try:
            host, port = self._described.get_container_host_ip(), self._described._get_exposed_port(_PORT)  # noqa: SLF001  (the public one sleeps for seconds over a container that has ended)
        except (ConnectionError, KeyError):  # it ended before it could be asked: any door will do
            host, port = _LOCAL[1], _PORT
        return Door(
            host=_LOCAL[1] if host in _LOCAL else host,  # localhost may be ::1, where nothing is published
            port=port,
            credentials=self.credentials,
            context=self._home.authority.client_context() if self.spec.tls else None,
        )

    def _status(self) -> int | None:
        if self._container is None:
            return 0
        try:
            self._container.reload()
        except docker.errors.NotFound:
            return 0
        state = self._container.attrs["State"]
        return None if state["Running"] else int(state["ExitCode"])


def _describe(container: DockerContainer, spec: NodeSpec, place: Listening, addresses: Addresses) -> None:
    """Everything about the container but the files in it."""
    known = [*spec.build.argv, f"{_INSIDE}/{config.FILE_NAME}", *config.flags(place)]
    unknown = ["--port", str(_PORT), "--bind", place.address]
    container.with_command(known if spec.build.argv else unknown)
    container.with_envs(**dict(spec.build.env))
    container.with_kwargs(labels=sweep.labels())
    mode = container.get_docker_client().get_connection_mode()
    if mode.use_mapped_port:
        # A port of our choice, because one of Docker's choice is another one after a restart.
        port = addresses.free_port(_LOCAL[1])
        nearby = mode == ConnectionMode.docker_host and container.get_docker_client().host() in _LOCAL
        published = (_LOCAL[1], port) if nearby else port
        container.ports[f"{_PORT}/tcp"] = published  # type: ignore[assignment]  # docker takes a pair, too


def _refuse_unconfigurable(spec: NodeSpec) -> None:
    if not spec.build.argv and (spec.tls or spec.auth is not Auth.NONE or spec.config):
        raise EngineNotAvailable(
            f"{spec.build.spec} did not say what server it is: Rekey does not know how to tell it about TLS, "
            "passwords or configuration"
        )


def _why_not_started(spec: NodeSpec, error: docker.errors.APIError) -> NodeStartError:
    what = (
        f"Docker can't start {spec.name} ({spec.build.spec}, image {spec.build.image}): {error.explanation}"
    )
    taken = "port is already allocated" in what or "address already in use" in what
    return readiness.AddressTaken(what) if taken else NodeStartError(what)


def _connect() -> docker.DockerClient:
    for name in ("container", "docker_client"):
        logging.getLogger(f"testcontainers.core.{name}").setLevel(logging.WARNING)
    try:
        client = docker.from_env()
        client.ping()
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise HomeError(f"no Docker engine answers: {error}; start one, or try --provider auto") from error
    return client


def _choose_reaper(client: docker.DockerClient) -> None:
    """Ryuk, Testcontainers' own watchdog, works beside ours where its image is here; it is not worth a
    pull.
    """
    if "TESTCONTAINERS_RYUK_DISABLED" in os.environ:
        return
    try:
        client.images.get(testcontainers_config.ryuk_image)
    except docker.errors.ImageNotFound:
        testcontainers_config.ryuk_disabled = True


def _sweeping() -> list[str]:
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from topologies.homes.sweep import main; main()"
    return [sys.executable, "-c", code]

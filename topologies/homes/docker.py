"""Servers in containers, through testcontainers-python.

A node is reached at a port that Docker publishes, which also works where Docker runs in a virtual machine
or on another one; TESTCONTAINERS_CONNECTION_MODE=bridge_ip takes the container's own address instead.
Configuration and certificates are copied into the container: nothing of this machine is mounted.
"""

from __future__ import annotations

import io
import ipaddress
import itertools
import logging
import os
import shutil
import socket
import sys
import tarfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import docker.errors
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from topologies import config, docker_engine, readiness
from topologies.addresses import Addresses
from topologies.config import CertificateFiles, Listening
from topologies.door import Door
from topologies.engine import EngineNotAvailable, HomeError, NodeStartError
from topologies.homes import sweep
from topologies.homes.root import new_root
from topologies.homes.roster import Roster
from topologies.leash import Leash
from topologies.node import Auth
from topologies.tls import Authority

if TYPE_CHECKING:
    from docker.models.containers import Container

    from topologies.node import NodeSpec

_PORT = 6379  # inside the container
_INSIDE = "/rekey"
_FOR_ALL = 0o666
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
        self.nearby = _nearby()
        self.root = new_root()
        self.leash = Leash()
        self.leash.promise_removal(self.root)
        self.leash.promise_command(_sweeping())
        self.authority = Authority()
        self._nodes: Roster[DockerNode] = Roster()
        self._numbers = itertools.count(1)

    def start(self, spec: NodeSpec) -> DockerNode:
        """A node that answers when this returns."""
        _refuse_unconfigurable(spec)
        return self._nodes.start(lambda: self._new(spec), DockerNode.create)

    def close(self) -> None:
        """Stop every node. Idempotent."""
        self._nodes.stop()
        self.leash.release()
        self.leash.close()
        self.client.close()

    def _new(self, spec: NodeSpec) -> DockerNode:
        return DockerNode(self, spec, self.root / f"{next(self._numbers)}-{spec.name}")


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
        place = self._stage()
        _describe(self._described, self.spec, place, self._home)
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
        if renewed := config.files(self.spec):  # the last server may have changed them
            self._made().put_archive(_INSIDE, _archive(renewed))
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
            names = [path.name for path in self._home.authority.issue(inside)]
            certificate = CertificateFiles(*(f"{_INSIDE}/{name}" for name in names))
        place = Listening(address="0.0.0.0", port=_PORT, directory=_INSIDE, certificate=certificate)  # noqa: S104  (inside the container)
        (inside / config.FILE_NAME).write_text(config.file_text(self.spec, place))
        for path in inside.iterdir():
            path.chmod(0o644)
        for name, text in config.files(self.spec).items():
            (inside / name).write_text(text)
            (inside / name).chmod(_FOR_ALL)
        inside.chmod(0o777)
        return place

    def _await(self) -> None:
        self._door = self._found()
        readiness.wait_until_ready(self.spec, self._door, exit_status=self._status, log_tail=self.log_tail)

    def _found(self) -> Door:
        """Where the container is reached; asked anew after every start."""
        try:
            host = "127.0.0.1" if self._home.nearby else self._described.get_container_host_ip()
            port = self._described._get_exposed_port(_PORT)  # noqa: SLF001  (the public one waits for minutes for a container that has ended)
        except (ConnectionError, KeyError):  # it ended before it could be asked: any door will do
            host, port = "127.0.0.1", _PORT
        context = self._home.authority.client_context() if self.spec.tls else None
        return Door(
            host=host, port=port, credentials=self.credentials, context=context, cluster=self.spec.cluster
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


def _archive(files: dict[str, str]) -> bytes:
    """Files that whatever user the image runs its server as may write to, as a tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), _FOR_ALL
            tar.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def _describe(container: DockerContainer, spec: NodeSpec, place: Listening, home: DockerHome) -> None:
    """Everything about the container but the files in it."""
    known = [*spec.build.argv, f"{_INSIDE}/{config.FILE_NAME}", *config.flags(place)]
    unknown = ["--port", str(_PORT), "--bind", place.address]
    container.with_command(known if spec.build.argv else unknown)
    container.with_envs(**dict(spec.build.env))
    container.with_kwargs(labels=sweep.labels())
    if container.get_docker_client().get_connection_mode().use_mapped_port:
        # A port of our choice, because one of Docker's choice is another one after a restart.
        published = ("127.0.0.1" if home.nearby else "0.0.0.0", home.addresses.free_port("127.0.0.1"))  # noqa: S104  (has to be reached from another machine)
        container.ports[f"{_PORT}/tcp"] = published  # type: ignore[assignment]  # docker takes a pair, too


def _nearby() -> bool:
    """Whether what the engine publishes on its loopback is on ours."""
    engine = DockerClient()
    with closing(engine.client):
        if not engine.get_connection_mode().use_mapped_port:
            return False
        if engine.get_connection_mode() == ConnectionMode.gateway_ip:  # we are in a container
            return _is_ours(_gateway(engine.client))
        return engine.host() in ("localhost", "127.0.0.1")


def _gateway(client: docker.DockerClient) -> str:
    """The engine's own address in its default network: by custom the first one, if it does not say."""
    (network,) = client.networks.get("bridge").attrs["IPAM"]["Config"][:1]
    return str(network.get("Gateway") or next(ipaddress.ip_network(network["Subnet"]).hosts()))


def _is_ours(address: str) -> bool:
    with socket.socket() as attempt, suppress(OSError):
        attempt.bind((address, 0))
        return True
    return False


def _refuse_unconfigurable(spec: NodeSpec) -> None:
    if not spec.build.argv and (spec.tls or spec.auth is not Auth.NONE or spec.config or spec.cluster):
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
        return docker_engine.connect()
    except EngineNotAvailable as error:
        raise HomeError(f"{error} Or try --provider auto") from error


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

"""What only the Docker home has: published ports, labels, and containers that go when their owner does.

What it shares with the other homes is tested in test_homes.py.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import docker.errors
import msgspec
import pytest

from tests.sample_builds import QUICK, real_build
from topologies import owner
from topologies.addresses import Addresses
from topologies.engine import Build, Engine, EngineNotAvailable, HomeError, NodeStartError
from topologies.homes import choose, sweep
from topologies.node import Auth, NodeSpec
from topologies.owner import Owner
from topologies.sources import docker_image
from topologies.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.homes.docker import DockerHome

ROOT = Path(__file__).resolve().parents[1]
IMAGE = QUICK.replace("@wheel", "@docker")
GONE_WITHIN_S = 30.0

pytestmark = [
    pytest.mark.docker,
    pytest.mark.engines,
    pytest.mark.skipif(docker_image.why_not() is not None, reason=str(docker_image.why_not())),
]


@pytest.fixture
def home() -> Iterator[DockerHome]:
    from topologies.homes.docker import DockerHome  # noqa: PLC0415  (slow to import: only where Docker answers)

    home = DockerHome()
    yield home
    home.close()


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    with contextlib.closing(docker.from_env()) as client:
        yield client


def test_a_node_is_published_to_this_machine_only(home: DockerHome, client: docker.DockerClient) -> None:
    node = home.start(NodeSpec(name="one", build=real_build(IMAGE)))
    published = client.containers.get(node.container_id).attrs["NetworkSettings"]["Ports"]["6379/tcp"]
    assert published == [{"HostIp": "127.0.0.1", "HostPort": str(node.port)}]
    assert node.host == "127.0.0.1"


def test_a_container_says_whose_it_is(home: DockerHome, client: docker.DockerClient) -> None:
    node = home.start(NodeSpec(name="one", build=real_build(IMAGE)))
    labels = client.containers.get(node.container_id).labels
    assert Owner.parse(labels[sweep.LABEL]) == Owner.me()


def test_the_living_are_left_alone_and_the_dead_are_swept(client: docker.DockerClient) -> None:
    me = Owner.me()
    dead = Owner(machine=me.machine, boot=me.boot, tree=me.tree, pid=me.pid, started="1")
    elsewhere = Owner(machine="another", boot="another", tree="", pid=1, started="1")
    image = str(real_build(IMAGE).image)
    made = [
        client.containers.create(image, ["valkey-server"], labels={sweep.LABEL: str(label)})
        for label in (me, dead, elsewhere, "not an owner")
    ]
    try:
        swept = sweep.sweep(client)
        assert made[1].name in swept
        assert not {str(made[n].name) for n in (0, 2, 3)} & set(swept)
    finally:
        for container in made:
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True, v=True)


def test_a_published_port_that_is_taken_is_avoided(home: DockerHome) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        ports = iter([stranger.getsockname()[1]])
        home.addresses = Unlucky(worker=0, fixed=False, ports=ports)
        node = home.start(NodeSpec(name="one", build=real_build(IMAGE)))
        assert node.alive()
        assert next(ports, None) is None


class Unlucky(Addresses):
    """The first port is taken by somebody else before Docker binds it."""

    def __init__(self, *, worker: int, fixed: bool, ports: Iterator[int]) -> None:
        super().__init__(worker=worker, fixed=fixed)
        self.ports = ports

    def free_port(self, host: str) -> int:
        return next(self.ports, None) or Addresses.free_port(self, host)


def test_an_image_whose_program_is_not_there_is_named(home: DockerHome) -> None:
    wrong = replace(real_build(IMAGE), spec="image:x", argv=("no-such-server",))
    with pytest.raises(NodeStartError, match=r"Docker can't start one \(image:x, .*no-such-server"):
        home.start(NodeSpec(name="one", build=wrong))


def test_a_container_that_ends_at_once_says_its_last_words(home: DockerHome) -> None:
    wrong = replace(real_build(IMAGE), spec="image:x", argv=("valkey-server", "--bad"))
    with pytest.raises(NodeStartError, match=r"(?s)ended with exit code 1 .*its last log lines:.*bad"):
        home.start(NodeSpec(name="one", build=wrong))


def test_a_server_that_did_not_say_what_it_is_gets_no_password() -> None:
    build = Build(engine=Engine("unknown", ()), source="image", spec="image:x", argv=(), image="x:1")
    home = choose("auto", [build])
    try:
        with pytest.raises(EngineNotAvailable, match="image:x did not say what server it is"):
            home.start(NodeSpec(name="one", build=build, auth=Auth.PASSWORD))
    finally:
        home.close()


def test_docker_needs_images_and_images_need_docker() -> None:
    program = Build(engine=Engine("redis", (7,)), source="path", spec="path:/x", argv=("/x",))
    image = Build(engine=Engine("redis", (7,)), source="image", spec="image:x", argv=(), image="x:1")
    with pytest.raises(HomeError, match="needs an image of every engine, path:/x has none"):
        choose("docker", [program])
    with pytest.raises(HomeError, match="image:x can only run in Docker, not with --provider process"):
        choose("process", [program, image])


def test_an_engine_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    with pytest.raises(HomeError, match="no Docker engine answers"):
        choose("docker", [])


SCRIPT = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import msgspec
from topologies.fetch import obtain
from topologies.homes.docker import DockerHome
from topologies.node import NodeSpec

home = DockerHome()
try:
    build, = obtain([{IMAGE!r}], progress=False)
    nodes = [home.start(NodeSpec(name=f"n{{i}}", build=build)) for i in range(2)]
    left = [[n.container_id for n in nodes], home.leash.pid, str(home.root)]
    print(msgspec.json.encode(left).decode(), flush=True)
    if sys.stdin.readline() == "fail\\n":
        raise ZeroDivisionError
finally:
    home.close()
"""


class Run:
    """A process of its own with a home and two containers in it."""

    def __init__(self, client: docker.DockerClient) -> None:
        real_build(IMAGE)
        self.client = client
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.containers, self.watchdog, self.directory = msgspec.json.decode(
            line, type=tuple[list[str], int, str]
        )
        assert len(self.still_there()) == 4

    def still_there(self) -> list[object]:
        known = {container.id for container in self.client.containers.list(all=True, ignore_removed=True)}
        left: list[object] = [one for one in self.containers if one in known]
        left += [self.watchdog] if owner.started(self.watchdog) else []
        return [*left, *([self.directory] if Path(self.directory).exists() else [])]

    def end(self, last_line: str = "") -> int:
        self.process.communicate(last_line, timeout=60)
        return self.process.returncode

    def is_gone(self) -> None:
        wait_until(
            self.still_there, timeout_s=GONE_WITHIN_S, expect="nothing left", until=lambda left: left == []
        )


@pytest.mark.parametrize(("last_line", "code"), [("", 0), ("fail\n", 1)])
def test_nothing_is_left_after_success_and_failure(
    client: docker.DockerClient, last_line: str, code: int
) -> None:
    run = Run(client)
    assert run.end(last_line) == code
    assert run.still_there() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_the_run_is_ended(client: docker.DockerClient, number: signal.Signals) -> None:
    run = Run(client)
    run.process.send_signal(number)
    run.process.wait(timeout=60)  # before its input ends, which would let it end well
    assert run.end() != 0
    run.is_gone()


def test_nothing_is_left_when_the_watchdog_is_killed(client: docker.DockerClient) -> None:
    run = Run(client)
    os.kill(run.watchdog, signal.SIGKILL)
    assert run.end() == 0
    assert run.still_there() == []


def test_nothing_is_left_by_the_next_run_when_both_are_killed(client: docker.DockerClient) -> None:
    run = Run(client)
    os.kill(run.watchdog, signal.SIGSTOP)  # it must not get to its work
    run.process.kill()
    os.kill(run.watchdog, signal.SIGKILL)
    run.end()
    choose("docker", []).close()
    run.is_gone()

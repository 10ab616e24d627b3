"""Nodes in every home: they start with and without TLS, passwords and users, die, come back, and say why
they could not.
"""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.sample_builds import OLD, QUICK, WITH_TLS, real_build, script_build
from topologies import cell, homes, readiness
from topologies.addresses import Addresses, Seat
from topologies.engine import Build, EngineNotAvailable, HomeError, NodeStartError
from topologies.homes.process import ProcessHome
from topologies.node import Auth, Home, Node, NodeSpec
from topologies.sources import docker_image
from topologies.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engines


PLAIN = ["process", pytest.param("cell", marks=pytest.mark.cell)]
DOCKER = pytest.param("docker", marks=pytest.mark.docker)


def opened(kind: str) -> Iterator[Home]:
    if kind == "cell" and not cell.inside():
        pytest.skip("not inside a cell; test_cell.py enters one and runs this file there")
    if kind == "docker" and (reason := docker_image.why_not()):
        pytest.skip(reason)
    home = homes.choose(kind, [])
    yield home
    home.close()


@pytest.fixture(params=[*PLAIN, DOCKER])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    yield from opened(request.param)


@pytest.fixture(params=PLAIN)
def plain_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    yield from opened(request.param)


def engine(home: Home, spec: str) -> Build:
    """The same engine as an image, where the home is Docker."""
    return real_build(spec.replace("@wheel", "@docker") if home.kind == "docker" else spec)


def ask(node: Node, *words: str, context: socket.socket | None = None) -> bytes:
    """The first bytes of the reply, after AUTH where the node wants it."""
    connection = context or node.dial()
    with connection:
        if node.credentials:
            connection.sendall(inline("AUTH", *node.credentials))
            assert connection.recv(100) == b"+OK\r\n"
        connection.sendall(inline(*words))
        return connection.recv(4096)


def inline(*words: str) -> bytes:
    return " ".join(words).encode() + b"\r\n"


@pytest.mark.parametrize("auth", list(Auth))
@pytest.mark.parametrize("spec", [QUICK, OLD])
def test_a_node_answers_in_both_protocols(home: Home, spec: str, auth: Auth) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, spec), auth=auth))
    assert ask(node, "PING") == b"+PONG\r\n"
    assert ask(node, "HELLO", "2").startswith(b"*")
    assert ask(node, "HELLO", "3").startswith(b"%")


@pytest.mark.parametrize("auth", list(Auth))
def test_a_node_with_tls_answers_inside_of_it(home: Home, auth: Auth) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, WITH_TLS), tls=True, auth=auth))
    connection = node.dial()
    assert isinstance(connection, ssl.SSLSocket)
    assert ask(node, "HELLO", "3", context=connection).startswith(b"%")


def test_a_stranger_to_our_authority_does_not_get_in(home: Home) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, WITH_TLS), tls=True))
    with (
        socket.create_connection((node.host, node.port), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("auth", [Auth.PASSWORD, Auth.ACL])
def test_nobody_gets_in_without_credentials(home: Home, auth: Auth) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, QUICK), auth=auth))
    with node.dial() as connection:
        connection.sendall(inline("PING"))
        assert connection.recv(100).startswith(b"-NOAUTH")


def test_an_engine_without_tls_is_said_to_be_without_tls(home: Home) -> None:
    with pytest.raises(EngineNotAvailable, match=r"redis:6\.2\.14.*was built without TLS"):
        home.start(NodeSpec(name="one", build=engine(home, OLD), tls=True))


def test_nodes_are_apart(home: Home) -> None:
    nodes = [home.start(NodeSpec(name=f"n{n}", build=engine(home, QUICK))) for n in range(3)]
    assert len({(node.host, node.port) for node in nodes}) == 3
    assert ask(nodes[0], "SET", "k", "v") == b"+OK\r\n"
    assert ask(nodes[1], "GET", "k") == b"$-1\r\n"


def test_nodes_may_be_started_at_once_and_outlive_the_thread_that_started_them(plain_home: Home) -> None:
    """The kernel's parent-death signal belongs to a thread: had this thread's end been a parent's, all
    would die.
    """
    specs = [NodeSpec(name=f"n{n}", build=real_build(QUICK)) for n in range(4)]
    with ThreadPoolExecutor(max_workers=4) as threads:
        nodes = list(threads.map(plain_home.start, specs))
    assert [ask(node, "PING") for node in nodes] == [b"+PONG\r\n"] * 4
    assert len({(node.host, node.port) for node in nodes}) == 4


def test_rekey_leaves_nothing_to_the_engines_defaults(home: Home) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, QUICK), config=(("maxmemory", "100mb"),)))
    assert b"$0\r\n\r\n" in ask(node, "CONFIG", "GET", "save")
    assert b"104857600" in ask(node, "CONFIG", "GET", "maxmemory")
    assert ask(node, "DEBUG", "SLEEP", "0") == b"+OK\r\n"


def test_a_killed_node_is_seen_to_be_dead_and_comes_back_empty_at_its_address(home: Home) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, QUICK)))
    where = node.host, node.port
    ask(node, "SET", "k", "v")
    assert node.alive()
    node.kill()
    assert not node.alive()
    with pytest.raises(OSError):  # noqa: PT011  (refused or reset, as the home has it)
        node.dial(timeout_s=1)
    node.restart()
    assert node.alive()
    assert (node.host, node.port) == where
    assert ask(node, "GET", "k") == b"$-1\r\n"


def test_a_node_that_ends_by_itself_is_seen_to_be_dead(home: Home) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, QUICK)))
    with node.dial() as connection:
        connection.sendall(inline("SHUTDOWN", "NOSAVE"))
        wait_until(lambda: not node.alive(), timeout_s=5, expect="the node to end")
    assert "bye bye" in node.log_tail()
    assert len(node.log_tail(lines=2).splitlines()) == 2


def test_stop_and_close_may_be_said_twice(home: Home) -> None:
    node = home.start(NodeSpec(name="one", build=engine(home, QUICK)))
    node.stop()
    node.stop()
    assert not node.alive()
    assert node.log_tail() == ""
    home.close()
    home.close()


def test_a_bad_directive_is_shown_with_the_log(home: Home) -> None:
    source = "docker" if home.kind == "docker" else "wheel"
    with pytest.raises(NodeStartError) as caught:
        home.start(NodeSpec(name="one", build=engine(home, QUICK), config=(("no-such-directive", "1"),)))
    assert f"one (valkey:8.1.8@{source}, valkey:8.1.8)" in str(caught.value)
    assert "no-such-directive" in str(caught.value).partition("its last log lines:")[2]


def test_a_server_that_dies_at_once_says_its_last_words(plain_home: Home, tmp_path: Path) -> None:
    build = script_build(tmp_path, "echo these are my last words; exit 3")
    with pytest.raises(NodeStartError, match=r"(?s)ended with exit code 3 .*these are my last words"):
        plain_home.start(NodeSpec(name="one", build=build))


def test_a_program_that_is_no_program_can_not_be_started(plain_home: Home, tmp_path: Path) -> None:
    build = script_build(tmp_path, "")
    (tmp_path / "server.sh").chmod(0o644)
    with pytest.raises(NodeStartError, match=r"can't be started: .*Permission denied"):
        plain_home.start(NodeSpec(name="one", build=build))


def test_a_server_that_never_answers_is_given_up(
    plain_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "TIMEOUT_S", 0.2)
    build = script_build(tmp_path, "echo I think; exec sleep 1000")
    with pytest.raises(NodeStartError, match=r"(?s)to answer PING; not so after 0\.2.*refused.*I think"):
        plain_home.start(NodeSpec(name="one", build=build))


def test_a_script_is_told_its_port_address_and_directory_as_flags(plain_home: Home, tmp_path: Path) -> None:
    build = script_build(tmp_path, 'echo "$@"; exit 1')
    with pytest.raises(NodeStartError, match=r"\.conf --port \d+ --bind 127\.\S+ --dir /"):
        plain_home.start(NodeSpec(name="one", build=build))


def test_a_wrapper_script_ends_with_its_child(plain_home: Home, tmp_path: Path) -> None:
    server = real_build(QUICK).argv[0]
    build = script_build(tmp_path, f'{server} "$@"\necho ended $?')
    node = plain_home.start(NodeSpec(name="one", build=build))
    where = node.host, node.port
    node.kill()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_until(lambda: binds(again, where), timeout_s=5, expect=f"{where} to be free")


def binds(attempt: socket.socket, where: tuple[str, int]) -> bool:
    try:
        attempt.bind(where)
    except OSError:
        return False
    return True


class Unlucky(Addresses):
    """The first seats are taken by somebody else before the server gets there."""

    misfortunes = 2
    taken_port = 0

    def take(self) -> Seat:
        seat = super().take()
        if self.misfortunes == 0:
            return seat
        self.misfortunes -= 1
        proxy = {"proxy_host": seat.proxy_host, "proxy_port": seat.proxy_port}
        return Seat(index=seat.index, host="127.0.0.1", port=self.taken_port, **proxy)  # type: ignore[arg-type]


@pytest.mark.parametrize(("misfortunes", "starts"), [(2, True), (3, False)])
def test_a_port_in_use_is_avoided_and_then_named(misfortunes: int, starts: bool) -> None:  # noqa: FBT001  (pytest's)
    build = real_build(QUICK)
    addresses = Unlucky(worker=0, fixed=False)
    addresses.misfortunes = misfortunes
    home = ProcessHome(addresses=addresses)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        addresses.taken_port = stranger.getsockname()[1]
        try:
            if starts:
                assert home.start(NodeSpec(name="one", build=build)).alive()
            else:
                with pytest.raises(NodeStartError, match="its port is in use by another program"):
                    home.start(NodeSpec(name="one", build=build))
        finally:
            home.close()


def test_two_homes_and_two_workers_do_not_meet() -> None:
    build = real_build(QUICK)
    owners = [ProcessHome(addresses=Addresses(worker=w, fixed=False)) for w in (0, 0, 1)]
    nodes = [each.start(NodeSpec(name="one", build=build)) for each in owners]
    assert len({(node.host, node.port) for node in nodes}) == 3
    for each in owners:
        each.close()


def test_an_unwritable_place_for_nodes_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match=r"can't make a directory for nodes in .*file.*TMPDIR"):
        ProcessHome(parent=tmp_path / "file")

"""The liar lies as each lie says, and about nothing else."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generators.command import Program, command, parse
from tests.liar.engine import make_liar
from tests.liar.lie import HONEST, Lie
from tests.liar.lies import LIES, by_name
from tests.liar.page import page
from tests.liar.session import Session
from tests.liar.shown import SHOWN
from tests.sample_builds import QUICK, WITH_TLS, real_build
from topologies.fetch import obtain
from topologies.node import Auth, NodeSpec
from topologies.reply import Kind, Reply
from topologies.resp import decode_all
from topologies.show import show
from topologies.wait import wait_until

if TYPE_CHECKING:
    from topologies.homes.process import ProcessHome
    from topologies.node import Node

pytestmark = pytest.mark.engines

# Something of everything, to see what else a lie changes: nothing in it expires, or is drawn by lot.
AT_WORK = tuple(
    map(parse, (Path(__file__).parent / "liar" / "at_work.txt").read_text(encoding="utf-8").splitlines())
)


@pytest.fixture(scope="module")
def node(home: ProcessHome) -> Node:
    return home.start(NodeSpec(name="true", build=real_build(QUICK)))


@pytest.fixture(scope="module")
def cluster_node(home: ProcessHome) -> Node:
    return home.start(NodeSpec(name="cluster", build=real_build(QUICK), cluster=True))


@pytest.fixture
def where(request: pytest.FixtureRequest, lie: Lie) -> Node:
    """The server that a lie is about: a cluster node is started when the first lie of clusters is told."""
    name = "cluster_node" if lie.clustered else "node"
    node: Node = request.getfixturevalue(name)
    return node


def through(node: Node, lie: Lie, program: Program, protocol: int) -> list[Reply]:
    """What a client gets for the program, after FLUSHALL, through a session with the lie."""
    session = Session(lie)
    before = (command("HELLO", protocol), command("FLUSHALL"))
    request = session.from_client(
        b"".join(each.encode() for each in (*before, *program, command("ECHO", "end")))
    )
    heard = b""
    with node.dial() as wire:
        wire.sendall(request)
        while not heard.endswith(b"$3\r\nend\r\n"):
            received = wire.recv(1 << 16)
            assert received, f"the server closed after {heard[-200:]!r}"
            heard += session.from_server(received)
    return decode_all(heard)[len(before) : -1]


def lines(text: str) -> Program:
    return tuple(map(parse, text.split(" ; ")))


def shown(reply: Reply) -> str:
    """As people see it; of a long one, its last two elements."""
    if isinstance(reply.value, tuple) and len(reply.value) > 100:
        return "… " + " ".join(
            each.value.decode() for each in reply.value[-2:] if isinstance(each.value, bytes)
        )
    return show(reply)


def pending_of_last_group(reply: Reply) -> str:
    groups = reply.value
    assert isinstance(groups, tuple)
    last = groups[-1].value
    assert isinstance(last, tuple)
    return f"… pending {last[[part.value for part in last].index(b'pending') + 1].value}"


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_lies_as_it_says(where: Node, lie: Lie) -> None:
    text, truth, untruth = SHOWN[lie.name]
    see = pending_of_last_group if lie.name == "xinfo-second-group" else shown
    honest = through(where, HONEST, lines(text), lie.protocol or 2)
    lying = through(where, lie, lines(text), lie.protocol or 2)
    assert lying[:-1] == honest[:-1]
    assert (see(honest[-1]), see(lying[-1])) == (truth, untruth)


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie.protocol is None], ids=lambda lie: lie.name)
def test_lies_in_resp3_too(where: Node, lie: Lie) -> None:
    program = lines(SHOWN[lie.name][0])
    honest, lying = (through(where, each, program, 3) for each in (HONEST, lie))
    assert lying[:-1] == honest[:-1]
    assert lying[-1] != honest[-1]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
@pytest.mark.parametrize("protocol", [2, 3])
def test_lies_about_nothing_else(node: Node, lie: Lie, protocol: int) -> None:
    if lie.rule == "agreement.state" or lie.rule.startswith("agreement.unknown"):
        program = tuple(
            each for each in AT_WORK if not lie.touches(each)
        )  # what it spoils is felt later, too
    else:
        program = AT_WORK
    honest, lying = (through(node, each, program, protocol) for each in (HONEST, lie))
    differing = {each.name for each, a, b in zip(program, honest, lying, strict=True) if a != b}
    assert differing <= {lie.subject.split()[0], "EXEC"}


@pytest.mark.parametrize("protocol", [2, 3])
def test_the_proxy_alone_changes_no_byte(node: Node, protocol: int) -> None:
    program = (command("HELLO", protocol), command("FLUSHALL"), *AT_WORK)
    direct = b""
    with node.dial() as wire:
        wire.sendall(b"".join(each.encode() for each in (*program, command("ECHO", "end"))))
        while not direct.endswith(b"$3\r\nend\r\n"):
            direct += wire.recv(1 << 16)
    assert through(node, HONEST, AT_WORK, protocol) == decode_all(direct)[2:-1]


@pytest.mark.parametrize(
    "text",
    [
        "MULTI x ; DISCARD",
        "MULTI ; SET s ; DISCARD",
        "MULTI ; EXEC x ; DISCARD",
        "WATCH s ; SET s a ; MULTI ; DISCARD",
    ],
)
def test_only_what_a_discarded_transaction_does_is_a_lie(node: Node, text: str) -> None:
    honest, lying = (through(node, each, lines(text), 2) for each in (HONEST, by_name("discard-executes")))
    assert lying == honest


def test_every_lie_is_shown_and_listed() -> None:
    assert set(SHOWN) == {lie.name for lie in LIES}
    assert len(SHOWN) == len(LIES)
    assert (Path(__file__).parents[1] / "docs" / "lies.md").read_text(encoding="utf-8") == page()


def test_no_such_lie() -> None:
    with pytest.raises(KeyError, match="no lie is called 'white'"):
        by_name("white")


def ask(node: Node, *words: str | int) -> Reply:
    with node.dial() as wire:
        if node.credentials:
            wire.sendall(command("AUTH", *node.credentials).encode())
            assert wire.recv(100) == b"+OK\r\n"
        wire.sendall(command(*words).encode())
        return decode_all(wire.recv(1 << 16))[0]


@pytest.mark.parametrize(("tls", "auth"), [(False, Auth.NONE), (False, Auth.ACL), (True, Auth.PASSWORD)])
def test_as_an_engine(home: ProcessHome, tmp_path: Path, tls: bool, auth: Auth) -> None:  # noqa: FBT001
    real = real_build(WITH_TLS if tls else QUICK)
    script = make_liar(tmp_path, real, "incr-bulk")
    build = obtain([f"path:{script}"], progress=False)[0]
    assert build.engine == real.engine
    liar = home.start(NodeSpec(name="liar", build=build, tls=tls, auth=auth))
    assert ask(liar, "INCR", "s") == Reply(Kind.BULK, b"1")
    assert ask(liar, "GET", "s") == Reply(Kind.BULK, b"1")
    liar.restart()
    assert ask(liar, "EXISTS", "s") == Reply(Kind.INTEGER, 0)
    liar.stop()


def test_the_true_server_dies_with_the_liar(home: ProcessHome, tmp_path: Path) -> None:
    script = make_liar(tmp_path, real_build(QUICK), "honest")
    liar = home.start(NodeSpec(name="liar", build=obtain([f"path:{script}"], progress=False)[0]))
    about = ask(liar, "INFO", "server").value
    assert isinstance(about, bytes)
    true_pid = int(about.split(b"process_id:")[1].split()[0])
    assert liar.pid is not None
    assert Path(f"/proc/{true_pid}/exe").exists() or sys.platform != "linux"
    os.kill(liar.pid, signal.SIGKILL)
    wait_until(
        lambda: _gone(true_pid), timeout_s=5, expect=f"the true server, process {true_pid}, to be gone"
    )
    liar.stop()


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] == "Z"


def test_a_large_pipeline_in_small_pieces(home: ProcessHome, tmp_path: Path) -> None:
    script = make_liar(tmp_path, real_build(QUICK), "honest")
    liar = home.start(NodeSpec(name="liar", build=obtain([f"path:{script}"], progress=False)[0]))
    message = b"".join(command("SET", f"k{number % 7}", "v" * number).encode() for number in range(2000))
    with liar.dial() as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(message), 70_001):
            wire.sendall(message[at : at + 70_001])
        wire.sendall(command("ECHO", "end").encode())
        heard = b""
        while not heard.endswith(b"$3\r\nend\r\n"):
            heard += wire.recv(1 << 16)
    assert heard == b"+OK\r\n" * 2000 + b"$3\r\nend\r\n"
    liar.stop()

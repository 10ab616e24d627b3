"""A proxy in front of a server: what goes through, what is cut, what is wrong with it, and that nothing is left."""

from __future__ import annotations

import contextlib
import functools
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from topologies import owner
from topologies.engine import Build, HarnessError, NodeStartError
from topologies.fetch import obtain_toxiproxy
from topologies.homes.process import ProcessHome
from topologies.proxies import Address, Proxies, Proxy, ProxyError, Traffic
from topologies.toxics import Bandwidth, Latency, Limit, Reset, Sliced, Stall, Stream
from topologies.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.toxics import Toxic

pytestmark = pytest.mark.engines
ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def toxiproxy() -> Build | str:
    try:
        return obtain_toxiproxy(progress=False)
    except HarnessError as error:
        return str(error)


def the_toxiproxy() -> Build:
    """The build, or a skip."""
    found = toxiproxy()
    if isinstance(found, str):
        pytest.skip(f"Toxiproxy can't be had here: {found}")
    return found


@pytest.fixture(scope="module")
def proxies(home: ProcessHome) -> Proxies:
    return home.proxies(the_toxiproxy())


@pytest.fixture
def echo() -> Iterator[Address]:
    """A server that sends back the first bytes of each connection."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.sendall(client.recv(100))

    thread = threading.Thread(target=serve)
    thread.start()
    yield Address("127.0.0.1", server.getsockname()[1])
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


@pytest.fixture
def proxy(home: ProcessHome, proxies: Proxies, echo: Address) -> Iterator[Proxy]:
    yield proxies.add(
        "link", listen=Address("127.0.0.1", home.addresses.free_port("127.0.0.1")), upstream=echo
    )
    proxies.remove("link")


def said(proxy: Proxy) -> bytes | str:
    """What comes back, or the error's name."""
    try:
        with socket.create_connection((proxy.listen.host, proxy.listen.port), timeout=5) as connection:
            connection.sendall(b"hello")
            return b"".join(iter(lambda: connection.recv(100), b""))
    except OSError as error:
        return type(error).__name__


def test_what_is_sent_goes_through_and_is_counted(proxies: Proxies, proxy: Proxy) -> None:
    assert said(proxy) == b"hello"
    counted = Traffic(connections=1, upstream_bytes=5, downstream_bytes=5)
    wait_until(
        lambda: proxies.traffic()["link"], timeout_s=5, expect="it counted", until=lambda it: it == counted
    )


def test_a_cut_refuses_and_healing_serves_again(proxy: Proxy) -> None:
    with proxy.down():
        assert said(proxy) == "ConnectionRefusedError"
    assert said(proxy) == b"hello"


def test_a_cut_ends_what_is_connected(proxy: Proxy) -> None:
    with socket.create_connection((proxy.listen.host, proxy.listen.port), timeout=5) as connection:
        proxy.cut()
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    proxy.heal()


@pytest.mark.parametrize(
    ("toxic", "seen"),
    [
        (Latency(ms=20), b"hello"),
        (Bandwidth(kb_s=100), b"hello"),
        (Sliced(bytes_each=1), b"hello"),
        (Limit(bytes_all=2), b"he"),
        (Reset(), "ConnectionResetError"),
        (Stall(close_after_ms=10), b""),
    ],
)
def test_each_toxic_does_what_it_says(proxy: Proxy, toxic: Toxic, seen: bytes | str) -> None:
    name = proxy.add(toxic)
    assert proxy.toxics() == (name,)
    assert said(proxy) == seen
    proxy.take(name)
    assert said(proxy) == b"hello"


def test_both_ways_have_their_own_and_healing_takes_all(proxy: Proxy) -> None:
    proxy.add(Latency(ms=1))
    proxy.add(Latency(ms=1), Stream.UPSTREAM)
    assert len(proxy.toxics()) == 2
    proxy.heal()
    assert proxy.toxics() == ()


def test_reset_heals_all(proxies: Proxies, proxy: Proxy) -> None:
    proxy.add(Limit(bytes_all=1))
    proxy.cut()
    proxies.reset()
    assert said(proxy) == b"hello"


def test_an_address_that_is_taken_is_told(proxies: Proxies, proxy: Proxy) -> None:
    with pytest.raises(ProxyError, match="address already in use"):
        proxies.add("other", listen=proxy.listen, upstream=proxy.upstream)
    with pytest.raises(ProxyError, match="can't open link at"):
        proxies.add("link", listen=proxy.listen, upstream=proxy.upstream)


def test_two_servers_of_one_process_are_told_apart(
    proxies: Proxies, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # is for others
    other = ProcessHome()
    try:
        theirs = other.proxies(the_toxiproxy())
        where = Address("127.0.0.1", other.addresses.free_port("127.0.0.1"))
        theirs.add("link", listen=where, upstream=proxy.upstream)

        def toggle(each: Proxies) -> tuple[bool, ...]:
            seen = []
            for _ in range(20):
                each["link"].cut()
                seen.append(said(each["link"]) == "ConnectionRefusedError")
                each["link"].heal()
                seen.append(said(each["link"]) == b"hello")
            return tuple(seen)

        with ThreadPoolExecutor(2) as pool:
            assert all(all(seen) for seen in pool.map(toggle, (proxies, theirs)))
    finally:
        other.close()


def test_it_ends_with_its_home() -> None:
    home = ProcessHome()
    proxies = home.proxies(the_toxiproxy())
    assert home.proxies(the_toxiproxy()) is proxies
    (server,) = home.leash._servers
    home.close()
    assert owner.started(server.pid) is None
    assert not home.root.exists()


def test_a_program_that_ends_at_once_is_told(home: ProcessHome) -> None:
    other = ProcessHome()
    build = Build(engine=the_toxiproxy().engine, source="path", spec="path:/bin/false", argv=("/bin/false",))
    try:
        with pytest.raises(NodeStartError, match="ended with 1"):
            other.proxies(build)
    finally:
        other.close()


SCRIPT = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from topologies.fetch import obtain_toxiproxy
from topologies.homes.process import ProcessHome
home = ProcessHome()
proxies = home.proxies(obtain_toxiproxy(progress=False))
(server,) = home.leash._servers
print(server.pid, home.root, flush=True)
sys.stdin.readline()
"""


def test_nothing_is_left_when_the_run_is_killed() -> None:
    the_toxiproxy()
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    pid, root = run.stdout.readline().split()
    assert owner.started(int(pid)) is not None
    run.kill()
    run.communicate()
    wait_until(
        lambda: owner.started(int(pid)) is None and not Path(root).exists(),
        timeout_s=30,
        expect="the proxies and their directory to be gone",
    )

"""The liar's process: starts the true server as its child, listens where that should, passes everything on.

The child gets the same configuration without port and TLS, and speaks on a Unix socket only. It dies with the
liar (the kernel sees to it), and the liar ends with it, with its exit code.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.liar.session import Session
from topologies.addresses import BUS_OFFSET
from topologies.kernel import die_with_parent
from topologies.resp import ProtocolError
from topologies.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.liar.lie import Lie

SOCKET = "real.sock"  # in the server's directory; a whole path could be longer than the 107 bytes allowed
CONFIG = "real.conf"
_OURS = ("port", "bind", "unixsocket", "tls-")
_READY_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the liar listens, from the command line that Rekey starts a server with."""

    host: str
    port: int
    directory: Path
    tls: ssl.SSLContext | None


def run(argv: Sequence[str], lie: Lie, given: Sequence[str]) -> int:
    """Be the server `argv`, given these arguments, until it ends; its exit code."""
    config = Path(given[0]).read_text(encoding="utf-8")
    place = _place(config, given[1:])
    os.chdir(place.directory)
    own = "\n".join(line for line in config.splitlines() if not line.startswith(_OURS))
    bus = (
        f"bind {place.host}\ncluster-port {place.port + BUS_OFFSET}\n" if "cluster-enabled yes" in own else ""
    )
    Path(CONFIG).write_text(f"{own}\nport 0\nunixsocket {SOCKET}\n{bus}", encoding="utf-8")
    Path(SOCKET).unlink(missing_ok=True)  # of a run before that was killed
    child = subprocess.Popen([*argv, str(Path(CONFIG).absolute())], preexec_fn=die_with_parent)  # noqa: PLW1509  (this process has one thread)
    wait_until(
        lambda: child.poll() is not None or Path(SOCKET).exists(),
        timeout_s=_READY_S,
        expect="the true server to open its socket",
    )
    return child.returncode if child.poll() is not None else asyncio.run(_serve(child, lie, place))


def _place(config: str, flags: Sequence[str]) -> Place:
    """Flags win over the file, as they do for a server."""
    stated = dict(line.split(" ", 1) for line in config.splitlines() if " " in line)
    stated |= {name.removeprefix("--"): value for name, value in zip(flags[::2], flags[1::2], strict=True)}
    port = int(stated.get("port", "6379"))
    context = None
    if "tls-port" in stated:
        port = int(stated["tls-port"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(stated["tls-cert-file"].strip('"'), stated["tls-key-file"].strip('"'))
    host = stated.get("bind", "127.0.0.1").split()[0]
    return Place(host, port, Path(stated["dir"].strip('"')), context)


async def _serve(child: subprocess.Popen[bytes], lie: Lie, place: Place) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Client(lie), place.host, place.port, ssl=place.tls)
    async with server:
        return await loop.run_in_executor(None, child.wait)


class _Client(asyncio.Protocol):
    """The client's end; what it says before the server's end is open waits."""

    def __init__(self, lie: Lie) -> None:
        self.session = Session(lie)
        self.transport: asyncio.WriteTransport | None = None
        self._server: asyncio.WriteTransport | None = None
        self._waiting: list[bytes] = []
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._server, _ = await loop.create_unix_connection(lambda: _Server(self), SOCKET)
        except OSError as error:
            self.end(f"the true server can't be reached: {error}")
            return
        self._server.write(b"".join(self._waiting))

    def data_received(self, data: bytes) -> None:
        try:
            sent = self.session.from_client(data)
        except ProtocolError as error:
            self.end(f"from the client: {error}")
            return
        if self._server is None:
            self._waiting.append(sent)
        else:
            self._server.write(sent)

    def connection_lost(self, _: Exception | None) -> None:
        if self._server is not None:
            self._server.close()

    def end(self, why: str = "") -> None:
        if why:
            print(f"liar: {why}", file=sys.stderr, flush=True)
        if self.transport is not None:
            self.transport.close()


class _Server(asyncio.Protocol):
    """The true server's end."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        client = self._client
        assert client.transport is not None
        try:
            client.transport.write(client.session.from_server(data))
        except ProtocolError as error:
            client.end(f"from the server: {error}")

    def connection_lost(self, _: Exception | None) -> None:
        self._client.end()

"""What a server is told at its start. Engines differ in their defaults, so Rekey leaves nothing to them.

Everything stands in a file; port, address and directory stand on the command line too, because a script
that is given as an engine can be expected to look at flags, not into a configuration file. Text only:
nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from topologies import cluster
from topologies.node import Auth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topologies.engine import Engine
    from topologies.node import NodeSpec

FILE_NAME = "server.conf"
USER = "rekey"
PASSWORD = "open-sesame"  # noqa: S105  (no secret: it shows that AUTH works, on loopback only)

Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Paths as the server sees them."""

    certificate: str
    key: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where a server listens and works, as it sees it itself (inside its container, where there is one)."""

    address: str
    port: int
    directory: str
    certificate: CertificateFiles | None = None  # with one, the port speaks TLS only


def credentials(auth: Auth) -> tuple[str, ...]:
    """The arguments of AUTH."""
    return {Auth.NONE: (), Auth.PASSWORD: (PASSWORD,), Auth.ACL: (USER, PASSWORD)}[auth]


def file_text(spec: NodeSpec, listening: Listening) -> str:
    """The configuration file. The spec's own directives stand last, so that they win."""
    lines = [
        *_basics(listening),
        *_debugging(spec.build.engine),
        *_tls(listening),
        *_auth(spec),
        *(cluster.lines(spec.build.engine, tls=spec.tls) if spec.cluster else ()),
        *spec.config,
    ]
    return "".join(f"{name} {value}\n" for name, value in lines)


def files(spec: NodeSpec) -> dict[str, str]:
    """What else has to stand in the server's directory when it starts, by name: it may write to these."""
    return {cluster.FILE_NAME: cluster.nodes_file(spec.build.engine)} if spec.cluster else {}


def flags(listening: Listening) -> tuple[str, ...]:
    """What stands on the command line behind the file's name."""
    where = ("--bind", listening.address, "--dir", listening.directory)
    if listening.certificate is None:
        return ("--port", str(listening.port), *where)
    return ("--port", "0", "--tls-port", str(listening.port), *where)


def _basics(listening: Listening) -> Iterator[Line]:
    yield "port", "0" if listening.certificate else str(listening.port)
    yield "bind", listening.address
    yield "protected-mode", "no"
    yield "daemonize", "no"
    yield "logfile", '""'  # standard output, which the home keeps: a crash before the log is open is seen too
    yield "dir", quoted(listening.directory)
    yield "save", '""'
    yield "appendonly", "no"
    yield "databases", "16"


def _debugging(engine: Engine) -> Iterator[Line]:
    """DEBUG is closed since Redis 7.0, and 6.x refuses to start with the directive that opens it.

    Redict and Valkey are younger than that; of other products nothing is known, and DEBUG is not needed.
    """
    if engine.product in ("valkey", "redict") or (engine.product == "redis" and engine.version >= (7,)):
        yield "enable-debug-command", "yes"


def _tls(listening: Listening) -> Iterator[Line]:
    if listening.certificate is None:
        return
    yield "tls-port", str(listening.port)
    yield "tls-cert-file", quoted(listening.certificate.certificate)
    yield "tls-key-file", quoted(listening.certificate.key)
    yield "tls-ca-cert-file", quoted(listening.certificate.authority)
    yield "tls-auth-clients", "no"


def _auth(spec: NodeSpec) -> Iterator[Line]:
    if spec.auth is Auth.PASSWORD:
        yield "requirepass", PASSWORD
    elif spec.auth is Auth.ACL:
        yield "user", "default off"
        yield "user", f"{USER} on >{PASSWORD} ~* {_all_channels(spec.build.engine)}+@all"


def _all_channels(engine: Engine) -> str:
    """Pub/Sub rules exist since 6.2; 6.0 takes them for a syntax error and lets everyone publish."""
    return "" if engine.product == "redis" and engine.version < (6, 2) else "&* "


def quoted(value: str) -> str:
    """A value as one word of a configuration file."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

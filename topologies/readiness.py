"""When a started server counts as ready, and what to say if it never is. Works for processes and
containers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from topologies.door import READY
from topologies.engine import EngineNotAvailable, NodeStartError
from topologies.wait import NotInTime, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from topologies.door import Door
    from topologies.node import NodeSpec

TIMEOUT_S = 15.0  # 7 to 40 ms are usual; a machine under load, or an image with modules, takes longer
_ENDED = "ended with "
_TAIL_BYTES = 1 << 16
_NO_TLS = (">>> 'tls-", "Failed finding TLS support")  # Redis 6.x to 8.x and Valkey 8; Valkey 9


class AddressTaken(NodeStartError):  # noqa: N818  (reads as the sentence it is)
    """Somebody else listens where the server was to listen."""


def wait_until_ready(
    spec: NodeSpec,
    door: Door,
    *,
    exit_status: Callable[[], int | None],
    log_tail: Callable[[], str],
) -> None:
    """Return when the server lets us in and answers PING.

    Raises:
        NodeStartError: it ended (AddressTaken where that is why) or did not answer in time.
        EngineNotAvailable: TLS was asked for and the program was built without it.

    """

    def look() -> str:
        seen = door.knock()
        status = (
            exit_status()
        )  # asked second: a stranger may answer at the address while our server dies of it
        return seen if status is None else _ENDED + _in_words(status)

    def decided(seen: str) -> bool:
        return seen == READY or seen.startswith(_ENDED)

    where = f"{spec.name} ({spec.build.spec}, {spec.build.engine}) at {door.host}:{door.port}"
    try:
        seen = wait_until(look, timeout_s=TIMEOUT_S, expect=f"{where} to answer PING", until=decided)
    except NotInTime as late:
        raise NodeStartError(f"{late}{_hint(spec)}\n{_log(log_tail())}") from late
    if seen != READY:
        raise _why_it_ended(spec, f"{where} {seen} before it answered", log_tail())


def _why_it_ended(spec: NodeSpec, what: str, log: str) -> Exception:
    if spec.tls and any(sign in log for sign in _NO_TLS):
        return EngineNotAvailable(
            f"{spec.build.spec} was built without TLS ({spec.build.package or spec.build.argv[-1]}); "
            f"Debian's builds (@deb) and redis:7.2 have it\n{_log(log)}"
        )
    if "Address already in use" in log:
        return AddressTaken(f"{what}: its port is in use by another program\n{_log(log)}")
    return NodeStartError(f"{what}\n{_log(log)}")


def _hint(spec: NodeSpec) -> str:
    """What a program that is not of the catalogue may not know."""
    if spec.build.source != "path":
        return ""
    return "; a server is started as PROGRAM FILE --port N --bind ADDRESS --dir DIR and has to listen there"


def _in_words(status: int) -> str:
    return f"exit code {status}" if status >= 0 else f"signal {-status}"


def _log(text: str) -> str:
    return "its last log lines:\n" + (text or "(it wrote nothing)")


def tail(file: Path, lines: int) -> str:
    """The last lines of a log file; empty if there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - _TAIL_BYTES))
            data = log.read()
    except FileNotFoundError:
        return ""
    return "\n".join(data.decode("utf-8", "backslashreplace").splitlines()[-lines:])

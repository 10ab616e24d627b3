"""All renderings of a record, written next to it. Each is a function of the record and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.html import html
from reports.junit import junit
from reports.machine import machine
from reports.record import Record, load, write_file
from reports.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RENDERINGS: Mapping[str, Callable[[Record], str | bytes]] = {
    "report.html": html,
    "junit.xml": junit,
    "summary.md": summary,
    "report.json": machine,
}


def render(directory: Path) -> list[Path]:
    """Write every rendering of the record in this folder; returns their paths.

    Raises RecordError where there is no record, or no space.
    """
    record = load(directory)
    return [_write(directory / name, rendering(record)) for name, rendering in RENDERINGS.items()]


def _write(path: Path, content: str | bytes) -> Path:
    write_file(path, content.encode() if isinstance(content, str) else content)
    return path

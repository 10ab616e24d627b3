"""Watches a record grow and shows how far the run is, on the terminal that pytest writes to, too.

What pytest writes meanwhile goes above the live line. Reads what workers wrote; judges nothing.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.file_proxy import FileProxy

from reports.terminal import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest._io import TerminalWriter

_EVERY_S = 0.5


class Watch:
    """A thread that keeps the live line true until it is stopped."""

    def __init__(self, folder: Path, writer: TerminalWriter, *, whole: int) -> None:
        self._folder = folder
        self.whole = whole  # commands that the run will compare
        self._writer = writer
        self._file = writer._file  # noqa: SLF001  (pytest's sys.stdout is captured; this is the terminal)
        self._console = Console(file=self._file)
        self._progress = Progress(self._console)
        self._ended = threading.Event()
        self._read: dict[Path, int] = {}
        self._compared = 0
        self._area = ""
        self._found: dict[str, str] = {}
        self._seconds = 0.0
        self._thread = threading.Thread(target=self._watch, name="rekey-watch", daemon=True)

    def start(self) -> None:
        if self._console.is_terminal:
            self._writer._file = FileProxy(self._console, self._file)  # noqa: SLF001
        self._progress.__enter__()
        self._thread.start()

    def stop(self) -> None:
        """Idempotent."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._progress.stop()
        self._writer.flush()
        self._writer._file = self._file  # noqa: SLF001

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._seconds += _EVERY_S
            for line in self._new_lines("progress"):
                self._compared += int(str(line.get("compared", 0)))
                self._area = str(line.get("area", self._area))
            for line in self._new_lines("findings"):
                self._found[str(line["signature"])] = str(line["severity"])
            left = self._seconds * (self.whole / self._compared - 1) if self._compared else None
            self._progress.update(self._area, self._compared, Counter(self._found.values()), left)

    def _new_lines(self, kind: str) -> list[dict[str, object]]:
        new: list[dict[str, object]] = []
        for path in sorted(self._folder.glob(f"{kind}-*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            new += [msgspec.json.decode(line) for line in whole.splitlines()]
        return new

"""Shows how far each fetch is: bars on a terminal, plain lines elsewhere, nothing when nothing is fetched."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from topologies.sources.step import Step, silent

if TYPE_CHECKING:
    from types import TracebackType


class Board:
    """One line or bar for each thing that is being fetched; on stderr, so that stdout stays for results."""

    def __init__(self, *, shown: bool = True) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._lock = threading.Lock()
        self._bars: Progress | None = None

    def __enter__(self) -> Self:
        if self._shown and self._console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.fields[name]}"), BarColumn(), TimeElapsedColumn())
            self._bars = Progress(*columns, TextColumn("{task.description}"), console=self._console)
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def step(self, name: str) -> Step:
        """What a source calls while it brings the engine `name`. Its first call makes the bar appear."""
        if not self._shown:
            return silent
        return self._bar(name, self._bars) if self._bars else self._line(name)

    def _bar(self, name: str, bars: Progress) -> Step:
        tasks: list[int] = []

        def step(doing: str, part: float | None) -> None:
            with self._lock:
                if not tasks:
                    tasks.append(bars.add_task(doing, total=None, name=name))
                total = None if part is None else 1.0
                bars.update(tasks[0], description=doing, total=total, completed=part or 0.0)  # type: ignore[arg-type]

        return step

    def _line(self, name: str) -> Step:
        said: list[str] = []

        def step(doing: str, _part: float | None) -> None:
            if doing not in said:
                said.append(doing)
                with self._lock:
                    print(f"{name}: {doing}", file=sys.stderr, flush=True)

        return step

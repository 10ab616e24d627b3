"""What one engine does with a finding's program: asked of `python -m topologies play`, a process of its own.

A process each, because each enters a cell of its own, and because one that is ended takes its server with it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from reports.finding import WireReply  # noqa: TC001  (msgspec reads the annotation when it decodes)
from topologies.cluster import STANDALONE
from topologies.engine import HarnessError

if TYPE_CHECKING:
    from reports.finding import Finding
    from reports.reproducer import Reproducer

ROOT = Path(__file__).resolve().parents[1]
_MOST_S = 300.0  # an engine may have to be fetched first
_ENDING_S = 10.0


class Heard(msgspec.Struct, frozen=True):
    """What came back for one line."""

    line: str
    reply: WireReply
    late: bool = False


class Played(msgspec.Struct, frozen=True):
    """What one engine did."""

    engine: str
    source: str
    package: str
    sha256: str
    heard: tuple[Heard, ...]
    log: str = ""


class NotPlayedError(HarnessError):
    """The engine could not be had, or its server not be started; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How servers are started and entered: as in the run, unless somebody says otherwise."""

    provider: str = "auto"
    tls: bool = False
    auth: str = "none"

    @property
    def words(self) -> tuple[str, ...]:
        """The same as options of a command line."""
        tls = ("--tls",) if self.tls else ()
        return ("--provider", self.provider, "--auth", self.auth, *tls)


def topology_words(finding: Finding) -> tuple[str, ...]:
    """The option that says on what the finding's program runs, where that is no standalone server."""
    return ("--topology", finding.topology) if finding.topology != STANDALONE else ()


@dataclass(slots=True)
class Players:
    """Processes that play, of which none is left behind. Any thread may use it."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _over: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
            running = list(self._running)
        for each in running:
            each.terminate()
        for each in running:
            try:
                each.wait(_ENDING_S)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def play(self, of: Reproducer, spec: str, way: Way) -> Played:
        """The finding's program on this engine.

        Raises:
            NotPlayedError: it could not be asked.

        """
        pipelined = ("--pipelined",) if of.pipelined else ()
        words = ["play", "--json", "--protocol", str(of.finding.protocol), *pipelined, *way.words]
        words += topology_words(of.finding)
        argv = [sys.executable, "-m", "topologies", *words, "--", spec, *of.finding.program]
        with self._lock:
            if self._over:
                raise NotPlayedError("interrupted")
            process = subprocess.Popen(
                argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
            )
            self._running.add(process)
        try:
            out, told = process.communicate(timeout=_MOST_S)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.communicate()
            raise NotPlayedError(f"it took more than {_MOST_S:.0f} s") from None
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            raise NotPlayedError(_reason(told, process.returncode))
        return msgspec.json.decode(out, type=Played)


def _reason(told: str, code: int) -> str:
    """The line that says why, without the ones about progress."""
    lines = [line for line in told.splitlines() if line.startswith("rekey: ")] or told.splitlines()[-1:]
    return lines[0].removeprefix("rekey: ") if lines else f"its process ended with {code}"

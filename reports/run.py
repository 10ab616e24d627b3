"""What a run was: the values that `run.json` and `coverage.json` hold. Nothing here reads or writes them.

The field names are the keys of those files. Others rely on them, so they only change with `SCHEMA`.
"""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

import msgspec

from reports.finding import SCHEMA

if TYPE_CHECKING:
    from topologies.engine import Build


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the pair: exactly which program ran."""

    spec: str  # what was asked for: "valkey:8"
    product: str
    version: str  # "8.1.1"
    source: str  # wheel, deb, docker, image, path
    package: str = ""
    sha256: str = ""  # of the server binary, or the image's digest
    image: str | None = None
    reported: str = ""  # what `--version` printed
    server: dict[str, str] = msgspec.field(default_factory=dict)  # what the running server says of itself
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The engine as a reader calls it: "Valkey 8.1.1"."""
        return f"{self.product.capitalize()} {self.version}"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where the run took place."""

    cpu: str = ""
    cores: int = 0
    memory_bytes: int = 0
    kernel: str = ""
    python: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How much was compared. `worker_seconds` adds up the time that each worker spent comparing."""

    compared: int = 0  # commands whose replies were compared
    programs: int = 0
    seconds: float = 0.0  # of the run, on the clock
    worker_seconds: float = 0.0

    @property
    def per_worker_second(self) -> float:
        """Commands compared per second by one worker, while it compared."""
        return self.compared / self.worker_seconds if self.worker_seconds else 0.0


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a reader could think was tested, and was not."""

    what: str
    why: str


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """A named rule that let replies pass although their bytes differ, and how often it did."""

    rule: str
    why: str
    count: int = 0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger or an acceptance says about the findings with its id, as it was when judged."""

    why: str
    upstream: str = ""  # a URL, or owner/repo#123
    expires: str = ""  # acceptances only


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`run.json`. While a run goes on, and after one that was killed, `end` and `verdict` are null."""

    schema: int = SCHEMA
    id: str
    baseline: BuildRecord
    candidate: BuildRecord
    seed: int
    profile: str
    options: dict[str, object] = msgspec.field(default_factory=dict)
    provider: str = ""  # cell, docker, process
    cannot: tuple[str, ...] = ()  # what this provider could not test
    machine: Machine = msgspec.field(default_factory=Machine)
    workers: int = 1
    start: str  # ISO 8601 with its zone
    end: str | None = None
    verdict: str | None = None  # agrees, known, inconclusive, diverges
    exit_code: int | None = None
    fail_on: str = "new"  # new, breaking, any
    strict: bool = False  # inconclusive fails, too
    totals: Totals = msgspec.field(default_factory=Totals)
    tolerances: tuple[Tolerance, ...] = ()
    not_run: tuple[NotRun, ...] = ()
    replayed: dict[str, bool] = msgspec.field(default_factory=dict)  # ledger id: its program still differs
    known_commands: tuple[str, ...] = ()  # every command that the engines know, sub-commands with a blank
    known_tokens: tuple[str, ...] = ()  # every token that they describe, behind its command: SET NX
    full: bool = False  # every area ran, so that a ledger entry that matched nothing is stale
    explained: dict[str, Explanation] = msgspec.field(default_factory=dict)  # ledger id: what it says
    stale: tuple[str, ...] = ()  # ledger ids
    expired: tuple[str, ...] = ()  # sentences about acceptances past their date
    notes: tuple[str, ...] = ()  # what went wrong beside the engines: errors a reader must see
    reproduce: str = ""  # the command that runs the same again


class AreaCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one area (strings, hashes, EXEC …) was compared."""

    area: str
    compared: int = 0
    programs: int = 0
    seconds: float = 0.0
    drew: str = ""  # sha256 of its programs in their order: equal where seed, engines and budget are


class CommandCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How often one command was sent, and how often the baseline answered with an error."""

    command: str
    sent: int = 0
    errors: int = 0


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind was reached: done / all, and what was not, with the reason."""

    what: str
    done: int = 0
    all: int | None = None  # null where no engine says how many there are
    reached: tuple[str, ...] = ()  # spelled out where `all` is null, and for replies
    missing: tuple[NotRun, ...] = ()


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """`coverage.json`."""

    areas: tuple[AreaCoverage, ...] = ()
    commands: tuple[CommandCoverage, ...] = ()
    never_sent: tuple[str, ...] = ()  # commands that the engines know and no program used
    shares: tuple[Share, ...] = ()  # commands, tokens, replies, errors, encodings


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `progress-*.jsonl`: what a worker did since the last. The sums are totals and coverage."""

    area: str
    compared: int = 0
    programs: int = 0
    seconds: float = 0.0
    drew: str = ""  # sha256 of all programs of the area up to here
    sent: dict[str, int] = msgspec.field(default_factory=dict)  # command: how often
    errors: dict[str, int] = msgspec.field(default_factory=dict)  # command: how often the baseline refused it
    tolerated: dict[str, int] = msgspec.field(default_factory=dict)  # rule: how often
    reached: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)  # tokens, replies … of the walk


def build_record(build: Build, server: dict[str, str] | None = None) -> BuildRecord:
    """The record of a build; `server` is what the running server says: redis_version, valkey_version …"""
    return BuildRecord(
        spec=build.spec,
        product=build.engine.product,
        version=".".join(map(str, build.engine.version)),
        source=build.source,
        package=build.package,
        sha256=build.sha256,
        image=build.image,
        reported=build.reported,
        server=dict(server or {}),
        notes=build.notes,
    )


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(
        cpu=_cpu(),
        cores=_cores(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=f"{platform.system()} {platform.release()}",
        python=".".join(map(str, sys.version_info[:3])),
    )


def _cores() -> int:
    """The cores that this process may use, which a container makes fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  (a kernel file, not a path of ours)
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()

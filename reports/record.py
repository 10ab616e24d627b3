"""The run record: a folder of JSON lines, written as a run goes and read by all that says something about it.

Each worker appends to files of its own, one line a write, so `kill -9` costs at most the line being written.
`merge` makes `findings.jsonl` and `coverage.json` of them. Nothing here judges, nothing here knows a server.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from reports.finding import SCHEMA, Finding
from reports.matrix import Cell
from reports.merge import coverage_of, merged_findings, totals_of
from reports.run import Coverage, Run, Work
from topologies.engine import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

T = TypeVar("T")


class RecordError(HarnessError):
    """A record can't be written or read; the message names the file and what to do."""


class _SchemaOnly(msgspec.Struct):
    schema: int


@dataclass(frozen=True, slots=True)
class Record:
    """One run, read back."""

    path: Path
    run: Run
    findings: tuple[Finding, ...]
    coverage: Coverage
    torn: tuple[str, ...] = ()  # files whose last line was cut off by the end of their writer
    matrix: tuple[Cell, ...] = ()  # moves of data, each with its outcome


class RecordWriter:
    """One worker's files in a record. Every call ends with its line handed to the kernel.

    Raises:
        RecordError: the disk is full, or the folder can't be written to.

    """

    def __init__(self, directory: Path, worker: str) -> None:
        self.directory = directory
        self.worker = worker
        self._files: dict[str, int] = {}

    @classmethod
    def open(cls, directory: Path, *, worker: str = "main") -> RecordWriter:
        """A writer for this worker's files; the folder is made where it is missing."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(directory, error) from error
        return cls(directory, worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def finding(self, finding: Finding) -> None:
        """One more sight of a finding. Equal signatures become one line of `findings.jsonl` when merged."""
        self._append("findings", finding)

    def observation(self, observation: object) -> None:
        """Anything that msgspec can encode: a command as a client saw it."""
        self._append("observations", observation)

    def incident(self, incident: object) -> None:
        """Anything that msgspec can encode: a fault as it happened."""
        self._append("incidents", incident)

    def progress(self, work: Work) -> None:
        """What was compared since the last call; once a second or once an area is often enough."""
        self._append("progress", work)

    def cell(self, cell: Cell) -> None:
        """One way of carrying data from one engine to another, and what came of it."""
        self._append("matrix", cell)

    def close(self) -> None:
        """Close the files. Idempotent."""
        while self._files:
            os.close(self._files.popitem()[1])

    def _append(self, kind: str, value: object) -> None:
        path = self.directory / f"{kind}-{self.worker}.jsonl"
        try:
            if kind not in self._files:
                self._files[kind] = _open_for_lines(path)
            _write_all(self._files[kind], msgspec.json.encode(value) + b"\n")
        except OSError as error:
            raise _unwritable(path, error) from error


def start(directory: Path, run: Run) -> None:
    """Begin a record: the folder, and a `run.json` that has no end yet.

    Raises:
        RecordError: the folder holds something already. A record is never overwritten.

    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        taken = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise _unwritable(directory, error) from error
    if taken:
        shown = ", ".join(taken[:3]) + (" …" if len(taken) > 3 else "")
        raise RecordError(
            f"{directory} is not empty ({shown}), and a record is never overwritten: "
            f"name a folder that does not exist yet with --record, or move this one away"
        )
    write_run(directory, run)


def merge(directory: Path) -> Record:
    """Make `findings.jsonl` and `coverage.json` of what the workers wrote, and say so in `run.json`'s totals.

    It can be done again at any time: the workers' files stay as they are.
    """
    record = _from_workers(directory, _read_run(directory))
    write_findings(directory, record.findings)
    write_json(directory / "coverage.json", record.coverage)
    write_run(directory, record.run)
    return record


def load(directory: Path) -> Record:
    """The record in this folder; one of a run that was killed is put together from its workers' files.

    Raises:
        RecordError: no record there, one of another schema, or one that is damaged; says which.

    """
    run = _read_run(directory)
    if not (directory / "findings.jsonl").exists():
        if run.end:
            raise RecordError(
                f"{directory} is not whole: the run ended, and findings.jsonl, which it wrote then, is not there"
            )
        return _from_workers(directory, run)
    findings, torn = _read_lines([directory / "findings.jsonl"], Finding)
    coverage_file = directory / "coverage.json"
    coverage = _read_json(coverage_file, Coverage) if coverage_file.exists() else Coverage()
    cells, torn_cells = _cells(directory)
    return Record(directory, run, tuple(findings), coverage, torn + torn_cells, cells)


def lines(directory: Path, kind: str) -> Iterator[object]:
    """The lines of every worker's "observations", "incidents", "progress" or "findings", as plain values."""
    found, _ = _read_lines(sorted(directory.glob(f"{kind}-*.jsonl")), object)
    yield from found


def write_run(directory: Path, run: Run) -> None:
    """Replace `run.json` in one step."""
    write_json(directory / "run.json", run)


def amend(directory: Path, **changes: object) -> Run:
    """Change these fields of `run.json`: what became known since the run began."""
    run = msgspec.structs.replace(_read_run(directory), **changes)
    write_run(directory, run)
    return run


def write_findings(directory: Path, findings: Iterable[Finding]) -> None:
    """Replace `findings.jsonl` in one step."""
    write_file(directory / "findings.jsonl", b"".join(msgspec.json.encode(f) + b"\n" for f in findings))


def write_json(path: Path, value: object) -> None:
    """Replace a file by this value as indented JSON, in one step."""
    write_file(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def write_file(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader sees the old content or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _from_workers(directory: Path, run: Run) -> Record:
    findings, torn_findings = _read_lines(sorted(directory.glob("findings-*.jsonl")), Finding)
    work, torn_work = _read_lines(sorted(directory.glob("progress-*.jsonl")), Work)
    coverage = coverage_of(work, run.known_commands, run.known_tokens)
    run = msgspec.structs.replace(run, **totals_of(work, run))
    cells, torn_cells = _cells(directory)
    torn = torn_findings + torn_work + torn_cells
    return Record(directory, run, merged_findings(findings), coverage, torn, cells)


def _cells(directory: Path) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """In an order of their own, whichever worker had which."""
    cells, torn = _read_lines(sorted(directory.glob("matrix-*.jsonl")), Cell)
    return tuple(sorted(cells, key=lambda cell: (cell.direction, cell.writer, cell.reader))), torn


def _read_run(directory: Path) -> Run:
    path = directory / "run.json"
    if not path.exists():
        raise RecordError(
            f"{directory} holds no run record (no run.json): name a folder under runs/ or given to --record"
        )
    try:
        schema = msgspec.json.decode(_bytes(path), type=_SchemaOnly).schema
    except msgspec.DecodeError as error:
        raise RecordError(f"{path} is not a run record: {error}") from error
    if schema != SCHEMA:
        raise RecordError(
            f"{path} has schema {schema}, and this Rekey reads schema {SCHEMA}: "
            f"read it with the {'newer' if schema > SCHEMA else 'older'} Rekey that wrote it"
        )
    return _read_json(path, Run)


def _read_json(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except msgspec.DecodeError as error:
        raise RecordError(f"{path} can't be read: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} can't be read: {error.strerror}") from error


def _read_lines(paths: list[Path], kind: type[T]) -> tuple[list[T], tuple[str, ...]]:
    """Every line of these files, and the names of those that end in half a line."""
    decoder = msgspec.json.Decoder(kind)
    values: list[T] = []
    torn: list[str] = []
    for path in paths:
        *whole, rest = _bytes(path).split(b"\n")
        if rest:
            torn.append(path.name)
        for number, line in enumerate(whole, start=1):
            try:
                values.append(decoder.decode(line))
            except msgspec.DecodeError as error:
                raise RecordError(f"{path}, line {number} is damaged: {error}: {line[:80]!r}") from error
    return values, tuple(torn)


def _open_for_lines(path: Path) -> int:
    """Open to append; half a line that a killed writer left is cut off first."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        os.ftruncate(file, path.read_bytes().rfind(b"\n") + 1)
    return file


def _write_all(file: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(file, data[written:])


def _unwritable(path: Path, error: OSError) -> RecordError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return RecordError(
            f"no space left while writing {path}: free some, or put the record elsewhere with --record; "
            f"what was written before is whole and can be read with: .venv/bin/python -m reports show {path.parent}"
        )
    return RecordError(f"can't write {path}: {error.strerror}: put the record elsewhere with --record")

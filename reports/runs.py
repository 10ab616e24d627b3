"""Finds the run that somebody means: a folder, the name of one, or "latest"."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reports.record import RecordError

LATEST = "latest"


class _Begun(msgspec.Struct):
    start: str


def find_run(name: str, runs: Path) -> Path:
    """The folder of this run. Raises RecordError where there is none, and says which there are."""
    if name == LATEST:
        return _latest(runs)
    for folder in (Path(name), runs / name):
        if folder.is_dir():
            return folder
    there = [folder.name for folder in _newest_first(runs)]
    listed = f"holds {', '.join(there[:5])}; or say latest" if there else "holds no run"
    raise RecordError(f"no run {name!r}: it is no folder, and {runs} {listed}")


def _latest(runs: Path) -> Path:
    found = _newest_first(runs)
    if not found:
        raise RecordError(f"no latest run: {runs} holds none; make one with make gate, or name its folder")
    return found[0]


def _newest_first(runs: Path) -> list[Path]:
    begun = {folder: _start(folder) for folder in (runs.iterdir() if runs.is_dir() else ())}
    found = {folder: start for folder, start in begun.items() if start}
    return sorted(found, key=lambda folder: (found[folder], folder.name), reverse=True)


def _start(folder: Path) -> str:
    """When a run began; empty for a folder that holds none."""
    try:
        return msgspec.json.decode((folder / "run.json").read_bytes(), type=_Begun).start
    except (OSError, msgspec.DecodeError):
        return ""

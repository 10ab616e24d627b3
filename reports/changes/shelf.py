"""Reads and writes what is known of changes: the files of versions, and what runs of pairs found of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reports.changes.change import BadChange, Change
from reports.record import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.finding import Finding
    from reports.ranges import Pair
    from reports.record import Record

CHANGES = Path(__file__).parent
SHOWN = "shown"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_NAME = re.compile(r"(?P<product>[a-z]+)-(?P<version>\d+\.\d+)")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    change: tuple[Change, ...] = ()


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """The finding that shows a change."""

    rule: str
    subject: str
    program: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a pair showed of the changes that lie between the two."""

    baseline: str
    candidate: str
    profile: str
    seed: int
    shown: dict[str, Sight]  # by the id of the change
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The changes between two engines, and which of them a run shows."""

    pair: Pair
    shown: tuple[tuple[Change, Finding], ...]
    missed: tuple[Change, ...]
    unseen: tuple[Change, ...]  # those that no run can show, with the reason

    @property
    def all(self) -> int:
        """How many a run should show."""
        return len(self.shown) + len(self.missed)


def load_changes(folder: Path = CHANGES) -> dict[str, tuple[Change, ...]]:
    """The changes by the version that brought them, `redis 7.0`, in the order of versions.

    Raises:
        RecordError: a file says too little or nonsense; the message names it and the entry.

    """
    files = sorted(folder.glob("*.toml"), key=_rank)
    changes = {_title(path): _read(path) for path in files}
    _refuse_twins(change for each in changes.values() for change in each)
    return changes


def find_changes(changes: Iterable[Change], pair: Pair, findings: tuple[Finding, ...]) -> Found:
    """Which of the changes between the two engines these findings show."""
    shown, missed, unseen = [], [], []
    for change in changes:
        if not change.lies_between(pair):
            continue
        finding = change.shown_by(findings)
        if finding is not None:
            shown.append((change, finding))
        elif change.unseen:
            unseen.append(change)
        else:
            missed.append(change)
    return Found(pair, tuple(shown), tuple(missed), tuple(unseen))


def save_shown(found: Found, record: Record, folder: Path = CHANGES) -> Path:
    """Keep what a run showed, for docs/changes.md. Returns the file."""
    run = record.run
    names = [f"{build.product} {build.version}" for build in (run.baseline, run.candidate)]
    shown = Shown(
        baseline=names[0],
        candidate=names[1],
        profile=run.profile,
        seed=run.seed,
        shown={
            change.id: Sight(rule=each.rule, subject=each.subject, program=each.program)
            for change, each in sorted(found.shown, key=lambda pair: pair[0].id)
        },
        missed=tuple(sorted(change.id for change in found.missed)),
    )
    path = folder / SHOWN / f"{_file_name(names[0])}..{_file_name(names[1])}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(shown), indent=1) + b"\n")
    return path


def load_shown(folder: Path = CHANGES) -> tuple[Shown, ...]:
    """What runs of pairs showed. Raises RecordError."""
    found = []
    for path in sorted((folder / SHOWN).glob("*.json")):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Shown))
        except (OSError, msgspec.MsgspecError) as error:
            raise RecordError(f"{path} can't be read: {error}") from error
    return tuple(found)


def _read(path: Path) -> tuple[Change, ...]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        changes = msgspec.convert(document, _File).change
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} can't be read: {error}") from error
    for change in changes:
        try:
            change.check()
        except BadChange as error:
            raise RecordError(f"{path}: {change.id}: {error}") from error
        if not _ID.fullmatch(change.id):
            raise RecordError(f"{path}: {change.id!r}: an id has small letters, digits, dots and hyphens")
    return changes


def _refuse_twins(changes: Iterable[Change]) -> None:
    seen: set[str] = set()
    for change in changes:
        if change.id in seen:
            raise RecordError(f"two changes have the id {change.id!r}: an id names one change")
        seen.add(change.id)


def _rank(path: Path) -> tuple[str, list[int]]:
    found = _NAME.fullmatch(path.stem)
    if not found:
        raise RecordError(f"{path}: a file of changes is called after a version, like redis-7.0.toml")
    return found["product"], [int(number) for number in found["version"].split(".")]


def _title(path: Path) -> str:
    return path.stem.replace("-", " ")


def _file_name(engine: str) -> str:
    return engine.replace(" ", "-")

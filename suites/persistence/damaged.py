"""Files that something happened to: what each engine makes of the very same bytes.

Where an engine can't read what the other writes, each is given files of its own, and damages whose outcome hangs on
the bytes are left out.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generators.damage import Damage, aof_damages, rdb_damages
from generators.saving import AOF_WAYS, RDB_WAYS, Directives
from suites.persistence.carrier import Carrier, Files, Side, sure
from suites.persistence.report import finding_of_damage
from topologies.vault import AOF, AOF_FOLDER, RDB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reports.finding import Finding
    from suites.persistence.outcome import Reading

_DIGITS = ("flipped", "hole", "wrong length")  # hang on which bytes there are
_PARTS = ("manifest", "its base", "what was appended")  # that an AOF of one file has not
_AOF_READER: Directives = (("appendonly", "yes"),)
_STRICT: Directives = (("appendonly", "yes"), ("aof-load-truncated", "no"))


def damaged(carrier: Carrier, family: str) -> list[Finding]:
    """All damages of a family."""
    originals = _originals(carrier, family)
    shared = _read_by_both(carrier, originals)
    found: dict[str, Finding] = {}
    parts = all((files.folder / AOF_FOLDER).is_dir() for files in originals.values())
    for harm in _harms(family):
        if shared is None and any(word in harm.name for word in _DIGITS):
            continue
        if not parts and any(word in harm.name for word in _PARTS):
            continue
        before, after = (
            _read_harmed(carrier, shared or originals[side.role], side, harm) for side in carrier.sides
        )
        differs = before.outcome != after.outcome or (shared is not None and not before.same_as(after))
        if differs:
            of = "the baseline, read by both" if shared else "each engine, read by itself"
            finding = finding_of_damage(
                carrier.session, subject=family, damage=harm.name, readings=(before, after), of=of
            )
            found[finding.signature] = finding
    return list(found.values())


def _originals(carrier: Carrier, family: str) -> dict[str, Files]:
    """Files of each engine, with what both know; of an AOF, with much appended to its base."""
    return {side.role: _original(carrier, side, family) for side in carrier.sides}


def _original(carrier: Carrier, side: Side, family: str) -> Files:
    pieces = carrier.common(side)
    if family == "RDB":
        return carrier.saved(side, RDB_WAYS[0], carrier.written(side, pieces))
    return carrier.aof_files(side, AOF_WAYS[:1], pieces)[0]


def _read_by_both(carrier: Carrier, originals: dict[str, Files]) -> Files | None:
    """The baseline's files, if both engines read them alike."""
    files = originals["baseline"]
    own, other = (sure(carrier.read(files, side)) for side in carrier.sides)
    return files if own.same_as(other) else None


@dataclass(frozen=True, slots=True)
class Harm:
    """What is done to a folder of files, and what the reader is started with."""

    name: str
    do: Callable[[Path], None]
    reader: Directives = _AOF_READER


def _read_harmed(carrier: Carrier, files: Files, reader: Side, harm: Harm) -> Reading:
    folder = carrier.place()
    shutil.copytree(files.folder, folder)
    harm.do(folder)
    way = replace(files.way, reader=harm.reader)
    harmed = replace(files, folder=folder, damage=harm.name, way=way)
    reading = sure(carrier.read(harmed, reader))
    carrier.drop(harmed)
    return reading


def _harms(family: str) -> Iterator[Harm]:
    return _harms_of_dump() if family == "RDB" else _harms_of_aof()


def _harms_of_dump() -> Iterator[Harm]:
    for damage in rdb_damages():
        yield Harm(damage.name, _to(damage, _dump), ())
    yield Harm("that an AOF server is started on", _nothing)


def _harms_of_aof() -> Iterator[Harm]:
    for damage in aof_damages():
        yield Harm(damage.name, _to(damage, _appended))
        if damage.name.startswith("cut"):
            yield Harm(f"{damage.name}, aof-load-truncated no", _to(damage, _appended), _STRICT)
    yield Harm("that a server without AOF is started on", _nothing, ())
    yield Harm("gone, with a dump beside it", _lost_beside_dump)
    yield Harm("with a dump of something else beside it", _with_dump)
    yield Harm("with an old single file beside it", _with_old_file)
    yield Harm("without its manifest", lambda folder: _unlink(folder, f"{AOF}.manifest"))
    yield Harm("with an empty manifest", lambda folder: _manifest(folder, lambda _: ""))
    yield Harm("with a manifest that is none", lambda folder: _manifest(folder, lambda _: "nonsense\n"))
    yield Harm("with a manifest cut by a byte", lambda folder: _manifest(folder, lambda text: text[:-1]))
    yield Harm("without its base", lambda folder: _unlink(folder, "*.base.*"))
    yield Harm("without what was appended", lambda folder: _unlink(folder, "*.incr.*"))


def _to(damage: Damage, which: Callable[[Path], Path]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        file = which(folder)
        file.write_bytes(damage.do(file.read_bytes()))

    return harm


def _dump(folder: Path) -> Path:
    return folder / RDB


def _appended(folder: Path) -> Path:
    """The file that is appended to."""
    found = sorted((folder / AOF_FOLDER).glob("*.incr.aof"))
    return found[-1] if found else folder / AOF


def _nothing(_: Path) -> None:
    pass


def _unlink(folder: Path, pattern: str) -> None:
    for file in (folder / AOF_FOLDER).glob(pattern):
        file.unlink()


def _manifest(folder: Path, change: Callable[[str], str]) -> None:
    for file in (folder / AOF_FOLDER).glob("*.manifest"):
        file.write_text(change(file.read_text()))


def _lost_beside_dump(folder: Path) -> None:
    """The famous trap: a server told to append finds no AOF, and starts empty beside its dump."""
    shutil.rmtree(folder / AOF_FOLDER, ignore_errors=True)
    (folder / AOF).unlink(missing_ok=True)
    _with_dump(folder)


def _with_dump(folder: Path) -> None:
    (folder / RDB).write_bytes(_OLD_DUMP)


def _with_old_file(folder: Path) -> None:
    if (folder / AOF_FOLDER).exists():
        (folder / AOF).write_bytes(b"*3\r\n$3\r\nSET\r\n$3\r\nold\r\n$4\r\nfile\r\n")


# One key, in a version that every engine reads, without a checksum.
_OLD_DUMP = b"REDIS0006\xfe\x00\x00\x03old\x04dump\xff" + bytes(8)

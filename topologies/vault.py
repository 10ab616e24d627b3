"""A server's files: saved, taken out, put into another server's folder, and what that server says when it opens them.

What it holds then, `snapshot` reads. What that means is no business of this file.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.command import command
from generators.saving import Saving
from topologies.engine import HarnessError, NodeStartError
from topologies.info import fields_of
from topologies.lockstep import ask, ask_node, introduce
from topologies.reply import Kind
from topologies.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from topologies.node import Node, Stored

RDB = "dump.rdb"
AOF = "appendonly.aof"  # of Redis 6; later ones take it in
AOF_FOLDER = "appendonlydir"
DATA = (RDB, AOF, AOF_FOLDER)
_LOG_LINES = 5000
_SAVE_S = 120.0


class NotSaved(HarnessError):  # noqa: N818  (reads as the sentence it is)
    """The server could not write its files; `log` is what it said of it."""

    def __init__(self, what: str, log: tuple[str, ...]) -> None:
        super().__init__(what)
        self.log = log


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a server took files."""

    started: bool
    status: int | None  # of the process; None while it runs, though it may not answer
    log: tuple[str, ...]
    touched: tuple[str, ...] = ()  # files that it changed although it did not start


def save(node: Stored, how: Saving) -> None:
    """Saves; when this returns the files are whole.

    Raises:
        NotSaved: the server tried, and could not.
        HarnessError: the server does not save.

    """
    match how:
        case Saving.SAVE:
            _must(node, "SAVE")
        case Saving.BGSAVE:
            _must(node, "BGSAVE")
            _await(node, "rdb_bgsave_in_progress", "rdb_last_bgsave_status")
        case Saving.SHUTDOWN:
            _shut_down(node)
        case Saving.REWRITE:
            _must(node, "BGREWRITEAOF")
            _await(node, "aof_rewrite_in_progress", "aof_last_bgrewrite_status", "aof_rewrite_scheduled")
        case Saving.NOTHING:
            pass


def take(node: Stored, target: Path) -> None:
    """Copies its data files into a folder, which is made."""
    target.mkdir(parents=True)
    for name in DATA:
        _copy(node.directory / name, target / name)


def put(node: Stored, source: Path) -> None:
    """Replaces its data files by those of the folder. It should not run."""
    for name in DATA:
        _remove(node.directory / name)
        _copy(source / name, node.directory / name)


def join(folder: Path) -> None:
    """Makes one file of an AOF of several, as Redis 6 has it: its base and what was appended since."""
    parts = folder / AOF_FOLDER
    if parts.is_dir():
        names = [line.split()[1] for line in manifest(folder).splitlines() if line.startswith("file ")]
        (folder / AOF).write_bytes(b"".join((parts / name).read_bytes() for name in names))
        shutil.rmtree(parts)


def manifest(folder: Path) -> str:
    """The text that names the files of an AOF, in order."""
    return (folder / AOF_FOLDER / f"{AOF}.manifest").read_text()


def open_on(node: Stored, source: Path, directives: tuple[tuple[str, str], ...]) -> Opening:
    """Starts the server on a copy of the files of this folder."""
    node.kill()
    put(node, source)
    return reopen(node, directives)


def reopen(node: Stored, directives: tuple[tuple[str, str], ...]) -> Opening:
    """Starts the server on what lies in its folder."""
    before = digests(node.directory)
    try:
        node.reopen(directives)
    except NodeStartError:
        status = node.exit_status()
        log = _log(node)
        node.kill()
        after = digests(node.directory)
        touched = tuple(sorted(name for name in before | after if before.get(name) != after.get(name)))
        return Opening(started=False, status=status, log=log, touched=touched)
    return Opening(started=True, status=None, log=_log(node))


def digests(directory: Path) -> dict[str, str]:
    """The sha256 of each data file below it, by its name."""
    roots = [directory / name for name in DATA]
    files = [each for root in roots for each in ([root] if root.is_file() else sorted(root.rglob("*")))]
    return {
        str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def info(node: Node, section: str) -> dict[str, str]:
    """The fields of a section of INFO."""
    return fields_of(ask_node(node, command("INFO", section)))


def configure(node: Node, *directives: tuple[str, str]) -> None:
    """CONFIG SET of each.

    Raises:
        HarnessError: the server refuses one.

    """
    for name, value in directives:
        _must(node, "CONFIG", "SET", name, value)


def knows(node: Node, directive: str) -> bool:
    """Whether there is such a parameter."""
    return bool(ask_node(node, command("CONFIG", "GET", directive)).value)


def _must(node: Node, *words: str) -> None:
    reply = ask_node(node, command(*words), timeout_s=_SAVE_S)
    if reply.kind in (Kind.ERROR, Kind.NONE):
        raise HarnessError(f"{node.spec.build.engine} does not {' '.join(words)}: {reply.value!r}")


def _await(node: Stored, busy: str, status: str, scheduled: str = "") -> None:
    def seen() -> tuple[str, str, str]:
        said = info(node, "persistence")
        return said[busy], said.get(scheduled, "0"), said[status]

    expect = f"{node.spec.build.engine} to say {busy}:0"
    found = wait_until(seen, timeout_s=_SAVE_S, expect=expect, until=lambda each: each[:2] == ("0", "0"))
    if found[2] != "ok":
        raise NotSaved(f"{node.spec.build.engine} says {status}:{found[2]}", _log(node))


def _shut_down(node: Stored) -> None:
    with introduce(node, 2, timeout_s=_SAVE_S) as wire:
        reply = ask(wire, command("SHUTDOWN", "SAVE"))
    if reply.kind is Kind.ERROR:
        raise HarnessError(f"{node.spec.build.engine} does not SHUTDOWN: {reply.value!r}")
    wait_until(lambda: not node.alive(), timeout_s=_SAVE_S, expect=f"{node.spec.build.engine} to be gone")


def _log(node: Stored) -> tuple[str, ...]:
    return tuple(node.log_tail(_LOG_LINES).splitlines())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

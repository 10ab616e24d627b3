"""One server for one program: fetched, started where servers live, asked, and gone when this returns."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import msgspec

from topologies import cell
from topologies.cache import cache_dir
from topologies.fetch import obtain
from topologies.homes import choose, wants_docker
from topologies.node import Auth, NodeSpec
from topologies.show import KEPT, show, to_json
from topologies.solo import Heard, play_pipelined
from topologies.solo import play as play_stepwise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.lines import Line
    from topologies.engine import Build

_LAST_WORDS = 500  # lines of the log of a server that died


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted: these lines, to a fresh server of this engine."""

    spec: str
    lines: tuple[Line, ...]
    protocol: int = 2
    tls: bool = False
    auth: Auth = Auth.NONE
    pipelined: bool = False  # in one write
    cluster: bool = False  # to a cluster of this one node


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of it. `log` is the end of the server's log where it died."""

    build: Build
    heard: tuple[Heard, ...]
    log: str = ""


def fetch(asked: Asked, provider: str) -> Build:
    """The engine, fetched where it is not in the cache yet."""
    (build,) = obtain([asked.spec], prefer="docker" if provider == "docker" else None)
    return build


def needs_cell(provider: str, build: Build) -> bool:
    """Whether a cell is to be entered before the server is started."""
    if cell.inside() or provider in ("process", "docker") or wants_docker(provider, [build]):
        return False
    return provider == "cell" or cell.why_not() is None


def enter(arguments: Sequence[str]) -> NoReturn:
    """Does the same inside a cell: nothing behind this call is carried out."""
    again = [sys.executable, "-m", "topologies", *arguments]
    cell.enter(again, env=os.environ, nodes=cache_dir() / "cell")


def play(asked: Asked, build: Build, provider: str) -> Played:
    """Starts the server, plays the program, and ends the server.

    Raises:
        HomeError: the home asked for can't be had here.
        NodeStartError: the server did not become ready.

    """
    with closing(choose(provider, [build])) as home:
        spec = NodeSpec(name="solo", build=build, tls=asked.tls, auth=asked.auth, cluster=asked.cluster)
        node = home.start(spec)
        play_lines = play_pipelined if asked.pipelined else play_stepwise
        heard = play_lines(node, asked.lines, protocol=asked.protocol)
        log = "" if node.alive() else node.log_tail(_LAST_WORDS)
    return Played(build=build, heard=heard, log=log)


def as_json(played: Played) -> str:
    """For programs; the replies as records hold them."""
    told = {
        "engine": str(played.build.engine),
        "source": played.build.source,
        "package": played.build.package,
        "sha256": played.build.sha256,
        "heard": [
            {"line": each.line.text, "reply": to_json(each.reply, limit=KEPT), "late": each.late}
            for each in played.heard
        ],
        "log": played.log,
    }
    return msgspec.json.encode(told).decode()


def as_text(played: Played) -> str:
    """For people: each line with its reply, as redis-cli shows it."""
    shown = [f"{played.build.engine} ({played.build.package or played.build.source})"]
    for each in played.heard:
        late = "  (late: it had blocked)" if each.late else ""
        shown += [f"> {each.line.text}{late}", show(each.reply, limit=KEPT)]
    return "\n".join([*shown, *([played.log] if played.log else [])])

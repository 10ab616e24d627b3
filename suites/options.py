"""The command line of a run: `pytest suites --baseline redis:7.2 --candidate valkey:8.1 …`."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generators.command import CommandSyntaxError
from generators.raw import parse_line
from reports.book import Acceptances, BookError, load_acceptances
from reports.verdict import FailOn
from suites.profiles import PROFILES
from topologies.cluster import CLUSTER, STANDALONE
from topologies.node import PROVIDERS, Auth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.raw import Lines

DEFAULT_BASELINE = "redis:7.2"
DEFAULT_CANDIDATE = "valkey:8.1"
_SEEDS = 1 << 32


def add_options(parser: pytest.Parser) -> None:
    """Registers them; `pytest suites --help` shows them in a group of their own."""
    group = parser.getgroup("rekey", "Rekey: compare two engines (pytest suites …)")
    group.addoption(
        "--baseline",
        default=DEFAULT_BASELINE,
        metavar="ENGINE",
        help=("what is in use now, e.g. redis:7.2, redis:7.0@deb, path:/opt/x/redis-server [%(default)s]"),
    )
    group.addoption(
        "--candidate",
        default=DEFAULT_CANDIDATE,
        metavar="ENGINE",
        help=(
            "what it shall move to, e.g. valkey:8.1, valkey:9@wheel, image:registry/name:tag [%(default)s]"
        ),
    )
    group.addoption(
        "--provider",
        default="auto",
        choices=PROVIDERS,
        help=(
            "where servers live: a cell (Linux namespaces), Docker, or plain processes [%(default)s: "
            "cell, else processes; Docker where an engine is an image]"
        ),
    )
    group.addoption(
        "--profile",
        default="smoke",
        choices=tuple(PROFILES),
        help="how much to do: smoke about a minute, gate some minutes, nightly hours [%(default)s]",
    )
    group.addoption(
        "--seed",
        type=int,
        metavar="N",
        help="what programs are drawn from; the same seed draws the same programs [a new one, printed]",
    )
    group.addoption(
        "--record",
        type=Path,
        metavar="DIR",
        help="the run's folder, which must not exist yet [runs/<time>-<baseline>-<candidate>]",
    )
    group.addoption(
        "--fail-on",
        default="new",
        choices=[each.value for each in FailOn],
        help=(
            "which differences fail the run: new = explained by no ledger, breaking = of those the "
            "breaking ones, any = known ones, too [%(default)s]"
        ),
    )
    group.addoption(
        "--accept",
        type=Path,
        metavar="FILE",
        help="differences that you accept, each with reason and expiry date",
    )
    group.addoption(
        "--accept-to", type=Path, metavar="FILE", help="write a first such file of this run's new differences"
    )
    group.addoption(
        "--program",
        action="append",
        metavar="LINE",
        help=(
            "run only this program, a redis-cli line each time the option stands; "
            "--program='@2 GET k' sends it over the second connection (with =, else pytest reads a file); "
            """--program '!"*-1\\r\\n"' writes these bytes as they are"""
        ),
    )
    group.addoption(
        "--topology",
        default=STANDALONE,
        choices=(STANDALONE, CLUSTER),
        help="what --program runs on: standalone servers, or clusters of one node [%(default)s]",
    )
    group.addoption("--tls", action="store_true", help="all connections are encrypted")
    group.addoption(
        "--auth",
        default="none",
        choices=[each.value for each in Auth],
        help="how servers let clients in: a password, or an ACL user [%(default)s]",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one run, checked."""

    baseline: str
    candidate: str
    provider: str
    profile: str
    seed: int
    record: Path
    fail_on: FailOn
    strict: bool
    acceptances: Acceptances
    accept_to: Path | None
    program: Lines
    topology: str  # that the program is for
    tls: bool
    auth: Auth


def options_of(config: pytest.Config) -> Options:
    """The options as given.

    Raises:
        pytest.UsageError: one of them can't be used; the message says which and why.

    """
    baseline, candidate = str(config.getoption("--baseline")), str(config.getoption("--candidate"))
    seed = config.getoption("--seed")
    return Options(
        baseline=baseline,
        candidate=candidate,
        provider=str(config.getoption("--provider")),
        profile=str(config.getoption("--profile")),
        seed=secrets.randbelow(_SEEDS) if seed is None else int(seed),
        record=_record(config) or _new_record(config.rootpath, baseline, candidate),
        fail_on=FailOn(config.getoption("--fail-on")),
        strict=bool(
            config.getoption("strict", default=False)
        ),  # pytest's own --strict: inconclusive fails, too
        acceptances=_acceptances(config.getoption("--accept")),
        accept_to=_not_there_yet(config.getoption("--accept-to")),
        program=_program(config.getoption("--program") or ()),
        topology=str(config.getoption("--topology")),
        tls=bool(config.getoption("--tls")),
        auth=Auth(config.getoption("--auth")),
    )


def _record(config: pytest.Config) -> Path | None:
    given = config.getoption("--record")
    path = Path(str(given)).resolve() if given else None
    ours = not hasattr(config, "workerinput")  # a worker is told the folder that its controller began
    if ours and path is not None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise pytest.UsageError(
            f"--record {path}: it exists, and a record is never overwritten; move it away or name another"
        )
    return path


def _new_record(root: Path, baseline: str, candidate: str) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    engines = (re.sub(r"[^A-Za-z0-9.]", "_", each)[-24:] for each in (baseline, candidate))
    return root / "runs" / "-".join((now, *engines))


def _acceptances(path: Path | None) -> Acceptances:
    if path is None:
        return Acceptances()
    try:
        return load_acceptances(path, today=datetime.now(UTC).date())
    except (BookError, OSError) as error:
        raise pytest.UsageError(f"--accept {path}: {error}") from error


def _not_there_yet(path: Path | None) -> Path | None:
    if path is not None and path.exists():
        raise pytest.UsageError(f"--accept-to {path}: the file exists; move it away or name another")
    if path is not None and not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"--accept-to {path}: {path.parent} is no folder that can be written to")
    return path


def _program(lines: Sequence[str]) -> Lines:
    try:
        return tuple(parse_line(line) for line in lines)
    except CommandSyntaxError as error:
        raise pytest.UsageError(f"--program: {error}") from error

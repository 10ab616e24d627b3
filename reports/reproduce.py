"""Runs a finding's program again on a pair, in a run of its own, and says whether the same finding comes of it.

The run is a process, `python -m pytest suites --program …`: what counts as a difference is known there alone.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports import record
from reports.replies import lines as shown_lines
from reports.replies import printable
from reports.solo import ROOT, NotPlayedError, Players, Way, topology_words
from reports.verdict import ExitCode
from topologies.engine import HarnessError
from topologies.homes.root import new_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.finding import Finding, WireReply
    from reports.reproducer import Reproducer
    from reports.run import BuildRecord, Run

_TRIES = 5  # of a finding that did not show every time
_DONE = (ExitCode.OK, ExitCode.DIVERGES, ExitCode.INCONCLUSIVE)
_PREFIX = "rekey-again-"
_SHOWN = 40  # lines of a reply
_LETS_END_S = 30.0  # what a run may take to stop its servers


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What came of it. `found` are the findings of the new run."""

    run: Run
    found: tuple[Finding, ...]
    same: Finding | None
    tries: int
    alone: tuple[WireReply | str, WireReply | str] | None = (
        None  # each side's reply where nothing differs, or why not
    )


class RunFailedError(HarnessError):
    """The run itself failed: no word about the engines. `code` is its exit code."""

    def __init__(self, code: int, told: str) -> None:
        super().__init__(f"the run ended with {code}:\n{told.strip()}")
        self.code = code


_SOURCES = ("wheel", "deb", "docker")  # can be named behind a version, so that the same build is asked for


def spec_again(build: BuildRecord) -> str:
    """The spec that brings the same build: what was asked for may mean a newer one today."""
    if build.source in _SOURCES:
        return f"{build.product}:{build.version}@{build.source}"
    return build.spec


def way_of(run: Run, provider: str | None = None) -> Way:
    """How the run entered its servers. Its home need not be this machine's: it is chosen anew, but for Docker."""
    docker = "docker" if run.provider == "docker" else "auto"
    return Way(
        provider=provider or docker,
        tls=bool(run.options.get("tls", False)),
        auth=str(run.options.get("auth", "none")),
    )


def reproduce(of: Reproducer, *, baseline: str | None, candidate: str | None, way: Way) -> Again:
    """Runs the program on the pair: on the run's own builds, or on others.

    Raises:
        RunFailedError: an engine can't be had, or Rekey or its surroundings failed.

    """
    pair = baseline or spec_again(of.run.baseline), candidate or spec_again(of.run.candidate)
    tries = 1 if _always(of.finding) else _TRIES
    for number in range(1, tries + 1):
        run, found = _run(of, pair, way)
        same = next((each for each in found if each.signature == of.finding.signature), None)
        again = Again(run=run, found=found, same=same, tries=number)
        if same is not None:
            break
    return again if again.found else replace(again, alone=_alone(of, pair, way))


def _always(finding: Finding) -> bool:
    """Whether every replay showed it: "3 of 3 replays showed it"."""
    words = str(finding.evidence.get("replays", "")).split()
    return finding.certain and (len(words) < 3 or words[0] == words[2])


def command_of(of: Reproducer, pair: tuple[str, str], way: Way) -> list[str]:
    """The words behind `pytest` of the run."""
    program = [f"--program={line}" for line in of.finding.program]
    words = (*way.words, *topology_words(of.finding))
    return ["suites", "--baseline", pair[0], "--candidate", pair[1], *words, *program]


def _run(of: Reproducer, pair: tuple[str, str], way: Way) -> tuple[Run, tuple[Finding, ...]]:
    folder = new_root(prefix=_PREFIX)
    try:
        kept = folder / "run"
        words = [*command_of(of, pair, way), "--record", str(kept), "-q", "-p", "no:cacheprovider"]
        code, said = _pytest(words)
        if code not in _DONE:
            raise RunFailedError(code, said)
        found = record.load(kept)
        return found.run, found.findings
    finally:
        shutil.rmtree(folder)


def _pytest(words: list[str]) -> tuple[int, str]:
    """How the run ended, and what it said. Who interrupts us ends it, and it is waited for: it writes until it has
    ended, and what it writes into would not go away before. `subprocess.run` would kill it after a quarter of a second.

    It is in a process group of its own, so that Ctrl-C reaches it once, and through us.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as run:
        try:
            out, err = run.communicate()
        except BaseException:
            run.terminate()
            try:
                run.communicate(timeout=_LETS_END_S)
            except BaseException:  # interrupted again, or it does not end: then it is ended
                run.kill()
                raise
            raise
    return run.returncode, err or out


def _alone(of: Reproducer, pair: tuple[str, str], way: Way) -> tuple[WireReply | str, WireReply | str]:
    """What each says to the line that differed, for those who want to see what both say now."""
    with Players() as players:
        first, second = (_reply(players, of, spec, way) for spec in pair)
    return first, second


def _reply(players: Players, of: Reproducer, spec: str, way: Way) -> WireReply | str:
    try:
        heard = players.play(of, spec, way).heard
    except NotPlayedError as error:
        return str(error)
    return heard[min(of.finding.step, len(heard) - 1)].reply


def told(of: Reproducer, again: Again) -> str:
    """The outcome for people."""
    return "\n".join(_told(of, again))


def _told(of: Reproducer, again: Again) -> Iterator[str]:
    finding = of.finding
    yield f"{finding.id}  {printable(of.title)} (RESP{finding.protocol})"
    yield from (f"  {'▸' if at == finding.step else ' '} {line}" for at, line in enumerate(finding.program))
    for then, now in ((of.run.baseline, again.run.baseline), (of.run.candidate, again.run.candidate)):
        yield from _another_build(then, now)
    if again.same is not None:
        yield from _both(again, again.same.baseline, again.same.candidate)
        yield f"Shown again: the same difference ({finding.signature})."
    elif again.found:
        for other in again.found:
            yield from _both(again, other.baseline, other.candidate)
            yield f"Another difference ({other.signature}), id {other.id}."
        yield f"Not shown again: the run's was {finding.signature}."
    else:
        assert again.alone is not None, "where nothing was found, both were asked alone"
        yield from _both(again, *again.alone)
        tries = f" in {again.tries} tries" if again.tries > 1 else ""
        yield f"Not shown again: both answer alike{tries}."


def _another_build(then: BuildRecord, now: BuildRecord) -> Iterator[str]:
    if then.sha256 != now.sha256:
        yield f"  ! {now.title} ({now.package or now.spec}) instead of {then.title} ({then.package or then.spec})"


def _both(again: Again, *replies: WireReply | str) -> Iterator[str]:
    for build, reply in zip((again.run.baseline, again.run.candidate), replies, strict=True):
        shown = [f"could not be asked alone: {reply}"] if isinstance(reply, str) else shown_lines(reply)
        first, *rest = shown[:_SHOWN]
        yield f"{build.title}: {printable(first)}"
        yield from (" " * (len(build.title) + 2) + printable(line) for line in rest)
        if len(shown) > _SHOWN:
            yield f"… ({len(shown)} lines)"


def line_of(of: Reproducer, name: str) -> str:
    """The command that does this, to paste: `reproduce` or `bisect`."""
    return shlex.join([".venv/bin/python", "-m", "reports", name, of.run.id, of.finding.id])

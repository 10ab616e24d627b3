"""The end of a run, in the controller: the record is merged, judged and rendered, and the terminal gets its summary."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest
from rich.console import Console

from generators.scenes import scenes
from generators.vocabulary import areas
from generators.wire import cases
from reports import record
from reports.book import BookError, write_acceptances
from reports.judge import save
from reports.render import render
from reports.run import NotRun, Tolerance
from reports.terminal import print_summary
from reports.verdict import ExitCode
from suites.conformance.tolerance import RULES
from suites.identity.twins import RULES as RULES_OF_IDENTITY
from topologies.engine import HarnessError

if TYPE_CHECKING:
    from pathlib import Path

    from reports.record import Record
    from suites.session import Session

COLLECTED = pytest.StashKey[list[str]]()  # in the controller of workers: what they collected

_TROUBLES: list[tuple[str, str]] = []  # tests of this run that broke for another reason than a difference


def note_trouble(report: pytest.TestReport) -> None:
    """Remembers a test that Rekey or its surroundings failed: a reader of the report must know."""
    lines = report.longreprtext.strip().splitlines() if report.failed else []
    if lines and not isinstance(report, pytest.SubtestReport) and not lines[-1].startswith("contains "):
        crash = getattr(report.longrepr, "reprcrash", None)  # its message begins with what matters
        _TROUBLES.append((report.nodeid, crash.message.splitlines()[0] if crash else lines[-1]))


def _troubles() -> tuple[NotRun, ...]:
    return tuple(
        NotRun(what=nodeid.rsplit("::", 1)[-1], why=f"it broke: {text[:300]}") for nodeid, text in _TROUBLES
    )


def end(session: Session, exitstatus: int, tests: pytest.Session) -> int:
    """Closes the record: merges what workers wrote, judges it, renders it. Returns the exit code of the run."""
    if session.watch is not None:
        session.watch.stop()
    session.close()
    stopped = (
        exitstatus == ExitCode.INTERRUPTED and tests.shouldfail
    )  # by -x: xdist calls that an interruption
    try:
        return _close_record(session, ExitCode.DIVERGES if stopped else exitstatus, tests)
    except HarnessError as error:
        sys.stderr.write(f"\nrekey: {error}\n")
        return ExitCode.INTERNAL


def _close_record(session: Session, exitstatus: int, tests: pytest.Session) -> int:
    folder = session.options.record
    merged = record.merge(folder)
    record.amend(
        folder,
        end=datetime.now(UTC).isoformat(timespec="seconds"),
        totals=msgspec.structs.replace(merged.run.totals, seconds=time.monotonic() - session.started),
        tolerances=_tolerances(folder),
        replayed=_replayed(folder),
        not_run=(
            *merged.run.not_run,
            *_ended_early(folder),
            *_not_selected(session, tests),
            *_stopped(tests),
            *_troubles(),
        ),
        notes=merged.run.notes + tuple(f"{nodeid} broke: {text[:300]}" for nodeid, text in _TROUBLES),
        full=exitstatus in (0, 1) and _is_whole(session, tests),
    )
    judged = session.judge(record.load(folder))
    code = _exit_code(exitstatus, judged)
    judged = replace(judged, run=msgspec.structs.replace(judged.run, exit_code=code))
    session.record = judged  # what is known can be told even where it can't be written
    save(judged)
    _write_acceptances(session, judged)
    render(folder)
    return code


def _exit_code(exitstatus: int, judged: Record) -> int:
    """Pytest's 1 means that a test failed: differences, which were judged, or else the surroundings."""
    if exitstatus not in (0, 1):
        return exitstatus
    if exitstatus == 1 and _TROUBLES and judged.run.exit_code != ExitCode.DIVERGES:
        return ExitCode.INTERNAL
    return exitstatus if judged.run.exit_code is None else judged.run.exit_code


def _write_acceptances(session: Session, judged: Record) -> None:
    """What --accept-to asks for. A disk that is full must not cost the run its report."""
    path = session.options.accept_to
    if path is None:
        return
    new = [finding for finding in judged.findings if finding.verdict == "diverges"]
    try:
        write_acceptances(new, path, today=datetime.now(UTC).date())
    except BookError as error:
        sys.stderr.write(f"rekey: --accept-to: {error}\n")


def _is_whole(session: Session, tests: pytest.Session) -> bool:
    return (
        session.options.profile != "smoke"
        and not session.options.program
        and not _not_selected(session, tests)
        and session.replicates
        and not tests.shouldfail
    )


def _stopped(tests: pytest.Session) -> tuple[NotRun, ...]:
    """What -x and --maxfail leave out."""
    why = str(tests.shouldfail or "")
    return (NotRun(what="what comes after the failures", why=why),) if why else ()


def _not_selected(session: Session, tests: pytest.Session) -> tuple[NotRun, ...]:
    """Areas that the command line left out. Under xdist only workers collect, and all of them everything."""
    ids = [item.nodeid for item in tests.items] or [
        str(each) for each in tests.config.stash.get(COLLECTED, ())
    ]
    if session.options.program or not ids:
        return ()
    names = (*areas(), *scenes(), *cases())
    chosen = [each for each in ids if "test_walk[" not in each]  # its groups are called as areas are
    left = [name for name in names if not any(f"[{name}]" in each for each in chosen)]
    what = [f"the areas {', '.join(left)}"] if left else []
    if not any("test_identity[" in each for each in ids) or not any("test_settings" in each for each in ids):
        what.append("what the engines say of themselves, and their settings")
    if not any("suites/persistence/" in each for each in ids):
        what.append("persistence: files of one engine read by the other")
    if not any("test_replication[" in each for each in ids):
        what.append("replication")
    return tuple(NotRun(what=each, why="left out on the command line") for each in what)


def _tolerances(folder: Path) -> tuple[Tolerance, ...]:
    counts: Counter[str] = Counter()
    for line in record.lines(folder, "progress"):
        if isinstance(line, dict):
            counts.update(line.get("tolerated", {}))
    why = RULES | RULES_OF_IDENTITY
    return tuple(Tolerance(rule=name, why=why[name], count=count) for name, count in sorted(counts.items()))


def _replayed(folder: Path) -> dict[str, bool]:
    seen: dict[str, bool] = {}
    for line in record.lines(folder, "observations"):
        if isinstance(line, dict) and line.get("kind") == "replay":
            seen[str(line["entry"])] = bool(line["differs"])
    return seen


def _ended_early(folder: Path) -> tuple[NotRun, ...]:
    """What a suite left out by itself, or did not finish."""
    found: dict[NotRun, None] = {}  # each once, however many workers said it
    for line in record.lines(folder, "observations"):
        if isinstance(line, dict) and line.get("kind") == "ended-early":
            found[NotRun(what=f"the rest of {line['area']}", why=str(line["why"]))] = None
        elif isinstance(line, dict) and line.get("kind") == "not-run":
            found[NotRun(what=str(line["what"]), why=str(line["why"]))] = None
    return tuple(found)


def summarise(session: Session) -> None:
    """The end of the terminal's output."""
    if session.record is not None:
        with contextlib.suppress(BrokenPipeError):
            print_summary(session.record, Console())

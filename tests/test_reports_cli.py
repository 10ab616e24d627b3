"""`python -m reports`: what people type, what they get, and what they are told when it can't be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reports import record
from reports.__main__ import main
from reports.record import RecordWriter
from reports.run import Work
from tests.sample_record import LEDGER, a_finding, a_run, write_realistic

ROOT = Path(__file__).resolve().parents[1]

ACCEPTED = """
[[accepted]]
id = "a"
rule = "agreement.encoding"
subject = "*"
reason = "fine"
expires = {}
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def a_small_run(folder: Path, start: str = "2031-01-01T00:00:00+00:00", signature: str = "s") -> Path:
    record.start(folder, a_run(id=folder.name, start=start))
    with RecordWriter.open(folder) as writer:
        writer.finding(a_finding(signature=signature))
        writer.progress(Work(area="hashes", compared=1_000, programs=10, seconds=0.1))
    record.merge(folder)
    return folder


def test_show_takes_a_folder_a_name_or_latest(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_small_run(runs / "b-older", "2031-01-01T00:00:00+00:00")
    a_small_run(runs / "a-newer", "2031-01-02T00:00:00+00:00")
    (runs / "no-run").mkdir()
    for name in ("latest", "a-newer", str(runs / "a-newer")):
        assert main(["show", name]) == 0
        assert "a-newer/report.html" in capsys.readouterr().out


def test_render_writes_all_and_the_same_again(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_realistic(runs / "run")
    assert main(["render", "latest"]) == 0
    names = ["report.html", "junit.xml", "summary.md", "report.json"]
    assert [line.rsplit("/")[-1] for line in capsys.readouterr().out.splitlines()] == names
    before = {name: (runs / "run" / name).read_bytes() for name in names}
    assert main(["render", "run"]) == 0
    assert before == {name: (runs / "run" / name).read_bytes() for name in names}
    assert json.loads(before["report.json"])["headline"].startswith("Not a drop-in: 15 breaking")


def test_judge_returns_the_exit_code_of_the_policy_and_saves(runs: Path, tmp_path: Path) -> None:
    folder = a_small_run(runs / "run")
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    judging = ["judge", "run", "--ledger", str(empty)]
    assert main(judging) == 1
    assert (folder / "report.html").exists()
    assert main([*judging, "--fail-on", "breaking"]) == 0
    assert record.load(folder).run.fail_on == "breaking"
    accepting = tmp_path / "mine.toml"
    accepting.write_text(ACCEPTED.format("9999-01-01"))
    assert main([*judging, "--accept", str(accepting)]) == 0
    assert record.load(folder).findings[0].known == "a"
    assert main([*judging, "--accept", str(accepting), "--fail-on", "any"]) == 1


def test_an_expired_acceptance_is_told_and_not_applied(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_small_run(runs / "run")
    mine = tmp_path / "mine.toml"
    mine.write_text(ACCEPTED.format("2020-01-01"))
    assert main(["judge", "run", "--accept", str(mine)]) == 1
    assert "the acceptance 'a' expired on 2020-01-01" in " ".join(capsys.readouterr().out.split())


def test_judging_with_another_ledger_changes_what_is_known(runs: Path, tmp_path: Path) -> None:
    write_realistic(runs / "run")
    ledger = tmp_path / "other.toml"
    ledger.write_text(LEDGER.split('[[known]]\nid = "help-texts"')[0])
    main(["judge", "run", "--ledger", str(ledger)])
    known = {finding.known for finding in record.load(runs / "run").findings}
    assert "new-commands-of-valkey" in known
    assert "error-texts-of-8" not in known


def test_diff_says_what_only_one_has_and_what_changed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, signatures in (("a", ("both", "first")), ("b", ("both", "second"))):
        record.start(runs / name, a_run(id=name))
        with RecordWriter.open(runs / name) as writer:
            for signature in signatures:
                severity = "additive" if (name, signature) == ("b", "both") else "cosmetic"
                writer.finding(a_finding(signature=signature, severity=severity))
        record.merge(runs / name)
    assert main(["diff", "a", "b"]) == 1
    out = capsys.readouterr().out
    for part in ("Only in A: 1", "Only in B: 1", "Changed from A to B: 1", "severity: cosmetic → additive"):
        assert part in out
    assert main(["diff", "a", "a"]) == 0
    assert "2 differences in both, equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "gone"], "no run 'gone': it is no folder, and runs holds no run"),
        (["show", "latest"], "no latest run: runs holds none"),
        (["show", "."], "holds no run record"),
        (["judge", "run", "--ledger", "gone.toml"], "gone.toml can't be read"),
        (["judge", "run", "--accept", "gone.toml"], "gone.toml can't be read"),
        (["diff", "run", "gone"], "no run 'gone'"),
    ],
)
def test_what_cannot_be_is_usage_error_4_with_the_reason(
    runs: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "run" in arguments:
        a_small_run(runs / "run")
    assert main(arguments) == 4
    assert message in capsys.readouterr().err


def test_a_record_of_another_schema_is_refused(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (runs / "old").mkdir()
    (runs / "old" / "run.json").write_text('{"schema": 99}')
    assert main(["render", "old"]) == 4
    assert "schema 99, and this Rekey reads schema 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["paint"], ["show"], ["judge", "x", "--fail-on", "some"], ["diff", "x"]]
)
def test_wrong_usage_is_exit_code_4(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 4
    assert "usage: python -m reports" in capsys.readouterr().err


def show_into(output: object, run: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reports", "show", str(run)]
    return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.PIPE, text=True)  # type: ignore[call-overload, no-any-return]


def test_output_that_nobody_reads_or_takes_is_no_difference(runs: Path) -> None:
    """Neither is a traceback, nor 1, which would say that the engines differ."""
    a_small_run(runs / "run")
    ours, theirs = os.pipe()
    os.close(ours)
    with show_into(theirs, runs / "run") as shown:
        os.close(theirs)
        assert (shown.communicate()[1], shown.returncode) == ("", -signal.SIGPIPE)
    with Path("/dev/full").open("w") as full, show_into(full, runs / "run") as shown:
        assert shown.communicate()[1] == "error: [Errno 28] No space left on device\n"
        assert shown.returncode == 3


@pytest.mark.parametrize("command", ["show", "render", "judge", "diff"])
def test_help_says_what_a_run_is(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "latest" in capsys.readouterr().out

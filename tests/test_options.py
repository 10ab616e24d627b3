"""The command line of a run: what is refused, in which words, with which exit code; and -k, -x and --lf."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from generators.command import parse
from reports.verdict import FailOn
from suites.options import DEFAULT_BASELINE, DEFAULT_CANDIDATE, Options, add_options, options_of
from suites.profiles import PROFILES
from tests.liar.engine import make_liar
from tests.sample_builds import QUICK, real_build
from topologies.node import Auth

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent

ACCEPTED = """
[[accepted]]
id = "incr-is-fine"
rule = "agreement.value"
subject = "INCR"
reason = "nobody counts"
expires = {expires}
"""


class Config:
    """As much of pytest's configuration as options are read from."""

    rootpath = Path("/nowhere")

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    def getoption(self, name: str, default: object = None) -> object:
        return getattr(self._namespace, name.removeprefix("--").replace("-", "_"), default)


def options(*words: str) -> Options:
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    return options_of(cast("pytest.Config", Config(parser.parse(words))))


def test_defaults() -> None:
    given = options()
    assert (given.baseline, given.candidate) == (DEFAULT_BASELINE, DEFAULT_CANDIDATE)
    assert (given.provider, given.profile, given.fail_on) == ("auto", "smoke", FailOn.NEW)
    assert given.record.parent == Path("/nowhere/runs")
    assert (given.accept_to, given.program, given.tls, given.auth) == (None, (), False, Auth.NONE)
    assert not given.strict


def test_without_a_seed_there_is_a_new_one_each_time() -> None:
    assert options().seed != options().seed
    assert options("--seed", "7").seed == 7
    assert options("--seed", "0").seed == 0


def test_options_are_taken_as_given(tmp_path: Path) -> None:
    given = options(
        *("--baseline", "redis:6.2", "--candidate=valkey:9", "--provider", "process", "--profile", "gate"),
        *("--record", str(tmp_path / "new"), "--fail-on", "any", "--tls", "--auth", "acl"),
        *("--program", "SET k 'a b'", "--program", "GET k", "--accept-to", str(tmp_path / "accepted.toml")),
    )
    assert (given.baseline, given.candidate) == ("redis:6.2", "valkey:9")
    assert given.program == (parse("SET k 'a b'"), parse("GET k"))
    assert (given.record, given.accept_to) == (tmp_path / "new", tmp_path / "accepted.toml")
    assert (given.fail_on, given.tls, given.auth) == (FailOn.ANY, True, Auth.ACL)


def test_a_records_name_has_time_and_engines_and_nothing_that_a_shell_minds() -> None:
    name = options("--baseline", "path:/opt/x y/redis-server", "--candidate", "valkey:8.1@wheel").record.name
    assert name.replace("-", "").replace(".", "").replace("_", "").isalnum()
    assert name.endswith("-valkey_8.1_wheel")


@pytest.mark.parametrize("line", ['SET "a', "", "SET 'a'b"])
def test_a_line_that_is_no_command_is_refused(line: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"^--program: "):
        options("--program", line)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "can't be read"),
        ("a = [", "no TOML"),
        ("[[accepted]]\nid = 'a'\n", "rule"),
        ("[[known]]\nid = 'a'\n", "known"),
        (ACCEPTED.format(expires="2999-01-01") + "colour = 'red'\n", "colour"),
        (ACCEPTED.format(expires="'tomorrow'"), "expires"),
        (ACCEPTED.format(expires="2999-01-01").replace("nobody counts", ""), "reason"),
    ],
)
def test_an_unusable_file_of_acceptances_is_refused_with_its_name(
    text: str | None, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "accepted.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(pytest.UsageError, match=why) as caught:
        options("--accept", str(path))
    assert str(path) in str(caught.value)


def test_an_acceptance_past_its_date_is_not_applied_and_told(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(ACCEPTED.format(expires="2001-01-01"))
    given = options("--accept", str(path)).acceptances
    assert not given.ledger.entries
    assert "'incr-is-fine' expired on 2001-01-01" in given.expired[0]


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for name, path in (("--accept-to", file), ("--record", file), ("--record", tmp_path)):
        with pytest.raises(pytest.UsageError, match=f"^{name} {path}: .*exists"):
            options(name, str(path))
    (tmp_path / "empty").mkdir()
    assert options("--record", str(tmp_path / "empty")).record == tmp_path / "empty"


def test_a_place_that_cant_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match="no folder that can be written to"):
        options("--accept-to", str(tmp_path / "nosuch" / "accepted.toml"))


def test_profiles_are_small_enough_for_their_names() -> None:
    smoke, gate, nightly = (PROFILES[name] for name in ("smoke", "gate", "nightly"))
    assert smoke.commands < gate.commands < nightly.commands
    assert smoke.seconds < gate.seconds < nightly.seconds


# --- whole runs ---


def run(
    cwd: Path, *words: str, engines: tuple[str, str] = (QUICK, QUICK), path: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """`python -m pytest suites …` on plain processes, its cache and record in a folder of the test's own."""
    arguments = ["suites", "-o", f"cache_dir={cwd / 'cache'}", "--provider", "process", "--seed", "1"]
    arguments += ["--baseline", engines[0], "--candidate", engines[1]]
    if "--record" not in words:
        arguments += ["--record", str(cwd / f"run-{len(list(cwd.iterdir()))}")]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", *arguments, *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def findings(record: Path) -> list[dict[str, object]]:
    lines = (record / "findings.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line) for line in lines]


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("nosuch:1", ["nosuch", "redis:7.2", "valkey:"]),
        ("redis:99", ["redis:99", "What can be had of redis"]),
        ("redis://127.0.0.1:1", ["redis://127.0.0.1:1", "not served yet"]),
        ("path:/nonexistent/redis-server", ["/nonexistent/redis-server"]),
    ],
)
def test_an_engine_that_cant_be_had_is_usage(engine: str, words: Sequence[str], tmp_path: Path) -> None:
    ended = run(tmp_path, engines=(engine, engine))
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert all(word in ended.stdout + ended.stderr for word in words), ended.stderr
    assert "Traceback" not in ended.stderr
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("run-")]


@pytest.mark.engines
def test_a_record_that_exists_is_usage_and_stays_as_it_was(tmp_path: Path) -> None:
    real_build(QUICK)
    (tmp_path / "mine").write_text("precious")
    ended = run(tmp_path, "--record", str(tmp_path), "--program", "PING")
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "never overwritten" in ended.stderr
    assert [each.name for each in tmp_path.iterdir() if each.name != "cache"] == ["mine"]


@pytest.mark.engines
def test_the_line_that_shows_a_finding_again_is_one_that_pytest_takes(tmp_path: Path) -> None:
    liar = f"path:{make_liar(tmp_path, real_build(QUICK), 'incr-plus-one')}"
    run(
        tmp_path,
        *("--program=@2 SET k 1", "--program", "INCR k", "--record", str(tmp_path / "1")),
        engines=(QUICK, liar),
    )
    [found] = findings(tmp_path / "1")
    assert found["program"] == ["@2 SET k 1", "INCR k"]
    words = shlex.split(str(found["reproduce"]))
    again = run(tmp_path, *words[words.index("--provider") :], "--record", str(tmp_path / "2"))
    assert again.returncode in (0, pytest.ExitCode.TESTS_FAILED), again.stdout + again.stderr
    run_json = msgspec.json.decode((tmp_path / "2" / "run.json").read_bytes())
    assert run_json["totals"]["programs"] == 2


@pytest.mark.engines
def test_what_breaks_is_told_and_is_not_called_a_difference(tmp_path: Path) -> None:
    """A record that nobody can write to any more: not 1, which would say that the engines differ."""
    real_build(QUICK)
    plugin = tmp_path / "breaks.py"
    plugin.write_text(
        "from reports.record import RecordError, RecordWriter\n"
        "def full(*_):\n    raise RecordError('no space left: free some')\n"
        "RecordWriter._append = full\n"
    )
    ended = run(
        tmp_path, "-p", "breaks", "--program", "PING", "--record", str(tmp_path / "run"), path=tmp_path
    )
    assert ended.returncode == pytest.ExitCode.INTERNAL_ERROR, ended.stdout + ended.stderr
    assert "no space left: free some" in ended.stdout.split("Not tested")[1]
    told = msgspec.json.decode((tmp_path / "run" / "run.json").read_bytes())
    assert told["exit_code"] == pytest.ExitCode.INTERNAL_ERROR


@pytest.mark.engines
def test_a_record_that_cant_be_ended_is_told_with_the_summary(tmp_path: Path) -> None:
    real_build(QUICK)
    plugin = tmp_path / "breaks.py"
    plugin.write_text(
        "import suites.ending\nfrom reports.record import RecordError\n"
        "def full(*_):\n    raise RecordError('no space left: free some')\n"
        "suites.ending.render = full\n"
    )
    ended = run(tmp_path, "-p", "breaks", "--program", "PING", path=tmp_path)
    assert ended.returncode == pytest.ExitCode.INTERNAL_ERROR
    assert "rekey: no space left: free some" in ended.stderr
    assert "Drop-in as far as tested" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.engines
def test_nothing_selected_is_nothing_run(tmp_path: Path) -> None:
    real_build(QUICK)
    ended = run(tmp_path, "-k", "nosuchtest", "--record", str(tmp_path / "run"))
    assert ended.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, ended.stdout + ended.stderr


@pytest.mark.engines
def test_a_difference_fails_is_accepted_and_then_passes(tmp_path: Path) -> None:
    """One life of an acceptance: found (1), written down, accepted (0), all the same with --fail-on any (1)."""
    liar = f"path:{make_liar(tmp_path, real_build(QUICK), 'incr-plus-one')}"
    accepted = tmp_path / "accepted.toml"
    program = ("--program", "SET k 1", "--program", "INCR k")

    first = run(
        tmp_path,
        *program,
        "--accept-to",
        str(accepted),
        "--record",
        str(tmp_path / "1"),
        engines=(QUICK, liar),
    )
    assert first.returncode == pytest.ExitCode.TESTS_FAILED, first.stdout + first.stderr
    [found] = findings(tmp_path / "1")
    assert (found["rule"], found["subject"], found["verdict"]) == ("agreement.value", "INCR", "diverges")
    assert found["program"] == ["SET k 1", "INCR k"]
    assert found["step"] == 1
    assert "incr" in accepted.read_text()

    again = ("--accept", str(accepted), *program)
    second = run(tmp_path, *again, "--record", str(tmp_path / "2"), engines=(QUICK, liar))
    assert second.returncode == 0, second.stdout + second.stderr
    assert [each["verdict"] for each in findings(tmp_path / "2")] == ["known"]

    third = run(tmp_path, *again, "--fail-on", "any", "--record", str(tmp_path / "3"), engines=(QUICK, liar))
    assert third.returncode == pytest.ExitCode.TESTS_FAILED


@pytest.mark.engines
def test_x_stops_at_a_finding_and_lf_runs_what_failed(tmp_path: Path) -> None:
    liar = f"path:{make_liar(tmp_path, real_build(QUICK), 'pfcount-plus-one')}"
    only = ("-k", "hyperloglog or known_differences", "-v")
    first = run(tmp_path, *only, "-x", "--record", str(tmp_path / "1"), engines=(QUICK, liar))
    assert first.returncode == pytest.ExitCode.TESTS_FAILED, first.stdout + first.stderr
    assert "test_area[hyperloglog]" in first.stdout
    assert "test_known_differences" not in first.stdout
    assert "what comes after the failures: stopping after" in first.stdout
    workers = run(tmp_path, *only, "-x", "-n", "1", "--record", str(tmp_path / "n"), engines=(QUICK, liar))
    assert workers.returncode == pytest.ExitCode.TESTS_FAILED, workers.stdout + workers.stderr
    second = run(tmp_path, *only, "--lf", "--record", str(tmp_path / "2"), engines=(QUICK, liar))
    assert second.returncode == pytest.ExitCode.TESTS_FAILED
    assert "test_area[hyperloglog]" in second.stdout
    assert "test_known_differences" not in second.stdout
    subjects = [{each["subject"] for each in findings(tmp_path / name)} for name in ("1", "2")]
    assert subjects == [{"PFCOUNT"}, {"PFCOUNT"}]

"""Whoever interrupts a run is heard: wherever it is just then, and with SIGTERM as well."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from suites import session
from tests.sample_builds import QUICK, real_build
from topologies.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]

IN_A_FINALISER = f"""
import signal, sys; sys.path.insert(0, {str(ROOT)!r})
from suites import interrupt
interrupt.never_lose_ctrl_c()

class Finalised:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

Finalised()
try:
    signal.pause()
except KeyboardInterrupt:
    print("heard")
"""


SWALLOWED = f"""
import contextlib, signal, sys; sys.path.insert(0, {str(ROOT)!r})
from suites import interrupt
interrupt.never_lose_ctrl_c()
told = []

def library(breaks):
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException:
        told.append("swallowed")
    if breaks:
        raise AssertionError("half built")

for breaks in (True, False):
    try:
        with interrupt.heard():
            library(breaks)
    except KeyboardInterrupt:
        told.append("heard")
try:
    interrupt.raise_again()
except KeyboardInterrupt:
    told.append("again")
print(*told)
"""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param(IN_A_FINALISER, "heard\n", id="in a finaliser"),
        pytest.param(
            SWALLOWED, "swallowed heard swallowed heard again\n", id="in a library that swallows it"
        ),
    ],
)
def test_an_interrupt_is_heard(code: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.stderr) == (told, "")


class Fetching:
    """As much of pytest's configuration as is read before engines are fetched."""

    rootpath = ROOT

    def __init__(self, **options: object) -> None:
        self._options = options

    def getoption(self, name: str, default: object = None) -> object:
        plain = {"baseline": "redis:7.2", "candidate": "valkey:8.1", "provider": "process"}
        plain |= {"profile": "smoke", "fail_on": "new", "auth": "none"}
        key = name.removeprefix("--").replace("-", "_")
        return (plain | self._options).get(key, default)


@pytest.fixture
def fetching(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """What happens instead of a fetch, outside of a cell."""
    monkeypatch.setattr("topologies.cell.inside", lambda: False)

    def raises(error: BaseException) -> None:
        def fetch(config: object) -> None:
            raise error

        monkeypatch.setattr(session, "fetch", fetch)

    return raises


def test_an_interrupt_while_engines_are_fetched_is_one_line(
    fetching: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fetching(KeyboardInterrupt())
    code = session.enter_home(cast("pytest.Config", Fetching()))
    assert code == pytest.ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "rekey: interrupted; what was fetched whole is kept\n"


def test_an_option_that_cant_be_used_is_told_before_anything_is_fetched(
    fetching: Callable[[BaseException], None],
) -> None:
    fetching(AssertionError("it was fetched"))
    with pytest.raises(pytest.UsageError, match="--accept /nonexistent: "):
        session.enter_home(cast("pytest.Config", Fetching(accept=Path("/nonexistent"))))


@pytest.mark.engines
def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path: Path) -> None:
    real_build(QUICK)
    words = ["--baseline", QUICK, "--candidate", QUICK, "--provider", "process", "-k", "strings"]
    words += ["--record", str(tmp_path / "run"), "-o", f"cache_dir={tmp_path / 'cache'}", "--profile", "gate"]
    command = [sys.executable, "-m", "pytest", "suites", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as run:
        compared = lambda: any((tmp_path / "run").glob("progress-*.jsonl"))  # noqa: E731
        wait_until(compared, timeout_s=60, expect="the run to compare")
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=30) == pytest.ExitCode.INTERRUPTED
    told = msgspec.json.decode((tmp_path / "run" / "run.json").read_bytes())
    assert told["end"]
    assert told["exit_code"] == pytest.ExitCode.INTERRUPTED
    assert (tmp_path / "run" / "report.html").exists()

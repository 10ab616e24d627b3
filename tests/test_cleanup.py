"""Nothing is left: no process, port or directory, whoever of us is killed and however a run ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.sample_builds import QUICK, real_build, script_build
from topologies import owner
from topologies.homes.process import ProcessHome
from topologies.node import NodeSpec
from topologies.owner import Owner
from topologies.wait import wait_until

pytestmark = pytest.mark.engines
ROOT = Path(__file__).resolve().parents[1]
GONE_WITHIN_S = 30.0  # a worker of xdist needs some seconds to see that its controller is gone


class Left(NamedTuple):
    """What a run has made and is to be gone after it."""

    servers: list[int]
    ports: list[tuple[str, int]]
    directory: str
    watchdog: int

    def still_there(self) -> list[object]:
        running = [pid for pid in (*self.servers, self.watchdog) if owner.started(pid) is not None]
        listening = [where for where in self.ports if answers(where)]
        return [*running, *listening, *([self.directory] if Path(self.directory).exists() else [])]

    def is_gone(self) -> None:
        wait_until(
            self.still_there, timeout_s=GONE_WITHIN_S, expect="nothing left", until=lambda left: left == []
        )


def answers(where: tuple[str, int]) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(where) == 0


RUN = f"""
import os, sys; sys.path.insert(0, {str(ROOT)!r})
import msgspec
from topologies.fetch import obtain
from topologies.homes.process import ProcessHome
from topologies.node import NodeSpec

def report(home, nodes):
    left = [[n.pid for n in nodes], [[n.host, n.port] for n in nodes], str(home.root), home.leash.pid]
    return msgspec.json.encode(left).decode()

def start(home):
    build, = obtain([{QUICK!r}], progress=False)
    return [home.start(NodeSpec(name=f"n{{i}}", build=build)) for i in range(2)]
"""
SCRIPT = f"""{RUN}
home = ProcessHome()
try:
    print(report(home, start(home)), flush=True)
    if sys.stdin.readline() == "fail\\n":
        raise ZeroDivisionError
finally:
    home.close()
"""


class Run:
    """A process of its own with a home and two nodes in it."""

    def __init__(self) -> None:
        real_build(QUICK)  # fetched, or skipped
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.left = msgspec.json.decode(line, type=Left)
        assert len(self.left.still_there()) == 6

    def end(self, last_line: str = "") -> int:
        self.process.communicate(last_line, timeout=30)
        return self.process.returncode


def test_nothing_is_left_after_success() -> None:
    run = Run()
    assert run.end() == 0
    assert run.left.still_there() == []


def test_nothing_is_left_after_a_failure() -> None:
    run = Run()
    assert run.end("fail\n") == 1
    assert run.left.still_there() == []


def test_nothing_is_left_after_ctrl_c() -> None:
    run = Run()
    run.process.send_signal(signal.SIGINT)
    assert run.end() in (130, -signal.SIGINT)
    assert run.left.still_there() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_run_is_killed(number: signal.Signals) -> None:
    run = Run()
    run.process.send_signal(number)
    assert run.end() == -number
    run.left.is_gone()


def test_nothing_is_left_when_the_watchdog_is_killed_and_the_run_goes_on() -> None:
    run = Run()
    os.kill(run.left.watchdog, signal.SIGKILL)
    wait_until(
        lambda: [pid for pid in run.left.servers if owner.started(pid) is not None],
        timeout_s=GONE_WITHIN_S,
        expect="the kernel to end the servers",
        until=lambda running: running == [],
    )
    assert run.end() == 0
    assert run.left.still_there() == []


def test_nothing_is_left_by_the_next_run_when_both_are_killed() -> None:
    run = Run()
    os.kill(run.left.watchdog, signal.SIGSTOP)  # it must not get to its work
    run.process.kill()
    os.kill(run.left.watchdog, signal.SIGKILL)
    run.end()
    ProcessHome().close()
    run.left.is_gone()


def test_the_directories_of_the_living_are_left_alone() -> None:
    run = Run()
    ProcessHome().close()
    assert Path(run.left.directory).is_dir()
    run.end()


def test_a_home_whose_watchdog_was_killed_goes_on_with_another() -> None:
    build = real_build(QUICK)
    home = ProcessHome()
    node = home.start(NodeSpec(name="one", build=build))
    first = home.leash.pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not node.alive(), timeout_s=GONE_WITHIN_S, expect="the node to be seen dead")
    node.restart()
    assert node.alive()
    left = Left([node.pid or 0], [(node.host, node.port)], str(home.root), home.leash.pid)
    assert left.watchdog != first
    home.close()
    assert left.still_there() == []


def test_what_a_wrapper_script_started_is_killed_with_the_run(tmp_path: Path) -> None:
    server = real_build(QUICK).argv[0]
    build = script_build(tmp_path, f'{server} "$@"\necho ended')
    home = ProcessHome()
    node = home.start(NodeSpec(name="one", build=build))
    os.kill(home.leash.pid, signal.SIGKILL)  # now only we can end what the script has started
    home.close()
    wait_until(
        lambda: not answers((node.host, node.port)), timeout_s=GONE_WITHIN_S, expect="the port to be free"
    )


XDIST = f"""{RUN}
import os, signal
from pathlib import Path

def test_the_worker_is_killed(request):
    home = ProcessHome()
    Path("left.json").write_text(report(home, start(home)))
    os.kill(os.getpid(), signal.SIGKILL)

def test_another():
    pass
"""


def test_nothing_is_left_by_a_killed_xdist_worker(tmp_path: Path) -> None:
    real_build(QUICK)
    (tmp_path / "test_it.py").write_text(XDIST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "worker 'gw0' crashed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
    msgspec.json.decode((tmp_path / "left.json").read_bytes(), type=Left).is_gone()


PYTEST = f"""{RUN}
import signal, sys
from pathlib import Path
import pytest

@pytest.fixture
def home():
    home = ProcessHome()
    yield home
    home.close()

def test_it_runs_until_interrupted(home):
    left = report(home, start(home))
    Path("left.new").write_text(left)
    Path("left.new").rename("left.json")
    signal.pause()
"""


@pytest.mark.parametrize(("workers", "how"), [(0, signal.SIGINT), (0, signal.SIGKILL), (2, signal.SIGKILL)])
def test_nothing_is_left_by_a_pytest_that_is_ended(tmp_path: Path, workers: int, how: signal.Signals) -> None:
    real_build(QUICK)
    (tmp_path / "test_it.py").write_text(PYTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-n", str(workers), "-p", "no:cacheprovider"]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        wait_until((tmp_path / "left.json").exists, timeout_s=30, expect="the nodes to be up")
        run.send_signal(how)
        assert run.wait(timeout=30) == (2 if how == signal.SIGINT else -how)
    finally:
        run.kill()
        run.wait()
    msgspec.json.decode((tmp_path / "left.json").read_bytes(), type=Left).is_gone()


def test_an_owner_is_known_again_and_known_to_be_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        me = Owner.me()
        started = owner.started(other.pid)
        assert started is not None
        them = Owner(machine=me.machine, boot=me.boot, tree=me.tree, pid=other.pid, started=started)
        assert Owner.parse(str(them)) == them
        assert not them.is_dead()
        other.kill()
        wait_until(them.is_dead, timeout_s=GONE_WITHIN_S, expect="the owner to be dead")
    assert not Owner.me().is_dead()
    assert Owner.parse("something else") is None


def test_neighbouring_process_trees_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = []
    for number in (4026532711, 4026532712):
        monkeypatch.setattr(Path, "readlink", lambda path, number=number: Path(f"pid:[{number}]"))
        trees.append(owner._tree())
    assert trees == ["4026532711", "4026532712"]


@pytest.mark.parametrize(
    ("change", "dead"),
    [
        ({"started": "0"}, True),  # its pid has another process now
        ({"boot": "another"}, True),
        ({"machine": "another", "boot": "another"}, False),  # can't be known from here
        ({"tree": "another", "started": "0"}, False),
    ],
)
def test_a_stranger_is_never_taken_for_the_owner(change: dict[str, str], *, dead: bool) -> None:
    me = Owner.me()
    fields = {"machine": me.machine, "boot": me.boot, "tree": me.tree, "started": me.started} | change
    assert Owner(pid=me.pid, **fields).is_dead() is dead

"""The cell: what is private in it, what passes through its wall, and that nothing in it outlives its
keeper.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sample_builds import OLD, QUICK, WITH_TLS, real_build
from topologies import cell, kernel
from topologies.engine import HomeError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 65534

pytestmark = [
    pytest.mark.cell,
    pytest.mark.skipif(cell.why_not() is not None, reason=f"no cell here: {cell.why_not()}"),
]


def entering(nodes: Path, *command: str, python: str = sys.executable) -> list[str]:
    """The command line of a process that becomes the keeper of a cell with `command` in it."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path; from topologies import cell\n"
        f"cell.enter(sys.argv[1:], env=os.environ, nodes=Path({str(nodes)!r}))"
    )
    return [python, "-c", code, *command]


def run(nodes: Path, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        entering(nodes, *command), input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def run_python(nodes: Path, code: str) -> object:
    """What the code, run inside, prints as JSON."""
    done = run(nodes, sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    return tmp_path / "nodes"


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)])
def test_the_exit_code_comes_out(nodes: Path, script: str, code: int) -> None:
    assert run(nodes, "sh", "-c", script).returncode == code


def test_arguments_input_output_and_directory_pass_through(nodes: Path) -> None:
    code = "import os, sys; print(sys.argv[1:], sys.stdin.read(), os.getcwd()); print('err', file=sys.stderr)"
    arguments = ["a b", "", "'\"$x", "ü"]
    done = run(nodes, sys.executable, "-c", code, *arguments, stdin="from outside")
    assert done.stdout.strip() == f"{arguments} from outside {Path.cwd()}"
    assert done.stderr == "err\n"


def test_a_command_that_is_not_there_is_named(nodes: Path) -> None:
    done = run(nodes, "/no/such/program")
    assert done.returncode == 125
    assert "/no/such/program" in done.stderr or "No such file" in done.stderr


def test_a_place_that_cant_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        HomeError, match=r"file/nodes, where .* can't be made \(Not a directory\): .*REKEY_CACHE"
    ):
        cell.enter(["true"], env={}, nodes=tmp_path / "file" / "nodes")


def test_the_process_tree_is_private(nodes: Path) -> None:
    seen = run_python(
        nodes, "import os; print(__import__('json').dumps(sorted(filter(str.isdigit, os.listdir('/proc')))))"
    )
    assert seen == ["1", "2"]


def test_the_network_is_private_and_all_of_loopback_is_ours(nodes: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        code = f"""
import json, socket
ours = socket.create_server(("127.250.1.9", 6379))
socket.create_connection(("127.250.1.9", 6379), timeout=5).close()
outside = socket.socket().connect_ex(("127.0.0.1", {outside.getsockname()[1]}))
print(json.dumps([[name for _, name in socket.if_nameindex() if name == "lo"], outside != 0]))
"""
        assert run_python(nodes, code) == [["lo"], True]


def test_the_directory_for_nodes_is_private_and_in_memory(nodes: Path) -> None:
    code = """
import json, sys; sys.path.insert(0, ROOT)
from topologies import cell
(cell.directory() / "file").write_text("x")
kind = [line.split()[2] for line in open("/proc/mounts") if line.split()[1] == str(cell.directory())]
print(json.dumps([cell.inside(), str(cell.directory()), kind]))
""".replace("ROOT", repr(str(ROOT)))
    assert run_python(nodes, code) == [True, str(nodes), ["tmpfs"]]
    assert not any(nodes.iterdir())
    assert not cell.inside() or cell.directory() != nodes


def test_what_is_written_elsewhere_stays_and_is_ours(nodes: Path, tmp_path: Path) -> None:
    run(nodes, "touch", str(tmp_path / "record"))
    assert (tmp_path / "record").stat().st_uid == os.getuid()


def test_a_user_without_a_name_keeps_it_inside(nodes: Path) -> None:
    names = {"LOGNAME", "USER", "LNAME", "USERNAME"}
    nameless = {name: value for name, value in os.environ.items() if name not in names}
    command = entering(nodes, "sh", "-c", "echo $LOGNAME")
    done = subprocess.run(command, env=nameless, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in (pwd.getpwuid(os.getuid()).pw_name, str(os.getuid()))


def test_orphans_are_reaped(nodes: Path) -> None:
    code = f"""
import os, sys; sys.path.insert(0, {str(ROOT)!r})
from topologies.wait import wait_until
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os._exit(0)
os.wait()
tree = lambda: sorted(name for name in os.listdir("/proc") if name.isdigit())
wait_until(tree, timeout_s=10, expect="only init and me", until=lambda seen: len(seen) == 2)
print("[]")
"""
    assert run_python(nodes, code) == []


COUNTS_SIGNALS = """
import signal, sys, time
seen = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: seen.append(signal.Signals(number).name))
print("ready", flush=True)
while not seen:
    signal.pause()
signal.setitimer(signal.ITIMER_REAL, 0.3)
signal.signal(signal.SIGALRM, lambda number, frame: (print(seen, flush=True), sys.exit(3)))
while True:
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_keeper_reaches_the_command_once(nodes: Path, number: signal.Signals) -> None:
    command = entering(nodes, sys.executable, "-c", COUNTS_SIGNALS)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "ready\n"
        keeper.send_signal(number)
        assert keeper.stdout.readline() == f"{[number.name]}\n"
    assert keeper.returncode == 3


def test_ctrl_c_at_the_terminal_reaches_the_command_once(nodes: Path) -> None:
    command = entering(nodes, sys.executable, "-c", COUNTS_SIGNALS)
    terminal = f"import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn({command!r})))"
    with subprocess.Popen(
        [sys.executable, "-c", terminal], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        assert session.stdout.readline().strip() == "ready"
        session.stdin.write("\x03")
        session.stdin.flush()
        assert "['SIGINT']" in session.stdout.readline()
        session.stdin.close()
    assert session.returncode == 3


def test_ctrl_c_ends_pytest_inside_as_it_ends_pytest(nodes: Path, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(
        "import pytest, signal\n"
        "@pytest.fixture\ndef thing():\n yield 1\n print('clean end')\n"
        "def test_it(thing):\n print('ready', flush=True); signal.pause()\n"
    )
    command = entering(nodes, sys.executable, "-m", "pytest", "-qs", "-p", "no:cacheprovider", "test_it.py")
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "ready\n"
        keeper.send_signal(signal.SIGINT)
        assert "clean end" in keeper.stdout.read()
    assert keeper.returncode == pytest.ExitCode.INTERRUPTED


SLEEPERS = "sleep 1000 & setsid sleep 1000 & echo ready; wait"


def keeper_itself(keeper: int) -> int:
    return keeper


def maker(keeper: int) -> int:
    return int(Path(f"/proc/{keeper}/task/{keeper}/children").read_text())


def init(keeper: int) -> int:
    return maker(maker(keeper))


@pytest.mark.parametrize("victim", [keeper_itself, maker, init])
def test_kill_9_of_any_part_ends_everything(nodes: Path, victim: Callable[[int], int]) -> None:
    with subprocess.Popen(entering(nodes, "sh", "-c", SLEEPERS), stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "ready\n"
        os.kill(victim(keeper.pid), signal.SIGKILL)
        assert keeper.stdout.read() == ""  # the end of the pipe: nobody who could write to it lives any more


def test_the_end_of_the_command_ends_what_it_left_behind(nodes: Path) -> None:
    done = run(nodes, "sh", "-c", "setsid sleep 1000 & exit 5")
    assert done.returncode == 5  # and run() has read to the end of the pipe that the sleeper held


def test_why_not_says_what_is_wrong_with_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cell.ENV, raising=False)
    monkeypatch.setattr(kernel, "LINUX", False)
    reason = cell.why_not.__wrapped__()
    assert reason == f"cells are made of Linux namespaces, this is {sys.platform}"


@pytest.mark.skipif(os.getuid() != 0, reason="for others than root, all tests show it")
def test_an_ordinary_user_can_enter_and_owns_what_it_writes(tmp_path: Path) -> None:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    setpriv = shutil.which("setpriv")
    if python is None or setpriv is None:
        pytest.skip("needs setpriv and a python3 that everybody may run")
    as_nobody = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    home = Path("/tmp") / f"rekey-test-{os.getpid()}"  # tmp_path is root's alone
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    try:
        command = entering(
            home / "nodes", "sh", "-c", f"id -u; touch {home}/record; cat /proc/net/dev", python=python
        )
        done = subprocess.run([*as_nobody, *command], capture_output=True, text=True, check=False, cwd="/")
        if "ModuleNotFoundError" in done.stderr or "Permission denied" in done.stderr:
            pytest.skip(f"nobody can't read this clone: {done.stderr.splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("0\n")
        assert (home / "record").stat().st_uid == NOBODY
    finally:
        shutil.rmtree(home)


@pytest.mark.engines
@pytest.mark.skipif(cell.inside(), reason="this is the run inside")
def test_the_tests_of_homes_pass_inside(nodes: Path) -> None:
    for spec in (QUICK, OLD, WITH_TLS):
        real_build(spec)  # fetched out here: there is no network inside
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "cell",
        "tests/test_homes.py",
    ]
    done = subprocess.run(entering(nodes, *command), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " skipped" not in done.stdout.splitlines()[-1], done.stdout

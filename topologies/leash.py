"""The owner's end of the watchdog: ask it for servers, and clean up in its place if somebody killed it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from topologies import owner, watchdog
from topologies.engine import HarnessError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOT = Path(__file__).resolve().parents[1]
_KILLED = -9


def isolated(module: str) -> list[str]:
    """The command that runs `module.main()` with the standard library only: it starts in 30 ms, whatever is
    installed.
    """
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from {module} import main; sys.exit(main())"
    return [sys.executable, "-I", "-S", "-c", code]


@dataclass(frozen=True, slots=True)
class Server:
    """A process that the watchdog started."""

    pid: int
    started: str


class Leash:
    """Holds one watchdog, and starts another where the last one was killed. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: set[Server] = set()
        self._promises: list[watchdog.Request] = []
        self._dog = _whistle()

    @property
    def pid(self) -> int:
        return self._dog.pid

    def spawn(self, argv: Sequence[str], *, env: Mapping[str, str], directory: Path, log: Path) -> Server:
        """Start a server in its own session.

        Raises:
            OSError: the program can't be started.

        """
        request: watchdog.Request = {
            "do": "spawn",
            "argv": list(argv),
            "env": dict(env),
            "directory": str(directory),
            "log": str(log),
        }
        with self._lock:
            answer = self._ask(request) or self._ask_another(request)
            if "error" in answer:
                raise OSError(answer["error"])
            server = Server(answer["pid"], answer["started"])
            self._servers.add(server)
        return server

    def status(self, server: Server) -> int | None:
        """None while it runs, else how it ended: an exit code, or minus the signal's number."""
        with self._lock:
            if server not in self._servers:
                return _KILLED
            answer = self._ask({"do": "poll", "pid": server.pid})
            return answer["status"] if answer else _KILLED

    def kill(self, server: Server) -> None:
        """Kill it and its children, and wait until it is gone."""
        with self._lock:
            if server in self._servers and self._ask({"do": "kill", "pid": server.pid}) is not None:
                self._servers.discard(server)

    def promise_removal(self, directory: Path) -> None:
        """Have the directory removed when this process is gone, however it ends."""
        self._promise({"do": "promise", "directory": str(directory)})

    def promise_command(self, argv: Sequence[str]) -> None:
        """Have the command carried out when this process is gone, however it ends."""
        self._promise({"do": "promise", "argv": list(argv)})

    def release(self) -> None:
        """Take back the commands promised: what they are for has been done."""
        with self._lock:
            self._promises = [promise for promise in self._promises if "argv" not in promise]
            self._ask({"do": "release"})

    def close(self) -> None:
        """Let the watchdog do its last work, and wait for it."""
        with self._lock:
            self._dog.communicate()
            self._clean_up()

    def _promise(self, request: watchdog.Request) -> None:
        with self._lock:
            self._promises.append(request)
            if self._ask(request) is None:
                self._replace()

    def _ask(self, request: watchdog.Request) -> watchdog.Answer | None:
        """None if the watchdog is dead; its servers are then killed, too."""
        assert self._dog.stdin is not None
        assert self._dog.stdout is not None
        try:
            self._dog.stdin.write(json.dumps(request).encode() + b"\n")
            self._dog.stdin.flush()
            line = self._dog.stdout.readline()
        except (BrokenPipeError, ValueError):  # ValueError: closed by us
            line = b""
        if line:
            answer: watchdog.Answer = json.loads(line)
            return answer
        self._kill_orphans()
        return None

    def _ask_another(self, request: watchdog.Request) -> watchdog.Answer:
        self._replace()
        answer = self._ask(request)
        if answer is None:
            raise HarnessError(f"the watchdog process died twice, at last while asked to {request['do']!r}")
        return answer

    def _replace(self) -> None:
        self._dog.communicate()
        self._dog = _whistle()
        for promise in self._promises:
            self._ask(promise)

    def _kill_orphans(self) -> None:
        """Without its watchdog a server still lives on macOS, and on Linux what a wrapper script has
        started.
        """
        for server in self._servers:
            if owner.started(server.pid) in (None, server.started):  # else a stranger has got its pid
                watchdog.kill_session(server.pid)
        self._servers.clear()

    def _clean_up(self) -> None:
        """What the watchdog did, or would have done if nobody had killed it."""
        self._kill_orphans()
        for promise in self._promises:
            if "directory" in promise:
                shutil.rmtree(promise["directory"], ignore_errors=True)
        self._promises.clear()


def _whistle() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        isolated("topologies.watchdog"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )

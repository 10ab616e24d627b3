"""The process that starts servers and outlives whoever asked for them, by just long enough to end them.

Requests come in as JSON lines on standard input, one answer each. When the input closes, because its owner
is done or was killed, it kills every server with all of its children, removes their directories, carries
out what it was left to do, and ends. If it is itself killed, the kernel kills the servers on Linux (a
parent-death signal, which belongs to a *thread*: so this process, which has only one, is the one that
starts them), and the `Leash` in the owner removes what is left.

Only the standard library is imported, and little of it: it has to be there before the first server.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

from topologies import kernel, owner

_LOOK_S = 1.0  # how often to see whether the owner lives, in case a fork of it still holds the pipe


class Request(TypedDict):
    """`do` is "spawn" (argv, env, directory, log), "poll" or "kill" (pid), "promise" (directory or argv), or
    "release" (forget the commands promised).
    """

    do: str
    argv: NotRequired[list[str]]
    env: NotRequired[dict[str, str]]
    directory: NotRequired[str]
    log: NotRequired[str]
    pid: NotRequired[int]


class Answer(TypedDict):
    """`pid` and `started` of what was spawned, `status` of what was polled (None: it runs), or `error`."""

    pid: NotRequired[int]
    started: NotRequired[str]
    status: NotRequired[int | None]
    error: NotRequired[str]


@dataclass(slots=True)
class _Charge:
    """What has to be gone when the owner is."""

    servers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    directories: set[Path] = field(default_factory=set)
    commands: list[list[str]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        match request["do"]:
            case "spawn":
                return self._spawn(request)
            case "poll":
                return {"status": self.servers[request["pid"]].poll()}
            case "kill":
                return {"status": _kill(self.servers[request["pid"]])}
            case "promise":
                return self._promise(request)
            case "release":
                self.commands.clear()
                return {}
            case other:
                return {"error": f"unknown request {other!r}"}

    def _spawn(self, request: Request) -> Answer:
        try:
            server = _spawn(request)
        except OSError as error:
            return {"error": str(error)}
        self.servers[server.pid] = server
        return {"pid": server.pid, "started": owner.started(server.pid) or ""}

    def _promise(self, request: Request) -> Answer:
        if "directory" in request:
            self.directories.add(Path(request["directory"]))
        if "argv" in request:
            self.commands.append(request["argv"])
        return {}

    def discharge(self) -> None:
        for server in self.servers.values():
            _kill(server)
        for directory in self.directories:
            shutil.rmtree(directory, ignore_errors=True)
        for argv in self.commands:
            subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _spawn(request: Request) -> subprocess.Popen[bytes]:
    me = os.getpid()

    def die_with_me() -> None:
        kernel.die_with_parent()
        if os.getppid() != me:  # it died before the kernel was told
            os._exit(1)

    with Path(request["log"]).open("ab") as log:
        return subprocess.Popen(
            request["argv"],
            env=request["env"],
            cwd=request["directory"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for pytest; and one killpg reaches all children
            preexec_fn=die_with_me,  # noqa: PLW1509  (this process has one thread)
        )


def _kill(server: subprocess.Popen[bytes]) -> int:
    kill_session(server.pid)
    return server.wait()


def kill_session(pid: int) -> None:
    """Kill a server that leads its own session, with every child that it has there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, or (macOS) only a zombie is left
        os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Serve the owner on standard input until it is gone."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)  # it ends when its owner does, and then it has work to do
    charge = _Charge()
    the_owner = os.getppid()
    while os.getppid() == the_owner:
        if select.select([0], [], [], _LOOK_S)[0] and not _serve_one(charge):
            break
    charge.discharge()


def _serve_one(charge: _Charge) -> bool:
    """Whether the owner was still there. It asks nothing before the last answer: no line waits in the
    buffer.
    """
    line = sys.stdin.buffer.readline()
    if not line:
        return False
    answer = json.dumps(charge.answer(json.loads(line))).encode() + b"\n"
    with contextlib.suppress(BrokenPipeError):  # the next look at the input says that the owner is gone
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    return True

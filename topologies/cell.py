"""The cell: a private network, process tree and mount table that the whole run enters, without root or
Docker.

enter the pytest that the user started becomes ... keeper ... the keeper, outside: it passes signals in and
the exit code out └─ maker made the namespaces, which hold from its first child on; waits └─ init pid 1
inside: mounts, `lo`, reaps; when it ends, the kernel ends everything inside └─ the command, the real pytest

All of them die with their parent (the kernel sees to it), so nothing in a cell outlives `kill -9`. Nothing
outside the cell can be reached over the network from inside, so nothing there can be harmed. This file
knows nothing about servers. Only the standard library is needed.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import pwd
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from topologies import kernel
from topologies.engine import HomeError
from topologies.leash import isolated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ENV = "REKEY_CELL"  # inside a cell: the directory for nodes
_SET_UP_FAILED = 125  # as env, nohup and docker say "I failed, not your command"
_PROBE_TIMEOUT_S = 20.0
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CARRIERS = tuple(range(signal.SIGRTMIN + 1, signal.SIGRTMIN + 4)) if kernel.LINUX else ()
_SI_KERNEL = 0x80  # from <asm-generic/siginfo.h>: the terminal sent it


def inside() -> bool:
    """Whether this process runs in a cell."""
    return ENV in os.environ


def directory() -> Path:
    """Inside: where nodes' directories belong, in memory and seen only here."""
    return Path(os.environ[ENV])


@functools.cache
def why_not() -> str | None:
    """Why no cell can be had on this machine, found by making one (50 ms); None if it can."""
    if inside():
        return None
    if not kernel.LINUX:
        return f"cells are made of Linux namespaces, this is {sys.platform}"
    tried = subprocess.run(
        [*isolated("topologies.cell"), json.dumps([tempfile.gettempdir(), None])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PROBE_TIMEOUT_S,
        check=False,
    )
    return None if tried.returncode == 0 else tried.stderr.strip() or f"it ended with {tried.returncode}"


def enter(command: Sequence[str], *, env: Mapping[str, str], nodes: Path) -> NoReturn:
    """Become the keeper of a cell in which `command` runs; `nodes` is a directory for a private tmpfs.

    To be called by the main thread with the real standard streams in place (not pytest's captured ones):
    they, the terminal and the working directory are the command's. The exit code is the command's, 128 +
    the signal that ended it, or 125 if the cell could not be made. Nothing behind this call is carried out.
    """
    if reason := why_not():
        raise HomeError(f"no cell: {reason}; try --provider process")
    try:
        nodes.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"no cell: {nodes}, where its private directory is mounted, can't be made ({error.strerror}): "
            "make it, set REKEY_CACHE to a folder that can be written, or try --provider process"
        ) from error
    keeper = [*isolated("topologies.cell"), json.dumps([str(nodes), list(command)])]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(keeper[0], keeper, _still_named(env) | {ENV: str(nodes)})  # noqa: S606  (our own interpreter)


def _still_named(env: Mapping[str, str]) -> dict[str, str]:
    """Inside, everybody is user 0. Where no variable says who that is, programs would take root's
    directories.
    """
    if any(name in env for name in ("LOGNAME", "USER", "LNAME", "USERNAME")):  # those that getpass looks at
        return dict(env)
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user of a container, who is only a number
        name = str(os.getuid())
    return dict(env) | {"LOGNAME": name}


def main() -> int:
    """The keeper: make a cell, and see the command through. A command of None only shows that one can be
    made.
    """
    nodes, command = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *_PASSED_ON, *_CARRIERS})
    return _run_below(lambda: _make(nodes, command), dict(zip(_PASSED_ON, _CARRIERS, strict=True)))


def _make(nodes: str, command: list[str] | None) -> int:
    try:
        _unshare()
    except OSError as error:
        return _refuse(error)
    kernel.die_with_parent()  # again: to be root in a user namespace is a change of rights, which clears it
    return _run_below(lambda: _init(nodes, command), dict(zip(_CARRIERS, _CARRIERS, strict=True)))


def _unshare() -> None:
    """Root needs no user namespace; in a container even root may lack the right, and try as everybody."""
    private = kernel.NEW_MOUNTS | kernel.NEW_PIDS | kernel.NEW_NETWORK
    if os.geteuid() == 0:
        with suppress(PermissionError):
            return kernel.unshare(private)
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(private | kernel.NEW_USERS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    return None


def _init(nodes: str, command: list[str] | None) -> int:
    try:
        kernel.keep_mounts_private()
        kernel.mount_proc()
        kernel.mount("tmpfs", nodes, options="mode=0700")
        kernel.raise_loopback()
    except OSError as error:
        return _refuse(error)
    if command is None:
        return 0
    return _run_below(lambda: _execute(command), dict(zip(_CARRIERS, _PASSED_ON, strict=True)))


def _execute(command: list[str]) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored stays so
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execvp(command[0], command)  # noqa: S606  (a shell would misread the arguments)
    except OSError as error:
        return _refuse(error)


def _run_below(work: Callable[[], int], passing: Mapping[int, int]) -> int:
    """Do `work` in a child that dies with us, and return how it ended as an exit code."""
    ours, our_life = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(our_life)
        kernel.die_with_parent()
        if select.select([ours], [], [], 0)[0]:  # closed: the parent died before the kernel was told
            os._exit(_SET_UP_FAILED)
        os._exit(work())
    return _attend(child, passing)


def _attend(child: int, passing: Mapping[int, int]) -> int:
    """Reap, and pass signals on to `child` until it ends.

    What the terminal sends (Ctrl-C) reaches every process in the foreground without us: passed on, pytest
    would get it twice and give up its clean ending. So below the keeper signals travel as real-time signals,
    which nobody else sends.
    """
    while True:
        arrived = signal.sigwaitinfo({signal.SIGCHLD, *passing})
        if arrived.si_signo != signal.SIGCHLD:
            if arrived.si_code != _SI_KERNEL:
                os.kill(child, passing[arrived.si_signo])
        elif (code := _reap(child)) is not None:
            return code


def _reap(child: int) -> int | None:
    """Collect whoever has ended; the exit code if it was `child`."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if pid == 0:
            return None


def _refuse(error: OSError) -> int:
    print(f"{error}{_hint(error)}", file=sys.stderr, flush=True)
    return _SET_UP_FAILED


_SWITCHES = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor keeps user namespaces from programs"),
    ("kernel/unprivileged_userns_clone", "0", "the kernel keeps user namespaces from ordinary users"),
    ("user/max_user_namespaces", "0", "the kernel allows no user namespaces"),
)


def _hint(error: OSError) -> str:
    """Who forbids it, as far as the kernel's settings say."""
    for path, value, meaning in _SWITCHES:
        setting = Path("/proc/sys") / path
        if setting.is_file() and setting.read_text().strip() == value:
            return f" ({meaning}: sysctl {path.replace('/', '.')}={value})"
    forbidden = error.errno in (errno.EPERM, errno.EACCES)
    return " (user namespaces are forbidden here; usual in containers)" if forbidden else ""

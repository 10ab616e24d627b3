"""The few Linux calls that Python 3.11 does not have, and who a process is. No idea of servers or cells
here.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

LINUX = sys.platform == "linux"

# From <sched.h>, <sys/mount.h>, <sys/prctl.h>, <linux/if.h>, <linux/sockios.h>.
NEW_MOUNTS, NEW_USERS, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_SIOCSIFFLAGS = 0x8914

_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones. NEW_USERS only works with a single thread."""
    assert _libc is not None
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(kind: str, target: str, *, flags: int = 0, options: str = "") -> None:
    """Mount a file system without a device (`proc`, `tmpfs`) on an existing directory."""
    assert _libc is not None
    result = _libc.mount(
        kind.encode(),
        os.fsencode(target),
        kind.encode(),
        ctypes.c_ulong(flags | _MS_NOSUID | _MS_NODEV),
        options.encode(),
    )
    _checked(result, f"mount {kind} on {target}")


def mount_proc() -> None:
    """A /proc of this process's own process tree."""
    mount("proc", "/proc", flags=_MS_NOEXEC)


def keep_mounts_private() -> None:
    """Mounts made from now on are not seen by the namespace that we came from."""
    assert _libc is not None
    _checked(_libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None), "make / private")


def die_with_parent() -> None:
    """Have the kernel kill this process when the *thread* that started it ends. Does nothing off Linux."""
    if _libc is not None:
        _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL.value, 0, 0, 0), "prctl PR_SET_PDEATHSIG")


def raise_loopback() -> None:
    """Switch `lo` on; a new network namespace has it switched off."""
    request = struct.pack("16sh14x", b"lo", _IFF_UP | _IFF_RUNNING)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)

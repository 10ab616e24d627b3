"""Who a leftover belongs to, and whether that process still lives. Never takes a recycled pid for the
owner.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ENOUGH = 12  # of an identifier of 32 digits, to tell machines and boots apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One process, named so that no other process of any machine, boot or container is taken for it."""

    machine: str
    boot: str
    tree: str  # the pid namespace: pids of another one mean nothing here
    pid: int
    started: str

    @classmethod
    def me(cls) -> Owner:
        return cls(
            machine=_machine(),
            boot=_boot(),
            tree=_tree(),
            pid=os.getpid(),
            started=started(os.getpid()) or "",
        )

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """The inverse of str; None for a text that is none."""
        parts = text.split("_")
        if len(parts) != 5 or not parts[3].isdigit():
            return None
        return cls(machine=parts[0], boot=parts[1], tree=parts[2], pid=int(parts[3]), started=parts[4])

    def __str__(self) -> str:
        return "_".join((self.machine, self.boot, self.tree, str(self.pid), self.started))

    def is_dead(self) -> bool:
        """True only if certain: another machine's or container's processes can't be seen from here."""
        if self.machine != _machine():
            return False
        if self.boot != _boot():
            return True
        return self.tree == _tree() and started(self.pid) != self.started


def started(pid: int) -> str | None:
    """When the process started, in the system's own terms; None if it does not live (a zombie does not)."""
    if sys.platform != "linux":
        return _started_by_ps(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def _started_by_ps(pid: int) -> str | None:
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip().replace(" ", "").replace(":", "") or None


def _machine() -> str:
    return _plain(_first_line("/etc/machine-id") or platform.node())


def _boot() -> str:
    return _plain(_first_line("/proc/sys/kernel/random/boot_id"))


def _tree() -> str:
    """All of the number: neighbouring process trees differ in its last digit."""
    try:
        return "".join(filter(str.isdigit, str(Path("/proc/self/ns/pid").readlink())))
    except OSError:
        return ""


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isalnum())[:_ENOUGH]

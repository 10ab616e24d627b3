"""Cases below the commands: what an engine gets on a connection of its own, byte for byte.

They are made of small lists, all of them in every run: no seed decides what is looked at. Each is a program whose
lines are written one by one; what comes back, and whether the connection lives, is the driver's to see.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from generators.wire import clients, inline, pipelines, requests, strangers

if TYPE_CHECKING:
    from generators.raw import Lines


@cache
def cases() -> dict[str, tuple[Lines, ...]]:
    """The cases by the group that they are run in, each group's plainest first."""
    made = {
        "wire-inline": inline.cases(),
        "wire-requests": requests.cases(),
        "wire-pipelines": pipelines.cases(),
        "wire-clients": clients.cases(),
        "wire-strangers": strangers.cases(),
    }
    return {group: tuple(dict.fromkeys(each)) for group, each in made.items()}

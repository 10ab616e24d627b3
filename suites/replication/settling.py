"""Waits until a replica is level, or has shown that it will not be: dead, or syncing again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suites.replication.outcome import Kind
from topologies.comparison import compare
from topologies.replicated import warnings_of
from topologies.snapshot import snapshot
from topologies.wait import NotInTime, wait_until

if TYPE_CHECKING:
    from topologies.comparison import Comparison
    from topologies.replicated import Replicated

SETTLE_S = 20.0  # a busy machine; a replica that can't sync shows it much sooner
LOOPS = 3  # full syncs that were begun without one that ended well
_LOUD = (
    "can't",
    "cannot",
    "fail",
    "error",
    "wrong",
    "critical",
    "unknown",
    "abort",
    "refus",
    "not compatible",
)
_USUAL = (
    "memory overcommit",
    "cjson library",
    "non critical",
    "error condition on socket",
    "failover request",
)
_WORDS = 6  # lines that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How waiting for a replica ended; None: it is level."""

    kind: Kind | None
    words: tuple[str, ...] = ()
    detail: str = ""


def settle(deployment: Replicated, seat: int, timeout_s: float = SETTLE_S) -> Settled:
    """Wait for one replica."""
    upstream = deployment.follows[seat]
    assert upstream is not None
    begun = syncs(deployment, upstream)

    def look() -> str:
        for each in (seat, upstream):
            if not deployment.nodes[each].alive():
                return f"{deployment.nodes[each].spec.name} ended"
        try:
            if deployment.standing(seat).level:
                return "level"
            again = syncs(deployment, upstream) - begun
        except OSError:  # one of them is ending: the next look sees which
            return "not yet"
        return f"{again} full syncs" if again >= LOOPS else "not yet"

    try:
        seen = wait_until(
            look, timeout_s=timeout_s, expect="the replica to be level", until=lambda it: it != "not yet"
        )
    except NotInTime:
        seen = f"not level after {timeout_s:.0f} s"
    if seen == "level":
        return Settled(kind=None)
    kind = Kind.CRASH if seen.endswith("ended") else Kind.HANG
    return Settled(kind=kind, words=words_of(deployment, seat, upstream), detail=seen)


def syncs(deployment: Replicated, seat: int) -> int:
    """How many full syncs this primary has begun."""
    return int(deployment.info(seat, "stats").get("sync_full", 0))


def partial_syncs(deployment: Replicated, seat: int) -> int:
    """How many of its replicas went on where they were."""
    return int(deployment.info(seat, "stats").get("sync_partial_ok", 0))


def words_of(deployment: Replicated, *seats: int) -> tuple[str, ...]:
    """The last lines of the logs that say that something is wrong, each once."""
    found: dict[str, None] = {}
    for seat in seats:
        lines = warnings_of(deployment.nodes[seat].log_tail(200))
        loud = [line for line in lines if _is_loud(line.lower())]
        found.update(dict.fromkeys(loud[-_WORDS:]))
    return tuple(found)[:_WORDS]


def _is_loud(line: str) -> bool:
    return any(word in line for word in _LOUD) and not any(word in line for word in _USUAL)


def difference(deployment: Replicated, primary: int, replica: int) -> Comparison:
    """What the replica has of what the primary has; looked at again where it is not all, for time goes on."""
    for _ in range(2):
        found = compare(snapshot(deployment.nodes[primary]), snapshot(deployment.nodes[replica]))
        if found.whole:
            return found
    return found
